"""Zeek's own records behind a number: read again from the source, by Spark beside the stream.

The table keeps counts; what was counted is still in Kafka or in the logs. A look-up reads it part
by part, the oldest first, until it has enough, so that it can be watched, ended, and outrun by the
stream's own batches.
"""

import logging
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import uuid4

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from pipeline.aggregate import BUCKET, COUNTED_FIELDS, next_batches, with_registered_domain
from pipeline.enrich import with_names
from pipeline.failure import said_of
from pipeline.feed import DNS
from pipeline.parse import parsed, run, select
from pipeline.settings import Settings
from pipeline.source import LATE, Source, SourceProblem
from pipeline.state import View
from pipeline.where import KEYS, Clause, where
from pipeline.window import EPOCH

log = logging.getLogger("zeek_live")

MAX_RECORDS = 1_000
MAX_BYTES = 16_000_000
PART_LINES = 100_000
MAX_LINES = 10_000_000
CANCELLED = "cancelled"
POOL = "look-ups"
"""Of Spark's scheduler: the stream's batches have their own, and neither waits for the other."""

LEFT = "ended: nobody looked on any more"
LEFT_AFTER = 60.0
OLDEST = "oldest"
OF = ("host", "domain", "name", "resolver")
"""What a record leads on to."""
IN_TIME = f"""
WITH records AS MATERIALIZED ({{records}}),
counted AS (
  SELECT *, make_timestamp(ts - ((ts % {BUCKET}) + {BUCKET}) % {BUCKET}) AS bucket,
    '' AS registered_domain, 0 AS folded
  FROM records WHERE status IS NULL)
SELECT * FROM counted WHERE bucket >= $start AND bucket < $end
UNION ALL BY NAME
SELECT min(ts) AS ts, '{OLDEST}' AS status FROM counted
"""
"""Records with the columns of dns_counts that a condition may ask for, and the oldest's time."""

_ONE = threading.Lock()
"""So many as look: one reads at a time, and the stream keeps the rest of the cores."""


class Record(NamedTuple):
    """One of Zeek's records: its time in microseconds since 1970, its JSON, and what it is of as
    the table has it."""

    ts: int
    text: str
    host: str | None = None
    domain: str | None = None
    name: str | None = None
    resolver: str | None = None


