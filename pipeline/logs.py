"""The Spark source `zeek_logs`: a Zeek log directory, tailed as Zeek writes and rotates it.

    register(spark)
    spark.readStream.format("zeek_logs").option("path", "/opt/zeek/logs").load()

gives a row `(value, topic)` for each line, as `pipeline.lines` says, and one with the topic
`#gone` for each line that was counted and then could not be read any more. All state is in the
offsets (`pipeline.offsets`).
"""

import json
import sys
from collections.abc import Iterator, MutableMapping
from datetime import datetime
from typing import NamedTuple

import pyarrow as pa
from pyspark import cloudpickle
from pyspark.sql import SparkSession
from pyspark.sql.datasource import DataSource, DataSourceReader, InputPartition
from pyspark.sql.streaming.datasource import ReadMaxRows
from pyspark.sql.types import StructType

from pipeline.log_reader import CLOCK_TICK, LogReader, parse_since
from pipeline.offsets import Offsets, count_lines
from pipeline.tail import directory_problem

__all__ = ["LogReader", "ZeekLogs", "begin", "count_lines", "directory_problem", "register"]

SHIPPED = ("feed", "tsv", "tail", "blocks", "offsets", "lines", "archives", "log_reader", "logs")


def register(spark: SparkSession) -> None:
    """Make `zeek_logs` known to a session, wherever its Python workers run."""
    ship_by_value()
    spark.dataSource.register(ZeekLogs)


def ship_by_value() -> None:
    """Let Spark send the reader's code to its workers, which may not have this package.

    Files added to the context would not do: the process that plans batches does not see them.
    """
    for name in SHIPPED:
        module = sys.modules[f"pipeline.{name}"]
        cloudpickle.register_pickle_by_value(module)  # type: ignore[no-untyped-call] # not typed


def begin(path: str, start: str, feed: str = "dns") -> Offsets:
    """Where reading begins: `earliest`, `latest`, or files last written at a time or later."""
    return LogReader({"path": path, "start": start, "feed": feed}).initialOffset()


class Step(NamedTuple):
    """Some lines of past files: from offsets to offsets, of about `lines` in all."""

    begin: Offsets
    end: Offsets
    lines: int


def steps(path: str, start: datetime, end: datetime, limit: int) -> Iterator[Step]:
    """The files that may hold records of a time, `limit` lines a step."""
    since = start.timestamp() - CLOCK_TICK
    reader = LogReader({"path": path, "start": str(since), "until": str(end.timestamp())})
    begin = reader.initialOffset()
    total = reader.lag(begin)
    while (after := reader.latestOffset(begin, ReadMaxRows(limit))) is not begin:
        yield Step(begin, after, max(total, after["lines"]))
        begin = after


class PastReader(DataSourceReader):
    """A batch of what lies between two offsets."""

    def __init__(self, options: dict[str, str]) -> None:
        self.reader = LogReader(options)
        self.end = dict(json.loads(options["end"]))

    def partitions(self) -> list[InputPartition]:
        return self.reader.partitions(self.reader.initialOffset(), self.end)

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        return self.reader.read(partition)


class ZeekLogs(DataSource):
    """Options: path; feed=dns; start=earliest; offsets (JSON of where to resume, before start);
    end (JSON of offsets, for a batch: `spark.read`);
    max_lines=200000 and max_bytes=268435456 a batch; max_record_bytes=1000000;
    max_gz_bytes=17179869184, what one archive may hold.
    """

    def __init__(self, options: MutableMapping[str, str]) -> None:
        super().__init__(options)
        if not options.get("path"):
            raise ValueError("zeek_logs needs the option path: the directory of the logs")
        parse_since(options.get("start", "earliest"))

    @classmethod
    def name(cls) -> str:
        return "zeek_logs"

    def schema(self) -> str:
        return "value string, topic string"

    def streamReader(self, schema: StructType) -> "LogReader":
        return LogReader(dict(self.options))

    def reader(self, schema: StructType) -> PastReader:
        return PastReader(dict(self.options))
