"""Every number of every view, for random filters, held against SQL over the records themselves.

30 views each time; `make test ARGS=tests/unit/test_every_number.py VIEWS=200` takes two minutes.
"""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import duckdb
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import changes as compared
from pipeline import figures
from pipeline import view as views
from pipeline.records import records
from pipeline.state import FIELDS, NOISE, Filter, View
from pipeline.window import window
from tests.unit.dns_rows import T0, ByHand
from tests.unit.test_view import ROWS

TABLE = ByHand(*ROWS)
COLUMNS = {
    "host": "id_orig_h",
    "domain": "domain",
    "name": "coalesce(query, '(no query)')",
    "type": "coalesce(qtype_name, '(no type)')",
    "response": "coalesce(rcode_name, 'no response')",
    "resolver": "coalesce(id_resp_h, '(no resolver)')",
}
TLD = "CASE WHEN domain LIKE '(%' THEN domain ELSE regexp_extract(domain, '[^.]*$') END"
QUIET = {
    "no-query": "query IS NULL",
    "local": "coalesce(query LIKE '%.local', false)",
    "multicast": "coalesce(id_resp_h IN ('224.0.0.251', 'ff02::fb%eth0', '10.0.0.255'), false)",
    "arpa": "coalesce(query LIKE '%.arpa', false)",
    "netbios": "coalesce(query = 'workgroup', false)",
    "single": "coalesce(query = 'wpad', false)",
    "known": "false",
}
MEASURES = """count(*) AS queries, count(DISTINCT id_orig_h) AS hosts,
 count(DISTINCT domain) AS domains, count(DISTINCT query) AS names,
 count(DISTINCT id_resp_h) AS resolvers, avg(rtt) * 1000 AS rtt_ms,
 100 * avg((rcode_name IS NOT DISTINCT FROM 'NXDOMAIN')::INT) AS nxdomain,
 100 * avg((rcode_name IS NULL)::INT) AS no_response, min(ts) AS first, max(ts) AS last"""


@pytest.fixture(scope="module")
def raw() -> Iterator[duckdb.DuckDBPyConnection]:
    """One line a record, as Zeek logged it: nothing is grouped."""
    records = pd.DataFrame(
        [
            {
                "ts": T0.replace(tzinfo=None) + timedelta(seconds=row.at),
                "id_orig_h": row.host,
                "id_resp_h": row.resolver,
                "query": row.name,
                "domain": row.domain,
                "qtype_name": row.qtype,
                "rcode_name": row.response,
                "rtt": row.rtt,
            }
            for row in ROWS
            for _ in range(row.count)
        ]
    )
    with duckdb.connect() as connection:
        connection.register("found", records)
        connection.execute("CREATE TABLE records AS SELECT * FROM found")
        connection.execute("ALTER TABLE records ALTER rtt TYPE DOUBLE")
        connection.execute("UPDATE records SET rtt = NULL WHERE isnan(rtt)")
        yield connection


VALUES = {
    "host": [f"10.0.0.{number}" for number in range(1, 7)],
    "domain": ["example.com", "example.co.uk", "(local)", "(no query)", "nowhere.example"],
    "name": ["www.example.com", "a.b.example.co.uk", "(no query)", "wpad", "' OR 1=1 --"],
    "type": ["A", "AAAA", "TXT", "(no type)", "MX"],
    "response": ["NOERROR", "NXDOMAIN", "SERVFAIL", "no response", "other", "FORMERR"],
    "resolver": ["8.8.8.8", "10.0.0.53", "(no resolver)", "224.0.0.251"],
}
UNDER = {"domain": ["com", "uk", "co.uk"], "name": ["example.com", "co.uk", "ample.com", "com"]}
plain = st.sampled_from(FIELDS).flatmap(
    lambda field: st.builds(
        Filter, st.just(field), st.sampled_from(VALUES[field]), exclude=st.booleans()
    )
)
under = st.sampled_from(["domain", "name"]).flatmap(
    lambda field: st.builds(
        Filter,
        st.just(field),
        st.sampled_from(UNDER[field]),
        exclude=st.booleans(),
        under=st.just(True),
    )
)
VIEWS = st.builds(
    View,
    range=st.sampled_from(["15m", "1h", "4h", "all"]),
    filters=st.lists(plain | under, max_size=5, unique=True).map(tuple),
    hidden=st.frozensets(st.sampled_from(sorted(NOISE))),
    n=st.none(),
)


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def condition(each: Filter) -> str:
    """One filter in SQL of this test's own, true or false for every record."""
    column, value = COLUMNS[each.field], each.value
    if each.under:
        kept = f"{column} LIKE {quoted('%.' + value)}"
    elif each.field == "response" and value == "other":
        kept = "rcode_name NOT IN ('NOERROR', 'NXDOMAIN', 'SERVFAIL', 'REFUSED')"
    else:
        kept = f"{column} = {quoted(value)}"
    return f"coalesce({kept}, false)"


