"""A page's files have what stands on the screen: its rows, their order, their numbers."""

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

from pages.shared import charts, onscreen, tables
from pages.shared.filters import ORDERS, OWN, RAW, file_of
from pipeline import query
from pipeline.export import export
from pipeline.lookup import Record
from pipeline.screen import PAGES
from pipeline.state import from_params
from tests.app.conftest import drawn, running
from tests.made import Made, busy, partial

HOST = "10.20.5.7"
CHARTS = {"volume": "volume", "domains": "top", "types": "types", "responses": "responses"}
UTC_ZONE = ZoneInfo("UTC")


@pytest.fixture(scope="module")
def network() -> Iterator[Made]:
    """Ten minutes of a made-up network."""
    pipeline = busy(600)
    at = datetime.now(UTC) - timedelta(seconds=30)
    names = [f"n{n}.google.com" for n in range(40)]
    pipeline.add(
        [partial(at, HOST, name, "google.com", qtype_name=f"T{name[1]}") for name in names]
    )
    with running(pipeline):
        yield pipeline


def on_file(app: AppTest, page: str, what: str, **params: str) -> list[dict[str, str]]:
    """The rows of a file as the page's menu makes it."""
    view, problems = from_params({key: [value] for key, value in params.items()})
    assert not problems
    screen = app.session_state[onscreen.KEY]
    text = file_of(screen, page.capitalize(), replace(view, names="real"), what, UTC_ZONE).decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def uncut(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """The rows without the line that says how many there are."""
    says_so = rows and next(iter(rows[-1].values())).startswith("The first ")
    return rows[:-1] if says_so else rows


def on_screen(app: AppTest, page: str, what: str) -> pd.DataFrame:
    """The rows of the table or chart that shows it."""
    keys = {name: key for key, name in tables.NAMES.items()}
    wanted = {ORDERS.get((page.capitalize(), what), what)}
    wanted = {"askers", "peers"} if what == "peers" else wanted
    wanted.add(f"{CHARTS.get(what)}-rows")
    for each in app.dataframe:
        if keys[each.proto.alt] in wanted:
            return each.value
    for each in app.get("vega_lite_chart"):
        if each.proto.alt == charts.NAMES[CHARTS[what]]:
            [rows] = [one.data.data for one in each.proto.datasets if one.name == "rows"]
            return with_times(pa.ipc.open_stream(rows).read_all().to_pandas())
    raise AssertionError(f"{what} is not on the page")


def with_times(rows: pd.DataFrame) -> pd.DataFrame:
    """Those of a chart, which counts time as browsers do."""
    times = {"bucket", "end"} & {*rows.columns}
    return rows.assign(**{name: pd.to_datetime(rows[name], unit="ms", utc=True) for name in times})


def same(cell: str, value: Any) -> bool:
    """Whether a cell of a file says what stands on the screen."""
    if value is None or value is pd.NaT or value != value:
        return cell == ""
    if isinstance(value, pd.Timestamp):
        return pd.Timestamp(cell) == value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(cell) == pytest.approx(value, abs=0.001)
    return cell == str(value) or (cell != "" and pd.Timestamp(cell) == pd.Timestamp(value))


@pytest.mark.parametrize(
    ("page", "params"),
    [
        ("overview", {}),
        ("overview", {"sort": "nxdomain", "n": "7", "type": "A"}),
        ("overview", {"focus": "type:TXT", "level": "name"}),
        ("overview", {"focus": "domain:google.com"}),
        ("domains", {}),
        ("domains", {"focus": f"host:{HOST}", "sort": "names", "n": "50"}),
        ("domains", {"level": "name", "focus": "domain:google.com"}),
        ("domains", {"level": "tld"}),
        ("hosts", {"sort": "names"}),
        ("hosts", {"focus": "response:NXDOMAIN"}),
        ("host", {"host": HOST, "sort": "names"}),
        ("overview", {"charts": "tables"}),
        ("overview", {"charts": "tables", "level": "tld", "focus": "response:NXDOMAIN"}),
        ("domains", {"charts": "tables", "focus": f"host:{HOST}"}),
        ("host", {"host": HOST, "charts": "tables"}),
        ("host", {"host": HOST, "focus": "domain:google.com", "n": "10"}),
        ("host", {"host": HOST, "focus": "resolver:10.20.0.53"}),
        ("host", {"host": HOST, "focus": "response:NOERROR", "sort": "hosts", "n": "7"}),
        ("domains", {"focus": "resolver:10.20.0.53"}),
        ("records", {"n": "50", "sort": "queries"}),
        ("records", {"n": "50", "sort": "-rtt_ms"}),
        ("hosts", {"sort": "-last", "n": "7"}),
        ("host", {"host": HOST, "sort": "-hosts", "n": "7"}),
    ],
)
def test_each_panel_has_a_file_with_its_rows_in_their_order(
    network: Made, page: str, params: dict[str, str]
) -> None:
    app = drawn(page, **params)
    for what in PAGES[page].keys() - {"changes"}:
        shown, rows = on_screen(app, page, what), uncut(on_file(app, page, what, **params))
        assert len(shown) == len(rows) > 0, what
        common = [name for name in shown if name in rows[0]]
        assert "queries" in common
        assert len(common) > 1
        for name in common:
            cells = [row[name] for row in rows]
            assert all(map(same, cells, shown[name])), (what, name, cells, list(shown[name]))


@pytest.mark.parametrize(
    ("page", "params"),
    [
        ("overview", {}),
        ("overview", {"sort": "response"}),
        ("hosts", {"sort": "host"}),
        ("host", {"host": HOST, "sort": "-queries"}),
    ],
)
def test_a_programs_file_has_charts_that_are_tables_in_the_order_of_the_screen(
    network: Made, page: str, params: dict[str, str]
) -> None:
    params = {**params, "charts": "tables", "at": str(network.table.version)}
    app = drawn(page, **params)
    view, problems = from_params({key: [value] for key, value in params.items()})
    assert not problems
    for what in PAGES[page].keys() & {"volume", "types", "responses"}:
        shown, rows = on_screen(app, page, what), export(network.table, view, what, page).rows
        common = [name for name in shown if name in rows]
        assert len(common) > 1
        for name in common:
            assert all(map(same, map(str, rows[name]), map(str, shown[name]))), (what, name)


@pytest.mark.parametrize(("page", "params"), [("overview", {}), ("host", {"host": HOST})])
def test_what_changed_has_a_file_with_its_rows_in_their_order(
    page: str, params: dict[str, str]
) -> None:
    pipeline = busy(900)
    at = datetime.now(UTC) - timedelta(seconds=90)
    surge = [partial(at, HOST, f"n{n}.surge.example", "surge.example") for n in range(99)]
    before = partial(at - timedelta(minutes=6), HOST, "a.example", "a.example", count=500)
    pipeline.add([before, *surge])
    query.use(pipeline)
    app = drawn(page, range="5m", **params)
    shown = on_screen(app, page, "changes")
    rows = uncut(on_file(app, page, "changes", range="5m", **params))
    assert [row["value"] for row in rows] == list(shown["what"])
    assert "surge.example" in list(shown["what"])
    for name in ("measure", "before", "now"):
        assert all(map(same, [row[name] for row in rows], shown[name]))
    more = [partial(at, HOST, f"n{n}.more.example", "more.example", count=9) for n in range(99)]
    pipeline.add(more)
    still = on_screen(app.run(), page, "changes")
    rows = uncut(on_file(app, page, "changes", range="5m", **params))
    assert [row["value"] for row in rows] == list(still["what"])
    assert still["what"][0] == shown["what"][0], "rows keep still"
    pipeline.table.close()


def test_a_file_is_of_what_is_on_the_screen_and_not_of_what_came_since(made: Made) -> None:
    at = datetime.now(UTC) - timedelta(seconds=30)
    made.add([partial(at, f"10.0.0.{n}", "a.example", "a.example", count=9 - n) for n in (1, 2)])
    app = drawn("hosts")
    made.add([partial(at, "10.0.0.2", "a.example", "a.example", count=5)])
    assert [(row["host"], row["queries"]) for row in on_file(app, "hosts", "hosts")] == [
        ("10.0.0.1", "8"),
        ("10.0.0.2", "7"),
    ]
    app.run()
    assert [(row["host"], row["queries"]) for row in on_file(app, "hosts", "hosts")] == [
        ("10.0.0.1", "8"),
        ("10.0.0.2", "12"),
    ], "rows keep still"


def test_a_file_that_is_cut_says_so_in_its_last_line(made: Made) -> None:
    at = datetime.now(UTC) - timedelta(seconds=30)
    made.add([partial(at, f"10.0.0.{n}", "a.example", "a.example") for n in range(5)])
    app = drawn("hosts", n="2")
    rows = on_file(app, "hosts", "hosts", n="2")
    assert [row["host"] for row in rows] == ["10.0.0.0", "10.0.0.1", "The first 2 of 5 rows."]


def test_the_file_of_raw_records_has_zeeks_own_fields(made: Made) -> None:
    text = '{"ts":1.5,"id.orig_h":"10.0.0.1","query":"www.example.com","=cmd()":"=1"}'
    made.raw = [Record(1_500_000, text)]
    made.add([partial(datetime.now(UTC), "10.0.0.1", "www.example.com", "example.com")])
    app = drawn("lookup")
    app.button(key="look-up-begin").click().run()
    screen = app.session_state[onscreen.KEY]
    assert OWN["Lookup"] == (RAW,)
    view, _ = from_params({})
    lines = file_of(screen, "Lookup", view, RAW, UTC_ZONE).decode().splitlines()
    assert lines == [
        "ts,id.orig_h,query,'=cmd()",
        "1970-01-01T00:00:01.500000Z,10[.]0[.]0[.]1,www[.]example[.]com,'=1",
    ]
