"""The reader of a log directory, planned and read as Spark does it, without Spark."""

import codecs
import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql.streaming.datasource import ReadMaxRows

from pipeline import archives, log_reader
from pipeline.feed import DNS
from pipeline.lines import MISMATCH
from pipeline.log_directory import LogDirectory
from pipeline.log_reader import LogReader
from pipeline.offsets import GONE_KEPT, count_lines
from pipeline.parse import parsed, run
from pipeline.settings import Settings
from pipeline.tail import directory_problem, first_time
from tests.conftest import ROOT
from tests.tailed import Tail, write

HOUR_AGO = time.time() - 3600
HEADER = """#separator \\x09
#set_separator\t,
#empty_field\t(empty)
#unset_field\t-
#path\tdns
#open\t{open}
#fields\tts\tuid\tquery
#types\ttime\tstring\tstring
"""


def record(number: int) -> str:
    """A JSON record, no two alike."""
    return f'{{"ts":{1_700_000_000 + number}.5,"uid":"C{number}"}}'


def records(begin: int, end: int) -> list[str]:
    """JSON records."""
    return [record(number) for number in range(begin, end)]


def lines(begin: int, end: int) -> str:
    """JSON records as lines."""
    return "".join(each + "\n" for each in records(begin, end))


def tsv(begin: int, end: int, opened: str = "2024-01-02-00-00-00") -> str:
    """The same records as a TSV log."""
    rows = (f"{1_700_000_000 + number}.5\tC{number}\t-\n" for number in range(begin, end))
    return HEADER.format(open=opened) + "".join(rows)


def test_appended_lines_are_read_once(tmp_path: Path) -> None:
    tail = Tail(tmp_path)
    write(tmp_path / "dns.log", lines(0, 3))
    assert tail.values() == records(0, 3)
    write(tmp_path / "dns.log", lines(3, 5))
    assert tail.values() == records(3, 5)
    assert tail.batch() is None


def test_a_half_written_last_line_waits_for_its_end(tmp_path: Path) -> None:
    tail = Tail(tmp_path)
    write(tmp_path / "dns.log", lines(0, 1) + '{"ts":1,"que', mtime=HOUR_AGO)
    assert tail.values() == records(0, 1)
    write(tmp_path / "dns.log", 'ry":"a"}\n')
    assert tail.values() == ['{"ts":1,"query":"a"}']


def test_a_rotated_file_s_last_line_is_read_without_its_end_once_it_has_settled(
    tmp_path: Path,
) -> None:
    tail = Tail(tmp_path)
    closed = write(tmp_path / "dns.2024-01-02-00-00-00.log", lines(0, 2) + record(2))
    assert tail.values() == records(0, 2)
    os.utime(closed, (HOUR_AGO, HOUR_AGO))
    assert tail.values() == records(2, 3)
    assert tail.batch() is None


def test_an_archived_file_of_the_live_name_is_known_to_be_closed(tmp_path: Path) -> None:
    write(tmp_path / "2024-01-02" / "dns.log", lines(0, 2) + record(2), mtime=HOUR_AGO)
    assert Tail(tmp_path).values() == records(0, 3)


def test_a_file_renamed_between_batches_goes_on_where_it_was(tmp_path: Path) -> None:
    tail = Tail(tmp_path)
    live = write(tmp_path / "dns.log", lines(0, 3))
    assert tail.values() == records(0, 3)
    write(live, lines(3, 5))
    live.rename(tmp_path / "dns-24-01-02_00.00.00.log")
    write(live, lines(5, 7))
    assert tail.values() == records(3, 7)


def test_a_file_copied_and_truncated_goes_on_where_it_was(tmp_path: Path) -> None:
    tail = Tail(tmp_path)
    live = write(tmp_path / "dns.log", lines(0, 3))
    assert tail.values() == records(0, 3)
    write(live, lines(3, 5))
    shutil.copy(live, tmp_path / "dns.log.1")
    os.truncate(live, 0)
    write(live, lines(5, 6))
    assert tail.values() == records(3, 6)
    (tmp_path / "dns.log.1").rename(tmp_path / "dns.log.2")
    assert tail.batch() is None


def test_a_copy_in_the_making_changes_nothing(tmp_path: Path) -> None:
    tail = Tail(tmp_path)
    write(tmp_path / "dns.log", lines(0, 6))
    write(tmp_path / "dns.log.1", lines(0, 3), mtime=HOUR_AGO)
    assert tail.values() == records(0, 6)


def test_zeekctl_s_archive_is_the_live_file_that_it_was(tmp_path: Path) -> None:
    spool, logs = tmp_path / "spool", tmp_path / "logs"
    live = write(spool / "dns.log", tsv(0, 3))
    logs.mkdir()
    (logs / "current").symlink_to(spool)
    tail = Tail(logs)
    assert len(tail.values()) == 3
    write(live, f"{1_700_000_003}.5\tC3\t-\n#close\t2024-01-02-01-00-00\n")
    rotated = live.rename(spool / "dns-24-01-02_00.00.00.log")
    write(live, tsv(4, 5, "2024-01-02-01-00-00"))
    archive = logs / "2024-01-02" / "dns.00:00:00-01:00:00.log.gz"
    write(archive, rotated.read_bytes())
    rotated.unlink()
    assert [json.loads(value)["uid"] for value in tail.values()] == ["C3", "C4"]
    assert tail.batch() is None


def test_an_archive_in_the_making_waits_for_its_end(tmp_path: Path) -> None:
    whole = gzip.compress(lines(0, 500).encode())
    archive = write(tmp_path / "whole.gz", b"").with_name("dns.00:00:00-01:00:00.log.gz")
    archive.write_bytes(whole[:-20])
    tail = Tail(tmp_path)
    assert tail.batch() is None
    archive.write_bytes(whole)
    assert tail.values() == records(0, 500)


