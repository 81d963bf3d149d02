"""The line at the top of one host's page: who it is, its neighbours, what can be done."""

from dataclasses import replace

import streamlit as st

from pages.shared import nav, url
from pages.shared.detail import copies
from pages.shared.hostlabels import label_of
from pages.shared.look import escaped, moment
from pipeline import view as shows
from pipeline.cache import Readable
from pipeline.figures import place
from pipeline.focus import one_host
from pipeline.query import running
from pipeline.state import Filter, View

NEIGHBOURS = 1000


def host_head(table: Readable, view: View, host: str) -> None:
    """Back, the host and its rank, previous and next, only and not, copy; 34 px."""
    everyone = replace(url.view().without("host"), focus=None)
    with st.container(horizontal=True, key="host-head", gap="xxsmall", vertical_alignment="center"):
        st.page_link(nav.page("Hosts"), label="← Hosts", query_params=everyone.to_params())
        st.html(_name(table, view, host))
        st.button("‹", key="before", help="the host ranked before", on_click=_step, args=(-1,))
        st.button("›", key="after", help="the host ranked after", on_click=_step, args=(1,))
        st.page_link(
            nav.page("Overview"),
            label="Only this",
            query_params=everyone.filtered(Filter("host", host)).to_params(),
        )
        st.page_link(
            nav.page("Hosts"),
            label="Not this",
            query_params=everyone.filtered(Filter("host", host, exclude=True)).to_params(),
        )
        copies(Filter("host", host))


def _name(table: Readable, view: View, host: str) -> str:
    found = place(table, view, "host", host)
    rank = "asked nothing in this time"
    if found.first and found.last:
        first, last = (moment(time, view) for time in (found.first, found.last))
        rank = f"rank {found.rank:,} of {found.of:,} · first {first}, last {last}"
    return (
        f'<div class="host-name"><code>{escaped(host)}</code>'
        f"<b>{escaped(label_of(host))}</b>"
        f"<span>{rank}</span></div>"
    )


def _step(step: int) -> None:
    """The host ranked before or after; the ranking is looked up when it is asked for."""
    view = url.view()
    host = one_host(view)
    everyone = view.without("host")
    ranked = list(shows.hosts(running().table, everyone, NEIGHBOURS, series=False).rows["host"])
    if host in ranked and 0 <= ranked.index(host) + step < len(ranked):
        url.write(replace(view.only("host", ranked[ranked.index(host) + step]), focus=None))
