"""Every column of every view of a table, held against SQL over the records themselves.

Each `check_…` takes the table, the records in SQLite, and a view.
"""

import math
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import pandas as pd

from pipeline import view as views
from pipeline.cache import Readable
from pipeline.ranking import Listing
from pipeline.records import records
from pipeline.state import NOISE, View
from pipeline.window import Window, window
from tests.unit.logged import SECOND
from tests.unit.raw import KEYS, MEASURES, PLACE, QUIET, STACK, Raw, micros

HOST = ("domains", "names", "nxdomain", "no_response", "resolvers", "first", "last")
DOMAIN = ("hosts", "names", "nxdomain", "no_response", "first", "last")
OWN = ("names", "nxdomain", "last")
SORTS = ("queries", "names", "nxdomain", "first", "last", "-names", "-last")


def bare(cell: Any) -> Any:
    """As SQLite has it: microseconds after T0, None where there is nothing."""
    if isinstance(cell, (list, tuple)):
        return [bare(each) for each in cell]
    if cell is None or cell is pd.NaT or (isinstance(cell, float) and math.isnan(cell)):
        return None
    return micros(cell) if isinstance(cell, datetime) else cell


def equal(found: Any, expected: Any) -> bool:
    """Whether two cells are the same, floats to the ninth digit."""
    if isinstance(expected, list):
        return len(found) == len(expected) and all(map(equal, found, expected))
    if isinstance(expected, float) and found is not None:
        return math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-9)
    return bool(found == expected)


def same(found: pd.DataFrame, expected: list[dict[str, Any]], *by: str) -> None:
    """The same rows in any order, told apart `by` columns, and no column more or less."""
    rows = {tuple(bare(row[name]) for name in by): row for row in found.to_dict("records")}
    due = {tuple(row[name] for name in by): row for row in expected}
    assert len(rows) == len(found), f"{by} does not tell rows apart"
    assert rows.keys() == due.keys()
    for key, row in due.items():
        assert rows[key].keys() == row.keys()
        for name, cell in row.items():
            seen = bare(rows[key][name])
            assert equal(seen, cell), f"{key} {name}: {seen}, and in the records {cell}"


def measured(raw: Raw, among: str, by: str, *measures: str) -> list[dict[str, Any]]:
    """Rows of one kind with their measures, queries and the share of all."""
    sums = "".join(f", {MEASURES[name]} AS {name}" for name in measures)
    return raw.ask(
        f"""SELECT {KEYS[by]} AS "{by}", count(*) AS queries,
        100.0 * count(*) / (SELECT count(*) FROM {among}) AS share{sums} FROM {among} GROUP BY 1"""
    )


def listed(listing: Listing, rows: Iterable[Any], all_queries: int) -> None:
    """What the caption says."""
    assert (listing.of, listing.queries) == (len(list(rows)), all_queries)
    assert (listing.folded, listing.thinned) == (0, 0)


def check_rankings(table: Readable, raw: Raw, view: View) -> None:
    """Hosts, domains, names or TLDs, resolvers, types and responses."""
    span = window(table, view)
    among = raw.among(view, span.start, span.end)
    queries = raw.one(f"SELECT count(*) FROM {among}")
    sort = SORTS[len(view.filters) % len(SORTS)]
    hosts = views.hosts(table, view, None, sort)
    domains = views.domains(table, view, view.level, None, sort)
    for listing, by, measures in ((hosts, "host", HOST), (domains, view.level, DOMAIN)):
        rows = with_bars(raw, among, by, span, measured(raw, among, by, *measures))
        same(listing.rows, rows, by)
        listed(listing, rows, queries)
        ranked = sorted(rows, key=lambda row: (_rank(sort, row), -row["queries"], row[by]))
        assert listing.rows[by].tolist() == [row[by] for row in ranked]
    resolvers = views.resolvers(table, view, None)
    rows = measured(raw, among, "resolver", "hosts", "nxdomain", "no_response", "rtt_ms", "last")
    same(resolvers.rows, rows, "resolver")
    listed(resolvers, rows, queries)


