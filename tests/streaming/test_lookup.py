"""Zeek's own records behind a number, read from a log directory beside the stream."""

import gzip
import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from pipeline import lookup
from pipeline.batch import make_batch
from pipeline.log_directory import LogDirectory
from pipeline.lookup import Lookup
from pipeline.settings import Settings
from pipeline.state import Filter, View
from pipeline.table import Table
from pipeline.where import where
from tests.made import counted

T0 = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
ALL = View(hidden=frozenset())


def line(number: int, **fields: object) -> str:
    """A record `number` seconds after T0."""
    names = ("www.example.com", "a.b.co.uk", "printer.local", "x.y.example.com")
    record = {
        "ts": T0.timestamp() + number,
        "uid": f"C{number}",
        "id.orig_h": f"10.0.0.{number % 3}",
        "id.resp_h": "10.0.0.53",
        "query": names[number % 4],
        "qtype_name": ("A", "TXT")[number % 2],
        **({"rcode_name": "NXDOMAIN"} if number % 5 == 0 else {}),
        **fields,
    }
    return json.dumps(record)


def looked_up(spark: SparkSession, settings: Settings, view: View = ALL, end: int = 3600) -> Lookup:
    """A look-up of the time after T0, once it is over."""
    found = Lookup(view, T0, T0 + timedelta(seconds=end))
    found.begin(spark, LogDirectory(settings), settings)
    until_over(found)
    return found


def until_over(found: Lookup) -> None:
    deadline = time.monotonic() + 120
    while not found.is_over:
        assert time.monotonic() < deadline, (found.read, found.of)
        time.sleep(0.05)


