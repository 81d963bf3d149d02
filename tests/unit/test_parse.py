"""Every form of a message that a Kafka consumer of Zeek's records meets, and what is no record."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from pipeline.enrich import with_names
from pipeline.feed import DNS
from pipeline.parse import parsed, run

FIELDS = ["ts", "id.orig_h", "query", "qtype_name", "rcode_name", "rtt", "answers", "TTLs", "AA"]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TS = datetime(2018, 3, 24, 17, 15, 20, 865716, tzinfo=UTC)
RECORD = (
    '"uid":"CqKst53mF3det3eDV9","id.orig_h":"10.47.1.100","id.orig_p":41772,"id.resp_h":"10.0.0.1",'
    '"id.resp_p":53,"proto":"udp","trans_id":36329,"rtt":0.00087,"query":"ise.wrccdc.org",'
    '"qclass":1,"qclass_name":"C_INTERNET","qtype":1,"qtype_name":"A","rcode":0,'
    '"rcode_name":"NOERROR","AA":false,"TC":false,"RD":true,"RA":true,"Z":0,'
    '"answers":["ise.example","134.71.3.16"],"TTLs":[2230.0,41830.0],"rejected":false'
)
PLAIN = '{"ts":1521911720.865716,' + RECORD + "}"
PARSED = {
    "ts": TS,
    "id_orig_h": "10.47.1.100",
    "query": "ise.wrccdc.org",
    "qtype_name": "A",
    "rcode_name": "NOERROR",
    "rtt": 0.00087,
    "answers": ["ise.example", "134.71.3.16"],
    "TTLs": [2230.0, 41830.0],
    "AA": False,
    "status": None,
    "sample": None,
}


def read(*values: str | bytes | None, topic: str = "zeek", **options: Any) -> list[dict[str, Any]]:
    """Values as they come from a topic, to rows in the same order."""
    binary = [value.encode() if isinstance(value, str) else value for value in values]
    lines = pa.table({"value": pa.array(binary, pa.binary()), "topic": [topic] * len(binary)})
    rows = run(lines, parsed(DNS, FIELDS, **options)).to_pylist()
    for row in rows:
        row["ts"] = None if row["ts"] is None else EPOCH + timedelta(microseconds=row["ts"])
    return rows


TSV = (
    "1521911720.865716\tCqKst53mF3det3eDV9\t10.47.1.100\t41772\t10.0.0.1\t53\tudp\t36329\t0.000870\t"
    "ise.wrccdc.org\t1\tC_INTERNET\t1\tA\t0\tNOERROR\tF\tF\tT\tT\t0\tise.example,134.71.3.16\t"
    "2230.000000,41830.000000\tF"
)
SAME_RECORD = {
    "B1 a TSV line on its own": TSV,
    "B1 a TSV line of Zeek 8.1, with its end": TSV + "\t0\tquery\n",
    "A1 seconds, the default": PLAIN,
    "A2 integer milliseconds": '{"ts":1521911720866,' + RECORD + "}",
    "A3 ISO 8601": '{"ts":"2018-03-24T17:15:20.865716Z",' + RECORD + "}",
    "A3 ISO 8601, a blank after the colon": '{"ts": "2018-03-24T17:15:20.865716Z", ' + RECORD + "}",
    "ISO 8601 of another zone": '{"ts":"2018-03-24T19:45:20.865716+02:30",' + RECORD + "}",
    "ISO 8601 without a zone is UTC": '{"ts":"2018-03-24T17:15:20.865716",' + RECORD + "}",
    "A4 tagged, a blank after the colon": '{"dns": ' + PLAIN + "}",
    "A5 tagged, no blank": '{"dns":' + PLAIN + "}",
    "A6 tagged, with static values": '{"dns": ' + PLAIN + ',"SENSOR": "east"}',
    "A7 tagged, a second filter": '{"dns-2": ' + PLAIN + "}",
    "A7 tagged, a path of one's own": '{"shew_zeek_dns": ' + PLAIN + "}",
    "B3 JSON lines": PLAIN,
    "B4 unset fields as null": '{"ts":1521911720.865716,"opcode":null,' + RECORD + "}",
    "B5 _path and _write_ts": '{"_path":"dns","_write_ts":"2018-03-24T17:15:21Z",' + PLAIN[1:],
    "B5 _path last": PLAIN[:-1] + ',"_path":"dns"}',
    "B6 another separator": PLAIN.replace("id.", "id_"),
    "B8 node name before": '{"_node_name":"w1","_write_ts":1521911721.1,' + PLAIN[1:],
    "B8 system name before": '{"_stream":"dns","_system_name":"a",' + PLAIN[1:],
    "B9 @stream": '{"@stream":"dns","@system":"a","@proc":"zeek",'
    + PLAIN[1:].replace("id.", "id_"),
    "B11 Splunk export": json.dumps({"preview": False, "result": {"_raw": PLAIN}}),
    "newer fields": PLAIN[:-1] + ',"opcode":0,"opcode_name":"query","label":"x"}',
    "blanks around": "  " + PLAIN + " \r\n",
}


def test_every_form_of_a_record_is_read_as_the_same_record() -> None:
    rows = dict(zip(SAME_RECORD, read(*SAME_RECORD.values()), strict=True))
    milliseconds = rows["A2 integer milliseconds"]
    assert milliseconds["ts"] == TS.replace(microsecond=866000)
    milliseconds["ts"] = TS
    assert rows == dict.fromkeys(SAME_RECORD, PARSED)


def test_a_tsv_line_of_bro_2_has_no_rtt() -> None:
    line = TSV.replace("\t0.000870\t", "\t")
    assert read(line) == [PARSED | {"rtt": None}]


@pytest.mark.parametrize(
    "line", ["#fields\tts\tuid", "#separator \\x09", "#close\t2018-03-24-18-00"]
)
def test_a_header_line_that_comes_over_kafka_is_no_record(line: str) -> None:
    assert read(line)[0]["status"] == "header"
    assert read("#1 " + line)[0]["status"] == "not JSON"


def test_tsv_lines_among_others_keep_their_place() -> None:
    lines = [PLAIN, "hello", TSV, '{"dns": ' + PLAIN + "}", TSV + "\t1", TSV]
    found = [row["status"] or row["query"] for row in read(*lines)]
    name = "ise.wrccdc.org"
    assert found == [name, "not JSON", name, name, "TSV without its header", name]


def test_a_file_reader_s_own_verdict_on_a_tsv_line_stays() -> None:
    [row] = read(TSV, topic="#no header")
    assert (row["status"], row["sample"]) == ("no header", TSV)


def test_a_renamed_field_is_found_by_the_setting() -> None:
    line = PLAIN.replace('"id.orig_h"', '"src"').replace('"ts"', '"when"')
    renamed = {"src": "id.orig_h", "when": "ts"}
    assert read(line)[0]["status"] == "no ts"
    assert read(line, renamed=renamed) == [PARSED]
    iso = line.replace("1521911720.865716", '"2018-03-24T17:15:20.865716Z"')
    assert read(iso, renamed=renamed) == [PARSED]


def test_a_renamed_field_may_differ_from_zeeks_in_case_only() -> None:
    line = PLAIN.replace('"ts"', '"TS"').replace('"query"', '"Query"')
    assert read(line, renamed={"TS": "ts", "Query": "query", "it's": "uid"}) == [PARSED]
    assert read(PLAIN, renamed={"TS": "ts"}) == [PARSED]


REFUSED: dict[str, tuple[str | bytes | None, str]] = {
    "a tombstone": (None, "empty"),
    "nothing": ("", "empty"),
    "blanks": (" \t", "empty"),
    "text": ("hello", "not JSON"),
    "a TSV line of a log that is not known": (
        "1521911720.865716\tCqKst53mF3det3eDV9\t10.47.1.100",
        "TSV without its header",
    ),
    "A2 before 1970, unsigned": ('{"ts":18446744073709551116,' + RECORD + "}", "ts is no time"),
    "a TSV line of conn.log": (TSV.replace("udp", "icmp"), "TSV without its header"),
    "bytes": (b"\xff\xfe\x00{", "not JSON"),
    "a cut record": (PLAIN[:80], "not JSON"),
    "an opened record": ("{", "not JSON"),
    "two glued records": (PLAIN + PLAIN, "not JSON"),
    "a record that closes ours": (PLAIN + '},"end":1}', "not JSON"),
    "a name of a megabyte": (PLAIN.replace("ise.", "x" * 20_000), "a field too long"),
    "an empty list": ("[]", "not JSON"),
    "a list of records": (f"[{PLAIN}]", "not JSON"),
    "null": ("null", "not JSON"),
    "nesting without end": ('{"a":' * 5000, "not JSON"),
    "a number without end": ('{"ts":' + "1" * 5000 + "," + RECORD + "}", "ts is no time"),
    "a value that the plugin does not escape": (
        '{"dns": ' + PLAIN + ',"A": "a"b"}',
        "not JSON",
    ),
    "a long line": ('{"query":"' + "x" * 60_000 + '"}', "too long"),
    "no ts": ("{" + RECORD + "}", "no ts"),
    "ts null": ('{"ts":null,' + RECORD + "}", "no ts"),
    "ts a word": ('{"ts":"yesterday",' + RECORD + "}", "ts is no time"),
    "ts a time of day": ('{"ts":"12:30",' + RECORD + "}", "ts is no time"),
    "ts beyond all years": ('{"ts":1e300,' + RECORD + "}", "ts is no time"),
    "ts before all logs": ('{"ts":"0001-03-24T17:15:20Z",' + RECORD + "}", "ts is no time"),
    "half a surrogate pair": (PLAIN.replace("ise.wrccdc", "\\ud800"), "not JSON"),
    "a bare tab in a text": (PLAIN.replace("ise.wrccdc", "a\tb"), "not JSON"),
    "no host": (PLAIN.replace('"id.orig_h":"10.47.1.100",', ""), "no id.orig_h"),
}


def test_what_is_no_record_is_refused_for_a_reason_with_a_sample() -> None:
    lines = [value for value, _ in REFUSED.values()]
    *rows, good = read(*lines, PLAIN, max_bytes=60_000)
    found = dict(zip(REFUSED, (row["status"] for row in rows), strict=True))
    assert found == {what: reason for what, (_, reason) in REFUSED.items()}
    assert all(row["sample"] is not None and len(row["sample"]) <= 1000 for row in rows)
    assert good == PARSED


def test_a_line_cannot_give_itself_a_status() -> None:
    forged = PLAIN + '},"early":"header","start":"forged","topic":"conn","x":{"y":{}'
    [row] = read(forged)
    assert (row["status"], row["sample"]) == ("not JSON", forged)


def test_a_sample_is_the_line_as_it_came() -> None:
    [cut, glued] = read(PLAIN[:80], PLAIN[:-1])
    assert cut["sample"] == PLAIN[:80]
    assert glued["sample"] == PLAIN[:-1]


OTHER_FEED = {
    '{"http": {"ts":1.5,"uid":"C1","id.orig_h":"10.0.0.1","host":"a.example"}}': "http",
    '{"_path":"conn","ts":1.5,"id.orig_h":"10.0.0.1","query":"x"}': "conn",
    '{"ts":1.5,"uid":"C1","id.orig_h":"10.0.0.1","service":"dns","conn_state":"SF"}': "unnamed",
    "{}": "unnamed",
}


def test_a_record_of_another_log_is_told_by_its_name_or_by_its_fields() -> None:
    rows = read(*OTHER_FEED, PLAIN)
    assert [(row["status"], row["sample"]) for row in rows] == [
        *(("other feed", feed) for feed in OTHER_FEED.values()),
        (None, None),
    ]


def test_a_readers_own_verdict_is_the_status() -> None:
    assert read("#fields\tts", topic="#header")[0]["status"] == "header"
    assert read("a\tb", topic="#no header")[0]["status"] == "no header"


def test_one_value_of_another_type_costs_that_value_only() -> None:
    line = PLAIN.replace('"rtt":0.00087', '"rtt":"fast"').replace('"AA":false', '"AA":"never"')
    assert read(line) == [PARSED | {"rtt": None, "AA": None}]
    iso = line.replace("1521911720.865716", '"2018-03-24T17:15:20.865716Z"')
    assert read(iso) == [PARSED | {"rtt": None, "AA": None}]


def test_unset_fields_may_be_null() -> None:
    unset = {"rtt": None, "query": None, "rcode_name": None, "answers": None, "AA": None}
    assert read(json.dumps(json.loads(PLAIN) | unset)) == [PARSED | unset]


@pytest.mark.parametrize(
    ("written", "name"),
    [(r"a\u0001b", "a\x01b"), (r"a\udb80\udc41b", "a\U000f0041b"), (r"a\\xffb", r"a\xffb")],
)
def test_bytes_that_zeek_escapes_are_read_as_json_says(written: str, name: str) -> None:
    line = PLAIN.replace("ise.wrccdc.org", written, 1)
    assert read(line) == [PARSED | {"query": name}]


def test_1970_and_before_are_times() -> None:
    rows = read(*(f'{{"ts":{ts},{RECORD}}}' for ts in ("0", "0.5", "-1.5")))
    assert [row["ts"].timestamp() for row in rows] == [0, 0.5, -1.5]


HOSTILE = [
    "=cmd|'/c calc'!A1",
    "<img src=x>",
    "[a](http://b)",
    "\u202egnp.exe",
    "\\xe2\\x80",
    "ü.example",
]


def test_hostile_names_come_through_as_they_are() -> None:
    lines = [PLAIN.replace('"ise.wrccdc.org"', json.dumps(name)) for name in HOSTILE]
    assert [row["query"] for row in read(*lines)] == HOSTILE


def test_names_are_lower_case_without_their_last_dot_and_null_when_there_is_none() -> None:
    given = {"WWW.Example.COM.": "www.example.com", "(empty)": None, "": None, ".": None}
    lines = pa.table({"value": [""] * len(given), "topic": list(given)})
    numbers = (
        "NULL::VARCHAR AS qtype_name, 65400 AS qtype, NULL::VARCHAR AS rcode_name, 23 AS rcode"
    )
    found = run(lines, with_names(f"SELECT topic AS query, {numbers} FROM lines")).to_pylist()
    assert [row["query"] for row in found] == list(given.values())
    assert {(row["qtype_name"], row["rcode_name"]) for row in found} == {("TYPE65400", "RCODE23")}
