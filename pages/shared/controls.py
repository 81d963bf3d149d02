"""How rows are shown: what a master table is of, its level and number; ranks, charts as tables."""

from collections.abc import Callable

import streamlit as st

from pages.shared import url
from pages.shared.look import title
from pipeline.feed import DNS
from pipeline.state import View, ascends

ORDERS = {
    "Overview": ("", "queries", "domains", "names", "nxdomain", "no_response", "rtt_ms", "last"),
    "Domains": ("", "queries", "hosts", "names", "nxdomain", "first", "last", "no_response"),
    "Hosts": (
        "", "queries", "domains", "names", "nxdomain", "no_response", "resolvers", "last", "host",
    ),
    "Host": ("", "queries", "names", "nxdomain", "hosts", "no_response", "rtt_ms", "last"),
    "Records": ("", "queries", "bucket", "first", "last", "host", "name"),
    "Health": ("", "reason", "records", "last", "fact", "value", "batch_id", "read", "lag_records"),
    "Lookup": ("", *DNS.fields),
}  # fmt: skip
"""What a page's tables can be ranked by."""
ORDER_NAMES = {
    "": "as at the start",
    "nxdomain": "NXDOMAIN",
    "no_response": "no response",
    "rtt_ms": "mean rtt",
    "bucket": "from",
    "batch_id": "batch",
    "lag_records": "records left",
}
WAYS = {True: "ascending", False: "descending"}
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
            width=96,
        )


def shown_as(page: str, view: View) -> None:
    """What a click on a header does, where keys reach it, and charts as tables."""
    with st.popover("View", icon=":material/tune:", type="tertiary", key="view"):
        key = url.seed_inside("charts", view.charts == "tables")
        st.toggle("Charts as tables", key=key, on_change=_charts_chosen, args=(key,))
        if page in ORDERS:
            _order(page, view)


def _charts_chosen(key: str) -> None:
    url.change(charts="tables" if st.session_state[key] else "drawn")


def _order(page: str, view: View) -> None:
    orders, column = ORDERS[page], view.sort.removeprefix("-")
    order, way = url.seed_inside("order", column), url.seed_inside("way", ascends(view.sort))
    st.selectbox(
        "Rank rows by",
        orders if column in orders else (column, *orders),
        format_func=lambda column: ORDER_NAMES.get(column, column),
        key=order,
        on_change=url.on(order, "sort"),
    )
    st.radio(
        "Ranked",
        list(WAYS),
        format_func=WAYS.__getitem__,
        horizontal=True,
        disabled=not column,
        key=way,
        on_change=_way_chosen,
        args=(way,),
    )


def _way_chosen(key: str) -> None:
    column = url.view().sort.removeprefix("-")
    ways = {ascends(sort): sort for sort in (column, f"-{column}")}
    url.change(sort=ways[st.session_state[key]])


def _level_chosen() -> None:
    # A focus of another level is not among the rows.
    url.change(level=st.session_state["level"], focus=None)