def chosen(view: View, start: datetime | None, end: datetime, noisy: bool = False) -> str:
    """The condition of a whole view. Edges lie on buckets, so a record's time decides as well."""
    parts = [f"ts < '{end:%F %T}'"] + ([f"ts >= '{start:%F %T}'"] if start else [])
    for field in FIELDS:
        ours = [each for each in view.filters if each.field == field]
        kept = [condition(each) for each in ours if not each.exclude]
        parts += [f"NOT {condition(each)}" for each in ours if each.exclude]
        parts += [f"({' OR '.join(kept)})"] if kept else []
    parts += [] if noisy else [f"NOT {QUIET[key]}" for key in view.hidden]
    return " AND ".join(parts)


def same(found: pd.DataFrame, expected: pd.DataFrame, by: list[str]) -> None:
    """Equal row by row, whatever their order; times naive, floats to the ninth digit."""
    shared = [name for name in expected if name in found]
    assert set(by) < set(shared)
    found = found[shared].copy()
    for name in found:
        if isinstance(found[name].dtype, pd.DatetimeTZDtype):
            found[name] = found[name].dt.tz_localize(None)
    frames = [
        frame[shared].sort_values(by, ignore_index=True).astype(dict.fromkeys(by, "object"))
        for frame in (found, expected)
    ]
    pd.testing.assert_frame_equal(*frames, check_dtype=False, rtol=1e-9)


@settings(max_examples=int(os.environ.get("VIEWS", "30")), deadline=None)
@given(view=VIEWS)
def test_each_view_tells_what_the_records_tell(raw: duckdb.DuckDBPyConnection, view: View) -> None:
    span = window(TABLE, view)
    picked = chosen(view, span.start, span.end)

    def told(key: str, name: str, condition: str = picked) -> pd.DataFrame:
        sql = f'SELECT {key} AS "{name}", {MEASURES} FROM records WHERE {condition} GROUP BY 1'
        return raw.execute(sql).df()

    same(views.hosts(TABLE, view, None, series=False).rows, told(COLUMNS["host"], "host"), ["host"])
    for level, key in (("name", COLUMNS["name"]), ("domain", "domain"), ("tld", TLD)):
        found = views.domains(TABLE, view, level, None, series=False)
        same(found.rows, told(key, level), [level])
    bars = views.top_domains(TABLE, view, "domain", None).rows
    sums = bars.groupby("domain", as_index=False)["queries"].sum()
    same(sums, told("domain", "domain"), ["domain"])
    for field, listing in (
        ("type", views.types(TABLE, view, None)),
        ("response", views.responses(TABLE, view, None)),
        ("resolver", views.resolvers(TABLE, view, None)),
    ):
        same(listing.rows, told(COLUMNS[field], field), [field])
    check_names(raw, view, picked)
    check_new(raw, view)
    check_sums(raw, view, picked)
    for vs in ("before", "host:10.0.0.2"):
        check_changes(raw, view, vs)
    check_records(raw, view, picked)


def check_records(raw: duckdb.DuckDBPyConnection, view: View, picked: str) -> None:
    listing = records(TABLE, view, None)
    assert listing.rows["queries"].sum() == listing.queries == count(raw, picked)


