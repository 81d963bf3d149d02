"""What changed against the window before, ranked by the signed log-likelihood ratio G².

Dunning, "Accurate methods for the statistics of surprise and coincidence", Computational
Linguistics 19 (1993): unlike chi-square it holds for the rare events that matter here.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.cache import Readable, cached
from pipeline.state import View
from pipeline.where import KEYS, naive, where
from pipeline.window import window

LEAST = 15.13
"""G² at p = 0.0001, one degree of freedom: less is not shown as a change."""
KINDS = (
    ("host", "queries", "TRUE"),
    ("host", "NXDOMAIN", "rcode_name = 'NXDOMAIN'"),
    ("host", "no response", "rcode_name IS NULL"),
    ("domain", "queries", "TRUE"),
    ("type", "queries", "TRUE"),
    ("response", "queries", "TRUE"),
)
"""What is compared: a kind of row, the measure's name, and the records that it counts."""


@dataclass(frozen=True)
class Changes:
    """`rows`: kind, value, measure, before, now, g2 (below 0: fewer), the most surprising first.

    Both counts are of complete bars. `why` says why nothing is compared; then there are no rows.
    """

    rows: pd.DataFrame
    of: int
    why: str


def log_likelihood(
    now: npt.ArrayLike, before: npt.ArrayLike, all_now: float, all_before: float
) -> npt.NDArray[np.float64]:
    """Signed G² of counts out of totals: positive where the share has grown.

    >>> log_likelihood([10], [10], 100, 100).tolist()
    [0.0]
    """
    a, b = np.asarray(now, dtype=float), np.asarray(before, dtype=float)
    total = all_now + all_before
    share = (a + b) / max(total, 1)
    cells = ((a, all_now, share), (b, all_before, share))
    others = ((all_now - a, all_now, 1 - share), (all_before - b, all_before, 1 - share))
    g2 = sum((_term(seen, size * part) for seen, size, part in cells + others), np.zeros_like(a))
    return np.sign(a * all_before - b * all_now) * np.maximum(2 * g2, 0.0) + 0.0


def _term(seen: npt.NDArray[np.float64], due: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """O ln(O/E), which is 0 where nothing was seen."""
    ratio = np.divide(seen, due, out=np.ones_like(seen), where=(seen > 0) & (due > 0))
    terms: npt.NDArray[np.float64] = seen * np.log(ratio)
    return terms


@cached
def changes(table: Readable, view: View, n: int = 25) -> Changes:
    """What changed most in the view's window, by hosts, domains, types and responses."""
    span = window(table, view)
    if span.previous is None:
        return Changes(_counts_to_rows(pd.DataFrame(), 0, 0), 0, span.why)
    clause = where(view, span.previous[0], span.filling)
    params = {**clause.params, "split": naive(span.start)}
    counts = table.read(_counts_sql(clause.sql), params).to_pandas()
    totals = counts[counts["kind"] == "all"]
    rows = _counts_to_rows(
        counts[counts["kind"] != "all"], int(totals["now"].sum()), int(totals["before"].sum())
    )
    return Changes(rows.head(n), len(rows), "")


def _counts_sql(condition: str) -> str:
    count = "coalesce(sum(count) FILTER (bucket {} $split), 0)::BIGINT"
    both = f"{count.format('<')} AS before, {count.format('>=')} AS now"
    parts = [f"SELECT 'all' AS kind, '' AS value, '' AS measure, {both} FROM picked"]
    parts += [
        f"SELECT '{kind}', {KEYS[kind]} AS value, '{measure}', {both} FROM picked"
        f" WHERE {counted} AND {KEYS[kind]} IS NOT NULL GROUP BY value"
        for kind, measure, counted in KINDS
    ]
    union = " UNION ALL ".join(parts)
    return f"WITH picked AS NOT MATERIALIZED (SELECT * FROM dns_counts WHERE {condition}) {union}"


def _counts_to_rows(counts: pd.DataFrame, all_now: int, all_before: int) -> pd.DataFrame:
    rows = counts.reindex(columns=["kind", "value", "measure", "before", "now"])
    rows["g2"] = log_likelihood(rows["now"], rows["before"], all_now, all_before)
    rows = rows[rows["g2"].abs() >= LEAST]
    return rows.sort_values("g2", key=np.abs, ascending=False, ignore_index=True)
