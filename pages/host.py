"""One host's own page: its figures beside those of all hosts, its domains and names."""

import streamlit as st

from pages.shared import differences, panels
from pages.shared.figures import cells
from pages.shared.hosthead import host_head
from pages.shared.live import live
from pages.shared.look import empty, panel, rows, strip
from pipeline import screen
from pipeline.cache import Readable
from pipeline.figures import host_summary
from pipeline.focus import one_host
from pipeline.state import View
from pipeline.window import window


def draw(table: Readable, view: View) -> None:
    """The host that the URL's `host` names."""
    host = one_host(view)
    if host is None:
        empty("no host is chosen", 535, "open one from the table of hosts, or search for host:…")
        return
    view = screen.of_host(view)
    with rows():
        host_head(table, view, host)
        figures = cells(host_summary(table, view, host), window(table, view).why)
        strip(figures, panels.stretch(table, view))
        left, middle, right = st.columns([2.1, 0.92, 0.95], gap="small")
        with panel(left):
            panels.volume(table, view, height=137, narrow=True)
        with panel(middle):
            panels.own_types(table, view, height=137)
        with panel(right):
            panels.other_hosts(table, view, host, rows=4)
        left, right = st.columns([1, 1.12], gap="small")
        with panel(left):
            panels.own_domains(table, view, rows=10)
        with panel(right):
            panels.own_names(table, view, rows=10)
        left, middle, right = st.columns([0.85, 1, 0.95], gap="small")
        with panel(left):
            panels.resolvers(table, view, rows=5, of_host=True)
        with panel(middle):
            differences.changes(table, view, rows=5, of_host=True)
        with panel(right):
            panels.new_domains(table, view, rows=5, of_host=True)


live(draw)
