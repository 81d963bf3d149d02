"""A table under floods of keys: memory, rows and time, for each kind of flood and for all at once.

    python benchmarks/bench_flood.py [--seconds 60] [--rate 20000] [--budget 200000] [--kind names]

A batch a second, of which every record is a row of its own, straight into the table, as fast as it
takes them. Totals are checked after every `maintain`.
"""

import argparse
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.bench_memory import slope
from benchmarks.measure import report
from pipeline.table import Batch, Table
from tests.floods import FLOODS, flood

RETENTION = timedelta(hours=2)


def check(table: Table) -> None:
    """End the benchmark if a record is missing."""
    counters = table.counters()
    rejected = sum(count for count, _ in counters.rejected.values())
    kept = table.read("SELECT sum(count) AS n FROM dns_counts")["n"][0].as_py() or 0
    if not counters.read == counters.counted + rejected == kept + counters.evicted + rejected:
        sys.exit(f"not exact: {counters}")


def flooded(kind: str, seconds: int, rate: int, budget: int) -> tuple[list[object], list[object]]:
    """A row of the report, and (second, MB, rows) over time."""
    table, process = Table(None, RETENTION, budget), psutil.Process()
    series: list[tuple[float, float, int]] = []
    spent, start = 0.0, datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(seconds):
        now = start + timedelta(seconds=number)
        rows = flood(kind, number * rate, rate, now, RETENTION)
        begun = time.perf_counter()
        table.add(Batch("q", number, {}, rows, read=rate), now)
        if table.due:
            table.maintain()
        spent += time.perf_counter() - begun
        series.append((number, process.memory_info().rss / 1e6, table.counters().rows))
    table.maintain()
    check(table)
    counters = table.counters()
    half = [(at, mb) for at, mb, _ in series[len(series) // 2 :]]
    most = max(rows for _, _, rows in series)
    folded = 100 * counters.folded / max(1, counters.counted - counters.evicted)
    row = [kind, seconds * rate, counters.counted, most, folded, half[-1][1], slope(half)]
    table.close()
    return [*row, seconds * rate / spent], list(series)


def main() -> None:
    """Flood and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--rate", type=int, default=20_000)
    parser.add_argument("--budget", type=int, default=200_000)
    parser.add_argument("--kind", choices=FLOODS, action="append")
    options = parser.parse_args()
    kinds = options.kind or list(FLOODS)
    found = {k: flooded(k, options.seconds, options.rate, options.budget) for k in kinds}
    columns = ["flood of", "records", "counted", "most rows", "folded, %", "MB at the end"]
    columns += ["MB a minute, 2nd half", "records/s taken"]
    series: list[object] = [{"kind": kind, "series": each} for kind, (_, each) in found.items()]
    report("flood", columns, [row for row, _ in found.values()], budget=options.budget, runs=series)


if __name__ == "__main__":
    main()
