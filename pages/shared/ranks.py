"""What ranks rows: the URL's `sort`, which a click on a header sets."""

from collections.abc import Container
from functools import partial
from typing import Any

import pandas as pd

from pages.shared import url
from pages.shared.columns import marked
from pages.shared.tables import table
from pipeline.inorder import in_order
from pipeline.ranking import sorted_by
from pipeline.state import ALL_SORTS, SORTS


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