def test_an_archive_that_ends_early_is_read_as_far_as_it_goes_and_said(tmp_path: Path) -> None:
    archive = tmp_path / "dns.00:00:00-01:00:00.log.gz"
    archive.write_bytes(gzip.compress(lines(0, 100_000).encode())[:-20])
    os.utime(archive, (HOUR_AGO, HOUR_AGO))
    tail = Tail(tmp_path)
    rows = tail.all()
    assert rows[-1] == (str(archive), "#archive damaged")
    read = [value for value, topic in rows if topic == "dns"]
    assert read == records(0, len(read))
    assert len(read) > 50_000
    assert tail.batch() is None


def test_a_folder_whose_name_is_no_text_is_read_and_named(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"logs\xff")
    archive = folder / "dns.00:00:00-01:00:00.log.gz"
    write(folder / "dns.log", lines(5, 6))
    archive.write_bytes(gzip.compress(lines(0, 3).encode())[:-4])
    os.utime(archive, (HOUR_AGO, HOUR_AGO))
    shown = f"{tmp_path}/logs\\xff/{archive.name}"
    tail = Tail(tmp_path)
    assert tail.all() == [(shown, "#archive damaged"), (record(5), "dns")]
    assert json.dumps(tail.offsets, ensure_ascii=False).encode()
    begun = Tail(tmp_path, start="latest").offsets
    assert json.dumps(begun, ensure_ascii=False).encode()


def test_a_file_that_is_no_archive_is_said_once(tmp_path: Path) -> None:
    write(tmp_path / "dns.log", lines(0, 1))
    (tmp_path / "dns.log.1.gz").write_bytes(b"\x1f\x8b no archive")
    tail = Tail(tmp_path)
    assert tail.values() == records(0, 1)


@pytest.mark.parametrize("start", [0, 12], ids=["no gzip", "broken within"])
def test_a_settled_archive_whose_head_cannot_be_read_is_said_once(
    tmp_path: Path, start: int
) -> None:
    whole = gzip.compress(lines(0, 500).encode())
    archive = tmp_path / "dns.log.1.gz"
    archive.write_bytes(whole[:start] + b"\xff" * 188 + whole[start + 188 :])
    tail = Tail(tmp_path)
    assert tail.batch() is None
    os.utime(archive, (HOUR_AGO, HOUR_AGO))
    assert tail.all() == [(str(archive), "#archive damaged")]
    moved = archive.rename(tmp_path / "dns.log.2.gz")
    assert Tail(tmp_path, tail.offsets).batch() is None
    moved.write_bytes(whole)
    assert tail.values() == records(0, 500)


def test_beside_a_damaged_archive_what_has_gone_is_forgotten_too(tmp_path: Path) -> None:
    archive = tmp_path / "dns.log.1.gz"
    archive.write_bytes(b"garbage")
    os.utime(archive, (HOUR_AGO, HOUR_AGO))
    tail = Tail(tmp_path)
    for number in range(GONE_KEPT + 50):
        (tmp_path / "dns.log").unlink(missing_ok=True)
        write(tmp_path / "dns.log", lines(number, number + 1))
        assert tail.values() == records(number, number + 1)
    assert len(tail.offsets["files"]) == GONE_KEPT + 2


@pytest.mark.parametrize("name", ["dns.log.1", "dns.log.1.gz"])
@pytest.mark.parametrize("text", [lines(0, 1), tsv(0, 1)], ids=["json", "tsv"])
def test_a_closed_file_of_one_record_without_its_end_is_read_once_it_has_settled(
    tmp_path: Path, name: str, text: str
) -> None:
    closed = write(tmp_path / name, text.removesuffix("\n"))
    tail = Tail(tmp_path)
    assert tail.batch() is None
    os.utime(closed, (HOUR_AGO, HOUR_AGO))
    assert [json.loads(value)["uid"] for value in tail.values()] == ["C0"]
    assert tail.batch() is None
    write(tmp_path / "2024-01-02" / name, text, mtime=HOUR_AGO)
    assert "".join(tail.values()) == ""


def test_an_archive_that_would_fill_the_machine_is_refused_and_said(tmp_path: Path) -> None:
    bomb = lines(0, 1).encode() + bytes(100 * 1024 * 1024)
    archive = write(tmp_path / "dns.log.1.gz", bomb)
    write(tmp_path / "dns.log", lines(1, 2))
    tail = Tail(tmp_path)
    assert sorted(tail.all()) == [(str(archive), "#archive refused"), (record(1), "dns")]
    assert tail.batch() is None


def test_an_archive_beyond_the_size_that_is_allowed_is_refused(tmp_path: Path) -> None:
    archive = write(tmp_path / "dns.log.1.gz", lines(0, 1000))
    assert Tail(tmp_path, max_gz_bytes=10_000).all() == [(str(archive), "#archive refused")]


def test_an_archive_of_a_line_without_end_is_not_read_beyond_what_is_allowed(
    tmp_path: Path,
) -> None:
    archive = tmp_path / "dns.log.1.gz"
    # Read to its end, it would be damaged.
    archive.write_bytes(gzip.compress(lines(0, 1).encode() + bytes(4_000_000))[:-20])
    tail = Tail(tmp_path, max_gz_bytes=1_000_000)
    assert tail.all() == [(str(archive), "#archive refused")]


def test_an_archive_of_blank_lines_is_refused(tmp_path: Path) -> None:
    """Of a million and a half, far less than may be decompressed."""
    blank = b"\r\n" * 1_500_000
    packed = gzip.compress(os.urandom(30_000)) + gzip.compress(b"\n" + blank)
    archive = tmp_path / "dns.log.1.gz"
    archive.write_bytes(packed)
    assert len(blank) < 100 * len(packed)
    assert Tail(tmp_path).all() == [(str(archive), "#archive refused")]


