"""Lines taken by the block are what they are one by one, in all fields that are counted."""

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.aggregate import COUNTED_FIELDS
from pipeline.feed import DNS
from pipeline.lines import LineReader
from pipeline.parse import keys_read
from pipeline.tsv import Header, read_header_line

WANTED = keys_read(DNS, COUNTED_FIELDS)
FIELDS = {
    name: DNS.fields[name] for name in ("ts", "uid", "proto", "rtt", "qtype", "AA", "answers")
}
HEADER = Header(path="dns", fields=tuple(FIELDS), types=tuple(FIELDS.values()))
USUAL = {
    "ts": ["1.5", "1700000000.25"],
    "uid": ["C1", "(empty)", ""],
    "proto": ["udp", "-"],
    "rtt": ["-", "0.25"],
    "qtype": ["1", "28", "-"],
    "AA": ["T", "F", "-"],
    "answers": ["-", "(empty)", "a.example", "a,b", "TXT 3 -, ", "a,,b"],
}
ODD = ["-", "(empty)", "", "-,a", "a,(empty)", "(empty),-", "-,-", "nan", "-inf", "01", "1e5", "T"]
ODD += ["\\x41", "é", '"', "a\rb", "\x01", "#", "{", "{}", "a\\b", "x" * 50, "\udc80"]


def cells(name: str) -> st.SearchStrategy[str]:
    """Mostly what stands in such a column."""
    return st.one_of(*[st.sampled_from(USUAL[name])] * 9, st.sampled_from(ODD))


whole = st.tuples(*map(cells, FIELDS)).map("\t".join)
strange = st.sampled_from(
    ["", "{}", '{"ts":1}', "\t", "a\tb", "#close\t-", "\t".join(FIELDS), "x" * 500]
)
KINDS = ["string", "count", "double", "bool", "table[string]", "set[addr]", "vector[count]"]
headers = st.builds(
    Header,
    path=st.just("dns"),
    fields=st.just(tuple(FIELDS)),
    types=st.one_of(
        st.just(HEADER.types), st.lists(st.sampled_from(KINDS), min_size=7, max_size=7).map(tuple)
    ),
    empty=st.sampled_from(["(empty)", "1", "T", "a"]),
    unset=st.sampled_from(["-", "1", "a"]),
)
blocks = st.lists(st.one_of(*[whole] * 12, strange), min_size=1, max_size=40)


def rows(reader: LineReader, block: bytes, by_line: bool) -> list[tuple[str, dict[str, object]]]:
    """Topic, and the fields that are counted, or else the line."""
    made = reader.rows_by_line(block, False) if by_line else reader.rows(block, False)
    found = []
    for row in made.to_pylist():
        try:
            record = json.loads(row["value"])
        except ValueError:
            record = None
        known = isinstance(record, dict)
        value = {key: record[key] for key in record if key in WANTED} if known else row["value"]
        found.append((row["topic"], value))
    return found


@given(st.just(HEADER) | headers, blocks, st.booleans())
def test_tsv_lines_by_the_block_are_what_they_are_one_by_one(
    header: Header, lines: list[str], ends: bool
) -> None:
    block = "\n".join(lines).encode(errors="surrogateescape") + b"\n" * ends
    by_block, by_line = (LineReader(header, "dns", 300, WANTED) for _ in range(2))
    assert rows(by_block, block, False) == rows(by_line, block, True)


@given(
    st.lists(
        st.sampled_from([b'{"ts":1}', b"{", b"", b"a\tb", b'{"a":"\xff"}', b"{" * 400, b"1\t2\r"])
        | st.just(b'{"ts":2.5,"uid":"C"}'),
        min_size=1,
    ),
    st.booleans(),
)
def test_json_lines_by_the_block_are_what_they_are_one_by_one(
    lines: list[bytes], ends: bool
) -> None:
    block = b"\n".join(lines) + b"\n" * ends
    by_block, by_line = (LineReader(None, "dns", 300, WANTED) for _ in range(2))
    assert by_block.rows(block, False).to_pylist() == by_line.rows_by_line(block, False).to_pylist()


@pytest.mark.parametrize("unfit", [{"separator": "|"}, {"unset": '"'}, {"set_separator": "\\"}])
def test_a_header_that_says_strange_things_is_followed_line_by_line(unfit: dict[str, str]) -> None:
    header = Header(path="dns", fields=HEADER.fields, types=HEADER.types, **unfit)
    assert LineReader(header, "dns", 300, WANTED).plain is None


def test_a_real_logs_lines_are_taken_by_the_block(sample_logs: Path) -> None:
    with gzip.open(sample_logs / "wrccdc-2018" / "dns.log.gz") as file:
        lines = file.read().split(b"\n")
    header = None
    while lines[0].startswith(b"#"):
        header = read_header_line(header, lines.pop(0).decode(), False)
    body = b"\n".join(line for line in lines if not line.startswith(b"#")) + b"\n"
    by_block, by_line = (LineReader(header, "dns", 1_000_000, WANTED) for _ in range(2))
    found = rows(by_block, body, False)
    assert found == rows(by_line, body, True)
    assert len(found) > 50_000
    assert by_block.convert is None, "none of them had to be looked at alone"