def uids(found: Lookup) -> list[str]:
    return [json.loads(each.text)["uid"] for each in found.found]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Over an empty directory."""
    (tmp_path / "logs").mkdir()
    return Settings(source="logs", log_dir=tmp_path / "logs", master="local[2]")


def write(settings: Settings, name: str, lines: list[str]) -> None:
    assert settings.log_dir
    text = ("\n".join(lines) + "\n").encode()
    path = settings.log_dir / name
    path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)


def test_records_of_all_files_are_found_the_oldest_first(
    spark: SparkSession, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookup, "PART_LINES", 40)
    write(settings, "dns.12:00:00-13:00:00.log.gz", [line(number) for number in range(100)])
    tsv = "#separator \\x09\n#path\tdns\n#fields\tts\tuid\tid.orig_h\tquery\n"
    tsv += "#types\ttime\tstring\taddr\tstring\n"
    row = f"{T0.timestamp() + 150}\tC150\t10.0.0.1\twww.example.com"
    write(settings, "dns.13:00:00-14:00:00.log", [*tsv.splitlines(), row])
    write(settings, "dns.log", [line(number) for number in range(200, 300)])
    found = looked_up(spark, settings, end=250)
    assert uids(found) == [f"C{number}" for number in [*range(100), 150, *range(200, 250)]]
    assert found.ended == "all of that time was read"
    assert found.read == 205


def test_they_are_the_records_that_the_table_counts(
    spark: SparkSession, settings: Settings
) -> None:
    lines = [line(number) for number in range(600)]
    lines += [
        "junk",
        '{"_path":"conn","ts":1}',
        '{"dns":' + line(7, query="TAGGED.Example.com.") + "}",
    ]
    write(settings, "dns.log", lines)
    table = Table(None, timedelta(days=3650), 100_000)
    counts = counted(lines)
    table.add(make_batch("q", 0, {}, counts, len(lines)), T0 + HOUR)
    filters = {
        "host": Filter("host", "10.0.0.1"),
        "under": Filter("name", "example.com", under=True),
        "domain": Filter("domain", "co.uk", exclude=True),
        "response": Filter("response", "no response"),
        "name": Filter("name", "tagged.example.com"),
    }
    views = [View(), ALL, *(View(filters=(each,)) for each in filters.values())]
    views.append(View(filters=tuple(filters.values())[:3]))
    for view in views:
        clause = where(view, T0, T0 + HOUR)
        sql = f"SELECT coalesce(sum(count), 0)::BIGINT AS n FROM dns_counts WHERE {clause.sql}"
        [row] = table.read(sql, clause.params).to_pylist()
        assert len(looked_up(spark, settings, view).found) == row["n"], view
        assert row["n"]
    table.close()


def test_each_says_of_what_host_domain_name_and_resolver_the_table_counts_it(
    spark: SparkSession, settings: Settings
) -> None:
    odd = {"query": "TAGGED.Example.com.", "id.resp_h": "2001:db8::53"}
    lines = [line(0, **odd), line(1, query=None), line(2), "junk"]
    write(settings, "dns.log", lines)
    assert [each[2:] for each in looked_up(spark, settings).found] == [
        ("10.0.0.0", "example.com", "tagged.example.com", "2001:db8::53"),
        ("10.0.0.1", "(no query)", "(no query)", "10.0.0.53"),
        ("10.0.0.2", "(local)", "printer.local", "10.0.0.53"),
    ]


def test_no_more_is_kept_than_may_be(
    spark: SparkSession, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(settings, "dns.log", [line(number) for number in range(300)])
    monkeypatch.setattr(lookup, "PART_LINES", 100)
    monkeypatch.setattr(lookup, "MAX_RECORDS", 20)
    found = looked_up(spark, settings)
    assert uids(found) == [f"C{number}" for number in range(20)]
    assert "the first 20" in found.ended
    assert found.read == 100
    monkeypatch.setattr(lookup, "MAX_BYTES", 1_000)
    assert len(looked_up(spark, settings).found) < 20
    monkeypatch.setattr(lookup, "MAX_RECORDS", 1_000)
    monkeypatch.setattr(lookup, "MAX_BYTES", 10**9)
    monkeypatch.setattr(lookup, "MAX_LINES", 200)
    found = looked_up(spark, settings)
    assert found.ended == "200 lines were read: choose a shorter time"
    assert len(found.found) == 200


def test_it_ends_when_it_is_cancelled_also_while_another_one_reads(
    spark: SparkSession, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(settings, "dns.log", [line(number) for number in range(3000)])
    monkeypatch.setattr(lookup, "PART_LINES", 10)
    first, second = (Lookup(View(), T0, T0 + HOUR) for _ in range(2))
    for each in (first, second):
        each.begin(spark, LogDirectory(settings), settings)
    while not first.read:
        time.sleep(0.05)
    assert not second.read
    second.cancel()
    until_over(second)
    assert second.ended == "cancelled"
    assert not first.is_over
    first.cancel()
    until_over(first)
    assert first.ended == "cancelled"
    assert 0 < first.read < 3000


def test_a_file_is_not_read_to_its_end_when_the_time_is_over(
    spark: SparkSession, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookup, "PART_LINES", 100)
    write(settings, "dns.log", [line(number) for number in range(0, 4000, 4)])
    found = looked_up(spark, settings, end=10)
    assert uids(found) == ["C0", "C4", "C8"]
    assert found.read == 300


def test_what_cannot_be_read_is_said(spark: SparkSession, settings: Settings) -> None:
    found = looked_up(spark, settings)
    assert (found.found, found.ended) == ([], f"{settings.log_dir} holds no dns.log.")
    assert settings.log_dir
    settings.log_dir.rmdir()
    found = looked_up(spark, settings)
    assert str(settings.log_dir) in found.ended


def test_one_that_nobody_looks_at_lets_others_read(
    spark: SparkSession, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of a tab that was closed while it read, or waited for its turn."""
    monkeypatch.setattr(lookup, "LEFT_AFTER", -1.0)
    write(settings, "dns.log", [line(0)])
    left = looked_up(spark, settings)
    assert (left.ended, left.read) == ("ended: nobody looked on any more", 0)
