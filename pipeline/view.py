"""What pages show: the table's answers for a view, as pandas data, cached by the table's version.

Every table of rows is a Listing: its rows, and the facts that its caption states. Frames are
shared between viewers and are not to be changed in place.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from pipeline.cache import Readable, cached
from pipeline.ranking import (
    FACTS_SQL,
    MEASURES,
    Listing,
    bar_params,
    bar_sql,
    order_sql,
    ranking,
    read_listing,
    sorted_by,
)
from pipeline.state import MAX_ROWS, NOISE, View, ascends
from pipeline.where import KEYS, RESPONSE, RESPONSES, Clause, naive, noise, where
from pipeline.window import window


@cached
def hosts(
    table: Readable, view: View, n: int | None = 25, sort: str = "", series: bool = True
) -> Listing:
    """Columns: host, queries, share, domains, names, nxdomain, no_response, resolvers, first,
    last, per_bar."""
    measures = ("domains", "names", "nxdomain", "no_response", "resolvers", "first", "last")
    return ranking(table, view, "host", measures, n, sort, series)


@cached
def domains(
    table: Readable,
    view: View,
    level: str = "domain",
    n: int | None = 25,
    sort: str = "",
    series: bool = True,
) -> Listing:
    """Columns: `level` (domain, name or tld), queries, share, hosts, names, nxdomain,
    no_response, first, last, per_bar."""
    measures = ("hosts", "names", "nxdomain", "no_response", "first", "last")
    return ranking(table, view, level, measures, n, sort, series)


@cached
def resolvers(table: Readable, view: View, n: int | None = 25, sort: str = "") -> Listing:
    """Columns: resolver, queries, share, hosts, nxdomain, no_response, rtt_ms, last."""
    measures = ("hosts", "nxdomain", "no_response", "rtt_ms", "last")
    return ranking(table, view, "resolver", measures, n, sort)


@cached
def types(table: Readable, view: View, n: int | None = 10) -> Listing:
    """Columns: type, queries, share, hosts, before, before_share (NaN: no window before)."""
    return _with_before(table, view, ranking(table, view, "type", ("hosts",), n), "type")


@cached
def responses(table: Readable, view: View, n: int | None = 10) -> Listing:
    """Columns: response (Zeek's rcode_name), queries, share, hosts, rtt_ms, before,
    before_share."""
    listing = ranking(table, view, "response", ("hosts", "rtt_ms"), n)
    return _with_before(table, view, listing, "response")


def _with_before(table: Readable, view: View, listing: Listing, by: str) -> Listing:
    """What each row had in the window before, in queries and in percent of that window's."""
    counts = counts_before(table, view, by)
    before = [np.nan if counts is None else float(counts.get(key, 0)) for key in listing.rows[by]]
    total = max(sum((counts or {}).values()), 1)
    rows = listing.rows.assign(before=before, before_share=[100 * one / total for one in before])
    return replace(listing, rows=rows)


def counts_before(table: Readable, view: View, by: str) -> dict[str | None, int] | None:
    """Queries by key in the window before; None where that is not kept whole."""
    previous = window(table, view).previous
    if previous is None:
        return None
    clause = where(view, *previous)
    found = table.read(
        f"SELECT {KEYS[by]} AS key, sum(count)::BIGINT AS queries FROM dns_counts"
        f" WHERE {clause.sql} GROUP BY key",
        clause.params,
    ).to_pydict()
    return dict(zip(found["key"], found["queries"], strict=True))


@cached
def names(table: Readable, view: View, n: int | None = 25, sort: str = "") -> Listing:
    """Names by type and response. Columns: name, type, response, queries, share, domain, answers
    (of the newest record), uid, last. Sorts by queries, last, name, type or response."""
    span = window(table, view)
    clause = where(view, span.start, span.end)
    sort = sorted_by(sort, ("queries", "last", "name", "type", "response"))
    column = sort.removeprefix("-")
    order = order_sql(sort, "key" if column == "name" else column)
    order += ", queries DESC, last DESC"
    sql = f"""
    WITH groups AS MATERIALIZED (
      SELECT {KEYS["name"]} AS key, {KEYS["type"]} AS type, {KEYS["response"]} AS response,
        sum(count)::BIGINT AS queries, max(last_ts) AS last,
        sum(count) FILTER (folded > 0) AS thinned
      FROM dns_counts WHERE {clause.sql} GROUP BY ALL),
    top AS (SELECT * EXCLUDE (thinned) FROM groups WHERE key IS NOT NULL
      ORDER BY {order}, key, type, response LIMIT {min(n or MAX_ROWS, MAX_ROWS)})
    SELECT key AS name, top.* EXCLUDE (key), {FACTS_SQL}
    FROM (SELECT TRUE) LEFT JOIN top ON TRUE ORDER BY {order}, key, type, response"""
    listing = read_listing(table, sql, clause, "name", sort)
    listing.rows.insert(4, "share", 100 * listing.rows["queries"] / max(listing.queries, 1))
    return replace(listing, rows=_with_answers(table, clause, listing.rows))


def _with_answers(table: Readable, clause: Clause, rows: pd.DataFrame) -> pd.DataFrame:
    """The domain of each name; of each type and response the newest record's answers and uid."""
    found = table.read(
        f"""SELECT {KEYS["name"]} AS name, {KEYS["type"]} AS type, {KEYS["response"]} AS response,
        any_value(registered_domain) AS domain,
        unnest(arg_max(struct_pack(answers := answers, uid := uid), last_ts)) FROM dns_counts
        WHERE {clause.sql} AND {KEYS["name"]} IN (SELECT unnest($keys::VARCHAR[]))
        GROUP BY 1, 2, 3""",
        {**clause.params, "keys": list(rows["name"].unique())},
    ).to_pandas()
    return rows.merge(found, on=["name", "type", "response"], how="left")


@cached
def volume(table: Readable, view: View) -> pd.DataFrame:
    """Columns: bucket, end (aware, UTC), response (of RESPONSES), queries, y0, y1, filling.

    One row for each bar and response that occurs; stacked in the order of RESPONSES.
    """
    span = window(table, view)
    clause = where(view, span.start, span.end)
    found = table.read(
        f"""SELECT {bar_sql(span)} AS bar, {RESPONSE} AS response, sum(count)::BIGINT AS queries
        FROM dns_counts WHERE {clause.sql} GROUP BY ALL""",
        {**clause.params, **bar_params(span)},
    ).to_pandas()
    rows = _stacked(found, "bar", "y0", "y1")
    start = pd.Timestamp(span.start) + pd.to_timedelta(rows["bar"] * span.bar, unit="s")
    rows.insert(0, "bucket", start)
    rows.insert(1, "end", start + pd.Timedelta(seconds=span.bar))
    rows["filling"] = rows["bucket"] >= span.filling
    return rows.drop(columns=["bar"])


def _stacked(found: pd.DataFrame, by: str, low: str, high: str) -> pd.DataFrame:
    """The rows of each `by` on top of each other, in the order of RESPONSES."""
    order = found["response"].map({name: place for place, name in enumerate(RESPONSES)})
    rows = found.assign(order=order.astype(int)).sort_values([by, "order"], ignore_index=True)
    rows[high] = rows.groupby(by, sort=False)["queries"].cumsum()
    rows[low] = rows[high] - rows["queries"]
    return rows.drop(columns=["order"])


@cached
def top_domains(table: Readable, view: View, level: str = "domain", n: int | None = 10) -> Listing:
    """For bars stacked by response. Columns: `level`, response, queries, x0, x1, total, rank."""
    ranked = ranking(table, view, level, (), n)
    span = window(table, view)
    clause = where(view, span.start, span.end)
    totals = dict(zip(ranked.rows[level], ranked.rows["queries"], strict=True))
    found = table.read(
        f"""SELECT {KEYS[level]} AS "{level}", {RESPONSE} AS response, sum(count)::BIGINT AS queries
        FROM dns_counts WHERE {clause.sql} AND {KEYS[level]} IN (SELECT unnest($keys::VARCHAR[]))
        GROUP BY ALL""",
        {**clause.params, "keys": list(totals)},
    ).to_pandas()
    rows = _stacked(found, level, "x0", "x1")
    rows["total"] = rows[level].map(totals)
    rows["rank"] = rows[level].map({key: place for place, key in enumerate(totals)})
    rows = rows.sort_values(["rank", "x0"], ignore_index=True)
    return replace(ranked, rows=rows, stacked_by=level)


@cached
def new_domains(table: Readable, view: View, n: int | None = 25, sort: str = "") -> Listing:
    """Domains first seen in the window, of all that is kept. Columns: domain, first, hosts,
    queries, names, nxdomain. Of what was folded away, they may be older. Sorts by any of
    them, else the newest first."""
    sort = sorted_by(sort, ("domain", "first", "hosts", "queries", "names", "nxdomain"), "first")
    column = sort.removeprefix("-")
    order = order_sql(sort, "key" if column == "domain" else column)
    span = window(table, view)
    seen = where(view, None, span.end)
    sql = f"""
    WITH fresh AS MATERIALIZED (
      SELECT registered_domain AS key, min(first_ts) AS first, sum(count)::BIGINT AS queries,
        sum(count) FILTER (folded > 0) AS thinned FROM dns_counts
      WHERE {seen.sql} AND registered_domain IS NOT NULL
      GROUP BY key HAVING min(bucket) >= $start),
    groups AS (SELECT * FROM fresh UNION ALL
      SELECT NULL, NULL, sum(count)::BIGINT, NULL FROM dns_counts
      WHERE {seen.sql} AND registered_domain IS NULL HAVING count(*) > 0),
    measured AS (SELECT registered_domain AS key, {MEASURES["hosts"]} AS hosts,
        {MEASURES["names"]} AS names, {MEASURES["nxdomain"]} AS nxdomain FROM dns_counts
      WHERE {seen.sql} AND bucket >= $start AND registered_domain IN (SELECT key FROM fresh)
      GROUP BY key),
    ranked AS (SELECT * FROM fresh JOIN measured USING (key)
      ORDER BY {order}, first DESC, key LIMIT {min(n or MAX_ROWS, MAX_ROWS)})
    SELECT key AS domain, first, hosts, ranked.queries, names, nxdomain, {FACTS_SQL}
    FROM (SELECT TRUE) LEFT JOIN ranked ON TRUE ORDER BY {order}, first DESC, key"""
    clause = Clause(seen.sql, {**seen.params, "start": naive(span.start)})
    return read_listing(table, sql, clause, "domain", sort)


@dataclass(frozen=True)
class Hidden:
    """Records of the window that each noise switch hides, or would hide; `total` by those on."""

    each: dict[str, int]
    total: int


@cached
def hidden(table: Readable, view: View) -> Hidden:
    """How many records each noise switch is about, filters and range applied."""
    span = window(table, view)
    clause = where(view, span.start, span.end, noisy=True)
    params = dict(clause.params)
    sums = ", ".join(
        f"coalesce(sum(count) FILTER ({_any_of(keys, params)}), 0)::BIGINT AS s{place}"
        for place, keys in enumerate([*([key] for key in NOISE), view.hidden])
    )
    sql = f"SELECT {sums} FROM dns_counts WHERE {clause.sql} AND {_any_of(NOISE, params)}"
    row = table.read(sql, params).to_pylist()
    counts = list(row[0].values())
    return Hidden(dict(zip(NOISE, counts, strict=False)), counts[-1])


def _any_of(keys: Iterable[str], params: dict[str, Any]) -> str:
    return f"(({' OR '.join(noise(keys, params)) or 'FALSE'}) IS TRUE)"


def since(table: Readable, view: View) -> int:
    """Records that have come since the moment at which a view was paused."""
    if view.at is None:
        return 0
    sql = "SELECT coalesce(sum(count), 0)::BIGINT AS n FROM dns_counts WHERE seq > $at"
    return int(table.read(sql, {"at": view.at}).to_pylist()[0]["n"])


def not_kept(table: Readable, view: View) -> str:
    """That the moment at which a view was paused is gone, as a sentence; else empty."""
    if view.at is None or table.keeps(view.at):
        return ""
    return f"the moment at={view.at} is not kept any more, or is of another server's table"


@cached
def host_domains(
    table: Readable, view: View, host: str, n: int | None = 25, sort: str = ""
) -> Listing:
    """The domains of one host. Columns: domain, queries, share (of the host's queries), names,
    nxdomain, hosts (how many of all hosts ask for it), last, per_bar."""
    measures = ("names", "nxdomain", "last")
    # How many ask is told by other hosts' records: whatever is ranked by it is told of all rows.
    by_hosts = sort.removeprefix("-") == "hosts"
    first = None if by_hosts else n
    own = ranking(table, view.only("host", host), "domain", measures, first, sort, series=True)
    asked = dict.fromkeys(own.rows["domain"], 0) | _hosts_by_domain(
        table, view.without("host"), list(own.rows["domain"])
    )
    rows = own.rows.copy()
    rows.insert(5, "hosts", [asked[domain] for domain in rows["domain"]])
    if by_hosts:
        way = ascends(sort)
        rows = rows.sort_values("hosts", ascending=way, kind="stable", ignore_index=True)
        own = replace(own, sort=sort)
    return replace(own, rows=rows.head(n or MAX_ROWS))


def _hosts_by_domain(table: Readable, view: View, domains: list[str]) -> dict[str, int]:
    span = window(table, view)
    clause = where(view, span.start, span.end)
    found = table.read(
        f"""SELECT registered_domain AS domain, {MEASURES["hosts"]} AS hosts FROM dns_counts
        WHERE {clause.sql} AND registered_domain IN (SELECT unnest($keys::VARCHAR[]))
        GROUP BY domain""",
        {**clause.params, "keys": domains},
    ).to_pydict()
    return dict(zip(found["domain"], found["hosts"], strict=True))
