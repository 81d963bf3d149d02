"""The figures of a strip: each with its value in the window before and a small series."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from pipeline.cache import Readable, cached
from pipeline.ranking import bar_params, bar_sql
from pipeline.state import View
from pipeline.where import KEYS, Clause, naive, where
from pipeline.window import Window, window

OVERVIEW = ("queries", "hosts", "domains", "new_domains", "nxdomain", "no_response", "rtt_ms")
HOST = ("queries", "domains", "names", "new_domains", "nxdomain", "no_response", "rtt_ms")
DOMAIN = ("queries", "hosts", "names", "resolvers", "nxdomain", "no_response", "rtt_ms")
DISTINCT = {
    "hosts": "id_orig_h",
    "domains": "registered_domain",
    "names": "query",
    "resolvers": "id_resp_h",
}
RATIOS = {
    "nxdomain": ("failed", "queries", 100),
    "no_response": ("unanswered", "queries", 100),
    "rtt_ms": ("rtt_sum", "rtt_count", 1000),
}
"""Figures that are a sum over a sum, times a number."""
SUMS = """sum(count)::BIGINT AS queries,
 coalesce(sum(count) FILTER (rcode_name = 'NXDOMAIN'), 0)::BIGINT AS failed,
 coalesce(sum(count) FILTER (rcode_name IS NULL), 0)::BIGINT AS unanswered,
 sum(rtt_sum) AS rtt_sum, sum(rtt_count)::BIGINT AS rtt_count"""


@dataclass(frozen=True)
class Figure:
    """One figure: shares in percent, rtt_ms the mean in ms, all others counts.

    `value` is of the whole window. `now` is of its complete part and `before` of the window
    before: these two are compared. None: nothing to tell. `series` has one value a complete bar.
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
    """The strip: figures by name in order, queries a second in the complete part of the window,
    from the oldest bucket that is kept on."""

    figures: dict[str, Figure]
    per_second: float | None
    per_second_before: float | None


@cached
def summary(table: Readable, view: View, wanted: tuple[str, ...] = OVERVIEW) -> Summary:
    """The figures named, over the view's window; before the first record none is known."""
    span = window(table, view)
    if span.newest is None:
        return Summary({name: Figure(name, None, None, None, ()) for name in wanted}, None, None)
    start = span.previous[0] if span.previous else span.start
    clause = where(view, start, span.end)
    bars = _bars(table, view, clause, span, "new_domains" in wanted)
    figures = {
        name: _distinct(table, clause, span, name)
        if name in DISTINCT
        else _summed(bars, span, name)
        for name in wanted
    }
    queries = _summed(bars, span, "queries")
    before = (span.start - start).total_seconds()
    return Summary(
        figures,
        queries.now / kept if queries.now is not None and (kept := span.seconds_kept) else None,
        queries.before / before if queries.before is not None else None,
    )


def _bars(table: Readable, view: View, clause: Clause, span: Window, new: bool) -> pd.DataFrame:
    """The sums of every bar, and where asked the domains first seen in it; bars are the index."""
    params = {**clause.params, **bar_params(span)}
    sql = f"SELECT {bar_sql(span)} AS bar, {SUMS} FROM dns_counts WHERE {clause.sql} GROUP BY bar"
    bars: pd.DataFrame = table.read(sql, params).to_pandas().set_index("bar")
    if new:
        seen = where(view, None, span.end)
        sql = f"""SELECT {bar_sql(span)} AS bar, count(*) AS new_domains FROM (
          SELECT min(bucket) AS bucket FROM dns_counts
          WHERE {seen.sql} AND registered_domain IS NOT NULL GROUP BY registered_domain)
          WHERE bucket >= $start GROUP BY bar"""
        params = {**seen.params, **bar_params(span), "start": clause.params["start"]}
        bars = bars.join(table.read(sql, params).to_pandas().set_index("bar"))
    whole = range(min([0, *bars.index]), span.bars)
    return bars.reindex(whole).fillna(0.0)


def _summed(bars: pd.DataFrame, span: Window, name: str) -> Figure:
    """A figure that adds up over bars, or is a ratio of two that do."""
    above, below, times = RATIOS.get(name, (name, None, 1))

    def value(some: pd.DataFrame) -> float | None:
        number = float(some[above].sum())
        if below is None:
            return number
        total = float(some[below].sum())
        return times * number / total if total else None

    filled = span.filled
    tops = bars.loc[0:, above].to_numpy(float)
    parts = bars.loc[0:, below].to_numpy(float) if below else np.ones_like(tops)
    series = times * np.divide(tops, parts, out=np.zeros_like(tops), where=parts > 0)
    return Figure(
        name,
        value(bars.loc[0:]),
        value(bars.loc[0 : filled - 1]) if filled else None,
        value(bars.loc[:-1]) if span.previous else None,
        tuple(series[: span.drawn].tolist()),
    )


