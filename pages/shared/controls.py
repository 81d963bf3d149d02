"""A master table's line: what it is, its level, and how many rows."""

from collections.abc import Callable

import streamlit as st

from pages.shared import url
from pages.shared.look import title
from pipeline.state import View

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
            width=104,
        )


def _level_chosen() -> None:
    # A focus of another level is not among the rows.
    url.change(level=st.session_state["level"], focus=None)
