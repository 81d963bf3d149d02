"""How the stream runs, batch by batch, as charts."""

from collections.abc import Callable
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import altair as alt
import pandas as pd
import streamlit as st

from pages.shared import url
from pages.shared.charts import chart, finished
from pages.shared.columns import theme
from pages.shared.look import empty, title
from pages.shared.tables import HEADER, ROW, table
from pipeline.axes import PARTS, number_axis
from pipeline.cache import RESULTS
from pipeline.charts import COLOURS
from pipeline.status import BatchTimes, Status

Batches = tuple[BatchTimes, ...]
ROWS = {"read-counted": ("at", "read", "counted"), "lag": ("at", "lag_records")}
"""Columns of a chart that is shown as a table; else the stages."""
HEADERS = {"batch_id": "Batch", "read": "Read", "counted": "Counted", "lag_records": "Records left"}
STAGE_HUES = {
    "group": "primary",
    "write": "NXDOMAIN",
    "maintain": "other",
    "source": "REFUSED",
    "plan": "SERVFAIL",
    "commit": "NOERROR",
}
"""Each stage has its colour, whatever others there are."""


def read_and_counted(status: Status, zone: ZoneInfo, height: int) -> None:
    """Records read a batch as bars, those counted as a line on top."""
    colours = COLOURS[theme()]
    hues = [("read", colours["NOERROR"]), ("counted", colours["text"])]
    title("Read against counted", _stretch(status.batches, zone), hues)
    _draw("read-counted", status.batches, partial(_read_and_counted, zone), height, zone)


def lag(status: Status, zone: ZoneInfo, height: int) -> None:
    """Records that were in the source and not read when each batch ended."""
    title("Lag in records", f"now {', '.join(lag_in_words(status))}")
    _draw("lag", status.batches, partial(_lag, zone), height, zone)


def lag_in_words(status: Status) -> tuple[str, str]:
    """Records and seconds behind; before the source was reached they are not known."""
    if status.state == "starting":
        return "–", "–"
    return f"{status.lag_records:,}", f"{status.lag_seconds:,.0f} s"


def stages(status: Status, height: int) -> None:
    """Seconds of each batch, stacked by stage."""
    hues = _stage_hues(status.batches, theme())
    title("Last batches by stage", "seconds", hues.items())
    _draw("stages", status.batches, _stages, height)


def _stretch(batches: Batches, zone: ZoneInfo) -> str:
    if not batches:
        return ""
    first, last = (each.at.astimezone(zone) for each in (batches[0], batches[-1]))
    return f"{batches_in_words(len(batches))}, {first:%H:%M:%S}–{last:%H:%M:%S %Z}"


def batches_in_words(many: int, before: str = "last") -> str:
    """Such as `last 60 batches`."""
    return f"{before} {many} batches" if many != 1 else f"{before} 1 batch"


def _draw(
    key: str, batches: Batches, build: Callable[..., Any], height: int, zone: ZoneInfo | None = None
) -> None:
    """A chart of the batches, made once a batch whoever looks."""
    if not batches:
        why = "no batch yet: the first one ends a few seconds after the source is reached"
        return empty(why, height)
    if url.view().charts == "tables":
        return _rows(key, batches, height, zone)
    last = batches[-1]
    made = (key, last.batch_id, last.at, theme(), height, zone)
    return chart(key, RESULTS.get(made, lambda: finished(build(batches, theme(), height))))