def test_archives_that_would_fill_the_machine_take_little_memory_and_time(tmp_path: Path) -> None:
    """Of a gigabyte each, in zeros, in blank lines, and in one record's lines over and over."""
    for number, unit in enumerate([bytes(1024), b"\n" * 1024, b'{"ts":1,"query":"a"}\n' * 50]):
        many = gzip.compress(unit * 2**12) * 2**8
        first = gzip.compress(lines(number, number + 1).encode())
        (tmp_path / f"dns.log.{number}.gz").write_bytes(first + many)
    write(tmp_path / "dns.log", lines(9, 10))
    program = (
        "import resource, sys; from pathlib import Path; from tests.tailed import Tail;"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss;"
        "rows = Tail(Path(sys.argv[1])).all();"
        "print(len(rows), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    assert run.stderr.decode() == ""
    rows, kilobytes = map(int, run.stdout.split())
    assert rows == 4
    assert kilobytes < 50_000


def test_a_query_begun_anew_from_its_offsets_reads_what_is_left(tmp_path: Path) -> None:
    live = write(tmp_path / "dns.log", tsv(0, 3))
    first = Tail(tmp_path)
    assert len(first.values()) == 3
    write(live, f"{1_700_000_003}.5\tC3\ta\n")
    live.rename(tmp_path / "dns.2024-01-02-00-00-00.log")
    again = Tail(tmp_path, first.offsets)
    assert again.values() == [f'{{"ts":{1_700_000_003}.5,"uid":"C3","query":"a"}}']
    assert again.offsets["lines"] == first.offsets["lines"] + 1


def test_batches_are_bounded_and_archives_are_never_cut(tmp_path: Path) -> None:
    write(tmp_path / "dns.log", lines(100, 125))
    write(tmp_path / "2024-01-02" / "dns.00:00:00-01:00:00.log.gz", lines(50, 75))
    write(tmp_path / "2024-01-02" / "dns.01:00:00-02:00:00.log.gz", lines(75, 82))
    tail = Tail(tmp_path, max_lines=10)
    assert tail.values() == [*records(50, 82), *records(100, 125)]
    assert tail.sizes == [25, 10, 10, 10, 2]


def test_a_batch_is_bounded_in_bytes_too(tmp_path: Path) -> None:
    write(tmp_path / "dns.log", "".join(record(n) + " " * 1000 + "\n" for n in range(2000)))
    tail = Tail(tmp_path, max_bytes=100_000)
    assert len(tail.values()) == 2000
    assert max(tail.sizes) < 600


def test_archives_are_read_oldest_first_whatever_their_names_and_times(tmp_path: Path) -> None:
    write(tmp_path / "2024-01-02" / "dns.log.gz", lines(30, 40), mtime=HOUR_AGO - 90)
    write(tmp_path / "dns.log.2.gz", lines(10, 20), mtime=HOUR_AGO)
    write(tmp_path / "dns.log.1", tsv(20, 30), mtime=HOUR_AGO - 60)
    iso = '{"ts":"2023-11-14T00:00:00.000000Z"}'
    write(tmp_path / "dns.log.9", iso + "\n", mtime=HOUR_AGO + 60)
    found = [json.loads(value)["ts"] for value in Tail(tmp_path).values()]
    assert found == ["2023-11-14T00:00:00.000000Z", *(1_700_000_000.5 + n for n in range(10, 40))]


def test_a_day_s_archive_and_a_live_file_are_read_once_in_small_offsets(tmp_path: Path) -> None:
    for hour in range(100):
        name = f"dns.{hour:02}:00:00-{hour + 1:02}:00:00.log.gz"
        write(tmp_path / "2024-01-02" / name, tsv(hour * 10, hour * 10 + 10, f"2024-{hour}"))
    write(tmp_path / "current" / "dns.log", tsv(1000, 1005))
    tail = Tail(tmp_path, max_lines=300)
    uids = [json.loads(value)["uid"] for value in tail.values()]
    assert uids == [f"C{number}" for number in range(1005)]
    assert len(json.dumps(tail.offsets)) < 30_000


def test_files_that_have_gone_are_forgotten_in_the_end(tmp_path: Path) -> None:
    tail = Tail(tmp_path)
    live = tmp_path / "dns.log"
    for number in range(GONE_KEPT + 50):
        live.unlink(missing_ok=True)
        write(live, lines(number, number + 1))
        assert tail.values() == records(number, number + 1)
    assert len(tail.offsets["files"]) == GONE_KEPT + 1
    assert tail.offsets["lines"] == GONE_KEPT + 50


def test_headers_are_kept_once_and_while_they_are_needed(tmp_path: Path) -> None:
    for number in range(5):
        write(tmp_path / f"dns.log.{number}", tsv(number, number + 1, f"2024-{number}"))
    tail = Tail(tmp_path)
    assert len(tail.values()) == 5
    assert len(tail.offsets["headers"]) == 1


def test_a_batch_whose_file_has_gone_counts_its_lines_as_gone(tmp_path: Path) -> None:
    live = write(tmp_path / "dns.log", lines(0, 3))
    tail = Tail(tmp_path)
    start = tail.offsets
    assert tail.values() == records(0, 3)
    live.unlink()
    assert tail.run(start, tail.offsets) == [(str(live), "#gone")] * 3
    write(live, lines(7, 8))
    assert tail.run(start, tail.offsets) == [(str(live), "#gone")] * 3


def test_a_batch_whose_file_was_cut_reads_what_is_left_of_it(tmp_path: Path) -> None:
    live = write(tmp_path / "dns.log", lines(0, 3))
    tail = Tail(tmp_path)
    start = tail.offsets
    tail.all()
    os.truncate(live, len(lines(0, 1)))
    gone = (str(live), "#gone")
    assert tail.run(start, tail.offsets) == [(record(0), "dns"), gone, gone]


def test_a_batch_replayed_after_a_rotation_finds_its_file(tmp_path: Path) -> None:
    live = write(tmp_path / "dns.log", tsv(0, 3))
    tail = Tail(tmp_path)
    start = tail.offsets
    rows = tail.all()
    write(tmp_path / "2024-01-02" / "dns.00:00:00-01:00:00.log.gz", live.read_bytes())
    live.unlink()
    assert Tail(tmp_path).run(start, tail.offsets) == rows


def test_a_directory_that_is_missing_for_a_while_costs_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    tail = Tail(folder)
    assert tail.batch() is None
    write(folder / "dns.log", lines(0, 3))
    assert tail.values() == records(0, 3)
    away = folder.rename(tmp_path / "away")
    assert tail.batch() is None
    folder.mkdir()
    assert tail.batch() is None
    write(folder / "dns.log", lines(5, 6))
    assert tail.values() == records(5, 6)
    shutil.rmtree(folder)
    away.rename(folder)
    assert tail.batch() is None
    write(folder / "dns.log", lines(3, 4))
    assert tail.values() == records(3, 4)


def test_a_directory_that_is_missing_while_a_batch_runs_is_an_error(tmp_path: Path) -> None:
    write(tmp_path / "logs" / "dns.log", lines(0, 3))
    tail = Tail(tmp_path / "logs")
    start = tail.offsets
    tail.all()
    (tmp_path / "logs").rename(tmp_path / "away")
    with pytest.raises(FileNotFoundError):
        tail.run(start, tail.offsets)


def test_a_line_too_long_is_cut_and_counted_once(tmp_path: Path) -> None:
    huge = '{"query":"' + "a" * 3_000_000 + '"}\n'
    write(tmp_path / "dns.log", lines(0, 1) + huge + lines(1, 2))
    rows = Tail(tmp_path, max_record_bytes=10_000).all()
    assert [topic for _, topic in rows] == ["dns", "#too long", "dns"]
    assert rows[1][0] == huge[:1000]


def test_a_line_without_end_is_read_in_parts_as_long_as_a_batch(tmp_path: Path) -> None:
    live = write(tmp_path / "dns.log", lines(0, 1))
    os.truncate(live, 10_000_000)
    tail = Tail(tmp_path, max_bytes=1_000_000, max_record_bytes=1000)
    ends = [0]
    topics: list[str] = []
    while rows := tail.batch():
        topics += [topic for _, topic in rows]
        (entry,) = tail.offsets["files"].values()
        ends.append(entry["pos"])
    assert topics == ["dns"] + ["#too long"] * (len(topics) - 1)
    assert 7 <= len(topics) - 1 <= 10
    assert max(end - begin for begin, end in pairwise(ends)) < 2_000_000
    write(live, "\n" + lines(1, 2))
    assert tail.values()[-1] == record(1)


def test_a_half_written_line_is_not_taken_where_a_batch_has_little_room(tmp_path: Path) -> None:
    live = write(tmp_path / "dns.log", lines(0, 1) + '{"ts":1.5,')
    tail = Tail(tmp_path, max_bytes=5)
    assert tail.values() == records(0, 1)
    write(live, '"uid":"C9"}\n')
    assert tail.values() == ['{"ts":1.5,"uid":"C9"}']


@pytest.mark.parametrize("size", [999, 1000, 1001, 1002, 262_143, 262_144, 262_145, 600_000])
def test_lines_around_the_limit_and_the_block_keep_their_places(tmp_path: Path, size: int) -> None:
    line = "{" + "a" * (size - 1)
    write(tmp_path / "dns.log", lines(0, 1) + line + "\n" + lines(1, 3) + line + "\n" + lines(3, 4))
    tail = Tail(tmp_path, max_record_bytes=1000)
    topic = "dns" if size <= 1000 else "#too long"
    assert [topic for _, topic in tail.all()] == ["dns", topic, "dns", "dns", topic, "dns"]
    assert tail.offsets["lines"] == 6


def test_bytes_that_are_no_text_are_escaped_as_zeek_does(tmp_path: Path) -> None:
    write(tmp_path / "dns.log", b'{"ts":1,"query":"a\xff\xe2\x80\x99"}\n')
    write(tmp_path / "dns.log.1", tsv(0, 0).encode() + b"1.5\tC1\ta\xff\xe2\x80\x99\n")
    queries = [json.loads(value)["query"] for value in Tail(tmp_path).values()]
    assert queries == [r"a\xff’"] * 2


@pytest.mark.parametrize("line", ["", " ", "nonsense", "[]", "\x00\x00", '{"a":1}{"b":2}'])
def test_a_line_that_is_no_record_is_handed_on_as_it_is(tmp_path: Path, line: str) -> None:
    write(tmp_path / "dns.log", lines(0, 1) + line + "\n" + lines(1, 2))
    rows = [(record(0), "dns"), (line, "dns"), (record(1), "dns")]
    assert Tail(tmp_path).all() == rows


def test_cells_without_a_header_and_with_too_few_or_many_are_named_so(tmp_path: Path) -> None:
    write(tmp_path / "dns.log", "1.5\tC1\n" + tsv(0, 0) + "1.5\tC1\n1.5\tC1\ta\tb\n")
    reasons = [(value, topic) for value, topic in Tail(tmp_path).all() if topic != "#header"]
    assert reasons == [
        ("1.5\tC1", "#no header"),
        ("1.5\tC1", "#cells do not match the header"),
        ("1.5\tC1\ta\tb", "#cells do not match the header"),
    ]


def test_a_header_of_too_many_columns_is_none(tmp_path: Path) -> None:
    wide = "\t".join(["a"] * 5000)
    write(tmp_path / "dns.log", f"#fields\t{wide}\n{wide}\n")
    assert Tail(tmp_path).all() == [(f"#fields\t{wide}", "#header"), (wide, "#no header")]


def test_a_header_of_long_names_cannot_make_every_line_below_it_long(tmp_path: Path) -> None:
    names = "\t".join("a" * 1_000 + str(number) for number in range(400))
    wide = "\t".join("a" * 60 + str(number) for number in range(400))
    cells = "\t".join(["1"] * 400) + "\n"
    write(tmp_path / "dns.log", f"#fields\t{names}\n{cells}#fields\t{wide}\n{cells}")
    assert [topic for _, topic in Tail(tmp_path).all()] == ["#header", "#no header"] * 2


def test_a_header_too_long_says_nothing_wherever_a_batch_ends(tmp_path: Path) -> None:
    long = f"#fields\tts\tuid{'x' * 1_000}\n"
    write(tmp_path / "dns.log", tsv(0, 1) + long + "1700000001.5\tC1\t-\n" + lines(2, 3))
    for limit in (1, 2, 9, 10, 100):
        topics = [t for _, t in Tail(tmp_path, max_record_bytes=500, max_lines=limit).all()]
        assert topics == ["#header"] * 8 + ["dns", "#too long", "dns", "dns"]


def test_long_lines_are_handed_on_some_megabytes_at_a_time(tmp_path: Path) -> None:
    write(tmp_path / "dns.log", "".join("{" + "a" * 50_000 + "\n" for _ in range(400)))
    reader = LogReader(tmp_path)
    start = reader.initialOffset()
    parts = reader.partitions(start, reader.latestOffset(start, ReadMaxRows(1_000)))
    batches = [batch for part in parts for batch in reader.read(part)]
    assert sum(batch.num_rows for batch in batches) == 400
    assert max(batch.nbytes for batch in batches) < 5_000_000


def test_header_lines_over_and_over_cost_no_more_than_others(tmp_path: Path) -> None:
    wide = "#fields\t" + "\t".join(f"c{number}" for number in range(500))
    write(tmp_path / "dns.log", f"{wide}\n" + "#path\tx\n1\t2\n" * 20_000)
    begun = time.process_time()
    topics = [topic for _, topic in Tail(tmp_path).all()]
    assert time.process_time() - begun < 5
    assert topics[1:] == ["#header", "#cells do not match the header"] * 20_000


def test_links_that_lead_out_of_the_directory_are_left_alone(tmp_path: Path) -> None:
    outside = write(tmp_path / "elsewhere" / "dns.log", lines(0, 3))
    logs = tmp_path / "logs"
    write(logs / "2024-01-02" / "dns.log.gz", lines(5, 6))
    (logs / "dns.log").symlink_to(outside)
    (logs / "2024-01-03").symlink_to(outside.parent)
    (logs / "2024-01-02" / "dns.log.1").symlink_to(outside)
    (logs / "yesterday").symlink_to(logs / "2024-01-02")
    assert Tail(logs).values() == records(5, 6)


def test_what_is_left_alone_is_said_once(tmp_path: Path) -> None:
    outside = write(tmp_path / "elsewhere" / "dns.log", lines(0, 3))
    logs = tmp_path / "logs"
    write(logs / "dns.log", lines(5, 6))
    source = LogDirectory(Settings(source="logs", log_dir=logs))
    begin = source.begin(None).offsets
    source.lag(begin)
    assert source.news(begin, begin) == []
    (logs / "2024-01-03").symlink_to(outside.parent)
    (logs / "current").symlink_to(outside.parent)
    (logs / "elsewhere.log").symlink_to(outside)
    said = "left alone, a link out of the log directory or no regular file: "
    source.lag(begin)
    assert source.news(begin, begin) == [f"{said}{logs}/2024-01-03"]
    os.mkfifo(logs / "dns.log.1")
    (logs / "dns.log.2").symlink_to("/dev/zero")
    source.lag(begin)
    assert source.news(begin, begin) == [f"{said}{logs}/dns.log.1 and 1 more"]
    assert source.news(begin, begin) == []


def test_a_file_that_has_become_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    live = write(tmp_path / "dns.log", lines(0, 3))
    tail = Tail(tmp_path)
    start = tail.offsets
    tail.all()
    live.unlink()
    os.mkfifo(live)
    assert tail.run(start, tail.offsets) == [(str(live), "#gone")] * 3


def test_other_logs_and_what_is_no_file_are_left_alone(tmp_path: Path) -> None:
    for name in ["dns-2.log", "dns.log.swp", "xdns.log", "conn.log", "dns.log.gz.tmp", "dns"]:
        write(tmp_path / name, lines(0, 1))
    os.mkfifo(tmp_path / "dns.log")
    (tmp_path / "dns.log.1").mkdir()
    assert Tail(tmp_path).batch() is None


@pytest.mark.parametrize(
    "name",
    [
        "dns.log",
        "dns.log.gz",
        "dns.log.1",
        "dns.log.12.gz",
        "dns.log-20240102.gz",
        "dns.00:00:00-01:00:00.log.gz",
        "dns.2024-01-02-00-00-00.log",
        "dns-24-01-02_00.00.00.log",
        "dns__2024-01-02-00-00-00__2024-01-02-01-00-00__.log",
    ],
)
def test_every_name_that_a_log_gets_is_known(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, lines(0, 2))
    assert Tail(tmp_path).values() == records(0, 2)


def test_a_path_in_a_header_cannot_pass_for_a_reason(tmp_path: Path) -> None:
    write(tmp_path / "dns.log", tsv(0, 1).replace("#path\tdns", "#path\t#gone"))
    assert Tail(tmp_path).all()[-1] == ('{"ts":1700000000.5,"uid":"C0"}', "dns")


def test_a_folder_that_may_not_be_read_stops_no_other() -> None:
    logs = Path(tempfile.mkdtemp())
    logs.chmod(0o755)
    write(logs / "2024-01-02" / "dns.log.gz", lines(0, 1))
    (logs / "2024-01-02").chmod(0)
    with unprivileged():
        alone = directory_problem(logs)
        assert Tail(logs).batch() is None
    write(logs / "dns.log", lines(1, 2))
    with unprivileged():
        together, found = directory_problem(logs), Tail(logs).values()
    shutil.rmtree(logs)
    assert alone == f"{logs} holds no dns.log in those of its folders that can be read."
    assert (together, found) == (None, records(1, 2))


def test_a_big_batch_is_shared_among_tasks(tmp_path: Path) -> None:
    write(tmp_path / "dns.log", lines(0, 240_000))
    reader = LogReader(tmp_path)
    start = reader.initialOffset()
    parts = reader.partitions(start, reader.latestOffset(start, ReadMaxRows(240_000)))
    assert len(parts) == 3
    values = [value for part in parts for batch in reader.read(part) for value in batch["value"]]
    assert [value.as_py() for value in values] == records(0, 240_000)


def test_a_large_archive_is_shared_among_tasks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (archives, log_reader):
        monkeypatch.setattr(module, "TASK_LINES", 5_000)
    write(tmp_path / "dns.log.gz", tsv(0, 40_000) + "1.5\tno such number of cells\n")
    reader = LogReader(tmp_path)
    start = reader.initialOffset()
    end = reader.latestOffset(start, ReadMaxRows(10))
    parts = reader.partitions(start, end)
    assert len(parts) > 2
    rows = [row for part in parts for batch in reader.read(part) for row in batch.to_pylist()]
    assert len(rows) == count_lines(start, end)
    assert [row["topic"] for row in rows if row["topic"] != "dns"][-1] == MISMATCH
    uids = [json.loads(row["value"])["uid"] for row in rows if row["topic"] == "dns"]
    assert uids == [f"C{number}" for number in range(40_000)]


def test_another_feed_can_be_read(tmp_path: Path) -> None:
    write(tmp_path / "dns.log", lines(0, 1))
    write(tmp_path / "conn.log", lines(1, 2))
    assert Tail(tmp_path, feed="conn").all() == [(record(1), "conn")]


def test_latest_begins_behind_all_that_is_there(tmp_path: Path) -> None:
    live = write(tmp_path / "dns.log", tsv(0, 3) + "1700000003.5\tC3")
    write(tmp_path / "2024-01-02" / "dns.log.gz", lines(5, 6))
    tail = Tail(tmp_path, start="latest")
    assert tail.batch() is None
    write(live, "\t-\n")
    write(tmp_path / "dns.log.1", lines(8, 9))
    uids = [json.loads(value)["uid"] for value in tail.values()]
    assert sorted(uids) == ["C3", "C8"]


@pytest.mark.parametrize("start", ["1704067200", "2024-01-01T00:00:00Z", "2024-01-01T01:00+01:00"])
def test_a_time_leaves_out_files_last_written_before(tmp_path: Path, start: str) -> None:
    write(tmp_path / "dns.log.2", lines(0, 1), mtime=1704067199)
    write(tmp_path / "dns.log.1", lines(1, 2), mtime=1704067201)
    write(tmp_path / "dns.log", lines(2, 3))
    tail = Tail(tmp_path, start=start)
    assert tail.values() == records(1, 3)
    assert Tail(tmp_path, tail.offsets).batch() is None
    assert LogReader(tmp_path, start=start).initialOffset()["since"] == 1704067200.0


def test_a_start_that_is_no_time_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="start='noon' cannot be used"):
        LogReader(tmp_path, start="noon").initialOffset()


