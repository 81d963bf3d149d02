"""Wall, `?wall` on the Overview: for a screen four metres away that runs for weeks.

One piece of our own HTML, sized by the screen, and above it the clock with its banner.
"""

from dataclasses import replace
from datetime import UTC, datetime

import streamlit as st

from pages.shared import url, wallparts
from pages.shared.clock import wall_clock
from pages.shared.live import ahead, moment
from pages.shared.look import HERE, zone_of
from pages.shared.refresh import again, watch_tab
from pipeline.cache import SHOWN, Readable
from pipeline.query import running
from pipeline.settings import Settings
from pipeline.state import START
from pipeline.wall import Turn, in_turn, read_views


def show() -> None:
    """The wall, drawn anew at the URL's interval for as long as it is open."""
    st.html(HERE / "wall.css")
    again(_step, url.view().every or START.every)
    watch_tab()


def _step() -> None:
    pipeline = running()
    turn = _turn(pipeline.settings)
    seen = replace(turn, view=moment(turn.view))
    with ahead(turn.view):
        _draw(pipeline.table, seen, pipeline.settings.wall_addresses)
        SHOWN.drawn(seen.view.at)
    # Last: where drawing fails, the clock hears nothing, and says so.
    status = pipeline.status().seen_every(turn.view.every)
    wall_clock(status, zone_of(turn.view), turn.name or "Zeek DNS", turn.view.every)


def _turn(settings: Settings) -> Turn:
    views = read_views(settings.wall_views)
    return in_turn(url.view(), views, settings.wall_seconds, datetime.now(UTC))


def _draw(table: Readable, turn: Turn, addresses: bool) -> None:
    view = turn.view
    parts = (
        wallparts.chosen(turn, addresses),
        wallparts.numbers(table, view),
        wallparts.volume(table, view),
        wallparts.changes(table, view, addresses),
        wallparts.new_domains(table, view),
    )
    st.html(f'<div class="wall">{"".join(parts)}</div>')
