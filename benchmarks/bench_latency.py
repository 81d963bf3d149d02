"""From a record published to Kafka to the number in a real browser.

    python benchmarks/bench_latency.py [--records 100]

One record at a time, at a moment of its own within the trigger; 1 s trigger, 1 s refresh.
"""

import argparse
import json
import random
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from confluent_kafka import Producer
from playwright.sync_api import Page, sync_playwright

from benchmarks.measure import report
from pipeline.demo.broker import Broker
from tests.browser.conftest import ARGS
from tests.server import Server

HOST = "192.0.2.77"
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


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=100)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        Broker(Path(folder) / "kafka") as broker,
        Server(Path(folder), kafka_servers=broker.servers, master="local[4]") as server,
        sync_playwright() as playwright,
    ):
        broker.create_topic("dns")
        server.wait(lambda: server.reason() == "", "readiness")
        producer = Producer({"bootstrap.servers": broker.servers, "linger.ms": 0})
        path = shutil.which("chromium")
        page = playwright.chromium.launch(executable_path=path, args=ARGS).new_page()
        page.goto(f"http://127.0.0.1:{server.port}/?every=1&range=5m&host={HOST}")
        warm_up = 10
        times = [
            seconds_to_screen(producer, page, number)
            for number in range(1, options.records + warm_up + 1)
        ][warm_up:]
    cuts = statistics.quantiles(times, n=20)
    rows = [["publish to browser", len(times), statistics.median(times), cuts[18], max(times)]]
    report("latency", ["seconds", "records", "p50", "p95", "max"], rows, reach="p95 ≤ 3")


if __name__ == "__main__":
    main()
