"""Domains: all of them in a table, one of them closer beside it."""

import streamlit as st

from pages.shared import panels
from pages.shared.columns import columns
from pages.shared.controls import level_and_number
from pages.shared.detail import detail, makeup
from pages.shared.live import live
from pages.shared.look import panel, rows
from pipeline import screen
from pipeline.cache import Readable
from pipeline.focus import in_focus, of_row
from pipeline.state import FIELDS, View


def draw(table: Readable, view: View) -> None:
    """The master table beside the detail of the focus, or of its first row."""
    listing = screen.domains(table, view)
    with rows():
        left, right = st.columns([1.55, 1], gap="small")
        with panel(left):
            said = panels.over(table, view, listing.caption, listing.order)
            level_and_number(panels.LEVELS[view.level], said, view, levels=True)
            wanted = columns(view, view.level, *panels.DOMAIN)
            by, sort = view.level, listing.sort
            first = panels.ranked(
                "domains", by, table, view, listing.rows, wanted, 18, sort=sort, tall=True
            )
        each = in_focus(view, *FIELDS) or (of_row(view.level, first) if first is not None else None)
        with right.container(gap="xxsmall"):
            detail(table, view, each)
        makeup(table, screen.closer(view, each))


live(draw)
