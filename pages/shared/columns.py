"""How each column of a table looks, by the name that pipeline/view.py gives it."""

from typing import Any

import streamlit as st

from pages.shared.look import zone_of
from pipeline.charts import COLOURS
from pipeline.state import View, ascends

config = st.column_config
TEXTS = {
    "host": "Host",
    "label": "Label",
    "domain": "Domain",
    "name": "Name",
    "tld": "TLD",
    "type": "Type",
    "response": "Response",
    "resolver": "Resolver",
    "answers": "Last answer",
    "what": "What",
    "measure": "Measure",
    "change": "Change",
    "uid": "uid",
}
COUNTS = {
    "queries": "Queries",
    "hosts": "Hosts",
    "domains": "Domains",
    "names": "Names",
    "resolvers": "Resolv.",
    "before": "Before",
    "now": "Now",
}
SHARES = {"share": "Share", "all_share": "Of all", "no_response": "No resp."}
TIMES = {"bucket": "From", "first": "First", "last": "Last"}


def columns(view: View, *names: str, **widths: int) -> dict[str, Any]:
    """Column configurations in the order of `names`."""
    return {name: _column(view, name, widths.get(name)) for name in names}


def marked(wanted: dict[str, Any], sort: str) -> dict[str, Any]:
    """The columns, with an arrow at that which ranks the rows: whether they fall or rise.

    It stands before the label: a narrow column cuts off the end.
    """
    column = wanted.get(sort.removeprefix("-"))
    if column is None:
        return wanted
    name = sort.removeprefix("-")
    label = f"{'↑' if ascends(sort) else '↓'} {column['label'] or name}"
    return wanted | {name: {**column, "label": label}}


def _column(view: View, name: str, width: int | None) -> Any:
    if name in COUNTS:
        return config.NumberColumn(COUNTS[name], format="localized", width=width)
    if name in TIMES:
        zone = str(zone_of(view))
        return config.DatetimeColumn(TIMES[name], format=_clock(view), timezone=zone, width=width)
    if name == "nxdomain":
        hue = COLOURS[theme()]["NXDOMAIN"]
        return config.ProgressColumn(
            "NXDOMAIN", format="%.1f%%", min_value=0, max_value=100, color=hue, width=width or 98
        )
    if name == "per_bar":
        return config.AreaChartColumn("Over time", y_min=0, width=width or 82)
    if name == "rtt_ms":
        return config.NumberColumn("rtt ms", format="%.0f", width=width)
    if name in SHARES:
        label = SHARES[name]
        return config.NumberColumn(label, format="%.1f%%", width=width)
    return config.TextColumn(TEXTS[name], width=width)


def _clock(view: View) -> str:
    """Days are shown where the range may hold more than one."""
    if view.start and view.end:
        ends = {time.astimezone(zone_of(view)).date() for time in (view.start, view.end)}
        return "HH:mm:ss" if len(ends) == 1 else "MM-DD HH:mm"
    return "MM-DD HH:mm" if view.range in ("24h", "all") else "HH:mm:ss"


def theme() -> str:
    """The browser's theme, light or dark."""
    return st.context.theme.type or "light"
