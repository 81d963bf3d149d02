"""What stands on a session's screen, for what is made outside of its runs: the files of a page."""

from collections.abc import Hashable
from dataclasses import dataclass, field

import pandas as pd
import streamlit as st

from pipeline.lookup import Lookup
from pipeline.state import Filter

KEY = "on-screen"
Row = tuple[Hashable, ...]


@dataclass(frozen=True)
class Order:
    """How a table's rows stand."""

    by: tuple[str, ...] = ()
    """The columns that tell rows apart."""
    rows: list[Row] = field(default_factory=list)
    """What these columns hold, from the top."""
    values: list[str] = field(default_factory=list)
    """What each row stands for."""
    former: list[str] = field(default_factory=list)
    """What those stood for that were ordered otherwise before."""
    ranking: object = None
    """What else decides the order."""
    since: float = 0.0
    """When it was ranked, by the monotonic clock."""


@dataclass
class OnScreen:
    """Noted down while a page is drawn."""

    at: int | None = None
    """The table's version; None where nothing was drawn to its end yet."""
    closer: dict[str, Filter] = field(default_factory=dict)
    """By page: what its detail is of, also where nothing is in focus."""
    orders: dict[str, Order] = field(default_factory=dict)
    """By a table's key."""
    drawing: dict[str, Order] = field(default_factory=dict)
    """Of the tables that are drawn but not sent: no click can mean them yet."""
    tables: frozenset[str] = frozenset()
    """The keys of those that are there now."""
    lookup: Lookup | None = None

    def sent(self) -> None:
        """What was drawn is in the browser now."""
        self.orders |= self.drawing
        self.tables = frozenset(self.drawing)

    def order(self, key: str) -> Order:
        """What a click can mean: of no rows before the table was first sent."""
        return self.orders.get(key, Order())

    def in_order(self, key: str, rows: pd.DataFrame) -> pd.DataFrame:
        """The rows as the table has them that was drawn; as they are where there is none."""
        order = self.order(key)
        if key not in self.tables or not {*order.by} <= {*rows.columns}:
            return rows
        place = {row: at for at, row in enumerate(order.rows)}
        keys = zip(*map(rows.get, order.by), strict=True)
        places = [place.get(row, len(place)) for row in keys]
        return rows.iloc[pd.Series(places).argsort(kind="stable")] if places else rows


def on_screen() -> OnScreen:
    """The session's own."""
    found: OnScreen = st.session_state.setdefault(KEY, OnScreen())
    return found
