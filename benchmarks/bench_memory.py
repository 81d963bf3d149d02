"""Memory of the whole process tree (PSS) under a steady load with a short retention.

    python benchmarks/bench_memory.py [--minutes 20] [--rate 5000] [--retention 5m] [--distinct]

The slope is of the second half, by least squares. With --distinct every name is one of its own: a
flood, which the row budget has to hold.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.measure import Cost, report, watched
from pipeline.demo.broker import Broker
from tests.server import Server

REACH_MB = 2000


def slope(series: list[tuple[float, float]]) -> float:
    """MB a minute."""
    times, values = zip(*series, strict=True)
    return 60 * statistics.linear_regression(times, values).slope


def watched_run(
    folder: Path, minutes: float, rate: int, retention: str, distinct: bool
) -> tuple[Cost, dict[str, float]]:
    """The cost of the server, and what its table held at the end."""
    with (
        Broker(folder / "kafka", keep_bytes=2_000_000_000) as broker,
        Server(
            folder, kafka_servers=broker.servers, retention=retention, master="local[4]"
        ) as server,
    ):
        broker.create_topic("dns")
        command = [sys.executable, "-m", "pipeline.demo.simulator", "--servers", broker.servers]
        command += ["--rate", str(rate), *["--distinct"] * distinct]
        simulator = subprocess.Popen(command)
        assert server.process
        server.wait(lambda: server.reason() == "", "readiness")
        cost, done = watched(server.process.pid, every=5)
        time.sleep(60 * minutes)
        done.set()
        simulator.terminate()
        names = ("records_counted_total", "table_rows", "table_folded_records_total")
        return cost, {name: server.metric(name) for name in names}


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--rate", type=int, default=5000)
    parser.add_argument("--retention", default="5m")
    parser.add_argument("--distinct", action="store_true", help="a name of its own a record")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        cost, held = watched_run(
            Path(folder), options.minutes, options.rate, options.retention, options.distinct
        )
    halves = [cost.series[: len(cost.series) // 2], cost.series[len(cost.series) // 2 :]]
    rows = [
        [name, statistics.median(mb for _, mb in half), max(mb for _, mb in half), slope(half)]
        for name, half in zip(("first half", "second half"), halves, strict=True)
    ]
    columns = ["PSS, MB", "median", "peak", "MB a minute"]
    report("memory", columns, rows, **held, reach=f"≤ {REACH_MB} MB, flat", series=cost.series)


if __name__ == "__main__":
    main()
