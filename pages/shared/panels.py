"""The panels: a title that says over what and how exact, and under it always the same height."""

from typing import Any

import pandas as pd
import streamlit as st

from pages.shared import nav, url
from pages.shared.charts import chart, specification
from pages.shared.columns import columns, theme
from pages.shared.look import empty, title, zone_of
from pages.shared.tables import height as table_height
from pages.shared.tables import table as draw_table
from pipeline import charts
from pipeline import view as shows
from pipeline.cache import Readable
from pipeline.changes import changes as find_changes
from pipeline.names import shown
from pipeline.query import running
from pipeline.state import View
from pipeline.where import RESPONSES
from pipeline.window import Window, window

ELSEWHERE = {"host": nav.open_host, "domain": nav.open_domain}


def nothing(table: Readable, view: View) -> str:
    """Why a panel is empty, and what to do next."""
    status = running().status()
    if window(table, view).newest is None:
        return status.reason or f"no records yet from {status.source}"
    if view.filters:
        many = len(view.filters)
        return f"nothing matches {many} filter{'s' * (many > 1)} in this time: clear one, or all"
    return "no records in this time: choose a longer one"


def covered(span: Window, view: View) -> str:
    """The stretch of time in words, such as `12:43–13:42 UTC · last 2 min still filling`."""
    zone = zone_of(view)
    start, end = span.start.astimezone(zone), span.end.astimezone(zone)
    form = "%H:%M" if span.seconds < 86400 and start.date() == end.date() else "%b %d %H:%M"
    parts = [f"{start:{form}}–{end:{form}} {'UTC' if view.tz == 'utc' else zone}"]
    return " · ".join(part for part in [*parts, span.still_filling] if part)


def volume(table: Readable, view: View, height: int, key: str = "volume") -> None:
    """Queries a bar, stacked by response."""
    span, colours = window(table, view), charts.COLOURS[theme()]
    legend = [(name, colours[name]) for name in RESPONSES]
    title(f"Queries {span.per} by response", covered(span, view), legend)
    if not len(shows.volume(table, view)):
        return empty(nothing(table, view), height)
    return chart(key, specification(table, view, _volume, theme(), view.tz, height))


def _volume(table: Readable, view: View, hue: Any, tz: Any, height: int) -> Any:
    span = window(table, view)
    frame = shows.volume(table, view)
    return charts.volume(frame, hue, tz, height, domain=(span.start, span.end))


def changes(table: Readable, view: View, rows: int) -> None:
    """What changed most against the window before."""
    span = window(table, view)
    found = find_changes(table, view, rows)
    zone = zone_of(view)
    before = ""
    if span.previous:
        start, end = (time.astimezone(zone) for time in span.previous)
        before = f"vs {start:%H:%M}–{end:%H:%M} · by G²"
    title("What changed", before)
    why = f"not compared: {found.why}" if found.why else "nothing that chance does not explain"
    frame = found.rows.rename(columns={"value": "what"})
    draw_table("changes", frame, columns(view, "what", "measure", "before", "now"), rows, why)


def top_domains(table: Readable, view: View, bars: int, height: int) -> None:
    """The first domains as bars; of one host while that host is in focus."""
    focused = _focus(view, "host")
    view = view.only("host", focused) if focused else view
    listing = shows.top_domains(table, view, view.level, bars)
    kind = {"domain": "registered", "name": "names", "tld": "TLDs"}[view.level]
    whose = f"Domains of {shown(focused)}" if focused else "Top domains"
    count = listing.rows["rank"].nunique() if len(listing.rows) else 0
    title(whose, f"{count} of {listing.of:,} · {kind}")
    if not len(listing.rows):
        return empty(nothing(table, view), height)
    spec = specification(table, view, _top_domains, view.level, bars, theme(), height)
    return chart("top", spec, on_select=_bar_picked)


def _top_domains(
    table: Readable, view: View, level: str, bars: int, hue: Any, height: int
) -> Any:
    frame = shows.top_domains(table, view, level, bars).rows
    return charts.top_bars(frame, level, hue, height)


def _bar_picked() -> None:
    for point in st.session_state["top"]["selection"].get("picked", []):
        for field in ("domain", "name"):
            if field in point:
                url.change(focus=(field, point[field]))


def _focus(view: View, field: str) -> str | None:
    return view.focus[1] if view.focus and view.focus[0] == field else None


def hosts(table: Readable, view: View, rows: int) -> None:
    """Hosts by queries; those that ask for a domain while it is in focus."""
    focused = _focus(view, "domain") or _focus(view, "name")
    of = view.only(view.focus[0], focused) if view.focus and focused else view
    listing = shows.hosts(table, of, view.n, view.sort)
    title(f"Hosts that ask for {shown(focused)}" if focused else "Hosts", listing.caption)
    wanted = columns(
        view, "host", "label", "queries", "share", "domains", "names", "nxdomain", "no_response",
        "resolvers", "last", "per_bar",
    )  # fmt: skip
    ranked("hosts", "host", table, of, listing.rows, wanted, rows)


def ranked(
    key: str,
    field: str,
    table: Readable,
    view: View,
    frame: pd.DataFrame,
    wanted: dict[str, Any],
    rows: int,
) -> None:
    """A table of hosts or domains: a click selects, a header ranks, a menu opens and filters."""
    draw_table(
        key,
        frame,
        wanted,
        rows,
        nothing(table, view),
        by=field,
        picked=_focus(view, field),
        ranking=(view.selected(), view.sort, view.n, view.level),
        on_pick=url.focus(field),
        on_sort=lambda column: url.change(sort=column),
        actions=nav.actions(field, ELSEWHERE[field]) if field in ELSEWHERE else None,
    )


def types(table: Readable, view: View, height: int) -> None:
    """Types as bars, a tick at the window before."""
    listing = shows.types(table, view, height // charts.BAR_STEP)
    title("Types", f"{listing.of:,} · tick: the time before" if listing.of else "")
    if not len(listing.rows):
        return empty(nothing(table, view), height)
    return chart("types", specification(table, view, _types, theme(), height))


def _types(table: Readable, view: View, hue: Any, height: int) -> Any:
    frame = shows.types(table, view, height // charts.BAR_STEP).rows
    return charts.bars(frame, "type", theme=hue, height=charts.BAR_STEP * len(frame))


def resolvers(table: Readable, view: View, rows: int) -> None:
    """Resolvers asked, with their failures and their mean rtt."""
    listing = shows.resolvers(table, view)
    title("Resolvers", listing.caption)
    wanted = columns(view, "resolver", "queries", "share", "no_response", "rtt_ms")
    draw_table("resolvers", listing.rows, wanted, rows, nothing(table, view))


def new_domains(table: Readable, view: View, rows: int) -> None:
    """Domains first seen in this time, of all that is kept."""
    listing = shows.new_domains(table, view)
    oldest = window(table, view).oldest
    kept = f", of what is kept since {oldest.astimezone(zone_of(view)):%b %d %H:%M}" if oldest else ""
    title("New domains", f"{listing.of:,} first seen in this time{kept}")
    wanted = columns(view, "domain", "first", "hosts", "queries", "names", "nxdomain")
    draw_table("new", listing.rows, wanted, rows, nothing(table, view))


__all__ = ["table_height"]
