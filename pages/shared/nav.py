"""The pages, and how a row's menu opens one."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import reduce
from pathlib import Path
from typing import Any

import streamlit as st

from pages.shared import url
from pages.shared.copy import copy_defanged, copy_real
from pages.shared.look import inert
from pipeline.focus import in_focus, looking_at, of_row, one_host, put
from pipeline.lookup import OF
from pipeline.query import running
from pipeline.screen import of_host
from pipeline.state import FIELDS, LEVELS, Filter, View
from pipeline.window import window

HERE = Path(__file__).parents[1]
PAGES = ("Overview", "Domains", "Hosts", "Host", "Records", "Lookup", "Health")
FILES = {name: f"{name.lower()}.py" for name in PAGES}
Actions = dict[str, Callable[[str], None]]
"""What a row's menu does with the row's value, by the words of its items."""
Parts = Mapping[str, str | None]
"""What a record is of, by field."""
OWN: dict[str, tuple[str, ...]] = {"Host": ("host",), "Lookup": FIELDS}
"""By page, filters that say of what it is: they do not go with what is opened from there."""
OPENS = {f"Open {field}": field for field in OF}
"""What a record leads on to, by the words of its menu's items."""
BELOW = (("Host", "Hosts"), ("Lookup", "Records"))
"""Pages that are not in the frame, and whose link stands for them."""
LOOK_UP = "look-up-asked"
"""In the session: the page of raw records begins to read when it is drawn next."""
FAILURES = {"nxdomain": "NXDOMAIN", "no_response": "no response"}
TABLES: dict[str, tuple[str, dict[str, Any]]] = {
    "hosts": ("Hosts", {}),
    "domains": ("Domains", {"level": "domain"}),
    "names": ("Domains", {"level": "name"}),
    "new_domains": ("Overview", {"n": None}),
}
"""Where what a figure counts stands row by row."""
IN_FRAME = ("Overview", "Domains", "Hosts", "Records", "Health")

_clicker = st.components.v2.component(
    "zeek_live_jump",
    js="""export default function () {
      const link = document.querySelector(".st-key-jump a");
      if (link) link.click();
    }""",
)


def page(name: str) -> Any:
    """A page by its name; made anew each run, since a page object holds a run's state."""
    return st.Page(
        HERE / FILES[name],
        title=name,
        url_path=name.lower(),
        default=name == "Overview",
        visibility="visible" if name in IN_FRAME else "hidden",
    )


def look_at(each: Filter) -> None:
    """It comes into focus, and nothing is filtered."""
    url.write(put(url.view(), each))


def open_row(each: Filter) -> None:
    """A host's own page; the domains page with that domain or name beside the others."""
    view = replace(url.view(), focus=None, sort="")
    view = view.without(*OWN.get(st.session_state["page"], ()))
    if each.field == "host":
        url.jump("Host", looking_at(view, each))
    else:
        level: Any = "tld" if each.under and not each.begins else each.field
        level = level if level in LEVELS else view.level
        url.jump("Domains", replace(put(view, each), level=level))


def actions(level: str) -> Actions:
    """A row's menu: open it, see only it, leave it out, copy it, see its records."""
    return actions_of(lambda value: of_row(level, value))


def actions_of(each: Callable[[str], Filter]) -> Actions:
    """The same where `each` tells what a row stands for."""
    return {
        "Open": lambda value: open_row(each(value)),
        "Only": lambda value: narrow(each(value)),
        "Not": lambda value: narrow(replace(each(value), exclude=True)),
        "Copy": lambda value: copy_defanged(each(value).value),
        "Copy real": lambda value: copy_real(each(value).value),
        "Records of": lambda value: open_records(each(value)),
        "Raw records of": lambda value: open_raw_of(each(value)),
    }


def opens(parts: Callable[[str], Parts]) -> Actions:
    """Open each of what a record is of, which `parts` tells of a row."""

    def opening(field: str) -> Callable[[str], None]:
        return lambda row: open_row(Filter(field, parts(row)[field] or ""))

    return {words: opening(field) for words, field in OPENS.items()}


def said_of_opening(action: str, parts: Parts) -> str:
    """An item of a record's menu; empty where the record has no such part."""
    value = parts.get(OPENS[action])
    return f"{action} {inert(value)}" if value else ""


def narrow(each: Filter) -> None:
    """One filter more; what is filtered need not be looked at any longer.

    A host's own page is of one host: another one takes its place.
    """
    another = st.session_state["page"] == "Host" and each.field == "host" and not each.exclude
    view = (url.view().without("host") if another else url.view()).filtered(each)
    looked_at = in_focus(view, each.field) == replace(each, exclude=False)
    url.write(replace(view, focus=None) if looked_at else view)


def seen() -> View:
    """What the page's numbers are of: a host's page of that host alone, whatever the URL adds."""
    view = url.view()
    is_of_one = st.session_state["page"] == "Host" and one_host(view) is not None
    return of_host(view) if is_of_one else view


def open_records(*each: Filter, of: View | None = None) -> None:
    """The rows behind a number: those of the view, or of another, that are of all of `each`."""
    view = reduce(looking_at, each, of or seen())
    url.jump("Records", replace(view, focus=None, sort=""))


def trace(figure: str) -> None:
    """What a figure of the strip counts: those hosts, domains or names, else the rows."""
    view = replace(seen(), focus=None, sort="")
    if figure in TABLES:
        page, changes = TABLES[figure]
        url.jump(page, replace(view, **changes))
    else:
        failed = FAILURES.get(figure)
        url.jump("Records", view.only("response", failed) if failed else view)


def open_raw_of(each: Filter) -> None:
    """Zeek's own records of the view that are of `each`."""
    open_raw(looking_at(seen(), each))


def open_raw(view: View) -> None:
    """Zeek's own records of the view, in the time that it shows now, read at once."""
    span = window(running().table, view)
    st.session_state[LOOK_UP] = True
    url.jump("Lookup", replace(view, start=span.start, end=span.end, focus=None, sort="", at=None))


def follow_jump() -> None:
    """Open the page that a menu asked for, by a link that the browser clicks.

    `st.switch_page` with parameters leaves a stray entry in the browser's history.
    """
    target = st.session_state.pop(url.JUMP, None)
    if target:
        with st.container(key="jump"):
            st.page_link(page(target[0]), label="open", query_params=target[1])
            _clicker(key="clicker")