def check_names(raw: duckdb.DuckDBPyConnection, view: View, picked: str) -> None:
    keys = ", ".join(f"{COLUMNS[field]} AS {field}" for field in ("name", "type", "response"))
    sql = f"SELECT {keys}, count(*) AS queries, max(ts) AS last FROM records WHERE {picked}"
    expected = raw.execute(f"{sql} GROUP BY 1, 2, 3").df()
    same(views.names(TABLE, view, None).rows, expected, ["name", "type", "response"])


def check_new(raw: duckdb.DuckDBPyConnection, view: View) -> None:
    span = window(TABLE, view)
    kept = chosen(view, None, span.end)
    sql = f"""SELECT domain, min(ts) AS first, count(*) AS queries FROM records WHERE {kept}
      GROUP BY domain HAVING min(ts) >= '{span.start:%F %T}'"""
    same(views.new_domains(TABLE, view, None).rows, raw.execute(sql).df(), ["domain"])


def check_sums(raw: duckdb.DuckDBPyConnection, view: View, picked: str) -> None:
    """The strip, the volume chart, the noise switches, and one host among the others."""
    [row] = raw.execute(f"SELECT {MEASURES} FROM records WHERE {picked}").df().to_dict("records")
    strip = figures.summary(TABLE, view).figures
    for name in ("queries", "hosts", "domains", "nxdomain", "no_response", "rtt_ms"):
        expected = None if pd.isna(row[name]) else pytest.approx(row[name], rel=1e-9)
        assert strip[name].value == expected, name
    assert views.volume(TABLE, view)["queries"].sum() == row["queries"]
    span = window(TABLE, view)
    noisy = chosen(view, span.start, span.end, noisy=True)
    hidden = views.hidden(TABLE, view)
    for key, text in QUIET.items():
        assert hidden.each[key] == count(raw, f"{noisy} AND {text}"), key
    assert hidden.total == count(raw, noisy) - row["queries"]
    own = view.only("host", "10.0.0.2")
    mine = chosen(own, span.start, span.end)
    assert figures.host_summary(TABLE, view, "10.0.0.2").figures["queries"].value == count(
        raw, mine
    )
    everyone = chosen(view.without("host"), span.start, span.end)
    sql = f"""SELECT domain, count(DISTINCT id_orig_h) AS hosts FROM records WHERE {everyone}
      AND domain IN (SELECT domain FROM records WHERE {mine}) GROUP BY domain"""
    same(views.host_domains(TABLE, view, "10.0.0.2", None).rows, raw.execute(sql).df(), ["domain"])


def count(raw: duckdb.DuckDBPyConnection, condition: str, what: str = "count(*)") -> Any:
    return raw.execute(f"SELECT {what} FROM records WHERE {condition}").fetchall()[0][0]


def check_changes(raw: duckdb.DuckDBPyConnection, view: View, vs: str) -> None:
    span = window(TABLE, view)
    found = compared.changes(TABLE, view, 4, vs)
    if found.during is None:
        assert found.why
        return
    other = view.only("host", vs.removeprefix("host:")) if vs != "before" else view
    only = {
        "queries": "true",
        "names": "true",
        "NXDOMAIN": "coalesce(rcode_name = 'NXDOMAIN', false)",
        "no response": "rcode_name IS NULL",
    }
    for change in found.rows.itertuples():
        row = f"{COLUMNS[change.kind]} = {quoted(change.value)} AND {only[change.measure]}"
        what = "count(DISTINCT query)" if change.measure == "names" else "count(*)"
        now = chosen(view, span.start, span.filling)
        assert change.now == count(raw, f"{now} AND {row}", what)
        assert change.before == count(raw, f"{chosen(other, *found.during)} AND {row}", what)


def test_the_random_views_are_not_all_empty(raw: duckdb.DuckDBPyConnection) -> None:
    view = replace(View(range="all"), filters=(Filter("domain", "com", under=True),))
    span = window(TABLE, view)
    assert count(raw, chosen(view, span.start, span.end)) > 100
