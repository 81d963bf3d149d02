"""What stands on a session's screen, for what is made outside of its runs: the files of a page."""

from collections.abc import Hashable
from dataclasses import dataclass, field

import pandas as pd
import streamlit as st

from pipeline.lookup import Lookup
from pipeline.state import Filter

KEY = "on-screen"
Row = tuple[Hashable, ...]


@dataclass
class OnScreen:
    """Noted down while a page is drawn."""

    at: int | None = None
    """The table's version; None where nothing was drawn to its end yet."""
    closer: dict[str, Filter] = field(default_factory=dict)
    """By page: what its detail is of, also where nothing is in focus."""
    orders: dict[str, tuple[tuple[str, ...], list[Row]]] = field(default_factory=dict)
    """By a table's key: its rows from the top, by the columns that tell them apart."""
    lookup: Lookup | None = None

    def in_order(self, key: str, rows: pd.DataFrame) -> pd.DataFrame:
        """The rows as the table has them that was drawn; as they are where there is none."""
        by, drawn = self.orders.get(key, ((), []))
        if not by or not {*by} <= {*rows.columns}:
            return rows
        place = {row: at for at, row in enumerate(drawn)}
        keys = zip(*map(rows.get, by), strict=True)
        places = [place.get(row, len(place)) for row in keys]
        return rows.iloc[pd.Series(places).argsort(kind="stable")] if places else rows


def on_screen() -> OnScreen:
    """The session's own."""
    found: OnScreen = st.session_state.setdefault(KEY, OnScreen())
    return found
