"""Names that end with an ellipsis where a cell has no room: a grid cuts them off without a sign."""

from pipeline.names import ELLIPSIS

PADDING = 16
"""Pixels of a cell left and right of its text."""
NARROW, WIDE = frozenset(" |ijl',.:;If!()[]{}-tr/\\"), frozenset("mwMW%@" + ELLIPSIS)


def pixels(text: str) -> float:
    """About how wide a grid draws a text, rather more than less."""
    return sum(map(_pixels, text))


def _pixels(character: str) -> float:
    # As Chromium measures Source Sans of 12.25 px.
    if character in NARROW:
        return 4.0
    if character in WIDE:
        return 10.5
    return 6.6 if character.islower() or character.isdigit() else 8.2


def fitted(text: str, width: float) -> str:
    """As much of a text as fits into a cell so many pixels wide.

    >>> fitted("www.example.com", 200), fitted("www.example.com", 90)
    ('www.example.com', 'www.exa…')
    """
    room = width - PADDING
    if pixels(text) <= room:
        return text
    while text and pixels(text + ELLIPSIS) > room:
        text = text[:-1]
    return text + ELLIPSIS
