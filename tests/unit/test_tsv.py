"""TSV lines to JSON texts: one test for each way in which Zeek can write a value."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.tsv import (
    MAX_COLUMNS,
    Header,
    json_lines,
    keep_broken,
    read_column_line,
    read_directive,
    unescape,
)


def convert(fields: str, types: str, line: str, **header: str) -> Any:
    """The record of a line whose header is written with blanks for tabs."""
    form = Header(fields=tuple(fields.split()), types=tuple(types.split()), **header)
    text = json_lines(form)(line)
    return None if text is None else json.loads(text)


@pytest.mark.parametrize(
    ("kind", "cell", "value"),
    [
        ("time", "1521911720.865716", 1521911720.865716),
        ("interval", "0.000870", 0.00087),
        ("interval", "60.000000", 60.0),
        ("double", "-1.5e-07", -1.5e-07),
        ("double", "inf", None),
        ("double", "-nan", None),
        ("count", "32769", 32769),
        ("port", "53", 53),
        ("int", "-5", -5),
        ("bool", "T", True),
        ("bool", "F", False),
        ("enum", "udp", "udp"),
        ("addr", "fe80::1%eth0", "fe80::1%eth0"),
        ("string", "(empty)", ""),
        ("string", r"\x28empty)", "(empty)"),
        ("string", r"\x2d", "-"),
        ("string", r"\x23a", "#a"),
        ("string", r"a\x09b", r"a\x09b"),
        ("string", r"*\x00\x00", r"*\x00\x00"),
        ("string", r"C:\\x41", r"C:\x41"),
        ("string", r"a\\", "a\\"),
        ("string", r"a\q\x4", r"a\q\x4"),
        ("string", r"\xe2\x80\x99", "’"),
        ("string", r"\xff\xe2\x80", r"\xff\xe2\x80"),
        ("string", "’", "’"),
        ("string", 'say "hi"', 'say "hi"'),
        ("string", "a\x01b", "a\x01b"),
        ("set[string]", "(empty)", []),
        ("set[string]", "a,b", ["a", "b"]),
        ("vector[string]", r"TXT 3 a\x2cb,c", ["TXT 3 a,b", "c"]),
        ("vector[string]", "a,-,(empty)", ["a", None, ""]),
        ("vector[interval]", "36.000000,1000.000000", [36.0, 1000.0]),
        ("vector[addr]", "::1,10.0.0.1", ["::1", "10.0.0.1"]),
        ("set[enum]", "HTTP::URI_SQLI", ["HTTP::URI_SQLI"]),
        ("pattern", "/x/", "/x/"),
    ],
)
def test_a_cell_becomes_what_zeek_s_json_has(kind: str, cell: str, value: Any) -> None:
    assert convert("x", kind, cell) == {"x": value}


@pytest.mark.parametrize("kind", ["time", "count", "bool", "string", "vector[string]"])
def test_an_unset_cell_is_left_out(kind: str) -> None:
    assert convert("x y", f"{kind} string", "-\tb") == {"y": "b"}


@pytest.mark.parametrize(
    ("kind", "cell"),
    [("time", "yesterday"), ("count", "007"), ("port", "1_0"), ("bool", "yes"), ("int", "٣")],
)
def test_a_cell_that_is_not_of_its_type_stays_text(kind: str, cell: str) -> None:
    assert convert("x", kind, cell) == {"x": cell}


@pytest.mark.parametrize("line", ["", "a", "a\tb", "a\tb\tc\td"])
def test_a_line_with_other_cells_than_the_header_has_no_record(line: str) -> None:
    assert convert("x y z", "string string string", line) is None


@pytest.mark.parametrize("cells", [13, 14, 16])
def test_missing_and_surplus_cells_are_noticed_among_columns_that_are_taken_as_one(
    cells: int,
) -> None:
    fields = (
        "ts uid query qclass qclass_name qtype qtype_name rcode rcode_name AA TC RD RA Z answers"
    )
    assert convert(fields, "", "\t".join(["1"] * cells)) is None
    assert len(convert(fields, "", "\t".join(["1"] * 15))) == 15


def test_without_types_zeek_s_own_are_taken_by_name() -> None:
    assert convert("ts qtype AA answers TTLs note", "", "1.5\t28\tT\ta,b\t60.0\t7") == {
        "ts": 1.5,
        "qtype": 28,
        "AA": True,
        "answers": ["a", "b"],
        "TTLs": [60.0],
        "note": "7",
    }


def test_a_column_of_ever_new_values_is_not_remembered_for_ever() -> None:
    to_json = json_lines(Header(fields=("uid", "query"), types=("string", "string")))
    texts = [to_json(f"C{number}\t-") for number in range(20_000)]
    assert texts[-1] == '{"uid":"C19999"}'
    assert texts[0] == '{"uid":"C0"}'
    assert to_json("-\t(empty)") == '{"query":""}'


def test_a_header_is_read_from_its_lines() -> None:
    header = None
    for line in [
        r"#separator \x09",
        "#set_separator\t;",
        "#empty_field\tEMPTY",
        "#unset_field\tUNSET",
        "#path\tdns",
        "#open\t2024-04-12-19-29-12",
        "#fields\tts\tanswers",
        "#types\ttime\tvector[string]",
        "#close\t2024-04-12-20-00-00",
    ]:
        header = read_directive(header, line)
    assert header == Header(
        "\t", ";", "EMPTY", "UNSET", "dns", ("ts", "answers"), ("time", "vector[string]")
    )
    assert json_lines(header)("UNSET\ta;EMPTY;UNSET") == '{"answers":["a","",null]}'


def test_another_separator_is_taken() -> None:
    header = read_directive(None, r"#separator \x7c")
    header = read_directive(header, "#fields|ts|query")
    assert json_lines(header)("1.5|a") == '{"ts":1.5,"query":"a"}'


def test_new_fields_drop_the_old_types() -> None:
    header = Header(fields=("a", "b"), types=("count", "count"))
    assert read_directive(header, "#fields\tc\td").types == ()


def test_names_of_too_many_columns_are_no_header() -> None:
    names = [f"c{number}" for number in range(MAX_COLUMNS + 1)]
    most, over = "\t".join(names[:-1]), "\t".join(names)
    assert read_directive(None, f"#fields\t{most}").fields == tuple(names[:-1])
    assert read_directive(Header(fields=("a",)), f"#fields\t{over}").fields == ()
    assert read_directive(None, f"#types\t{over}").types == ()
    assert read_column_line(most) == Header(fields=tuple(names[:-1]))
    assert read_column_line(over) is None


@pytest.mark.parametrize("line", ["#", "#fields", "#separator ", "#types", "# a remark", "#\x00"])
def test_an_odd_comment_line_is_no_error(line: str) -> None:
    assert read_directive(None, line).separator == "\t"


@pytest.mark.parametrize("line", ["{}", "ts", "1.5\tC1", "", "a b\tc", '{"ts":1}\tx'])
def test_a_line_of_values_is_no_column_line(line: str) -> None:
    assert read_column_line(line) is None


def as_zeek_writes(raw: bytes, inside: str = "") -> str:
    """Independent of the code under test: LogAscii's escapes of a string's bytes."""
    text = raw.decode("utf-8", "surrogateescape")
    cell = ""
    for number, sign in enumerate(text):
        code = ord(sign)
        if sign == "\\":
            cell += "\\\\"
        elif 0xDC80 <= code <= 0xDCFF:
            cell += f"\\x{code - 0xDC00:02x}"
        elif code < 32 or code == 127 or sign in inside or (number == 0 and sign == "#"):
            cell += f"\\x{code:02x}"
        else:
            cell += sign
    if cell in ("-", "(empty)"):
        cell = f"\\x{ord(cell[0]):02x}" + cell[1:]
    return cell


def as_zeek_s_json(raw: bytes) -> str:
    """What a reader of the JSON log gets for the same bytes."""
    text = raw.decode("utf-8", "surrogateescape")
    return "".join(
        f"\\x{ord(sign) & 0xFF:02x}"
        if ord(sign) < 32 or ord(sign) == 127 or 0xDC80 <= ord(sign) <= 0xDCFF
        else sign
        for sign in text
    )


@given(st.one_of(st.binary(min_size=1), st.text(min_size=1).map(str.encode)))
def test_any_string_reads_the_same_from_tsv_and_json(raw: bytes) -> None:
    assert convert("x y", "string string", as_zeek_writes(raw) + "\tb") == {
        "x": as_zeek_s_json(raw),
        "y": "b",
    }


@given(st.lists(st.binary(min_size=1), min_size=1))
def test_any_vector_of_strings_reads_the_same_from_tsv_and_json(raws: list[bytes]) -> None:
    cell = ",".join(as_zeek_writes(raw, inside=",") for raw in raws)
    expected = [as_zeek_s_json(raw) for raw in raws]
    assert convert("x", "vector[string]", cell) == {"x": expected}


@given(st.text(), st.sampled_from(["time", "count", "bool", "string", "set[count]", ""]))
def test_whatever_a_line_holds_its_text_is_json_or_none(line: str, kind: str) -> None:
    header = Header(fields=("a", "qtype", "rcode"), types=(kind,) * 3)
    text = json_lines(header)(line)
    assert text is None or isinstance(json.loads(text), dict)


@given(st.binary())
def test_bytes_are_always_valid_text(raw: bytes) -> None:
    assert keep_broken(raw).encode() or not raw
    assert unescape(keep_broken(raw)).encode() or not raw
