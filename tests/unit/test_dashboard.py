"""The server's script, as it is loaded: what it says and does before there is a stream."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from pipeline.demo.process import free_port
from tests.conftest import ROOT

LOADED = """
import os, runpy, signal, sys

def in_order(*_):
    print("held until all is loaded")

class Busy:
    def find_spec(self, name, *_):
        if name == "pipeline.query" and "kill" in sys.argv:
            os.kill(os.getpid(), signal.SIGTERM)

signal.signal(signal.SIGTERM, in_order)
sys.meta_path.insert(0, Busy())
runpy.run_path("dashboard.py")
print(signal.getsignal(signal.SIGTERM).__name__)
"""


def load(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    own = {"ZEEK_LIVE_SOURCE": "logs", "ZEEK_LIVE_LOG_DIR": str(folder), "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-c", LOADED, *arguments],
        cwd=ROOT, env={**os.environ, **own}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip


def test_a_signal_ends_a_server_that_is_only_loading_at_once(tmp_path: Path) -> None:
    told = load(tmp_path, "kill")
    assert (told.returncode, told.stdout) == (-signal.SIGTERM, ""), told.stderr


def test_once_it_is_loaded_a_signal_ends_it_in_order(tmp_path: Path) -> None:
    assert load(tmp_path).stdout == "in_order\n"


def refused(folder: Path, port: int, cwd: Path = ROOT, **settings: str) -> str:
    """What a server says that does not start; its address is no part of it."""
    run = ["-m", "streamlit", "run", "dashboard.py", f"--server.port={port}"]
    own = {"ZEEK_LIVE_SOURCE": "logs", "ZEEK_LIVE_LOG_DIR": str(folder), **settings}
    told = subprocess.run(
        [sys.executable, *run],
        cwd=cwd, env={**os.environ, **own}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert told.returncode == 1
    assert told.stdout == ""
    [sentence] = told.stderr.splitlines()
    return sentence


def test_a_wrong_setting_is_all_that_a_server_says(tmp_path: Path) -> None:
    said = refused(tmp_path, free_port(), ZEEK_LIVE_TRIGGER="soon")
    assert said.startswith("zeek-live: ZEEK_LIVE_TRIGGER='soon' cannot be used: a duration is")


def test_a_missing_java_is_all_that_a_server_says(tmp_path: Path) -> None:
    said = refused(tmp_path, free_port(), PATH=str(tmp_path), JAVA_HOME="")
    assert said.startswith("zeek-live: Java 17 or newer is needed (none in JAVA_HOME or on PATH)")


def test_a_missing_python_of_the_workers_is_all_that_a_server_says(tmp_path: Path) -> None:
    said = refused(tmp_path, free_port(), ZEEK_LIVE_WORKER_PYTHON="/nowhere/python")
    assert said.startswith("zeek-live: ZEEK_LIVE_WORKER_PYTHON=/nowhere/python: no such program")


def test_a_port_in_use_is_all_that_a_server_says(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert refused(tmp_path, port).endswith(f"Port {port} is not available")
