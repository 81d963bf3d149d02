"""What a line may cost: memory and time follow its bytes, whatever they are."""

import json
import subprocess
import sys

import pytest

from tests.conftest import ROOT
from tests.hard_lines import SHAPES

TIMES_THE_BYTES = 8
TIMES_AS_LONG = 10


@pytest.fixture(scope="module")
def costs() -> dict[str, list[float]]:
    """Of each shape, in a process whose peak is its own."""
    command = [sys.executable, "-m", "tests.hard_lines"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    assert run.returncode == 0, run.stderr.decode()
    return dict(json.loads(run.stdout))


@pytest.mark.parametrize("shape", SHAPES)
def test_no_line_needs_many_times_its_bytes_or_the_time_of_ordinary_records(
    costs: dict[str, list[float]], shape: str
) -> None:
    size, peak, seconds = costs[shape]
    assert peak < TIMES_THE_BYTES * size
    assert seconds < TIMES_AS_LONG * costs["ordinary"][2]
