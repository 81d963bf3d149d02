"""The figures of a strip: each with its value in the window before and a small series."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from pipeline.cache import Readable, cached
from pipeline.ranking import bar_params, bar_sql
from pipeline.state import View
from pipeline.where import KEYS, Clause, naive, where
from pipeline.window import Window, window

OVERVIEW = ("queries", "hosts", "domains", "new_domains", "nxdomain", "no_response", "rtt_ms")
HOST = ("queries", "domains", "names", "new_domains", "nxdomain", "no_response", "rtt_ms")
DOMAIN = ("queries", "hosts", "names", "resolvers", "nxdomain", "no_response", "rtt_ms")
SUMS = """sum(count)::BIGINT AS queries,
 100 * coalesce(sum(count) FILTER (rcode_name = 'NXDOMAIN'), 0) / sum(count) AS nxdomain,
 100 * coalesce(sum(count) FILTER (rcode_name IS NULL), 0) / sum(count) AS no_response,
 1000 * sum(rtt_sum) / nullif(sum(rtt_count), 0) AS rtt_ms"""
SUMMED = ("queries", "nxdomain", "no_response", "rtt_ms")
DISTINCT = {
    "hosts": "id_orig_h",
    "domains": "registered_domain",
    "names": "query",
    "resolvers": "id_resp_h",
}
COUNTS = ("queries", "new_domains", *DISTINCT)


@dataclass(frozen=True)
class Figure:
    """One figure: shares in percent, rtt_ms the mean in ms, all others counts.

    `value` is of the whole window. `now` is of its complete part and `before` of the window
    before: these two are compared. None: nothing to tell. `series` has one value a bar.
    `beside` is that of all hosts, where asked: the median host's count, or the share of all.
    """

    name: str
    value: float | None
    now: float | None
    before: float | None
    series: tuple[float, ...]
    beside: float | None = None

    @property
    def change(self) -> float | None:
        """Now less before: percentage points for shares, ms for rtt, else a count."""
        return None if self.now is None or self.before is None else self.now - self.before


@dataclass(frozen=True)
class Summary:
    """The strip: figures by name in order, queries a second in the complete part of the window."""

    figures: dict[str, Figure]
    per_second: float | None
    per_second_before: float | None


@cached
def summary(table: Readable, view: View, wanted: tuple[str, ...] = OVERVIEW) -> Summary:
    """The figures named, over the view's window."""
    span = window(table, view)
    whole = _values(table, view, span.start, span.end, wanted)
    now = _values(table, view, span.start, span.filling, wanted)
    before = _values(table, view, *span.previous, wanted) if span.previous else {}
    series = _series(table, view, span, wanted)
    figures = {
        name: Figure(name, whole.get(name), now.get(name), before.get(name), series[name])
        for name in wanted
    }
    return Summary(
        figures,
        _rate(now.get("queries"), span.start, span.filling),
        _rate(before.get("queries"), *span.previous) if span.previous else None,
    )


def _rate(queries: float | None, start: datetime, end: datetime) -> float | None:
    seconds = (end - start).total_seconds()
    return (queries or 0.0) / seconds if seconds > 0 else None


def _values(
    table: Readable, view: View, start: datetime, end: datetime, wanted: tuple[str, ...]
) -> dict[str, float | None]:
    """Each figure over one stretch."""
    found = _by_stretch(table, view, start, end, wanted, "0", {})
    empty = {name: 0.0 if name in COUNTS else None for name in wanted}
    return {name: found[name].get(0, empty[name]) for name in wanted}


def _series(
    table: Readable, view: View, span: Window, wanted: tuple[str, ...]
) -> dict[str, tuple[float, ...]]:
    """Each figure by bar; 0 where nothing was seen."""
    bars = bar_sql(span)
    found = _by_stretch(table, view, span.start, span.end, wanted, bars, bar_params(span))
    return {
        name: tuple(float(found[name].get(bar) or 0) for bar in range(span.bars)) for name in wanted
    }


