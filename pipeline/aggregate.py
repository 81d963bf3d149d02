"""Lines to counted rows: parsed, named and grouped where they were read; only counts travel.

Each Python worker does that to its partition in one statement of DuckDB's, and looks up the
registered domains of the names that are left.
"""

import gc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.enrich import NETBIOS_TYPES, registered_domains
from pipeline.feed import (
    ANSWER_CHARACTERS,
    BUCKET_SECONDS,
    NETBIOS,
    NO_QUERY,
    PACKED,
    PARTIALS,
    SAMPLES,
)
from pipeline.parse import HEADER, OTHER_FEED, run

COUNTED_FIELDS = (
    "ts uid id.orig_h id.resp_h rtt query qtype qtype_name rcode rcode_name answers".split()
)
BYTES_AT_ONCE = 48_000_000
LONGEST_RTT = 3600.0
BUCKET = BUCKET_SECONDS * 1_000_000

STATUS = pa.schema([pa.field("status", pa.string()), pa.field("sample", pa.string())])
COUNTS = pa.schema([*PARTIALS, *STATUS])
"""What a batch comes to: rows with a null `status` are PARTIALS, the others say what was not
counted (with the feed's name as sample of another feed), and rows of count 0 carry samples: the
last few of a partition, newest last."""

COMPRESSED = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
"""The JVM copies what travels several times, which costs more than to compress it."""

COUNT = f"""
WITH records AS MATERIALIZED (
  SELECT * REPLACE (array_to_string(answers[:{ANSWER_CHARACTERS}], ', ')[:{ANSWER_CHARACTERS}]
    AS answers) FROM ({{records}})),
grouped AS (
  SELECT ts - ((ts % {BUCKET}) + {BUCKET}) % {BUCKET} AS bucket,
         id_orig_h, id_resp_h, query, '' AS registered_domain, qtype_name, rcode_name,
         count(*) AS count, sum(rtt) FILTER (rtt BETWEEN 0 AND {LONGEST_RTT}) AS rtt_sum,
         count(*) FILTER (rtt BETWEEN 0 AND {LONGEST_RTT}) AS rtt_count,
         min(ts) AS first_ts, max(ts) AS last_ts, NULL AS status, NULL AS sample,
         arg_max(struct_pack(uid := uid, answers := answers), ts) AS newest
  FROM records WHERE status IS NULL GROUP BY ALL)
SELECT * EXCLUDE (newest) REPLACE (coalesce(rtt_sum, 0) AS rtt_sum), newest.uid AS uid,
       newest.answers AS answers FROM grouped
UNION ALL BY NAME
SELECT status, CASE WHEN status = '{OTHER_FEED}' THEN sample END AS sample, count(*) AS count
FROM records WHERE status IS NOT NULL GROUP BY ALL
UNION ALL BY NAME
SELECT status, unnest(list_reverse(arg_max(sample, place, {SAMPLES}))) AS sample, 0 AS count FROM (
  SELECT status, sample, row_number() OVER () AS place
  FROM records WHERE status NOT IN ('{OTHER_FEED}', '{HEADER}') AND sample IS NOT NULL)
GROUP BY status
"""
"""An rtt that is NaN, infinite or nonsense would spoil a bucket's sum for as long as it is kept.

`arg_max` passes over nulls: only as one value are uid and answers of the same record.
"""


def packed_counts(
    lines: Iterator[pa.RecordBatch], records: str, private_suffixes: bool = False
) -> Iterator[pa.RecordBatch]:
    """`(value: string or binary, topic: string)` to COUNTS, one row a key, PACKED.

    `records` is the SELECT that makes records of them.
    """
    # Whoever unpacks an archive goes on with it while DuckDB counts what came before.
    with ThreadPoolExecutor(1) as reader:
        held = next_batches(lines)
        while held:
            following = reader.submit(next_batches, lines)
            counts = count_lines(pa.Table.from_batches(held), records, private_suffixes)
            yield pa.record_batch({PACKED: pa.array([packed(counts)], pa.binary())})
            keep_imported()
            held = following.result()


def packed(counts: pa.Table) -> bytes:
    """A table as one value."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, counts.schema, options=COMPRESSED) as writer:
        writer.write_table(counts)
    return bytes(sink.getvalue())


def unpacked(packs: pa.Table) -> pa.Table:
    """COUNTS of all partitions."""
    parts = [pa.ipc.open_stream(pack.as_buffer()).read_all() for pack in packs[PACKED]]
    return pa.concat_tables([COUNTS.empty_table(), *parts])


@cache
def keep_imported() -> None:
    """PySpark's worker looks for garbage after each task: not among all that is imported, once."""
    gc.freeze()


def next_batches(batches: Iterator[pa.RecordBatch]) -> list[pa.RecordBatch]:
    """The next few batches: an archive is one partition of any size."""
    held: list[pa.RecordBatch] = []
    size = 0
    for batch in batches:
        held.append(batch)
        size += batch.nbytes
        if size >= BYTES_AT_ONCE:
            break
    return held


def count_lines(lines: pa.Table, records: str, private_suffixes: bool = False) -> pa.Table:
    """One partition's lines to COUNTS."""
    counts = run(lines, COUNT.format(records=records))
    return with_registered_domain(counts, private_suffixes).select(COUNTS.names).cast(COUNTS)


def with_registered_domain(counts: pa.Table, private_suffixes: bool = False) -> pa.Table:
    """Each distinct name is looked up once; a NetBIOS type says more than the name does."""
    names = counts["query"].combine_chunks().dictionary_encode()
    domains = registered_domains(names.dictionary, private_suffixes)
    of_name = pc.fill_null(pc.take(domains, names.indices), NO_QUERY)
    is_netbios = pc.and_(
        pc.is_valid(counts["query"]),
        pc.is_in(counts["qtype_name"], value_set=pa.array(NETBIOS_TYPES)),
    )
    column = counts.schema.get_field_index("registered_domain")
    labelled = pc.if_else(is_netbios, NETBIOS, of_name)
    return counts.set_column(column, "registered_domain", labelled)
