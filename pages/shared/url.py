"""The URL is the state: the only module that reads or writes `st.query_params`.

Widgets are seeded from the view before they are drawn and write the URL in their callbacks:
Streamlit's own `bind="query-params"` replaces history, so that Back leaves the dashboard.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import streamlit as st

from pipeline.state import View, from_params

JUMP = "jump"


def view() -> View:
    """What the URL says now; what it says wrongly is as at the start."""
    return from_params(_params())[0]


def problems() -> list[str]:
    """A sentence for each parameter that is not understood."""
    return from_params(_params())[1]


def _params() -> dict[str, list[str]]:
    return {key: st.query_params.get_all(key) for key in st.query_params}


def write(new: View) -> None:
    """Put a view in the URL, as one step of the browser's history."""
    st.query_params.from_dict(new.to_params())


def change(**changes: Any) -> None:
    """The view with some of its fields changed."""
    write(replace(view(), **changes))


def on(key: str, field: str) -> Callable[[], None]:
    """A callback: the widget's value becomes a field of the view."""
    return lambda: change(**{field: st.session_state[key]})


def seed(key: str, value: Any) -> str:
    """Set a widget's value before it is drawn; the key, to be given to it."""
    st.session_state[key] = value
    return key


def jump(page: str, new: View) -> None:
    """Open another page with a view, once the frame is drawn again."""
    st.session_state[JUMP] = (page, new.to_params())