def test_lag_is_about_the_lines_that_are_left(tmp_path: Path) -> None:
    live = write(tmp_path / "dns.log", lines(0, 100))
    tail = Tail(tmp_path)
    tail.all()
    assert tail.reader.lag(tail.offsets) == 0
    write(live, lines(100, 150))
    assert tail.reader.lag(tail.offsets) == pytest.approx(50, abs=2)


@contextmanager
def unprivileged() -> Iterator[None]:
    """The rights of nobody, whom permissions stop."""
    before = os.geteuid()
    os.seteuid(65534 if before == 0 else before)
    try:
        yield
    finally:
        os.seteuid(before)


def test_what_is_wrong_with_a_directory_is_said_in_a_sentence(tmp_path: Path) -> None:
    assert directory_problem(tmp_path / "none") == f"There is no directory {tmp_path}/none."
    file = write(tmp_path / "file", "")
    assert directory_problem(file) == f"{file} is not a directory."
    logs = tmp_path / "logs"
    logs.mkdir()
    assert directory_problem(logs) == f"{logs} holds no dns.log."
    write(logs / "dns.log", "")
    assert directory_problem(logs) is None


def test_a_directory_that_may_not_be_read_is_said(tmp_path: Path) -> None:
    os.chmod(tmp_path, 0)
    with unprivileged():
        problem = directory_problem(tmp_path)
    os.chmod(tmp_path, 0o700)
    assert problem == f"{tmp_path} cannot be read: Permission denied."


