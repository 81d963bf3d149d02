"""Merging, rolling up, evicting and folding lose no record: held against plain Python."""

import json
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.feed import PARTIALS
from pipeline.ledger import PINS
from pipeline.roll import water_level
from pipeline.store import FILE_NAME
from pipeline.table import Batch, Table, first_version
from tests.unit.table_rows import T0, batch, row

KEYS = ("id_orig_h", "id_resp_h", "query", "registered_domain", "qtype_name", "rcode_name")
DAY = 86400
LONG = timedelta(days=365)

HOURS = st.sampled_from([-90_010, -90_000, -30_000, -5_000, -10, 0])
"""Two rows in one coarse bucket, and one in each other tier."""

names = st.builds(
    dict,
    id_orig_h=st.sampled_from(["10.0.0.1", "10.0.0.2", "fe80::1%eth0"]),
    id_resp_h=st.sampled_from(["10.0.0.53", None]),
    query=st.sampled_from(["a.example.com", "b.example.com", "c.example.org"]),
    registered_domain=st.sampled_from(["example.com", "example.org"]),
    qtype_name=st.sampled_from(["A", None]),
    rcode_name=st.sampled_from(["NOERROR", None]),
)


def rows_in(seconds: st.SearchStrategy[int], most: int = 30) -> st.SearchStrategy[list[Any]]:
    """Rows of random keys and counts; each newer row has its own last_ts and uid."""
    one = st.tuples(seconds, st.integers(1, 9), names)
    return st.lists(one, max_size=most)


def made(drawn: Iterable[Any], serial: int) -> list[dict[str, Any]]:
    """Rows from what `rows_in` drew, with times and uids that differ."""
    return [
        row(seconds + (serial + n) / 1e6, count, uid=f"C{serial + n}", answers=None, **keys)
        for n, (seconds, count, keys) in enumerate(drawn)
    ]


def summed(rows: Iterable[dict[str, Any]], keys: Callable[[dict[str, Any]], Any]) -> dict[Any, Any]:
    """Counts by `keys`, in plain Python."""
    counts: Counter[Any] = Counter()
    for each in rows:
        counts[keys(each)] += each["count"]
    return dict(counts)


def counted(table: Table, *columns: str, where: str = "true") -> dict[Any, int]:
    """Counts by columns, in the table."""
    sql = f"SELECT {', '.join(columns)}, sum(count)::BIGINT AS n FROM dns_counts WHERE {where}"
    rows = table.read(f"{sql} GROUP BY ALL").to_pydict().values()
    return {tuple(key): n for *key, n in zip(*rows, strict=True)}


