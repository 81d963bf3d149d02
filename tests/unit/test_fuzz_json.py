"""The JSON parser against Python's json, on any record in any of its forms, and on any bytes."""

import json
import math
from collections import Counter
from functools import cache
from typing import Any

import pyarrow as pa
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from pipeline.aggregate import COUNTED_FIELDS, count_lines
from pipeline.enrich import with_names
from pipeline.feed import DNS, OTHER_PATHS
from pipeline.parse import parsed, run
from tests.reference import agrees, lenient, read_json

FIELDS = list(DNS.fields)
fuzzed = settings(
    max_examples=settings().max_examples // 3,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
RECORDS = with_names(parsed(DNS, COUNTED_FIELDS))


def rows_of(lines: list[bytes]) -> list[dict[str, Any]]:
    """One parsed row a line."""
    rows = run(as_table(lines), parsed(DNS, FIELDS)).to_pylist()
    assert len(rows) == len(lines)
    return rows


def as_table(lines: list[bytes]) -> pa.Table:
    """Lines as a topic hands them over."""
    values = pa.array(lines, pa.binary())
    return pa.table({"value": values, "topic": pa.array(["zeek"] * len(lines), pa.string())})


# Values: as Zeek writes them, and as it never would.

NAMES = st.one_of(
    st.sampled_from(["a.example.com", "", ".", "*", "xn--bcher-kva.example", "(empty)", "#"]),
    st.from_regex(r"([a-z0-9_-]{1,20}\.){1,4}[A-Za-z]{2,10}\.?", fullmatch=True),
    st.text(max_size=40),
    st.text(st.characters(min_codepoint=0x202A, max_codepoint=0x206F), min_size=1, max_size=4),
    st.integers(1_000, 1_200).map("n".__mul__),
)  # fmt: skip
SECONDS = st.floats(-3e9, 8e9) | st.floats(1.4e9, 1.9e9).map(lambda ts: round(ts, 6))
ISO = st.datetimes().map(lambda time: time.isoformat()) | st.datetimes().map(
    lambda time: time.isoformat(timespec="microseconds")
)
TIMES = st.one_of(
    SECONDS,
    SECONDS.map(lambda ts: int(ts * 1000)),
    st.builds(str.__add__, ISO, st.sampled_from(["Z", "", "+00:00", "+02:00", "-05:30"])),
)
ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.sampled_from([2**63, -(2**63), 10**400, "1_0", "1e9", "T", "nan", "-inf", "0x10", ""]),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.sampled_from([*FIELDS, "x", ""]), inner, max_size=4),
    max_leaves=8,
)  # fmt: skip
OF_TYPE: dict[str, st.SearchStrategy[Any]] = {
    "time": TIMES,
    "interval": st.floats(0, 1e4) | st.integers(0, 100),
    "count": st.integers(0, 2**63 - 1) | st.integers(0, 300),
    "port": st.integers(0, 65535),
    "bool": st.booleans(),
    "vector[string]": st.lists(NAMES, max_size=4),
    "set[string]": st.lists(NAMES, max_size=4),
    "vector[interval]": st.lists(st.floats(0, 1e6), max_size=4),
}
KEYS = st.sampled_from(["x", "TS", "Query", "ID.ORIG_H", "_path", "@stream", "_write_ts", "id", ""])


def value_of(name: str) -> st.SearchStrategy[Any]:
    """Mostly of the field's type."""
    fit = OF_TYPE.get(DNS.fields[name], NAMES)
    return st.one_of(fit, fit, fit, fit, st.none(), ODD)


@st.composite
def pairs(draw: st.DrawFn) -> list[tuple[str, Any]]:
    """Keys and values of a record, in any order, some of them twice."""
    optional = draw(st.lists(st.sampled_from(FIELDS), max_size=12))
    names = ["ts", "id.orig_h", "query", *optional]
    dropped = draw(st.sets(st.sampled_from(names), max_size=1)) if draw(st.booleans()) else set()
    found = [
        (draw(st.sampled_from([name, name.replace(".", "_"), name.replace(".", "-")])),
         draw(value_of(name)))
        for name in names if name not in dropped
    ]  # fmt: skip
    found += draw(st.lists(st.tuples(KEYS | st.text(max_size=3), ODD), max_size=3))
    paths = st.sampled_from(["dns", "dns-2", "dns_3", "dns-x", "my_dns", *OTHER_PATHS[:3]])
    found += draw(st.lists(st.tuples(st.sampled_from(["_path", "@stream"]), paths), max_size=1))
    return draw(st.permutations(found)) if draw(st.booleans()) else found


# Texts: the same record as any writer of JSON may spell it.


@st.composite
def spelled(draw: st.DrawFn, value: Any) -> str:
    """A value as JSON: blanks, escapes and spellings of numbers are free."""
    blank = draw(st.sampled_from(["", "", "", " ", "\t", "\n "]))
    if isinstance(value, list) and value and isinstance(value[0], tuple):
        inner = [f"{draw(text(key))}{blank}:{draw(spelled(each))}" for key, each in value]
        return blank + "{" + ",".join(inner) + "}" + blank
    if isinstance(value, str):
        return blank + draw(text(value)) + blank
    if isinstance(value, float) and math.isfinite(value):
        return blank + json.dumps(value).replace("e", draw(st.sampled_from("eE"))) + blank
    return blank + json.dumps(value, ensure_ascii=draw(st.booleans())) + blank


