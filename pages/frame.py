"""The frame around every page, run by `st.App` in dashboard.py for every visit and every click."""

import streamlit as st

from pages.shared import bar, clicks, filters, keys, nav, refresh, traces, url, wall
from pages.shared.look import use_style

clicks.hear_out()
st.set_page_config(page_title="Zeek DNS", layout="wide", initial_sidebar_state="collapsed")
use_style()
page = st.navigation([nav.page(name) for name in nav.FILES], position="hidden")
url.adopt(page.title)
st.session_state["page"] = page.title
if url.view().wall and page.title == "Overview":
    wall.show()
else:
    with st.container(gap="xxsmall"):
        bar.first_row(page.title, url.view())
        filters.second_row(page.title, url.view())
        nav.follow_jump()
    page.run()
    refresh.watch_tab()
    keys.table_keys()
    traces.traced_figures()
