"""What changed: a window against another, or a host against another, ranked by signed G².

Dunning, "Accurate methods for the statistics of surprise and coincidence", Computational
Linguistics 19 (1993): unlike chi-square it holds for the rare events that matter here.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain, starmap

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.cache import Readable, cached
from pipeline.state import View
from pipeline.where import KEYS, Clause, where
from pipeline.window import EPOCH, Window, widest, window

Stretch = tuple[datetime, datetime]
LEAST = 15.13
"""G² at p = 0.0001, one degree of freedom: less is not shown as a change."""
GROUPS = {
    "hosts": ("host", "rcode_name"),
    "names": ("query", "domain", "is_folded"),
    "types": ("type",),
    "resolvers": ("resolver",),
}
"""What all records are grouped by, at once."""
KINDS = (
    ("host", "queries", "hosts", "TRUE"),
    ("host", "NXDOMAIN", "hosts", "rcode_name = 'NXDOMAIN'"),
    ("host", "no response", "hosts", "rcode_name IS NULL"),
    ("domain", "queries", "names", "TRUE"),
    ("type", "queries", "types", "TRUE"),
    ("response", "queries", "hosts", "TRUE"),
    ("resolver", "queries", "resolvers", "TRUE"),
)
"""What is compared: a kind of row, the measure's name, and which groups it is the sum of."""
SUMS = ", ".join(f"coalesce(sum({side}), 0)::BIGINT AS {side}" for side in ("before", "now"))
OF_NAMES = (
    f"SELECT 'all' AS kind, 'queries' AS value, '' AS measure, {SUMS} FROM hosts",
    "SELECT 'all', 'names', '', count(before), count(now) FROM names WHERE query IS NOT NULL",
    f"SELECT 'domain', NULL, 'names', {SUMS} FROM names WHERE is_folded",
    "SELECT 'domain', domain, 'names', count(before), count(now) FROM names"
    " WHERE query IS NOT NULL GROUP BY domain",
)
"""All of either side; the records whose names were folded; and how many names each domain has."""
BEFORE, DAY, HOST = "before", "day", "host:"
"""Against what: the window before, the same time the day before, another host."""


@dataclass(frozen=True)
class Changes:
    """`rows`: kind, value, measure, before, now, g2 (below 0: fewer), unsure, the most surprising
    first.

    Both counts are of complete bars: `now` of the time `whole`; `before`, of what is compared with,
    of the time `during`, and 0 where the value is new; `unsure` whether what is new or gone may
    have been folded away on the other side. `why` says why nothing is compared; then there are no
    rows.
    """

    rows: pd.DataFrame
    of: int
    why: str
    whole: Stretch | None = None
    during: Stretch | None = None


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
def changes(table: Readable, view: View, n: int | None = 25, vs: str = BEFORE) -> Changes:
    """What changed most by hosts, domains, types, responses and resolvers.

    The view's window against the one before, or against the same time the day before (`vs` is
    DAY), or its records against those of another host (`host:10.1.2.3`).
    """
    span = window(table, view)
    stretches, why = _compared(table, span, vs)
    if stretches is None:
        return Changes(_counts_to_rows(pd.DataFrame(), {}), 0, why)
    whole, during = stretches
    both, now, before = _sides(view, whole, during, vs)
    params = both.params | now.params | before.params
    counts = table.read(_counts_sql(both, now, before), params).to_pandas()
    # That each host asked nothing as the other one is no news.
    none = ["all", "host"] if vs.startswith(HOST) else ["all"]
    rows = _counts_to_rows(counts[~counts["kind"].isin(none)], _totals(counts))
    return Changes(rows.iloc[:n], len(rows), "", whole, during)


def _compared(table: Readable, span: Window, vs: str) -> tuple[tuple[Stretch, Stretch] | None, str]:
    """Which time, and which it is compared with, or why none is."""
    whole = (span.start, span.filling)
    if vs == BEFORE:
        return span.previous and (whole, span.previous), span.why
    if span.oldest is None or span.filling <= span.start:
        return None, "no complete bar yet"
    return ((whole, whole), "") if vs.startswith(HOST) else _day_before(table, span, span.oldest)


