"""A session's look-up: Zeek's own records of the view, while they are read and after."""

import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from math import isfinite
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from pages.shared import nav, panels, url
from pages.shared.columns import config
from pages.shared.copy import copy_defanged, copy_real
from pages.shared.files import file_link
from pages.shared.look import inert, title, zone_of
from pages.shared.onscreen import OnScreen, on_screen
from pages.shared.ranks import whole_table
from pipeline.export import Names, to_csv
from pipeline.feed import DNS
from pipeline.lookup import MAX_RECORDS, Lookup, Record
from pipeline.names import shown
from pipeline.query import running
from pipeline.state import Filter, View
from pipeline.window import window

KEY = "look-up"
MAX_COLUMNS = 60
FIELD_CHARACTERS = 60
MOST_NESTED = 50
NUMBERS = ("time", "interval", "count", "port", "bool", "vector[interval]")
"""Zeek's types of fields that hold no name."""
OF_FIELDS = {
    "id.orig_h": "host",
    "id.resp_h": "resolver",
    "query": "name",
    "qtype_name": "type",
    "rcode_name": "response",
}
"""What a cell of a field can bring into focus."""
NARROW, WIDE = 110, 260
WIDTHS = {"ts": 150, "uid": 150, "query": WIDE, "answers": WIDE}
HINT = f'"Read" finds the oldest {MAX_RECORDS:,} of this view: less time or a filter shows others'
PLACE = "\nplace"
"""The column of what a row stands for; as with a menu's, no record's field can be called so."""
MENU_ROWS = 250
"""Each row's menu is sent with the table: beyond so many rows there are none."""


def of(view: View) -> Lookup | None:
    """The session's look-up, if it is of this view."""
    lookup: Lookup | None = st.session_state.get(KEY)
    if not lookup or lookup.view.ranked() != view.ranked():
        return None
    lookup.looked_at = time.monotonic()
    return lookup


def is_reading(lookup: Lookup | None) -> bool:
    """Whether there is one that has not ended."""
    return lookup is not None and not lookup.is_over


def begin_if_asked(view: View) -> None:
    """Begin where a menu asked for it."""
    if st.session_state.pop(nav.LOOK_UP, False):
        begin(view)


def begin(view: View) -> None:
    """Read the view's time from the source; a look-up of before ends."""
    end()
    span = window(running().table, view)
    st.session_state[KEY] = running().look_up(view, span.start, span.end)


def end() -> None:
    """Read no more; what was found stays."""
    if before := st.session_state.get(KEY):
        before.cancel()


def head(lookup: Lookup | None, view: View) -> None:
    """What is read of which time, how far it is, and the buttons."""
    with st.container(horizontal=True, key="raw-head", gap="xxsmall", vertical_alignment="center"):
        title("Raw records", _said(lookup, view))
        if lookup and not lookup.is_over:
            st.button("Cancel", icon=":material/stop:", key="look-up-end", on_click=end)
        else:
            st.button(
                "Read again" if lookup else "Read",
                icon=":material/manage_search:",
                type="secondary" if lookup else "primary",
                key="look-up-begin",
                on_click=lambda: begin(url.view()),
                help="Reads the source again beside the stream; this may take a minute",
            )
        if lookup and lookup.found:
            file_link(
                "JSON lines",
                "zeek-live-records.jsonl",
                "application/x-ndjson",
                partial(_file_of, on_screen(), lookup, zone_of(view)),
            )
    if lookup and not lookup.is_over:
        st.progress(min(1.0, lookup.read / lookup.of) if lookup.of else 0.0)


def _said(lookup: Lookup | None, view: View) -> str:
    if lookup is None:
        return panels.over(running().table, view, "Zeek's own records, from the source")
    zone = zone_of(view)
    start, stop = (time.astimezone(zone) for time in (lookup.start, lookup.end))
    during = f"{start:%Y-%m-%d %H:%M:%S}–{stop:%H:%M:%S} {zone}"
    far = f"{lookup.read:,} of about {max(lookup.read, lookup.of):,} lines read"
    many = f"{len(lookup.found):,} found"
    if len(lookup.found) > MENU_ROWS:
        many += f" (copied one by one up to {MENU_ROWS}, else by the file)"
    return f"{many} · {far} · {during} · {lookup.ended or 'reading …'}"


def records(lookup: Lookup, view: View, rows: int) -> None:
    """All of Zeek's fields of what was found, as texts."""
    found = list(lookup.found)
    frame = in_columns(found, zone_of(view))
    at_place = dict(zip(frame[PLACE], found, strict=True))
    on_screen().drawing.lookup = lookup
    whole_table(
        "raw",
        frame,
        {name: _column(name) for name in frame if name != PLACE},
        rows,
        "nothing found so far" if not lookup.is_over else f"nothing found: {lookup.ended}",
        by=PLACE,
        focus=view.focus,
        ranking=(lookup.start, lookup.is_over),
        on_pick=partial(_pick, at_place),
        actions=_actions(at_place) if len(frame) <= MENU_ROWS else None,
        label=partial(_said_of, at_place),
        tall=True,
    )


