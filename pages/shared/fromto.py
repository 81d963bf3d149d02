"""The time from one moment to another, in the zone in which times are shown."""

from datetime import UTC, datetime

import streamlit as st

from pages.shared import live, url
from pages.shared.look import zone_of
from pipeline.query import running
from pipeline.state import View
from pipeline.window import window


def from_to(view: View) -> None:
    """A form of two moments, at first those of the time that is shown."""
    zone = zone_of(view)
    span = window(running().table, live.last(view))
    seeds = {"from": span.start.astimezone(zone), "to": span.end.astimezone(zone)}
    with (
        st.popover("from–to", type="primary" if view.start else "secondary"),
        st.form("from-to", border=False),
    ):
        for key, time in seeds.items():
            local = time.replace(tzinfo=None, fold=0)
            st.datetime_input(f"{key}, {zone}", key=url.seed(key, local), step=60)
        st.form_submit_button("Show this time", on_click=_chosen, args=(seeds,))


def _chosen(seeds: dict[str, datetime]) -> None:
    typed = {key: st.session_state[key] for key in seeds}
    try:
        start, end = (moment(typed[key], seed, key == "to") for key, seed in seeds.items())
    except ValueError as error:
        return url.note(str(error))
    if start >= end:
        return url.note(f"from {typed['from']:%H:%M} must lie before to {typed['to']:%H:%M}")
    return url.change(start=start, end=end)


def moment(typed: datetime | None, seed: datetime, is_end: bool) -> datetime:
    """The moment of a local time; ValueError with a sentence where the clocks leave it out.

    Where they show it twice it is that of `seed`, if nothing else was typed; else the first, or of
    an end the second, so that both lie between.
    """
    if typed is None:
        raise ValueError("from and to go together: both or none")
    is_same = typed == seed.replace(tzinfo=None, fold=0)
    local = typed.replace(tzinfo=seed.tzinfo, fold=seed.fold if is_same else int(is_end))
    found = local.astimezone(UTC)
    if found.astimezone(seed.tzinfo).replace(tzinfo=None, fold=0) != typed:
        raise ValueError(f"{typed:%Y-%m-%d %H:%M} is left out by the clocks of {seed.tzinfo}")
    return found
