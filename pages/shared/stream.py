"""How the stream runs, batch by batch, as charts."""

from collections.abc import Callable, Iterable
from functools import cache, partial
from zoneinfo import ZoneInfo

import altair as alt
import pandas as pd
import streamlit as st

from pages.shared import url
from pages.shared.charts import chart, packed
from pages.shared.columns import theme
from pages.shared.look import empty, title
from pages.shared.ranks import whole_table
from pages.shared.tables import HEADER, ROW
from pipeline.axes import PARTS, Spec, filled, number_axis, plain
from pipeline.cache import RESULTS
from pipeline.charts import COLOURS, Theme
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
    title("Read against counted", _stretch(status.batches, zone), _legend(hues))
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
    title("Last batches by stage", "seconds", _legend(hues.items()))
    _draw("stages", status.batches, _stages, height)


def _legend(hues: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    return hues if url.view().charts == "drawn" else ()


def _stretch(batches: Batches, zone: ZoneInfo) -> str:
    if not batches:
        return ""
    first, last = (each.at.astimezone(zone) for each in (batches[0], batches[-1]))
    return f"{batches_in_words(len(batches))}, {first:%H:%M:%S}–{last:%H:%M:%S %Z}"


def batches_in_words(many: int, before: str = "last") -> str:
    """Such as `last 60 batches`."""
    return f"{before} {many} batches" if many != 1 else f"{before} 1 batch"


def _draw(
    key: str,
    batches: Batches,
    build: Callable[..., Spec],
    height: int,
    zone: ZoneInfo | None = None,
) -> None:
    """A chart of the batches, made once a batch whoever looks."""
    if not batches:
        why = "no batch yet: the first one ends a few seconds after the source is reached"
        return empty(why, height)
    if url.view().charts == "tables":
        return _rows(key, batches, height, zone)
    last = batches[-1]
    made = (key, last.batch_id, last.at, theme(), height, zone)
    return chart(key, RESULTS.get(made, lambda: packed(build(batches, theme(), height))))


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
    whole_table(
        f"{key}-rows", frame[named], columns, (height - HEADER) // ROW, "",
        # A new batch stands first at once.
        by="batch_id", ranking=batches[-1].batch_id,
    )  # fmt: skip


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


def _base() -> alt.Chart:
    band = alt.X("place:O", axis=None, scale=alt.Scale(paddingInner=0.15))
    return alt.Chart(alt.NamedData("rows")).encode(x=band)


def _y(field: str, axis: alt.Axis, is_flat: bool = False) -> alt.Y:
    # A domain of nothing but zeros has no ticks, and would be labelled NaN.
    scale = alt.Scale(domainMin=0, domainMax=1 if is_flat else alt.Undefined)
    return alt.Y(field, title=None, axis=axis, scale=scale)


def _read_and_counted(zone: ZoneInfo, batches: Batches, hue: Theme, height: int) -> Spec:
    # A line of one point would not be seen.
    spec = _read_and_counted_of(hue, is_point=len(batches) == 1)
    return filled(spec, height, rows=_frame(batches, zone))


@cache
def _read_and_counted_of(hue: Theme, is_point: bool) -> Spec:
    colours = COLOURS[hue]
    tips = ["batch_id:Q", "time:N", alt.Tooltip("read:Q", format=","), "counted:Q"]
    bars = _base().mark_bar(color=colours["NOERROR"])
    bars = bars.encode(y=_y("read:Q", number_axis(colours)), tooltip=tips)
    line = _base().mark_line(color=colours["text"], strokeWidth=1.5, point=is_point)
    return plain(bars + line.encode(y="counted:Q"))


def _lag(zone: ZoneInfo, batches: Batches, hue: Theme, height: int) -> Spec:
    rows = _frame(batches, zone)
    return filled(_lag_of(hue, is_flat=not rows["lag_records"].any()), height, rows=rows)


@cache
def _lag_of(hue: Theme, is_flat: bool) -> Spec:
    colours = COLOURS[hue]
    tips = ["batch_id:Q", "time:N", alt.Tooltip("lag_records:Q", format=",")]
    y = _y("lag_records:Q", number_axis(colours), is_flat)
    return plain(_base().mark_bar(color=colours["primary"]).encode(y=y, tooltip=tips))


def _stages(batches: Batches, hue: Theme, height: int) -> Spec:
    rows = pd.DataFrame(
        {"place": place, "batch": each.batch_id, "stage": stage, "seconds": seconds}
        for place, each in enumerate(batches)
        for stage, seconds in each.stages.items()
    )
    return filled(_stages_of(hue, tuple(_stage_hues(batches, hue).items())), height, rows=rows)


@cache
def _stages_of(hue: Theme, hues: tuple[tuple[str, str], ...]) -> Spec:
    scale = alt.Scale(domain=[name for name, _ in hues], range=[colour for _, colour in hues])
    bars = _base().mark_bar()
    encoded = bars.encode(
        y=_y("seconds:Q", number_axis(COLOURS[hue], PARTS)),
        color=alt.Color("stage:N", scale=scale, legend=None),
        tooltip=["batch:Q", "stage:N", alt.Tooltip("seconds:Q", format=".3f")],
    )
    return plain(encoded)


def _stage_hues(batches: Batches, hue: Theme) -> dict[str, str]:
    names = dict.fromkeys(stage for each in batches for stage in each.stages)
    return {name: COLOURS[hue][STAGE_HUES.get(name, "muted")] for name in names}
