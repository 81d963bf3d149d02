"""Values to the clipboard: a button that copies, and what a row's menu asked to be copied."""

from pathlib import Path
from uuid import uuid4

import streamlit as st

from pages.shared.look import safe
from pipeline.names import shown

HERE = Path(__file__).parent
ASKED = "copy"
SHOWN = 60
MOST = 10_000_000
"""Characters of a value; a record has no more."""

_mount = st.components.v2.component(
    "zeek_live_copy",
    html='<button type="button" hidden></button><output role="status" hidden></output>',
    css=(HERE / "copy.css").read_text(encoding="utf-8"),
    js=(HERE / "copy.js").read_text(encoding="utf-8"),
)


def copy_button(label: str, value: str, key: str, hint: str = "") -> None:
    """A button that copies `value` as it is."""
    data = {"label": label, "text": value, "name": shown(safe(value), SHOWN), "hint": hint}
    _mount(key=key, data=data, width="content")


def copy_defanged(value: str) -> None:
    """Have the browser copy a value so that nothing makes a link of it; addresses stay."""
    _ask(whole(value), value)


def whole(value: str) -> str:
    """All of a value, defanged: what is cut would be copied as if it were whole."""
    return safe(value, MOST)


def copy_real(value: str) -> None:
    """Have the browser copy a value as it was observed."""
    _ask(value, value)


def copier() -> None:
    """What carries out `copy_defanged` and `copy_real`, in the browser; takes no room."""
    with st.container(key="copier"):
        _mount(key="copier-of-menus", data=st.session_state.get(ASKED, {}))


def _ask(text: str, value: str) -> None:
    name = shown(safe(value), SHOWN)
    st.session_state[ASKED] = {"text": text, "name": name, "nonce": uuid4().hex}
