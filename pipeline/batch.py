"""One batch from lines to what the table takes in."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.datasource import DataSourceStreamReader

from pipeline.aggregate import COUNTED_FIELDS, unpacked
from pipeline.enrich import with_names
from pipeline.feed import DNS, PARTIALS
from pipeline.ledger import Batch, Rejects
from pipeline.parse import HEADER, OTHER_FEED, parsed
from pipeline.settings import Settings
from pipeline.source import Offsets
from pipeline.stream import counts_stream

DELETED = "deleted in the source before it was read"


def stream(spark: SparkSession, lines: DataSourceStreamReader, settings: Settings) -> DataFrame:
    """COUNTS of each batch, PACKED, each line parsed once; nothing is read yet."""
    records = parsed(DNS, COUNTED_FIELDS, settings.field_names, settings.max_record_bytes)
    return counts_stream(spark, lines, with_names(records), settings.private_suffixes)


def grouped(packs: DataFrame) -> pa.Table:
    """The only action of a batch: COUNTS of all its partitions."""
    return unpacked(packs.toArrow())


def make_batch(query_id: str, batch_id: int, end: Offsets, counts: pa.Table, read: int) -> Batch:
    """COUNTS as the table takes them."""
    is_counted = pc.is_null(counts["status"])
    rows = counts.filter(is_counted).select(PARTIALS.names)
    others = counts.filter(pc.invert(is_counted)).select(["status", "sample", "count"]).to_pylist()
    feeds = {row["sample"]: 0 for row in others if row["status"] == OTHER_FEED}
    for row in others:
        if row["status"] == OTHER_FEED:
            feeds[row["sample"]] += row["count"]
    headers = sum(row["count"] for row in others if row["status"] == HEADER)
    return Batch(query_id, batch_id, end, rows, read, headers, feeds, tuple(_rejects(others)))


def lost_batch(query_id: str, begin: Offsets, lost: int) -> Batch:
    """So many records read and rejected before the query's first batch, and nothing else."""
    rows = PARTIALS.empty_table()
    return Batch(query_id, -1, begin, rows, lost, 0, {}, (Rejects(DELETED, lost),))


def _rejects(others: list[dict[str, object]]) -> list[Rejects]:
    """Rows with a count count, rows of count 0 carry samples."""
    found: dict[str, tuple[int, list[str]]] = {}
    for row in others:
        reason, count, sample = str(row["status"]), int(str(row["count"])), row["sample"]
        if reason in (OTHER_FEED, HEADER):
            continue
        known, samples = found.get(reason, (0, []))
        found[reason] = (known + count, [*samples, *([str(sample)] if count == 0 else [])])
    return [Rejects(reason, count, tuple(samples)) for reason, (count, samples) in found.items()]


def logged_offsets(checkpoint: Path, batch_id: int) -> str:
    """The end offsets that Spark wrote down before it began the batch, as its source's JSON."""
    lines = (checkpoint / "offsets" / str(batch_id)).read_text().splitlines()
    return json.dumps(json.loads(lines[2]))
