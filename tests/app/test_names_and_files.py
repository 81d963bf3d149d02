"""Each chart and table has a name for those who do not see it, and its numbers are in a file."""

import re
from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from pages.shared import charts, tables
from pipeline import query
from tests.app.conftest import drawn, running
from tests.made import busy

FILES = {"top": "domains", "lag": "batches", "stages": "batches", "read-counted": "batches"}
"""The file with a chart's numbers, where it is not called like the chart."""


@pytest.fixture(scope="module", autouse=True)
def network() -> Iterator[None]:
    """A few minutes of a made-up network."""
    with running(busy(600)):
        yield


@pytest.mark.parametrize("page", ["overview", "domains", "hosts", "host", "records", "health"])
def test_charts_and_tables_have_names_and_charts_a_file(page: str) -> None:
    read = query.running().table.read("SELECT any_value(id_orig_h) AS host FROM dns_counts")
    app = drawn(page, host=read["host"][0].as_py() if page == "host" else "")
    files = re.findall(
        r'class="file"[^>]*>([^<]*)<', " ".join(e.proto.body for e in app.get("html"))
    )
    keys = {name: key for key, name in charts.NAMES.items()}
    for each in app.get("vega_lite_chart"):
        key = keys[each.proto.alt]
        assert f"{FILES.get(key, key).capitalize()} as CSV" in files
    assert {each.proto.alt for each in app.dataframe} <= set(tables.NAMES.values())
    assert app.dataframe


def test_what_is_copied_is_defanged_once_in_what_is_said_of_it() -> None:
    def copy() -> None:
        import streamlit as st

        from pages.shared import copy

        copy.copy_defanged("evil.example")
        st.write(st.session_state[copy.ASKED]["text"], st.session_state[copy.ASKED]["name"])

    app = AppTest.from_function(copy, default_timeout=60).run()
    assert not app.exception
    assert app.markdown[0].value == "evil[.]example evil[.]example"
