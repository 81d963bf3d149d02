"""The URL is the state: the only module that reads or writes `st.query_params`.

Widgets are seeded from the view before they are drawn and write the URL in their callbacks:
Streamlit's own `bind="query-params"` replaces history, so that Back leaves the dashboard.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from pipeline.query import running
from pipeline.state import View, from_params
from pipeline.view import not_kept

JUMP = "jump"
SAID = "said"
NOTED = "noted"
NUMBERS = "numbers"

Params = dict[str, list[str]]


@dataclass
class Said:
    """What the URL says, in the session: the browser may not have heard yet of its last change, and
    what comes with its requests, `st.query_params`, is then too old."""

    params: Params
    page: str
    behind: list[Params] = field(default_factory=list)
    """What a browser that has not heard yet may take for the URL."""
    echo: bool = False
    """Whether `st.query_params` has them from this very write, and not from the browser."""
    held: int | None = None
    """The moment that is shown where the URL says that it is not drawn again, and names none."""


def adopt(page: str) -> None:
    """Take over what the browser's URL says: at the start of each run of a whole page."""
    heard: Params = {key: st.query_params.get_all(key) for key in st.query_params}
    said = st.session_state.get(SAID)
    moved = said is None or said.page != page or _by_history()
    if not moved and heard in said.behind:
        st.query_params.from_dict(said.params)
    elif not moved and heard == said.params and said.echo:
        said.echo = False
    else:
        st.session_state[SAID] = Said(heard, page)


def _by_history() -> bool:
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation


def view() -> View:
    """What the URL says now; what it says wrongly is as at the start."""
    said, _ = from_params(st.session_state[SAID].params)
    said = replace(said, at=None) if not_kept(running().table, said) else said
    return said if said.every or said.at is not None else replace(said, at=_held())


def _held() -> int:
    said, table = st.session_state[SAID], running().table
    if said.held is None or not table.keeps(said.held):
        said.held = table.version
        table.pin(said.held)
    return int(said.held)


def problems() -> list[str]:
    """A sentence for each parameter that is not understood, or whose moment has gone; what was
    noted of this view."""
    said, problems = from_params(st.session_state[SAID].params)
    gone = not_kept(running().table, said)
    of, noted = st.session_state.get(NOTED, (None, ()))
    problems += noted if of == view() else ()
    return [*problems, *([f"{gone}: shown is the newest"] if gone else [])]


def note(*sentences: str) -> None:
    """Say in the frame what was not done, until another view is shown."""
    st.session_state[NOTED] = (view(), sentences)


def write(new: View) -> None:
    """Put a view in the URL, as one step of the browser's history."""
    said = st.session_state[SAID]
    before, said.params = said.params, new.to_params()
    said.echo = True
    if before != said.params:
        said.behind = [*(each for each in said.behind if each != said.params), before]
    st.query_params.from_dict(said.params)


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


def seed_inside(key: str, value: Any) -> str:
    """The same for a widget in a popover, which is another one wherever its value was not chosen
    there: a browser does not tell it of one while it is closed, and goes on to send the old one."""
    numbers: dict[str, int] = st.session_state.setdefault(NUMBERS, {})
    known = st.session_state.get(numbered(key, numbers.get(key, 0)), value)
    numbers[key] = numbers.get(key, 0) + (known != value)
    return seed(numbered(key, numbers[key]), value)


def numbered(key: str, number: int) -> str:
    """The key of a widget that is another one each time the number rises."""
    return f"{key}-{number}" if number else key


def jump(page: str, new: View) -> None:
    """Open a page with a view; another one once the frame is drawn again.

    A link to the page that is there would change what it shows, and not the browser's URL.
    """
    if page == st.session_state["page"]:
        return write(new)
    st.session_state[JUMP] = (page, new.to_params())
    return None
