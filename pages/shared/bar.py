"""The frame's two rows, the same on every page: can it be trusted, which time, what is left out."""

import html
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from pages.shared import nav, url
from pages.shared.clock import clock
from pages.shared.look import inert, zone_of
from pages.shared.search import parse_search
from pipeline import view as shows
from pipeline.export import export
from pipeline.names import shown
from pipeline.query import running
from pipeline.state import INTERVALS, NOISE, RANGES, Filter, View
from pipeline.window import window

STATE_SECONDS = 2
EXPORTS = {
    "Overview": ("volume", "domains", "hosts", "types", "resolvers", "new_domains"),
    "Domains": ("domains", "names", "hosts", "volume"),
    "Hosts": ("hosts", "domains", "volume"),
    "Host": ("domains", "names", "types", "resolvers", "volume"),
    "Health": ("rejected",),
}
"""What of pipeline/export.py each page shows."""
CHIP_CHARACTERS = 90
"""What fits between the search box and the noise switches at 1366 pixels."""


def first_row(page: str, view: View) -> None:
    """Name, pages, state and age, range, interval, pause, zone."""
    with st.container(horizontal=True, key="row1", gap="xxsmall", vertical_alignment="center"):
        st.html('<div class="brand">Zeek DNS</div>', width="content")
        for each in nav.IN_FRAME:
            params = _elsewhere(page, view).to_params()
            # One host's page is not in the frame: its link stands for it.
            here = page == "Host" and each == "Hosts"
            with st.container(key="here" if here else None, width="content"):
                st.page_link(nav.page(each), label=each, query_params=params)
        _state()
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


def second_row(page: str, view: View) -> None:
    """Search, filters, noise, export."""
    with st.container(horizontal=True, key="row2", gap="xxsmall", vertical_alignment="center"):
        st.text_input(
            "Search",
            key=url.seed("search", ""),
            on_change=_search,
            placeholder="host:10.20.4.17  -domain:example.com  type:TXT",
            icon=":material/search:",
            label_visibility="collapsed",
            width=380,
        )
        with st.container(
            horizontal=True,
            key="chips",
            gap="xxsmall",
            width="stretch",
            vertical_alignment="center",
        ):
            _chips(view)
            # Something is always drawn here, or what follows would move to the left.
            problem = html.escape(shown("; ".join(url.problems())))
            st.html(f'<div class="problem" title="{problem}">{problem}</div>')
        with st.container(horizontal=True, width="content", gap="small"):
            _noise()
            _export(page)


def _elsewhere(page: str, view: View) -> View:
    """What other pages show after this one: the same records, nothing selected."""
    here = view.without("host") if page == "Host" else view
    return replace(here, focus=None, sort="queries")


@st.fragment(run_every=timedelta(seconds=STATE_SECONDS))
def _state() -> None:
    pipeline, view = running(), url.view()
    note = ""
    if view.at is not None:
        note = f"paused, {shows.since(pipeline.table, view):,} since"
        if view.at < pipeline.table.exact_since:
            note += ", merged with later records by now"
    clock(pipeline.status(), note)


def _range(view: View) -> None:
    st.segmented_control(
        "Time range",
        list(RANGES),
        key=url.seed("range", None if view.start else view.range),
        on_change=_range_chosen,
        label_visibility="collapsed",
    )
    _from_to(view)


def _range_chosen() -> None:
    # A click on the range in force clears the control: it stays as it is.
    url.change(range=st.session_state["range"] or url.view().range, start=None, end=None)


def _from_to(view: View) -> None:
    span, zone = window(running().table, view), zone_of(view)
    with (
        st.popover("from–to", type="primary" if view.start else "secondary"),
        st.form("from-to", border=False),
    ):
        for key, time in (("from", span.start), ("to", span.end)):
            local = time.astimezone(zone).replace(tzinfo=None)
            st.datetime_input(f"{key}, {zone}", key=url.seed(key, local), step=60)
        st.form_submit_button("Show this time", on_click=_from_to_chosen, args=(zone,))


def _from_to_chosen(zone: ZoneInfo) -> None:
    start, end = (st.session_state[key] for key in ("from", "to"))
    if start and end and start < end:
        url.change(start=start.replace(tzinfo=zone), end=end.replace(tzinfo=zone))


def _pause(view: View) -> None:
    if view.at is None:
        at = running().table.version
        st.button("Pause", icon=":material/pause:", on_click=url.change, kwargs={"at": at})
    else:
        st.button(
            "Resume",
            icon=":material/play_arrow:",
            type="primary",
            on_click=url.change,
            kwargs={"at": None, "every": view.every or 5},
        )


def _every_chosen() -> None:
    seconds = st.session_state["every"]
    url.change(every=seconds, at=None if seconds else running().table.version)


def _search() -> None:
    view = url.view()
    for each in parse_search(st.session_state["search"]):
        view = view.filtered(each)
    url.write(view)


def _chips(view: View) -> None:
    room = CHIP_CHARACTERS
    for number, each in enumerate(view.filters):
        label = f"{'not ' if each.exclude else ''}{each.field}: {'*.' if each.under else ''}"
        room -= len(label) + min(len(each.value), 28) + 4
        if room < 0:
            more = len(view.filters) - number
            st.html(f'<div class="muted">and {more} more</div>', width="content")
            break
        st.button(
            label + inert(shown(each.value, 28)),
            key=f"chip-{number}",
            icon=":material/close:",
            help="Clear this filter",
            on_click=_clear,
            args=(each,),
        )
    if view.filters:
        st.button("Clear all", type="tertiary", on_click=_clear)
    if view.focus:
        field, value = view.focus
        st.button(
            f"looking at {field} " + inert(shown(value, 28)),
            key="chip-focus",
            icon=":material/close:",
            type="tertiary",
            help="Look at all again; nothing was filtered",
            on_click=url.change,
            kwargs={"focus": None},
        )


def _clear(*gone: Filter) -> None:
    url.write(url.view().unfiltered(*gone))


@st.fragment(run_every=timedelta(seconds=5))
def _noise() -> None:
    view = url.view()
    hidden = shows.hidden(running().table, view)
    label = f"Noise: {len(view.hidden)} on, {hidden.total:,} hidden"
    with st.popover(label, icon=":material/filter_alt:", type="tertiary", key="noise"):
        for switch, text in NOISE.items():
            st.toggle(
                f"Hide {text} ({hidden.each[switch]:,})".replace(".local", "\\.local"),
                key=url.seed(f"noise-{switch}", switch in view.hidden),
                on_change=_noise_chosen,
                args=(switch,),
            )


def _noise_chosen(switch: str) -> None:
    on = st.session_state[f"noise-{switch}"]
    hidden = url.view().hidden
    url.change(hidden=hidden | {switch} if on else hidden - {switch})


def _export(page: str) -> None:
    with (
        st.popover("Export", icon=":material/download:", type="tertiary", key="export"),
        st.container(gap="xxsmall"),
    ):
        names = st.radio("Names as", ["defanged", "real"], horizontal=True, key="names-as")
        for what in EXPORTS[page]:
            st.download_button(
                f"{what.replace('_', ' ').capitalize()} as CSV",
                partial(_csv, what, names),
                f"zeek-live-{what}.csv",
                "text/csv",
                key=f"export-{what}",
                on_click="ignore",
                type="tertiary",
            )


def _csv(what: str, names: Any) -> bytes:
    return export(running().table, url.view(), what, names).data
