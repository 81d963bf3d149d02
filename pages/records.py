"""Records: the rows behind a number, and what a host asked just before and after one."""

from functools import partial

import streamlit as st

from pages.shared import nav, panels, recordrows, url
from pages.shared.columns import columns, marked
from pages.shared.controls import level_and_number
from pages.shared.live import live
from pages.shared.look import panel, rows, zone_of
from pages.shared.ranks import rank_by
from pages.shared.tables import table as draw_table
from pipeline import screen
from pipeline.cache import Readable
from pipeline.records import COLUMNS
from pipeline.state import View

WIDTHS = {
    "bucket": 84, "host": 120, "resolver": 120, "name": 266, "type": 64, "response": 90,
    "queries": 66, "rtt_ms": 60, "answers": 200, "uid": 150, "last": 84,
}  # fmt: skip
NOTE = "a row is of one bucket, in which order is lost: its menu shows its host a minute around"


def draw(table: Readable, view: View) -> None:
    """One table over the whole page."""
    listing = screen.records(table, view)
    frame = recordrows.with_texts(listing.rows)
    with rows(), panel():
        said = f"{panels.over(table, view, listing.caption, listing.order)} · {NOTE}"
        level_and_number("Records", said, view, more=raw)
        draw_table(
            "records",
            frame,
            marked(columns(view, *WIDTHS, **WIDTHS), listing.sort),
            22,
            panels.nothing(table, view),
            by="row",
            rows_by=("bucket", *COLUMNS, "seq"),
            picked=recordrows.of_focus(frame, view.focus),
            focus=view.focus,
            ranking=(view.ranked(), view.sort, view.n),
            on_pick=recordrows.pick,
            on_sort=partial(rank_by, listing.sort),
            actions=recordrows.ACTIONS,
            label=recordrows.saying(zone_of(view)),
            tall=True,
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


live(draw)
