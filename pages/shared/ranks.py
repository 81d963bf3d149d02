"""What ranks rows: the URL's `sort`, which a click on a header sets."""

from collections.abc import Container
from functools import partial
from math import isfinite
from typing import Any

import pandas as pd

from pages.shared import url
from pages.shared.columns import marked
from pages.shared.tables import table
from pipeline.ranking import sorted_by
from pipeline.state import ALL_SORTS, SORTS, ascends


def rank_by(now: str, column: str, allowed: Container[str] = SORTS) -> None:
    """Every table that has this column is ranked by it; the other way round where it is `now`.

    By a label or an answer nothing is ranked; by a share as by what it is the share of.
    """
    column = "queries" if column == "share" and column not in allowed else column
    if column in allowed:
        url.change(sort=f"-{column}" if column == now else column)


def whole_table(
    key: str,
    frame: pd.DataFrame,
    columns: dict[str, Any],
    rows: int,
    nothing: str,
    *,
    by: str,
    ranking: object = None,
    **more: Any,
) -> None:
    """A table of all the rows there are, ranked by any of its columns; the rest as `table` has
    it."""
    sort = sorted_by(url.view().sort, columns, own="")
    table(
        key,
        in_order(frame, sort) if sort else frame,
        marked(columns, sort),
        rows,
        nothing,
        by=by,
        ranking=(sort, ranking),
        on_sort=partial(rank_by, sort, allowed=ALL_SORTS),
        **more,
    )


def in_order(frame: pd.DataFrame, sort: str) -> pd.DataFrame:
    """The rows as a view's `sort` has them: what is missing last, whichever way."""
    column, rises = sort.removeprefix("-"), ascends(sort)
    return frame.sort_values(column, ascending=rises, kind="stable", key=_places, ignore_index=True)


def _places(cells: pd.Series) -> pd.Series:
    """Texts by where they stand among all, numbers by what they are; none for an empty one."""
    if not pd.api.types.is_object_dtype(cells):
        return cells
    texts = sorted({cell for cell in cells if cell}, key=_numbers_first)
    return cells.map({text: place for place, text in enumerate(texts)})


def _numbers_first(text: str) -> tuple[bool, float, str]:
    """Sort key of a cell.

    >>> sorted(["b", "10", "nan", "9.5"], key=_numbers_first)
    ['9.5', '10', 'b', 'nan']
    """
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    return (False, number, text) if isfinite(number) else (True, 0.0, text)
