"""What the charts share: scales, axes, labels, the frame that none has, and how rows come in."""

from collections.abc import Iterable
from typing import Any, Literal
from zoneinfo import ZoneInfo

import altair as alt
import pandas as pd

from pipeline.names import shown
from pipeline.where import RESPONSES

Spec = dict[str, Any]
"""A chart as Vega-Lite takes it; what is kept of one is not to be changed."""
Zone = Literal["utc", "local"]
Span = Literal["minutes", "hours", "days"]
FONT = '"Source Sans", sans-serif'
"""Of the rest of the page; Vega does not inherit it."""
ROOM = 1.25
"""How far an axis of counts reaches, in longest bars: beside that one stands a number."""
LABEL_CHARACTERS = 32
PLACE = 4
"""Characters of a row's place before its label."""
LABELS = f"slice(datum.value, {PLACE})"


def plain(chart: alt.Chart | alt.LayerChart) -> Spec:
    """Transparent, frameless, as wide as its place, and without rows."""
    config = alt.Config(
        font=FONT,
        view=alt.ViewConfig(stroke=None),
        axis=alt.AxisConfig(labelFontSize=12, domain=False, ticks=False),
    )
    plain = chart.properties(
        width="container",
        background="transparent",
        padding={"left": 0, "top": 4, "right": 4, "bottom": 0},
        config=config,
    )
    spec: Spec = plain.to_dict(validate=False)
    return spec


def filled(spec: Spec, height: int, **datasets: pd.DataFrame) -> Spec:
    """The chart with its rows, by the names under which `spec` asks for them."""
    return spec | {"height": height, "datasets": datasets}


def response_colour(colours: dict[str, str]) -> alt.Color:
    """One hue a response; the legend is in the title."""
    scale = alt.Scale(domain=list(RESPONSES), range=[colours[name] for name in RESPONSES])
    return alt.Color("response:N", scale=scale, legend=None)


def reaching(data: Any = alt.Undefined, **axis: Any) -> alt.Chart:
    """Points that nobody sees: as far as they lie, the axis reaches."""
    points: alt.Chart = alt.Chart(data).mark_point(opacity=0, aria=False).encode(**axis)
    return points


def span_of(start: Any, end: Any) -> Span:
    """How long a window is, as far as its axis tells times otherwise."""
    length = pd.Timestamp(end) - pd.Timestamp(start)
    if length > pd.Timedelta(days=1):
        return "days"
    return "hours" if length >= pd.Timedelta(minutes=10) else "minutes"


def time_axis(colours: dict[str, str], span: Span) -> alt.Axis:
    """Seconds where the window is short, the day where it is long."""
    form = {"minutes": "%H:%M:%S", "hours": "%H:%M", "days": "%b %d %H:%M"}[span]
    return alt.Axis(
        format=form,
        labelColor=colours["muted"],
        grid=False,
        labelOverlap=True,
        labelSeparation=8,
        tickCount=6 if span == "days" else 10,
    )


# As the axis's own format all labels would have the unit of the highest: 0k, 0.5k.
COUNTS = "datum.value % 1 ? '' : format(datum.value, '~s')"
PARTS = "format(datum.value, '~r')"


def number_axis(colours: dict[str, str], labels: str = COUNTS) -> alt.Axis:
    """From 0 up, each label by itself: COUNTS such as 10k, whole numbers only, or PARTS."""
    return alt.Axis(
        labelExpr=labels,
        labelColor=colours["muted"],
        gridColor=colours["grid"],
        tickCount=4,
        tickMinStep=1 if labels == COUNTS else alt.Undefined,
    )


def count_axis(field: str) -> alt.X:
    """Counts from 0 as lengths, which stand beside the bars as numbers."""
    return alt.X(f"{field}:Q", axis=None, scale=alt.Scale(zero=True, nice=False))


def number_format(value: str) -> str:
    """How a count or a share is told."""
    return ",.1f" if value.endswith("share") else ","


def in_rows(frame: pd.DataFrame, by: str, places: Iterable[int]) -> pd.DataFrame:
    """With `row`, its place and what is shown of its name, and `whole`, all that can be shown.

    By their places two names that look alike are still two rows.
    """
    labels = (shown(name, LABEL_CHARACTERS) for name in frame[by])
    rows = [f"{place:0{PLACE}}{label}" for place, label in zip(places, labels, strict=True)]
    return frame.assign(row=rows, whole=[shown(name) for name in frame[by]])


def row_axis(colours: dict[str, str]) -> alt.Y:
    """One place a row of `in_rows`, from the top."""
    axis = alt.Axis(
        labelExpr=LABELS,
        labelColor=colours["text"],
        labelFontSize=13,
        labelLimit=190,
        # It would be read with its places; the bars themselves say their names.
        aria=False,
    )
    return alt.Y("row:N", title=None, axis=axis)


TIMES = [alt.Tooltip("start_text:N", title="from"), alt.Tooltip("end_text:N", title="to")]
"""The tooltips of a bar's start and end, from `with_times`."""


def with_times(frame: pd.DataFrame, zone: ZoneInfo) -> pd.DataFrame:
    """With a bar's start and end as texts that say by which clock they are."""
    form = "%Y-%m-%d %H:%M:%S %Z"
    texts = {name: frame[name].dt.tz_convert(zone).dt.strftime(form) for name in ("bucket", "end")}
    return frame.assign(start_text=texts["bucket"], end_text=texts["end"])


def epoch_ms(times: pd.Series) -> pd.Series:
    """As Vega counts time: what comes in later is not parsed, as the first rows would be."""
    counted: pd.Series = times.dt.as_unit("ms").astype("int64")
    return counted
