"""A flood of keys, of one kind or of all, costs the flooded their details and nobody a record."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.store import FILE_NAME, Store
from pipeline.table import FROM_THE_FUTURE, TOO_OLD, Batch, Table
from tests.floods import FLOODS, flood
from tests.unit.table_rows import T0, batch, row

BUDGET, RETENTION, BATCHES, RECORDS = 6_000, timedelta(hours=2), 5, 5_000
QUIET = [
    row(-60 * n, 2 + n % 3, id_orig_h=f"10.0.1.{n % 10}", query=f"n{n % 5}.site{n % 4}.example",
        registered_domain=f"site{n % 4}.example")
    for n in range(100)
]  # fmt: skip
"""What ten hosts do, a record or a few a minute."""


@pytest.mark.parametrize("kind", FLOODS)
def test_a_flood_leaves_rows_bounded_totals_exact_and_the_counts_of_other_hosts_as_they_were(
    kind: str,
) -> None:
    table = Table(None, RETENTION, BUDGET)
    table.add(batch(0, QUIET), T0)
    for number in range(1, BATCHES + 1):
        now = T0 + timedelta(seconds=number)
        rows = flood(kind, number * RECORDS, RECORDS, now, RETENTION)
        table.add(Batch("q", number, {}, rows, read=RECORDS), now)
        table.maintain()
        assert table.counters().rows <= BUDGET
    counters = table.counters()
    rejected = sum(counters.rejected.get(why, (0,))[0] for why in (FROM_THE_FUTURE, TOO_OLD))
    quiet = sum(each["count"] for each in QUIET)
    assert counters.counted + rejected == counters.read == quiet + BATCHES * RECORDS
    kept = table.read("SELECT sum(count) AS n, sum(count) FILTER (folded > 0) AS f FROM dns_counts")
    assert kept["n"][0].as_py() == counters.counted - counters.evicted
    assert (kept["f"][0].as_py() or 0) == counters.folded
    assert (counters.folded > 0) == (kind != "times")
    sql = "SELECT id_orig_h, sum(count)::INT AS n FROM dns_counts WHERE id_orig_h LIKE '10.0.1.%'"
    found = dict(zip(*table.read(f"{sql} GROUP BY ALL").to_pydict().values(), strict=True))
    expected: Counter[str] = Counter()
    for each in QUIET:
        expected[each["id_orig_h"]] += each["count"]
    assert found == expected
    table.close()


def test_a_flood_of_a_large_table_waits_as_long_between_its_later_checkpoints(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where rows stay in several groups, a checkpoint leaves gaps in their ids."""
    budget, records, checkpoint = 150_000, 60_000, Store.checkpoint
    checkpoints: list[int] = []

    def noted(store: Store) -> None:
        checkpoints.append(number)
        checkpoint(store)

    monkeypatch.setattr(Store, "checkpoint", noted)
    table = Table(None, RETENTION, budget)
    for number in range(18):
        rows = flood("names", number * records, records, T0, RETENTION)
        table.add(Batch("q", number, {}, rows, read=records), T0)
        if table.due:
            table.maintain()
    later = [number for number in checkpoints if number >= 8]
    assert 2 <= len(later) <= 4, checkpoints
    table.close()


def test_under_a_flood_a_checkpoint_waits_and_memory_and_file_stay_bounded(tmp_path: Path) -> None:
    """It writes the whole table anew: not for every batch, but for a budget of dead rows."""
    table, log, waits = Table(tmp_path, RETENTION, BUDGET), tmp_path / f"{FILE_NAME}.wal", 0
    sizes, dead = [], []
    for number in range(30):
        rows = flood("names", number * RECORDS, RECORDS, T0, RETENTION)
        table.add(Batch("q", number, {}, rows, read=RECORDS), T0)
        table.maintain()
        waits += log.exists() and log.stat().st_size > 0
        sizes.append(sum(file.stat().st_size for file in tmp_path.iterdir()))
        found = table.read("SELECT max(rowid) + 1 - count(*) AS n FROM dns_counts")
        dead.append(found["n"][0].as_py())
    assert 5 < waits < 25
    assert max(dead) <= 3 * BUDGET
    assert max(sizes[15:]) <= 1.5 * max(sizes[:15])
    table.maintain()
    assert not log.exists()
    table.close()
