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
SAID = "said"
"""What the URL says, in the session. A panel that draws itself anew was asked for by a browser that
may not have heard yet of the last change: what it takes for the URL is then too old."""
UNSENT = "unsent"
"""Whether the browser has yet to be told: Streamlit ends a callback where it sends something, if
another click has come by then."""


def adopt() -> None:
    """Take over what the browser's URL says: at the start of each run of a whole page."""
    if st.session_state.get(UNSENT):
        _send()
    st.session_state[SAID] = {key: st.query_params.get_all(key) for key in st.query_params}


def view() -> View:
    """What the URL says now; what it says wrongly is as at the start."""
    return from_params(st.session_state[SAID])[0]


def problems() -> list[str]:
    """A sentence for each parameter that is not understood."""
    return from_params(st.session_state[SAID])[1]


def write(new: View) -> None:
    """Put a view in the URL, as one step of the browser's history."""
    st.session_state[SAID], st.session_state[UNSENT] = new.to_params(), True
    _send()


def _send() -> None:
    st.query_params.from_dict(st.session_state[SAID])
    st.session_state[UNSENT] = False


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
