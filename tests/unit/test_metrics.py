"""What Prometheus is told of a table."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import duckdb

from pipeline.metrics import Metrics
from pipeline.status import Status
from pipeline.store import FILE_NAME
from pipeline.table import Table
from tests.unit.table_rows import T0, batch, row


def folded(table: Table) -> list[float | None]:
    """Records folded since the table began, and those that stand folded now."""
    status = Status("live", "", datetime.now(UTC), "made up")
    made = SimpleNamespace(counters=table.counters, status=lambda: status)
    told = Metrics(made).registry.get_sample_value
    return [
        told("zeek_live_table_folded_records_total"),
        told("zeek_live_table_folded_records_now"),
    ]


def names(seconds: float = 0) -> list[dict]:
    return [row(seconds, query=f"n{number}.example.com") for number in range(500)]


def test_records_once_folded_stay_counted_when_they_are_evicted(tmp_path: Path) -> None:
    table = Table(tmp_path, timedelta(hours=1), 100)
    table.add(batch(0, names()), T0)
    table.maintain()
    first, now = folded(table)
    assert first == now
    assert 400 <= first < 500

    table.add(batch(1, [row(7200)]), T0 + timedelta(hours=2))
    table.maintain()
    assert folded(table) == [first, 0]

    table.add(batch(2, names(7200)), T0 + timedelta(hours=2))
    table.maintain()
    more = folded(table)
    table.close()
    assert more == [first + more[1], more[1]]
    assert more[1] >= 400

    again = Table(tmp_path, timedelta(hours=1), 100)
    assert folded(again) == more
    again.close()


def test_a_table_of_before_the_count_begins_it_at_what_stands_folded(tmp_path: Path) -> None:
    table = Table(tmp_path, timedelta(hours=1), 100)
    table.add(batch(0, names()), T0)
    table.maintain()
    first = folded(table)
    table.close()
    with duckdb.connect(str(tmp_path / FILE_NAME)) as file:
        state = json.loads(file.execute("SELECT state FROM ledger").fetchall()[0][0])
        del state["counters"]["folded_ever"]
        file.execute("UPDATE ledger SET state = $1", [json.dumps(state)])
    again = Table(tmp_path, timedelta(hours=1), 100)
    assert folded(again) == first
    again.close()
