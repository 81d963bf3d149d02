"""Pandas data to charts: what a chart is, which Altair tells once, and the rows that it draws now.

A specification says nothing of its rows, not even how far its axes reach: a browser that has a
chart only takes new rows then, and draws nothing from the beginning. The page draws the title and,
in it, the legend. Marks carry names only as `names.shown` gives them.
"""

import base64
from collections.abc import Sequence
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import altair as alt
import pandas as pd

from pipeline.axes import (
    ROOM,
    TIMES,
    Span,
    Spec,
    Zone,
    count_axis,
    epoch_ms,
    filled,
    in_rows,
    number_axis,
    number_format,
    plain,
    reaching,
    response_colour,
    row_axis,
    span_of,
    time_axis,
    with_times,
)
from pipeline.colours import COLOURS, Theme
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
) -> Spec:
    """Queries a bar, stacked by response, from `view.volume`; bars still filling are faint.

    `domain` is the window's start and end, so that the axis does not depend on the data. `brush`
    adds a selection `brush` of the axis x, which returns epoch ms, and `picked`, of a segment's
    response. The axis is of `tz`, of which Vega knows UTC and the browser's own; the tooltips tell
    times in `zone`.
    """
    edges = pd.Series(domain or (frame["bucket"].min(), frame["end"].max()))
    spec = _volume(theme, tz, brush, span_of(*edges))
    times = {name: epoch_ms(frame[name]) for name in ("bucket", "end")}
    rows = with_times(frame, zone).assign(**times)
    return filled(spec, height, rows=rows, edges=pd.DataFrame({"bucket": epoch_ms(edges)}))


@cache
def _volume(theme: Theme, tz: Zone, brush: bool, span: Span) -> Spec:
    colours = COLOURS[theme]
    scale = alt.Scale(type="utc" if tz == "utc" else "time", padding=0)
    x = alt.X("bucket:T", scale=scale, title=None, axis=time_axis(colours, span))
    bars = (
        alt.Chart(alt.NamedData("rows"))
        .mark_bar(stroke=colours["background"], strokeWidth=0.5)
        .encode(
            x=x,
            x2=alt.X2("end:T"),
            y=alt.Y("y0:Q", title=None, scale=alt.Scale(zero=True), axis=number_axis(colours)),
            y2=alt.Y2("y1:Q"),
            color=response_colour(colours),
            opacity=alt.condition("datum.filling", alt.value(FAINT), alt.value(1.0)),
            tooltip=[*TIMES, alt.Tooltip("response:N"), alt.Tooltip("queries:Q", format=",")],
        )
    )
    if brush:
        bars = bars.add_params(
            alt.selection_interval(name="brush", encodings=["x"]),
            alt.selection_point(name="picked", fields=["response"]),
        )
    return plain(alt.LayerChart(layer=[reaching(alt.NamedData("edges"), x=x), bars]))


def top_bars(
    frame: pd.DataFrame, by: str = "domain", theme: Theme = "light", height: int = 0
) -> Spec:
    """The first domains, names or TLDs as bars stacked by response, from `view.top_domains`.

    The selection `picked` returns the row's real value in the field `by`.
    """
    rows = in_rows(frame, by, frame["rank"])
    rows["room"] = ROOM * (rows["total"].max() if len(rows) else 1)
    totals = rows.drop_duplicates("rank")
    return filled(
        _top_bars(by, theme), height or BAR_STEP * max(len(totals), 1), rows=rows, totals=totals
    )


@cache
def _top_bars(by: str, theme: Theme) -> Spec:
    colours = COLOURS[theme]
    y = row_axis(colours)
    picked = alt.selection_point(name="picked", fields=[by])
    tips = [alt.Tooltip("whole:N", title=by), alt.Tooltip("response:N")]
    tips.append(alt.Tooltip("queries:Q", format=","))
    bars = (
        alt.Chart(alt.NamedData("rows"))
        .mark_bar(stroke=colours["background"], strokeWidth=0.5, size=14, cursor="pointer")
        .encode(
            y=y, x=count_axis("x0"), x2=alt.X2("x1:Q"), color=response_colour(colours), tooltip=tips
        )
        .add_params(picked)
    )
    totals = (
        alt.Chart(alt.NamedData("totals"))
        .mark_text(align="left", dx=5, fontSize=13, color=colours["text"])
        .encode(y=y, x=alt.X("total:Q"), text=alt.Text("total:Q", format=","), tooltip=tips[:1])
    )
    room = reaching(alt.NamedData("totals"), x=alt.X("room:Q"))
    return plain(alt.LayerChart(layer=[bars, totals, room]))


def bars(
    frame: pd.DataFrame,
    by: str = "type",
    value: str = "queries",
    tick: str | None = "before",
    theme: Theme = "light",
    height: int = 0,
) -> Spec:
    """One bar a row in the frame's order, a tick at `tick` (the window before, or all hosts).

    Responses have their hues, all others the one. The selection `picked` returns the row's real
    value in the field `by`.
    """
    rows = in_rows(frame, by, range(len(frame)))
    # A mark of nothing would have no name for a screen reader.
    has_tick = tick is not None and bool(rows[tick].notna().any())
    number = number_format(value)
    rows["said"] = [f"{each:{number}}{' %' * value.endswith('share')}" for each in rows[value]]
    rows["furthest"] = rows[[value, *[tick] * (tick is not None)]].max(axis=1)
    rows["room"] = ROOM * ((rows["furthest"].max() if len(rows) else 0) or 1)
    colours = COLOURS[theme]
    rows["hue"] = [
        colours[name if name in RESPONSES else OTHER] if by == "response" else colours["primary"]
        for name in frame[by]
    ]
    spec = _bars(by, value, tick, has_tick, theme)
    return filled(spec, height or BAR_STEP * max(len(rows), 1), rows=rows)


@cache
def _bars(by: str, value: str, tick: str | None, has_tick: bool, theme: Theme) -> Spec:
    colours = COLOURS[theme]
    columns = [value, *[tick] * (tick is not None)]
    tips = [alt.Tooltip("whole:N", title=by)]
    tips += [alt.Tooltip(f"{column}:Q", format=number_format(value)) for column in columns]
    base = alt.Chart().encode(y=row_axis(colours), tooltip=tips)
    picked = alt.selection_point(name="picked", fields=[by])
    bar = (
        base.mark_bar(size=14, cursor="pointer")
        .encode(x=count_axis(value), color=alt.Color("hue:N", scale=None, legend=None))
        .add_params(picked)
    )
    text = base.mark_text(align="left", dx=5, fontSize=13, color=colours["text"]).encode(
        x=alt.X("furthest:Q"),
        text=alt.Text("said:N"),
    )
    layers = [bar, text, reaching(x=alt.X("room:Q"))]
    if has_tick:
        mark = base.transform_filter(f"isValid(datum['{tick}'])").mark_tick(
            color=colours["text"], thickness=2, size=16
        )
        layers.append(mark.encode(x=alt.X(f"{tick}:Q")))
    return plain(alt.LayerChart(data=alt.NamedData("rows"), layer=layers))


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
