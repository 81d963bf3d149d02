"""Records to counted rows: grouped where they were parsed, so that only partial rows travel.

Each Python worker groups its partition in DuckDB and names the registered domains of what is left.
Against Spark's own `groupBy` this needs no shuffle, and the newest record's texts do not force a
sort.
"""

from collections.abc import Callable, Iterator
from functools import cache

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from pipeline.enrich import NETBIOS_TYPES, registered_domain
from pipeline.feed import (
    ANSWER_CHARACTERS,
    BUCKET_SECONDS,
    NETBIOS,
    NO_QUERY,
    PARTIALS,
    SAMPLES,
)
from pipeline.parse import HEADER, OTHER_FEED

COUNTED_FIELDS = (
    "ts uid id.orig_h id.resp_h rtt query qtype qtype_name rcode rcode_name answers".split()
)
GROUPED_AT_ONCE = 400_000
LONGEST_RTT = 3600.0
BUCKET = BUCKET_SECONDS * 1_000_000

STATUS = pa.schema([pa.field("status", pa.string()), pa.field("sample", pa.string())])
COUNTS = pa.schema([*PARTIALS, *STATUS])
"""What a batch comes to: rows with a null `status` are PARTIALS, the others say what was not
counted (with the feed's name as sample of another feed), and rows of count 0 carry samples."""

SPARK_TYPES: dict[str, T.DataType] = {
    "int64": T.LongType(),
    "double": T.DoubleType(),
    "string": T.StringType(),
}
OUTPUT = T.StructType(
    [
        T.StructField(each.name, SPARK_TYPES.get(str(each.type), T.TimestampType()))
        for each in COUNTS
    ]
)

GROUP = f"""
SELECT ts - ((ts % {BUCKET}) + {BUCKET}) % {BUCKET} AS bucket,
       id_orig_h, id_resp_h, query, '' AS registered_domain, qtype_name, rcode_name,
       count(*) AS count, coalesce(sum(rtt), 0) AS rtt_sum, count(rtt) AS rtt_count,
       min(ts) AS first_ts, max(ts) AS last_ts, arg_max(uid, ts) AS uid,
       arg_max(answers, ts) AS answers, NULL AS status, NULL AS sample
FROM records WHERE status IS NULL GROUP BY ALL
UNION ALL BY NAME
SELECT status, CASE WHEN status = '{OTHER_FEED}' THEN sample END AS sample, count(*) AS count
FROM records WHERE status IS NOT NULL GROUP BY ALL
UNION ALL BY NAME
SELECT status, sample, 0 AS count FROM (
  SELECT status, sample, row_number() OVER (PARTITION BY status) AS place
  FROM records WHERE status NOT IN ('{OTHER_FEED}', '{HEADER}') AND sample IS NOT NULL)
WHERE place <= {SAMPLES}
"""


def count_by_key(records: DataFrame, private_suffixes: bool = False) -> DataFrame:
    """Typed records with `status` and `sample` to COUNTS, one row a key and partition."""
    return records.select(*_grouped_columns()).mapInArrow(_grouper(private_suffixes), OUTPUT)


@cache
def _grouped_columns() -> list[Column | str]:
    answers = F.substring(F.array_join("answers", ", "), 1, ANSWER_CHARACTERS)
    # NaN, infinity and nonsense would spoil a whole bucket's sum, for as long as it is kept.
    rtt = F.when(F.col("rtt").between(0, LONGEST_RTT), F.col("rtt")).alias("rtt")
    names = "uid id_orig_h id_resp_h query qtype_name rcode_name status sample".split()
    return [F.unix_micros("ts").alias("ts"), answers.alias("answers"), rtt, *names]


def _grouper(
    private_suffixes: bool,
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def group(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        while held := _some(batches):
            yield from group_records(pa.Table.from_batches(held), private_suffixes).to_batches()

    return group


def _some(batches: Iterator[pa.RecordBatch]) -> list[pa.RecordBatch]:
    """The next few batches: an archive is one partition of any size."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        held.append(batch)
        if sum(each.num_rows for each in held) >= GROUPED_AT_ONCE:
            break
    return held


def group_records(records: pa.Table, private_suffixes: bool = False) -> pa.Table:
    """One partition's records, `ts` in microseconds, to COUNTS."""
    import duckdb

    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("records", records)
        counts = connection.sql(GROUP).to_arrow_table()
    return with_registered_domain(counts, private_suffixes).select(COUNTS.names).cast(COUNTS)


def with_registered_domain(counts: pa.Table, private_suffixes: bool = False) -> pa.Table:
    """Each distinct name is looked up once; a NetBIOS type says more than the name does."""
    names = counts["query"].combine_chunks().dictionary_encode()
    domains = [registered_domain(each, private_suffixes) for each in names.dictionary.to_pylist()]
    of_name = pc.fill_null(pc.take(pa.array(domains, pa.string()), names.indices), NO_QUERY)
    is_netbios = pc.and_(
        pc.is_valid(counts["query"]),
        pc.is_in(counts["qtype_name"], value_set=pa.array(NETBIOS_TYPES)),
    )
    column = counts.schema.get_field_index("registered_domain")
    labelled = pc.if_else(is_netbios, NETBIOS, of_name)
    return counts.set_column(column, "registered_domain", labelled)
