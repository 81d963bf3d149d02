"""What changed: this time against another, or this host against another."""

from datetime import datetime

import pandas as pd
import streamlit as st

from pages.shared import nav, url
from pages.shared.columns import columns
from pages.shared.hostlabels import label_of
from pages.shared.look import inert, title, zone_of
from pages.shared.search import is_address
from pages.shared.tables import table as draw_table
from pipeline.cache import Readable
from pipeline.changes import BEFORE, DAY, HOST, Changes
from pipeline.changes import changes as find_changes
from pipeline.focus import of_text
from pipeline.names import shown
from pipeline.screen import CHANGES, against
from pipeline.state import Filter, View
from pipeline.window import Window, window

AGAINST = {BEFORE: "the time before", DAY: "24 hours before", HOST: "another host"}


def changes(table: Readable, view: View, rows: int, of_host: bool = False) -> None:
    """The most surprising first; a row's menu is that of its host, domain, type, ….

    On a host's page it can be held against another host.
    """
    vs = against(view, of_host)
    found = find_changes(table, view, CHANGES, vs)
    with st.container(horizontal=True, key="changes-head", gap="xxsmall"):
        title("What changed", _said(found, window(table, view), view, vs))
        _choice(vs, of_host)
    why = f"not compared: {found.why}" if found.why else "no change beyond chance"
    draw_table(
        "changes",
        _marked(found.rows),
        columns(view, "what", "measure", "before", "now", "change"),
        rows,
        why,
        by="row",
        rows_by=("row", "measure"),
        ranking=(view.ranked(), vs),
        # The most surprising are ranked first: the browser would sort these few only.
        on_sort=lambda column: None,
        actions=nav.actions_of_texts(),
        label=_said_of,
    )


def _said_of(action: str, row: str) -> str:
    each = of_text(row)
    return f"{action} {each.field} {inert(each.value)}"


def _said(found: Changes, span: Window, view: View, vs: str) -> str:
    if not found.during:
        return ""
    now = _stretch(view, span.start, span.filling)
    if vs.startswith(HOST):
        return f"{found.of} against {shown(vs.removeprefix(HOST), 40)} · {now} · by G²"
    day = f"{found.during[0].astimezone(zone_of(view)):%b %d} " if vs == DAY else ""
    unsure = "? may have been folded · " * bool(found.rows["unsure"].any())
    return f"{found.of} · {now} vs {day}{_stretch(view, *found.during)} · {unsure}by G²"


def _stretch(view: View, *times: datetime) -> str:
    return "–".join(f"{time.astimezone(zone_of(view)):%H:%M}" for time in times)


def _marked(rows: pd.DataFrame) -> pd.DataFrame:
    """With what stands for the row, and how it changed, in words."""
    kinds = zip(rows["kind"], rows["value"], strict=True)
    return rows.assign(
        what=rows["value"],
        row=[f"{kind}:{Filter(kind, value).to_text()}" for kind, value in kinds],
        change=[
            in_words(*each)
            for each in rows[["before", "now", "g2", "unsure"]].itertuples(index=False)
        ],
    )


def in_words(before: int, now: int, g2: float, unsure: bool = False) -> str:
    """How a count changed; a share can grow while its count does not, and then that is said.

    >>> in_words(0, 5, 20.0), in_words(5, 0, -20.0), in_words(5, 20, 20.0), in_words(5, 4, 20.0)
    ('new', 'gone', '▲ 4.0 ×', '▲ share')
    >>> in_words(0, 5, 20.0, unsure=True)  # it may have been there, and folded away since
    'new?'
    """
    if not before or not now:
        return ("new" if now else "gone") + "?" * unsure
    sign = "▲" if g2 > 0 else "▼"
    times = max(now, before) / min(now, before)
    grew = (now > before) == (g2 > 0) and times >= 1.05
    return f"{sign} {times:,.1f} ×" if grew else f"{sign} share"


def _choice(vs: str, of_host: bool) -> None:
    kinds = [BEFORE, DAY, *([HOST] if of_host else [])]
    chosen = HOST if vs.startswith(HOST) else vs
    with st.popover("Compare with", type="tertiary", key="against"):
        st.radio(
            "Against",
            kinds,
            format_func=AGAINST.__getitem__,
            key=url.seed("vs", chosen),
            on_change=_chosen,
        )
        if of_host:
            other = vs.removeprefix(HOST) if chosen == HOST else ""
            key, label = url.seed("vs-host", shown(other)), inert(label_of(other))
            st.text_input("Its address", key=key, on_change=_host_chosen, help=label)


def _chosen() -> None:
    vs = st.session_state["vs"]
    if vs != HOST:
        url.change(vs=vs)
    elif is_address(st.session_state["vs-host"]):
        _host_chosen()


def _host_chosen() -> None:
    if address := st.session_state["vs-host"].strip():
        url.change(vs=HOST + address)
