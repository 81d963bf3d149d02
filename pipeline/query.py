"""The streaming query's life: it starts with the server, is mended when it fails, and stops.

`Pipeline` joins the stages: a source's lines are parsed, enriched, grouped on the executors and
added to the table, one batch one transaction. The ledger alone says where to go on, so every start
has a checkpoint of its own that is thrown away.
"""

import logging
import os
import shutil
import tempfile
import threading
import time
from collections import deque
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from prometheus_client import CollectorRegistry, Histogram
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from pipeline import batch as batches
from pipeline.jars import find_java
from pipeline.kafka import KafkaSource, TopicReplaced
from pipeline.ledger import Counters
from pipeline.listener import ProgressListener
from pipeline.log_directory import LogDirectory
from pipeline.session import start_session
from pipeline.settings import Settings
from pipeline.source import Begin, Offsets, Source, SourceProblem
from pipeline.status import BatchTimes, State, Status, StreamMetrics, is_recent, state_of
from pipeline.table import Table, TableError

log = logging.getLogger("zeek_live")

LOOK_EVERY = 0.5
PROBE_EVERY = 3.0
MAINTAIN_EVERY = 10.0
LONGEST_DELAY = 60.0
KEPT_BATCHES = 60
JVM_DIED = 70
"""Exit status (sysexits' EX_SOFTWARE): a JVM cannot be replaced in this process."""


class QueryFailed(Exception):
    """The query ended by itself; the message is its own first sentence."""


