"""Days of a table's life, driven instead of waited for."""

from datetime import timedelta
from pathlib import Path

from pipeline.table import Table
from tests.life import Life

BUDGET, RETENTION = 1_000, timedelta(days=1)


def test_three_days_leave_rows_and_file_bounded_and_every_hour_exact(tmp_path: Path) -> None:
    table = Table(tmp_path, RETENTION, BUDGET)
    life, rows, sizes = Life(table, RETENTION, 70, timedelta(hours=1)), [], []
    for _ in range(72):
        life.hour()
        assert life.wrong() == ""
        rows.append(table.counters().rows)
        sizes.append(sum(file.stat().st_size for file in tmp_path.iterdir()))
    counters = table.counters()
    table.close()
    assert max(rows) <= BUDGET
    assert min(rows[24:]) > BUDGET / 2
    assert counters.folded > 0
    assert counters.evicted > counters.counted / 2
    assert max(sizes[48:]) <= 1.5 * max(sizes[:48])
