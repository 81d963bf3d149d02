"""Records to counted rows, against a count in plain Python."""

import gzip
import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.batch import make_batch
from pipeline.enrich import registered_domain
from pipeline.feed import PARTIALS
from tests.made import counted


def counts_of(lines: list[str]) -> pa.Table:
    return counted(lines, partitions=3)


def record(ts: float, **fields: object) -> str:
    return json.dumps({"ts": ts, "id.orig_h": "10.0.0.1", "query": "a.example.com", **fields})


def test_rows_sum_rtt_where_there_is_one_and_keep_the_newest_records_answers() -> None:
    counts = counts_of(
        [
            record(100.5, rtt=0.25, uid="C1", answers=["old"], rcode_name="NOERROR"),
            record(109.9, rtt=0.5, uid="C3", answers=["1.2.3.4", "5.6.7.8"], rcode_name="NOERROR"),
            record(103.0, uid="C2", answers=["x"], rcode_name="NOERROR"),
            record(110.0, uid="C4", rcode_name="NOERROR"),
            record(101.0, uid="C5"),
        ],
    )
    merged: dict[tuple[object, ...], list[float]] = {}
    for row in counts.to_pylist():
        key = (row["bucket"].timestamp(), row["rcode_name"])
        old = merged.setdefault(key, [0, 0.0, 0])
        merged[key] = [old[0] + row["count"], old[1] + row["rtt_sum"], old[2] + row["rtt_count"]]
    assert merged == {
        (100.0, "NOERROR"): [3, 0.75, 2],
        (110.0, "NOERROR"): [1, 0.0, 0],
        (100.0, None): [1, 0.0, 0],
    }
    newest = max(
        counts.to_pylist(), key=lambda row: (row["bucket"].timestamp() == 100, row["last_ts"])
    )
    assert (newest["uid"], newest["answers"]) == ("C3", "1.2.3.4, 5.6.7.8")
    assert newest["last_ts"] == datetime.fromtimestamp(109.9, UTC)


def test_an_rtt_that_is_no_number_spoils_no_sum() -> None:
    lines = [record(1.0, rtt=0.5), '{"ts":2.0,"id.orig_h":"10.0.0.1","query":"a.b","rtt":NaN}']
    lines += [record(3.0, rtt=value) for value in (1.7e308, -1, "Infinity")]
    rows = counts_of(lines).to_pylist()
    assert sum(row["rtt_sum"] for row in rows) == 0.5
    assert sum(row["rtt_count"] for row in rows) == 1
    assert sum(row["count"] for row in rows) == 5


def test_a_bucket_before_1970_begins_before_its_records() -> None:
    [row] = counts_of([record(-1.5)]).to_pylist()
    assert row["bucket"].timestamp() == -10


def test_what_is_not_counted_is_told_by_reason_with_samples() -> None:
    lines = [f"junk {n}" for n in range(40)] + ['{"_path":"conn","ts":1}'] * 3 + [record(1.0)]
    batch = make_batch("q", 0, {}, counts_of(lines), read=44)
    assert {each.reason: each.count for each in batch.rejects} == {"not JSON": 40}
    assert batch.other_feed == {"conn": 3}
    assert set(batch.rejects[0].samples) < set(lines)
    assert len(batch.rejects[0].samples) >= 5
    assert batch.rows.num_rows == 1
    assert batch.rows.schema == PARTIALS


def test_a_partition_with_nothing_in_it_gives_no_rows() -> None:
    assert counts_of([]).num_rows == 0


DOMAINS = {
    "www.bbc.co.uk": "bbc.co.uk",
    "a.b.example.com": "example.com",
    "example.com": "example.com",
    "co.uk": "(suffix)",
    "com": "(single label)",
    "localhost": "(single label)",
    "printer.local": "(local)",
    "1.0.0.10.in-addr.arpa": "in-addr.arpa",
    "8.b.d.0.1.0.0.2.ip6.arpa": "ip6.arpa",
    "home.arpa": "arpa",
    "10.0.0.1": "(ip literal)",
    "fe80::1%eth0": "(ip literal)",
    "*\\x00\\x00": "(netbios)",
    "dc1.corp.internal": "corp.internal",
    "someone.github.io": "github.io",
    "xn--mnchen-3ya.example.de": "example.de",
    "münchen.de": "münchen.de",
    "a..com": "(suffix)",
    "": "(no query)",
}


@pytest.mark.parametrize("qname", DOMAINS)
def test_each_kind_of_name_has_a_registered_domain_or_a_label(qname: str) -> None:
    assert registered_domain(qname) == DOMAINS[qname]


def test_private_suffixes_are_a_choice() -> None:
    assert registered_domain("a.someone.github.io", True) == "someone.github.io"


def test_a_real_log_is_counted_key_by_key_as_plain_python_counts_it(sample_logs: Path) -> None:
    with gzip.open(sample_logs / "wrccdc-2018" / "dns.json.gz", "rt") as file:
        lines = file.read().splitlines()
    expected: Counter[tuple[object, ...]] = Counter()
    for line in lines:
        zeek = json.loads(line)
        at = int(datetime.fromisoformat(zeek["ts"]).timestamp()) // 10 * 10
        name = zeek.get("query", "").lower().removesuffix(".") or None
        response = zeek.get("rcode_name")
        expected[
            (at, zeek["id.orig_h"], zeek["id.resp_h"], name, zeek.get("qtype_name"), response)
        ] += 1
    counted: Counter[tuple[object, ...]] = Counter()
    for row in counts_of(lines).to_pylist():
        keys = ("id_orig_h", "id_resp_h", "query", "qtype_name", "rcode_name")
        counted[(int(row["bucket"].timestamp()), *(row[key] for key in keys))] += row["count"]
    assert counted == expected
    assert counted.total() == 53_615
