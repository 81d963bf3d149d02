"""Raw records read again beside the stream: how fast, and what the stream's lag is meanwhile.

    python benchmarks/bench_lookup.py [--rate 5000] [--backfill 15m] [--times 3]

Each look-up is of one host that asks for nothing, so that all of the time is read.
"""

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.measure import report
from pipeline.demo.broker import Broker
from pipeline.query import Pipeline
from pipeline.settings import Settings
from pipeline.state import Filter, View


class Lags(threading.Thread):
    """How many records the stream is behind, twice a second."""

    def __init__(self, pipeline: Pipeline) -> None:
        super().__init__(daemon=True)
        self.pipeline, self.done = pipeline, threading.Event()
        self.seen: list[float] = []

    def run(self) -> None:
        """Look until told to stop."""
        while not self.done.wait(0.5):
            self.seen.append(self.pipeline.status().lag_records or 0)


def watched(pipeline: Pipeline, seconds: float, look_up: bool) -> list[float]:
    """What was read, how fast, and the lag while it was, or while nothing was."""
    lags = Lags(pipeline)
    lags.start()
    began, now = time.monotonic(), datetime.now(UTC)
    nobody = View(filters=(Filter("host", "192.0.2.1"),), hidden=frozenset())
    lookup = pipeline.look_up(nobody, now - timedelta(hours=1), now) if look_up else None
    while lookup and not lookup.is_over:
        time.sleep(0.05)
    if lookup is None:
        time.sleep(seconds)
    took = time.monotonic() - began
    lags.done.set()
    lags.join()
    read = lookup.read if lookup else 0
    p50, worst = np.percentile(lags.seen, [50, 100])
    return [read, took, read / took, p50, worst]


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=5000)
    parser.add_argument("--backfill", default="15m")
    parser.add_argument("--times", type=int, default=3)
    options = parser.parse_args()
    rows: list[list[object]] = []
    with tempfile.TemporaryDirectory() as folder, Broker(Path(folder)) as broker:
        broker.create_topic("dns")
        command = [sys.executable, "-m", "pipeline.demo.simulator", "--servers", broker.servers]
        rate = ["--rate", str(options.rate), "--backfill", options.backfill]
        simulator = subprocess.Popen([*command, *rate])
        pipeline = Pipeline(Settings(kafka_servers=broker.servers, master="local[4]"))
        pipeline.start()
        while pipeline.status().reason or (pipeline.status().lag_records or 0) > 3 * options.rate:
            time.sleep(0.5)
        time.sleep(10)
        for _ in range(options.times):
            rows.append(["nothing", *watched(pipeline, 15, look_up=False)])
            rows.append(["a look-up", *watched(pipeline, 15, look_up=True)])
        simulator.terminate()
        pipeline.stop()
    columns = ["beside the stream", "lines read", "seconds", "lines/s", "lag p50", "lag worst"]
    report("lookup", columns, rows, reach="lag stays small")


if __name__ == "__main__":
    main()
