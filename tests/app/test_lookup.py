"""The page of raw records: nothing is read before it is asked for, and all fields are shown."""

import csv
import json
from datetime import timedelta
from html import unescape
from zoneinfo import ZoneInfo

import pytest
from streamlit.testing.v1 import AppTest

from pages.shared import lookups, onscreen
from pages.shared.filters import RAW, file_of
from pages.shared.nav import LOOK_UP
from pipeline.lookup import Lookup, Record
from pipeline.state import View
from tests.app.conftest import session
from tests.conftest import ROOT
from tests.made import Made
from tests.unit.dns_rows import T0

MICROSECONDS = int(T0.timestamp()) * 1_000_000


@pytest.fixture
def app(made: Made) -> AppTest:
    """A session on the page; what is read has three records."""
    texts = ['{"b":1,"uid":"C1","answers":["1.2.3.4","x"],"AA":true}', '{"uid":"C2"}', "[1]"]
    made.raw = [Record(MICROSECONDS + place, text) for place, text in enumerate(texts)]
    app = session()
    app.query_params["from"] = T0.isoformat()
    app.query_params["to"] = (T0 + timedelta(hours=1)).isoformat()
    return app


def visit(app: AppTest) -> AppTest:
    return app.switch_page(str(ROOT / "pages" / "lookup.py")).run()


def said(app: AppTest) -> str:
    bodies = [each.proto.body for each in app.get("html")]
    [head] = [body for body in bodies if "<b>Raw records</b>" in body]
    return str(head)


def test_it_reads_when_it_is_asked_and_shows_all_fields_in_zeeks_order(app: AppTest) -> None:
    visit(app)
    assert any(lookups.HINT[:6] in unescape(each.proto.body) for each in app.get("html"))
    assert not app.dataframe
    app.button(key="look-up-begin").click().run()
    shown = app.dataframe[0].value
    assert list(shown.columns)[:5] == ["ts", "uid", "AA", "answers", "b"]
    assert shown["ts"][0] == "2026-01-31 12:00:00.000000"
    assert (shown["answers"][0], shown["AA"][0], shown["b"][0]) == ("1.2.3.4, x", "true", "1")
    assert shown["record"][2] == "[1]"
    assert "3 found" in said(app)
    assert "all of that time was read" in said(app)


def test_a_menu_has_it_read_at_once(app: AppTest) -> None:
    app.session_state[LOOK_UP] = True
    assert len(visit(app).dataframe) == 1


def test_other_filters_are_another_look_up(app: AppTest) -> None:
    visit(app)
    app.button(key="look-up-begin").click().run()
    app.query_params["host"] = "10.0.0.1"
    assert not app.run().dataframe
    del app.query_params["host"]
    assert app.run().dataframe
    del app.query_params["from"], app.query_params["to"]
    assert not app.run().dataframe
    assert app.button(key="look-up-begin").label == "Read"


def test_one_that_reads_can_be_cancelled(app: AppTest) -> None:
    visit(app)
    lookup = Lookup(View(start=T0, end=T0 + timedelta(hours=1)), T0, T0 + timedelta(hours=1))
    lookup.read, lookup.of = 30, 120
    app.session_state[lookups.KEY] = lookup
    app.run()
    assert "30 of about 120 lines read" in said(app)
    app.button(key="look-up-end").click().run()
    assert lookup._cancelled.is_set()


def test_looking_on_keeps_it_reading(app: AppTest) -> None:
    visit(app)
    lookup = Lookup(View(start=T0, end=T0 + timedelta(hours=1)), T0, T0 + timedelta(hours=1))
    lookup.looked_at = 0.0
    app.session_state[lookups.KEY] = lookup
    app.run()
    assert lookup.looked_at > 0


def test_more_rows_than_have_menus_say_how_they_are_copied(app: AppTest, made: Made) -> None:
    made.raw = [Record(MICROSECONDS, '{"uid":"C1"}')] * 251
    visit(app)
    app.button(key="look-up-begin").click().run()
    assert "251 found (copied one by one up to 250, else by the file)" in said(app)


