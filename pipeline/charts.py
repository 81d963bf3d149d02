"""Pandas data to Altair charts. The page draws the title and, in it, the legend.

Marks carry names only as `names.shown` gives them; colours are one table for both themes.
"""

import base64
from collections.abc import Sequence
from typing import Any, Literal, TypeVar

import altair as alt
import pandas as pd

from pipeline.names import shown
from pipeline.where import RESPONSES

Theme = Literal["light", "dark"]
Zone = Literal["utc", "local"]
Chart = TypeVar("Chart", alt.Chart, alt.LayerChart)

COLOURS: dict[str, dict[str, str]] = {
    "light": {
        "NXDOMAIN": "#A85A00",
        "SERVFAIL": "#7D0A22",
        "REFUSED": "#5B3A9E",
        "no response": "#142033",
        "other": "#17695C",
        "NOERROR": "#7A8FB0",
        "NOERROR text": "#51678C",
        "primary": "#1D5FBF",
        "background": "#FFFFFF",
        "secondary": "#F6F8FA",
        "text": "#1B2430",
        "muted": "#5A6878",
        "border": "#D5DCE5",
        "grid": "#E6EAF0",
    },
    "dark": {
        "NXDOMAIN": "#FDB022",
        "SERVFAIL": "#EB5A5F",
        "REFUSED": "#B79AF2",
        "no response": "#E3EAF3",
        "other": "#5FB8A4",
        "NOERROR": "#5A75A3",
        "NOERROR text": "#8FA8D1",
        "primary": "#5B9DF5",
        "background": "#0E1319",
        "secondary": "#161D27",
        "text": "#DCE3EC",
        "muted": "#93A2B5",
        "border": "#2A3442",
        "grid": "#222C39",
    },
}
FONT = '"Source Sans", sans-serif'
FAINT = 0.4
LABEL_CHARACTERS = 32
BAR_STEP = 25


def volume(
    frame: pd.DataFrame,
    theme: Theme = "light",
    tz: Zone = "utc",
    height: int = 168,
    domain: tuple[Any, Any] | None = None,
    brush: bool = False,
) -> alt.Chart:
    """Queries a bar, stacked by response, from `view.volume`; bars still filling are faint.

    `domain` is the window's start and end, so that the axis does not depend on the data. `brush`
    adds a selection `brush` of the axis x, which returns epoch ms.
    """
    colours = COLOURS[theme]
    scale = alt.Scale(
        type="utc" if tz == "utc" else "time",
        # As expressions: plain numbers are compared with their own dates, and a warning is logged.
        domain=[alt.ExprRef(str(_epoch_ms(time))) for time in domain or ()] or alt.Undefined,
    )
    highest = alt.Scale(domainMin=0) if len(frame) else alt.Scale(domain=[0, 1])
    rows, times = _with_times(frame, tz)
    chart: alt.Chart = (
        alt.Chart(rows)
        .mark_bar(stroke=colours["background"], strokeWidth=0.5)
        .encode(
            x=alt.X("bucket:T", scale=scale, title=None, axis=_time_axis(colours, frame, domain)),
            x2="end:T",
            y=alt.Y("y0:Q", title=None, scale=highest, axis=_number_axis(colours)),
            y2="y1:Q",
            color=_response_colour(colours),
            opacity=alt.condition("datum.filling", alt.value(FAINT), alt.value(1.0)),
            tooltip=[*times, "response:N", alt.Tooltip("queries:Q", format=",")],
        )
    )
    if brush:
        chart = chart.add_params(alt.selection_interval(name="brush", encodings=["x"]))
    return _plain(chart, height)


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
    y = _row_axis(rows, colours)
    x = _count_axis("x0", rows["total"].max() if len(rows) else 0)
    picked = alt.selection_point(name="picked", fields=[by])
    tips = [alt.Tooltip("whole:N", title=by), "response:N", alt.Tooltip("queries:Q", format=",")]
    bars = (
        alt.Chart(rows)
        .mark_bar(stroke=colours["background"], strokeWidth=0.5, size=14, cursor="pointer")
        .encode(y=y, x=x, x2="x1:Q", color=_response_colour(colours), tooltip=tips)
        .add_params(picked)
    )
    totals = (
        alt.Chart(rows.drop_duplicates("rank"))
        .mark_text(align="left", dx=5, fontSize=13, color=colours["text"])
        .encode(y=y, x="total:Q", text=alt.Text("total:Q", format=","), tooltip=tips[:1])
    )
    layers = alt.LayerChart(layer=[bars, totals])
    return _plain(layers, height or BAR_STEP * max(rows["rank"].nunique(), 1))


