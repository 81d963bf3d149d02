"""Parts of a page that are drawn again by themselves, but not in a tab that nobody sees."""

from collections.abc import Callable

import streamlit as st

KEY = "tab"

_mount = st.components.v2.component(
    "zeek_live_tab",
    js="""export default function ({ setStateValue }) {
      const tell = () => setStateValue("hidden", document.hidden);
      document.addEventListener("visibilitychange", tell);
      if (document.hidden) tell();
      return () => document.removeEventListener("visibilitychange", tell);
    }""",
)


def watch_tab() -> None:
    """Have the browser tell when its tab is hidden or seen again: the whole page runs then."""
    with st.container(key="tab-watch"):
        _mount(key=KEY, on_hidden_change=lambda: None, default={"hidden": False})


def is_hidden() -> bool:
    """Whether the tab is hidden, as far as the browser has told."""
    return bool(st.session_state.get(KEY, {}).get("hidden"))


def again(step: Callable[[], None], seconds: float | None) -> None:
    """Run `step` now, and every so many seconds (None: never) while the tab is seen."""
    st.fragment(step, run_every=None if is_hidden() else seconds)()