def _day_before(
    table: Readable, span: Window, oldest: datetime
) -> tuple[tuple[Stretch, Stretch] | None, str]:
    """What whole buckets of the day before cover, which are wider by now than today's."""
    day = timedelta(days=1)
    step = timedelta(seconds=widest(table, span.start - day, span.filling - day))
    start = span.start + (EPOCH - span.start) % step
    end = span.filling - (span.filling - EPOCH) % step
    if start - day < oldest:
        return None, f"kept only from {oldest:%Y-%m-%d %H:%M} UTC on"
    if end <= start:
        return None, "kept only in buckets that are too wide"
    return ((start, end), (start - day, end - day)), ""


def _sides(view: View, whole: Stretch, during: Stretch, vs: str) -> tuple[Clause, Clause, Clause]:
    """What holds on both sides, and what else on either; tested for each record, so it is short."""
    anything = View(hidden=frozenset())
    if not vs.startswith(HOST):
        sides = [where(anything, *stretch) for stretch in (whole, during)]
        both = where(view)
    else:
        own = replace(anything, filters=tuple(f for f in view.filters if f.field == "host"))
        sides = [where(own), where(own.only("host", vs.removeprefix(HOST)))]
        both = where(view.without("host"), *whole)
    return both, sides[0].renamed("a_"), sides[1].renamed("b_")


def _counts_sql(both: Clause, now: Clause, before: Clause) -> str:
    """Of either side: all queries and names, and those of each value; names count once.

    Without a value: what was folded away, so that nobody knows which value it had.
    """
    columns = ", ".join(dict.fromkeys(chain(*GROUPS.values())))
    sets = ", ".join(f"({', '.join(group)})" for group in GROUPS.values())
    which = " ".join(f"WHEN grouping({each}) = 0 THEN '{n}'" for n, (each, *_) in GROUPS.items())
    return f"""
    WITH queries AS NOT MATERIALIZED (
      SELECT count, rcode_name, query, id_orig_h AS host, registered_domain AS domain,
        {KEYS["type"]} AS type, {KEYS["resolver"]} AS resolver, folded > 0 AS is_folded,
        ({now.sql}) IS TRUE AS is_now, ({before.sql}) IS TRUE AS was
      FROM dns_counts WHERE {both.sql} AND (({now.sql}) OR ({before.sql}))),
    sums AS MATERIALIZED (
      SELECT {columns}, CASE {which} END AS which,
        sum(count) FILTER (was) AS before, sum(count) FILTER (is_now) AS now
      FROM queries GROUP BY GROUPING SETS ({sets})),
    {", ".join(f"{name} AS (FROM sums WHERE which = '{name}')" for name in GROUPS)}
    {" UNION ALL ".join([*OF_NAMES, *starmap(_part_sql, KINDS)])}"""


def _part_sql(kind: str, measure: str, groups: str, counted: str) -> str:
    value = KEYS[kind] if kind == "response" else kind
    return f"""SELECT '{kind}', {value} AS value, '{measure}', {SUMS}
        FROM {groups} WHERE {counted} GROUP BY value"""


def _totals(counts: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """All that was counted on either side, now and before, by what was counted."""
    totals = counts[counts["kind"] == "all"].set_index("value")
    return {str(name): (float(row["now"]), float(row["before"])) for name, row in totals.iterrows()}


def _counts_to_rows(counts: pd.DataFrame, totals: dict[str, tuple[float, float]]) -> pd.DataFrame:
    rows = counts.reindex(columns=["kind", "value", "measure", "before", "now"])
    folded = rows[rows["value"].isna()].groupby(["kind", "measure"])[["before", "now"]].sum()
    rows = rows[rows["value"].notna()].assign(g2=0.0)
    for measure, those in rows.groupby("measure"):
        all_now, all_before = totals["names" if measure == "names" else "queries"]
        rows.loc[those.index, "g2"] = log_likelihood(
            those["now"], those["before"], all_now, all_before
        )
    rows = rows[rows["g2"].abs() >= LEAST]
    lost = rows[["kind", "measure"]].join(folded, on=["kind", "measure"])[["before", "now"]] > 0
    rows["unsure"] = ((rows[["before", "now"]] == 0) & lost).any(axis=1)
    return rows.sort_values("g2", key=np.abs, ascending=False, ignore_index=True)
