"""Rows keep still: the order is the one that was drawn, whatever the counts do meanwhile."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from pages.shared import tables
from pages.shared.onscreen import KEY, OnScreen
from pipeline.names import shown
from tests.app.conftest import drawn, running
from tests.app.hands import click, select
from tests.conftest import ROOT
from tests.made import Made, partial

NOW = datetime.now(UTC) - timedelta(seconds=30)


@pytest.fixture
def made() -> Iterator[Made]:
    """Two hosts, the first with more queries."""
    with running(Made()) as pipeline:
        pipeline.add([asked("10.0.0.1", 5), asked("10.0.0.2", 3)])
        yield pipeline


def asked(host: str, count: int) -> dict:
    """So many queries of one host."""
    return partial(NOW, host, "www.example.com", "example.com", count=count)


def listed(app: AppTest) -> list[tuple[str, int]]:
    """Hosts and their queries as the hosts page lists them."""
    rows = app.dataframe[0].value
    return list(zip(rows["host"], rows["queries"], strict=True))


def hosts_page(focus: str = "") -> AppTest:
    """The hosts page, drawn once."""
    return drawn("hosts", **({"focus": focus} if focus else {}))


def test_numbers_change_in_place_until_it_is_time_to_rank_anew(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = hosts_page()
    made.add([asked("10.0.0.2", 10)])
    assert listed(app.run()) == [("10.0.0.1", 5), ("10.0.0.2", 13)]
    assert "<b>10.0.0.1</b>" in "".join(each.proto.body for each in app.get("html"))
    monkeypatch.setattr(tables, "RERANK_SECONDS", 0)
    assert listed(app.run()) == [("10.0.0.2", 13), ("10.0.0.1", 5)]


def test_cells_are_made_once_for_all_who_look_and_stand_in_the_order_of_each(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = hosts_page()
    made.add([asked("10.0.0.2", 10)])
    second = hosts_page()
    seen: list[str] = []

    def noted(text: str) -> str:
        seen.extend([text] if text.startswith("10.0.0.") else [])
        return f"({text})"

    monkeypatch.setattr(tables, "shown", noted)
    assert listed(first.run()) == [("10.0.0.1", 5), ("10.0.0.2", 13)]
    assert listed(second) == [("10.0.0.2", 13), ("10.0.0.1", 5)]
    assert seen == []
    made.add([asked("10.0.0.3", 1)])
    assert listed(second.run())[0] == ("(10.0.0.2)", 13)
    assert listed(first.run())[0] == ("(10.0.0.1)", 5)
    assert sorted(seen) == ["10.0.0.1", "10.0.0.2", "10.0.0.3"]


def test_a_row_that_is_looked_at_holds_the_order(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = hosts_page(focus="host:10.0.0.2")
    made.add([asked("10.0.0.2", 10)])
    monkeypatch.setattr(tables, "RERANK_SECONDS", 0)
    assert listed(app.run()) == [("10.0.0.1", 5), ("10.0.0.2", 13)]


def test_a_row_that_is_new_stands_below_until_it_is_time(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = hosts_page()
    made.add([asked("10.0.0.3", 4)])
    assert [host for host, _ in listed(app.run())] == ["10.0.0.1", "10.0.0.2", "10.0.0.3"]
    monkeypatch.setattr(tables, "RERANK_SECONDS", 0)
    assert [host for host, _ in listed(app.run())] == ["10.0.0.1", "10.0.0.3", "10.0.0.2"]


@pytest.mark.parametrize("focus", ["", "host:10.1.0.2"])
def test_no_row_moves_when_one_falls_out_of_the_first_and_another_rises(
    made: Made, focus: str
) -> None:
    made.add([asked(f"10.1.0.{number}", 100 - number) for number in range(1, 27)])
    app = hosts_page(focus=focus)
    before = [host for host, _ in listed(app)]
    assert before[-1] == "10.1.0.25"
    made.add([asked("10.1.0.3", 50), asked("10.1.0.20", 50), asked("10.1.0.26", 5)])
    assert [host for host, _ in listed(app.run())] == [*before[:-1], "10.1.0.26"]
    made.add([asked(f"10.2.0.{number}", 200) for number in range(3)])
    after = [host for host, _ in listed(app.run())]
    stay = [place for place, host in enumerate(before) if host in after]
    assert len(stay) == 21
    assert all(after[place] == before[place] for place in stay)


def grown_old(app: AppTest) -> None:
    orders = app.session_state[KEY].orders
    orders["hosts"] = replace(orders["hosts"], since=-2 * tables.RERANK_SECONDS)


def test_the_order_that_was_held_stays_as_long_as_one_just_made(made: Made) -> None:
    app = hosts_page(focus="host:10.0.0.2")
    grown_old(app)
    made.add([asked("10.0.0.2", 10)])
    assert listed(app.run()) == [("10.0.0.1", 5), ("10.0.0.2", 13)]
    del app.query_params["focus"]
    assert listed(app.run()) == [("10.0.0.1", 5), ("10.0.0.2", 13)]
    grown_old(app)
    assert listed(app.run()) == [("10.0.0.2", 13), ("10.0.0.1", 5)]


def test_another_order_asked_for_by_the_user_ranks_at_once(made: Made) -> None:
    app = hosts_page()
    made.add([asked("10.0.0.2", 10)])
    app.query_params["sort"] = "names"
    assert listed(app.run()) == [("10.0.0.2", 13), ("10.0.0.1", 5)]


def test_a_click_means_the_rows_that_were_sent_not_those_that_are_drawn(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = hosts_page()
    screen = app.session_state[KEY]
    made.add([asked("10.0.0.2", 10)])
    monkeypatch.setattr(OnScreen, "sends", lambda self: None)
    app.query_params["sort"] = "names"
    assert listed(app.run())[0] == ("10.0.0.2", 13)
    assert screen.order("hosts").values == ["10.0.0.1", "10.0.0.2"]
    monkeypatch.undo()
    app.run()
    assert screen.order("hosts").values == ["10.0.0.2", "10.0.0.1"]


def test_a_header_ranks_also_where_the_browser_has_not_yet_let_a_cell_go(made: Made) -> None:
    app = hosts_page()
    click(app, "hosts", 0, "host")
    assert app.query_params["focus"] == "host:10.0.0.1"
    app.button("chip-focus").click().run()
    assert "focus" not in app.query_params
    select(app, "hosts", [[0, "host"]], ["domains"])
    assert app.query_params["sort"] == "domains"
    assert "focus" not in app.query_params
    click(app, "hosts", 0, "host")
    assert "focus" in app.query_params


def test_a_row_that_has_gone_meanwhile_is_not_picked() -> None:
    def select() -> None:
        import streamlit as st

        from pages.shared.onscreen import Order, on_screen
        from pages.shared.tables import _selection

        on_screen().orders["x"] = Order(values=["10.0.0.1"])
        chosen = _selection("x", "host", None, lambda *cell: st.write(*cell), None)["on_select"]
        for row in (0, 1):
            st.session_state["x"] = {"selection": {"columns": [], "cells": [[row, "host"]]}}
            chosen()

    app = AppTest.from_function(select, default_timeout=60).run()
    assert not app.exception
    assert [each.value for each in app.markdown] == ["10.0.0.1 host"]


def test_a_records_menu_does_what_it_says_to_the_row_that_it_says(made: Made) -> None:
    app = hosts_page()
    kinds = [("A", "NOERROR"), ("AAAA", "NOERROR"), ("A", None)]
    made.add(
        partial(NOW, "10.0.0.1", "www.example.com", "example.com", qtype_name=kind, rcode_name=code)
        for kind, code in kinds
    )
    app.switch_page(str(ROOT / "pages" / "records.py")).run()
    rows = app.dataframe[0].value
    menus = rows[rows["queries"] == 1][tables.MENU]
    assert [len(set(items)) for items in zip(*menus, strict=True)] == [
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        3,
    ]


def test_a_field_may_be_called_as_whoever_writes_records_likes() -> None:
    """Raw records have the fields that they have."""
    frame = pd.DataFrame({"self": ["a\u202eb"], "axis": ["c"]})
    cells = tables._shown(frame, ("self", "axis"), None)
    assert cells.to_dict("list") == {"self": [shown("a\u202eb")], "axis": ["c"]}
