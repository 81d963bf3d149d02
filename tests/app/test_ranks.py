"""What ranks a table's rows, and which way, is seen at its header and can be chosen."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from pages.shared.url import JUMP
from pipeline.state import ALL_SORTS, SORTS, ascends
from tests.app.conftest import drawn, running
from tests.app.hands import tables
from tests.made import Made, busy

HOST = "10.20.5.7"
PAGES = ("overview", "domains", "hosts", "host", "records", "health")


@pytest.fixture(scope="module")
def network() -> Iterator[Made]:
    """Two minutes of a made-up network."""
    with running(busy(120)) as pipeline:
        yield pipeline


def labels(table: Any) -> dict[str, str]:
    """The columns of a table that have a label, and what it is."""
    columns = json.loads(table.proto.columns)
    return {name: columns[name]["label"] for name in table.value if columns[name].get("label")}


def marked(table: Any) -> dict[str, str]:
    """The columns that are marked as what ranks the rows, and the mark."""
    return {name: label[0] for name, label in labels(table).items() if label[0] in "↑↓"}


def in_order(cells: pd.Series, mark: str) -> bool:
    """Whether cells fall or rise as the mark says; what is missing stands last."""
    known = cells[cells.notna() & (cells != "")]
    places = [place(cell) for cell in known]
    return list(known.index) == list(cells.index[: len(known)]) and places == sorted(
        places, reverse=mark == "↓"
    )


def place(cell: Any) -> tuple[int, Any]:
    """Numbers, also such as are told by texts, then addresses by theirs, then texts."""
    if not isinstance(cell, str):
        return 0, cell
    if re.fullmatch(r"[0-9.]*", cell) and cell.count(".") == 3:
        return 1, tuple(map(int, cell.split(".")))
    try:
        return 0, float(cell)
    except ValueError:
        return 2, cell


@pytest.mark.parametrize("page", PAGES)
def test_the_column_that_ranks_the_rows_is_marked_in_every_table_that_has_it(
    network: Made, page: str
) -> None:
    app = drawn(page, host=next(iter(hosts(network))), charts="tables")
    columns = {name for table in app.dataframe for name in labels(table)}
    known = ALL_SORTS if page == "health" else SORTS
    for sort in [sign + each for each in known if each in columns for sign in ("", "-")]:
        app.query_params["sort"] = sort
        assert not app.run().exception, sort
        ranked = [table for table in app.dataframe if marked(table)]
        assert any(sort.removeprefix("-") in marked(table) for table in ranked)
        for table in ranked:
            ((column, mark),) = marked(table).items()
            assert in_order(table.value[column], mark), (sort, column)
            if column == sort.removeprefix("-"):
                assert mark == ("↑" if ascends(sort) else "↓")


def asked(app: AppTest) -> str | None:
    """What the URL has rows ranked by; a list where a script wrote one."""
    sort: str | list[str] | None = app.query_params.get("sort")
    return sort[0] if isinstance(sort, list) else sort


def hosts(network: Made) -> list[str]:
    """Those that asked."""
    sql = "SELECT id_orig_h AS host, count(*) AS n FROM dns_counts GROUP BY 1 ORDER BY n DESC, 1"
    return list(network.table.read(sql)["host"].to_pylist())


def test_a_tables_own_order_is_marked_where_none_was_chosen(network: Made) -> None:
    own = {"hosts": "queries", "resolvers": "queries", "new": "first"}
    found = {table.proto.id.rsplit("-", 1)[-1]: table for table in drawn().dataframe}
    for key, column in own.items():
        assert marked(found[key]) == {column: "↓"}
    (records,) = drawn("records").dataframe
    assert marked(records) == {"bucket": "↓"}


def test_what_ranks_a_table_that_does_not_show_it_is_in_its_caption(network: Made) -> None:
    app = drawn(sort="-nxdomain")
    captions = [
        each.proto.body for each in app.get("html") if "<b>Resolvers</b>" in each.proto.body
    ]
    assert "by nxdomain ascending" in captions[0]


def test_the_order_and_its_way_are_chosen_beside_the_tables(network: Made) -> None:
    app = drawn("hosts")
    assert app.radio(key="way").disabled
    app.selectbox(key="order").select("names").run()
    assert asked(app) == "names"
    app.radio(key="way").set_value(True).run()
    assert asked(app) == "-names"
    assert app.radio(key="way").value is True
    assert marked(app.dataframe[0]) == {"names": "↑"}
    app.selectbox(key="order").select("").run()
    assert asked(app) is None


@pytest.mark.parametrize(
    ("now", "column", "sort"),
    [
        ("queries", "names", "names"),
        ("names", "names", "-names"),
        ("-names", "names", "names"),
        ("queries", "share", "-queries"),
        ("queries", "label", None),
        ("queries", "menu", None),
    ],
)
def test_a_header_ranks_by_its_column_and_once_more_the_other_way_round(
    network: Made, now: str, column: str, sort: str | None
) -> None:
    def click(now: str, column: str) -> None:
        from pages.shared import ranks, url

        url.adopt("Hosts")
        ranks.rank_by(now, column)

    app = AppTest.from_function(click, default_timeout=60, args=(now, column)).run()
    assert not app.exception
    assert asked(app) == sort


def test_a_header_ranks_also_when_it_is_let_go_but_a_cell_does_not() -> None:
    def select() -> None:
        import streamlit as st

        from pages.shared.onscreen import Order, on_screen
        from pages.shared.tables import _selection

        on_screen().orders["x"] = Order(values=["10.0.0.1"])
        tell = lambda *told: st.write(*told)  # noqa: E731
        chosen = _selection("x", "host", None, tell, tell)["on_select"]
        cell = [[0, "host"]]
        for columns, cells in (
            *((["names"], []), ([], []), (["hosts"], []), ([], cell), ([], [])),
            # What was selected before stays so in a browser when a header is.
            *(([], cell), (["names"], cell), ([], cell), ([], [])),
        ):
            st.session_state["x"] = {"selection": {"columns": columns, "cells": cells}}
            chosen()

    app = AppTest.from_function(select, default_timeout=60).run()
    assert not app.exception
    assert [each.value for each in app.markdown] == [
        *("names", "names", "hosts", "10.0.0.1 host"),
        *("10.0.0.1 host", "names", "names"),
    ]


def test_what_loses_the_focus_lets_its_cell_go_but_no_header() -> None:
    def draw() -> None:
        import streamlit as st

        from pages.shared.tables import _selected

        for cells, focus in (([], "a"), ([], "b"), ([[0, "host"]], "c"), ([[0, "host"]], "c")):
            st.session_state["x"] = {"selection": {"columns": ["names"], "cells": cells}}
            _selected("x", focus)
            st.write(str(st.session_state["x"]["selection"]["columns"]))
        st.write(str(_selected("x", "d")["cells"]))

    app = AppTest.from_function(draw, default_timeout=60).run()
    assert not app.exception
    assert [each.value for each in app.markdown] == [*4 * ["['names']"], "[]"]


@pytest.mark.parametrize(("sort", "mark"), [("queries", "↓"), ("-queries", "↑")])
def test_charts_as_tables_are_ranked_by_the_server_like_the_others(
    network: Made, sort: str, mark: str
) -> None:
    found = tables(drawn(charts="tables", sort=sort))
    for key in ("volume-rows", "top-rows", "types-rows"):
        assert marked(found[key]) == {"queries": mark}
        assert in_order(found[key].value["queries"], mark)
    assert marked(tables(drawn(charts="tables"))["volume-rows"]) == {}


def test_off_and_resumed_a_page_is_drawn_as_often_as_before(network: Made) -> None:
    app = drawn(every="60")
    app.selectbox(key="every").select(0).run()
    assert app.query_params["every"] in ("0", ["0"])
    app.button(key="pause").click().run()
    assert app.query_params["every"] in ("60", ["60"])
    assert "at" not in app.query_params


def test_a_page_that_is_not_drawn_again_is_a_pause_also_where_its_url_has_no_moment(
    network: Made,
) -> None:
    app = drawn("hosts", every="0")
    said = [each.proto.json for each in app.get("bidi_component")]
    assert any("paused, 0 records since" in each for each in said)
    assert app.button(key="pause").label == "Resume"
    app.button(key="pause").click().run()
    assert "every" not in app.query_params
    assert app.button(key="pause").label == "Pause"


def test_what_is_new_to_a_host_is_on_its_page(network: Made) -> None:
    host = next(iter(hosts(network)))
    table = tables(drawn("host", host=host))["new"]
    sql = """SELECT DISTINCT registered_domain AS domain FROM dns_counts
        WHERE id_orig_h = $host AND registered_domain NOT LIKE '(%'"""
    assert {*table.value["domain"]} == {
        *network.table.read(sql, {"host": host})["domain"].to_pylist()
    }
    assert "hosts" not in table.value


def test_another_host_that_is_not_named_is_asked_for(network: Made) -> None:
    app = drawn("host", host=next(iter(hosts(network))))
    app.radio(key="vs").set_value("host:").run()
    assert any("compare with which host?" in each.proto.body for each in app.get("html"))


def test_the_figure_of_new_domains_leads_to_those_alone(network: Made) -> None:
    host = next(iter(hosts(network)))

    def trace() -> None:
        import streamlit as st

        from pages.shared import nav, url

        st.session_state["page"] = "Host"
        url.adopt("Host")
        nav.trace("new_domains")

    app = AppTest.from_function(trace, default_timeout=60)
    app.query_params["host"] = host
    assert not app.run().exception
    page, params = app.session_state[JUMP]
    assert (page, params) == ("Overview", {"host": [host], "n": ["all"]})
    found = tables(drawn("overview", host=host, n="all"))["new"].value
    sql = "SELECT count(DISTINCT registered_domain) AS n FROM dns_counts WHERE id_orig_h = $host"
    assert len(found) == network.table.read(sql, {"host": host}).to_pylist()[0]["n"]
