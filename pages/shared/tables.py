"""Tables whose rows keep still: ranked anew by the user or every 30 s, picked by value.

A row number that comes back from a browser may already be another row's, so what was drawn last
is remembered, and a row's menu says the value it stands for.
"""

import time
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
import pyarrow as pa
import streamlit as st

from pages.shared.columns import theme
from pages.shared.look import empty, inert
from pages.shared.once import once
from pages.shared.onscreen import Order, Row, on_screen
from pipeline.charts import COLOURS
from pipeline.names import shown
from pipeline.where import OTHER, RESPONSES

Label = Callable[[str, str], str]

RERANK_SECONDS = 30
HEADER, ROW = 33, 26
MENU = "\nmenu"
"""A column that no record can have: in names of theirs a line feed is shown as an escape."""
NOTHING: dict[str, list[Any]] = {"cells": [], "columns": []}
"""Of a selection."""
WIDEST, WIDEST_CHARACTERS = 180, 26
NAMES = {
    "askers": "Hosts that ask",
    "changes": "What changed",
    "domains": "Domains or names",
    "lag-rows": "Records not yet read, by batch",
    "read-counted-rows": "Records read and counted, by batch",
    "responses-rows": "Queries by response",
    "stages-rows": "Seconds of each batch, by stage",
    "top-rows": "Who or what is asked for most, by response",
    "types-rows": "Queries by type",
    "volume-rows": "Queries over time, by response",
    "hosts": "Hosts",
    "kept": "What is kept",
    "names": "Names",
    "new": "New domains",
    "own": "Domains of this host",
    "peers": "Domains of the host",
    "raw": "Raw records",
    "reasons": "Reasons of rejection",
    "records": "Records",
    "resolvers": "Resolvers",
    "samples": "Samples of rejected records",
    "settings": "Settings in force",
    "sum": "What became of the records read",
}
"""What a screen reader calls a table."""
SELECTED = {"light": "#E4EDF9", "dark": "#1B2C45"}
"""Behind the row that is shown closer."""


def said_of(action: str, value: str) -> str:
    """An item of a row's menu: what it does, and to which value."""
    return f"{action} {inert(value)}"


def height(rows: int) -> int:
    """Pixels of a table with so many rows."""
    return HEADER + ROW * rows


def table(
    key: str,
    frame: pd.DataFrame,
    columns: Mapping[str, Any],
    rows: int,
    nothing: str,
    *,
    by: str | None = None,
    rows_by: tuple[str, ...] = (),
    picked: Container[str] = (),
    focus: object = None,
    ranking: object = None,
    on_pick: Callable[[str, str], None] | None = None,
    on_sort: Callable[[str], None] | None = None,
    actions: Mapping[str, Callable[[str], None]] | None = None,
    label: Label = said_of,
    tall: bool = False,
) -> str | None:
    """Draw `frame`, one line a row, with room for `rows`; the value of the row that stands first.

    `by` is the column of the value that a row stands for, `rows_by` those that tell rows apart
    where it does not; `ranking` whatever else decides the order (a change of it ranks anew);
    `picked` the values shown elsewhere, which hold the order still; `focus` is what is looked at: a
    cell that led to another is let go; `on_pick` is told a cell's value and column; `label` is how
    a row's menu says an action of a value, empty where it has none; `tall` has it use what is left
    of the screen's height, as look.css says.
    """
    if frame.empty:
        empty(nothing, height(rows))
        return None
    columns = _bounded(frame, columns, has_menu=bool(by and actions))
    order = _still(key, frame, by, rows_by or (by,), ranking, picked) if by else []
    values = _at(_values(frame, by), order) if by else []
    labels = (by, tuple(actions), label) if by and actions else None
    cells = _shown(frame, tuple(name for name in columns if name in frame), labels)
    styled = _styled(cells, order, [value in picked for value in values])
    place = st.container(key=f"tall-{key}", gap=None) if tall else st
    place.dataframe(
        _in_order(_arrow(cells), order) if styled is None else styled,
        key=key,
        hide_index=True,
        row_height=ROW,
        height="stretch" if tall else height(rows),
        column_config={**columns, **_menu(key, actions, label)},
        placeholder="–",
        alt=NAMES.get(key),
        **_selection(key, by, focus, on_pick, on_sort, values),
    )
    return values[0] if by else None


