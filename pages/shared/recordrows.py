"""What can be done with a row of Records: with each of its cells, and with all of it."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache, partial
from zoneinfo import ZoneInfo

import pandas as pd

from pages.shared import nav, url
from pages.shared.look import inert
from pages.shared.once import once
from pages.shared.tables import Label
from pipeline.names import shown
from pipeline.records import COLUMNS
from pipeline.state import Filter

ROW = ("bucket", "end", *COLUMNS, "domain")
"""What tells rows apart, but for a batch not merged yet."""
MINUTE = timedelta(minutes=1)
AROUND = "Around"
RAW = "Raw records of"
ROOM = {"host": 45, "resolver": 45, "name": 120, "type": 20, "response": 20}
"""Characters of each value in a menu's longest item."""


@once
def with_texts(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows, and as `row` the text of each, from which its menu and its cells are told."""
    values = zip(*(frame[name] for name in ROW), strict=True)
    return frame.assign(row=[_row(*row) for row in values])


def _row(start: datetime, end: datetime, *values: str | None) -> str:
    return json.dumps([start.isoformat(), end.isoformat(), *values])


def _parts(row: str) -> dict[str, str | None]:
    return dict(zip(ROW, json.loads(row), strict=True))


def of_focus(frame: pd.DataFrame, focus: tuple[str, str] | None) -> list[str]:
    """The rows that have what is looked at in one of their cells."""
    each = Filter.from_text(*focus) if focus else None
    if each is None or each.field not in frame:
        return []
    return frame["row"][frame[each.field] == each.value].tolist()


def _about(row: str, column: str = "name") -> Filter:
    """The value in a cell as a filter; that of the name where a cell has none, or of the host."""
    parts = _parts(row)
    field = next((each for each in (column, "name") if each in COLUMNS and parts[each]), "host")
    return Filter(field, parts[field])


def pick(row: str, column: str) -> None:
    """What stands in a cell comes into focus."""
    nav.look_at(_about(row, column))


def _stretch(row: str, margin: timedelta) -> dict[str, datetime]:
    start, end = (datetime.fromisoformat(_parts(row)[name]) for name in ("bucket", "end"))
    return {"start": start - margin, "end": end + margin}


def _around(row: str) -> None:
    """Whatever the row's host asked a minute around it."""
    view = url.view().without("domain", "name", "type", "response", "resolver")
    stretch = _stretch(row, MINUTE)
    url.write(replace(view.only("host", _parts(row)["host"]), **stretch))


def _raw_of(row: str) -> None:
    """Zeek's own records that the row counts."""
    view = replace(url.view(), **_stretch(row, timedelta()))
    for name in COLUMNS:
        if value := _parts(row)[name]:
            view = view.only(name, value)
    nav.open_raw(view)


_ABOUT = {words: act for words, act in nav.actions_of(_about).items() if words != "Open"}
ACTIONS = {AROUND: _around, **nav.opens(_parts), **_ABOUT, RAW: _raw_of}


@cache
def saying(zone: ZoneInfo) -> Label:
    """The same for the same: what a table says is made once for all who look."""
    return partial(_said_of, zone)


def _said_of(zone: ZoneInfo, action: str, row: str) -> str:
    """An item of a row's menu; two that say the same do the same."""
    bucket = datetime.fromisoformat(_parts(row)["bucket"]).astimezone(zone)
    when = bucket.strftime(r"%Y-%m-%d %H\:%M\:%S")
    texts = {name: inert(shown(_parts(row)[name] or "", ROOM[name])) for name in COLUMNS}
    if action == AROUND:
        return f"{AROUND} {when}, {texts['host']}"
    if action == RAW:
        return ", ".join([f"{RAW} {when}", *filter(None, texts.values())])
    if action in nav.OPENS:
        return nav.said_of_opening(action, _parts(row))
    return f"{action} {inert(_about(row).value)}"
