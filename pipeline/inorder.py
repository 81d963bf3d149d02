"""Rows that are all at hand, in the order that a view's `sort` says."""

from collections.abc import Callable
from ipaddress import IPv4Address
from math import isfinite

import pandas as pd

from pipeline.state import ascends


def _address(text: str) -> float:
    return float(int(IPv4Address(text)))


READERS: tuple[Callable[[str], float], ...] = (float, _address)


def in_order(frame: pd.DataFrame, sort: str) -> pd.DataFrame:
    """The rows by the column that `sort` names: what is missing last, whichever way."""
    column, rises = sort.removeprefix("-"), ascends(sort)
    return frame.sort_values(column, ascending=rises, kind="stable", key=_places, ignore_index=True)


def _places(cells: pd.Series) -> pd.Series:
    """Texts by where they stand among all, none for an empty one; others as they are."""
    if not pd.api.types.is_object_dtype(cells):
        return cells
    texts = sorted({cell for cell in cells if cell}, key=_by_number)
    return cells.map({text: place for place, text in enumerate(texts)})


def _by_number(text: str) -> tuple[int, float, str]:
    """Sort key of a cell: numbers by what they are, then IPv4's addresses, then texts.

    >>> sorted(["b", "10", "10.0.0.9", "nan", "9.5", "10.0.0.10"], key=_by_number)
    ['9.5', '10', '10.0.0.9', '10.0.0.10', 'b', 'nan']
    """
    for kind, read in enumerate(READERS):
        try:
            number = read(text)
        except ValueError:
            continue
        if isfinite(number):
            return kind, number, text
    return 2, 0.0, text