def _distinct(table: Readable, clause: Clause, span: Window, name: str) -> Figure:
    """How many there were: in the window, its complete part, the one before, and each bar."""
    # A bit for each bar, 90 at most; the lowest is all before the window.
    sql = f"""
    WITH seen AS MATERIALIZED (
      SELECT bit_or(1::HUGEINT << greatest({bar_sql(span)} + 1, 0)) AS bars FROM dns_counts
      WHERE {clause.sql} AND {DISTINCT[name]} IS NOT NULL GROUP BY {DISTINCT[name]})
    SELECT 'whole' AS stretch, 0 AS bar, count(*) FILTER (bars > 1) AS number FROM seen
    UNION ALL SELECT 'now', 0, count(*) FILTER ((bars >> 1) % (1::HUGEINT << $filled) > 0) FROM seen
    UNION ALL SELECT 'before', 0, count(*) FILTER (bars % 2 = 1) FROM seen
    UNION ALL SELECT 'bar', bar, count(*) FILTER ((bars >> (bar + 1)) % 2 = 1)
      FROM seen, range($drawn) drawn(bar) GROUP BY bar"""
    params = {**clause.params, **bar_params(span), "filled": span.filled, "drawn": span.drawn}
    rows = table.read(sql, params).to_pylist()
    found = {(row["stretch"], row["bar"]): float(row["number"]) for row in rows}
    return Figure(
        name,
        found["whole", 0],
        found["now", 0] if span.filled else None,
        found["before", 0] if span.previous else None,
        tuple(found.get(("bar", bar), 0.0) for bar in range(span.drawn)),
    )


@cached
def beside(table: Readable, view: View) -> dict[str, float | None]:
    """What one host is held against: the median host's counts, shares of all."""
    span = window(table, view)
    clause = where(view, span.start, span.end)
    bars = _bars(table, view, clause, replace(span, previous=None), new=False)
    shares = {name: _summed(bars, span, name).value for name in RATIOS}
    return _medians(table, where(view, None, span.end), span) | shares


def _medians(table: Readable, seen: Clause, span: Window) -> dict[str, float | None]:
    """Of the hosts that asked in the window: what is new is told of all that was seen of each."""
    sql = f"""
    WITH seen AS NOT MATERIALIZED (
      SELECT * FROM dns_counts WHERE {seen.sql} AND id_orig_h IS NOT NULL),
    domains AS (
      SELECT id_orig_h, registered_domain, min(bucket) >= $start AS fresh,
        sum(count) FILTER (bucket >= $start) AS queries FROM seen GROUP BY ALL),
    names AS (SELECT id_orig_h, count(DISTINCT query) AS names FROM seen
      WHERE bucket >= $start GROUP BY id_orig_h),
    hosts AS (
      SELECT id_orig_h, sum(queries) AS queries, count(registered_domain) AS domains,
        count(registered_domain) FILTER (fresh) AS new_domains
      FROM domains WHERE queries > 0 GROUP BY id_orig_h)
    SELECT median(queries) AS queries, median(domains) AS domains, median(names) AS names,
      median(new_domains) AS new_domains FROM hosts JOIN names USING (id_orig_h)"""
    rows = table.read(sql, {**seen.params, "start": naive(span.start)}).to_pylist()
    medians: dict[str, float | None] = rows[0]
    return medians


@cached
def host_summary(table: Readable, view: View, host: str) -> Summary:
    """One host's figures, each beside the median host's, or the share of all hosts."""
    own = summary(table, view.only("host", host), HOST)
    others = beside(table, view.without("host"))
    figures = {
        name: replace(figure, beside=others.get(name)) for name, figure in own.figures.items()
    }
    return replace(own, figures=figures)


@dataclass(frozen=True)
class Place:
    """Where one value stands among its like, by queries; `rank` is 0 where it is not at all."""

    rank: int
    of: int
    queries: int
    first: datetime | None = None
    last: datetime | None = None
    rtt_ms: float | None = None
    """The mean, of the records that have one."""


@cached
def place(table: Readable, view: View, field: str, value: str) -> Place:
    """The rank of one host, domain, …, in the view without a filter on that field."""
    span = window(table, view)
    clause = where(view.without(field), span.start, span.end)
    sql = f"""
    WITH groups AS (SELECT {KEYS[field]} AS key, sum(count)::BIGINT AS queries,
        min(first_ts) AS first, max(last_ts) AS last,
        1000 * sum(rtt_sum) / nullif(sum(rtt_count), 0) AS rtt_ms FROM dns_counts
        WHERE {clause.sql} GROUP BY ALL),
    ranked AS (SELECT *, rank() OVER (ORDER BY queries DESC) AS rank, count(*) OVER () AS of
        FROM groups WHERE key IS NOT NULL)
    SELECT * FROM ranked WHERE key = $value"""
    rows = table.read(sql, {**clause.params, "value": value}).to_pylist()
    if not rows:
        return Place(0, 0, 0)
    [row] = rows
    first, last = (row[name].replace(tzinfo=UTC) for name in ("first", "last"))
    return Place(row["rank"], row["of"], row["queries"], first, last, row["rtt_ms"])
