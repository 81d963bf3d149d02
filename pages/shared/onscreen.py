"""What stands on a session's screen, for clicks and for the files of a page."""

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
class Drawn:
    """What one draw of a page shows, noted down meanwhile."""

    at: int | None = None
    """The table's version; None where it was not drawn to its end."""
    closer: dict[str, Filter] = field(default_factory=dict)
    """By page: what its detail is of, also where nothing is in focus."""
    orders: dict[str, Order] = field(default_factory=dict)
    """By a table's key."""
    lookup: Lookup | None = None


@dataclass
class OnScreen:
    """What clicks mean, and files are of: what was sent, not what is only drawn."""

    at: int | None = None
    closer: dict[str, Filter] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    """Also of tables of other pages, which stand still until one comes back."""
    tables: frozenset[str] = frozenset()
    """The keys of those that are there now."""
    lookup: Lookup | None = None
    drawing: Drawn = field(default_factory=Drawn)
    sent: Drawn | None = None
    """What is in the browser while clicks are still to be heard that came before it."""

    def draws(self) -> None:
        """A draw begins: all clicks that came before it have been heard."""
        self.settle()
        self.drawing = Drawn()

    def sends(self) -> None:
        """What was drawn has gone to the browser."""
        self.sent = self.drawing

    def settle(self) -> None:
        """From now on clicks mean what was sent last."""
        if self.sent is None:
            return
        self.at = self.at if self.sent.at is None else self.sent.at
        self.closer |= self.sent.closer
        self.orders |= self.sent.orders
        self.tables = frozenset(self.sent.orders)
        self.lookup = self.sent.lookup or self.lookup
        self.sent = None

    def order(self, key: str) -> Order:
        """What a click can mean: of no rows before the table was first sent."""
        return self.orders.get(key, Order())

    def in_order(self, key: str, rows: pd.DataFrame) -> pd.DataFrame:
        """The rows as the table on the screen has them; as they are where there is none."""
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