def _pick(found: Mapping[str, Record], place: str, column: str) -> None:
    """What stands in a cell comes into focus, where rows of the table have it."""
    field, record = OF_FIELDS.get(column), found.get(place)
    if not field or not record:
        return
    value = record._asdict().get(field) or _read(record).get(column)
    if isinstance(value, str) and value:
        nav.look_at(Filter(field, value))


def _actions(found: Mapping[str, Record]) -> nav.Actions:
    return {
        "Copy": lambda place: copy_defanged(_line(found[place])),
        "Copy real": lambda place: copy_real(_line(found[place])),
        **nav.opens(partial(_parts, found)),
    }


def _parts(found: Mapping[str, Record], place: str) -> nav.Parts:
    """Nothing where fewer are found than were when the menu was drawn."""
    return found[place]._asdict() if place in found else {}


def _said_of(found: Mapping[str, Record], action: str, place: str) -> str:
    if action in nav.OPENS:
        return nav.said_of_opening(action, _parts(found, place))
    return f"{action} record of {inert(place)}"


def _column(name: str) -> Any:
    return config.TextColumn(name, width=WIDTHS.get(name, NARROW))


def in_columns(found: list[Record], zone: ZoneInfo) -> pd.DataFrame:
    """A row a record: Zeek's fields in Zeek's order, then what else stands in them; all inert.

    `ts` is told in the zone; PLACE is it too, and tells apart those of the same time.
    """
    rows = [_cells(each, zone) for each in found]
    present = dict.fromkeys(field for row in rows for field in row)
    known = [field for field in DNS.fields if field in present]
    order = [*known, *(field for field in present if field not in DNS.fields)][:MAX_COLUMNS]
    frame = pd.DataFrame([[row.get(field, "") for field in order] for row in rows], columns=order)
    frame[PLACE] = list(_told_apart(row["ts"] for row in rows))
    return frame


def _told_apart(times: Iterable[str]) -> Iterator[str]:
    """Each text, with its number among the same if it is not their first."""
    many = Counter[str]()
    for each in times:
        many[each] += 1
        yield each if many[each] == 1 else f"{each} ({many[each]})"


def _cells(record: Record, zone: ZoneInfo) -> dict[str, str]:
    ts = f"{_at(record, zone):%Y-%m-%d %H:%M:%S.%f}"
    read = _read(record)
    others = islice((key for key in read if key not in DNS.fields), MAX_COLUMNS)
    fields = [key for key in DNS.fields if key in read] + list(others)
    return {**{shown(key, FIELD_CHARACTERS): _words(read[key]) for key in fields}, "ts": ts}


def _at(record: Record, zone: ZoneInfo) -> datetime:
    seconds, microseconds = divmod(record.ts, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=microseconds).astimezone(zone)


def _words(value: Any) -> str:
    """A cell; the elements of a vector or set stand beside each other."""
    if isinstance(value, list):
        return ", ".join(map(_word, value))
    return _word(value)


def _word(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value)


def _read(record: Record) -> dict[str, Any]:
    """What the record says; all of it as one text where it is no object, or a deep one."""
    try:
        read = json.loads(record.text, parse_float=_number, parse_constant=str)
    except (ValueError, RecursionError):
        return {"record": record.text}
    return read if isinstance(read, dict) and not _is_deep(read) else {"record": record.text}


def _is_deep(read: Any) -> bool:
    """Whether lists and objects lie in each other so often that Python might not tell them."""
    level = [read]
    for _ in range(MOST_NESTED):
        inner = [each.values() if isinstance(each, dict) else each for each in level]
        level = [each for part in inner for each in part if isinstance(each, (dict, list))]
    return bool(level)


def _number(text: str) -> float | str:
    """A number, or its text where there is none so large: JSON has no word for infinity."""
    number = float(text)
    return number if isfinite(number) else text


def _line(record: Record) -> str:
    """The record as one line of ASCII: nothing in it hides."""
    return json.dumps(_read(record))


def raw_csv(screen: OnScreen, zone: ZoneInfo, names: Names) -> bytes:
    """What the table shows as CSV: times in ISO 8601, numbers as they are."""
    found = list(screen.lookup.found) if screen.lookup else []
    times = [_at(each, zone).isoformat(timespec="microseconds") for each in found]
    rows = in_columns(found, zone).assign(ts=[each.replace("+00:00", "Z") for each in times])
    rows = screen.in_order("raw", rows).drop(columns=PLACE)
    named = [each for each in rows if DNS.fields.get(each, "string") not in NUMBERS]
    return to_csv(rows, names, named=named)


def _file_of(screen: OnScreen, lookup: Lookup, zone: ZoneInfo) -> bytes:
    found = list(lookup.found)
    order = screen.in_order("raw", in_columns(found, zone)).index
    return json_lines([found[place] for place in order])


def json_lines(found: list[Record]) -> bytes:
    """One JSON object a line, as they were observed."""
    return "".join(_line(each) + "\n" for each in found).encode("ascii")