def _rows(key: str, batches: Batches, height: int, zone: ZoneInfo | None) -> None:
    """The same as a table, the last batch first."""
    frame = batch_rows(batches[::-1])
    stages = list(dict.fromkeys(n for each in batches for n in each.stages))
    named = ["batch_id", *ROWS.get(key, stages)]
    time = st.column_config.DatetimeColumn("Ended", format="HH:mm:ss", timezone=str(zone or "UTC"))
    seconds = st.column_config.NumberColumn(format="%.3f")
    columns = dict.fromkeys(stages, seconds) | {"at": time}
    columns |= {
        name: st.column_config.NumberColumn(text, format="localized")
        for name, text in HEADERS.items()
    }
    columns = {name: columns[name] for name in named}
    table(f"{key}-rows", frame[named], columns, (height - HEADER) // ROW, "")


def _frame(batches: Batches, zone: ZoneInfo) -> pd.DataFrame:
    rows = [
        {**vars(each), "place": place, "time": f"{each.at.astimezone(zone):%H:%M:%S %Z}"}
        for place, each in enumerate(batches)
    ]
    return pd.DataFrame(rows).drop(columns=["stages", "at"])


def batch_rows(batches: Batches) -> pd.DataFrame:
    """The batches as a table, with a column of seconds for each stage."""
    rows = [{**vars(each), **each.stages} for each in batches]
    return pd.DataFrame(rows).drop(columns="stages", errors="ignore")


def _base(rows: pd.DataFrame) -> alt.Chart:
    band = alt.X("place:O", axis=None, scale=alt.Scale(paddingInner=0.15))
    return alt.Chart(rows).encode(x=band)


def _plain(made: Any, height: int) -> Any:
    sized = made.properties(height=height, width="container", background="transparent")
    return sized.configure_view(stroke=None).configure_axis(
        labelFontSize=12, domain=False, ticks=False
    )


def _y(field: str, axis: alt.Axis, most: float = 1) -> alt.Y:
    # A domain of nothing but zeros has no ticks, and would be labelled NaN.
    scale = alt.Scale(domainMin=0, domainMax=alt.Undefined if most else 1)
    return alt.Y(field, title=None, axis=axis, scale=scale)


def _read_and_counted(zone: ZoneInfo, batches: Batches, hue: str, height: int) -> Any:
    colours = COLOURS[hue]
    tips = ["batch_id:Q", "time:N", alt.Tooltip("read:Q", format=","), "counted:Q"]
    base = _base(_frame(batches, zone))
    bars = base.mark_bar(color=colours["NOERROR"]).encode(
        y=_y("read:Q", number_axis(colours)), tooltip=tips
    )
    # A line of one point would not be seen.
    line = base.mark_line(color=colours["text"], strokeWidth=1.5, point=len(batches) == 1)
    line = line.encode(y="counted:Q")
    return _plain(bars + line, height)


def _lag(zone: ZoneInfo, batches: Batches, hue: str, height: int) -> Any:
    rows = _frame(batches, zone)
    tips = ["batch_id:Q", "time:N", alt.Tooltip("lag_records:Q", format=",")]
    colours = COLOURS[hue]
    bars = _base(rows).mark_bar(color=colours["primary"])
    y = _y("lag_records:Q", number_axis(colours), rows["lag_records"].max())
    return _plain(bars.encode(y=y, tooltip=tips), height)


def _stages(batches: Batches, hue: str, height: int) -> Any:
    hues = _stage_hues(batches, hue)
    rows = pd.DataFrame(
        {"place": place, "batch": each.batch_id, "stage": stage, "seconds": seconds}
        for place, each in enumerate(batches)
        for stage, seconds in each.stages.items()
    )
    scale = alt.Scale(domain=list(hues), range=list(hues.values()))
    bars = _base(rows).mark_bar()
    encoded = bars.encode(
        y=_y("seconds:Q", number_axis(COLOURS[hue], PARTS)),
        color=alt.Color("stage:N", scale=scale, legend=None),
        tooltip=["batch:Q", "stage:N", alt.Tooltip("seconds:Q", format=".3f")],
    )
    return _plain(encoded, height)


def _stage_hues(batches: Batches, hue: str) -> dict[str, str]:
    names = dict.fromkeys(stage for each in batches for stage in each.stages)
    return {name: COLOURS[hue][STAGE_HUES.get(name, "muted")] for name in names}
