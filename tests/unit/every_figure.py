"""Every figure of a strip and every change of a view, held against SQL over the records."""

import math
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from pipeline.cache import Readable
from pipeline.changes import LEAST, changes
from pipeline.figures import DOMAIN, HOST, OVERVIEW, Figure, host_summary, place, summary
from pipeline.state import View
from pipeline.window import Window, window
from tests.unit.dns_rows import T0
from tests.unit.every import equal, same
from tests.unit.logged import SECOND
from tests.unit.raw import KEYS, MEASURES, Raw, micros

EVERY = tuple(dict.fromkeys(OVERVIEW + HOST + DOMAIN))
RATIOS = ("nxdomain", "no_response", "rtt_ms")
FEWEST = {
    ("host", "queries"): "1",
    ("host", "NXDOMAIN"): "response IS 'NXDOMAIN'",
    ("host", "no response"): "response IS NULL",
    ("domain", "queries"): "1",
    ("domain", "names"): "name IS NOT NULL",
    ("type", "queries"): "1",
    ("response", "queries"): "1",
    ("resolver", "queries"): "1",
}
Stretch = tuple[datetime, datetime]


def stretches(span: Window) -> dict[str, Stretch | None]:
    """Of which each number of a figure is."""
    is_filled = span.filling > span.start
    now = (span.start, span.filling) if is_filled else None
    return {"value": (span.start, span.end), "now": now, "before": span.previous}


def number(raw: Raw, view: View, span: Window, name: str, stretch: Stretch | None) -> float | None:
    """One figure of a stretch."""
    if stretch is None:
        return None
    if name != "new_domains":
        found = raw.one(f"SELECT {MEASURES[name]} FROM {raw.among(view, *stretch)}")
        return None if found is None else float(found)
    start, end = map(micros, stretch)
    seen = f"SELECT min(at) AS at FROM {raw.among(view, None, span.end)} GROUP BY domain"
    return float(raw.one(f"SELECT count(*) FROM ({seen}) WHERE at >= {start} AND at < {end}"))


def series(raw: Raw, view: View, span: Window, name: str) -> list[float]:
    """One number a bar, 0 where there is nothing."""
    start, width = micros(span.start), span.bar * SECOND
    among, measure = raw.among(view, span.start, span.end), MEASURES.get(name)
    if name == "new_domains":
        seen = f"SELECT min(at) AS at FROM {raw.among(view, None, span.end)} GROUP BY domain"
        among, measure = f"({seen}) WHERE at >= {start}", "count(*)"
    rows = raw.ask(
        f"SELECT (at - {start}) / {width} AS bar, {measure} AS n FROM {among} GROUP BY 1"
    )
    found = {row["bar"]: float(row["n"] or 0) for row in rows}
    return [found.get(bar, 0.0) for bar in range(span.drawn)]


def is_figure(raw: Raw, view: View, span: Window, figure: Figure) -> None:
    """Its three numbers, its series, and how it changed."""
    due = {
        part: number(raw, view, span, figure.name, stretch)
        for part, stretch in stretches(span).items()
    }
    for part, expected in due.items():
        assert equal(getattr(figure, part), expected), f"{figure.name} {part}: {figure}, {expected}"
    assert equal(list(figure.series), series(raw, view, span, figure.name)), figure.name
    now, before = due["now"], due["before"]
    assert equal(figure.change, None if now is None or before is None else now - before)


def check_strip(table: Readable, raw: Raw, view: View) -> None:
    """The strip of a page, with all figures there are."""
    span, found = window(table, view), summary(table, view, EVERY)
    assert tuple(found.figures) == EVERY
    for figure in found.figures.values():
        is_figure(raw, view, span, figure)
    for stretch, rate in (
        (stretches(span)["now"], found.per_second),
        (span.previous, found.per_second_before),
    ):
        queries = number(raw, view, span, "queries", stretch)
        began = max(stretch[0], span.oldest) if stretch and span.oldest else None
        seconds = (stretch[1] - began).total_seconds() if stretch and began else 0.0
        assert equal(rate, None if queries is None or seconds <= 0 else queries / seconds)


def check_host_strip(table: Readable, raw: Raw, view: View, host: str) -> None:
    """One host's figures, each beside the median host's or the share of all; and its rank."""
    span, found = window(table, view), host_summary(table, view, host)
    everyone = view.without("host")
    among = raw.among(everyone, span.start, span.end)
    new = f"""SELECT host, domain FROM {raw.among(everyone, None, span.end)} GROUP BY 1, 2
      HAVING min(at) >= {micros(span.start)}"""
    hosts = raw.ask(
        f"""SELECT count(*) AS queries, count(DISTINCT domain) AS domains,
        count(DISTINCT name) AS names,
        (SELECT count(*) FROM ({new}) AS new WHERE new.host IS asked.host) AS new_domains
        FROM {among} AS asked GROUP BY host"""
    )
    assert tuple(found.figures) == HOST
    for name, figure in found.figures.items():
        is_figure(raw, view.only("host", host), span, figure)
        beside = median(row[name] for row in hosts) if hosts and name in hosts[0] else None
        if name in RATIOS:
            beside = number(raw, everyone, span, name, (span.start, span.end))
        assert equal(figure.beside, None if beside is None else float(beside)), name


