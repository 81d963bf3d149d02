"""The pages, and how a row's menu opens one."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import streamlit as st

from pages.shared import url
from pages.shared.focus import looking_at, of_row, put
from pipeline.state import Filter

HERE = Path(__file__).parents[1]
FILES = {name: f"{name.lower()}.py" for name in ("Overview", "Domains", "Hosts", "Host", "Health")}
IN_FRAME = ("Overview", "Domains", "Hosts", "Health")

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


def open_row(each: Filter) -> None:
    """A host's own page; the domains page with that domain or name beside the others."""
    view = replace(url.view(), focus=None, sort="queries")
    if each.field == "host":
        url.jump("Host", looking_at(view, each))
    else:
        view = view.without("host") if st.session_state["page"] == "Host" else view
        level: Any = "tld" if each.under else each.field
        url.jump("Domains", replace(put(view, each), level=level))


def actions(level: str) -> dict[str, Callable[[str], None]]:
    """A row's menu: open it, see only it, leave it out."""
    return {"Open": lambda value: open_row(of_row(level, value)), **filtering(level)}


def filtering(level: str) -> dict[str, Callable[[str], None]]:
    """The menu of a row that has no page of its own."""

    def only(value: str) -> None:
        url.write(url.view().filtered(of_row(level, value)))

    def without(value: str) -> None:
        url.write(url.view().filtered(replace(of_row(level, value), exclude=True)))

    return {"Only": only, "Not": without}


def follow_jump() -> None:
    """Open the page that a menu asked for, by a link that the browser clicks.

    `st.switch_page` with parameters leaves a stray entry in the browser's history.
    """
    target = st.session_state.pop(url.JUMP, None)
    if target:
        with st.container(key="jump"):
            st.page_link(page(target[0]), label="open", query_params=target[1])
            _clicker(key="clicker")
