"""The server's script, as it is loaded: what it says and does before there is a stream."""

import os
import signal
import subprocess
import sys
from pathlib import Path

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
