"""Colours that most people can tell apart, also those to whom a kind of cone is missing."""

from itertools import combinations

import pytest
from coloraide import Color

from pages.shared.tables import SELECTED
from pipeline.colours import COLOURS
from pipeline.where import RESPONSES

SIGHTS = ["protan", "deutan", "tritan"]
MODELS = ["brettel", "vienot", "machado"]
"""Three ways to work out what is seen; they differ most for tritan sight."""
TEXTS = ("text", "muted", "NOERROR text", "primary", *(r for r in RESPONSES if r != "NOERROR"))


def nearest(colours: list[Color]) -> float:
    """The smallest distance of any two by CIEDE2000: 2 can just be seen, 10 at a glance."""
    return min(one.delta_e(other, method="2000") for one, other in combinations(colours, 2))


@pytest.mark.parametrize("theme", COLOURS)
def test_responses_differ_by_far(theme: str) -> None:
    assert nearest([Color(COLOURS[theme][name]) for name in RESPONSES]) >= 20


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize("theme", COLOURS)
def test_responses_differ_for_the_colour_blind(theme: str, sight: str, model: str) -> None:
    colours = [Color(COLOURS[theme][name]) for name in RESPONSES]
    assert nearest([each.filter(sight, method=model) for each in colours]) >= 15


@pytest.mark.parametrize("theme", COLOURS)
@pytest.mark.parametrize("ground", ["background", "secondary"])
def test_texts_can_be_read_and_marks_seen(theme: str, ground: str) -> None:
    colours = COLOURS[theme]
    on = Color(colours[ground])
    assert all(Color(colours[name]).contrast(on) >= 4.5 for name in TEXTS)
    assert all(Color(colours[name]).contrast(on) >= 3 for name in RESPONSES)


@pytest.mark.parametrize("theme", COLOURS)
def test_a_row_that_is_looked_at_can_be_read(theme: str) -> None:
    assert Color(COLOURS[theme]["text"]).contrast(Color(SELECTED[theme])) >= 7
