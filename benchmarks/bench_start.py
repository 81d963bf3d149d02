"""From `streamlit run` to `/readyz` 200, to the first number, and from SIGTERM to the end.

Each run ends with a second server, stopped while the broker is away.

python benchmarks/bench_start.py [--runs 3] [--records 100000]
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.bench_drain import publish
from benchmarks.measure import report
from pipeline.demo.broker import Broker
from tests.server import Server

REACH_SECONDS = 12


def stop_without(broker: Broker, folder: Path) -> float:
    """Seconds of a stop while the broker is away."""
    with Server(folder, kafka_servers=broker.servers, master="local[4]") as server:
        server.wait(lambda: server.reason() == "", "readiness")
        broker.kill()
        server.wait(lambda: "does not answer" in server.reason(), "word of the outage")
        began = time.perf_counter()
        server.stop()
        seconds = time.perf_counter() - began
    broker.start()
    return seconds


def started(servers: str, folder: Path) -> list[float]:
    """Seconds to readiness, to the first record counted, and of the stop."""
    began = time.perf_counter()
    with Server(folder, kafka_servers=servers, start="earliest", master="local[4]") as server:
        server.wait_for_records(1)
        first = time.perf_counter() - began
        server.wait(lambda: server.reason() == "", "readiness")
        ready = time.perf_counter() - began
        began = time.perf_counter()
        server.stop()
        return [ready, first, time.perf_counter() - began]


def main() -> None:
    """Several runs over one backlog."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--records", type=int, default=100_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Broker(Path(folder) / "kafka") as broker:
        broker.create_topic("dns")
        publish(broker.servers, options.records, distinct=False)
        runs = [
            [*started(broker.servers, Path(folder)), stop_without(broker, Path(folder))]
            for _ in range(options.runs)
        ]
    rows = [
        [what, min(times), statistics.median(times), max(times)]
        for what, times in zip(
            ("ready", "first number", "stop", "stop, broker away"),
            zip(*runs, strict=True),
            strict=True,
        )
    ]
    report("start", ["seconds to", "min", "median", "max"], rows, reach=f"ready ≤ {REACH_SECONDS}")


if __name__ == "__main__":
    main()
