"""Hours of it: a server on Kafka and one on a log directory, watched, harmed and measured.

    make soak ARGS="--hours 2 --rate 500 --retention 10m"

Both simulators go on at the rate; the logs rotate every few minutes and old archives go; the broker
is stopped or killed every `--harm` minutes and comes back; in Chromium the wall of the server on
Kafka and the Overview of the other stand open, refreshed every 2 s. Every sample is a line of
artifacts/soak.jsonl, so that `--told FILE` can tell of a run that was cut short. Slopes are least
squares over means of five minutes, after twice the retention, with twice their standard error; a
slope that is smaller than its error is none.
"""

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from playwright.sync_api import Browser, CDPSession, sync_playwright

from benchmarks.bench_wall import uss_mb
from benchmarks.measure import RESULTS, report
from pipeline.charts import sparkline
from pipeline.demo.broker import Broker
from pipeline.demo.process import end, spawn
from tests.browser.conftest import ARGS
from tests.server import Server

BLOCK_SECONDS = 300
AWAY_SECONDS = 20
Sample = dict[str, float]
UNITS = {
    "java": "JVM, MB", "driver": "Python driver, MB", "workers": "Python workers, MB",
    "files": "file handles", "threads": "threads", "disk": "disk, MB", "batch": "a batch, ms",
    "lag": "lag, records", "rows": "table, rows", "heap": "browser heap, MB", "nodes": "DOM nodes",
    "listeners": "DOM listeners", "uss": "USS of Chromium, MB",
    "renderer": "USS of its renderers, MB", "gpu-process": "USS of its GPU process, MB",
}  # fmt: skip


def kind_of(process: psutil.Process, root: int) -> str:
    """Whose memory it is."""
    if process.pid == root:
        return "driver"
    return "java" if "java" in process.name() else "workers"


def processes(root: int) -> Sample:
    """PSS by kind in MB, file handles and threads of a server and all below it."""
    sums = dict.fromkeys(("java", "driver", "workers", "files", "threads"), 0.0)
    for process in [psutil.Process(root), *psutil.Process(root).children(recursive=True)]:
        try:
            sums[kind_of(process, root)] += process.memory_full_info().pss / 1e6
            sums["files"] += process.num_fds()
            sums["threads"] += process.num_threads()
        except psutil.Error:
            continue
    return sums


def size_mb(folder: Path) -> float:
    """Of all files below, as far as they are still there."""
    total = 0
    for file in folder.rglob("*"):
        try:
            total += file.lstat().st_blocks * 512
        except OSError:
            continue
    return total / 1e6


@dataclass
class Watched:
    """A server, what it writes, and a page of it in a browser."""

    name: str
    folder: Path
    server: Server
    view: str
    browser: CDPSession | None = None
    batches: tuple[float, float] = field(default=(0.0, 0.0))

    def open(self, chromium: Browser) -> None:
        """Its view, refreshed every 2 s."""
        page = chromium.new_page(viewport={"width": 1366, "height": 768})
        page.goto(f"http://127.0.0.1:{self.server.port}/?{self.view}&every=2")
        self.browser = page.context.new_cdp_session(page)

    def sample(self) -> Sample:
        """Everything now; the batch time is of the batches since the last sample."""
        assert self.server.process
        assert self.browser
        self.browser.send("HeapProfiler.collectGarbage")
        counts = self.browser.send("Memory.getDOMCounters")
        took, many = (self.server.metric(f"batch_seconds_{part}") for part in ("sum", "count"))
        (before, fewer), self.batches = self.batches, (took, many)
        return processes(self.server.process.pid) | {
            "disk": size_mb(self.folder),
            "batch": 1000 * (took - before) / max(many - fewer, 1),
            "lag": self.server.metric("source_lag_records"),
            "rows": self.server.metric("table_rows"),
            "read": self.server.metric("records_total"),
            "counted": self.server.metric("records_counted_total"),
            "heap": self.browser.send("Runtime.getHeapUsage")["usedSize"] / 1e6,
            "nodes": counts["nodes"],
            "listeners": counts["jsEventListeners"],
            **uss_mb(),
        }


def simulate(folder: Path, rate: float, *options: str) -> list[str]:
    """A simulator's command; its log is in the folder."""
    simulator = [sys.executable, "-m", "pipeline.demo.simulator", "--rate", str(rate)]
    return [*simulator, "--junk", "0.001", "--every", "10m", *options]


def worlds(
    stack: ExitStack, folder: Path, broker: Broker, rate: float, retention: str
) -> Iterator[Watched]:
    """Both servers, each with its simulator."""
    logs = folder / "logs-of-zeek"
    sources = {
        ("kafka", "wall"): ({"kafka_servers": broker.servers}, ("--servers", broker.servers)),
        ("logs", "range=5m"): (
            {"source": "logs", "log_dir": logs},
            ("--log-dir", str(logs), "--rotate", "5m"),
        ),
    }
    for (name, view), (settings, options) in sources.items():
        own = folder / name
        own.mkdir()
        simulator = spawn(simulate(own, rate, *options), own / "simulator.log")
        stack.callback(end, simulator, 10)
        os.environ["TMPDIR"] = str(own)
        server = Server(own, retention=retention, state_dir=own / "state", **settings)
        stack.enter_context(server)
        yield Watched(name, own, server, view)


