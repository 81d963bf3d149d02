"""The rate that this machine sustains: ever more records a second, until the lag rises.

    python benchmarks/bench_sustained.py [--rates 1000 5000 10000 20000 …] [--minutes 10]

A server on Kafka, the simulator beside it on the same cores, and one viewer whose page is refreshed
every 2 s. `event to table` is the age of the newest record that is counted, looked at four times a
second: half of a trigger's gap is in it. The lag's slope is by least squares; a rate is sustained
if the lag does not grow by more than a hundredth of what is published.
"""

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from playwright.sync_api import sync_playwright

from benchmarks.measure import report, watched
from pipeline.demo.broker import Broker
from pipeline.demo.process import end, spawn
from tests.browser.conftest import ARGS
from tests.server import Server

RATES = (1_000, 5_000, 10_000, 20_000, 30_000, 40_000)
SETTLE_SECONDS = 30
GROWTH = 0.01
COLUMNS = [
    "records/s", "event to table p50, s", "p95, s", "a batch, s", "CPU cores", "memory, MB",
    "lag, records", "lag a second", "sustained",
]  # fmt: skip


def watched_at(server: Server, rate: float, seconds: float) -> list[object]:
    """A row of the table: what the server does for so many seconds at this rate."""
    assert server.process
    cost, done = watched(server.process.pid)
    cost.look()
    spent = cost.cpu_seconds
    ages, lags = [], []
    took, many = (server.metric(f"batch_seconds_{part}") for part in ("sum", "count"))
    began = time.time()
    while time.time() < began + seconds:
        ages.append(time.time() - server.metric("newest_record_timestamp_seconds"))
        lags.append((time.time() - began, server.metric("source_lag_records")))
        time.sleep(0.25)
    done.set()
    batches = server.metric("batch_seconds_count") - many
    batch = (server.metric("batch_seconds_sum") - took) / max(batches, 1)
    grows = statistics.linear_regression(*zip(*lags, strict=True)).slope
    lag = statistics.median(lag for _, lag in lags)
    cores = (cost.cpu_seconds - spent) / (time.time() - began)
    cuts = statistics.quantiles(ages, n=20)
    held = "yes" if grows <= GROWTH * rate else "no"
    return [int(rate), cuts[9], cuts[18], batch, cores, cost.peak_mb, int(lag), grows, held]


def at_rate(rate: float, seconds: float) -> list[object]:
    """The same of a server and a broker of their own."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        broker = stack.enter_context(Broker(folder / "kafka", keep_bytes=2_000_000_000))
        broker.create_topic("dns")
        settings = {"kafka_servers": broker.servers, "retention": "5m", "master": "local[4]"}
        server = stack.enter_context(Server(folder, **settings))
        server.wait(lambda: server.reason() == "", "readiness")
        playwright = stack.enter_context(sync_playwright())
        path = shutil.which("chromium")
        page = playwright.chromium.launch(executable_path=path, args=ARGS).new_page()
        page.goto(f"http://127.0.0.1:{server.port}/?every=2&range=5m")
        simulator = [sys.executable, "-m", "pipeline.demo.simulator", "--servers", broker.servers]
        process = spawn([*simulator, "--rate", str(rate)], folder / "simulator.log")
        stack.callback(end, process, 10)
        page.wait_for_timeout(1000 * SETTLE_SECONDS)
        return watched_at(server, rate, seconds)


def main() -> None:
    """Rates in turn, to the first that is not sustained."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rates", type=float, nargs="+", default=RATES)
    parser.add_argument("--minutes", type=float, default=10, help="of each rate")
    options = parser.parse_args()
    rows = []
    for rate in options.rates:
        rows.append(at_rate(rate, 60 * options.minutes))
        print(*rows[-1], flush=True)
        if rows[-1][-1] == "no":
            break
    report("sustained", COLUMNS, rows, minutes=options.minutes)


if __name__ == "__main__":
    main()