@st.composite
def text(draw: st.DrawFn, value: str) -> str:
    """A JSON string, some characters of which are escaped without need."""
    every = draw(st.sampled_from([0, 0, 0, 1, 3]))
    if not every:
        return json.dumps(value, ensure_ascii=draw(st.booleans()))
    return '"' + "".join(
        json.dumps(sign)[1:-1] if at % every else escaped(sign) for at, sign in enumerate(value)
    ) + '"'  # fmt: skip


def escaped(sign: str) -> str:
    """A character as one or two \\uXXXX."""
    raw = sign.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{raw[at : at + 2].hex()}" for at in range(0, len(raw), 2))


@st.composite
def messages(draw: st.DrawFn) -> str:
    """A record in any form: plain, tagged, tagged with more beside it, or in Splunk's export."""
    record = draw(pairs())
    if draw(st.sampled_from(["plain", "plain", "tagged", "tagged"])) == "tagged":
        tags = st.sampled_from(["dns", "dns-2", "shew_zeek_dns", "conn", "x" * 101, "d\u00e4s"])
        more = draw(st.lists(st.tuples(st.text(max_size=4), st.text(max_size=4)), max_size=2))
        record = [(draw(tags | st.text(max_size=3)), record), *more]
    message = draw(spelled(record)).replace("\n", " ")
    if draw(st.sampled_from(range(6))) == 0:
        around = {"preview": False, "result": {"_raw": message, "host": "x"}}
        return json.dumps(around, separators=(",", ":"), ensure_ascii=draw(st.booleans()))
    return message


def clean(line: str) -> bytes:
    """As bytes; what is no text stays none."""
    return line.encode("utf-8", "surrogatepass")


@fuzzed
@given(st.lists(messages(), min_size=1, max_size=8))
def test_a_record_in_any_form_has_the_fields_that_python_s_json_reads(lines: list[str]) -> None:
    texts = [clean(line).decode(errors="replace") for line in lines]
    for line, row in zip(texts, rows_of([clean(line) for line in lines]), strict=True):
        verdict = read_json(line, FIELDS)
        event(f"{row['status']}")
        assert agrees(row, verdict), (line, row, verdict)


# Junk: any bytes, and records with some bytes changed.

GOOD = [
    b'{"ts":1521911720.865716,"uid":"C%d","id.orig_h":"10.47.1.%d","id.resp_h":"10.0.0.1",'
    b'"rtt":0.00087,"query":"n%d.example.com","qtype":1,"qtype_name":"A","rcode":0,'
    b'"rcode_name":"NOERROR","AA":false,"answers":["a.example","134.71.3.16"],"TTLs":[2230.0]}'
    % (n, n % 3, n % 5)
    for n in range(10)
]
SCRAPS = [
    b"{", b"}", b"[", b"]", b'"', b",", b":", b"\\", b"\\u", b"\\ud800", b"\x00", b"\xff",
    b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\t", b" ", b"null", b"NaN", b"1e999", b"-", b"#", b"'",
    b'"ts":', b'"_raw":', b'{"dns":', b'{"ts":', b'"query":"', b"/*x*/", b"\r",
]  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A record with a few pieces cut out, doubled, or put in."""
    line = draw(st.sampled_from(GOOD) | messages().map(clean))
    for _ in range(draw(st.integers(1, 4))):
        begin = draw(st.integers(0, len(line)))
        end = min(len(line), begin + draw(st.sampled_from([0, 0, 1, 1, 2, 8, 50, 10_000])))
        put = draw(st.sampled_from(SCRAPS) | st.binary(max_size=3) | st.just(line[begin:end] * 2))
        line = line[:begin] + put + line[end:]
    return line


junk = st.one_of(mutated(), mutated(), st.binary(max_size=60), st.sampled_from(SCRAPS))


@fuzzed
@given(st.lists(junk, min_size=1, max_size=12))
def test_whatever_bytes_a_line_has_its_verdict_is_that_of_python_s_json(lines: list[bytes]) -> None:
    """But for commas before a bracket and spellings of NaN, which DuckDB forgives."""
    for line, row in zip(lines, rows_of(lines), strict=True):
        told = line.decode(errors="replace")
        verdict = read_json(told, FIELDS)
        event(f"{row['status']}")
        forgiven = "not JSON" in verdict.statuses and lenient(told)
        assert forgiven or agrees(row, verdict), (line, row, verdict)


def counts_of(lines: list[bytes]) -> Counter[Any]:
    """What a batch comes to: records by all their keys, and all else by reason."""
    found: Counter[Any] = Counter()
    names = ("bucket", "id_orig_h", "query", "registered_domain", "qtype_name", "rcode_name")
    for row in count_lines(as_table(lines), RECORDS).to_pylist():
        told = row["sample"] if row["status"] == "other feed" else None
        found[(row["status"], told, *(row[name] for name in names))] += row["count"]
    return +found


@cache
def counts_of_good(number: int) -> Counter[Any]:
    """What one good record comes to alone."""
    return counts_of([GOOD[number]])


@fuzzed
@given(st.lists(junk, max_size=12), st.lists(st.integers(0, 9), max_size=12), st.randoms())
def test_good_records_count_the_same_beside_any_neighbours_in_any_batches(
    bad: list[bytes], picked: list[int], chance: Any
) -> None:
    lines = [*(GOOD[n] for n in picked), *bad]
    chance.shuffle(lines)
    cut = chance.randint(0, len(lines))
    first, second = counts_of(lines[:cut]), counts_of(lines[cut:])
    assert first.total() == cut
    assert first + second == counts_of(lines)
    good = sum(map(counts_of_good, picked), Counter())
    assert (first + second - good).total() == len(bad)
