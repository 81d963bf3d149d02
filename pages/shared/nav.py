"""The pages, and how a row's menu opens one."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import streamlit as st

from pages.shared import url
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


def open_host(value: str) -> None:
    """A host's own page."""
    url.jump("Host", replace(url.view().only("host", value), focus=None, sort="queries"))


def open_domain(value: str) -> None:
    """The domains page, that domain beside the others."""
    view = url.view().without("host") if st.session_state["page"] == "Host" else url.view()
    url.jump("Domains", replace(view, focus=("domain", value), sort="queries"))


def actions(field: str, opens: Callable[[str], None]) -> dict[str, Callable[[str], None]]:
    """A row's menu: open it, see only it, leave it out."""

    def only(value: str) -> None:
        url.write(url.view().filtered(Filter(field, value)))

    def without(value: str) -> None:
        url.write(url.view().filtered(Filter(field, value, exclude=True)))

    return {"Open": opens, "Only": only, "Not": without}


def follow_jump() -> None:
    """Open the page that a menu asked for, by a link that the browser clicks.

    `st.switch_page` with parameters leaves a stray entry in the browser's history.
    """
    target = st.session_state.pop(url.JUMP, None)
    if target:
        with st.container(key="jump"):
            st.page_link(page(target[0]), label="open", query_params=target[1])
            _clicker(key="clicker")