def tier(bucket: datetime, newest: datetime) -> tuple[datetime, int]:
    """The bucket a time belongs to, by the age of that bucket's end: the contract, said anew."""
    for width, age in ((3600, 3 * DAY), (600, 6 * 3600), (60, 3600)):
        start = datetime.fromtimestamp(bucket.timestamp() // width * width, bucket.tzinfo)
        if start.timestamp() + width <= (newest.timestamp() - age) // width * width:
            return start, width
    return bucket, 10


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(rows_in(st.integers(-5 * DAY, 0)), st.integers(0, 300), st.booleans()),
        min_size=1,
        max_size=6,
    )
)
def test_rolled_up_rows_hold_what_an_independent_count_holds(
    steps: list[tuple[list[Any], int, bool]],
) -> None:
    table, now, all_rows = Table(None, LONG, 10_000), T0, []
    for number, (drawn, seconds, maintain) in enumerate(steps):
        now += timedelta(seconds=seconds)
        rows = made(drawn, 1000 * number)
        all_rows += rows
        table.add(batch(number, rows), now)
        if maintain:
            table.maintain()
    table.add(batch(100, []), now + timedelta(minutes=3))  # all rows may merge now
    table.maintain()
    newest = max((each["bucket"] for each in all_rows), default=T0)

    def keys(each: dict[str, Any]) -> Any:
        start, width = tier(each["bucket"], newest)
        return (start.replace(tzinfo=None), width, *(each[key] for key in KEYS))

    expected = summed(all_rows, keys)
    assert counted(table, "bucket", "width", *KEYS) == expected
    assert table.counters().rows == len(expected)
    newest_uid = {keys(each): each for each in sorted(all_rows, key=lambda each: each["last_ts"])}
    for each in table.read("SELECT * FROM dns_counts").to_pylist():
        key = (each["bucket"], each["width"], *(each[name] for name in KEYS))
        assert each["uid"] == newest_uid[key]["uid"]
        assert each["rtt_sum"] == pytest.approx(0.25 * expected[key])
        assert each["rtt_count"] == expected[key]
        assert each["last_ts"] == newest_uid[key]["last_ts"].replace(tzinfo=None)
    table.close()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(rows_in(st.integers(0, 40), 60), st.integers(0, 90)), min_size=1, max_size=8)
)
def test_folding_and_evicting_keep_the_total_and_the_budget(
    steps: list[tuple[list[Any], int]],
) -> None:
    budget, retention = 60, timedelta(seconds=120)
    table, start, kept = Table(None, retention, budget), 0, []
    read = rejected = evicted = 0
    newest = datetime.min
    for number, (drawn, step) in enumerate(steps):
        start += step
        rows = [row(start + s, count, **keys) for s, count, keys in drawn]
        table.add(batch(number, rows), T0 + timedelta(minutes=3 * number, seconds=start))
        read += sum(each["count"] for each in rows)
        newest = max([newest, *(each["bucket"].replace(tzinfo=None) for each in rows)])
        for each in rows:
            if each["bucket"].replace(tzinfo=None) < newest - retention:
                rejected += each["count"]
            else:
                kept.append(each)
        table.maintain()
        gone = [
            each
            for each in kept
            if each["bucket"].replace(tzinfo=None) + timedelta(seconds=10) <= newest - retention
        ]
        evicted += sum(each["count"] for each in gone)
        kept = [each for each in kept if each not in gone]
        counters = table.counters()
        assert counters.counted == read - rejected
        assert counters.evicted == evicted
        assert counters.rows <= budget
        by_bucket = summed(
            kept, lambda each: (each["bucket"].replace(tzinfo=None), each["rcode_name"])
        )
        assert counted(table, "bucket", "rcode_name") == by_bucket
        assert counters.folded == sum(counted(table, "folded", where="folded > 0").values())
    table.close()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(rows_in(HOURS, 60), st.integers(0, 60), st.booleans(), st.booleans()),
        min_size=1,
        max_size=8,
    )
)
def test_a_view_at_an_older_version_stays_exact_as_long_as_the_table_keeps_it(
    steps: list[tuple[list[Any], int, bool, bool]],
) -> None:
    """Through merging, rolling up and folding; bucket by bucket of an hour, the coarsest."""
    table, now = Table(None, LONG, 150), T0
    then: dict[int, Any] = {}

    def snapshot(at: int) -> dict[Any, int]:
        return counted(table, "date_trunc('hour', bucket)", "rcode_name", where=f"seq <= {at}")

    pinned = set()
    for number, (drawn, seconds, maintain, pin) in enumerate(steps):
        now += timedelta(seconds=seconds)
        table.add(batch(number, made(drawn, 0)), now)
        then[table.version] = snapshot(table.version)
        if pin and table.pin(table.version):
            pinned.add(table.version)
        if maintain:
            table.maintain()
        kept = {version for version in then if table.keeps(version)}
        assert pinned | {version for version in then if version >= table.exact_since} <= kept
        for version in kept:
            assert snapshot(version) == then[version]
    table.close()


def test_a_pinned_version_outlives_merging_and_a_restart(tmp_path: Path) -> None:
    """For longer than the two minutes that each version is spared."""
    table = Table(tmp_path, LONG, 10_000)
    for minute in range(8):
        table.add(batch(minute, [row(0, 1)]), T0 + timedelta(minutes=minute))
        assert minute != 1 or table.pin(table.version)
    table.maintain()
    assert (table.keeps(2), table.keeps(3), table.pin(3)) == (True, False, False)
    rows = table.read("SELECT seq, count FROM dns_counts ORDER BY seq").to_pydict()
    assert rows == {"seq": [2, 6, 7, 8], "count": [2, 4, 1, 1]}
    table.close()
    again = Table(tmp_path, LONG, 10_000)
    assert again.keeps(2)
    again.close()