def bars(
    frame: pd.DataFrame,
    by: str = "type",
    value: str = "queries",
    tick: str | None = "before",
    theme: Theme = "light",
    height: int = 0,
) -> alt.LayerChart:
    """One bar a row in the frame's order, a tick at `tick` (the window before, or all hosts)."""
    colours = COLOURS[theme]
    rows = frame.assign(
        shown=[shown(name, LABEL_CHARACTERS) for name in frame[by]],
        whole=[shown(name) for name in frame[by]],
        rank=range(len(frame)),
    )
    rows["row"] = rows["rank"].astype(str)
    number = ",.1f" if value.endswith("share") else ","
    columns = [value] if tick is None else [value, tick]
    rows["furthest"] = rows[columns].max(axis=1)
    longest = rows["furthest"].max() if len(rows) else 0
    y = _row_axis(rows, colours)
    tips = [alt.Tooltip("whole:N", title=by)]
    tips += [alt.Tooltip(f"{column}:Q", format=number) for column in columns]
    base = alt.Chart(rows).encode(y=y, tooltip=tips)
    bar = base.mark_bar(color=colours["primary"], size=14).encode(x=_count_axis(value, longest))
    text = base.mark_text(align="left", dx=5, fontSize=13, color=colours["text"]).encode(
        x="furthest:Q",
        text=alt.Text(f"{value}:Q", format=number),
    )
    layers = [bar, text]
    if tick is not None:
        mark = base.transform_filter(f"isValid(datum['{tick}'])").mark_tick(
            color=colours["text"], thickness=2, size=16
        )
        layers.append(mark.encode(x=f"{tick}:Q"))
    return _plain(alt.LayerChart(layer=layers), height or BAR_STEP * max(len(rows), 1))


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


def _plain(chart: Chart, height: int) -> Chart:
    """Transparent, frameless, of fixed height, as wide as its place."""
    config = alt.Config(
        font=FONT,
        view=alt.ViewConfig(stroke=None),
        axis=alt.AxisConfig(labelFontSize=12, domain=False, ticks=False),
    )
    plain: Chart = chart.properties(
        height=height, width="container", background="transparent", config=config
    )
    return plain


def _response_colour(colours: dict[str, str]) -> alt.Color:
    scale = alt.Scale(domain=list(RESPONSES), range=[colours[name] for name in RESPONSES])
    return alt.Color("response:N", scale=scale, legend=None)


def _time_axis(
    colours: dict[str, str], frame: pd.DataFrame, domain: tuple[Any, Any] | None
) -> alt.Axis:
    start, end = domain or (frame["bucket"].min(), frame["end"].max())
    span = pd.Timestamp(end) - pd.Timestamp(start)
    day, short = pd.Timedelta(days=1), pd.Timedelta(minutes=10)
    form = "%b %d %H:%M" if span > day else "%H:%M:%S" if span < short else "%H:%M"
    return alt.Axis(
        format=form,
        labelColor=colours["muted"],
        grid=False,
        labelOverlap=True,
        tickCount=10 if span <= day else 6,
    )


def _number_axis(colours: dict[str, str]) -> alt.Axis:
    return alt.Axis(
        format="~s",
        labelColor=colours["muted"],
        gridColor=colours["grid"],
        tickCount=4,
        tickMinStep=1,
    )


def _count_axis(field: str, longest: float) -> alt.X:
    # Room at the right for the number beside the longest bar.
    scale = alt.Scale(domain=[0, 1.25 * (longest or 1)], nice=False)
    return alt.X(f"{field}:Q", axis=None, scale=scale)


def _row_axis(rows: pd.DataFrame, colours: dict[str, str]) -> alt.Y:
    """One place a row, so that two names that look alike are still two rows."""
    texts = dict(zip(rows["row"], rows["shown"], strict=True))
    axis = alt.Axis(
        labelExpr=f"{_vega_object(texts)}[datum.value]",
        labelColor=colours["text"],
        labelFontSize=13,
        labelLimit=190,
    )
    return alt.Y("row:N", sort=list(texts), title=None, axis=axis)


def _vega_object(texts: dict[str, str]) -> str:
    """A Vega expression that holds the texts: each character but letters and digits escaped."""
    quoted = ", ".join(f"'{key}': '{_vega_text(text)}'" for key, text in texts.items())
    return "{" + quoted + "}"


def _vega_text(text: str) -> str:
    units = text.encode("utf-16-be")
    codes = [int.from_bytes(units[at : at + 2], "big") for at in range(0, len(units), 2)]
    return "".join(
        chr(code) if code < 128 and chr(code).isalnum() else f"\\u{code:04x}" for code in codes
    )


def _with_times(frame: pd.DataFrame, tz: Zone) -> tuple[pd.DataFrame, list[alt.Tooltip]]:
    """The tooltips of a bar's start and end. Vega shows times local there, so UTC goes as text."""
    if tz == "local":
        form = "%Y-%m-%d %H:%M:%S"
        return frame, [
            alt.Tooltip("bucket:T", title="from", format=form),
            alt.Tooltip("end:T", title="to", format=form),
        ]
    texts = {name: frame[name].dt.strftime("%Y-%m-%d %H:%M:%S UTC") for name in ("bucket", "end")}
    frame = frame.assign(start_text=texts["bucket"], end_text=texts["end"])
    return frame, [alt.Tooltip("start_text:N", title="from"), alt.Tooltip("end_text:N", title="to")]


def _epoch_ms(time: Any) -> int:
    return int(pd.Timestamp(time).timestamp() * 1000)
