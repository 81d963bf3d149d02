"""Many viewers of one server at once: how long a page's refresh takes them, and the stream.

    python benchmarks/bench_viewers.py [--viewers 20] [--seconds 60] [--rate 5000] [--every 2]

A viewer here is a session of Streamlit's own protocol without a browser's drawing: it asks for the
Overview, and then for each of its parts as often as the page told it to, as a browser does.
"""

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect

from benchmarks.measure import report, watched
from pipeline.demo.broker import Broker
from tests.server import Server

REACH_SECONDS = 1.0


class Viewer(threading.Thread):
    """One session; `took` has (part, seconds, bytes) of each refresh."""

    def __init__(self, port: int, query: str, done: threading.Event) -> None:
        super().__init__(daemon=True)
        self.port, self.query, self.done = port, query, done
        self.page = ""
        self.due: dict[str, float] = {}
        self.every: dict[str, float] = {}
        self.took: list[tuple[str, float, int]] = []

    def run(self) -> None:
        """Look until told to stop."""
        address = f"ws://127.0.0.1:{self.port}/_stcore/stream"
        with connect(address, subprotocols=["streamlit"], max_size=None) as socket:
            self._ask(socket, "")
            while not self.done.is_set():
                part = min(self.due, key=lambda each: self.due[each])
                if (wait := self.due[part] - time.monotonic()) > 0:
                    time.sleep(min(wait, 0.2))
                    continue
                began = time.monotonic()
                size = self._ask(socket, part)
                self.took.append((part, time.monotonic() - began, size))
                self.due[part] = max(began + self.every.get(part, 60.0), time.monotonic())

    def _ask(self, socket: ClientConnection, part: str) -> int:
        """Ask for a part, or the whole page, and read until it is drawn; its bytes."""
        message = BackMsg()
        asked = message.rerun_script
        asked.query_string, asked.page_script_hash, asked.fragment_id = self.query, self.page, part
        asked.is_auto_rerun = bool(part)
        asked.context_info.timezone, asked.context_info.color_scheme = "UTC", "light"
        socket.send(message.SerializeToString())
        size = 0
        while True:
            data = socket.recv(timeout=60)
            assert isinstance(data, bytes)
            size += len(data)
            told = ForwardMsg.FromString(data)
            kind = told.WhichOneof("type")
            if kind == "new_session":
                self.page = told.new_session.page_script_hash
            if kind == "auto_rerun":
                each = told.auto_rerun
                self.every[each.fragment_id] = each.interval
                self.due.setdefault(each.fragment_id, time.monotonic() + each.interval)
            if kind == "script_finished":
                return size


def looked(server: Server, viewers: int, seconds: float, every: int) -> list[Viewer]:
    """All viewers, after they have looked so long."""
    done = threading.Event()
    crowd = [Viewer(server.port, f"every={every}&range=15m", done) for _ in range(viewers)]
    for place, viewer in enumerate(crowd):
        viewer.start()
        time.sleep(every / viewers if place else 2)
    time.sleep(seconds)
    done.set()
    for viewer in crowd:
        viewer.join(60)
    return crowd


def refreshes(crowd: list[Viewer]) -> list[float]:
    """Seconds of the panels' refreshes: of the part that is most bytes in each session."""
    seconds = []
    for viewer in crowd:
        sizes: dict[str, int] = {}
        for part, _, size in viewer.took:
            sizes[part] = sizes.get(part, 0) + size
        largest = max(sizes, key=lambda part: sizes[part])
        # The first refresh of a session still fills the caches.
        seconds += [took for part, took, _ in viewer.took if part == largest][1:]
    return seconds


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--viewers", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rate", type=int, default=5000)
    parser.add_argument("--every", type=int, default=2)
    options = parser.parse_args()
    rows = []
    with (
        tempfile.TemporaryDirectory() as folder,
        Broker(Path(folder) / "kafka") as broker,
        Server(Path(folder), kafka_servers=broker.servers, master="local[4]") as server,
    ):
        broker.create_topic("dns")
        command = [sys.executable, "-m", "pipeline.demo.simulator", "--servers", broker.servers]
        simulator = subprocess.Popen([*command, "--rate", str(options.rate), "--backfill", "15m"])
        server.wait(lambda: server.reason() == "", "readiness")
        server.wait(lambda: server.metric("source_lag_records") < options.rate * 3, "end of lag")
        time.sleep(10)
        for viewers in sorted({1, options.viewers}):
            assert server.process
            cost, done = watched(server.process.pid)
            cost.look()
            before, cpu = counts(server), cost.cpu_seconds
            began = time.monotonic()
            crowd = looked(server, viewers, options.seconds, options.every)
            wall = time.monotonic() - began
            after = counts(server)
            done.set()
            p50, p95 = np.percentile(refreshes(crowd), [50, 95])
            rows.append(
                [
                    viewers,
                    len(refreshes(crowd)),
                    1000 * p50,
                    1000 * p95,
                    after["view_cache_misses_total"] - before["view_cache_misses_total"],
                    after["view_cache_hits_total"] - before["view_cache_hits_total"],
                    (after["records_counted_total"] - before["records_counted_total"]) / wall,
                    after["source_lag_records"],
                    (cost.cpu_seconds - cpu) / wall,
                ]
            )
        simulator.terminate()
    columns = ["viewers", "refreshes", "p50 ms", "p95 ms", "views computed", "views from cache"]
    columns += ["records/s", "lag at the end", "CPU of 2"]
    report("viewers", columns, rows, reach=f"p95 below {1000 * REACH_SECONDS:.0f} ms, no lag")


def counts(server: Server) -> dict[str, float]:
    """Of the metrics that are compared."""
    names = "view_cache_misses_total view_cache_hits_total records_counted_total source_lag_records"
    return {name: server.metric(name) for name in names.split()}


if __name__ == "__main__":
    main()