def test_what_is_evicted_of_a_pinned_version_is_told() -> None:
    table = Table(None, timedelta(minutes=10), 10_000)
    table.add(batch(0, [row(0, 3), row(300, 1)]), T0 + timedelta(minutes=5))
    table.pin(table.version)
    table.add(batch(1, [row(1000, 1)]), T0 + timedelta(minutes=17))
    table.maintain()
    assert (sum(counted(table, "width").values()), table.lost_of(1)) == (1, 4)
    table.close()


def test_only_so_many_versions_are_pinned_and_the_oldest_goes() -> None:
    table = Table(None, LONG, 10_000)
    for number in range(PINS + 1):
        table.add(batch(number, [row(0, 1)]), T0 + timedelta(minutes=5 * number))
        table.pin(table.version)
    table.add(batch(PINS + 1, [row(0, 1)]), T0 + timedelta(minutes=5 * PINS + 5))
    table.maintain()
    assert (table.keeps(1), table.keeps(2)) == (False, True)
    table.close()


def test_versions_of_a_table_made_anew_are_not_those_of_another() -> None:
    table = Table(None, LONG, 10_000, version=1_000)
    table.add(batch(0, [row(0, 1)]), T0)
    kept = [version for version in (1, 999, 1_000, 1_001, 1_002) if table.keeps(version)]
    assert kept == [1_000, 1_001]
    table.close()


def test_two_servers_started_at_the_same_moment_do_not_keep_each_others_versions() -> None:
    """So that the URL of one's pause is not taken for a moment of the other."""
    tables = [Table(None, LONG, 10_000, first_version()) for _ in range(2)]
    for table in tables:
        for number in range(3):
            table.add(batch(number, [row(0, 1)]), T0)
    assert [table.keeps(table.version) for table in tables] == [True, True]
    one, other = tables
    assert not one.keeps(other.version)
    assert not other.keeps(one.version)
    for table in tables:
        table.close()


def test_what_is_folded_of_a_pinned_version_is_told_and_what_is_folded_of_later_ones_is_not() -> (
    None
):
    def folded(names: int, flood: str) -> tuple[int, int]:
        table = Table(None, LONG, 200)
        paused = [row(60, query=f"n{n}.site.com", registered_domain="site.com") for n in range(150)]
        table.add(batch(0, paused), T0)
        table.pin(table.version)
        later = [row(60, query=f"x{n}.{flood}", registered_domain=flood) for n in range(names)]
        table.add(batch(1, later), T0 + timedelta(minutes=5))
        table.maintain()
        sums = counted(table, "folded > 0", where="seq <= 1")
        assert sum(sums.values()) == 150
        assert sums.get((True,), 0) == table.folded_of(1)
        told = table.folded_of(1), table.counters().folded
        table.close()
        return told

    assert folded(40, "flood.net") == (0, 0)
    of_it, of_all = folded(149, "site.com")
    assert 0 < of_it < of_all
    of_it, of_all = folded(2_000, "flood.net")
    assert of_it < of_all


def test_a_ledger_from_before_folds_were_pinned_is_read(tmp_path: Path) -> None:
    table = Table(tmp_path, timedelta(minutes=10), 10_000)
    table.add(batch(0, [row(0, 3)]), T0)
    table.pin(table.version)
    table.add(batch(1, [row(0, 3)]), T0)
    table.close()
    with duckdb.connect(str(tmp_path / FILE_NAME)) as db:
        state = json.loads(db.execute("SELECT state FROM ledger").fetchall()[0][0])
        assert state["pins"] == {"1": {"evicted": 0, "folded": 0}}
        db.execute("UPDATE ledger SET state = ?", [json.dumps({**state, "pins": {"1": 0}})])
    again = Table(tmp_path, timedelta(minutes=10), 10_000)
    assert (again.keeps(1), again.lost_of(1), again.folded_of(1)) == (True, 0, 0)
    again.close()


def test_two_minutes_of_versions_are_spared_from_merging() -> None:
    table = Table(None, LONG, 10_000)
    for number in range(5):  # one a minute, versions 1 to 5
        table.add(batch(number, [row(0, 1)]), T0 + timedelta(minutes=number))
    table.maintain()
    assert table.exact_since == 3
    rows = table.read("SELECT seq, count FROM dns_counts ORDER BY seq").to_pydict()
    assert rows == {"seq": [3, 4, 5], "count": [3, 1, 1]}
    table.close()


