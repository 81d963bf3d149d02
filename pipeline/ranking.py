"""Rows of one kind, ranked by a measure: the query behind every table of a page."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pipeline.cache import Readable
from pipeline.state import MAX_ROWS, View
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


@dataclass(frozen=True)
class Listing:
    """Rows of a ranking and what its caption says of them. Counts are of queries but `of`."""

    rows: pd.DataFrame
    of: int
    """How many rows there are in all."""
    queries: int
    """All queries of the view in this window, those in no row included."""
    folded: int
    """Queries whose row is not known any more: the row budget folded it into "(other)"."""
    thinned: int
    """Queries of which some column was folded: distinct counts may be too low by them."""

    @property
    def share(self) -> float:
        """Percent of all queries that the rows hold."""
        return 100 * float(self.rows["queries"].sum()) / self.queries if self.queries else 0.0

    @property
    def caption(self) -> str:
        """Such as `25 of 312 · 78.2 % of queries, other 21.8 % · exact`."""
        parts = [f"{len(self.rows):,} of {self.of:,}"]
        if self.queries and round(self.share, 1) < 100:
            parts.append(f"{self.share:.1f} % of queries, other {100 - self.share:.1f} %")
        if self.folded:
            parts.append(f"{self.folded:,} queries folded into (other), counts exact")
        elif self.thinned:
            parts.append("counts exact, names at least")
        else:
            parts.append("exact")
        return " · ".join(parts)


def ranking(
    table: Readable,
    view: View,
    by: str,
    measures: tuple[str, ...],
    n: int | None = 25,
    sort: str = "queries",
    series: bool = False,
) -> Listing:
    """Rows by `by` (a key of KEYS), the first `n` by the measure `sort`.

    Columns: `by`, queries, share, the measures, and with `series` per_bar, a list of the counts
    of the window's bars.
    """
    span = window(table, view)
    clause = where(view, span.start, span.end)
    limit = min(n or MAX_ROWS, MAX_ROWS)
    sort = sort if sort in (*measures, by) else "queries"
    rows = time_columns(table.read(_ranking_sql(by, measures, sort, limit, clause), clause.params))
    seen = facts(rows)
    rows = rows.drop(columns=["of", "all_queries", "folded", "thinned"])
    rows.insert(2, "share", 100 * rows["queries"] / max(seen["all_queries"], 1))
    if series:
        rows["per_bar"] = series_of(table, clause, span, by, list(rows[by]))
    return Listing(rows, seen["of"], seen["all_queries"], seen["folded"], seen["thinned"])


def facts(rows: pd.DataFrame) -> dict[str, int]:
    names = ("of", "all_queries", "folded", "thinned")
    return {name: int(rows[name].iloc[0]) if len(rows) else 0 for name in names}


def _ranking_sql(by: str, measures: tuple[str, ...], sort: str, limit: int, clause: Clause) -> str:
    """Ranked by the one measure over all, then the other measures of the first rows only."""
    others = "".join(f", {MEASURES[name]} AS {name}" for name in measures if name != "queries")
    rank = "key" if sort == by else MEASURES[sort]
    order = "ASC" if sort in (by, "first") else "DESC"
    return f"""
    WITH picked AS (SELECT *, {KEYS[by]} AS key FROM dns_counts WHERE {clause.sql}),
    groups AS MATERIALIZED (
      SELECT key, {rank} AS rank, sum(count) AS queries,
        sum(count) FILTER (folded > 0) AS thinned FROM picked GROUP BY key),
    top AS MATERIALIZED (SELECT key, rank, queries FROM groups WHERE key IS NOT NULL
      ORDER BY rank {order} NULLS LAST, queries DESC, key LIMIT {limit}),
    measured AS (SELECT key{others} FROM picked WHERE key IN (SELECT key FROM top) GROUP BY key)
    SELECT key AS "{by}", top.queries::BIGINT AS queries, measured.* EXCLUDE (key),
      (SELECT count(key) FROM groups) AS of,
      (SELECT sum(queries) FROM groups)::BIGINT AS all_queries,
      (SELECT coalesce(sum(queries) FILTER (key IS NULL), 0) FROM groups)::BIGINT AS folded,
      (SELECT coalesce(sum(thinned), 0) FROM groups)::BIGINT AS thinned
    FROM top JOIN measured USING (key)
    ORDER BY top.rank {order} NULLS LAST, top.queries DESC, key"""


def series_of(
    table: Readable, clause: Clause, span: Window, by: str, keys: list[str]
) -> list[list[int]]:
    """For each key the count of each bar of the window."""
    if not keys:
        return []
    found = table.read(
        f"""SELECT {KEYS[by]} AS key, {bar_sql(span)} AS bar, sum(count)::BIGINT AS queries
        FROM dns_counts WHERE {clause.sql} AND {KEYS[by]} IN (SELECT unnest($keys::VARCHAR[]))
        GROUP BY ALL""",
        {**clause.params, "keys": keys, **bar_params(span)},
    ).to_pandas()
    grid = np.zeros((len(keys), span.bars), dtype=np.int64)
    rows = found["key"].map({key: number for number, key in enumerate(keys)}).to_numpy(dtype=int)
    grid[rows, found["bar"].to_numpy(dtype=int)] = found["queries"]
    return [list(map(int, row)) for row in grid]


def bar_sql(span: Window) -> str:
    return f"((epoch_us(bucket) - epoch_us($bar_start)) // {span.bar * 1_000_000})::INTEGER"


def bar_params(span: Window) -> dict[str, Any]:
    return {"bar_start": naive(span.start)}


def time_columns(answer: Any) -> pd.DataFrame:
    """Arrow to pandas, with times aware, UTC."""
    rows: pd.DataFrame = answer.to_pandas()
    for name in rows.columns:
        if pd.api.types.is_datetime64_dtype(rows[name]):
            rows[name] = rows[name].dt.tz_localize("UTC")
    return rows