def test_a_file_that_may_not_be_read_is_said_and_read_later() -> None:
    logs = Path(tempfile.mkdtemp())
    logs.chmod(0o755)
    write(logs / "dns.log.1", lines(0, 1))
    live = write(logs / "dns.log", lines(1, 2))
    live.chmod(0)
    tail = Tail(logs)
    with unprivileged():
        problem, found = directory_problem(logs), tail.values()
    live.chmod(0o600)
    assert (problem, found) == (None, records(0, 1))
    assert tail.values() == records(1, 2)
    shutil.rmtree(logs)


def test_a_link_into_a_closed_spool_stops_no_other_log() -> None:
    logs = Path(tempfile.mkdtemp())
    logs.chmod(0o755)
    write(logs / "dns.log.1", lines(0, 1))
    closed = Path(tempfile.mkdtemp())
    write(closed / "zeek" / "dns.log", lines(1, 2))
    (logs / "current").symlink_to(closed / "zeek")
    tail = Tail(logs)
    with unprivileged():
        found, unreadable = tail.values(), tail.reader.unreadable
    assert (found, unreadable) == (records(0, 1), {str(logs / "current")})
    assert tail.values() == records(1, 2)
    shutil.rmtree(logs)
    shutil.rmtree(closed)


def test_a_link_that_leads_to_itself_stops_no_other_log(tmp_path: Path) -> None:
    write(tmp_path / "dns.log", lines(0, 1))
    (tmp_path / "x").symlink_to("x")
    tail = Tail(tmp_path)
    assert tail.values() == records(0, 1)
    assert tail.reader.unreadable == {str(tmp_path / "x")}