def test_json_lines_are_ascii_and_the_records_themselves() -> None:
    texts = ['{"query":"\u202ea\\u0000",\n "ts":1700000000.123456}', "no JSON"]
    lines = lookups.json_lines([Record(0, text) for text in texts]).decode("ascii").splitlines()
    assert [json.loads(line) for line in lines] == [
        {"query": "\u202ea\x00", "ts": 1700000000.123456},
        {"record": "no JSON"},
    ]


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("uid", ["C1", "C10", "C2", ""]),
        ("-uid", ["C2", "C10", "C1", ""]),
        ("-rtt", ["C2", "C10", "", "C1"]),
        ("queries", ["C10", "C1", "C2", ""]),
    ],
)
def test_what_ranks_raw_records_is_in_the_url_and_their_files_are_in_that_order(
    made: Made, app: AppTest, sort: str, order: list[str]
) -> None:
    rtts = {"C10": 9, "C1": 0.5, "C2": 10.0}
    texts = [json.dumps({"uid": uid, "rtt": rtt}) for uid, rtt in rtts.items()]
    made.raw = [Record(MICROSECONDS + at, text) for at, text in enumerate([*texts, '{"rtt":1}'])]
    app.query_params["sort"] = sort
    visit(app).button(key="look-up-begin").click().run()
    (table,) = app.dataframe
    assert list(table.value["uid"]) == order
    screen, lookup = app.session_state[onscreen.KEY], app.session_state[lookups.KEY]
    lines = lookups._file_of(screen, lookup, ZoneInfo("UTC")).splitlines()
    assert [json.loads(line).get("uid", "") for line in lines] == order
    rows = file_of(screen, "Lookup", View(), RAW, ZoneInfo("UTC")).decode().splitlines()
    assert [row["uid"] for row in csv.DictReader(rows)] == order


def no_json(text: str) -> None:
    raise AssertionError(f"{text} is no JSON")


@pytest.mark.parametrize("deep", [60, 480, 980, 100_000])
def test_a_record_however_deep_or_with_numbers_that_are_none_is_shown_and_in_the_file(
    made: Made, app: AppTest, deep: int
) -> None:
    odd = '{"uid":"C1","rtt":1e400,"x":NaN,"TTLs":[-1e999,2.5]}'
    nested = f'{{"uid":"C2","deep":{"[" * deep}{"]" * deep}}}'
    made.raw = [Record(MICROSECONDS + at, text) for at, text in enumerate([odd, nested])]
    visit(app).button(key="look-up-begin").click().run()
    assert not app.exception
    (table,) = app.dataframe
    assert list(table.value.loc[0, ["uid", "rtt", "TTLs", "x"]]) == [
        "C1",
        "1e400",
        "-1e999, 2.5",
        "NaN",
    ]
    assert table.value["record"][1].startswith(nested[:40])
    screen, lookup = app.session_state[onscreen.KEY], app.session_state[lookups.KEY]
    lines = lookups._file_of(screen, lookup, ZoneInfo("UTC")).splitlines()
    found = [json.loads(line, parse_constant=no_json) for line in lines]
    assert found[0] == {"uid": "C1", "rtt": "1e400", "x": "NaN", "TTLs": ["-1e999", 2.5]}
    assert found[1] == {"record": nested}


@pytest.mark.parametrize(
    ("column", "focus"),
    [
        ("id.orig_h", ("host", "10.0.0.1")),
        ("query", ("name", "a.example")),
        ("qtype_name", ("type", "A")),
        ("rcode_name", None),
        ("uid", None),
    ],
)
def test_a_cell_of_a_raw_record_comes_into_focus_if_the_table_has_such_rows(
    made: Made, app: AppTest, column: str, focus: tuple[str, str] | None
) -> None:
    text = json.dumps({"uid": "C1", "query": "A.Example", "qtype_name": "A"})
    found = {"1": Record(MICROSECONDS, text, host="10.0.0.1", name="a.example")}

    def pick(found: dict, column: str) -> None:  # type: ignore[type-arg]
        from pages.shared import lookups, url

        url.adopt("Lookup")
        lookups._pick(found, "1", column)
        lookups._pick(found, "gone", column)

    picked = AppTest.from_function(pick, default_timeout=60, args=(found, column)).run()
    assert not picked.exception
    assert picked.query_params.get("focus") in (
        focus and ":".join(focus),
        focus and [":".join(focus)],
    )
