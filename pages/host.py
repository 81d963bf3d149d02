"""One host's own page: its figures beside those of all hosts, its domains and names."""

import streamlit as st

from pages.shared import differences, panels
from pages.shared.columns import columns
from pages.shared.figures import cells
from pages.shared.hosthead import host_head
from pages.shared.live import live
from pages.shared.look import empty, panel, rows, strip, title
from pipeline import screen
from pipeline.cache import Readable
from pipeline.figures import host_summary
from pipeline.focus import in_focus, one_host
from pipeline.state import View
from pipeline.window import window


def draw(table: Readable, view: View) -> None:
    """The host that the URL's `host` names."""
    host = one_host(view)
    if host is None:
        empty("no host is chosen", 535, "open one from the table of hosts, or search for host:…")
        return
    view, focus = screen.of_host(view), in_focus(view, "domain", "name")
    listing = screen.own_domains(table, view)
    with rows():
        host_head(table, view, host)
        figures = cells(host_summary(table, view, host), window(table, view).why)
        strip(figures, panels.stretch(table, view))
        left, right = st.columns([2.15, 1], gap="small")
        with panel(left):
            panels.volume(table, view, height=150)
        with panel(right):
            panels.own_types(table, view, height=150)
        left, right = st.columns([1, 1.12], gap="small")
        with panel(left):
            title("Domains of this host", panels.over(table, view, listing.caption, listing.order))
            wanted = columns(
                view, "domain", "queries", "share", "names", "nxdomain", "hosts", "per_bar"
            )
            panels.ranked("own", "domain", table, view, listing.rows, wanted, 10, sort=listing.sort)
        with panel(right):
            panels.names(table, screen.of_names(view), 10, focus)
        left, right = st.columns([1, 1.12], gap="small")
        with panel(left):
            panels.resolvers(table, view, rows=5)
        with panel(right):
            differences.changes(table, view, rows=5, of_host=True)


live(draw)
