"""Pandas data to Altair charts. The page draws the title and, in it, the legend.

Marks carry names only as `names.shown` gives them.
"""

import base64
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

import altair as alt
import pandas as pd

from pipeline.axes import (
    Zone,
    count_axis,
    number_axis,
    plain,
    response_colour,
    row_axis,
    time_axis,
    time_scale,
    with_times,
)
from pipeline.colours import COLOURS, Theme
from pipeline.names import shown
from pipeline.where import OTHER, RESPONSES

__all__ = [
    "BAR_STEP",
    "COLOURS",
    "FAINT",
    "Theme",
    "Zone",
    "bars",
    "sparkline",
    "top_bars",
    "volume",
]

FAINT = 0.4
UTC_ZONE = ZoneInfo("UTC")
LABEL_CHARACTERS = 32
BAR_STEP = 25
"""Height of a row of bars, in px."""


def volume(
    frame: pd.DataFrame,
    theme: Theme = "light",
    tz: Zone = "utc",
    height: int = 168,
    domain: tuple[Any, Any] | None = None,
    brush: bool = False,
    zone: ZoneInfo = UTC_ZONE,
) -> alt.Chart:
    """Queries a bar, stacked by response, from `view.volume`; bars still filling are faint.

    `domain` is the window's start and end, so that the axis does not depend on the data. `brush`
    adds a selection `brush` of the axis x, which returns epoch ms, and `picked`, of a segment's
    response. The axis is of `tz`, of which
    Vega knows UTC and the browser's own; the tooltips tell times in `zone`.
    """
    colours = COLOURS[theme]
    scale = time_scale(tz, domain)
    highest = alt.Scale(domainMin=0) if len(frame) else alt.Scale(domain=[0, 1])
    rows, times = with_times(frame, zone)
    chart: alt.Chart = (
        alt.Chart(rows)
        .mark_bar(stroke=colours["background"], strokeWidth=0.5)
        .encode(
            x=alt.X("bucket:T", scale=scale, title=None, axis=time_axis(colours, frame, domain)),
            x2=alt.X2("end:T"),
            y=alt.Y("y0:Q", title=None, scale=highest, axis=number_axis(colours)),
            y2=alt.Y2("y1:Q"),
            color=response_colour(colours),
            opacity=alt.condition("datum.filling", alt.value(FAINT), alt.value(1.0)),
            tooltip=[*times, alt.Tooltip("response:N"), alt.Tooltip("queries:Q", format=",")],
        )
    )
    if brush:
        chart = chart.add_params(
            alt.selection_interval(name="brush", encodings=["x"]),
            alt.selection_point(name="picked", fields=["response"]),
        )
    return plain(chart, height)


def top_bars(
    frame: pd.DataFrame, by: str = "domain", theme: Theme = "light", height: int = 0
) -> alt.LayerChart:
    """The first domains, names or TLDs as bars stacked by response, from `view.top_domains`.

    The selection `picked` returns the row's real value in the field `by`.
    """
    colours = COLOURS[theme]
    rows = frame.assign(shown=[shown(name, LABEL_CHARACTERS) for name in frame[by]])
    rows["whole"] = [shown(name) for name in rows[by]]
    rows["row"] = rows["rank"].astype(str)
    y = row_axis(rows, colours)
    x = count_axis("x0", rows["total"].max() if len(rows) else 0)
    picked = alt.selection_point(name="picked", fields=[by])
    tips = [alt.Tooltip("whole:N", title=by), alt.Tooltip("response:N")]
    tips.append(alt.Tooltip("queries:Q", format=","))
    bars = (
        alt.Chart(rows)
        .mark_bar(stroke=colours["background"], strokeWidth=0.5, size=14, cursor="pointer")
        .encode(y=y, x=x, x2=alt.X2("x1:Q"), color=response_colour(colours), tooltip=tips)
        .add_params(picked)
    )
    totals = (
        alt.Chart(rows.drop_duplicates("rank"))
        .mark_text(align="left", dx=5, fontSize=13, color=colours["text"])
        .encode(y=y, x=alt.X("total:Q"), text=alt.Text("total:Q", format=","), tooltip=tips[:1])
    )
    layers = alt.LayerChart(layer=[bars, totals])
    return plain(layers, height or BAR_STEP * max(rows["rank"].nunique(), 1))