def test_a_directory_of_which_no_log_may_be_read_is_said() -> None:
    logs = Path(tempfile.mkdtemp())
    logs.chmod(0o755)
    live = write(logs / "dns.log", lines(0, 1))
    for log in (live, write(logs / "dns.log.1", lines(1, 2))):
        log.chmod(0)
    with unprivileged():
        problem = directory_problem(logs)
    shutil.rmtree(logs)
    assert problem == f"{live} cannot be read: Permission denied."


def test_what_may_not_be_read_is_said_once_and_stops_no_other() -> None:
    logs = Path(tempfile.mkdtemp())
    logs.chmod(0o755)
    shut = [write(logs / "dns.log", lines(0, 1)), write(logs / "dns.log.1", lines(1, 2))]
    shut.append(write(logs / "2024-01-02" / "dns.log", lines(2, 3)).parent)
    write(logs / "dns.log.2", lines(3, 4))
    for path in shut:
        path.chmod(0)
    source = LogDirectory(Settings(source="logs", log_dir=logs, start="earliest"))
    with unprivileged():
        begun = source.begin(None)
        tail = Tail(logs, begun.offsets)
        found = tail.values()
        source.lag(begun.offsets)
        again = source.news(begun.offsets, begun.offsets)
    for path in shut:
        path.chmod(0o755)
    later = tail.values()
    shutil.rmtree(logs)
    assert begun.notes == (f"cannot be read: {logs}/2024-01-02 and 2 more",)
    assert (found, again, later) == (records(3, 4), [], records(0, 3))


