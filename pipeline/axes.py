"""What the charts share: scales, axes, labels and the frame that none has."""

from typing import Any, Literal, TypeVar
from zoneinfo import ZoneInfo

import altair as alt
import pandas as pd

from pipeline.where import RESPONSES

Zone = Literal["utc", "local"]
Chart = TypeVar("Chart", alt.Chart, alt.LayerChart)
FONT = '"Source Sans", sans-serif'


def plain(chart: Chart, height: int) -> Chart:
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


def response_colour(colours: dict[str, str]) -> alt.Color:
    """One hue a response; the legend is in the title."""
    scale = alt.Scale(domain=list(RESPONSES), range=[colours[name] for name in RESPONSES])
    return alt.Color("response:N", scale=scale, legend=None)


def time_axis(
    colours: dict[str, str], frame: pd.DataFrame, domain: tuple[Any, Any] | None
) -> alt.Axis:
    """Seconds where the window is short, the day where it is long."""
    start, end = domain or (frame["bucket"].min(), frame["end"].max())
    span = pd.Timestamp(end) - pd.Timestamp(start)
    day, short = pd.Timedelta(days=1), pd.Timedelta(minutes=10)
    form = "%b %d %H:%M" if span > day else "%H:%M:%S" if span < short else "%H:%M"
    return alt.Axis(
        format=form,
        labelColor=colours["muted"],
        grid=False,
        labelOverlap=True,
        labelSeparation=8,
        tickCount=10 if span <= day else 6,
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


def count_axis(field: str, longest: float) -> alt.X:
    """From 0 to a quarter more than the longest bar."""
    # Room at the right for the number beside the longest bar.
    scale = alt.Scale(domain=[0, 1.25 * (longest or 1)], nice=False)
    return alt.X(f"{field}:Q", axis=None, scale=scale)


def row_axis(rows: pd.DataFrame, colours: dict[str, str]) -> alt.Y:
    """One place a row, so that two names that look alike are still two rows."""
    texts = dict(zip(rows["row"], rows["shown"], strict=True))
    axis = alt.Axis(
        labelExpr=f"{_vega_object(texts)}[datum.value]",
        labelColor=colours["text"],
        labelFontSize=13,
        labelLimit=190,
        # It would be read as "0, 1, 2"; the bars themselves say their names.
        aria=False,
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


def with_times(frame: pd.DataFrame, zone: ZoneInfo) -> tuple[pd.DataFrame, list[alt.Tooltip]]:
    """The tooltips of a bar's start and end, as texts that say by which clock they are."""
    form = "%Y-%m-%d %H:%M:%S %Z"
    texts = {name: frame[name].dt.tz_convert(zone).dt.strftime(form) for name in ("bucket", "end")}
    frame = frame.assign(start_text=texts["bucket"], end_text=texts["end"])
    return frame, [alt.Tooltip("start_text:N", title="from"), alt.Tooltip("end_text:N", title="to")]


def time_scale(tz: Zone, domain: tuple[Any, Any] | None) -> alt.Scale:
    """Along the whole window, whatever the data."""
    edges = [int(pd.Timestamp(time).timestamp() * 1000) for time in domain or ()]
    # As expressions: plain numbers are compared with their own dates, and a warning is logged.
    return alt.Scale(
        type="utc" if tz == "utc" else "time",
        domain=[alt.ExprRef(str(edge)) for edge in edges] or alt.Undefined,
    )