def _rank(sort: str, row: dict[str, Any]) -> float:
    value = float(row[sort.removeprefix("-")])
    return value if sort.startswith("-") else -value


def with_bars(
    raw: Raw, among: str, by: str, span: Window, rows: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """With the counts of each bar."""
    start, width = micros(span.start), span.bar * SECOND
    lists = {row[by]: [0] * span.bars for row in rows}
    sql = f"SELECT {KEYS[by]} AS key, (at - {start}) / {width} AS bar, count(*) AS n FROM {among}"
    for row in raw.ask(f"{sql} GROUP BY 1, 2"):
        lists[row["key"]][row["bar"]] = row["n"]
    return [{**row, "per_bar": lists[row[by]][: span.drawn]} for row in rows]


def check_before(table: Readable, raw: Raw, view: View) -> None:
    """Types and responses, and what each was in the time before."""
    span = window(table, view)
    among = raw.among(view, span.start, span.end)
    for listing, by, measures in (
        (views.types(table, view, None), "type", ("hosts",)),
        (views.responses(table, view, None), "response", ("hosts", "rtt_ms")),
    ):
        rows = measured(raw, among, by, *measures)
        before = _before(raw, view, span, by)
        whole = sum(before.values()) if before is not None else 0
        for row in rows:
            was = None if before is None else float(before.get(row[by], 0))
            share = None if was is None else 100 * was / max(whole, 1)
            row |= {"before": was, "before_share": share}
        same(listing.rows, rows, by)


def _before(raw: Raw, view: View, span: Window, by: str) -> dict[str, int] | None:
    if span.previous is None:
        return None
    among = raw.among(view, *span.previous)
    rows = raw.ask(f"SELECT {KEYS[by]} AS key, count(*) AS n FROM {among} GROUP BY 1")
    return {row["key"]: row["n"] for row in rows}


def check_names(table: Readable, raw: Raw, view: View) -> None:
    """Names by type and response, with the newest record's answers and uid."""
    span = window(table, view)
    among = raw.among(view, span.start, span.end)
    keys = ", ".join(f"{KEYS[field]} AS {field}" for field in ("name", "type", "response"))
    # SQLite takes bare columns beside max() from the row that has it.
    rows = raw.ask(
        f"""SELECT {keys}, count(*) AS queries,
        100.0 * count(*) / (SELECT count(*) FROM {among}) AS share, domain, answers, uid,
        max(at) AS last
        FROM {among} GROUP BY 1, 2, 3"""
    )
    same(views.names(table, view, None).rows, rows, "name", "type", "response")


def check_new(table: Readable, raw: Raw, view: View) -> None:
    """Domains first seen in the window, of all that is kept."""
    span = window(table, view)
    among = raw.among(view, None, span.end)
    sums = ", ".join(f"{MEASURES[name]} AS {name}" for name in ("hosts", "queries", "names"))
    rows = raw.ask(
        f"""SELECT domain, min(at) AS first, {sums}, {MEASURES["nxdomain"]} AS nxdomain
        FROM {among} GROUP BY 1 HAVING min(at) >= {micros(span.start)}"""
    )
    listing = views.new_domains(table, view, None)
    same(listing.rows, rows, "domain")
    listed(listing, rows, sum(row["queries"] for row in rows))


def check_volume(table: Readable, raw: Raw, view: View) -> None:
    """Each bar by response, stacked."""
    span = window(table, view)
    among = raw.among(view, span.start, span.end)
    start, width = micros(span.start), span.bar * SECOND
    rows = raw.ask(
        f"""WITH bars AS (SELECT (at - {start}) / {width} AS bar, {STACK} AS response,
          {PLACE} AS place, count(*) AS queries FROM {among} GROUP BY 1, 2),
        stacked AS (SELECT *, sum(queries) OVER (PARTITION BY bar ORDER BY place) AS y1 FROM bars)
        SELECT {start} + bar * {width} AS bucket, {start} + (bar + 1) * {width} AS "end", response,
          queries, y1 - queries AS y0, y1,
          {start} + bar * {width} >= {micros(span.filling)} AS filling FROM stacked"""
    )
    same(views.volume(table, view), rows, "bucket", "response")


def check_top(table: Readable, raw: Raw, view: View) -> None:
    """The bars of domains, names or TLDs, stacked by response."""
    span = window(table, view)
    among = raw.among(view, span.start, span.end)
    rows = raw.ask(
        f"""WITH bars AS (SELECT {KEYS[view.level]} AS key, {STACK} AS response, {PLACE} AS place,
          count(*) AS queries FROM {among} GROUP BY 1, 2),
        stacked AS (SELECT *, sum(queries) OVER (PARTITION BY key ORDER BY place) AS x1,
          sum(queries) OVER (PARTITION BY key) AS total FROM bars)
        SELECT key AS "{view.level}", response, queries, x1 - queries AS x0, x1, total,
          dense_rank() OVER (ORDER BY total DESC, key) - 1 AS rank FROM stacked"""
    )
    same(views.top_domains(table, view, view.level, None).rows, rows, view.level, "response")


def check_hidden(table: Readable, raw: Raw, view: View) -> None:
    """What each noise switch is about, and what those that are on hide."""
    span = window(table, view)
    noisy = raw.among(view, span.start, span.end, noisy=True)
    quiet = raw.among(view, span.start, span.end)
    hidden = views.hidden(table, view)
    counts = {key: f"SELECT count(*) FROM {noisy} WHERE {QUIET[key]}" for key in NOISE}
    assert hidden.each == {key: raw.one(sql) for key, sql in counts.items()}
    both = (raw.one(f"SELECT count(*) FROM {name}") for name in (noisy, quiet))
    assert hidden.total == next(both) - next(both)
    if view.at is not None:
        later = raw.one(f"SELECT count(*) FROM records WHERE batch > {view.at}")
        assert views.since(table, view) == later


def check_host(table: Readable, raw: Raw, view: View, host: str) -> None:
    """The domains of one host, and how many of all hosts ask for each."""
    span = window(table, view)
    own = raw.among(view.only("host", host), span.start, span.end)
    all_hosts = raw.among(view.without("host"), span.start, span.end)
    asked = f"SELECT domain, count(DISTINCT host) AS hosts FROM {all_hosts} GROUP BY 1"
    hosts = {row["domain"]: row["hosts"] for row in raw.ask(asked)}
    rows = with_bars(raw, own, "domain", span, measured(raw, own, "domain", *OWN))
    rows = [{**row, "hosts": hosts[row["domain"]]} for row in rows]
    listing = views.host_domains(table, view, host, None)
    same(listing.rows, rows, "domain")
    listed(listing, rows, raw.one(f"SELECT count(*) FROM {own}"))


RECORD = ("bucket", "host", "resolver", "name", "type", "response", "seq")


def check_records(table: Readable, raw: Raw, view: View) -> None:
    """The rows as they are kept, of buckets of ten seconds."""
    span = window(table, view)
    among = raw.among(view, span.start, span.end)
    keys = ", ".join(f"{KEYS[name]} AS {name}" for name in RECORD[1:-1])
    ten = 10 * SECOND
    rows = raw.ask(
        f"""SELECT at / {ten} * {ten} AS bucket, (at / {ten} + 1) * {ten} AS "end", {keys},
        domain, count(*) AS queries, 1000 * avg(rtt) AS rtt_ms, min(at) AS first, max(at) AS last,
        uid, answers, batch AS seq FROM {among} GROUP BY bucket, domain, 3, 4, 5, 6, 7, batch"""
    )
    same(records(table, view, None).rows, rows, *RECORD)
