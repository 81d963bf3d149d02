"""What the table counts, refuses and remembers."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.table import RESTS, Rejects, Resume, Table, TableError
from tests.unit.table_rows import T0, batch, row

HOUR = timedelta(hours=1)


@pytest.fixture(params=["memory", "file"])
def table(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Table]:
    table = Table(tmp_path if request.param == "file" else None, HOUR, 10_000)
    yield table
    table.close()


def total(table: Table) -> int:
    return int(table.read("SELECT coalesce(sum(count), 0) AS n FROM dns_counts")["n"][0].as_py())


def assert_balanced(table: Table) -> None:
    """The invariant that holds at all times."""
    c = table.counters()
    rejected = sum(records for records, _ in c.rejected.values())
    assert c.read == c.headers + c.counted + rejected + sum(c.other_feed.values())
    assert total(table) == c.counted - c.evicted


def test_rows_are_added_and_summed(table: Table) -> None:
    assert table.add(batch(0, [row(1, 2), row(2, 3, query="mail.example.com")]), T0)
    assert table.add(batch(1, [row(3, 5)]), T0)
    names = table.read("SELECT query, sum(count) AS n FROM dns_counts GROUP BY 1 ORDER BY 1")
    assert names.to_pydict() == {"query": ["mail.example.com", "www.example.com"], "n": [3, 7]}
    assert_balanced(table)


def test_a_replayed_batch_is_skipped(table: Table) -> None:
    table.add(batch(7, [row(count=4)]), T0)
    version = table.version
    assert table.add(batch(7, [row(count=4)]), T0) is False
    assert table.add(batch(6, [row(count=4)]), T0) is False
    assert (total(table), table.version) == (4, version)


def test_a_source_at_its_end_makes_a_version_that_says_so_until_records_come(table: Table) -> None:
    table.rest(T0 + HOUR)
    assert table.over(table.version) is None, "nothing has come that could be over"
    table.add(batch(0, [row(count=4)]), T0)
    before = table.version
    table.rest(T0)
    assert table.version == before, "its newest bucket may still grow"
    table.rest(T0 + HOUR)
    rested = table.version
    assert (rested, table.over(rested)) == (before + 1, T0 + HOUR)
    table.rest(T0 + HOUR + RESTS / 2)
    assert table.version == rested
    table.rest(T0 + HOUR + RESTS)
    assert table.over(table.version) == T0 + HOUR + RESTS
    table.add(batch(1, [row(count=4)]), T0)
    assert table.over(table.version) is None
    assert table.over(rested) == T0 + HOUR
    assert_balanced(table)


def test_what_is_over_is_told_after_twice_as_long_each_time(table: Table) -> None:
    table.add(batch(0, [row(count=4)]), T0)
    told = []
    for seconds in range(0, 3_600, 10):
        before = table.version
        table.rest(T0 + timedelta(seconds=seconds))
        told += [seconds] * (table.version - before)
    assert told == [60, 120, 240, 480, 960, 1560, 2160, 2760, 3360]


def test_what_was_over_in_a_paused_view_stays_so_while_the_source_rests(
    table: Table,
) -> None:
    table.add(batch(0, [row(count=4)]), T0)
    table.rest(T0 + HOUR)
    paused = table.version
    table.pin(paused)
    for count in range(1, 100):
        table.rest(T0 + HOUR + count * RESTS)
    assert (table.over(paused), table.over(paused + 1)) == (T0 + HOUR, None)


def test_a_rest_is_kept_as_the_version_it_is(tmp_path: Path) -> None:
    table = Table(tmp_path, HOUR, 10_000)
    table.add(batch(0, [row(count=4)]), T0)
    table.rest(T0 + HOUR)
    version = table.version
    table.close()
    again = Table(tmp_path, HOUR, 10_000)
    assert again.version == version, "no later batch is taken for it"
    again.close()


def test_a_new_query_may_use_a_batch_number_again(table: Table) -> None:
    table.add(batch(0, [row(count=4)], "first"), T0)
    assert table.add(batch(0, [row(count=5)], "second"), T0)
    assert total(table) == 9


def test_a_query_that_was_replaced_can_add_nothing_more(table: Table) -> None:
    table.add(batch(0, [row(count=4)], "first"), T0)
    table.add(batch(0, [row(count=5)], "second"), T0)
    assert table.add(batch(1, [row(count=6)], "first"), T0) is False
    assert total(table) == 9


def test_resume_is_where_the_last_batch_ended(table: Table) -> None:
    assert table.resume() is None
    table.add(batch(3, [row()], offsets={"dns": {"0": 12, "1": 7}}), T0)
    assert table.resume() == Resume("q", 3, {"dns": {"0": 12, "1": 7}})


def test_a_batch_without_records_moves_the_offsets_and_nothing_else(table: Table) -> None:
    table.add(batch(0, [row()]), T0)
    version, counters = table.version, table.counters()
    assert table.add(batch(1, [], offsets={"dns": {"0": 9}}), T0)
    assert table.resume() == Resume("q", 1, {"dns": {"0": 9}})
    assert (table.version, table.counters()) == (version, counters)


def test_a_record_ahead_of_the_clock_does_not_hide_how_old_the_others_are(table: Table) -> None:
    table.add(batch(0, [row(-900), row(30)]), T0)
    assert table.counters().newest == T0 - timedelta(seconds=900)
    table.add(batch(1, [row(60)]), T0 + timedelta(seconds=1))
    assert table.counters().newest == T0 + timedelta(seconds=1)


def test_rows_from_the_future_are_rejected_and_shown(table: Table) -> None:
    rows = [row(290), row(310, 3, query="late.example.com")]
    table.add(batch(0, rows), T0)
    assert table.counters().rejected == {"from the future": (3, T0)}
    assert table.counters().newest == T0
    [sample] = table.samples("from the future")
    assert json.loads(sample) == {
        "rebuilt": "from the row that counted it",
        "ts": "2026-01-01T00:05:10Z",
        "uid": "CAbc1",
        "id.orig_h": "10.0.0.1",
        "id.resp_h": "10.0.0.53",
        "query": "late.example.com",
        "qtype_name": "A",
        "rcode_name": "NOERROR",
        "count": 3,
    }
    assert_balanced(table)


def test_the_newest_of_the_rows_that_are_rejected_are_shown_newest_last(table: Table) -> None:
    seconds = [400, 330, 370, 310, 390, 350, 320]
    table.add(batch(0, [row(each, uid=f"C{each}") for each in seconds]), T0)
    found = [json.loads(sample)["uid"] for sample in table.samples("from the future")]
    assert found == ["C330", "C350", "C370", "C390", "C400"]


@pytest.mark.parametrize("batches", [[[0, -3600, -3610]], [[0], [-3600], [-3610]]])
def test_rows_older_than_retention_are_rejected(table: Table, batches: list[list[int]]) -> None:
    for number, seconds in enumerate(batches):
        table.add(batch(number, [row(each) for each in seconds]), T0)
    assert (total(table), table.counters().rejected) == (2, {"older than retention": (1, T0)})
    assert_balanced(table)


def test_an_old_log_is_kept_since_retention_counts_from_its_newest_row(table: Table) -> None:
    year = -365 * 86400
    table.add(batch(0, [row(year), row(year - 60)]), T0)
    assert total(table) == 2


def test_every_record_read_is_accounted_for(table: Table) -> None:
    rejects = (Rejects("not JSON", 2, ("{", "x" * 2000)), Rejects("no ts", 1))
    whole = batch(0, [row(count=4)], read=20, headers=3, other_feed={"conn": 5}, rejects=rejects)
    table.add(whole, T0)
    counters = table.counters()
    assert (counters.read, counters.headers, counters.counted) == (20, 3, 4)
    assert counters.other_feed == {"conn": 5}
    assert counters.rejected == {
        "not JSON": (2, T0),
        "no ts": (1, T0),
        "not accounted for": (5, T0),
    }
    assert table.samples("not JSON") == ["{", "x" * 1000]
    assert_balanced(table)


def test_a_batch_that_accounts_for_more_than_it_read_is_refused(table: Table) -> None:
    with pytest.raises(ValueError, match="3 records more than read"):
        table.add(batch(0, [row(count=4)], read=1), T0)
    assert total(table) == 0


def test_only_the_last_five_samples_of_a_reason_are_kept(table: Table) -> None:
    for number in range(4):
        samples = (f"{number}a", f"{number}b")
        table.add(batch(number, [], read=2, rejects=(Rejects("no ts", 2, samples),)), T0)
    assert table.samples("no ts") == ["1b", "2a", "2b", "3a", "3b"]
    assert table.samples("no such reason") == []


def test_reasons_and_feeds_beyond_fifty_count_as_others(table: Table) -> None:
    rejects = tuple(Rejects(f"reason {n}", 1) for n in range(60))
    feeds = {f"feed{n}": 1 for n in range(60)}
    table.add(batch(0, [], read=120, rejects=rejects, other_feed=feeds), T0)
    counters = table.counters()
    assert (len(counters.rejected), counters.rejected["others"][0]) == (51, 10)
    assert (len(counters.other_feed), counters.other_feed["others"]) == (51, 10)
    assert_balanced(table)


def test_the_version_rises_with_everything_that_readers_could_see(table: Table) -> None:
    versions = [table.version]
    table.add(batch(0, [row(0)]), T0)
    versions.append(table.version)
    table.add(batch(1, [], read=1, rejects=(Rejects("no ts", 1),)), T0)
    versions.append(table.version)
    table.add(batch(2, [row(3660)]), T0 + HOUR)
    versions.append(table.version)
    assert table.shrunk == 0
    table.maintain()  # evicts the first row
    versions.append(table.version)
    assert table.shrunk == table.version
    table.maintain()  # has nothing to do
    assert versions == [0, 1, 2, 3, 4]
    assert table.version == 4


def test_parameters_are_bound_by_name_or_place_and_aware_times_are_utc(table: Table) -> None:
    table.add(batch(0, [row(0, 2), row(60, 3, query="'; DROP TABLE dns_counts; --")]), T0)
    sql = "SELECT sum(count)::BIGINT AS n FROM dns_counts WHERE "
    local = (T0 + timedelta(seconds=60)).astimezone()
    assert table.read(sql + "bucket >= $start", {"start": local})["n"].to_pylist() == [3]
    assert table.read(sql + "query = ?", ["'; DROP TABLE dns_counts; --"])["n"].to_pylist() == [3]


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM dns_counts",
        "SELECT 1; DROP TABLE dns_counts",
        "COPY dns_counts TO '/dev/null'",
        "SET threads = 8",
        "PRAGMA disable_checkpoint_on_shutdown",
    ],
)
def test_a_reader_can_only_select(table: Table, sql: str) -> None:
    table.add(batch(0, [row(count=2)]), T0)
    with pytest.raises(TableError, match="only one SELECT"):
        table.read(sql)
    assert total(table) == 2


@pytest.mark.parametrize("sql", ["FROM read_text('/etc/hosts')", "FROM 'http://127.0.0.1/x.csv'"])
def test_a_reader_reaches_nothing_outside_the_table(table: Table, sql: str) -> None:
    with pytest.raises(Exception, match=r"disabled|does not exist"):
        table.read(sql)


def test_everything_is_there_after_a_restart(tmp_path: Path) -> None:
    first = Table(tmp_path, HOUR, 10_000)
    first.add(batch(0, [row(0, 2), row(900, 5)]), T0)
    rejects = (Rejects("no ts", 1, ("{}",)),)
    first.add(batch(1, [row(1, 3)], read=6, headers=1, other_feed={"conn": 1}, rejects=rejects), T0)
    remembered: list[Any] = [
        first.counters(),
        first.resume(),
        first.version,
        first.samples("no ts"),
    ]
    first.close()
    second = Table(tmp_path, HOUR, 10_000)
    again = [second.counters(), second.resume(), second.version, second.samples("no ts")]
    assert again == remembered
    assert second.add(batch(1, [row(1, 3)]), T0) is False
    assert_balanced(second)
    second.close()


def test_another_retention_or_budget_after_a_restart_takes_hold_at_the_next_maintain(
    tmp_path: Path,
) -> None:
    first = Table(tmp_path, 6 * HOUR, 10_000)
    first.add(
        batch(0, [row(-7200, 7), *(row(0, query=f"n{n}.example.com") for n in range(500))]), T0
    )
    first.close()
    second = Table(tmp_path, HOUR, 100)
    second.maintain()
    counters = second.counters()
    assert (counters.evicted, total(second)) == (7, 500)
    assert counters.rows <= 100
    assert counters.folded >= 400
    second.close()


def test_readers_in_many_threads_see_whole_batches_while_the_table_is_maintained() -> None:
    """Every batch adds 60 records at once, so a reader that sees a part of one sees no multiple."""
    table = Table(None, timedelta(minutes=10), 1_000)
    seen: list[int] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            seen.append(total(table) % 60)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(40):
        rows = [row(number * 10, 2, query=f"n{number}-{n}.example.com") for n in range(30)]
        table.add(batch(number, rows), T0 + HOUR)
        if number % 5 == 4:
            table.maintain()
    stop.set()
    for reader in readers:
        reader.join()
    assert_balanced(table)
    table.close()
    assert len(seen) > 40
    assert set(seen) == {0}


def test_a_closed_table_says_so(tmp_path: Path) -> None:
    table = Table(tmp_path, HOUR, 1_000)
    table.close()
    table.close()
    with pytest.raises(TableError, match="closed"):
        table.read("SELECT 1")
    with pytest.raises(TableError, match="closed"):
        table.add(replace(batch(0, [row()])), T0)
