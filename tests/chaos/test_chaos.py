"""The short version of the harness, and whether it sees what it looks for."""

import importlib
import time
from collections import Counter
from operator import attrgetter
from pathlib import Path

import pytest

from tests.chaos.points import POINTS
from tests.chaos.runner import run, short_plan
from tests.chaos.stream import Stream, difference
from tests.conftest import missing


@pytest.mark.usefixtures("broker_jars")
@pytest.mark.parametrize("place", short_plan())
def test_whatever_is_done_to_it_no_record_is_missing_or_doubled(
    place: tuple[str, str], tmp_path: Path
) -> None:
    harms = short_plan()[place]
    trials = run({place: harms}, tmp_path, int(time.time()), tmp_path / "chaos.json")
    assert len(trials) == len(harms) > 3
    assert not [str(trial) for trial in trials if not trial.survived]
    for trial in trials:
        if trial.why:
            missing(f"{trial.harm}: {trial.why}")


def test_a_record_that_is_missing_is_not_made_good_by_one_that_is_doubled() -> None:
    stream = Stream(1)
    stream.take(1_000)
    first, second, *_ = stream.expected
    found = stream.expected + Counter({first: 2})
    found[second] -= 1
    assert difference(stream.expected, found) == (1, 2)
    assert difference(stream.expected, stream.expected.copy()) == (0, 0)


@pytest.mark.parametrize("place", sorted({place for place, _ in POINTS.values()}))
def test_a_point_stands_at_a_function_that_there_is(place: str) -> None:
    module, _, path = place.partition(":")
    assert callable(attrgetter(path)(importlib.import_module(module)))
