"""The frame's second row: search, the filters in force, noise, export."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import accumulate
from zoneinfo import ZoneInfo

import streamlit as st

from pages.shared import live, searchbox, url
from pages.shared.actions import actions
from pages.shared.controls import shown_as
from pages.shared.files import file_link
from pages.shared.look import escaped, inert, zone_of
from pages.shared.lookups import raw_csv
from pages.shared.onscreen import OnScreen, on_screen
from pages.shared.refresh import again
from pages.shared.stream import batch_rows
from pipeline import view as shows
from pipeline.export import export, in_zone, to_csv
from pipeline.focus import put
from pipeline.names import shown
from pipeline.query import running
from pipeline.screen import PAGES
from pipeline.state import FIELDS, NOISE, RANGES, Filter, View
from pipeline.window import window

BATCHES = "batches"
RAW = "raw_records"
OWN = {"Health": (BATCHES,), "Lookup": (RAW,)}
"""Besides a page's panels: the last batches of Health's charts, and what was read again."""
ORDERS = {
    ("Overview", "new_domains"): "new",
    ("Host", "new_domains"): "new",
    ("Host", "domains"): "own",
    ("Host", "hosts"): "askers",
}
CHARTS = {("Overview", "domains"): "top-rows"} | {
    (page, what): f"{what}-rows"
    for page in ("Overview", "Domains", "Hosts", "Host")
    for what in ("volume", "types", "responses")
}
"""Charts, where they are shown as tables."""
PEERS = ("askers", "peers")
"""Tables that are not called like the view that they show."""
SECONDS = 5
CHIP_CHARACTERS = 80
"""What fits between the search box and the noise switches at 1366 pixels."""
CHIP_PADDING = 4
FOCUS_CHARACTERS = 50
"""What the focus takes of it, and what can be done with it."""


def second_row(page: str, view: View) -> None:
    """Search, filters, noise, export."""
    with st.container(horizontal=True, key="row2", gap="xxsmall", vertical_alignment="center"):
        searchbox.search_box(view)
        with st.container(
            horizontal=True,
            key="chips",
            gap="xxsmall",
            width="stretch",
            vertical_alignment="center",
        ):
            _chips(view)
            again(_problem, SECONDS)
        with st.container(horizontal=True, width="content", gap="small"):
            again(_noise, SECONDS)
            shown_as(page, view)
            _export(page, view)


def _problem() -> None:
    # Something is always drawn here, or what follows would move to the left.
    view = url.view()
    said = [*url.problems(), _old_end(view), _wider(view), _folded(view)]
    problem = escaped("; ".join(filter(None, said)))
    st.html(f'<div class="problem" title="{problem}">{problem}</div>')


def _old_end(view: View) -> str:
    """That a relative range ends before now, when by more than its own length; when it ends, the
    panels say, whose moment this need not be of."""
    length = RANGES.get(view.range)
    if length is None or view.start is not None or view.at is not None:
        return ""
    newest = window(running().table, live.last(view)).newest
    is_old = newest is not None and datetime.now(UTC) - newest > length
    return "times end with the newest data, not with now" * is_old


def _wider(view: View) -> str:
    """That a paused range holds more than it did, since only wider buckets are kept of it."""
    if view.at is None or view.start is not None:
        return ""
    span, zone = window(running().table, view), zone_of(view)
    ends = "–".join(f"{time.astimezone(zone):%H:%M}" for time in (span.start, span.end))
    return f"kept in wider buckets by now: shown is all of {ends} {zone}" * span.snapped


def _folded(view: View) -> str:
    """That a paused page shows fewer names than it did, and its sums are what they were."""
    folded = 0 if view.at is None else running().table.folded_of(view.at)
    return f"{folded:,} records of this pause were folded into (other) since" if folded else ""


def _chips(view: View) -> None:
    """Those that there is room for, and the others in a popover; each is cleared by a click."""
    room = CHIP_CHARACTERS - FOCUS_CHARACTERS * bool(view.focus)
    labels = [_label(each) for each in view.filters]
    ends = accumulate(len(label.replace("\\", "")) + CHIP_PADDING for label in labels)
    many = sum(end <= room for end in ends)
    _clearing(view.filters[:many], labels)
    if more := len(labels) - many:
        with (
            st.popover(f"and {more} more" if many else f"{more} filters", key="chips-more"),
            st.container(gap="xxsmall", key="more-chips"),
        ):
            _clearing(view.filters[many:], labels[many:], many)
    if view.filters:
        st.button("Clear all", type="tertiary", on_click=_clear)
    if view.focus:
        _focus_chip(*view.focus)


def _label(each: Filter) -> str:
    value = inert(shown(each.value, 28))
    stars = ("*." * each.under, ".*" * each.begins)
    return f"{'not ' * each.exclude}{each.field}: {stars[0]}{value}{stars[1]}".replace("*", "\\*")


def _clearing(filters: Sequence[Filter], labels: Sequence[str], first: int = 0) -> None:
    for number, (each, label) in enumerate(zip(filters, labels, strict=False), first):
        st.button(
            label,
            key=f"chip-{number}",
            icon=":material/close:",
            help="Clear this filter",
            on_click=_clear,
            args=(each,),
        )


def _focus_chip(field: str, value: str) -> None:
    st.button(
        f"looking at {field} " + inert(shown(value, 28)),
        key="chip-focus",
        icon=":material/close:",
        type="tertiary",
        help="Look at all again; nothing was filtered",
        on_click=url.change,
        kwargs={"focus": None},
    )
    if field in FIELDS:
        actions(field, value)


def _clear(*gone: Filter) -> None:
    url.write(url.view().unfiltered(*gone))


def _noise() -> None:
    view = url.view()
    table, seen = running().table, live.last(view)
    hidden = shows.hidden(table, seen)
    total = "–" if window(table, seen).newest is None else f"{hidden.total:,}"
    label = f"Noise: {len(view.hidden)} on, {total} hidden"
    with st.popover(label, icon=":material/filter_alt:", type="tertiary", key="noise"):
        for switch, text in NOISE.items():
            if switch == "known" and running().settings.known_domains is None:
                continue
            key = url.seed_inside(f"noise-{switch}", switch in view.hidden)
            st.toggle(
                f"Hide {text} ({hidden.each[switch]:,})",
                key=key,
                on_change=_noise_chosen,
                args=(switch, key),
            )
        if sum(hidden.each[switch] for switch in view.hidden) > hidden.total:
            st.caption("Some records are hidden by more than one.")


def _noise_chosen(switch: str, key: str) -> None:
    on = st.session_state[key]
    hidden = url.view().hidden
    url.change(hidden=hidden | {switch} if on else hidden - {switch})


def _export(page: str, view: View) -> None:
    with (
        st.popover("Export", icon=":material/download:", type="tertiary", key="export"),
        st.container(gap="xxsmall"),
    ):
        key = url.seed_inside("names-as", view.names)
        names = ["defanged", "real"]
        st.radio("Names as", names, horizontal=True, key=key, on_change=url.on(key, "names"))
        for what in (*PAGES[page.lower()], *OWN.get(page, ())):
            file_link(
                f"{what.replace('_', ' ').capitalize()} as CSV",
                f"zeek-live-{what}.csv",
                "text/csv",
                partial(file_of, on_screen(), page, view, what, zone_of(view)),
            )


def file_of(screen: OnScreen, page: str, view: View, what: str, zone: ZoneInfo) -> bytes:
    """A file of what stands on the screen; made when it is asked for, outside of the session."""
    pipeline = running()
    if what == BATCHES:
        return to_csv(in_zone(batch_rows(pipeline.status().batches), zone), view.names)
    if what == RAW:
        return raw_csv(screen, zone, view.names)
    made = export(pipeline.table, _drawn(screen, page, view), what, page.lower())
    orders = ORDERS | (CHARTS if view.charts == "tables" else {})
    key = orders.get((page, what), PEERS["domain" in made.rows] if what == "peers" else what)
    return to_csv(in_zone(screen.in_order(key, made.rows), zone), view.names, made.note)


def _drawn(screen: OnScreen, page: str, view: View) -> View:
    """The view as it stands on the screen: of which version, and of what its detail is."""
    closer = screen.closer.get(page)
    seen = put(view, closer) if closer and not view.focus else view
    return seen if seen.at is not None else replace(seen, at=screen.at)