def _still(
    key: str,
    frame: pd.DataFrame,
    by: str,
    rows_by: tuple[str, ...],
    ranking: object,
    picked: Container[str],
) -> list[int]:
    """Where in the frame each row is, in the order they were drawn in, unless it is time to rank
    them anew.

    While one of them is looked at it is never time.
    """
    place = _places(frame, rows_by)
    kept, now = on_screen().orders.get(key), time.monotonic()
    rows, since = list(place), now
    if kept and kept.ranking == ranking:
        is_held = any(value in picked for value in kept.values)
        if is_held or now - kept.since < RERANK_SECONDS:
            rows, since = _in_place(kept.rows, rows), now if is_held else kept.since
    order = [place[row] for row in rows]
    if kept and kept.rows == rows and kept.ranking == ranking:
        drawn = replace(kept, since=since)
    else:
        values, former = _values(frame, by), kept.values if kept else []
        drawn = Order(rows_by, rows, _at(values, order), former, ranking, since)
    on_screen().drawing.orders[key] = drawn
    return order


def _at(values: list[str], order: list[int]) -> list[str]:
    return [values[at] for at in order]


@once
def _places(frame: pd.DataFrame, rows_by: tuple[str, ...]) -> dict[Row, int]:
    """Where each row is, by what tells it apart."""
    return {row: at for at, row in enumerate(zip(*map(frame.get, rows_by), strict=True))}


@once
def _values(frame: pd.DataFrame, by: str) -> list[str]:
    return frame[by].tolist()


def _in_place(drawn: list[Row], ranked: list[Row]) -> list[Row]:
    """What was drawn stays where it is; what is new stands where something has gone, or below.

    >>> _in_place([("a",), ("b",), ("c",)], [("d",), ("c",), ("a",)])
    [('a',), ('d',), ('c',)]
    """
    before, now = set(drawn), set(ranked)
    new = (row for row in ranked if row not in before)
    filled = [row if row in now else next(new, None) for row in drawn]
    return [*filter(None, filled), *new]


def _selection(
    key: str,
    by: str | None,
    focus: object,
    on_pick: Callable[[str, str], None] | None,
    on_sort: Callable[[str], None] | None,
    drawn: Sequence[str] = (),
) -> dict[str, Any]:
    modes = [mode for mode, on in (("single-cell", on_pick), ("single-column", on_sort)) if on]
    if not modes or not by:
        return {}
    known = f"{key}-selection"
    st.session_state[known] = _selected(key, focus, drawn)

    def chosen() -> None:
        selection, values = st.session_state[key]["selection"], on_screen().order(key).values
        cells, columns = selection["cells"], selection["columns"]
        last = st.session_state.get(known, NOTHING)
        if columns != last["columns"] and cells == st.session_state.pop(f"{key}-let-go", None):
            # A header, clicked before the browser had heard that this cell was let go.
            cells = last["cells"]
            selection = {"cells": cells, "columns": columns}
            st.session_state[key] = {"selection": selection}
        st.session_state[known] = selection
        # A cell that was clicked before stays selected when a header is.
        if cells and cells != last["cells"] and on_pick:
            row, column = cells[0]
            # Selected before the rows became fewer, or whatever else a browser may send.
            if row in range(len(values)):
                on_pick(values[row], column)
        elif columns != last["columns"] and cells == last["cells"] and on_sort:
            # To click a header once more is to let it go.
            on_sort((columns or last["columns"])[0])

    return {"on_select": chosen, "selection_mode": modes}


