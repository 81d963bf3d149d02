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
      const dark = matchMedia("(prefers-color-scheme: dark)");
      // Once the page itself is of the other theme, of which it tells when it asks.
      const turn = () => setTimeout(() => setStateValue("dark", dark.matches), 100);
      dark.addEventListener("change", turn);
      return () => {
        document.removeEventListener("visibilitychange", tell);
        dark.removeEventListener("change", turn);
      };
    }""",
)


def watch_tab() -> None:
    """Have the browser tell when its tab is hidden or seen again, or the theme is another one, in
    which charts have to be drawn: the whole page runs then."""
    with st.container(key="tab-watch"):
        told = {"on_hidden_change": lambda: None, "on_dark_change": lambda: None}
        _mount(key=KEY, default={"hidden": False, "dark": False}, **told)


def is_hidden() -> bool:
    """Whether the tab is hidden, as far as the browser has told."""
    return bool(st.session_state.get(KEY, {}).get("hidden"))


def again(step: Callable[[], None], seconds: float | None) -> None:
    """Run `step` now, and every so many seconds (None: never) while the tab is seen."""
    st.fragment(step, run_every=None if is_hidden() else seconds)()
