"""Rows of one kind, ranked by a measure: the query behind every table of a page."""

from collections.abc import Container
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from pipeline.cache import Readable
from pipeline.state import MAX_ROWS, View, ascends
from pipeline.where import KEYS, Clause, naive, where
from pipeline.window import Window, window

MEASURES = {
    "queries": "sum(count)::BIGINT",
    "hosts": "count(DISTINCT id_orig_h)",
    "domains": "count(DISTINCT registered_domain)",
    "names": "count(DISTINCT query)",
    "resolvers": "count(DISTINCT id_resp_h)",
    "nxdomain": "100 * coalesce(sum(count) FILTER (rcode_name = 'NXDOMAIN'), 0) / sum(count)",
    "no_response": "100 * coalesce(sum(count) FILTER (rcode_name IS NULL), 0) / sum(count)",
    "rtt_ms": "1000 * sum(rtt_sum) / nullif(sum(rtt_count), 0)",
    "first": "min(first_ts)",
    "last": "max(last_ts)",
}
"""Shares in percent, rtt as the mean in ms (null where none was measured)."""
FACTS = ("of", "all_queries", "folded", "thinned")


@dataclass(frozen=True)
class Listing:
    """Rows of a ranking and what its caption says of them. Counts are of queries, but `of`."""

    rows: pd.DataFrame
    of: int
    """How many rows there are in all."""
    queries: int
    """All queries of the view in this window, those in no row included."""
    folded: int
    """Queries whose row is not known any more: the row budget folded it into "(other)"."""
    thinned: int
    """Queries of which some column was folded: distinct counts may be too low by them."""
    sort: str = ""
    """What ranks the rows, as a view's `sort` says it."""
    stacked_by: str | None = None
    """The column of which each value is one row of the ranking, where it has several lines."""

    @property
    def shown(self) -> int:
        """How many rows are shown."""
        return self.rows[self.stacked_by].nunique() if self.stacked_by else len(self.rows)

    @property
    def share(self) -> float:
        """Percent of all queries that the rows hold."""
        return 100 * float(self.rows["queries"].sum()) / self.queries if self.queries else 0.0

    @property
    def caption(self) -> str:
        """Such as `25 of 312 · 78.2 % of queries, other 21.8 % · exact`."""
        parts = [f"{self.shown:,} of {self.of:,}"]
        if round(self.share, 1) < 100 and self.queries:
            parts.append(f"{self.share:.1f} % of queries, other {100 - self.share:.1f} %")
        if self.folded:
            parts.append(f"{self.folded:,} folded into (other), counts exact")
        else:
            parts.append("counts exact, names at least" if self.thinned else "exact")
        return " · ".join(parts)

    @property
    def order(self) -> str:
        """What ranks the rows, where it is not queries: its column may not be shown."""
        if not self.of or self.sort in ("", "queries"):
            return ""
        column = self.sort.removeprefix("-").replace("_", " ")
        return f"by {column} {'ascending' if ascends(self.sort) else 'descending'}"


def sorted_by(sort: str, columns: Container[str], own: str = "queries") -> str:
    """What ranks the rows of a table with these columns: `sort`, else its own order."""
    return sort if sort.removeprefix("-") in columns else own


def order_sql(sort: str, expression: str) -> str:
    """For ORDER BY: what is missing stands last, whichever way; IPv4's addresses by their numbers,
    before all others."""
    way = f"{'ASC' if ascends(sort) else 'DESC'} NULLS LAST"
    if sort.removeprefix("-") not in ("host", "resolver"):
        return f"{expression} {way}"
    return f"TRY_CAST(string_split({expression}, '.') AS UTINYINT[]) {way}, {expression} {way}"


def ranking(
    table: Readable,
    view: View,
    by: str,
    measures: tuple[str, ...],
    n: int | None = 25,
    sort: str = "",
    series: bool = False,
) -> Listing:
    """Rows by `by` (a key of KEYS), the first `n` by `sort`: that key or a measure, else queries.

    Columns: `by`, queries, share, the measures, and with `series` per_bar, a list of the counts
    of the window's complete bars.
    """
    span = window(table, view)
    clause = where(view, span.start, span.end)
    limit = min(n or MAX_ROWS, MAX_ROWS)
    sort = sorted_by(sort, ("queries", *measures, by))
    sql = _ranking_sql(by, measures, sort, limit, clause, span if series else None)
    bound = replace(clause, params=clause.params | (bar_params(span) if series else {}))
    listing = read_listing(table, sql, bound, by, sort)
    listing.rows.insert(2, "share", 100 * listing.rows["queries"] / max(listing.queries, 1))
    return _with_series(listing, span) if series else listing