def _selected(key: str, focus: object, drawn: Sequence[str] = ()) -> Mapping[str, Any]:
    """What is selected as the table is drawn with the values `drawn`; nothing where that led to
    what has lost the focus, or another value stands there now.

    The browser tells of no click on a cell that is selected.
    """
    selection: Mapping[str, Any] = st.session_state.get(key, {"selection": NOTHING})["selection"]
    cells = selection["cells"]
    now = (focus, [drawn[row] for row, _ in cells if row in range(len(drawn))])
    led = st.session_state.get(f"{key}-led")
    if cells and led and led[0] == cells and led[1] != now:
        st.session_state[f"{key}-let-go"] = cells
        st.session_state[key] = {"selection": NOTHING}
        selection = NOTHING
    if not led or led[0] != selection["cells"]:
        st.session_state[f"{key}-led"] = (selection["cells"], now)
    return selection


def _menu(
    key: str,
    actions: Mapping[str, Callable[[str], None]] | None,
    label: Label,
) -> dict[str, Any]:
    """A column of row menus; what was clicked is told by its text, not by its row."""
    if not actions:
        return {}
    click = f"{key}-click"

    def clicked() -> None:
        text = st.session_state[click]["label"]
        order = on_screen().order(key)
        # A menu may have been opened before the rows became others.
        for value in dict.fromkeys(order.values + order.former):
            for action, act in actions.items():
                if text == label(action, value):
                    return act(value)
        return None

    column = st.column_config.ButtonColumn(
        "", width=34, type="tertiary", on_click=clicked, key=click
    )
    return {MENU: column}


def _bounded(frame: pd.DataFrame, columns: Mapping[str, Any], has_menu: bool) -> dict[str, Any]:
    """No text so wide that it pushes what stands right of it out of sight."""
    bounded = dict(columns)
    for name in list(columns)[: None if has_menu else -1]:
        free = name in frame and not columns[name].get("width")
        if free and _longest(frame, name) > WIDEST_CHARACTERS:
            bounded[name] = {**columns[name], "width": WIDEST}
    return bounded


@once
def _longest(frame: pd.DataFrame, name: str) -> int:
    return max((len(cell) for cell in frame[name] if isinstance(cell, str)), default=0)


Labels = tuple[str, tuple[str, ...], Label] | None
"""The column of a row's value, the actions of its menu, and how each is said of the value."""


@once
def _shown(frame: pd.DataFrame, names: tuple[str, ...], labels: Labels) -> pd.DataFrame:
    """Every text as one that can be seen and does nothing, and the menu of each row."""
    cells = frame[list(names)]
    texts: dict[str, list[Any]] = {
        name: cells[name].map(shown).tolist()
        for name in names
        if pd.api.types.is_object_dtype(cells[name])
        and not cells[name].map(lambda cell: isinstance(cell, list)).any()
    }
    if labels:
        by, actions, label = labels
        texts[MENU] = [
            [text for action in actions if (text := label(action, value))] for value in frame[by]
        ]
    cells = cells.reset_index(drop=True)
    # Not by `assign`: a raw record's field may be called `self`.
    for name, column in texts.items():
        cells[name] = column
    return cells


@once
def _arrow(cells: pd.DataFrame) -> pa.Table:
    """The same as it is sent."""
    return pa.Table.from_pandas(cells)


def _in_order(cells: pa.Table, order: list[int]) -> pa.Table:
    return cells.take(order) if order and order != list(range(len(order))) else cells


def _styled(cells: pd.DataFrame, order: list[int], looked_at: Sequence[bool]) -> Any:
    """Responses in their colours, the rows that are shown elsewhere on the panel's colour; None
    where there are neither: styles cost each viewer as much as the rest of a table."""
    if "response" not in cells and not any(looked_at):
        return None
    colours = COLOURS[theme()]
    styled = (cells.iloc[order].reset_index(drop=True) if order else cells).style
    if "response" in cells:
        text = {"NOERROR": colours["NOERROR text"]}
        hue = {name: text.get(name, colours.get(name)) for name in RESPONSES}
        styled = styled.map(
            lambda name: f"color: {hue.get(name, hue[OTHER])}; font-weight: 600",
            subset=["response"],
        )
    if any(looked_at):
        back = f"background-color: {SELECTED[theme()]}"
        styled = styled.apply(lambda column: [back if each else "" for each in looked_at])
    return styled