def _by_stretch(
    table: Readable,
    view: View,
    start: datetime,
    end: datetime,
    wanted: tuple[str, ...],
    stretch: str,
    params: dict[str, Any],
) -> dict[str, dict[int, float | None]]:
    """Each figure by `stretch`, an SQL expression over `bucket` that gives a whole number."""
    clause = where(view, start, end)
    bound = {**clause.params, **params}
    sums = f"SELECT {stretch} AS stretch, {SUMS} FROM dns_counts WHERE {clause.sql} GROUP BY ALL"
    rows = table.read(sums, bound).to_pylist()
    found = {name: {row["stretch"]: row[name] for row in rows} for name in wanted if name in SUMMED}
    for name in wanted:
        if name in DISTINCT:
            found[name] = _pairs(table, _distinct_sql(DISTINCT[name], clause, stretch), bound)
        elif name == "new_domains":
            seen = where(view, None, end)
            new = {**seen.params, **params, "start": naive(start)}
            found[name] = _pairs(table, _new_sql(seen, stretch), new)
    return found


def _distinct_sql(column: str, clause: Clause, stretch: str) -> str:
    # SELECT DISTINCT is spread over the cores, count(DISTINCT) is not.
    return f"""SELECT stretch, count(value) AS number FROM (
      SELECT DISTINCT {stretch} AS stretch, {column} AS value FROM dns_counts WHERE {clause.sql})
      GROUP BY stretch"""


def _new_sql(seen: Clause, stretch: str) -> str:
    return f"""SELECT {stretch} AS stretch, count(*) AS number FROM (
      SELECT min(bucket) AS bucket FROM dns_counts
      WHERE {seen.sql} AND registered_domain IS NOT NULL GROUP BY registered_domain)
      WHERE bucket >= $start GROUP BY ALL"""


def _pairs(table: Readable, sql: str, params: dict[str, Any]) -> dict[int, float | None]:
    columns = table.read(sql, params).to_pydict()
    return dict(zip(columns["stretch"], columns["number"], strict=True))


@cached
def host_summary(table: Readable, view: View, host: str) -> Summary:
    """One host's figures, each beside the median host's, or the share of all hosts."""
    own = summary(table, view.only("host", host), HOST)
    everyone = view.without("host")
    span = window(table, view)
    all_hosts = _values(
        table, everyone, span.start, span.end, ("nxdomain", "no_response", "rtt_ms")
    )
    clause = where(everyone, span.start, span.end)
    medians = table.read(
        f"""SELECT median(queries) AS queries, median(domains) AS domains, median(names) AS names
        FROM (SELECT sum(count) AS queries, count(DISTINCT registered_domain) AS domains,
          count(DISTINCT query) AS names FROM dns_counts
          WHERE {clause.sql} AND id_orig_h IS NOT NULL GROUP BY id_orig_h)""",
        clause.params,
    ).to_pylist()[0]
    beside = all_hosts | medians
    figures = {
        name: replace(figure, beside=beside.get(name)) for name, figure in own.figures.items()
    }
    return replace(own, figures=figures)


@dataclass(frozen=True)
class Place:
    """Where one value stands among its like, by queries; `rank` is 0 where it is not at all."""

    rank: int
    of: int
    queries: int
    first: datetime | None
    last: datetime | None


@cached
def place(table: Readable, view: View, field: str, value: str) -> Place:
    """The rank of one host, domain, …, in the view without a filter on that field."""
    span = window(table, view)
    clause = where(view.without(field), span.start, span.end)
    sql = f"""
    WITH groups AS (SELECT {KEYS[field]} AS key, sum(count)::BIGINT AS queries,
        min(first_ts) AS first, max(last_ts) AS last FROM dns_counts
        WHERE {clause.sql} GROUP BY ALL),
    ranked AS (SELECT *, rank() OVER (ORDER BY queries DESC) AS rank, count(*) OVER () AS of
        FROM groups WHERE key IS NOT NULL)
    SELECT * FROM ranked WHERE key = $value"""
    rows = table.read(sql, {**clause.params, "value": value}).to_pylist()
    if not rows:
        return Place(0, 0, 0, None, None)
    first, last = (rows[0][name].replace(tzinfo=UTC) for name in ("first", "last"))
    return Place(rows[0]["rank"], rows[0]["of"], rows[0]["queries"], first, last)
