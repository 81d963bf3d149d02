"""Thirty days of a table's life by driving its clock: rows, bytes and `maintain`, and their slopes.

    python benchmarks/bench_month.py [--days 30] [--rows 500] [--budget 50000] [--step 10]

A batch every ten minutes (--step) with one day of retention, in memory and then in a file. Every
hour all that is kept is compared with an independent count. Slopes are of the second
half, by least squares, beside their standard error.
"""

import argparse
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.measure import report
from pipeline.table import Table
from tests.life import Life

RETENTION = timedelta(days=1)
Series = list[tuple[float, ...]]


def lived(folder: Path | None, days: float, rows: int, budget: int, step: float) -> Series:
    """(day, rows, MB of memory, MB of the file, seconds of maintain) for each hour."""
    table, process = Table(folder, RETENTION, budget), psutil.Process()
    life = Life(table, RETENTION, rows, timedelta(minutes=step))
    series: Series = []
    for hour in range(1, int(24 * days) + 1):
        seconds = life.hour()
        if wrong := life.wrong():
            sys.exit(f"hour {hour} is not exact: {wrong}")
        size = sum(file.stat().st_size for file in folder.iterdir()) if folder else 0
        memory = process.memory_info().rss
        series.append((hour / 24, table.counters().rows, memory / 1e6, size / 1e6, seconds))
    print(f"{hour} hours exact, {table.counters().counted:,} records counted", flush=True)
    table.close()
    return series


def trend(series: Series, column: int) -> list[object]:
    """Mean, most, slope a day and its standard error, in the second half."""
    days, *values = np.array(series[len(series) // 2 :]).T
    found = values[column - 1]
    (slope, _), covariance = np.polyfit(days, found, 1, cov=True)
    return [
        float(found.mean()),
        float(found.max()),
        f"{slope:+.4f} ± {covariance[0, 0] ** 0.5:.4f}",
    ]


def main() -> None:
    """Live and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=float, default=30)
    parser.add_argument("--rows", type=int, default=500, help="in a batch")
    parser.add_argument("--budget", type=int, default=50_000)
    parser.add_argument("--step", type=float, default=10, help="minutes of a batch")
    parser.add_argument("--memory-only", action="store_true", help="without the file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folders = {"in memory": None, **({} if options.memory_only else {"in a file": Path(place)})}
        runs = {
            name: lived(folder, options.days, options.rows, options.budget, options.step)
            for name, folder in folders.items()
        }
    names = ["rows", "memory, MB", "file, MB", "maintain, s"]
    rows = [
        [f"{what}, {run}", *trend(series, column)]
        for run, series in runs.items()
        for column, what in enumerate(names, 1)
        if what != "file, MB" or run == "in a file"
    ]
    columns = ["second half", "mean", "most", "a day"]
    told = [{"run": run, "series": series} for run, series in runs.items()]
    report("month", columns, rows, budget=options.budget, days=options.days, runs=told)


if __name__ == "__main__":
    main()
