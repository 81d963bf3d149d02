"""Health: is it alive, is it complete, how far behind."""

import streamlit as st

from pages.shared import checks, login, stream, url
from pages.shared.live import live
from pages.shared.look import panel, rows, strip, zone_of
from pipeline.query import running
from pipeline.screen import Counted
from pipeline.state import View


def draw(table: Counted, view: View) -> None:
    """A sentence, figures, how the stream runs, what became of each record, the settings."""
    pipeline = running()
    status, counters = pipeline.status().seen_every(view.every), table.counters()
    with rows():
        checks.sentence(status, counters, url.view())
        strip(checks.figures(status, counters, pipeline.settings))
        left, right = st.columns(2, gap="small")
        with panel(left):
            stream.read_and_counted(status, zone_of(view), height=130)
        with panel(right):
            stream.lag(status, zone_of(view), height=130)
        left, right = st.columns([1.3, 1], gap="small")
        with panel(left):
            stream.stages(status, height=189)
        with panel(right):
            checks.whole_sum(counters, rows=6)
        left, right = st.columns([1, 1.3], gap="small")
        with panel(left):
            checks.reasons(counters, view, rows=5)
        with panel(right):
            checks.samples(table, counters, view, rows=5)
        left, right = st.columns([1, 1.3], gap="small")
        with panel(left):
            checks.kept(status, counters, pipeline.settings, view, rows=10)
        with panel(right):
            checks.settings_in_force(pipeline.settings, rows=10)


live(draw, pauses=False)
login.sign_out()
