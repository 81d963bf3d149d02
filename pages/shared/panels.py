"""The panels: a title that says over what and how exact, and under it always the same height."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from pages.shared import nav, url
from pages.shared.charts import chart, specification
from pages.shared.columns import columns, marked, theme
from pages.shared.hostlabels import labelled
from pages.shared.look import day, empty, legend, title, zone_of
from pages.shared.ranks import rank_by
from pages.shared.tables import HEADER, ROW
from pages.shared.tables import table as draw_table
from pipeline import charts, screen
from pipeline import view as shows
from pipeline.axes import Spec
from pipeline.cache import Readable
from pipeline.focus import in_focus, of_row, put, words
from pipeline.query import running
from pipeline.ranking import Listing
from pipeline.state import Filter, View
from pipeline.where import RESPONSES
from pipeline.window import Window, window

LEVELS = {"domain": "Domains", "name": "Names", "tld": "Top-level domains"}
HOST = (
    "host", "label", "queries", "share", "domains", "names", "nxdomain", "no_response",
    "resolvers", "last", "per_bar",
)  # fmt: skip
NAME = ("name", "type", "queries", "response", "answers", "last", "uid")
NAME_WIDTHS = dict(zip(NAME, (178, 56, 64, 84, 84, 76, 104), strict=True))
"""What fits beside a host's domains at 1366 pixels; they grow with the room."""
WHOSE = {
    "domain": "for",
    "name": "for",
    "type": "of type",
    "response": "with response",
    "resolver": "asked of",
}
DOMAIN = ("queries", "share", "hosts", "names", "nxdomain", "first", "last", "per_bar")
OWN = ("domain", "queries", "share", "names", "nxdomain", "hosts", "per_bar")
ASKERS = ("host", "label", "queries")
NEW = ("domain", "first", "hosts", "queries", "names", "nxdomain")
NEW_TO_HOST = ("domain", "first", "queries", "names")
"""What fits beside what changed, at 1366 pixels."""


def nothing(table: Readable, view: View) -> str:
    """Why a panel is empty, and what to do next."""
    status = running().status()
    if window(table, view).newest is None:
        return status.reason or f"no records yet from {status.source}"
    if view.focus and Filter.from_text(*view.focus) in view.filters:
        return f"no queries of {words(Filter.from_text(*view.focus))} in this time"
    if view.filters:
        many = len(view.filters)
        return f"nothing matches {many} filter{'s' * (many > 1)} in this time: clear one, or all"
    return "no records in this time: choose a longer one"


def covered(span: Window, view: View) -> str:
    """The stretch of time in words, such as `12:43–13:42 UTC · last 2 min filling`."""
    if span.newest is None:
        return ""
    zone = "UTC" if view.tz == "utc" else str(zone_of(view))
    parts = [f"{_stretch(span, view)} {zone}", span.still_filling]
    return " · ".join(part for part in parts if part)


def over(table: Readable, view: View, said: str, after: str = "") -> str:
    """What a caption says, and of which stretch of time; `after` follows that."""
    span = window(table, view)
    parts = [said, _stretch(span, view) if span.newest else "", after]
    return " · ".join(filter(None, parts))


def stretch(table: Readable, view: View) -> str:
    """The stretch of time that a view covers, in words."""
    span = window(table, view)
    return _stretch(span, view) if span.newest else ""


def _stretch(span: Window, view: View) -> str:
    """Such as `12:43–13:42`, with its days where they are not today."""
    zone = zone_of(view)
    start, end = span.start.astimezone(zone), span.end.astimezone(zone)
    today = end.date() == datetime.now(zone).date()
    is_short = end - start < timedelta(days=1)
    form = "%H:%M" if start.date() == end.date() else "%b %d %H:%M"
    # Where the clocks change in between, both ends say by which they are told.
    form += " %Z" * (start.utcoffset() != end.utcoffset())
    begun = "" if today else f"{start:%Y} " if "%b" in form else f"{start:%Y-%m-%d} "
    last = form.removeprefix("%b %d ") if is_short else form
    return f"{begun}{start:{form}}–{end:{last}}"


def _minute(time: datetime, view: View) -> str:
    local = time.astimezone(zone_of(view))
    return f"{day(local)} {local:%H:%M}"


