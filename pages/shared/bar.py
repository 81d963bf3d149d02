"""The frame's first row, the same on every page: can it be trusted, and which time is shown."""

from dataclasses import replace
from typing import Literal

import streamlit as st

from pages.shared import live, nav, url
from pages.shared.clock import clock
from pages.shared.fromto import from_to
from pages.shared.look import zone_of
from pages.shared.refresh import again
from pipeline import view as shows
from pipeline.query import running
from pipeline.state import INTERVALS, RANGES, START, View

STATE_SECONDS = 2
BEFORE = "every-before"
"""In the session: the interval before it was off."""
Button = tuple[str, str, Literal["primary", "secondary"]]
PAUSE: Button = ("Pause", ":material/pause:", "secondary")
RESUME: Button = ("Resume", ":material/play_arrow:", "primary")


def first_row(page: str, view: View) -> None:
    """Name, pages, state and age, range, interval, pause, zone."""
    with st.container(horizontal=True, key="row1", gap="xxsmall", vertical_alignment="center"):
        st.html('<div class="brand">Zeek DNS</div>', width="content")
        for each in nav.IN_FRAME:
            _link(page, each, _elsewhere(page, view))
        again(_state, STATE_SECONDS)
        _range(view)
        st.selectbox(
            "Refresh every",
            INTERVALS,
            format_func=lambda seconds: f"{seconds} s" if seconds else "off",
            key=url.seed("every", view.every),
            on_change=_every_chosen,
            label_visibility="collapsed",
            width=76,
        )
        _pause(view)
        st.segmented_control(
            "Times in",
            ["utc", "local"],
            format_func={"utc": "UTC", "local": "Local"}.__getitem__,
            required=True,
            key=url.seed("tz", view.tz),
            on_change=url.on("tz", "tz"),
            label_visibility="collapsed",
        )


def _link(page: str, to: str, view: View) -> None:
    """To a page; a button to the one that is there, or its URL would stay as it is."""
    here = page == to or (page, to) in nav.BELOW
    with st.container(key="here" if here else None, width="content"):
        if page == to:
            st.button(to, key="own-page", type="tertiary", on_click=url.write, args=(view,))
        else:
            st.page_link(nav.page(to), label=to, query_params=view.to_params())


def _elsewhere(page: str, view: View) -> View:
    """What other pages show after this one: the same records, nothing selected."""
    here = view.without("host") if page == "Host" else view
    return replace(here, focus=None, sort="")


def _state() -> None:
    pipeline, view = running(), url.view()
    note = ""
    if view.at is not None:
        note = f"paused, {shows.since(pipeline.table, view):,} records since"
        if lost := pipeline.table.lost_of(view.at):
            note += f", {lost:,} of its oldest are no longer kept"
    clock(pipeline.status().seen_every(view.every), zone_of(view), note)


def _range(view: View) -> None:
    st.segmented_control(
        "Time range",
        list(RANGES),
        key=url.seed("range", None if view.start else view.range),
        on_change=_range_chosen,
        label_visibility="collapsed",
    )
    from_to(view)


def _range_chosen() -> None:
    # A click on the range in force clears the control: it stays as it is.
    url.change(range=st.session_state["range"] or url.view().range, start=None, end=None)


def _pause(view: View) -> None:
    # One button of one width: two would stand side by side for a moment, and a click on their
    # neighbours would miss.
    label, icon, kind = PAUSE if view.at is None else RESUME
    st.button(label, icon=icon, type=kind, key="pause", on_click=_paused_or_resumed, width=92)


def _paused_or_resumed() -> None:
    view = url.view()
    if view.at is None:
        url.change(at=live.version_on_screen())
    else:
        url.change(at=None, every=view.every or st.session_state.get(BEFORE, START.every))


def _every_chosen() -> None:
    seconds = st.session_state["every"]
    st.session_state[BEFORE] = url.view().every or START.every
    url.change(every=seconds, at=None if seconds else live.version_on_screen())
