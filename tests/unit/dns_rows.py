"""Literal rows of dns_counts, in a table made by hand: every column, width and fold can be set."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa

from pipeline.roll import CREATE

T0 = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Row:
    """One row; `at` is seconds after T0, at which its one record lies."""

    at: float
    host: str | None = "10.0.0.1"
    domain: str | None = "example.com"
    name: str | None = "www.example.com"
    qtype: str | None = "A"
    response: str | None = "NOERROR"
    resolver: str | None = "10.0.0.53"
    count: int = 1
    rtt: float | None = None
    width: int = 10
    folded: int = 0
    seq: int = 1
    answers: str | None = None
    uid: str = "C1"

    @property
    def bucket(self) -> int:
        """Seconds after T0 at which the row's bucket starts."""
        return int(self.at // self.width) * self.width

    def values(self) -> list[Any]:
        """In the order of the table's columns."""
        naive = T0.replace(tzinfo=None)
        time = naive + timedelta(seconds=self.at)
        return [
            naive + timedelta(seconds=self.bucket),
            self.width,
            self.host,
            self.resolver,
            self.name,
            self.domain,
            self.qtype,
            self.response,
            self.folded,
            self.count,
            (self.rtt or 0.0) * self.count,
            0 if self.rtt is None else self.count,
            time,
            time,
            self.uid,
            self.answers,
            self.seq,
        ]


class ByHand:
    """A real DuckDB with the table's own definition."""

    def __init__(self, *rows: Row) -> None:
        self.version = 0
        self.reads = self.exact_since = self.shrunk = 0
        self.rests: dict[int, datetime] = {}
        self._db = duckdb.connect(config={"threads": 1})
        self._db.execute(CREATE)
        self.add(*rows)

    def add(self, *rows: Row) -> "ByHand":
        """Rows that readers see from now on."""
        if rows:
            marks = ", ".join("?" * 17)
            values = [row.values() for row in rows]
            self._db.executemany(f"INSERT INTO dns_counts VALUES ({marks})", values)
        self.version += 1
        return self

    def keeps(self, version: int) -> bool:
        """Every version: nothing is ever merged."""
        return version <= self.version

    def over(self, version: int) -> datetime | None:
        """As set by hand."""
        return self.rests.get(version)

    def read(self, sql: str, params: Any = ()) -> pa.Table:
        """The whole result."""
        self.reads += 1
        with self._db.cursor() as cursor:
            return cursor.sql(sql, params=params).to_arrow_table()


def spread(row: Row, *seconds: float) -> list[Row]:
    """The row at each of these seconds."""
    return [replace(row, at=second) for second in seconds]