class Pipeline:
    """One source, one query, one table."""

    def __init__(self, settings: Settings) -> None:
        """Open the table; TableLocked, TableDamaged or JavaMissing before anything starts."""
        find_java()
        self.settings = settings
        self.table = Table(settings.state_dir, settings.retention, settings.row_budget)
        self._source: Source = (
            KafkaSource(settings) if settings.source == "kafka" else LogDirectory(settings)
        )
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._live, name="pipeline", daemon=True)
        self._spark: SparkSession | None = None
        self._begin = Begin({})
        self._end: Offsets = {}
        self._query_id = ""
        self._checkpoint = Path()
        self._maintained = time.monotonic()
        self._batches: deque[BatchTimes] = deque(maxlen=KEPT_BATCHES)
        self._status = Status("starting", "starting Spark", datetime.now(UTC), self._source.name)
        self._last_records: float | None = None
        self._problem: str | None = None
        self._failure: Exception | None = None
        self._stages: dict[str, float] = {}
        self.registry = CollectorRegistry()
        self.registry.register(StreamMetrics(self))
        self._seconds = Histogram(
            "zeek_live_batch_seconds", "Seconds a batch took.", registry=self.registry
        )

    def start(self) -> None:
        """Begin in a thread of its own."""
        self._thread.start()

    def stop(self, seconds: float = 3.0) -> None:
        """End the query within about `seconds`, then the JVM, then close the table.

        The ledger makes it safe to cut a batch short: it is read again at the next start.
        """
        self._stopping.set()
        self._thread.join(seconds)
        if self._spark:
            _end_jvm(self._spark)
        self.table.close()
        if self._query_id:
            shutil.rmtree(self._checkpoint, ignore_errors=True)

    def counters(self) -> Counters:
        """What was read and what became of it."""
        return self.table.counters()

    def status(self) -> Status:
        """The stream now: state, lag, age; `since` is when the state last changed."""
        now = datetime.now(UTC)
        state, reason = self._state(now)
        before = self._status
        since = before.since if before.state == state else now
        self._status = replace(
            before,
            state=state,
            reason=reason,
            since=since,
            newest=self.counters().newest,
            lag_seconds=self._newest_age(now) or 0.0 if before.lag_records else 0.0,
            batches=tuple(self._batches),
        )
        return self._status

    def _state(self, now: datetime) -> tuple[State, str]:
        status = self._status
        if self._problem:
            return ("stopped" if status.last_trigger else "starting"), self._problem
        if status.last_trigger is None:
            return "starting", status.reason
        if not is_recent(status.last_trigger, now, self.settings.trigger):
            missed = (now - status.last_trigger).total_seconds()
            return "stopped", f"no batch has ended for {missed:.0f} s"
        silence = time.monotonic() - (self._last_records or 0.0)
        age = self._newest_age(now)
        return state_of(age, status.lag_records, age or 0.0, silence)

    def _newest_age(self, now: datetime) -> float | None:
        newest = self.counters().newest
        return (now - newest).total_seconds() if newest else None

    def _live(self) -> None:
        """Run the query until stopped; a failure is said, and waited out ever longer."""
        delay = 1.0
        while not self._stopping.is_set():
            started = time.monotonic()
            try:
                self._run()
            except SourceProblem as problem:
                self._problem = str(problem)
                self._stopping.wait(1.0)
            except TopicReplaced as replaced:
                self._note(str(replaced))
            except Exception as failure:
                delay = 1.0 if time.monotonic() - started > LONGEST_DELAY else delay
                self._failed(failure, delay)
                self._stopping.wait(delay)
                delay = min(2 * delay, LONGEST_DELAY)

    def _failed(self, failure: Exception, delay: float) -> None:
        reason = str(failure) if isinstance(failure, QueryFailed | TableError) else repr(failure)
        self._problem = f"{reason}; starting again in {delay:.0f} s"
        self._status = replace(self._status, restarts=self._status.restarts + 1)
        log.warning("query failed: %s", ascii(self._problem))

    def _note(self, note: str) -> None:
        said = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} {note}"
        self._status = replace(self._status, notes=(*self._status.notes[-9:], said))
        log.warning("%s", ascii(note))

    def _run(self) -> None:
        """One query from its start to its end."""
        self._status = replace(self._status, reason="starting Spark")
        self._spark = start_session(self.settings)
        self._status = replace(self._status, reason=f"connecting to {self._source.name}")
        resume = self.table.resume()
        self._begin = self._source.begin(resume.offsets if resume else None)
        self._end = self._begin.offsets
        for note in self._begin.notes:
            self._note(note)
        self._problem, self._failure = None, None
        self._status = replace(self._status, reason="reading the first batch")
        query = self._started(self._spark)
        try:
            self._watch(query)
        finally:
            _stop_query(query)
            shutil.rmtree(self._checkpoint, ignore_errors=True)

    def _started(self, spark: SparkSession) -> StreamingQuery:
        self._query_id = uuid4().hex
        folder = self.settings.state_dir or Path(tempfile.gettempdir())
        self._checkpoint = folder / f"checkpoint-{self._query_id}"
        ProgressListener.attach(spark, self._triggered, self._progressed)
        lines = self._source.lines(spark, self._begin.offsets)
        interval = f"{self.settings.trigger.total_seconds() * 1000:.0f} milliseconds"
        writer = lines.writeStream.foreachBatch(self._add)
        options = writer.option("checkpointLocation", str(self._checkpoint))
        return options.trigger(processingTime=interval).start()

    def _watch(self, query: StreamingQuery) -> None:
        """Look whether all is well, until stopped; raises what ended the query."""
        probed = 0.0
        while not self._stopping.wait(LOOK_EVERY):
            if self._spark and _jvm_is_dead(self._spark):
                self._exit()
            if not query.isActive:
                raise self._failure or QueryFailed(_first_sentence(query.exception()))
            if time.monotonic() - probed >= PROBE_EVERY:
                self._probe()
                probed = time.monotonic()

    def _probe(self) -> None:
        try:
            lag = self._source.lag(self._end)
            self._problem = None
            self._status = replace(self._status, lag_records=lag)
        except SourceProblem as problem:
            self._problem = str(problem)

    def _exit(self) -> None:
        log.critical("the JVM died: this process ends, for a supervisor to start it again")
        self.table.close()
        os._exit(JVM_DIED)

    def _add(self, lines: DataFrame, batch_id: int) -> None:
        """One batch, called by Spark: group it, and put it in the table."""
        try:
            stages = self._add_timed(lines, batch_id)
        except Exception as error:
            self._failure = error if isinstance(error, TableError) else None
            raise
        self._stages = stages

    def _add_timed(self, lines: DataFrame, batch_id: int) -> dict[str, float]:
        logged = batches.logged_offsets(self._checkpoint, batch_id)
        end = self._source.offsets(logged)
        started = time.perf_counter()
        counts = batches.grouped(lines, self.settings)
        grouped = time.perf_counter()
        read = self._source.count(self._end, end)
        lost = self._begin.lost if batch_id == 0 else 0
        made = batches.make_batch(self._query_id, batch_id, end, counts, read, lost)
        self.table.add(made, datetime.now(UTC))
        added = time.perf_counter()
        self._end, self._last_records = end, time.monotonic()
        self._maintain()
        done = time.perf_counter()
        return {"group": grouped - started, "write": added - grouped, "maintain": done - added}

    def _maintain(self) -> None:
        if time.monotonic() - self._maintained >= MAINTAIN_EVERY:
            self.table.maintain()
            self._maintained = time.monotonic()

    def _triggered(self, at: datetime) -> None:
        self._status = replace(self._status, last_trigger=at)

    def _progressed(self, times: BatchTimes) -> None:
        self._batches.append(replace(times, stages={**times.stages, **self._stages}))
        self._seconds.observe(times.seconds)
        self._triggered(times.at)


_running: list[Any] = []
"""The process's one pipeline. A module that is imported again would make a second one."""


def use(pipeline: Any) -> None:
    """Make a pipeline the one that pages show."""
    _running[:] = [pipeline]


def running() -> Any:
    """The process's one pipeline."""
    return _running[0]


def _first_sentence(error: Any) -> str:
    text = str(error or "the query ended without a word")
    return text.strip().splitlines()[0][:300]


def _jvm_is_dead(spark: SparkSession) -> bool:
    gateway: Any = spark.sparkContext._gateway
    return gateway is not None and gateway.proc.poll() is not None


def _stop_query(query: StreamingQuery) -> None:
    try:
        query.stop()
    except Exception as error:
        log.warning("the query did not stop by itself: %s", ascii(_first_sentence(error)))


def _end_jvm(spark: SparkSession) -> None:
    gateway: Any = spark.sparkContext._gateway
    gateway.proc.kill()
    gateway.proc.wait(2)
