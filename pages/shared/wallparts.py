"""The parts of a wall, each as escaped HTML; `addresses`: whether they are shown in full."""

from collections.abc import Iterable
from typing import Any

import pandas as pd

from pages.shared.columns import theme
from pages.shared.figures import cells
from pages.shared.hostlabels import label_of
from pages.shared.look import Figure, day, escaped, zone_of
from pages.shared.panels import covered
from pages.shared.search import is_address
from pipeline import view as shows
from pipeline.cache import Readable
from pipeline.changes import BEFORE, DAY, Changes
from pipeline.changes import changes as find_changes
from pipeline.charts import COLOURS
from pipeline.figures import summary
from pipeline.names import shown
from pipeline.query import running
from pipeline.state import Filter, View
from pipeline.wall import Turn, masked
from pipeline.wallchart import Tick, bars_svg, count_ticks, time_ticks
from pipeline.where import RESPONSES
from pipeline.window import Window, window

FIGURES = ("queries", "hosts", "nxdomain", "no_response")
ROWS = 6
CHARACTERS = 48
"""Of a name: what half a screen has room for."""


def chosen(turn: Turn, addresses: bool) -> str:
    """The filters in force, of a view that has no name to say it."""
    if turn.name or not turn.view.filters:
        return ""
    texts = (_words(each, addresses) for each in turn.view.filters)
    return f'<div class="wall-chosen">only {_text(", ".join(texts))}</div>'


def _words(each: Filter, addresses: bool) -> str:
    value = _who(each.field, each.value, addresses)
    return f"{'not ' * each.exclude}{each.field} {'under ' * each.under}{value}{'.*' * each.begins}"


def _who(kind: str, value: Any, addresses: bool) -> str:
    """A value that may be a client: its address in full only where that is allowed."""
    text = shown(value, CHARACTERS)
    if kind != "host" and not is_address(str(value)):
        return text
    return f"{text} {label_of(value)}".strip() if addresses else masked(str(value))


def numbers(table: Readable, view: View) -> str:
    """Four figures with their changes."""
    span = window(table, view)
    figures = cells(summary(table, view, FIGURES), span.why)
    return f'<div class="wall-numbers">{"".join(map(_number, figures))}</div>'


def _number(figure: Figure) -> str:
    tone = ' class="warn"' if figure.alarming else ""
    return (
        f"<div><label>{_text(figure.label)}</label><strong>{_text(figure.value)}</strong>"
        f"<small{tone}>{_text(figure.note)}</small></div>"
    )


def volume(table: Readable, view: View) -> str:
    """Queries a bar, stacked by response."""
    span, frame = window(table, view), shows.volume(table, view)
    colours = COLOURS[theme()]
    hues = (f'<i style="--hue:{colours[name]}">{name}</i>' for name in RESPONSES)
    legend = "".join(hues) if view.charts == "drawn" else ""
    title = _title(f"Queries {span.per}", covered(span, view), legend)
    if frame.empty:
        return f'<div class="wall-volume">{title}{_empty(_nothing(table, view))}</div>'
    if view.charts == "tables":
        return f'<div class="wall-volume">{title}{_bars_as_rows(frame, span, view)}</div>'
    up = "".join(_tick(each, "bottom") for each in count_ticks(frame["y1"].max()))
    along = "".join(_tick(each, "left") for each in time_ticks(span, zone_of(view)))
    bars = f"background-image:url('{bars_svg(frame, span, theme())}')"
    plot = f'<div class="wall-bars" style="{bars}"></div>'
    return (
        f'<div class="wall-volume">{title}'
        f'<div class="wall-plot"><div class="up">{up}</div>{plot}<div class="along">{along}</div>'
        "</div></div>"
    )


def _bars_as_rows(frame: pd.DataFrame, span: Window, view: View) -> str:
    """The last bars, the newest first, a column for each response: for who cannot see them."""
    zone, form = zone_of(view), "%b %d" if span.bar >= 86_400 else "%H:%M:%S"
    bars = frame.pivot_table("queries", "bucket", "response", "sum", fill_value=0)
    heads = "".join(f"<th>{name}</th>" for name in ("", *RESPONSES))
    lines = [
        (f"{time.astimezone(zone):{form}}", *(_short(bar.get(r, 0)) for r in RESPONSES))
        for time, bar in list(bars.iterrows())[: -ROWS - 1 : -1]
    ]
    return f"<table><tr>{heads}</tr>{_rows(lines)}</table>"


def _tick(tick: Tick, side: str) -> str:
    return f'<i style="{side}:{tick.percent:.2f}%"><span>{_text(tick.text)}</span></i>'


def changes(table: Readable, view: View, addresses: bool) -> str:
    """What changed most against the time before, or 24 hours before."""
    vs = DAY if view.vs == DAY else BEFORE
    found = find_changes(table, view, ROWS, vs)
    why = f"not compared: {found.why}" if found.why else "no change beyond chance"
    rows = [_change(row, addresses) for row in found.rows.itertuples()]
    return _list("changes", "What changed", _compared(found, view, vs), rows, why)


def _compared(found: Changes, view: View, vs: str) -> str:
    if found.during is None:
        return ""
    start, end = (time.astimezone(zone_of(view)) for time in found.during)
    then = f"{day(start)} " if vs == DAY else ""
    return f"{then}{start:%H:%M}–{end:%H:%M} → now"


def _change(row: Any, addresses: bool) -> tuple[str, ...]:
    what = _who(row.kind, row.value, addresses)
    measure = row.measure if row.kind in ("host", "domain") else row.kind
    return what, measure, f"{_short(row.before)} → {_short(row.now)}"


def _short(count: int) -> str:
    return f"{count:,}" if count < 1_000_000 else f"{count / 1e6:,.1f} M"


def new_domains(table: Readable, view: View) -> str:
    """Domains first seen in this time, newest first."""
    listing = shows.new_domains(table, view, ROWS)
    zone = zone_of(view)
    rows = [
        (_who("domain", row.domain, False), f"{row.hosts:,} host{'s' * (row.hosts != 1)}",
         f"{pd.Timestamp(row.first).astimezone(zone):%H:%M}")
        for row in listing.rows.itertuples()
    ]  # fmt: skip
    said = f"{listing.of:,} in this time" + ", some may be older" * bool(listing.folded)
    return _list("new", "New domains", said, rows, "none in this time")


def _list(name: str, title: str, said: str, rows: Iterable[tuple[str, ...]], nothing: str) -> str:
    lines = _rows(rows)
    body = f"<table>{lines}</table>" if lines else _empty(nothing)
    return f'<div class="wall-list wall-{name}">{_title(title, said)}{body}</div>'


def _rows(rows: Iterable[tuple[str, ...]]) -> str:
    return "".join(f"<tr>{''.join(f'<td>{_text(cell)}</td>' for cell in row)}</tr>" for row in rows)


def _title(text: str, said: str, legend: str = "") -> str:
    keys = f'<span class="legend">{legend}</span>' if legend else ""
    return f'<div class="wall-title"><b>{_text(text)}</b><span>{_text(said)}</span>{keys}</div>'


def _nothing(table: Readable, view: View) -> str:
    status = running().status()
    if window(table, view).newest is None:
        return status.reason or f"no records yet from {status.source}"
    return "no records of this view in this time"


def _empty(text: str) -> str:
    return f'<div class="wall-empty">{_text(text)}</div>'


def _text(text: str) -> str:
    return escaped(text)
