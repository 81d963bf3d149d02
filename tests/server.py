"""The dashboard as a process of its own, as a user runs it, and what it tells from outside."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import psutil
from prometheus_client.parser import text_string_to_metric_families

from pipeline.demo.process import free_port
from tests.conftest import ROOT

PATIENCE = 180
Key = tuple[str | int | None, ...]
KEYS = "bucket id_orig_h id_resp_h query registered_domain qtype_name rcode_name".split()
COUNTS = f"""SELECT epoch(bucket)::BIGINT AS bucket, {", ".join(KEYS[1:])},
    sum(count)::BIGINT AS count FROM dns_counts GROUP BY ALL"""


class Server:
    """`streamlit run dashboard.py` with settings, in a process group of its own."""

    def __init__(self, folder: Path, options: Sequence[str] = (), **settings: object) -> None:
        self.port = free_port()
        self.headers: dict[str, str] = {}
        self._options = options
        self.log = folder / "server.log"
        own = {f"ZEEK_LIVE_{name.upper()}": str(value) for name, value in settings.items()}
        self._environment = {**os.environ, "ZEEK_LIVE_MASTER": "local[2]", **own}
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> "Server":
        """Start it, and do not wait."""
        run = ["-m", "streamlit", "run", "dashboard.py", f"--server.port={self.port}"]
        run += self._options
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *run], cwd=ROOT, env=self._environment,
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        return self

    def __enter__(self) -> "Server":
        return self.start()

    def __exit__(self, *error: object) -> None:
        self.kill()

    def get(self, path: str) -> tuple[int, str]:
        """Status and body; (0, "") while nobody listens."""
        asked = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=self.headers)
        try:
            with urllib.request.urlopen(asked, timeout=10) as got:
                return got.status, got.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def reason(self) -> str:
        """What `/readyz` says is wrong, or "" when all is well."""
        status, body = self.get("/readyz")
        return "" if status == 200 else (json.loads(body)["reason"] if body else "does not answer")

    def metric(self, name: str, **labels: str) -> float:
        """One sample of `/metrics`; 0 if it is not there."""
        for family in text_string_to_metric_families(self.get("/metrics")[1]):
            for sample in family.samples:
                if sample.name == f"zeek_live_{name}" and sample.labels == labels:
                    return sample.value
        return 0.0

    def wait(self, until: Callable[[], object], what: str) -> None:
        """Until something holds; fails with the server's last words."""
        deadline = time.monotonic() + PATIENCE
        while not until():
            ended = self.process is None or self.process.poll() is not None
            if ended or time.monotonic() > deadline:
                told = self.log.read_text(errors="replace")[-3000:]
                raise AssertionError(f"no {what}; {self.reason()}; {told}")
            time.sleep(0.1)

    def wait_for_records(self, count: int) -> None:
        """Until so many records have been counted since the table began."""
        self.wait(lambda: self.metric("records_counted_total") >= count, f"{count} records")

    def kill(self) -> None:
        """SIGKILL to all its processes."""
        if self.process:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(30)

    def stop(self, end: signal.Signals = signal.SIGTERM) -> None:
        """End it in order, by which no process of its is left."""
        assert self.process
        children = psutil.Process(self.process.pid).children(recursive=True)
        assert [child for child in children if runs_java(child)]
        self.process.send_signal(end)
        # Uvicorn ends by the signal it was sent, and Click makes 1 of an interrupt.
        assert self.process.wait(30) in (0, -end, 1 if end == signal.SIGINT else 0)
        assert not psutil.wait_procs(children, timeout=10)[1]
        assert not list(Path(tempfile.gettempdir()).glob(f"zeek-live-{self.process.pid}-*"))


def runs_java(child: psutil.Process) -> bool:
    """Whether it is a JVM that has not just ended."""
    try:
        return "java" in child.name()
    except psutil.NoSuchProcess:
        return False


def table_counts(state_dir: Path) -> Counter[Key]:
    """Counts by all that a row is known by, from the table's file."""
    [file] = state_dir.glob("*.duckdb")
    with duckdb.connect(str(file), read_only=True) as table:
        rows = table.execute(COUNTS).fetchall()
    return Counter({tuple(row[:-1]): row[-1] for row in rows})


def line_counts(lines: list[str]) -> Counter[Key]:
    """The same from the JSON lines themselves, in plain Python; domains have two labels."""
    return Counter(_key(json.loads(line)) for line in lines)


def _key(record: dict[str, Any]) -> Key:
    query = record["query"].lower().removesuffix(".")
    return (
        int(record["ts"] // 10 * 10),
        record["id.orig_h"],
        record["id.resp_h"],
        query,
        ".".join(query.split(".")[-2:]),
        record.get("qtype_name"),
        record.get("rcode_name"),
    )
