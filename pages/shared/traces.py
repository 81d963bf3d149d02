"""Figures of the strip lead to what they count."""

from pathlib import Path

import streamlit as st

from pages.shared import nav
from pages.shared.figures import LABELS

KEY = "traces"

_mount = st.components.v2.component(
    "zeek_live_traces",
    js=Path(__file__).with_name("traces.js").read_text(encoding="utf-8"),
)


def traced_figures() -> None:
    """Have the browser do so in the strip of the page; takes no room."""
    with st.container(key="strip-traces"):
        _mount(key=KEY, on_figure_change=_clicked)


def _clicked() -> None:
    # A browser may send anything.
    figure = st.session_state[KEY].get("figure")
    if isinstance(figure, str) and figure in LABELS:
        nav.trace(figure)