def volume(table: Readable, view: View, height: int, said: str = "", narrow: bool = False) -> None:
    """Queries a bar, stacked by response; where it is `narrow`, the legend has its own line."""
    span, colours = window(table, view), charts.COLOURS[theme()]
    hues = [(name, colours[name]) for name in RESPONSES]
    caption = over(table, view, "", said) if said else covered(span, view)
    hues = hues if view.charts == "drawn" else []
    title(f"Queries {span.per}", caption, () if narrow else hues)
    if narrow:
        legend(hues)
    if not len(frame := shows.volume(table, view)):
        return empty(nothing(table, view), height)
    if view.charts == "tables":
        wanted = ("bucket", "response", "queries")
        return rows_of("volume", "response", table, view, frame, wanted, height)
    spec = specification(table, view, _volume, theme(), view.tz, zone_of(view), height)
    # Of each time a chart of its own: the brush that chose this one does not stay on it.
    key = "now"
    if view.start and view.end:
        key = "-".join(f"{time:%Y%m%dT%H%M%S%f}" for time in (view.start, view.end))
    return chart("volume", spec, partial(_brushed_or_picked, span), key, view.focus)


def _brushed_or_picked(span: Window, key: str) -> None:
    """The bars that the brush touched become the time; a response that was clicked, the focus."""
    edges = st.session_state[key]["selection"].get("brush", {}).get("bucket", [])
    if len(edges) == 2:
        start, end = span.whole_bars(*(datetime.fromtimestamp(ms / 1000, UTC) for ms in edges))
        url.change(start=start, end=end)
    else:
        _picked("response", key)


def _volume(table: Readable, view: View, hue: Any, tz: Any, zone: ZoneInfo, height: int) -> Spec:
    span = window(table, view)
    frame = shows.volume(table, view)
    return charts.volume(frame, hue, tz, height, (span.start, span.end), brush=True, zone=zone)


def top_domains(table: Readable, view: View, height: int) -> None:
    """The first domains as bars; of one host, type, response or resolver while in focus."""
    seen = screen.of_top(view)
    listing = screen.top(table, seen)
    whose = f"of {words(Filter.from_text(*view.focus))}" if seen is not view and view.focus else ""
    title(f"{LEVELS[view.level]} {whose}", over(table, view, listing.caption))
    if not len(listing.rows):
        return empty(nothing(table, seen), height)
    if view.charts == "tables":
        wanted = (view.level, "response", "queries")
        return rows_of("top", view.level, table, seen, listing.rows, wanted, height)
    fitting = height * listing.shown // screen.TOP_BARS
    spec = specification(table, seen, _top_domains, view.level, theme(), fitting)
    return chart("top", spec, partial(_picked, view.level), focus=view.focus)


def _top_domains(table: Readable, view: View, level: Any, hue: Any, height: int) -> Spec:
    # A specification is made once for all who look: of the view it has what selects records.
    return charts.top_bars(screen.top(table, replace(view, level=level)).rows, level, hue, height)


def _picked(level: str, key: str) -> None:
    """The bar of a chart that was clicked comes into focus."""
    points = st.session_state[key]["selection"].get("picked", [])
    if points and level in points[0]:
        nav.look_at(of_row(level, points[0][level]))


def rows_of(
    chart_key: str,
    by: str,
    table: Readable,
    view: View,
    frame: pd.DataFrame,
    wanted: tuple[str, ...],
    height: int,
) -> None:
    """What a chart draws, as rows in as much room: for who cannot see it, or point at it."""
    frame, sort = screen.as_table(frame, view)
    ranked(
        f"{chart_key}-rows",
        by,
        table,
        view,
        frame,
        columns(view, *wanted),
        (height - HEADER) // ROW,
        sort=sort,
        rows_by=tuple(name for name in wanted if name in ("bucket", "response", by)),
        # A new bar stands first at once.
        newest=frame["bucket"].iloc[0] if "bucket" in wanted else None,
    )


def hosts(table: Readable, view: View, rows: int, key: str = "hosts") -> None:
    """Hosts; those that ask for a domain, or a resolver, while it is in focus."""
    seen = screen.of_hosts(view)
    listing = screen.hosts(table, seen)
    focus = Filter.from_text(*view.focus) if seen is not view and view.focus else None
    title(askers(focus) if focus else "Hosts", over(table, view, listing.caption, listing.order))
    wanted = columns(view, *HOST)
    ranked(key, "host", table, seen, labelled(listing.rows), wanted, rows, sort=listing.sort)


