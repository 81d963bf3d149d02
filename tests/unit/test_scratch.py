"""The folder of a run goes with it, or with the next run where it was killed."""

import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT

MAKE = "from pipeline.scratch import scratch; (scratch() / 'kept').touch(); "


def run(folder: Path, code: str) -> int:
    """The exit status of a process whose temporary files are in `folder`."""
    environment = {**os.environ, "TMPDIR": str(folder)}
    return subprocess.run([sys.executable, "-c", MAKE + code], cwd=ROOT, env=environment).returncode


def test_a_run_leaves_nothing(tmp_path: Path) -> None:
    assert run(tmp_path, "") == 0
    assert not list(tmp_path.iterdir())


def test_what_a_killed_run_left_goes_with_the_next_and_what_others_have_stays(
    tmp_path: Path,
) -> None:
    assert run(tmp_path, "import os; os.kill(os.getpid(), 9)") == -9
    [left] = tmp_path.iterdir()
    assert (left / "kept").exists()
    others = [tmp_path / f"zeek-live-{os.getpid()}-x", tmp_path / "zeek-live-of-somebody-else"]
    for other in others:
        other.mkdir()
    assert run(tmp_path, "") == 0
    assert sorted(tmp_path.iterdir()) == sorted(others)
