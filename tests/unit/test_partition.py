"""One partition's lines to counted rows, without Spark."""

import json
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest

from pipeline.aggregate import COUNTED_FIELDS, count_lines, packed, packed_counts, unpacked
from pipeline.enrich import with_names
from pipeline.feed import DNS, PACKED
from pipeline.parse import parsed


def counts_of(*lines: str) -> list[dict[str, Any]]:
    """COUNTS of lines that stand in one partition in this order."""
    values = pa.table({"value": list(lines), "topic": ["dns"] * len(lines)})
    return count_lines(values, with_names(parsed(DNS, COUNTED_FIELDS))).to_pylist()


def record(ts: float, **fields: object) -> str:
    return json.dumps({"ts": ts, "id.orig_h": "10.0.0.1", "query": "a.example.com", **fields})


def test_a_newest_record_without_answers_is_not_given_an_older_ones() -> None:
    older = record(101.0, uid="C1", answers=["192.0.2.1"])
    [row] = counts_of(older, record(109.0, uid="C2"), record(105.0, answers=["192.0.2.2"]))
    assert (row["uid"], row["answers"]) == ("C2", None)


def test_samples_are_the_last_of_each_reason_newest_last() -> None:
    junk = [f"junk {number}" for number in range(3_000)]
    timeless = [f'{{"query": "n{number}.example"}}' for number in range(3_000)]
    lines = [line for pair in zip(junk, timeless, strict=True) for line in pair]
    rows = counts_of(record(1.0), *lines, record(2.0))
    found: dict[str, list[str]] = {}
    for row in rows:
        if row["status"] and not row["count"]:
            found.setdefault(row["status"], []).append(row["sample"])
    assert found == {"not JSON": junk[-5:], "no ts": timeless[-5:]}


def test_what_travels_is_compressed_and_comes_back_as_it_was() -> None:
    values = [record(100.5 + n, query=f"n{n}.example.com") for n in range(500)]
    lines = pa.table({"value": values, "topic": ["dns"] * len(values)})
    counts = count_lines(lines, with_names(parsed(DNS, COUNTED_FIELDS)))
    pack = packed(counts)
    assert len(pack) < 0.8 * counts.nbytes
    assert unpacked(pa.table({PACKED: [pack, pack]})) == pa.concat_tables([counts, counts])


def test_what_goes_wrong_while_lines_are_read_ahead_is_raised() -> None:
    records = with_names(parsed(DNS, COUNTED_FIELDS))

    def lines() -> Iterator[pa.RecordBatch]:
        yield pa.record_batch({"value": ["x" * 1000] * 60_000, "topic": ["dns"] * 60_000})
        raise OSError("the disk is gone")

    counts = packed_counts(lines(), records)
    assert unpacked(pa.Table.from_batches([next(counts)])).num_rows
    with pytest.raises(OSError, match="the disk is gone"):
        next(counts)