def forget(logs: Path, seconds: float) -> None:
    """What zeekctl's cron does: old archives go."""
    for archive in logs.glob("*/*.gz"):
        if time.time() - archive.stat().st_mtime > seconds:
            archive.unlink()


def harm(broker: Broker, number: int) -> None:
    """The broker goes, in order or not, and comes back."""
    broker.stop() if number % 2 else broker.kill()
    time.sleep(AWAY_SECONDS)
    broker.start()


def soak(options: argparse.Namespace, file: Path) -> None:
    """Run until the time is over, a line a sample."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        broker = stack.enter_context(Broker(folder / "broker", keep_bytes=200_000_000))
        broker.create_topic("dns")
        watched = list(worlds(stack, folder, broker, options.rate, options.retention))
        playwright = stack.enter_context(sync_playwright())
        path = shutil.which("chromium")
        chromium = playwright.chromium.launch(executable_path=path, args=ARGS)
        for each in watched:
            each.server.wait(lambda server=each.server: server.reason() == "", "readiness")
            each.open(chromium)
        began, harmed = time.monotonic(), count(1)
        due = began + 60 * options.harm
        while (now := time.monotonic()) < began + 3600 * options.hours:
            for each in watched:
                told = {"server": each.name, "at": now - began, **each.sample()}
                with file.open("a") as lines:
                    lines.write(json.dumps(told) + "\n")
            if now > due:
                harm(broker, next(harmed))
                due += 60 * options.harm
            forget(folder / "logs-of-zeek", 1200)
            chromium.contexts[0].pages[0].wait_for_timeout(1000 * options.sample)
        chromium.close()


def slope(samples: list[Sample], name: str) -> tuple[float, float]:
    """How much more an hour, and twice the standard error, of means of five minutes."""
    blocks: dict[int, list[float]] = {}
    for each in samples:
        blocks.setdefault(int(each["at"] // BLOCK_SECONDS), []).append(each[name])
    times = [number * BLOCK_SECONDS / 3600 for number in blocks]
    means = [statistics.fmean(values) for values in blocks.values()]
    if len(means) < 3:
        return 0.0, float("inf")
    line = statistics.linear_regression(times, means)
    rest = [mean - line.slope * at - line.intercept for at, mean in zip(times, means, strict=True)]
    spread = sum((at - statistics.fmean(times)) ** 2 for at in times)
    return line.slope, 2 * (sum(each**2 for each in rest) / (len(means) - 2) / spread) ** 0.5


def verdict(more: float, error: float) -> str:
    """What a slope says, if it says anything."""
    if error == float("inf"):
        return "too short"
    return "flat" if abs(more) <= error else "rises" if more > 0 else "falls"


def tell(file: Path, settle: float) -> None:
    """Slopes of what came after the first `settle` seconds, and a picture of all of it."""
    samples = [json.loads(line) for line in file.read_text().splitlines()]
    rows, lines = [], []
    for server in dict.fromkeys(each["server"] for each in samples):
        ours = [each for each in samples if each["server"] == server]
        late = [each for each in ours if each["at"] > settle]
        for name, unit in UNITS.items():
            values = [each[name] for each in late]
            more, error = slope(late, name)
            flat = verdict(more, error)
            median = statistics.median(values)
            rows.append([f"{server}: {unit}", median, max(values), more, error, flat])
            lines.append((f"{server}: {unit}", [each[name] for each in ours]))
    columns = ["of", "median", "peak", "an hour more", "± error", "verdict"]
    draw(lines, file.with_suffix(".svg"))
    report("soak", columns, rows, hours=samples[-1]["at"] / 3600, samples=len(samples))


def draw(lines: list[tuple[str, list[float]]], file: Path) -> None:
    """A line of means for each, from its least to its most, over the whole time."""
    parts = []
    for place, (name, values) in enumerate(lines):
        x, y = 10 + 480 * (place * 2 // len(lines)), 30 + 52 * (place % (len(lines) // 2))
        stride = max(1, len(values) // 150)
        means = [statistics.fmean(values[at : at + stride]) for at in range(0, len(values), stride)]
        picture = sparkline(means, "#1D5FBF", 460, 30, fill=True)
        said = f"{name}: {min(values):,.0f} to {max(values):,.0f}"
        parts.append(f'<text x="{x}" y="{y - 4}">{said}</text>')
        parts.append(f'<image x="{x}" y="{y}" width="460" height="30" href="{picture}"/>')
    height = 30 + 26 * len(lines)
    file.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="980" height="{height}"'
        ' font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="white"/>'
        f"{''.join(parts)}</svg>\n"
    )


def main() -> None:
    """Soak, and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=2)
    parser.add_argument("--rate", type=float, default=500, help="records a second, of each")
    parser.add_argument("--retention", default="10m")
    parser.add_argument("--harm", type=float, default=15, help="minutes between outages")
    parser.add_argument("--sample", type=float, default=15, help="seconds between samples")
    parser.add_argument("--settle", type=float, default=1800, help="seconds left out of the slopes")
    parser.add_argument("--told", type=Path, help="tell of this file's run, and run nothing")
    options = parser.parse_args()
    if options.told is None:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "soak.jsonl").unlink(missing_ok=True)
        soak(options, RESULTS / "soak.jsonl")
    tell(options.told or RESULTS / "soak.jsonl", options.settle)


if __name__ == "__main__":
    main()
