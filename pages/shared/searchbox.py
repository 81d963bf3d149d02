"""The search box, and what its last word may become."""

from pathlib import Path

import streamlit as st

from pages.shared import url
from pages.shared.search import parse_search
from pipeline.complete import completions, is_part
from pipeline.focus import one_host
from pipeline.names import shown
from pipeline.query import running
from pipeline.state import View

HERE = Path(__file__).parent
KEY = "search"
WHOLE = "a word is meant whole, and no {} of this time is just that: choose one that is suggested"

_mount = st.components.v2.component(
    "zeek_live_search",
    html="""<div><i></i><input type="text" role="combobox" aria-label="Search" aria-expanded="false"
      aria-controls="found" autocomplete="off" spellcheck="false"
      placeholder="host:10.20.4.17  -domain:example.com  type:TXT">
      <ul id="found" role="listbox" aria-label="Completions" hidden></ul></div>""",
    css=(HERE / "searchbox.css").read_text(encoding="utf-8"),
    js=(HERE / "searchbox.js").read_text(encoding="utf-8"),
)


@st.fragment
def search_box(view: View) -> None:
    """380 px; a word that is typed draws nothing but its completions."""
    if url.view() != view:
        st.rerun()
    word = str(st.session_state.get(KEY, {}).get("word") or "")
    found = completions(running().table, view, word)
    _mount(
        key=KEY,
        data={"word": word, "found": [{"text": each, "name": shown(each)} for each in found]},
        on_words_change=_search,
        on_word_change=lambda: None,
        default={"word": ""},
        width=380,
    )


def _search() -> None:
    view = url.view()
    words = str(st.session_state[KEY].get("words") or "")
    filters, problems = parse_search(words, running().settings.private_suffixes)
    if st.session_state["page"] == "Host" and one_host(View(filters=tuple(filters))):
        # Another host is looked at instead: the page is of one.
        view = view.without("host")
    for each in filters:
        view = view.filtered(each)
    url.write(view)
    parts = {each.field for each in filters if is_part(running().table, view, each)}
    url.note(*problems, *(WHOLE.format(field) for field in sorted(parts)))
