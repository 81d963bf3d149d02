"""The parts of a page that are our own HTML: titles, the strip of figures, empty panels.

Every text in it goes through `escaped`.
"""

import html
import string
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from pages.shared.search import is_address
from pipeline.charts import sparkline
from pipeline.names import MAX_CHARACTERS as NAME_CHARACTERS
from pipeline.names import defang, shown
from pipeline.state import View

HERE = Path(__file__).parent
MAX_CHARACTERS = 1_000
"""Of a text within our own HTML."""
MARKDOWN = {ord(sign): "\\" + sign for sign in string.punctuation}


def escaped(text: str) -> str:
    """A text within our own HTML: all of it can be seen, and none of it does anything."""
    return html.escape(shown(text, MAX_CHARACTERS))


def use_style() -> None:
    """The style sheet, once a run."""
    st.html(HERE / "look.css")


def safe(name: str, limit: int = NAME_CHARACTERS) -> str:
    """A name for a report: inert text, and all but addresses defanged."""
    return name if is_address(name) else defang(name, limit)


@lru_cache(maxsize=4096)
def inert(name: str) -> str:
    """A name for a widget's label, which Streamlit reads as Markdown.

    Escaping alone is not enough: Markdown turns `www.` into a link after unescaping. Each item of
    the menu of each row of each table has one, for each who looks.
    """
    return safe(name).translate(MARKDOWN)


def zone_of(view: View) -> ZoneInfo:
    """The zone in which times are shown: UTC, or the browser's."""
    return ZoneInfo("UTC" if view.tz == "utc" else st.context.timezone or "UTC")


def moment(time: datetime, view: View) -> str:
    """A time as a clock shows it, with its day where that is not today."""
    local = time.astimezone(zone_of(view))
    is_today = local.date() == datetime.now(local.tzinfo).date()
    return f"{local:%H:%M:%S}" if is_today else f"{day(local)} {local:%H:%M:%S}"


def day(time: datetime) -> str:
    """The day of a time in its zone, with its year where that is not this one."""
    is_this_year = time.year == datetime.now(time.tzinfo).year
    return f"{time:%b %d}" if is_this_year else f"{time:%Y-%m-%d}"


def rows() -> Any:
    """A page's rows of panels."""
    return st.container(gap="xsmall")


def panel(place: Any = st) -> Any:
    """A panel, in a column or here: its title close to what it is of."""
    return place.container(gap=None)


def title(
    text: str, caption: str = "", legend: Iterable[tuple[str, str]] = (), narrow: bool = False
) -> None:
    """A panel's line: what it shows, over what and how exact, and its colours by name; where it is
    `narrow`, two lines."""
    caption = "" if caption.startswith("0 of 0") else caption
    st.html(
        f'<div class="panel-title{" narrow" * narrow}"><b>{escaped(text)}</b>'
        f'<span title="{escaped(caption)}">{escaped(caption)}</span>'
        f"{_hues(legend)}</div>"
    )


def legend(hues: Iterable[tuple[str, str]]) -> None:
    """Colours by name on a line of their own."""
    st.html(f'<div class="panel-title">{_hues(hues)}</div>')


def _hues(legend: Iterable[tuple[str, str]]) -> str:
    hues = (f'<i style="--hue:{hue}">{escaped(name)}</i>' for name, hue in legend)
    return f'<span class="legend">{"".join(hues)}</span>'


def empty(text: str, height: int, hint: str = "") -> None:
    """A panel with nothing to show: as high as the full one, saying what to do next."""
    st.html(
        f'<div class="empty" style="height:{height}px"><div>{escaped(text)}</div>'
        f"<div>{escaped(hint)}</div></div>"
    )


@dataclass(frozen=True)
class Figure:
    """One cell of the strip: its value, a line below, and a small series with its colour."""

    label: str
    value: str
    note: str = ""
    series: Sequence[float] = ()
    hue: str = "#1D5FBF"
    alarming: bool = False
    hint: str = ""
    leads_to: str = ""
    """What a click on the value shows the rows of, as `nav.trace` knows it; nowhere if empty."""


def strip(figures: Sequence[Figure], said: str = "") -> None:
    """The figures in one row of 72 px, on whose edge stands of which time they are."""
    during = f'<span class="during">{escaped(said)}</span>' if said else ""
    st.html(f'<div class="strip">{"".join(_figure(each) for each in figures)}{during}</div>')


def _figure(figure: Figure) -> str:
    tone = ' class="warn"' if figure.alarming else ""
    # Streamlit strips `<svg>` out of HTML; a background image passes.
    uri = sparkline(figure.series, figure.hue)
    line = f"<div style=\"background-image:url('{uri}')\"></div>" if figure.series else ""
    return (
        f'<div class="figure"><label>{escaped(figure.label)}</label>'
        f"<strong>{_value(figure)}</strong>"
        f'<small{tone} title="{escaped(figure.hint)}">'
        f"{escaped(figure.note)}</small>{line}</div>"
    )


def _value(figure: Figure) -> str:
    value = escaped(figure.value)
    if not figure.leads_to:
        return value
    what = f'data-figure="{figure.leads_to}" aria-label="{escaped(figure.label)}: {value}"'
    return f'<button class="traced" title="Show what it counts" {what}>{value}</button>'
