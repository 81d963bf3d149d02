"""Batches into the table, one after the other, while Spark reads the next one.

That Spark commits a batch before it is in the table does no harm: the ledger alone says where to go
on, and a query whose batch cannot be written ends, whatever it has read since.
"""

import threading
import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

import pyarrow as pa

from pipeline import batch as batches
from pipeline.source import Begin, Offsets, Source
from pipeline.status import Health
from pipeline.table import Table

MAINTAIN_EVERY = 30.0
AHEAD = 2
"""Batches that are being written or wait for it while another is read: one that makes the table
smaller takes several times as long as the others."""


@dataclass(frozen=True)
class Written:
    """What became of one batch: records read and counted, and the seconds that each step took."""

    read: int = 0
    counted: int = 0
    stages: dict[str, float] = field(default_factory=dict)


class Writer:
    """The one that changes the table, for one query at a time."""

    def __init__(self, table: Table, source: Source, health: Health) -> None:
        self.end: Offsets = {}
        """Behind the last batch in the table."""
        self.failure: Exception | None = None
        """Why the query that writes now has to end."""
        self._table, self._source, self._health = table, source, health
        self._pool = ThreadPoolExecutor(1, "writer")
        self._turn = threading.Lock()
        self._query_id = ""
        self._first: Offsets | None = None
        self._writes: deque[Future[Written]] = deque()
        self._written: dict[int, Future[Written]] = {}
        self._maintained = time.monotonic()

    def begin(self) -> tuple[str, Begin]:
        """A new query's id and where it begins; what an earlier one still brings is left out."""
        with self._turn:
            self._query_id = query_id = uuid4().hex
            resume = self._table.resume()
        # Before a first batch, `latest` would be a later place at each begin.
        begin = self._source.begin(resume.offsets if resume else self._first)
        self._first = self._first or begin.offsets
        self.end, self.failure = begin.offsets, None
        self._pool.submit(self._put_lost, query_id, begin).result()
        self._writes.clear()
        self._written.clear()
        return query_id, begin

    def ends(self) -> None:
        """No query writes from now on."""
        self._query_id = ""

    def writes(self, query_id: str) -> bool:
        """Whether it is this query that writes."""
        return query_id == self._query_id

    def put(
        self, query_id: str, batch_id: int, end: Offsets, counts: pa.Table, grouped: float
    ) -> None:
        """Write a batch soon, which took so many seconds to group; waits until few are not written
        yet, and raises what one of those before failed with."""
        if self.failure:
            raise self.failure
        write = self._pool.submit(self._put, query_id, batch_id, end, counts, grouped)
        self._written[batch_id] = write
        self._writes.append(write)
        if len(self._writes) > AHEAD:
            self._writes.popleft().result()

    def written(self, batch_id: int) -> Written | None:
        """What became of a batch, once it is known; None if it did not get into the table, or if
        that was asked before."""
        future = self._written.pop(batch_id, None)
        found = future.result() if future and not future.exception() else None
        return found if found and found.read else None

    def untold(self) -> dict[int, Written]:
        """What became of the batches that nobody has asked for."""
        found = {batch_id: self.written(batch_id) for batch_id in list(self._written)}
        return {batch_id: written for batch_id, written in found.items() if written}

    def _put(
        self, query_id: str, batch_id: int, end: Offsets, counts: pa.Table, grouped: float
    ) -> Written:
        try:
            began = time.perf_counter()
            read, counted = self._add(query_id, batch_id, end, counts)
            added = time.perf_counter()
            self._maintain()
        except Exception as error:
            if self.writes(query_id):
                self.failure = error
            raise
        maintained = time.perf_counter() - added
        took = {"group": grouped, "write": added - began, "maintain": maintained}
        return Written(read, counted, took)

    def _put_lost(self, query_id: str, begin: Begin) -> Written:
        """Count what the source has lost at once: a batch that tells of it may never come."""
        if begin.lost:
            lost = batches.lost_batch(query_id, begin.offsets, begin.lost)
            self._table.add(lost, datetime.now(UTC))
        return Written()

    def _add(self, query_id: str, batch_id: int, end: Offsets, counts: pa.Table) -> tuple[int, int]:
        """Add to the table, unless another query has begun since where this one ended, or a batch
        before is missing; how many records were read, and how many of them count."""
        with self._turn:
            if not self.writes(query_id) or self.failure:
                return 0, 0
            read = self._source.count(self.end, end)
            made = batches.make_batch(query_id, batch_id, end, counts, read)
            for news in self._source.news(self.end, end):
                self._health.note(news)
            before = self._table.counters().counted
            self._table.add(made, datetime.now(UTC))
            self.end, self._health.last_records = end, time.monotonic()
            return read, self._table.counters().counted - before

    def _maintain(self) -> None:
        if self._table.due or time.monotonic() - self._maintained >= MAINTAIN_EVERY:
            self._table.maintain()
            self._maintained = time.monotonic()