def _ranking_sql(
    by: str,
    measures: tuple[str, ...],
    sort: str,
    limit: int,
    clause: Clause,
    span: Window | None,
) -> str:
    """Ranked by the one measure over all, then the other measures of the first rows only."""
    others = "".join(f", {MEASURES[name]} AS {name}" for name in measures if name != "queries")
    column = sort.removeprefix("-")
    rank = "key" if column == by else MEASURES[column]
    order = f"{order_sql(sort, 'rank')}, queries DESC, key"
    bar = bar_sql(span) if span else "0"
    series = "JOIN series USING (key)" if span else ""
    # Not materialized: else all columns of all records are copied first.
    return f"""
    WITH picked AS NOT MATERIALIZED (
      SELECT *, {KEYS[by]} AS key FROM dns_counts WHERE {clause.sql}),
    groups AS MATERIALIZED (
      SELECT key, {rank} AS rank, sum(count)::BIGINT AS queries,
        sum(count) FILTER (folded > 0) AS thinned FROM picked GROUP BY key),
    top AS MATERIALIZED (
      SELECT key, rank, queries FROM groups WHERE key IS NOT NULL ORDER BY {order} LIMIT {limit}),
    lines AS MATERIALIZED (
      SELECT *, {bar} AS bar FROM picked WHERE key IN (SELECT key FROM top)),
    measured AS (SELECT key{others} FROM lines GROUP BY key),
    series AS (SELECT key, list(bar) AS bars, list(sum) AS sums FROM (
      SELECT key, bar, sum(count)::BIGINT AS sum FROM lines GROUP BY key, bar) GROUP BY key),
    ranked AS (SELECT * FROM top JOIN measured USING (key) {series})
    SELECT key AS "{by}", queries, ranked.* EXCLUDE (key, rank, queries), {FACTS_SQL}
    FROM (SELECT TRUE) LEFT JOIN ranked ON TRUE ORDER BY {order}"""


FACTS_SQL = """
      (SELECT count(key) FROM groups) AS of,
      (SELECT coalesce(sum(queries), 0) FROM groups)::BIGINT AS all_queries,
      (SELECT coalesce(sum(queries) FILTER (key IS NULL), 0) FROM groups)::BIGINT AS folded,
      (SELECT coalesce(sum(thinned), 0) FROM groups)::BIGINT AS thinned"""
"""The caption's facts, out of `groups` (key, queries, thinned)."""


def read_listing(table: Readable, sql: str, clause: Clause, by: str, sort: str) -> Listing:
    """The answer of a query whose lines carry FACTS; one line without a key when there is none."""
    rows = with_zone(table.read(sql, clause.params).to_pandas())
    of, queries, folded, thinned = (int(rows[name].iloc[0]) for name in FACTS)
    rows = rows.drop(columns=list(FACTS)).dropna(subset=[by]).reset_index(drop=True)
    return Listing(rows.astype({"queries": "int64"}), of, queries, folded, thinned, sort)


def _with_series(listing: Listing, span: Window) -> Listing:
    """The counts of each row's complete bars, 0 where it has none, as one list a row."""
    grid = np.zeros((len(listing.rows), span.bars), dtype=np.int64)
    for row, (places, sums) in enumerate(
        zip(listing.rows["bars"], listing.rows["sums"], strict=True)
    ):
        grid[row, places] = sums
    rows = listing.rows.drop(columns=["bars", "sums"])
    rows["per_bar"] = grid[:, : span.drawn].tolist()
    return replace(listing, rows=rows)


def bar_sql(span: Window) -> str:
    """The number of the bar in which a bucket lies; below 0 before the window."""
    width = span.bar * 1_000_000
    return f"floor((epoch_us(bucket) - epoch_us($bar_start::TIMESTAMP)) / {width})::INTEGER"


def bar_params(span: Window) -> dict[str, Any]:
    """What `bar_sql` needs bound."""
    return {"bar_start": naive(span.start)}


def with_zone(rows: pd.DataFrame) -> pd.DataFrame:
    """Naive UTC times as aware ones."""
    for name in rows.select_dtypes("datetime"):
        rows[name] = rows[name].dt.tz_localize("UTC")
    return rows