# One test for each form of zeek-forms that can stand in a file (B1 to B12).

FULL = "ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto query qtype AA answers TTLs"
TYPES = "time string addr port addr port enum string count bool vector[string] vector[interval]"
CELLS = "1.500000 C1 10.0.0.1 5353 10.0.0.2 53 udp a.org 1 T b.org,1.2.3.4 60.000000,5.000000"
RECORD = {
    "ts": 1.5,
    "uid": "C1",
    "id.orig_h": "10.0.0.1",
    "id.orig_p": 5353,
    "id.resp_h": "10.0.0.2",
    "id.resp_p": 53,
    "proto": "udp",
    "query": "a.org",
    "qtype": 1,
    "AA": True,
    "answers": ["b.org", "1.2.3.4"],
    "TTLs": [60.0, 5.0],
}


def tabs(words: str) -> str:
    """Words as cells."""
    return words.replace(" ", "\t")


def read_one(folder: Path, text: str, name: str = "dns.log") -> tuple[Any, list[str]]:
    """The one record in a file, and the topics of all its lines."""
    write(folder / name, text)
    rows = Tail(folder).all()
    (value,) = [value for value, topic in rows if not topic.startswith("#")]
    return json.loads(value), [topic for _, topic in rows]


def test_b1_tsv_with_a_header_and_a_close(tmp_path: Path) -> None:
    text = (
        f"#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tdns\n"
        f"#open\t2024-01-02-00-00-00\n#fields\t{tabs(FULL)}\n#types\t{tabs(TYPES)}\n{tabs(CELLS)}\n"
        f"#close\t2024-01-02-01-00-00\n"
    )
    found, topics = read_one(tmp_path, text)
    assert found == RECORD
    assert topics == ["#header"] * 8 + ["dns", "#header"]


def test_b2_tsv_with_one_plain_line_of_column_names(tmp_path: Path) -> None:
    found, topics = read_one(tmp_path, f"{tabs(FULL)}\n{tabs(CELLS)}\n")
    assert (found, topics) == (RECORD, ["#header", "dns"])


def test_b2_files_of_the_same_columns_are_not_the_same(tmp_path: Path) -> None:
    write(tmp_path / "dns.log.1", "ts\tuid\n1.5\tC1\n")
    write(tmp_path / "dns.log", "ts\tuid\n2.5\tC2\nts\tuid\n3.5\tC3\n")
    tail = Tail(tmp_path)
    assert [json.loads(value)["uid"] for value in tail.values()] == ["C1", "C2", "C3"]
    assert tail.offsets["lines"] == 6


JSON_FORMS = {
    "b3": '{"ts":1521911720.865716,"uid":"C1","id.orig_h":"10.0.0.1"}',
    "b3 milliseconds": '{"ts":1521911720865,"uid":"C1"}',
    "b3 iso": '{"ts":"2018-03-24T17:15:20.865716Z","uid":"C1"}',
    "b4": '{"ts":1.5,"rtt":null}',
    "b5": '{"_path":"dns","_write_ts":"2018-03-24T17:15:20.866586Z","ts":"2018-03-24T17:15:20Z"}',
    "b5 last": '{"ts":1.5,"_path":"dns"}',
    "b6": '{"ts":1.5,"id_orig_h":"10.0.0.1"}',
    "b7": '{"ts":1.5,"src":"10.0.0.1"}',
    "b8": '{"_write_ts":1.5,"_stream":"DNS","_system_name":"a","ts":1.5}',
    "b9": '{"@stream":"dns","@system":"a","@proc":"zeek","ts":1.5,"id_orig_h":"10.0.0.1"}',
    "b11": '{"preview":false,"result":{"_raw":"{\\"ts\\":1.5}"}}',
    "c bytes": '{"ts":1.5,"query":"a\\\\xff\\u0001\\udb80\\udc41’"}',
}


@pytest.mark.parametrize("form", JSON_FORMS)
def test_json_of_every_form_is_handed_on_as_it_is(tmp_path: Path, form: str) -> None:
    write(tmp_path / "dns.log", JSON_FORMS[form] + "\n")
    assert Tail(tmp_path).all() == [(JSON_FORMS[form], "dns")]


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ("ts id_orig_h", "id_orig_h"),
        ("ts src", "src"),
        ("_write_ts _stream", "_stream"),
        ("_node_name ts", "_node_name"),
        ("@stream ts", "@stream"),
    ],
    ids=["b6", "b7", "b8", "b8 node first", "b9"],
)
def test_tsv_of_other_names_keeps_the_names(tmp_path: Path, fields: str, key: str) -> None:
    text = f"#path\tdns\n#fields\t{tabs(fields)}\n#types\tstring\tstring\na\tb\n"
    found, _ = read_one(tmp_path, text)
    assert found == dict(zip(fields.split(), "ab", strict=True))
    assert key in found


def test_b10_an_archive_with_colons_in_its_name(tmp_path: Path) -> None:
    text = f"#path\tdns\n#fields\t{tabs(FULL)}\n#types\t{tabs(TYPES)}\n{tabs(CELLS)}\n"
    found, topics = read_one(tmp_path / "2024-01-02", text, "dns.00:00:00-01:00:00.log.gz")
    assert (found, topics[-1]) == (RECORD, "dns")