def askers(each: Filter) -> str:
    """Whose hosts they are: `Hosts that ask for example.com`, `Hosts with response NXDOMAIN`."""
    what = words(each)
    verbs = {"resolver": "that ask", "type": "that ask for type", "response": "with response"}
    return f"Hosts {verbs.get(each.field, 'that ask for')} {what}"


def other_hosts(table: Readable, view: View, host: str, rows: int) -> None:
    """On a host's page, all hosts that ask for what is in focus there, else for its first domain.

    A click on one shows that host's page, with the same in focus.
    """
    each = screen.asked(table, view)
    seen = screen.of_askers(view, each)
    listing = screen.hosts(table, seen)
    said = over(table, view, listing.caption, listing.order)
    title(askers(each) if each else "Hosts", said, narrow=True)
    ranked(
        "askers",
        "host",
        table,
        seen,
        labelled(listing.rows),
        columns(view, *ASKERS),
        rows,
        sort=listing.sort,
        picked=(host,),
        on_pick=lambda value, column: _beside(each, value),
    )


def _beside(each: Filter | None, host: str) -> None:
    view = url.view().only("host", host)
    url.write(put(view, each) if each else view)


def ranked(
    key: str,
    level: str,
    table: Readable,
    view: View,
    frame: pd.DataFrame,
    wanted: dict[str, Any],
    rows: int,
    *,
    sort: str,
    rows_by: tuple[str, ...] = (),
    newest: object = None,
    picked: tuple[str, ...] = (),
    on_pick: Callable[[str, str], None] | None = None,
    tall: bool = False,
) -> str | None:
    """Rows of one kind: a click selects, a header ranks, a menu opens and filters.

    The value of the row that stands first. `sort` is what ranks them, as a view's says it;
    `rows_by` are the columns that tell rows apart where the value does not; another `newest` ranks
    anew; `picked` are marked where none is in focus; `on_pick` is what a click does instead.
    """
    focus = in_focus(view, "domain" if level == "tld" else level)
    return draw_table(
        key,
        frame,
        marked(wanted, sort),
        rows,
        nothing(table, view),
        by=level,
        rows_by=rows_by,
        picked=[focus.value] if focus else picked,
        focus=(view.focus, picked),
        ranking=(view.ranked(), view.sort, view.n, newest),
        on_pick=on_pick or (lambda value, column: nav.look_at(of_row(level, value))),
        on_sort=partial(rank_by, sort),
        actions=nav.actions(level),
        tall=tall,
    )


def types(table: Readable, view: View, bars: int, height: int) -> None:
    """Types as bars, a tick at the window before."""
    _bars(table, view, "type", bars, height)


def responses(table: Readable, view: View, bars: int, height: int) -> None:
    """Response codes as Zeek names them, as bars, a tick at the window before."""
    _bars(table, view, "response", bars, height)


def _bars(table: Readable, view: View, by: str, bars: int, height: int) -> None:
    listing = _BARS[by](table, view, bars)
    compared = window(table, view).previous is not None
    said = listing.caption + " · tick: before" * (compared and view.charts == "drawn")
    title(f"{by}s".capitalize(), over(table, view, said))
    if not len(listing.rows):
        return empty(nothing(table, view), height)
    if view.charts == "tables":
        wanted = (by, "queries", *["before"] * compared)
        return rows_of(f"{by}s", by, table, view, listing.rows, wanted, height)
    spec = specification(table, view, _bars_chart, by, bars, theme())
    return chart(f"{by}s", spec, partial(_picked, by), focus=view.focus)


def _bars_chart(table: Readable, view: View, by: str, bars: int, hue: Any) -> Spec:
    return charts.bars(_BARS[by](table, view, bars).rows, by, theme=hue)


