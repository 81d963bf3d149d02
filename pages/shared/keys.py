"""Keys in tables: Enter opens a row's menu, arrows lead through it, Escape turns no order."""

from pathlib import Path

import streamlit as st

_mount = st.components.v2.component(
    "zeek_live_keys",
    js=Path(__file__).with_name("keys.js").read_text(encoding="utf-8"),
)


def table_keys() -> None:
    """Have the browser do so in every table of the page; takes no room."""
    with st.container(key="table-keys"):
        _mount(key="keys")
