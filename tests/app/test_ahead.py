"""What a page has asked is what is asked of the next version."""

from collections.abc import Callable
from typing import Any

import pytest

from pages.shared import live
from pipeline.cache import RESULTS
from tests.app.conftest import drawn
from tests.made import Made, network


@pytest.fixture
def asked(made: Made, monkeypatch: pytest.MonkeyPatch) -> list[Callable[[int], Any]]:
    """What a page hands over, of a table with an hour in it."""
    made.add(network().rows(made.now.since.replace(microsecond=0), 3600))
    handed: list[Callable[[int], Any]] = []
    monkeypatch.setattr(live, "make_next", lambda table, asked, seconds: handed.extend(asked))
    return handed


@pytest.mark.parametrize("params", [{}, {"wall": ""}])
def test_a_version_that_is_made_ahead_has_all_that_a_page_asks(
    made: Made, asked: list[Callable[[int], Any]], params: dict[str, str]
) -> None:
    drawn(**params)
    made.add(network(8).rows(made.now.since.replace(microsecond=0), 3600))
    before = RESULTS.misses
    for each in list(asked):
        each(made.table.version)
    made_ahead = RESULTS.misses - before
    assert made_ahead > 3
    # Two stand in the frame, beside the panels, and are asked when that is drawn.
    drawn(**params)
    assert RESULTS.misses - before - made_ahead <= 2


def test_nothing_is_made_ahead_of_a_pause(made: Made, asked: list[Callable[[int], Any]]) -> None:
    drawn(at=str(made.table.version))
    assert not asked
