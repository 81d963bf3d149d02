"""The Spark source `zeek_logs`: a Zeek log directory, tailed as Zeek writes and rotates it.

    register(spark)
    spark.readStream.format("zeek_logs").option("path", "/opt/zeek/logs").load()

gives a row `(value, topic)` for each line, as `pipeline.lines` says, and one with the topic
`#gone` for each line that was counted and then could not be read any more. All state is in the
offsets (`pipeline.offsets`).
"""

import sys
from collections.abc import MutableMapping

from pyspark import cloudpickle
from pyspark.sql import SparkSession
from pyspark.sql.datasource import DataSource
from pyspark.sql.types import StructType

from pipeline.log_reader import LogReader, parse_since
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


class ZeekLogs(DataSource):
    """Options: path; feed=dns; start=earliest; offsets (JSON of where to resume, before start);
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