def test_rolling_up_and_folding_keep_what_each_spared_version_had() -> None:
    """Each version adds 20 names of one domain, then a later hour comes; all within seconds."""
    table = Table(None, LONG, 100)
    for number in range(5):
        names = [row(10 * number, query=f"n{number}-{n}.example.com") for n in range(20)]
        table.add(batch(number, names), T0 + timedelta(hours=2))
    table.add(batch(5, [row(7200, query="late.example.com")]), T0 + timedelta(hours=2))
    table.maintain()
    assert table.exact_since == 3
    assert set(counted(table, "width")) == {(60,), (10,)}
    assert set(counted(table, "folded")) == {(0,), (1,)}
    for version in (3, 4, 5):
        assert sum(counted(table, "width", where=f"seq <= {version}").values()) == 20 * version
    table.close()


def test_more_than_half_a_budget_is_not_spared() -> None:
    table = Table(None, LONG, 100)
    for number in range(4):
        names = [row(query=f"n{n}.example.com") for n in range(20)]
        table.add(batch(number, names), T0)
    table.maintain()
    assert table.exact_since == 2
    assert table.counters().rows == 20 + 20 + 20
    table.close()


def test_a_late_row_joins_the_tier_of_its_age() -> None:
    table = Table(None, LONG, 1_000)
    table.add(batch(0, [row(0, 1), row(50, 2), row(7200, 4)]), T0 + timedelta(hours=2))
    table.maintain()
    table.add(batch(1, [row(20, 8), row(7190, 16)]), T0 + timedelta(hours=2, minutes=3))
    table.maintain()
    late = {(key[0].minute, key[1]): n for key, n in counted(table, "bucket", "width").items()}
    assert late == {(0, 60): 11, (59, 10): 16, (0, 10): 4}
    table.close()


