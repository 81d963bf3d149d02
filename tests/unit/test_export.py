"""A file of what is on the screen, that does nothing when it is opened."""

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from pipeline.export import VIEWS, export, to_csv
from pipeline.feed import PARTIALS
from pipeline.ledger import Batch, Rejects
from pipeline.state import View
from pipeline.table import Table

NOW = datetime(2026, 1, 31, 12, 0, 5, tzinfo=UTC)
ALL = View(range="all", hidden=frozenset())
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


def test_every_view_of_a_real_table_is_a_file(table: Table) -> None:
    for what in VIEWS:
        assert lines(export(table, ALL, what).data), what


def test_a_name_that_is_a_formula_is_text_and_hidden_characters_are_seen(table: Table) -> None:
    names = [line["name"] for line in lines(export(table, ALL, "names").data)]
    assert names == ["a\\u{202e}b.example.com", "www.example.com", "'=cmd()"]


def test_names_are_defanged_when_asked(table: Table) -> None:
    line = lines(export(table, ALL, "names", "defanged").data)[1]
    assert (line["name"], line["answers"]) == ("www[.]example[.]com", "192[.]0[.]2[.]1")


def test_times_are_iso_8601_with_their_zone(table: Table) -> None:
    line = lines(export(table, ALL, "hosts").data)[0]
    assert (line["first"], line["last"]) == ("2026-01-31T12:00:05Z", "2026-01-31T12:00:05.500000Z")


def test_numbers_are_plain(table: Table) -> None:
    line = lines(export(table, ALL, "hosts").data)[0]
    assert (line["host"], line["queries"], line["share"]) == ("10.0.0.3", "3", "50.000")


def test_a_file_has_the_views_rows_order_and_says_when_it_is_cut(table: Table) -> None:
    found = export(table, replace(ALL, n=2, sort="host"), "hosts")
    assert [line["host"] for line in lines(found.data)] == ["10.0.0.1", "10.0.0.2"]
    assert found.note == "The first 2 of 3 rows."
    assert export(table, ALL, "hosts").note == ""


def test_a_file_has_the_views_filters(table: Table) -> None:
    found = export(table, ALL.only("host", "10.0.0.2"), "names")
    assert [line["name"] for line in lines(found.data)] == ["www.example.com"]


def test_what_was_rejected_is_a_file_too(table: Table) -> None:
    found = lines(export(table, ALL, "rejected").data)
    assert [(line["reason"], line["records"], line["sample"]) for line in found] == [
        ("not JSON", "2", "'@broken"),
        ("not JSON", "2", "{"),
    ]


def test_a_cell_with_commas_quotes_and_lines_stays_one_cell(tmp_path: Path) -> None:
    frame = pd.DataFrame({"name": ['a,"b"'], "queries": [1]})
    assert lines(to_csv(frame)) == [{"name": 'a,"b"', "queries": "1"}]


def test_what_is_missing_is_an_empty_cell() -> None:
    frame = pd.DataFrame({"name": [None], "rtt_ms": [float("nan")], "last": [pd.NaT]})
    assert to_csv(frame) == b"name,rtt_ms,last\r\n,,\r\n"


def test_an_unknown_view_is_refused(table: Table) -> None:
    with pytest.raises(KeyError):
        export(table, ALL, "passwords")
