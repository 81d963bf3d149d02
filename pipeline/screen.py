"""What each panel of each page shows: one function for the page and for the file of its rows.

The view decides all of it, its focus too; how many bars a chart has room for stands here.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Protocol

import pandas as pd

from pipeline import view as views
from pipeline.cache import Readable
from pipeline.changes import BEFORE, HOST
from pipeline.changes import changes as what_changed
from pipeline.focus import in_focus, looking_at, of_row, one_host, put
from pipeline.inorder import in_order
from pipeline.ledger import Counters
from pipeline.ranking import Listing, sorted_by
from pipeline.records import records as kept_records
from pipeline.state import FIELDS, LEVELS, REASON, Filter, View

TOP_BARS, TYPE_BARS, MAKEUP_BARS = 10, 8, 6
DETAIL_ROWS = 25
CHARTS = ("volume", "types", "responses")
CHARTED = {"bucket", "response", "type", "queries", *LEVELS}
"""Columns of charts that are shown as tables, of those that rows can be ranked by."""


class Counted(Readable, Protocol):
    """A table that also tells what it rejected."""

    def counters(self) -> Counters:
        """All counters."""

    def samples(self, reason: str) -> list[str]:
        """The last few records rejected for a reason."""


Panel = Callable[[Counted, View], Listing]


class NoHost(ValueError):
    """A host's own page, and no host."""


def volume(table: Readable, view: View) -> Listing:
    """The bars of the view's window."""
    return _whole(views.volume(table, view))


def domains(table: Readable, view: View) -> Listing:
    """The table of domains, names or TLDs."""
    return views.domains(table, view, view.level, view.n, view.sort)


def hosts(table: Readable, view: View) -> Listing:
    """The table of hosts."""
    return views.hosts(table, view, view.n, view.sort)


def names(table: Readable, view: View) -> Listing:
    """Names by type and response."""
    return views.names(table, view, view.n, view.sort)


def resolvers(table: Readable, view: View) -> Listing:
    """The table of resolvers."""
    return views.resolvers(table, view, view.n, view.sort)


def new_domains(table: Readable, view: View) -> Listing:
    """Domains first seen in the window."""
    return views.new_domains(table, view, view.n, view.sort)


def changes(table: Readable, view: View) -> Listing:
    """What changed most, and when it was otherwise; against another host only for a single one."""
    found = what_changed(table, view, view.n, against(view, one_host(view) is not None))
    times: dict[str, datetime | None] = {}
    for side, stretch in (("now", found.whole), ("before", found.during)):
        times[f"{side}_from"], times[f"{side}_to"] = stretch or (None, None)
    rows = found.rows.assign(**times)
    return Listing(rows, found.of, 0, 0, 0)


def against(view: View, of_host: bool) -> str:
    """With what a page compares: another host only where it is of one."""
    return view.vs if of_host or not view.vs.startswith(HOST) else BEFORE


def records(table: Readable, view: View) -> Listing:
    """Rows as they are kept."""
    return kept_records(table, view, view.n, view.sort)


def top(table: Readable, view: View) -> Listing:
    """The first domains, names or TLDs, by response."""
    return views.top_domains(table, view, view.level, TOP_BARS)


def own_domains(table: Readable, view: View) -> Listing:
    """The domains of the one host of the view."""
    return views.host_domains(table, view, _host_of(view), view.n, view.sort)


def own_types(table: Readable, view: View) -> Listing:
    """Types of the one host of the view, each with its share among all hosts, `all_share`."""
    listing = views.types(table, view.only("host", _host_of(view)), MAKEUP_BARS)
    everyone = views.types(table, view.without("host"), None).rows
    shares = dict(zip(everyone["type"], everyone["share"], strict=True))
    rows = listing.rows.assign(all_share=listing.rows["type"].map(shares).fillna(0.0))
    return replace(listing, rows=rows)


def peers(table: Readable, view: View) -> Listing:
    """The domains of the host in focus; of any other focus, the hosts that ask."""
    focus = in_focus(view, "host")
    if focus:
        return views.host_domains(table, view, focus.value, view.n, view.sort)
    return views.hosts(table, view, view.n, view.sort)


def rejected(table: Counted, view: View) -> Listing:
    """Samples of what was rejected, a line each, with how many there were for that reason: of the
    one that is looked at, or of all, the most first."""
    found = table.counters().rejected
    field, value = view.focus or ("", "")
    reasons = [value] if field == REASON and value in found else list(found)
    rows = pd.DataFrame(
        [
            {"reason": reason, "records": count, "last": last, "sample": sample}
            for reason, (count, last) in found.items()
            if reason in reasons
            for sample in table.samples(reason) or [""]
        ],
        columns=["reason", "records", "last", "sample"],
    )
    sort = sorted_by(view.sort.replace("share", "records"), rows.columns, "records")
    rows = in_order(rows.assign(last=pd.to_datetime(rows["last"], utc=True)), sort)
    return _whole(rows.rename(columns={"last": "last_seen"}))


