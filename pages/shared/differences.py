"""What changed: this time against another, or this host against another."""

from dataclasses import replace
from datetime import datetime
from functools import lru_cache, partial

import pandas as pd
import streamlit as st

from pages.shared import nav, url
from pages.shared.columns import columns
from pages.shared.hostlabels import label_of
from pages.shared.look import day, inert, title, zone_of
from pages.shared.once import once
from pages.shared.search import is_address
from pages.shared.tables import Label
from pages.shared.tables import table as draw_table
from pipeline.cache import Readable
from pipeline.changes import BEFORE, DAY, HOST, Changes, Stretch
from pipeline.changes import changes as find_changes
from pipeline.focus import in_focus, of_text
from pipeline.names import shown
from pipeline.screen import against
from pipeline.state import FIELDS, Filter, View
from pipeline.where import NO_RESPONSE
from pipeline.window import Window, window

AGAINST = {BEFORE: "the time before", DAY: "24 hours before", HOST: "another host"}
RECORDS, THEN = "Records of", "Records then of"
FAILED = ("NXDOMAIN", NO_RESPONSE)
"""Measures that count the records of this response only."""


def changes(table: Readable, view: View, rows: int, of_host: bool = False) -> None:
    """The most surprising first; a click on a row and its menu are those of its host, domain, type,
    …, and the menu leads to its records on either side.

    On a host's page it can be held against another host.
    """
    vs = against(view, of_host)
    found = find_changes(table, view, view.n, vs)
    with st.container(horizontal=True, key="changes-head", gap="xxsmall"):
        title("What changed", _said(found, window(table, view), view, vs))
        _choice(vs, of_host)
    why = f"not compared: {found.why}" if found.why else "no change beyond chance"
    frame, focus = _marked(found.rows), in_focus(view, *FIELDS)
    draw_table(
        "changes",
        frame,
        columns(view, "what", "measure", "before", "now", "change"),
        rows,
        why,
        by="row",
        rows_by=("kind", "value", "measure"),
        focus=view.focus,
        picked=[row for row in frame["row"] if _looks_at(row, of_host) == focus],
        ranking=(view.ranked(), vs),
        on_pick=lambda row, column: nav.look_at(_looks_at(row, of_host)),
        # The most surprising are ranked first: the browser would sort these few only.
        on_sort=lambda column: None,
        actions=_actions(found, vs),
        label=_saying(vs),
    )


def _parts(row: str) -> tuple[Filter, Filter | None]:
    """What a row is of, and the response that it counts, if only one."""
    measure, _, text = row.partition("|")
    return of_text(text), Filter("response", measure) if measure in FAILED else None


def _looks_at(row: str, of_host: bool) -> Filter:
    """What a click brings into focus; on a host's page, of the host itself what it fails with."""
    each, failed = _parts(row)
    return failed if failed and of_host else each


def _actions(found: Changes, vs: str) -> nav.Actions:
    """Those of every row's menu, and to the records of then as well as of now."""
    other = vs.removeprefix(HOST) if vs.startswith(HOST) else ""
    return nav.actions_of(lambda row: _parts(row)[0]) | {
        RECORDS: lambda row: _open_records(row, found.whole),
        THEN: lambda row: _open_records(row, found.during, other),
    }


def _open_records(row: str, stretch: Stretch | None, host: str = "") -> None:
    """The records that a number of the row counts."""
    assert stretch is not None
    view = replace(nav.seen(), start=stretch[0], end=stretch[1])
    parts = [each for each in _parts(row) if each]
    nav.open_records(*parts, of=view.only("host", host) if host else view)


@lru_cache
def _saying(vs: str) -> Label:
    """The same for the same: what a table says is made once for all who look."""
    return partial(_said_of, vs)


def _said_of(vs: str, action: str, row: str) -> str:
    each, failed = _parts(row)
    words = [f"{RECORDS if action == THEN else action} {each.field} {inert(each.value)}"]
    if action in (RECORDS, THEN):
        words += [failed.value] if failed else []
        words += [AGAINST[_kind(vs)]] if action == THEN else []
    return ", ".join(words)


def _kind(vs: str) -> str:
    return HOST if vs.startswith(HOST) else vs


def _said(found: Changes, span: Window, view: View, vs: str) -> str:
    if not found.during:
        return ""
    now = _stretch(view, span.start, span.filling)
    if vs.startswith(HOST):
        return f"{found.of} against {shown(vs.removeprefix(HOST), 40)} · {now} · by G²"
    then = f"{day(found.during[0].astimezone(zone_of(view)))} " if vs == DAY else ""
    unsure = "? may have been folded · " * bool(found.rows["unsure"].any())
    return f"{found.of} · {now} vs {then}{_stretch(view, *found.during)} · {unsure}by G²"


def _stretch(view: View, *times: datetime) -> str:
    return "–".join(f"{time.astimezone(zone_of(view)):%H:%M}" for time in times)


@once
def _marked(rows: pd.DataFrame) -> pd.DataFrame:
    """With what stands for the row, and how it changed, in words."""
    kinds = zip(rows["kind"], rows["value"], rows["measure"], strict=True)
    return rows.assign(
        what=rows["value"],
        row=[f"{measure}|{kind}:{Filter(kind, value).to_text()}" for kind, value, measure in kinds],
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
    chosen = _kind(vs)
    other = vs.removeprefix(HOST) if chosen == HOST else ""
    key, address = url.seed_inside("vs", chosen), url.seed_inside("vs-host", shown(other))
    with st.popover("Compare with", type="tertiary", key="against"):
        st.radio(
            "Against",
            kinds,
            format_func=AGAINST.__getitem__,
            key=key,
            on_change=_chosen,
            args=(key, address),
        )
        if of_host:
            label = inert(label_of(other))
            args = (address,)
            st.text_input("Its address", key=address, on_change=_host_chosen, args=args, help=label)


def _chosen(key: str, address: str) -> None:
    vs = st.session_state[key]
    if vs != HOST:
        url.change(vs=vs)
    elif is_address(st.session_state[address]):
        _host_chosen(address)
    else:
        url.note("compare with which host? Its address is typed below “another host”")


def _host_chosen(key: str) -> None:
    if address := st.session_state[key].strip():
        url.change(vs=HOST + address)