HABITS = [
    row(60 * (n // 6), 1 + n % 3, id_orig_h=f"10.0.1.{n // 6 % 20}",
        query=f"n{n}.site{n // 6}.com", registered_domain=f"site{n // 6}.com")
    for n in range(240)
]  # fmt: skip
"""What quiet hosts do: six names of one domain in a minute, for forty minutes."""


def flooded(flood: list[dict[str, Any]], budget: int = 1_000) -> Table:
    """A table over its budget by `flood`, maintained."""
    table = Table(None, LONG, budget)
    now = T0 + timedelta(hours=1)
    table.add(batch(0, HABITS), now)
    for number in range(1, 6):
        table.add(batch(number, flood[number - 1 :: 5]), now + timedelta(minutes=number))
        table.maintain()
    counters = table.counters()
    assert counters.rows <= budget
    assert counters.counted == sum(each["count"] for each in HABITS + flood)
    assert sum(counted(table, "width").values()) == counters.counted
    return table


def test_random_names_under_one_domain_cost_only_that_domain_its_names() -> None:
    flood = [
        row(
            n % 60,
            id_orig_h=f"10.0.1.{n % 3}",
            query=f"x{n}.flood.net",
            registered_domain="flood.net",
        )
        for n in range(5000)
    ]
    table = flooded(flood)
    quiet = "registered_domain <> 'flood.net'"
    expected = summed(HABITS, lambda each: (each["id_orig_h"], each["query"]))
    assert counted(table, "id_orig_h", "query", where=quiet) == expected
    by_host = summed(HABITS + flood, lambda each: (each["id_orig_h"], each["registered_domain"]))
    assert counted(table, "id_orig_h", "registered_domain") == by_host
    assert set(counted(table, "folded")) == {(0,), (1,)}
    table.close()


def test_random_domains_of_one_host_cost_only_that_host_its_domains() -> None:
    flood = [
        row(n % 60, id_orig_h="10.9.9.9", query=f"x{n}.com", registered_domain=f"x{n}.com")
        for n in range(5000)
    ]
    table = flooded(flood)
    expected = summed(HABITS, lambda each: (each["id_orig_h"], each["query"]))
    assert counted(table, "id_orig_h", "query", where="id_orig_h <> '10.9.9.9'") == expected
    assert counted(table, "id_orig_h", where="id_orig_h = '10.9.9.9'") == {("10.9.9.9",): 5000}
    table.close()


def test_random_hosts_cost_the_smallest_hosts_and_no_record() -> None:
    flood = [
        row(n % 60, id_orig_h=f"2001:db8::{n:x}", query="a.com", registered_domain="a.com")
        for n in range(5000)
    ]
    table = flooded(flood)
    expected = summed(HABITS, lambda each: (each["id_orig_h"],))
    hosts = counted(table, "id_orig_h")
    assert {host: hosts.get(host) for host in expected} == expected
    assert hosts[(None,)] > 4000
    table.close()


def test_the_largest_names_of_a_flooded_domain_are_the_ones_kept() -> None:
    flood = [
        row(0, 100 if n < 10 else 1, query=f"x{n}.flood.net", registered_domain="flood.net")
        for n in range(5000)
    ]
    table = flooded(flood)
    names = counted(table, "query", where="registered_domain = 'flood.net' AND folded = 0")
    assert all(names[(f"x{n}.flood.net",)] == 100 for n in range(10))
    table.close()


def test_a_fold_leaves_a_fifth_of_the_budget_to_the_batches_that_come() -> None:
    table = Table(None, LONG, 1_000)
    names = [row(n % 60, query=f"n{n}.example.com") for n in range(1_001)]
    table.add(batch(0, names), T0)
    table.maintain()
    assert 750 < table.counters().rows <= 800
    table.close()


def test_a_table_within_its_budget_folds_nothing() -> None:
    table = flooded([], budget=len(HABITS))
    assert (table.counters().folded, table.counters().rows) == (0, len(HABITS))
    table.close()


def test_every_name_is_whole_after_rounds_of_merging_and_folding_a_large_table() -> None:
    """DuckDB 2.0.0 mixes up memory when rows are inserted and deleted in one transaction."""
    table, numbers = Table(None, LONG, 100_000), range(20_000)
    times = {name: [T0] * len(numbers) for name in ("bucket", "first_ts", "last_ts")}
    columns = {name: [value] * len(numbers) for name, value in row().items()} | times
    columns["query"] = [f"n{n}.example{n % 7}.com" for n in numbers]
    columns["registered_domain"] = [f"example{n % 7}.com" for n in numbers]
    columns["uid"] = [f"C{n}" for n in numbers]
    same = pa.table(columns, schema=PARTIALS)
    queries = same.schema.get_field_index("query")
    for number in range(24):
        names = pa.array([f"n{n}.r{number}.example{n % 7}.com" for n in numbers])
        rows = same if number % 2 else same.set_column(queries, "query", names)
        whole = Batch("q", number, {}, rows, read=len(numbers))
        table.add(whole, T0 + timedelta(seconds=number))
        if number > 5 and number % 3 == 0:
            table.maintain()
    names = table.read("SELECT query, registered_domain, uid FROM dns_counts WHERE folded = 0")
    for name, domain, uid in zip(*names.to_pydict().values(), strict=True):
        assert name.endswith(f".{domain}")
        assert name.startswith(f"n{uid.removeprefix('C')}.")
    assert sum(counted(table, "folded").values()) == 24 * len(numbers)
    table.close()


@pytest.mark.parametrize(
    ("sizes", "target", "level"),
    [
        ([(100, 1, 1), (3, 1, 10)], 60, 30),  # the large cell is cut, ten small ones are not
        ([(100, 50, 1), (10, 1, 1)], 60, 50),  # 50 groups cannot become fewer
        ([(5, 1, 2)], 100, 5),
        ([(5, 4, 2)], 1, 0),  # cannot be met: all is folded
    ],
)
def test_water_stands_at_the_same_level_in_every_cell(
    sizes: list[tuple[int, ...]], target: int, level: int
) -> None:
    assert water_level(sizes, target) == level


def test_rows_that_met_in_a_coarse_bucket_as_they_came_are_counted_once() -> None:
    table = Table(None, LONG, 10_000)
    old = T0 - timedelta(hours=2)
    keys = {"id_orig_h": "10.0.0.1", "id_resp_h": "10.0.0.53", "query": "a.example.com"}
    keys |= {"registered_domain": "example.com", "qtype_name": "A", "rcode_name": "NOERROR"}
    times = (T0, old, old + timedelta(seconds=10))
    table.add(batch(0, made([(int((at - T0).total_seconds()), 1, keys) for at in times], 0)), T0)
    table.maintain()
    assert table.counters().rows == table.read("SELECT * FROM dns_counts").num_rows == 2
