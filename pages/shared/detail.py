"""What stands beside a master table: one domain, name or host, always drawn."""

from dataclasses import replace

import streamlit as st

from pages.shared import nav, panels
from pages.shared.columns import columns
from pages.shared.copy import copy_button, whole
from pages.shared.hostlabels import label_of
from pages.shared.look import empty, moment, panel, title
from pages.shared.onscreen import on_screen
from pages.shared.pivots import pivots
from pipeline import screen
from pipeline.cache import Readable
from pipeline.figures import place
from pipeline.focus import words
from pipeline.names import shown, unicode_form
from pipeline.state import LEVELS, Filter, View

HEIGHT = 535
NAME = ("name", "type", "queries", "response", "last")
BY_DOMAIN = ("name", "domain", "type", "queries", "response")


def detail(table: Readable, view: View, each: Filter | None) -> None:
    """Actions, volume, who asks or what is asked, and names; 535 px."""
    if each is None:
        empty(panels.nothing(table, view), HEIGHT, "a row of the table is shown closer here")
        return
    seen = screen.closer(view, each)
    on_screen().drawing.closer[st.session_state["page"]] = each
    head(each, view)
    with panel():
        said = seen_when(table, view, each) or "no queries"
        panels.volume(table, seen, height=88, said=said, narrow=True)
    with panel():
        peers(table, seen, each, rows=5)
    with panel():
        names(table, seen, each, rows=5)


def seen_when(table: Readable, view: View, each: Filter) -> str:
    """First and last seen in this time, rank and mean rtt; empty where there is nothing."""
    field = "tld" if each.under else each.field
    if each.begins:
        return ""
    found = place(table, view.without(each.field), field, each.value)
    if not (found.first and found.last):
        return ""
    first, last = (moment(time, view) for time in (found.first, found.last))
    rtt = "" if found.rtt_ms is None else f" · rtt {found.rtt_ms:.0f} ms"
    return f"first {first}, last {last} · rank {found.rank:,} of {found.of:,}{rtt}"


def head(each: Filter, view: View) -> None:
    """Whose detail it is, and what can be done with it."""
    opposite = replace(each, exclude=True)
    with st.container(horizontal=True, key="detail-head", gap="xxsmall"):
        label = label_of(each.value) if each.field == "host" else in_unicode(each)
        title(words(each), " · ".join(part for part in (each.field, label) if part))
        st.button("Open", key="detail-open", on_click=nav.open_row, args=(each,))
        st.button("Only this", key="detail-only", on_click=nav.narrow, args=(each,))
        st.button("Not this", key="detail-not", on_click=nav.narrow, args=(opposite,))
        copies(each)


def in_unicode(each: Filter) -> str:
    """What its punycode shows, if it has any."""
    return unicode_form(each.value) or ""


def copies(each: Filter) -> None:
    """The value to be copied, defanged by one click, real by two, and its records."""
    copy_button("Copy", whole(each.value), "copy", "defanged, for a report")
    with st.popover("More", key="more"):
        st.code(shown(each.value), language=None)
        copy_button("Copy the real value", each.value, "copy-real")
        if form := in_unicode(each):
            st.caption("what its punycode shows")
            st.code(form, language=None)
        with st.container(horizontal=True, gap="xxsmall"):
            st.button("Records", key="more-records", on_click=nav.open_records, args=(each,))
            st.button("Raw records", key="more-raw", on_click=nav.open_raw_of, args=(each,))
        pivots(each)


def peers(table: Readable, view: View, each: Filter, rows: int) -> None:
    """The hosts that ask for a domain; the domains that a host asks for."""
    listing = screen.peers(table, view)
    if each.field == "host":
        title("Domains", panels.over(table, view, listing.caption, listing.order))
        wanted = columns(view, "domain", "queries", "share", "names", "nxdomain", "hosts")
        panels.ranked("peers", "domain", table, view, listing.rows, wanted, rows, sort=listing.sort)
    else:
        title(
            "Hosts that ask" if each.field in LEVELS else "Hosts",
            panels.over(table, view, listing.caption, listing.order),
        )
        wanted = columns(view, "host", "queries", "share", "names", "nxdomain", "last")
        panels.ranked("askers", "host", table, view, listing.rows, wanted, rows, sort=listing.sort)


def makeup(table: Readable, view: View) -> None:
    """What the queries are made up of: types, responses and resolvers, side by side."""
    left, middle, right = st.columns(3, gap="small")
    with panel(left):
        panels.types(table, view, screen.MAKEUP_BARS, height=150)
    with panel(middle):
        panels.responses(table, view, screen.MAKEUP_BARS, height=150)
    with panel(right):
        panels.resolvers(table, view, rows=4)


def names(table: Readable, view: View, each: Filter, rows: int) -> None:
    """Names under it, by type and response."""
    listing = screen.names(table, view)
    said = panels.over(table, view, panels.in_rows(listing), listing.order)
    title("Names under it" if each.field == "domain" else "Names", said)
    # Elsewhere it is said already under which domain they are, or the domains stand above.
    wanted = NAME if each.field in ("host", "domain") else BY_DOMAIN
    panels.named(table, view, listing, columns(view, *wanted), rows)
