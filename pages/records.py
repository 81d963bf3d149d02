"""Records: the rows behind a number, and what a host asked just before and after one."""

from dataclasses import replace
from datetime import datetime, timedelta

import pandas as pd
import streamlit as st

from pages.shared import nav, panels, url
from pages.shared.columns import columns
from pages.shared.controls import level_and_number
from pages.shared.live import live
from pages.shared.look import panel, rows
from pages.shared.tables import table as draw_table
from pipeline import screen
from pipeline.cache import Readable
from pipeline.records import COLUMNS
from pipeline.state import View

WIDTHS = {
    "bucket": 84, "host": 120, "resolver": 120, "name": 300, "type": 64, "response": 90,
    "queries": 66, "rtt_ms": 60, "answers": 200, "uid": 150, "last": 84,
}  # fmt: skip
SORTS = {"queries": "count"}
"""At the start, where other tables rank by queries, this one shows the newest."""
AROUND = timedelta(minutes=1)
NOTE = "a row is of one bucket, in which order is lost: click it for its host a minute around"


def draw(table: Readable, view: View) -> None:
    """One table over the whole page."""
    listing = screen.records(table, view)
    frame = listing.rows.assign(around=[_around(*row) for row in _stretches(listing.rows)])
    with rows(), panel():
        said = f"{panels.over(table, view, listing.caption)} · {NOTE}"
        level_and_number("Records", said, view, more=raw)
        draw_table(
            "records",
            frame,
            columns(view, *WIDTHS, **WIDTHS),
            22,
            panels.nothing(table, view),
            by="around",
            rows_by=("bucket", *COLUMNS, "seq"),
            ranking=(view.ranked(), view.sort, view.n),
            on_pick=_show_around,
            on_sort=lambda column: url.change(sort=SORTS.get(column, column)),
        )


def raw() -> None:
    """A button that reads Zeek's own records of the view."""
    st.button(
        "Raw records",
        icon=":material/manage_search:",
        type="tertiary",
        key="raw-records",
        on_click=lambda: nav.open_raw(url.view()),
        help="Zeek's own records of this time, read again from the source",
    )


def _stretches(frame: pd.DataFrame) -> list[tuple[datetime, datetime, str]]:
    return list(zip(frame["bucket"], frame["end"], frame["host"], strict=True))


def _around(start: datetime, end: datetime, host: str) -> str:
    return f"{(start - AROUND).isoformat()} {(end + AROUND).isoformat()} {host}"


def _show_around(row: str) -> None:
    start, end, host = row.split(" ", 2)
    stretch = {"start": datetime.fromisoformat(start), "end": datetime.fromisoformat(end)}
    view = url.view().without("domain", "name", "type", "response", "resolver")
    url.write(replace(view.only("host", host), **stretch, sort="queries"))


live(draw)
