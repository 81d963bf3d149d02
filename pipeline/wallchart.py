"""A wall's volume chart: bars that fill their place, and the places of its axes' labels.

Not Vega: it draws text at fixed sizes, and a screen of weeks does well without its canvas.
"""

import base64
from dataclasses import dataclass
from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

import pandas as pd

from pipeline.colours import COLOURS, Theme
from pipeline.where import RESPONSES
from pipeline.window import NICE, Window

GAP = 0.08
"""Of a bar's width."""
FAINT = 0.45
"""How much is seen of a bar that is still filling."""


def si(value: float) -> str:
    """A round number as an axis has it.

    >>> si(0), si(2500), si(20_000_000)
    ('0', '2.5k', '20M')
    """
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"


CLOCKS_CHANGE_BY = 900
"""Seconds: all that zones differ by is a multiple of it."""
LAST_TICK = 0.96
"""Of the axis: the text of a later one would not fit on the screen."""


@dataclass(frozen=True)
class Tick:
    """A place on an axis in percent of its length, and what it says."""

    percent: float
    text: str


def time_ticks(span: Window, zone: ZoneInfo, most: int = 8) -> list[Tick]:
    """Times that are round by the zone's clocks, also where they change, at most about so many."""
    seconds = (span.end - span.start).total_seconds()
    step = next((nice for nice in _steps() if seconds / nice <= most), NICE[-1] * 400)
    form = "%H:%M:%S" if step < 60 else "%b %d" if step >= 86400 else "%H:%M"
    stride = min(step, CLOCKS_CHANGE_BY)
    places = range(int(-span.start.timestamp()) % stride, int(seconds * LAST_TICK) + 1, stride)
    times = [(at, (span.start + timedelta(seconds=at)).astimezone(zone)) for at in places]
    return [
        Tick(100 * at / seconds, f"{time:{form}}")
        for at, time in times
        if time.replace(tzinfo=UTC).timestamp() % step == 0
    ]


def _steps() -> list[int]:
    days = [NICE[-1] * many for many in (2, 5, 10, 20, 50, 100)]
    return [*NICE, *days]


def count_ticks(highest: float, most: int = 4) -> list[Tick]:
    """Round counts from 0 up, at most so many above it, in percent of the highest."""
    steps = (times * 10**power for power in range(15) for times in (1, 2, 5))
    step = next(each for each in steps if highest / each <= most)
    counts = range(0, int(highest) + 1, step)
    return [Tick(100 * count / (highest or 1), si(count)) for count in counts]


def bars_svg(frame: pd.DataFrame, span: Window, theme: Theme) -> str:
    """`view.volume` as a data URI of bars that fill whatever place they are given."""
    colours, paths = COLOURS[theme], []
    for filling, opacity in ((False, 1), (True, FAINT)):
        for response in RESPONSES:
            rows = frame[(frame["response"] == response) & (frame["filling"] == filling)]
            if len(rows):
                style = f"fill='{colours[response]}' opacity='{opacity}'"
                paths.append(f"<path {style} d='{_path(rows, span)}'/>")
    highest = max(float(frame["y1"].max()), 1.0)
    svg = (
        "<svg xmlns='http://www.w3.org/2000/svg' preserveAspectRatio='none'"
        f" viewBox='0 0 {span.bars} {highest:g}'>"
        f"<g transform='matrix(1 0 0 -1 0 {highest:g})'>{''.join(paths)}</g></svg>"
    )
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def _path(rows: pd.DataFrame, span: Window) -> str:
    left = (rows["bucket"] - pd.Timestamp(span.start)).dt.total_seconds() / span.bar + GAP / 2
    cells = zip(left, rows["y0"], rows["queries"], strict=True)
    return "".join(f"M{x:g} {y}h{1 - GAP}v{high}h-{1 - GAP}z" for x, y, high in cells)
