"""The reader of log files against the rules of Zeek's TSV, on any file, however it grows."""

import json
import os
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from pipeline.feed import DNS
from pipeline.parse import parsed, run
from tests.reference import agrees, judge
from tests.reference_tsv import read_file
from tests.tailed import Tail

FIELDS = list(DNS.fields)
HOUR_AGO = time.time() - 3600
LONGEST = 1_000
fuzzed = settings(
    max_examples=settings().max_examples // 2,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

HEX = st.integers(0, 255).map(lambda code: b"\\x%02x" % code)
BYTES = st.one_of(
    st.binary(max_size=6), st.text(max_size=8).map(str.encode), HEX, HEX.map(bytes.upper),
    st.sampled_from([b"\\\\", b"\\", b"\\x", b"-", b"(empty)", b",", b"\t", b"|", b"#", b"{", b'"',
                     b"\r", b"\xc3", b"\xa9", b"\\xe2\\x80", b"\\x80\\x99", b"\x7f", b"EMPTY"]),
)  # fmt: skip
TEXTS = st.lists(BYTES, max_size=4).map(b"".join)
WORDS = st.sampled_from([b"a.example.com", b"10.0.0.1", b"A", b"NOERROR", b"udp", b"C1", b"-"])
NUMBERS = st.one_of(
    st.floats(0, 2e9).map(lambda each: b"%.6f" % each),
    st.integers(-5, 2**70).map(lambda each: b"%d" % each),
    st.sampled_from([b"inf", b"-nan", b"007", b"1_0", b"+1", b"1.", b"-0", b"1e5", b"\xd9\xa3"]),
)
CELLS = st.one_of(
    WORDS, WORDS, NUMBERS, NUMBERS, TEXTS, st.sampled_from([b"T", b"F", b"", b"(empty)"])
)
FITTING: dict[str, st.SearchStrategy[bytes]] = {
    "time": st.floats(1e9, 2e9).map(lambda each: b"%.6f" % each),
    "interval": st.floats(0, 1e4).map(lambda each: b"%.6f" % each),
    "count": st.integers(0, 300).map(lambda each: b"%d" % each),
    "port": st.integers(0, 65_535).map(lambda each: b"%d" % each),
    "bool": st.sampled_from([b"T", b"F"]),
}
TYPES = [
    *sorted(set(DNS.fields.values())),
    "double",
    "int",
    "set[count]",
    "table[bool]",
    "vector",
    "",
]
SEPARATORS = [b"\t", b"\t", b"\t", b"|", b" ", b"\\", b"ab"]


@st.composite
def headers(draw: st.DrawFn) -> tuple[bytes, list[str], list[bytes]]:
    """Separator, types of the columns, and header lines: whole, in part, or in any order."""
    separator = draw(st.sampled_from(SEPARATORS))
    extra = st.sampled_from(["note", "ts", "id_orig_h", "\\x41", "é", ""]) | st.text(max_size=3)
    names = ["ts", "id.orig_h", *draw(st.lists(st.sampled_from(FIELDS) | extra, max_size=12))]
    types = [DNS.fields.get(name) or draw(st.sampled_from(TYPES)) for name in names]
    told = draw(st.just(types) | st.lists(st.sampled_from(TYPES), max_size=len(names) + 1))
    said = {
        b"set_separator": draw(st.sampled_from([b",", b",", b";", b"\\x2c", b"|", b""])),
        b"empty_field": draw(st.sampled_from([b"(empty)", b"(empty)", b"EMPTY", b"-", b""])),
        b"unset_field": draw(st.sampled_from([b"-", b"-", b"~", b"\\x2d", b""])),
        b"path": draw(st.sampled_from([b"dns", b"dns", b"conn", b"#gone", b"\xff", b""])),
        b"fields": separator.join(name.encode() for name in names),
        b"types": separator.join(kind.encode() for kind in told),
    }
    lines = [b"#" + word + separator + rest for word, rest in said.items()]
    if draw(st.booleans()):
        kept = draw(st.lists(st.sampled_from(lines), max_size=7))
        lines = kept if draw(st.booleans()) else [*kept, *lines]
    first = b"#separator " + b"".join(b"\\x%02x" % code for code in separator)
    whole = draw(st.sampled_from([True, True, True, False]))
    return separator, types, [first, *lines] if whole or separator != b"\t" else lines


def cell_of(kind: str) -> st.SearchStrategy[bytes]:
    """Mostly of a column's type."""
    fit = FITTING.get(kind, WORDS | TEXTS)
    return st.one_of(fit, fit, fit, st.just(b"-"), CELLS)


@st.composite
def lines_under(draw: st.DrawFn) -> list[bytes]:
    """A header, and lines that fit it, nearly fit it, or have nothing to do with it."""
    separator, types, lines = draw(headers())
    for _ in range(draw(st.integers(0, 5))):
        kind = draw(st.sampled_from(["fit", "fit", "fit", "fit", "other", "names", "junk"]))
        if kind == "junk":
            lines.append(draw(JUNK))
        elif kind == "names":
            lines.append(next((each[8:] for each in lines if each.startswith(b"#fields")), b"x"))
        else:
            kinds = types if kind == "fit" else draw(st.lists(st.sampled_from(types)))
            lines.append(separator.join(draw(cell_of(kind)) for kind in kinds))
    return lines


JUNK = st.one_of(
    st.binary(max_size=30), TEXTS,
    st.sampled_from([b"", b"#", b"#close\t2024", b"#fields", b"#types\t", b"#separator ", b"{}",
                     b'{"ts":1,"query":"a"}', b'{"a":\t1}', b'{"a":"\xff"}', b"ts\tuid", b"\x00",
                     b"#fields\tts\tuid", b"#fields\t" + b"x" * 101, b"#separator \\x0a"]),
    st.sampled_from([b"x", b"#fields\t", b"#path\t", b"{", b"a\tb"]).map(lambda each: each * 1_000),
)  # fmt: skip


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """Some logs, one after the other, with either end of line, and perhaps a last line cut."""
    plain = st.sampled_from([b"ts\tid.orig_h\tquery", b"ts\tuid", b"ts", b'{"ts":1}'])
    blocks = draw(st.lists(lines_under() | st.lists(plain | JUNK, max_size=4), max_size=3))
    lines = [line.replace(b"\n", b"") for block in blocks for line in block]
    end = draw(st.sampled_from([b"\n", b"\n", b"\r\n", b"\r\r\n"]))
    # A file is known by its first record: one there must be.
    whole = [*lines, b'{"ts":2,"query":"end"}', b""]
    return end.join(whole) + draw(st.sampled_from([b"", b"", b"1\t2", b"{}", b"\xff"]))


def read_as_it_grows(data: bytes, cuts: list[int], **options: int) -> list[tuple[str, str]]:
    """The rows of a log that is written in pieces, and read after each of them."""
    edges = sorted({0, *(cut % (len(data) + 1) for cut in cuts), len(data)})
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "dns.2024-01-02-00-00-00.log"
        tail, rows = Tail(Path(folder), max_record_bytes=LONGEST, **options), []
        for begin, end in pairwise(edges):
            with log.open("ab") as file:
                file.write(data[begin:end])
            rows += tail.all()
        os.utime(log, (HOUR_AGO, HOUR_AGO))
        return rows + tail.all()


def read_back(value: str) -> Any:
    """A record's JSON as it stands: numbers keep their digits, the first of two keys counts."""
    return json.loads(
        value, object_pairs_hook=lambda pairs: dict(reversed(pairs)), parse_constant=refuse
    )


def refuse(constant: str) -> None:
    """NaN is no JSON."""
    raise AssertionError(constant)


@fuzzed
@given(files(), st.lists(st.integers(0, 5_000), max_size=3), st.integers(1, 12))
def test_any_file_has_the_rows_that_the_rules_say_however_it_grows_and_batches_are_cut(
    data: bytes, cuts: list[int], max_lines: int
) -> None:
    rows = read_as_it_grows(data, cuts, max_lines=max_lines)
    expected = list(read_file(data, LONGEST))
    assert [topic for _, topic in rows] == [topic for _, topic in expected]
    for (value, topic), (told, _) in zip(rows, expected, strict=True):
        event(topic)
        if isinstance(told, dict):
            assert read_back(value) == told
        elif isinstance(told, bytes):
            assert value == told.decode("utf-8", "backslashreplace").replace("\\x", "\\\\x") or (
                value.encode() == told
            )
        else:
            assert value == told


@settings(fuzzed, max_examples=fuzzed.max_examples // 2)
@given(st.lists(lines_under(), min_size=1, max_size=3))
def test_any_lines_under_any_header_are_counted_as_the_rules_say(blocks: list[list[bytes]]) -> None:
    lines = [line.replace(b"\n", b"") for block in blocks for line in block]
    data = b"\n".join([*lines, b"{}", b""])
    values, topics = zip(*read_as_it_grows(data, [], max_lines=10_000), strict=True)
    table = pa.table({"value": list(values), "topic": list(topics)})
    found = run(table, parsed(DNS, FIELDS)).to_pylist()
    for row, (told, topic) in zip(found, read_file(data, LONGEST), strict=True):
        event(f"{row['status']}")
        if topic.startswith("#"):
            assert row["status"] == topic[1:]
        elif isinstance(told, dict):
            assert agrees(row, judge(told, None, FIELDS)), (row, told)
