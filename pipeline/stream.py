"""A source's reader as Spark's stream: lines are counted in the worker that reads them.

What Spark itself sees of a batch is its offsets and a few values: taken through the JVM, each line
cost as much again as all that is done with it.
"""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.datasource import (
    DataSource,
    DataSourceReader,
    DataSourceStreamReader,
    InputPartition,
)
from pyspark.sql.streaming.datasource import ReadLimit, ReadMaxRows
from pyspark.sql.types import StructType

from pipeline.feed import PACKED
from pipeline.source import Offsets

# Workers that have yet to start take long over it: the first numbers come from a small batch.
FIRST_BATCH = 20_000


class CountingReader(DataSourceStreamReader):
    """Plans as a reader of lines does, and hands on what they come to."""

    def __init__(self, lines: DataSourceStreamReader, records: str, private: bool) -> None:
        self.lines, self.records, self.private = lines, records, private

    def initialOffset(self) -> Offsets:
        return self.lines.initialOffset()

    def getDefaultReadLimit(self) -> ReadLimit:
        return self.lines.getDefaultReadLimit()

    def latestOffset(self, start: Offsets, limit: ReadLimit) -> Offsets:
        if isinstance(limit, ReadMaxRows) and start == self.lines.initialOffset():
            limit = ReadMaxRows(min(FIRST_BATCH, limit.max_rows))
        return self.lines.latestOffset(start, limit)

    def partitions(self, start: Offsets, end: Offsets) -> list[InputPartition]:
        return list(self.lines.partitions(start, end))

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        # Planning counts nothing, and starts the sooner.
        from pipeline.aggregate import packed_counts

        return packed_counts(self.lines.read(partition), self.records, self.private)

    def commit(self, end: Offsets) -> None:
        """Nothing to do: the ledger alone says where to go on."""


def counts_stream(
    spark: SparkSession, lines: DataSourceStreamReader, records: str, private: bool = False
) -> DataFrame:
    """COUNTS of each batch, one PACKED value or more a partition.

    `lines` reads `(value: string or binary, topic: string)`; `records` is the SELECT that makes
    records of them.
    """
    counting = CountingReader(lines, records, private)
    name = _source(spark, "zeek_counts", f"{PACKED} binary", counting)
    return spark.readStream.format(name).load()


def lines_batch(spark: SparkSession, lines: DataSourceReader, value: str) -> DataFrame:
    """All that a reader has, as `(value, topic: string)`; `value` is its type."""
    columns = f"value {value}, topic string"
    return spark.read.format(_source(spark, "zeek_lines", columns, lines)).load()


def _source(spark: SparkSession, called: str, columns: str, of: Any) -> str:
    """The name of a data source of one reader: what it holds may be secret, and options are not."""

    class OfReader(DataSource):
        @classmethod
        def name(cls) -> str:
            return called

        def schema(self) -> str:
            return columns

        def streamReader(self, schema: StructType) -> Any:
            return of

        def reader(self, schema: StructType) -> Any:
            return of

    spark.dataSource.register(OfReader)
    return called
