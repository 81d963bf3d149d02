"""From a record published to Kafka to the number in a real browser.

    python benchmarks/bench_latency.py [--records 100] [--rates 0 1000 10000]

One record at a time, at a moment of its own within the trigger; 1 s trigger, 1 s refresh. Others
may come beside it, by the simulator on the same cores.
"""

import argparse
import json
import random
import shutil
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from confluent_kafka import Producer
from playwright.sync_api import Page, sync_playwright

from benchmarks.measure import report
from pipeline.demo.broker import Broker
from pipeline.demo.process import end, spawn
from tests.browser.conftest import ARGS
from tests.server import Server

HOST = "192.0.2.77"
WARM_UP = 10
SHOWN = """number => {
  const figures = [...document.querySelectorAll('.figure')];
  const figure = figures.find(each => each.innerText.includes('Queries'));
  return figure && figure.innerText.replaceAll(',', '').split(/\\s+/).includes(String(number));
}"""


def record() -> str:
    """One query of HOST, now."""
    fields = {"id.orig_h": HOST, "id.resp_h": "192.0.2.53", "query": "www.example.com"}
    return json.dumps({"ts": time.time(), "qtype_name": "A", "rcode_name": "NOERROR", **fields})


def seconds_to_screen(producer: Producer, page: Page, number: int) -> float:
    """Publish one record and wait until the page counts it."""
    time.sleep(random.random())
    began = time.perf_counter()
    producer.produce("dns", record())
    producer.flush()
    page.wait_for_function(SHOWN, arg=number, polling=20, timeout=60_000)
    return time.perf_counter() - began


def at_rate(folder: Path, rate: float, records: int) -> list[float]:
    """Seconds of so many records, while others come at a rate: 0 is none."""
    with (
        Broker(folder / "kafka") as broker,
        Server(folder, kafka_servers=broker.servers, master="local[4]") as server,
        sync_playwright() as playwright,
        ExitStack() as stack,
    ):
        broker.create_topic("dns")
        server.wait(lambda: server.reason() == "", "readiness")
        if rate:
            others = [sys.executable, "-m", "pipeline.demo.simulator", "--servers", broker.servers]
            process = spawn([*others, f"--rate={rate}"], folder / "simulator.log")
            stack.callback(end, process, 10)
        producer = Producer({"bootstrap.servers": broker.servers, "linger.ms": 0})
        path = shutil.which("chromium")
        page = playwright.chromium.launch(executable_path=path, args=ARGS).new_page()
        page.goto(f"http://127.0.0.1:{server.port}/?every=1&range=5m&host={HOST}")
        numbers = range(1, records + WARM_UP + 1)
        return [seconds_to_screen(producer, page, number) for number in numbers][WARM_UP:]


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=100)
    parser.add_argument("--rates", type=float, nargs="+", default=[0.0], help="of other records")
    options = parser.parse_args()
    rows = []
    for rate in options.rates:
        with tempfile.TemporaryDirectory() as folder:
            times = at_rate(Path(folder), rate, options.records)
        cuts = statistics.quantiles(times, n=20)
        rows.append([int(rate), len(times), statistics.median(times), cuts[18], max(times)])
    columns = ["other records/s", "records", "p50, s", "p95, s", "max, s"]
    report("latency", columns, rows, reach="p95 ≤ 2")


if __name__ == "__main__":
    main()