def as_table(rows: pd.DataFrame, view: View) -> tuple[pd.DataFrame, str]:
    """What a chart draws, in its table's order, and what ranks it: the view's `sort`, where it is
    by one of the table's columns, else nothing; of bars over time the newest is first."""
    sort = sorted_by(view.sort, CHARTED.intersection(rows.columns), own="")
    if sort:
        return in_order(rows, sort), sort
    if "bucket" in rows:
        return rows.sort_values("bucket", ascending=False, kind="stable", ignore_index=True), ""
    return rows, ""


def of_top(view: View) -> View:
    """What the chart of top domains is of: a host, type, response or resolver while in focus."""
    return _focused(view, "host", "type", "response", "resolver")


def of_hosts(view: View) -> View:
    """What the Overview's hosts are of: those of a domain, name, … while in focus."""
    return _focused(view, "domain", "name", "type", "response", "resolver")


def of_own(view: View, field: str) -> View:
    """What a host's table of domains, names or resolvers is of: whatever else is in focus."""
    return _focused(view, *(each for each in FIELDS if each not in ("host", field)))


def asked(table: Readable, view: View) -> Filter | None:
    """Of what a host's page shows all hosts: what is in focus, else the host's first domain."""
    if focus := in_focus(view, *(each for each in FIELDS if each != "host")):
        return focus
    rows = own_domains(table, view).rows
    return of_row("domain", rows["domain"].iloc[0]) if len(rows) else None


def of_askers(view: View, each: Filter | None) -> View:
    """All hosts that ask for that, the page's own among them, ranked by what their table shows."""
    if view.sort.removeprefix("-") not in ("queries", "host"):
        view = replace(view, sort="")
    return looking_at(view.without("host"), each) if each else view


def askers(table: Readable, view: View) -> Listing:
    """The table of those hosts."""
    return hosts(table, of_askers(view, asked(table, view)))


def closer(view: View, each: Filter | None) -> View:
    """What stands beside a master table: one row of it, or whatever is in focus."""
    return replace(put(looking_at(view, each), each), n=DETAIL_ROWS) if each else view


def _focused(view: View, *fields: str) -> View:
    focus = in_focus(view, *fields)
    return looking_at(view, focus) if focus else view


def _closer(panel: Panel, master: Panel, level: str = "") -> Panel:
    """A panel of what is in focus, else of the row that ranks first."""

    def rows(table: Counted, view: View) -> Listing:
        each, by = in_focus(view, *FIELDS), level or view.level
        if each is None and len(first := master(table, view).rows):
            each = of_row(by, first[by].iloc[0])
        return panel(table, closer(view, each))

    return rows


def _host_of(view: View) -> str:
    host = one_host(view)
    if host is None:
        raise NoHost("a host's page is of one host: name it by host=…")
    return host


def of_host(view: View) -> View:
    """What a host's page is of: that host alone. NoHost where the view has none."""
    return view.only("host", _host_of(view))


def _own(panel: Panel, field: str = "") -> Panel:
    if field:
        return lambda table, view: panel(table, of_own(of_host(view), field))
    return lambda table, view: panel(table, of_host(view))


def _whole(rows: pd.DataFrame) -> Listing:
    return Listing(rows, len(rows), 0, 0, 0)


def types(table: Readable, view: View, bars: int | None = None) -> Listing:
    """Types, as many as there is room for, else as the view says."""
    return views.types(table, view, bars or view.n)


def responses(table: Readable, view: View, bars: int | None = None) -> Listing:
    """Responses, as many as there is room for, else as the view says."""
    return views.responses(table, view, bars or view.n)


VIEWS: dict[str, Panel] = {
    "domains": domains,
    "names": names,
    "hosts": hosts,
    "types": types,
    "responses": responses,
    "resolvers": resolvers,
    "new_domains": new_domains,
    "changes": changes,
    "records": records,
    "volume": volume,
    "rejected": rejected,
}
"""Of no page: all of what is asked for, whatever is in focus."""
DETAIL: dict[str, Panel] = {
    "volume": volume,
    "peers": peers,
    "names": names,
    "types": partial(types, bars=MAKEUP_BARS),
    "responses": partial(responses, bars=MAKEUP_BARS),
    "resolvers": resolvers,
}
PAGES: dict[str, dict[str, Panel]] = {
    "overview": {
        "volume": volume,
        "domains": lambda table, view: top(table, of_top(view)),
        "hosts": lambda table, view: hosts(table, of_hosts(view)),
        "types": partial(types, bars=TYPE_BARS),
        "resolvers": resolvers,
        "new_domains": new_domains,
        "changes": changes,
    },
    "domains": {
        "domains": domains,
        **{name: _closer(panel, domains) for name, panel in DETAIL.items()},
    },
    "hosts": {
        "hosts": hosts,
        **{name: _closer(panel, hosts, "host") for name, panel in DETAIL.items()},
    },
    "host": {
        "volume": _own(volume),
        "types": _own(own_types),
        "domains": _own(own_domains, "domain"),
        "hosts": _own(askers),
        "names": _own(names, "name"),
        "resolvers": _own(resolvers, "resolver"),
        "changes": _own(changes),
        "new_domains": _own(new_domains),
    },
    "records": {"records": records},
    "lookup": {},
    "health": {"rejected": rejected},
}
"""By a page's path: its panels, each with the rows that stand on the screen."""
