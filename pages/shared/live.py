"""A page's panels, drawn again at the chosen interval while the frame stays as it is."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import RerunException, StopException, get_script_run_ctx

from pages.shared import url
from pages.shared.clicks import is_clicked, undisturbed
from pages.shared.copy import copier
from pages.shared.onscreen import OnScreen, on_screen
from pages.shared.refresh import again
from pipeline.ahead import asking, make_next
from pipeline.cache import SHOWN
from pipeline.query import running
from pipeline.screen import Counted
from pipeline.state import START, View

LONGEST_SHARED = 2.0
"""Seconds that pages may be behind the table: what twenty viewers share need be made once."""
SENDING = 0.1
"""Seconds until Streamlit has what it was handed on its way to the browser. A run that begins
before that drops what is not sent, and the browser, told that all is drawn, clears the panels."""


@contextmanager
def at_once() -> Iterator[None]:
    """What is drawn meanwhile goes to the browser when all of it is there: while the table is slow,
    a page would else be of two moments. Cut short by a click, it stays as it was; and a click that
    came before it was sent means what was there before."""
    context = get_script_run_ctx()
    assert context is not None
    screen, send, held = on_screen(), context._enqueue, list[Any]()
    screen.draws()

    def hold(message: Any) -> None:
        context.yield_check()
        held.append(message)

    context._enqueue = hold
    try:
        yield
    except (RerunException, StopException):
        held.clear()
        raise
    finally:
        context._enqueue = send
        with undisturbed():
            for each in held:
                send(each)
            if held:
                _sent(screen)


def _sent(screen: OnScreen) -> None:
    screen.sends()
    if screen.drawing.at is not None:
        SHOWN.drawn(screen.drawing.at)
    time.sleep(SENDING)
    if not is_clicked():
        screen.settle()


def version_on_screen() -> int:
    """What a pause keeps, from this moment on: the newest where none was drawn to its end yet."""
    table, at = running().table, on_screen().at
    kept = table.version if at is None or not table.keeps(at) else at
    table.pin(kept)
    return kept


def moment(view: View) -> View:
    """The view as of one version, which all who look at about this time share."""
    if view.at is not None:
        return view
    return replace(view, at=SHOWN.version(running().table, _shared(view)))


def last(view: View) -> View:
    """The view as of what pages show now, for what stands beside them."""
    if view.at is not None:
        return view
    return replace(view, at=SHOWN.last(running().table, _shared(view)))


@contextmanager
def ahead(view: View) -> Iterator[None]:
    """What is asked to draw this is asked of the next version too, in time for all who share it."""
    with asking() as asked:
        yield
    if view.at is None:
        make_next(running().table, asked, _shared(view))


def _shared(view: View) -> float:
    # Who looks alone finds each version old, and is shown the newest.
    return min(0.9 * view.every, LONGEST_SHARED)


def live(draw: Callable[[Counted, View], None], pauses: bool = True) -> None:
    """Run `draw(table, view)` now and every few seconds; not while paused, if it pauses.

    A panel that changed the URL changes the frame too, so all of it is drawn again.
    """
    view = url.view()

    def step() -> None:
        if url.view() != view or url.JUMP in st.session_state:
            st.rerun()
        seen = moment(view)
        with ahead(view), at_once():
            draw(running().table, seen)
            copier()
            on_screen().drawing.at = seen.at

    if view.at is not None:
        running().table.pin(view.at)
    paused = view.at is not None or not view.every
    again(step, None if paused and pauses else view.every or START.every)
