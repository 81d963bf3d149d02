"""A master table's line: what it is, its level, and how many rows."""

from collections.abc import Callable

import streamlit as st

from pages.shared import url
from pages.shared.look import title
from pipeline.state import View

ORDERS = {
    "Domains": ("queries", "hosts", "names", "nxdomain", "first", "last", "no_response"),
    "Hosts": (
        "queries",
        "domains",
        "names",
        "nxdomain",
        "no_response",
        "resolvers",
        "last",
        "host",
    ),
    "Records": ("queries", "count", "first", "last"),
}
"""What a master table can be ranked by; the first is as at the start."""
ORDER_NAMES = {"nxdomain": "NXDOMAIN", "no_response": "no response", "count": "most queries"}
NUMBERS = (25, 50, 100, 250, 1000, None)
LEVELS = {"domain": "Registered", "name": "Name", "tld": "TLD"}


def level_and_number(
    text: str,
    caption: str,
    view: View,
    levels: bool = False,
    more: Callable[[], None] | None = None,
) -> None:
    """A title of 34 px with the controls at its right; `more` draws others before them."""
    with st.container(
        horizontal=True, key="master-head", gap="xxsmall", vertical_alignment="center"
    ):
        title(text, caption)
        if more:
            more()
        if levels:
            st.segmented_control(
                "Level",
                list(LEVELS),
                format_func=LEVELS.__getitem__,
                required=True,
                key=url.seed("level", view.level),
                on_change=_level_chosen,
                label_visibility="collapsed",
            )
        _order(text, view)
        numbers = NUMBERS if view.n in NUMBERS else (view.n, *NUMBERS)
        st.selectbox(
            "Rows",
            numbers,
            format_func=lambda number: f"first {number}" if number else "all",
            key=url.seed("n", view.n),
            on_change=lambda: url.change(n=st.session_state["n"]),
            label_visibility="collapsed",
            # Streamlit takes None, all rows, for nothing chosen.
            placeholder="all",
            width=96,
        )


def _order(text: str, view: View) -> None:
    """What a click on a header does, where keys reach it."""
    orders = ORDERS.get(text, ORDERS["Domains"])
    names = ORDER_NAMES | ({"queries": "newest"} if text == "Records" else {})
    st.selectbox(
        "Rank by",
        orders if view.sort in orders else (view.sort, *orders),
        format_func=lambda column: "by " + names.get(column, column),
        key=url.seed("order", view.sort),
        on_change=url.on("order", "sort"),
        label_visibility="collapsed",
        width=124,
    )


def _level_chosen() -> None:
    # A focus of another level is not among the rows.
    url.change(level=st.session_state["level"], focus=None)
