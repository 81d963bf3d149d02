"""A file of what is on the screen, that does nothing when it is opened."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa
import pytest

from pipeline.export import VIEWS, Export, Names, export, in_zone, to_csv, to_json
from pipeline.feed import PARTIALS
from pipeline.ledger import Batch, Rejects
from pipeline.screen import PAGES, NoHost
from pipeline.state import Filter, View
from pipeline.table import Table
from pipeline.window import window
from tests.unit.dns_rows import ByHand, Row

NOW = datetime(2026, 1, 31, 12, 0, 5, tzinfo=UTC)
ALL = View(range="all", hidden=frozenset())
ONE_TIME = sorted(VIEWS.keys() - {"changes"})
"""What is not compared with another time."""
NAMES = ["=cmd()", "www.example.com", "a\u202eb.example.com"]


def record(name: str, count: int) -> dict[str, Any]:
    return {
        "bucket": NOW.replace(second=0),
        "id_orig_h": f"10.0.0.{count}",
        "id_resp_h": "10.0.0.53",
        "query": name,
        "registered_domain": "example.com",
        "qtype_name": "A",
        "rcode_name": "NOERROR",
        "count": count,
        "rtt_sum": 0.1,
        "rtt_count": 1,
        "first_ts": NOW,
        "last_ts": NOW + timedelta(microseconds=500000),
        "uid": "C1",
        "answers": "192.0.2.1",
    }


@pytest.fixture(scope="module")
def table() -> Iterator[Table]:
    rows = [record(name, count) for count, name in enumerate(NAMES, start=1)]
    made = Table(None, timedelta(days=1), 1_000_000)
    batch = Batch("q", 0, {}, pa.Table.from_pylist(rows, schema=PARTIALS), 8, rejects=(
        Rejects("not JSON", 2, ("@broken", "{")),
    ))  # fmt: skip
    made.add(batch, NOW)
    yield made
    made.close()


def lines(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


def csv_lines(made: Export, names: Names = "real") -> list[dict[str, str]]:
    return lines(to_csv(made.rows, names))


def test_every_view_of_a_real_table_is_a_file(table: Table) -> None:
    for what in ONE_TIME:
        assert csv_lines(export(table, ALL, what)), what


def test_a_name_that_is_a_formula_is_text_and_hidden_characters_are_seen(table: Table) -> None:
    names = [line["name"] for line in csv_lines(export(table, ALL, "names"))]
    assert names == ["a\\u{202e}b.example.com", "www.example.com", "'=cmd()"]


def test_names_are_defanged_when_asked(table: Table) -> None:
    line = csv_lines(export(table, ALL, "names"), "defanged")[1]
    assert (line["name"], line["answers"]) == ("www[.]example[.]com", "192[.]0[.]2[.]1")


def test_times_are_iso_8601_with_their_zone(table: Table) -> None:
    line = csv_lines(export(table, ALL, "hosts"))[0]
    assert (line["first"], line["last"]) == ("2026-01-31T12:00:05Z", "2026-01-31T12:00:05.500000Z")


def test_numbers_are_plain(table: Table) -> None:
    line = csv_lines(export(table, ALL, "hosts"))[0]
    assert (line["host"], line["queries"], line["share"]) == ("10.0.0.3", "3", "50.000")


def test_a_file_has_the_views_rows_order_and_says_when_it_is_cut(table: Table) -> None:
    found = export(table, replace(ALL, n=2, sort="host"), "hosts")
    assert [line["host"] for line in csv_lines(found)] == ["10.0.0.1", "10.0.0.2"]
    assert found.note == "The first 2 of 3 rows."
    assert export(table, ALL, "hosts").note == ""


def test_a_file_has_the_views_filters(table: Table) -> None:
    found = export(table, ALL.only("host", "10.0.0.2"), "names")
    assert [line["name"] for line in csv_lines(found)] == ["www.example.com"]


def test_what_was_rejected_is_a_file_too(table: Table) -> None:
    found = csv_lines(export(table, ALL, "rejected"))
    assert [(line["reason"], line["records"], line["sample"]) for line in found] == [
        ("not JSON", "2", "'@broken"),
        ("not JSON", "2", "{"),
    ]


def test_what_was_rejected_is_of_the_reason_that_is_looked_at_and_in_the_order_of_the_screen() -> (
    None
):
    made = Table(None, timedelta(days=1), 1_000)
    rejects = (Rejects("empty", 1, ("",)), Rejects("not JSON", 3, ("{", "[")))
    made.add(Batch("q", 0, {}, PARTIALS.empty_table(), 4, rejects=rejects), NOW)

    def told(**view: Any) -> list[str]:
        return list(export(made, replace(ALL, **view), "rejected").rows["reason"])

    assert told() == told(sort="share") == ["not JSON", "not JSON", "empty"]
    assert told(sort="-records") == told(sort="reason") == ["empty", "not JSON", "not JSON"]
    assert told(focus=("reason", "empty")) == ["empty"]
    assert len(told(focus=("reason", "of another time"))) == 3
    made.close()


def test_a_cell_with_commas_quotes_and_lines_stays_one_cell(tmp_path: Path) -> None:
    frame = pd.DataFrame({"name": ['a,"b"'], "queries": [1]})
    assert lines(to_csv(frame)) == [{"name": 'a,"b"', "queries": "1"}]


def test_what_is_missing_is_an_empty_cell() -> None:
    frame = pd.DataFrame({"name": [None], "rtt_ms": [float("nan")], "last": [pd.NaT]})
    assert to_csv(frame) == b"name,rtt_ms,last\r\n,,\r\n"


def test_times_are_in_the_zone_that_is_asked_for_across_a_change_to_summer_time() -> None:
    hours = pd.date_range("2026-03-29T00:30", periods=3, freq="h", tz="UTC")
    made = Export(pd.DataFrame({"bucket": hours, "queries": [1, 2, 3]}), 3, 3)
    berlin = in_zone(made.rows, ZoneInfo("Europe/Berlin"))
    assert [line["bucket"] for line in lines(to_csv(berlin))] == [
        "2026-03-29T01:30:00+01:00",
        "2026-03-29T03:30:00+02:00",
        "2026-03-29T04:30:00+02:00",
    ]
    assert lines(to_csv(made.rows))[0]["bucket"] == "2026-03-29T00:30:00Z"


def test_what_changed_is_a_file_that_says_of_which_times() -> None:
    surge = [Row(3600 + n, host="10.0.0.9", count=30) for n in range(9)]
    made = export(ByHand(*map(Row, range(0, 7200, 60)), *surge), View(range="1h"), "changes")
    rows = csv_lines(made, "defanged")
    first = next(row for row in rows if row["value"] == "10[.]0[.]0[.]9")
    assert made.of == len(rows)
    assert (first["kind"], first["measure"]) == ("host", "queries")
    assert (first["before"], first["now"]) == ("0", "270")
    assert first["before_from"] < first["before_to"] <= first["now_from"] < first["now_to"]
    assert first["before_to"] <= "2026-01-31T13:00:00Z"
    few = export(ByHand(*map(Row, range(0, 7200, 60)), *surge), View(range="1h", n=1), "changes")
    assert (len(few.rows), few.of) == (1, made.of)
    assert few.note


def test_another_host_is_compared_with_one_host_only() -> None:
    rows = [Row(n, host=host, count=9) for n in range(60) for host in ("10.0.0.1", "10.0.0.2")]
    rows += [Row(n, host="10.0.0.1", domain="x.example", count=9) for n in range(60)]
    view = View(range="all", vs="host:10.0.0.2")
    assert not export(ByHand(*rows), view, "changes").of
    made = export(ByHand(*rows), view.only("host", "10.0.0.1"), "changes")
    assert {row["kind"] for row in csv_lines(made)} == {"domain"}


def test_a_hosts_own_page_is_of_one_host_whatever_else_is_asked_for() -> None:
    hosts = [Row(n, host=f"10.0.0.{1 + n % 3}", domain=f"d{n % 7}.example") for n in range(90)]
    table, alone = ByHand(*hosts), ALL.only("host", "10.0.0.1")
    begins, other = Filter("host", "10.0", begins=True), Filter("host", "10.0.0.2")
    several = replace(alone, filters=(begins, *alone.filters, other))
    for what in PAGES["host"]:
        made = export(table, several, what, "host")
        assert csv_lines(made) == csv_lines(export(table, alone, what, "host")), what
    with pytest.raises(NoHost):
        export(table, replace(ALL, filters=(begins,)), "volume", "host")


def test_an_unknown_view_is_refused(table: Table) -> None:
    with pytest.raises(KeyError):
        export(table, ALL, "passwords")


@pytest.mark.parametrize("what", ONE_TIME)
def test_json_has_the_rows_of_the_csv(table: Table, what: str) -> None:
    made = export(table, ALL, what)
    told = json.loads(to_json(made, window(table, ALL)))
    rows = csv_lines(made)
    assert told["of"] == made.of
    assert len(told["rows"]) == len(rows) > 0
    for as_json, as_csv in zip(told["rows"], rows, strict=True):
        assert list(as_json) == list(as_csv)
        for name, value in as_json.items():
            text = "" if value is None else f"{value:.3f}" if isinstance(value, float) else value
            assert as_csv[name].removeprefix("'") == str(text).removeprefix("'")


def test_json_says_its_range_and_what_is_missing_and_names_are_inert(table: Table) -> None:
    view = replace(ALL, n=1)
    told = json.loads(to_json(export(table, view, "names"), window(table, view), "defanged"))
    span = window(table, view)
    assert datetime.fromisoformat(told["from"]) == span.start
    assert datetime.fromisoformat(told["to"]) == span.end
    assert (told["of"], told["note"]) == (3, "The first 1 of 3 rows.")
    assert told["rows"][0]["name"] == "a\\u{202e}b[.]example[.]com"
    assert told["rows"][0]["last"] == "2026-01-31T12:00:05.500000Z"