def check_place(table: Readable, raw: Raw, view: View, field: str, value: str) -> None:
    """Where a value stands among its like."""
    span = window(table, view)
    among = raw.among(view.without(field), span.start, span.end)
    rows = raw.ask(
        f"""SELECT {KEYS[field]} AS key, count(*) AS queries, min(at) AS first, max(at) AS last,
        1000 * avg(rtt) AS rtt_ms, rank() OVER (ORDER BY count(*) DESC) AS rank,
        count(*) OVER () AS "of" FROM {among} GROUP BY 1"""
    )
    nothing = {"rank": 0, "of": 0, "queries": 0, "first": None, "last": None, "rtt_ms": None}
    due = next((row for row in rows if row.pop("key") == value), nothing)
    found = vars(place(table, view, field, value))
    for name, cell in due.items():
        seen = found[name]
        assert equal(micros(seen) if isinstance(seen, datetime) else seen, cell), name


def compared(raw: Raw, view: View, span: Window, wide: int) -> tuple[Stretch, Stretch] | None:
    """The time that is compared, and with which; of a day before, `wide` seconds is a bucket."""
    whole = span.start, span.filling
    if view.vs == "before" or span.filling <= span.start:
        return (whole, span.previous) if span.previous and span.filling > span.start else None
    if view.vs != "day":
        return whole, whole
    day, step = timedelta(days=1), timedelta(seconds=wide)
    start, end = -((T0 - span.start) // step) * step + T0, (span.filling - T0) // step * step + T0
    seen = f"batch <= {view.at}" if view.at is not None else "1"
    oldest = raw.one(f"SELECT min(at) FROM records WHERE {seen}") // (10 * SECOND) * 10 * SECOND
    is_kept = micros(start - day) >= oldest and start < end
    return ((start, end), (start - day, end - day)) if is_kept else None


def g2(now: int, before: int, all_now: int, all_before: int) -> float:
    """Dunning's, signed, as sums of k ln k."""

    def h(*counts: int) -> float:
        return sum(k * math.log(k / sum(counts)) for k in counts if k)

    rest = (all_now - now, all_before - before)
    by_side = h(now, before, *rest) - h(now + before, sum(rest)) - h(all_now, all_before)
    return math.copysign(2 * by_side, now * all_before - before * all_now)


def due_changes(raw: Raw, view: View, span: Window, wide: int = 10) -> list[dict[str, Any]] | None:
    """All that changed more than by chance; None where there is nothing to compare with."""
    times = compared(raw, view, span, wide)
    if times is None:
        return None
    other = view.only("host", view.vs.removeprefix("host:")) if "host:" in view.vs else view
    sides = raw.among(view, *times[0]), raw.among(other, *times[1])
    found = []
    for (kind, measure), counted in FEWEST.items():
        if kind == "host" and "host:" in view.vs:
            continue
        what = "count(DISTINCT name)" if measure == "names" else "count(*)"
        now, before = (_counts(raw, side, kind, what, counted) for side in sides)
        totals = [raw.one(f"SELECT {what} FROM {side}") for side in sides]
        for value in now.keys() | before.keys():
            pair = now.get(value, 0), before.get(value, 0)
            row = {"kind": kind, "value": value, "measure": measure, "unsure": False}
            found.append(row | {"now": pair[0], "before": pair[1], "g2": g2(*pair, *totals)})
    return [row for row in found if abs(row["g2"]) >= LEAST]


def _counts(raw: Raw, side: str, kind: str, what: str, counted: str) -> dict[str, int]:
    rows = raw.ask(
        f"SELECT {KEYS[kind]} AS key, {what} AS n FROM {side} WHERE {counted} GROUP BY 1"
    )
    return {row["key"]: row["n"] for row in rows}


def check_changes(table: Readable, raw: Raw, view: View, wide: int = 10) -> None:
    """All of what changed, none missing, the most surprising first."""
    span = window(table, view)
    found, times = changes(table, view, 10_000, view.vs), compared(raw, view, span, wide)
    assert found.during == (times and times[1])
    due = due_changes(raw, view, span, wide)
    if due is None:
        assert found.why
        return
    same(found.rows, due, "kind", "value", "measure")
    assert found.of == len(due)
    assert found.rows["g2"].abs().is_monotonic_decreasing
