"""Overview: can I trust it, is something odd, what shape has it, who, what."""

import streamlit as st

from pages.shared import differences, panels
from pages.shared.figures import cells
from pages.shared.live import live
from pages.shared.look import panel, rows, strip
from pipeline.cache import Readable
from pipeline.figures import summary
from pipeline.screen import TYPE_BARS
from pipeline.state import View
from pipeline.window import window


def draw(table: Readable, view: View) -> None:
    """Three rows of panels under the strip; a focus shows its peers in the panel beside."""
    with rows():
        strip(cells(summary(table, view), window(table, view).why), panels.stretch(table, view))
        left, right = st.columns([2.15, 1], gap="small")
        with panel(left):
            panels.volume(table, view, height=168)
        with panel(right):
            differences.changes(table, view, rows=5)
        left, right = st.columns([1.1, 1.75], gap="small")
        with panel(left):
            panels.top_domains(table, view, height=266)
        with panel(right):
            panels.hosts(table, view, rows=9)
        left, middle, right = st.columns([1, 1, 1.3], gap="small")
        with panel(left):
            panels.types(table, view, TYPE_BARS, height=217)
        with panel(middle):
            panels.resolvers(table, view, rows=7)
        with panel(right):
            panels.new_domains(table, view, rows=7)


live(draw)
