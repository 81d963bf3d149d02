"""What can be done with the value in focus: all that a row's menu does, where keys reach it."""

import streamlit as st

from pages.shared import nav
from pipeline.focus import of_text

WORDS = {
    "Only": "Only this",
    "Not": "Not this",
    "Copy": "Copy defanged",
    "Records of": "Records",
    "Raw records of": "Raw records",
}
"""Of a menu's items, whose value stands beside."""


def actions(field: str, text: str) -> None:
    """A menu that can be opened by keys, for the value that the chip before it names."""
    todo = nav.actions_of(of_text)
    st.menu_button(
        "Actions",
        list(todo),
        format_func=lambda action: WORDS.get(action, action),
        key="actions",
        type="tertiary",
        on_click=lambda: todo[st.session_state["actions"]](f"{field}:{text}"),
    )
