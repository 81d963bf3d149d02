"""What a source of lines must tell: where to begin, what was read, and what is wrong."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.datasource import DataSourceStreamReader

Offsets = dict[str, Any]
"""Where a source stands: JSON that only the source itself reads; it lies in the ledger."""


@dataclass(frozen=True)
class Begin:
    """Where a query begins, and what the source no longer has of what was not read."""

    offsets: Offsets
    lost: int = 0
    notes: tuple[str, ...] = field(default=())


OTHER_SOURCE = (
    "the state directory was filled from another kind of source: set ZEEK_LIVE_SOURCE as it was, "
    "or ZEEK_LIVE_STATE_DIR to an empty directory"
)


class SourceProblem(Exception):
    """The source cannot be read now; the message says which, and what to do."""


LATE = timedelta(minutes=10)
"""A record reaches its source so much later than its own time, at most, if it is to be found."""


@dataclass(frozen=True)
class Part:
    """Some of the lines of a time that has passed, to be read as a batch."""

    lines: DataFrame
    """`(value, topic)`."""
    count: int
    of: int
    """Lines of all parts, this one and those after it as well; of files an estimate."""
    in_order: bool = False
    """Whether no later part has a record that is older than all of this one."""
    missing: str = ""
    """What the source no longer has of that time, as a sentence."""


class Source(Protocol):
    """Lines as `(value, topic)`, and the offsets that count them."""

    name: str

    def begin(self, resume: Offsets | None) -> Begin:
        """Where to start: behind `resume`, or where the settings say. SourceProblem: not now."""

    def reader(self, begin: Offsets, limit: int) -> DataSourceStreamReader:
        """What reads `(value, topic)` from there on, `limit` lines a batch."""

    def past(
        self, spark: SparkSession, start: datetime, end: datetime, limit: int
    ) -> Iterator[Part]:
        """What may hold the records of `start` to `end`, the oldest first, `limit` lines a part.

        SourceProblem where the source does not answer, or no longer has that time.
        """

    def offsets(self, logged: str) -> Offsets:
        """What Spark wrote of a batch's end, as this source's offsets."""

    def count(self, start: Offsets, end: Offsets) -> int:
        """Lines between two offsets."""

    def news(self, start: Offsets, end: Offsets) -> list[str]:
        """A sentence for each thing that changed in the source between two offsets."""

    def lag(self, end: Offsets) -> int:
        """Lines beyond `end`. SourceProblem where the source does not answer."""

    def close(self) -> None:
        """Let go of connections."""