class Lookup:
    """The records of a view between two times; `found` grows while it reads, `ended` says why.

    `read` of about `of` lines have been looked through.
    """

    def __init__(self, view: View, start: datetime, end: datetime) -> None:
        self.view, self.start, self.end = view, start, end
        self.read = self.of = 0
        self.found: list[Record] = []
        self.ended = ""
        self.looked_at = time.monotonic()
        """When somebody last asked how far it is: others wait for one that nobody looks at."""
        self._group = uuid4().hex
        self._cancelled = threading.Event()
        self._spark: SparkSession | None = None

    @property
    def is_over(self) -> bool:
        """Whether it reads no more."""
        return bool(self.ended)

    def begin(self, spark: SparkSession, source: Source, settings: Settings) -> None:
        """Read in a thread of its own, which closes the source."""
        self._spark = spark
        reading = threading.Thread(target=self._run, args=[source, settings], daemon=True)
        reading.start()

    def cancel(self) -> None:
        """End it, with what was found so far."""
        self._cancelled.set()
        if self._spark:
            self._spark.sparkContext.cancelJobGroup(self._group)

    def _run(self, source: Source, settings: Settings) -> None:
        with closing(source):
            try:
                self.ended = self._read(source, settings)
            except SourceProblem as problem:
                self.ended = str(problem)
            except Exception as error:
                self.ended = (
                    CANCELLED if self._cancelled.is_set() else failed(error, settings.kafka_secrets)
                )

    def _read(self, source: Source, settings: Settings) -> str:
        """Part by part; the reason why it read no further."""
        assert self._spark
        context = self._spark.sparkContext
        wanted, missing = clause_of(self.view, self.start, self.end), ""
        while not _ONE.acquire(timeout=0.2):
            if why := self._given_up():
                return why
        try:
            context.setJobGroup(self._group, "look-up", interruptOnCancel=True)
            context.setLocalProperty("spark.scheduler.pool", POOL)
            for part in source.past(self._spark, self.start, self.end, PART_LINES):
                if why := self._given_up():
                    return why
                self.of, missing = part.of, part.missing
                oldest = self._take(matching(part.lines, settings, wanted).toArrow().to_pylist())
                self.read += part.count
                if why := self._enough():
                    return why
                if part.in_order and oldest > self.end + LATE:
                    break
        finally:
            _ONE.release()
        if missing:
            return missing
        return "all of that time was read" if self.read else "the source has nothing of that time"

    def _given_up(self) -> str:
        if self._cancelled.is_set():
            return CANCELLED
        return LEFT if time.monotonic() - self.looked_at > LEFT_AFTER else ""

    def _take(self, rows: list[dict[str, Any]]) -> datetime:
        """Keep what was found; the time of the oldest record that was looked at."""
        found = [
            Record(row["ts"], row["record"], *(row[name] for name in OF))
            for row in rows
            if row["record"] is not None
        ]
        self.found = list(bounded(sorted([*self.found, *found], key=itemgetter(0, 1))))
        oldest = min((row["ts"] for row in rows if row["record"] is None), default=0)
        return EPOCH + timedelta(microseconds=oldest)

    def _enough(self) -> str:
        many, size = len(self.found), sum(len(each.text) for each in self.found)
        if many >= MAX_RECORDS or size >= MAX_BYTES:
            return f"the first {many:,}: choose a shorter time or one filter more for others"
        if self.read >= MAX_LINES:
            return f"{MAX_LINES:,} lines were read: choose a shorter time"
        return ""


def bounded(found: list[Record]) -> Iterator[Record]:
    """The first of them, so many and so much as may be kept."""
    size = 0
    for each in found[:MAX_RECORDS]:
        size += len(each.text)
        yield each
        if size >= MAX_BYTES:
            return


def clause_of(view: View, start: datetime, end: datetime) -> Clause:
    """The view's condition; a snapshot's version says nothing of what the source has."""
    return where(replace(view, at=None), start, end)


def failed(error: Exception, secrets: Iterable[str]) -> str:
    """A sentence for the page and the log."""
    said = f"the source could not be read: {said_of(error, secrets)}"
    log.warning("look-up failed: %s", ascii(said))
    return said


def matching(lines: DataFrame, settings: Settings, wanted: Clause) -> DataFrame:
    """`(value, topic)` to `ts`, `record` and OF: what a condition over dns_counts counts.

    A row without a record has the time of the oldest, wanted or not, of so many lines.
    """
    fields = (DNS, COUNTED_FIELDS, settings.field_names, settings.max_record_bytes)
    records, private = with_names(parsed(*fields, whole=True)), settings.private_suffixes

    def found(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        while held := next_batches(batches):
            rows = match_lines(pa.Table.from_batches(held), records, wanted, private)
            yield from rows.to_batches()

    return lines.mapInArrow(
        found, "ts long, record string" + "".join(f", {name} string" for name in OF)
    )


def match_lines(lines: pa.Table, records: str, wanted: Clause, private: bool = False) -> pa.Table:
    """The same of one table of lines: the first MAX_RECORDS by time."""
    span = {name: wanted.params[name] for name in ("start", "end")}
    rows = with_registered_domain(run(lines, IN_TIME.format(records=records), span), private)
    of = ", ".join(f"{KEYS[name]} AS {name}" for name in OF)
    sql = f"""
    (SELECT ts, record, {of} FROM rows WHERE status IS NULL AND {wanted.sql}
      ORDER BY ts LIMIT {MAX_RECORDS})
    UNION ALL BY NAME
    SELECT ts, NULL AS record FROM rows WHERE status = '{OLDEST}' AND ts IS NOT NULL"""
    return select(sql, wanted.params, rows=rows)