def bars(
    frame: pd.DataFrame,
    by: str = "type",
    value: str = "queries",
    tick: str | None = "before",
    theme: Theme = "light",
    height: int = 0,
) -> alt.LayerChart:
    """One bar a row in the frame's order, a tick at `tick` (the window before, or all hosts).

    Responses have their hues, all others the one. The selection `picked` returns the row's real
    value in the field `by`.
    """
    colours = COLOURS[theme]
    rows = frame.assign(
        shown=[shown(name, LABEL_CHARACTERS) for name in frame[by]],
        whole=[shown(name) for name in frame[by]],
        rank=range(len(frame)),
    )
    rows["row"] = rows["rank"].astype(str)
    number = ",.1f" if value.endswith("share") else ","
    unit = " %" * value.endswith("share")
    rows["said"] = [f"{each:{number}}{unit}" for each in rows[value]]
    columns = [value] if tick is None else [value, tick]
    rows["furthest"] = rows[columns].max(axis=1)
    longest = rows["furthest"].max() if len(rows) else 0
    y = row_axis(rows, colours)
    tips = [alt.Tooltip("whole:N", title=by)]
    tips += [alt.Tooltip(f"{column}:Q", format=number) for column in columns]
    rows["hue"] = [
        colours[name if name in RESPONSES else OTHER] if by == "response" else colours["primary"]
        for name in frame[by]
    ]
    # Channels in words would be looked up in a map of all that is made for each of them.
    base = alt.Chart().encode(y=y, tooltip=tips)
    picked = alt.selection_point(name="picked", fields=[by])
    bar = (
        base.mark_bar(size=14, cursor="pointer")
        .encode(x=count_axis(value, longest), color=alt.Color("hue:N", scale=None, legend=None))
        .add_params(picked)
    )
    text = base.mark_text(align="left", dx=5, fontSize=13, color=colours["text"]).encode(
        x=alt.X("furthest:Q"),
        text=alt.Text("said:N"),
    )
    layers = [bar, text]
    # A mark of nothing would have no name for a screen reader.
    if tick is not None and rows[tick].notna().any():
        mark = base.transform_filter(f"isValid(datum['{tick}'])").mark_tick(
            color=colours["text"], thickness=2, size=16
        )
        layers.append(mark.encode(x=alt.X(f"{tick}:Q")))
    # Data of each layer would be hashed as its printed text.
    layered = alt.LayerChart(data=rows, layer=layers)
    return plain(layered, height or BAR_STEP * max(len(rows), 1))


def sparkline(
    series: Sequence[float], colour: str, width: int = 72, height: int = 24, fill: bool = False
) -> str:
    """A small line as the data URI of an SVG, for the background image of a figure."""
    points = _points(series, width, height)
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    area = f"<polygon points='0,{height} {line} {width},{height}' fill='{colour}' opacity='.15'/>"
    svg = (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}'"
        f" viewBox='0 0 {width} {height}'>{area if fill and line else ''}"
        f"<polyline points='{line}' fill='none' stroke='{colour}' stroke-width='1.25'"
        " stroke-linejoin='round'/></svg>"
    )
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def _points(series: Sequence[float], width: int, height: int) -> list[tuple[float, float]]:
    low, high = min(series, default=0.0), max(series, default=0.0)
    step = width / max(len(series) - 1, 1)
    span = (high - low) or 1.0
    return [
        (place * step, height - 2 - (value - low) / span * (height - 4))
        for place, value in enumerate(series)
    ]