def own_types(table: Readable, view: View, height: int) -> None:
    """Shares of a host's types, a tick at the share of all hosts."""
    listing = screen.own_types(table, view)
    said = listing.caption + " · tick: all" * (view.charts == "drawn")
    title("Types", over(table, view, said), narrow=True)
    if not len(listing.rows):
        return empty(nothing(table, view), height)
    if view.charts == "tables":
        wanted = ("type", "queries", "share", "all_share")
        return rows_of("types", "type", table, view, listing.rows, wanted, height)
    spec = specification(table, view, _own_types, theme())
    return chart("types", spec, partial(_picked, "type"), focus=view.focus)


def _own_types(table: Readable, view: View, hue: Any) -> Spec:
    rows = screen.own_types(table, view).rows
    return charts.bars(rows, "type", "share", "all_share", theme=hue)


_BARS: dict[str, Any] = {"type": screen.types, "response": screen.responses}


def resolvers(table: Readable, view: View, rows: int, of_host: bool = False) -> None:
    """Resolvers asked, with their failures and their mean rtt; on a host's page, of the focus."""
    seen = screen.of_own(view, "resolver") if of_host else view
    listing = screen.resolvers(table, seen)
    title(
        f"Resolvers{whose(view, 'resolver') * of_host}",
        over(table, view, listing.caption, listing.order),
    )
    wanted = columns(view, "resolver", "label", "queries", "share", "no_response", "rtt_ms")
    rows_of = labelled(listing.rows, "resolver")
    ranked("resolvers", "resolver", table, seen, rows_of, wanted, rows, sort=listing.sort)


def new_domains(table: Readable, view: View, rows: int, of_host: bool = False) -> None:
    """Domains first seen in this time, of all that is kept and passes the filters; on a host's
    page, of what it asked."""
    listing = screen.new_domains(table, view)
    known = "what is filtered" if view.filters else "all"
    oldest = window(table, view).oldest
    since = f"of {known} since {_minute(oldest, view)}" if oldest else ""
    folded = f" · {listing.folded:,} queries folded: some may be older" if listing.folded else ""
    said = f"{listing.of:,} first seen{folded}" if oldest else ""
    if of_host:
        title("New to this host", over(table, view, said))
    else:
        title("New domains", over(table, view, said, since))
    wanted = columns(view, *(NEW_TO_HOST if of_host else NEW))
    ranked("new", "domain", table, view, listing.rows, wanted, rows, sort=listing.sort)


def own_domains(table: Readable, view: View, rows: int) -> None:
    """The domains of one host, with how many hosts ask for each; those of the focus."""
    seen = screen.of_own(view, "domain")
    listing = screen.own_domains(table, seen)
    said = over(table, view, listing.caption, listing.order)
    title(f"Domains of this host{whose(view, 'domain')}", said)
    wanted = columns(view, *OWN)
    ranked("own", "domain", table, seen, listing.rows, wanted, rows, sort=listing.sort)


def own_names(table: Readable, view: View, rows: int) -> None:
    """Names by type and response, with the newest record's answer and uid; 676 px wide."""
    seen = screen.of_own(view, "name")
    listing = screen.names(table, seen)
    said = over(table, view, in_rows(listing), listing.order)
    title(f"Names{whose(view, 'name')}", said)
    named(table, seen, listing, columns(view, *NAME, **NAME_WIDTHS), rows)


def whose(view: View, field: str) -> str:
    """Of what a host's table of such a field is, where something else is in focus."""
    focus = in_focus(view, *WHOSE)
    return "" if not focus or focus.field == field else f" {WHOSE[focus.field]} {words(focus)}"


def in_rows(listing: Listing) -> str:
    """A caption where a name has a row for each of its types and responses."""
    return listing.caption.replace(f" of {listing.of:,}", f" of {listing.of:,} rows", 1)


def named(table: Readable, view: View, listing: Listing, wanted: dict[str, Any], rows: int) -> None:
    """Names by type and response: a row's menu is the name's, a cell with a domain leads there."""
    by, frame = ("name", "type", "response"), listing.rows
    domains = dict(zip(frame["name"], frame["domain"], strict=True))

    def pick(name: str, column: str) -> None:
        is_domain = column == "domain" and name in domains
        nav.look_at(of_row(column, domains[name]) if is_domain else of_row("name", name))

    ranked(
        "names",
        "name",
        table,
        view,
        frame,
        wanted,
        rows,
        sort=listing.sort,
        rows_by=by,
        on_pick=pick,
    )