def test_b12_headers_that_change_in_mid_file(tmp_path: Path) -> None:
    text = (
        "#separator \\x09\n#unset_field\t~\n#path\tdns\n#fields\tts\tquery\n#types\ttime\tstring\n"
        "1.5\ta\n"
        "#path\tconn\n#fields\tts\tduration\tnote\n#types\ttime\tinterval\tstring\n"
        "2.5\t0.25\t~\n"
        "#separator \\x09\n#path\tdns\n#fields\tquery\tts\n#types\tstring\ttime\n"
        "~\t3.5\n"
    )
    write(tmp_path / "dns.log", text)
    for limit in (1, 3, 100):
        rows = Tail(tmp_path, max_lines=limit).all()
        assert [(json.loads(value), topic) for value, topic in rows if topic != "#header"] == [
            ({"ts": 1.5, "query": "a"}, "dns"),
            ({"ts": 2.5, "duration": 0.25}, "conn"),
            ({"query": "~", "ts": 3.5}, "dns"),
        ]


def test_tsv_and_json_in_one_file_are_told_apart(tmp_path: Path) -> None:
    write(tmp_path / "dns.log", tsv(0, 1) + lines(1, 2) + "1.5\tC2\t{a\n")
    uids = [json.loads(value)["uid"] for value in Tail(tmp_path).values()]
    assert uids == ["C0", "C1", "C2"]


def test_lines_may_end_as_on_windows(tmp_path: Path) -> None:
    write(tmp_path / "dns.log", tsv(0, 1).replace("\n", "\r\n"))
    assert Tail(tmp_path).values() == ['{"ts":1700000000.5,"uid":"C0"}']


# Real logs.


def test_the_tsv_and_the_json_of_a_real_log_give_the_same_records(
    tmp_path: Path, sample_logs: Path
) -> None:
    for form in ("log", "json"):
        (tmp_path / form).mkdir()
        shutil.copy(sample_logs / f"wrccdc-2018/dns.{form}.gz", tmp_path / form / "dns.log.gz")
    from_tsv = [json.loads(value) for value in Tail(tmp_path / "log").values()]
    from_json = [json.loads(value) for value in Tail(tmp_path / "json").values()]
    assert len(from_json) == 53_615
    for each in from_json:
        del each["_path"], each["_write_ts"]
        each["ts"] = round(iso_seconds(each["ts"]), 6)
        each |= {"rtt": round(each["rtt"], 6)} if "rtt" in each else {}
    assert from_tsv == from_json


def iso_seconds(text: str) -> float:
    """Epoch seconds of Zeek's ISO times."""
    return datetime.fromisoformat(text).timestamp()


@pytest.mark.parametrize("feed", ["dns", "conn", "http", "ssl", "x509"])
def test_every_line_of_a_real_tsv_log_is_a_record_or_a_header(
    tmp_path: Path, sample_logs: Path, feed: str
) -> None:
    source = sample_logs / "zat" / "tsv" / f"{feed}.log"
    shutil.copy(source, tmp_path)
    rows = Tail(tmp_path, feed=feed).all()
    plain = source.read_text().splitlines()
    names = next(line for line in plain if line.startswith("#fields")).split("\t")[1:]
    data = [line.split("\t") for line in plain if not line.startswith("#")]
    expected = [
        {name for name, cell in zip(names, cells, strict=True) if cell != "-"} for cells in data
    ]
    assert [set(json.loads(value)) for value, topic in rows if topic == feed] == expected
    assert len(rows) == len(plain)


def test_many_feeds_in_one_real_file_are_handed_on(tmp_path: Path, sample_logs: Path) -> None:
    shutil.copy(sample_logs / "apt29/combined_zeek.log.gz", tmp_path)
    found = Tail(tmp_path, feed="combined_zeek").values()
    with gzip.open(tmp_path / "combined_zeek.log.gz") as file:
        assert found == list(codecs.iterdecode(file.read().splitlines(), "utf-8"))


def test_a_real_log_in_json_is_handed_on_line_by_line(tmp_path: Path, sample_logs: Path) -> None:
    source = sample_logs / "saitama/dns.log"
    shutil.copy(source, tmp_path)
    assert Tail(tmp_path).values() == source.read_text().splitlines()


@pytest.mark.parametrize("renamed", [True, False])
def test_a_file_with_fields_of_other_names_is_counted_by_the_setting(
    tmp_path: Path, renamed: bool
) -> None:
    fields = "#separator \\x09\n#path\tdns\n#fields\tts\tsrc\tquery\tqtype_name\n"
    types = "#types\ttime\taddr\tstring\tstring\n"
    write(tmp_path / "dns.log", fields + types + "1521911720.5\t10.0.0.1\ta.example\tA\n")
    value, topic = Tail(tmp_path).all()[-1]
    lines = pa.table({"value": [value.encode()], "topic": [topic]})
    setting = {"src": "id.orig_h"} if renamed else {}
    [row] = run(lines, parsed(DNS, ["id.orig_h", "query"], setting)).to_pylist()
    found = (row["id_orig_h"], row["query"], row["status"])
    counted, refused = ("10.0.0.1", "a.example", None), (None, "a.example", "no id.orig_h")
    assert found == (counted if renamed else refused)


@pytest.mark.parametrize(
    "before",
    ["\n" * 66_000, "#separator \\x09\n" + f"#comment {'x' * 900}\n" * 80],
    ids=["blank lines", "comments"],
)
def test_a_file_whose_first_record_comes_late_is_read_whole(tmp_path: Path, before: str) -> None:
    write(tmp_path / "dns.20.log", before + lines(0, 1_000))
    assert Tail(tmp_path).values()[-1_000:] == records(0, 1_000)


@pytest.mark.parametrize("zone", ["Z", "", "+00:00"])
def test_a_first_time_without_a_zone_is_utc(zone: str) -> None:
    line = f'{{"ts":"2024-01-01T00:00:00{zone}","uid":"C1"}}'.encode()
    assert first_time(line, None) == 1704067200.0


@pytest.mark.parametrize("ts", ["NaN", "nan", "1e999", "-inf", '"x"'])
def test_a_file_whose_first_time_is_none_is_read_all_the_same(tmp_path: Path, ts: str) -> None:
    odd = f'{{"ts":{ts},"uid":"C0"}}'
    write(tmp_path / "dns.log.1", f"{odd}\n{lines(1, 2)}")
    write(tmp_path / "dns.log", "#fields\tts\tuid\n" + ts + "\tC2\n")
    values = Tail(tmp_path).values()
    assert {odd, record(1)} < set(values)
    assert len(values) == 3
