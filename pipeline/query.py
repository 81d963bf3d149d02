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
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from pipeline import batch as batches
from pipeline import known
from pipeline.failure import QueryFailed, is_of_the_jvm, said_of
from pipeline.feed import DNS
from pipeline.jars import find_java
from pipeline.kafka import KafkaSource, TopicReplaced
from pipeline.ledger import Counters
from pipeline.listener import ProgressListener
from pipeline.log_directory import LogDirectory
from pipeline.lookup import Lookup
from pipeline.metrics import Metrics
from pipeline.scratch import scratch
from pipeline.session import (
    end_jvm,
    end_starting_jvm,
    find_python,
    jvm_is_dead,
    start_session,
)
from pipeline.settings import Settings, SettingsError
from pipeline.source import LATE, Offsets, Source, SourceProblem
from pipeline.state import View
from pipeline.status import BatchTimes, Health, Status, span
from pipeline.table import Table, TableFull, first_version
from pipeline.writer import Writer, Written

log = logging.getLogger("zeek_live")

LOOK_EVERY = 0.5
PROBE_EVERY = 1.0
CLOCK_STEP = 1.0
SHORTEST_DELAY = 1.0
LONGEST_DELAY = 60.0
JVM_DIED = 70
"""Exit status (sysexits' EX_SOFTWARE): a JVM cannot be replaced in this process."""
JVM_FAILURES = 3
"""Of the JVM itself, with no trigger between them: it counts as one that died."""


class Pipeline:
    """One source, one query, one table."""

    def __init__(self, settings: Settings) -> None:
        """Open the table. TableError, JavaMissing, SettingsError: it cannot start."""
        find_java()
        find_python(settings)
        check_names(settings.field_names)
        self.settings = settings
        anew = first_version()
        self.table = Table(settings.state_dir, settings.retention, settings.row_budget, anew)
        self._checkpoints = settings.state_dir or Path(tempfile.mkdtemp(dir=scratch()))
        drop_checkpoints(self._checkpoints)
        self._source = open_source(settings)
        known.use(settings.known_domains, settings.private_suffixes)
        self._health = Health(self._source.name, settings.trigger)
        self.metrics = Metrics(self)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._live, name="pipeline", daemon=True)
        self._spark: SparkSession | None = None
        self._writer = Writer(self.table, self._source, self._health)
        self._jvm_failures = 0
        self._left = 0

    def start(self) -> None:
        """Begin in a thread of its own."""
        self._thread.start()

    def stop(self, seconds: float = 2.5) -> None:
        """End the query within about `seconds`, then the JVM, then close the table.

        A JVM that is only starting is ended at once. The ledger makes it safe to cut a batch
        short: it is read again at the next start.
        """
        self._stopping.set()
        deadline = time.monotonic() + seconds
        while self._thread.is_alive() and time.monotonic() < deadline:
            if not self._spark:
                end_starting_jvm()
            self._thread.join(0.1)
        if self._spark:
            end_jvm(self._spark)
        self.table.close()
        self._source.close()
        drop_checkpoints(self._checkpoints)

    def counters(self) -> Counters:
        """What was read and what became of it."""
        return self.table.counters()

    def look_up(self, view: View, start: datetime, end: datetime) -> Lookup:
        """Begin to read Zeek's own records of a view between two times from the source."""
        lookup = Lookup(view, start, end)
        if self._spark is None:
            lookup.ended = "Spark is still starting: try again in a moment"
        else:
            lookup.begin(self._spark, open_source(self.settings), self.settings)
        return lookup

    def status(self) -> Status:
        """The stream now: state, lag, age; `since` is when the state last changed."""
        return self._health.status(self.counters().newest)

    def _live(self) -> None:
        """Run the query until stopped; a failure is said, and waited out ever longer."""
        delay = SHORTEST_DELAY
        while not self._stopping.is_set():
            started = time.monotonic()
            try:
                self._run()
            except SourceProblem as problem:
                self._health.problem = str(problem)
                self.status()
                self._stopping.wait(SHORTEST_DELAY)
            except (TopicReplaced, ClockSetBack) as changed:
                self._health.note(str(changed))
            except Exception as failure:
                if self._stopping.is_set():
                    return
                self._exit_without_jvm()
                self._exit_with_failing_jvm(failure)
                delay = SHORTEST_DELAY if time.monotonic() - started > LONGEST_DELAY else delay
                self._failed(failure, delay)
                self._stopping.wait(delay)
                delay = min(2 * delay, LONGEST_DELAY)

    def _run(self) -> None:
        """One query from its start to its end."""
        self._health.doing = "starting Spark"
        self._spark = self._spark or start_session(self.settings)
        self._health.doing = f"connecting to {self._source.name}"
        query_id, begin = self._writer.begin()
        for note in begin.notes:
            self._health.note(note)
        self._health.problem = None
        self._health.doing = "reading the first batch"
        # Spark's checkpoint is on the same disk, and Spark would not say that it is full.
        self.table.check_room()
        query = self._started(self._spark, query_id, begin.offsets)
        try:
            self._watch(query)
        finally:
            self._writer.ends()
            self._end_query(query)
            self._tell_rest()
            drop_checkpoints(self._checkpoints)

    def _started(self, spark: SparkSession, query_id: str, begin: Offsets) -> StreamingQuery:
        checkpoint = self._checkpoints / f"checkpoint-{query_id}"
        add = partial(self._add, query_id, checkpoint)
        ProgressListener.attach(spark, self._triggered, self._progressed)
        reader = self._source.reader(begin, self.settings.max_batch_records)
        packs = batches.stream(spark, reader, self.settings)
        interval = f"{self.settings.trigger.total_seconds() * 1000:.0f} milliseconds"
        writer = packs.writeStream.foreachBatch(add)
        options = writer.option("checkpointLocation", checkpoint.as_uri())
        return options.trigger(processingTime=interval).start()

    def _watch(self, query: StreamingQuery) -> None:
        """Look whether all is well, until stopped; raises what ended the query."""
        probed, clock = 0.0, clock_ahead()
        while not self._stopping.wait(LOOK_EVERY):
            if self.status().state == "no data":
                with suppress(TableFull):
                    self.table.rest(datetime.now(UTC) - LATE)
            clock = looked_at_clock(clock)
            self._exit_without_jvm()
            if self._writer.failure or not query.isActive:
                raise self._writer.failure or query.exception() or QueryFailed()
            if time.monotonic() - probed >= PROBE_EVERY:
                self._probe()
                probed = time.monotonic()

    def _end_query(self, query: StreamingQuery) -> None:
        """Ask it to stop, which a source that does not answer draws out, and look meanwhile."""
        ending = threading.Thread(target=stop_query, args=[query], daemon=True)
        ending.start()
        ending.join(PROBE_EVERY)
        while ending.is_alive():
            with suppress(TopicReplaced):
                self._probe()
            ending.join(PROBE_EVERY)

    def _probe(self) -> None:
        end = self._writer.end
        lag = self._lag(end)
        if lag is not None and end is self._writer.end:
            self._health.lag_records = lag

    def _lag(self, end: Offsets) -> int | None:
        """Records behind `end`; None, and said, if the source does not answer."""
        try:
            lag = self._source.lag(end)
            self._health.problem = None
        except SourceProblem as problem:
            self._health.problem = str(problem)
            return None
        return lag

    def _add(self, query_id: str, checkpoint: Path, packs: DataFrame, batch_id: int) -> None:
        """One batch, called by Spark: group it, and have it written while the next is read."""
        try:
            self._put(query_id, checkpoint, packs, batch_id)
        except Exception as error:
            # Spark would search the trace of a batch that its own stop cut short for too long.
            if not self._writer.writes(query_id):
                return
            self._writer.failure = error
            # Spark logs what it is told, and Java's own words are of hundreds of lines.
            raise QueryFailed(said_of(error, self.settings.kafka_secrets)) from None

    def _put(self, query_id: str, checkpoint: Path, packs: DataFrame, batch_id: int) -> None:
        began = time.perf_counter()
        counts = batches.grouped(packs)
        grouped = time.perf_counter() - began
        end = self._source.offsets(batches.logged_offsets(checkpoint, batch_id))
        # A topic that was made anew is noticed before what was read of it is counted twice.
        lag = self._lag(end)
        self._writer.put(query_id, batch_id, end, counts, grouped)
        if lag is not None:
            self._left = self._health.lag_records = lag

    def _triggered(self, at: datetime) -> None:
        self._health.last_trigger = at
        self._health.failure = None
        self._jvm_failures = 0

    def _progressed(self, times: BatchTimes) -> None:
        if written := self._writer.written(times.batch_id):
            self._tell(times, written)
        self._triggered(times.at)

    def _tell_rest(self) -> None:
        """The batches that Spark did not tell of, since the query's end has overtaken it."""
        for batch_id, written in self._writer.untold().items():
            seconds = sum(written.stages.values())
            self._tell(BatchTimes(batch_id, datetime.now(UTC), written.read, seconds), written)

    def _tell(self, times: BatchTimes, written: Written) -> None:
        """A batch that is in the table."""
        stages = {**times.stages, **written.stages}
        known = replace(times, read=written.read, counted=written.counted, stages=stages)
        self._health.batches.append(replace(known, lag_records=self._left))
        self.metrics.batch_seconds.observe(times.seconds)

    def _failed(self, failure: Exception, delay: float) -> None:
        self._health.failure = (
            f"{said_of(failure, self.settings.kafka_secrets)}; starting again in {delay:.0f} s"
        )
        self._health.restarts += 1
        log.warning("query failed: %s", ascii(self._health.failure))

    def _exit_without_jvm(self) -> None:
        if jvm_is_dead() and not self._stopping.is_set():
            self._exit("the JVM died")

    def _exit_with_failing_jvm(self, failure: Exception) -> None:
        self._jvm_failures = self._jvm_failures + 1 if is_of_the_jvm(failure) else 0
        if self._jvm_failures >= JVM_FAILURES:
            self._exit(f"the JVM cannot go on ({said_of(failure, self.settings.kafka_secrets)!a})")

    def _exit(self, why: str) -> None:
        log.critical("%s: this process ends, for a supervisor to start it again", why)
        self.table.close()
        drop_checkpoints(self._checkpoints)
        os._exit(JVM_DIED)


class ClockSetBack(Exception):
    """Spark waits for its next trigger by the wall clock, and would wait as much longer."""


def clock_ahead() -> float:
    """The wall clock's seconds beyond the clock that nobody sets."""
    return time.time() - time.monotonic()


def looked_at_clock(before: float) -> float:
    """How far it is ahead now; ClockSetBack if that is less than before."""
    now = clock_ahead()
    if now < before - CLOCK_STEP:
        far = span(round(before - now))
        raise ClockSetBack(f"the clock was set back by {far}: reading begins anew")
    return now


def check_names(renamed: Mapping[str, str]) -> None:
    """SettingsError for a name that no field of dns.log has."""
    for name, field in renamed.items():
        if field not in DNS.fields:
            fields = ", ".join(DNS.fields)
            raise SettingsError(
                f"ZEEK_LIVE_FIELD_NAMES: {name!r} stands for {field!r}, which dns.log has not: "
                f"it has {fields}"
            )


def drop_checkpoints(folder: Path) -> None:
    """All of them: those of servers that were killed, and what Spark still wrote into one that
    was dropped. Only one query runs there at a time: the table's lock says so."""
    for checkpoint in folder.glob("checkpoint-*"):
        shutil.rmtree(checkpoint, ignore_errors=True)


def open_source(settings: Settings) -> Source:
    """The source that the settings name."""
    return KafkaSource(settings) if settings.source == "kafka" else LogDirectory(settings)


_running: list[Any] = []
"""The process's one pipeline. A module that is imported again would make a second one."""


def use(pipeline: Any) -> None:
    """Make a pipeline the one that pages show."""
    _running[:] = [pipeline]


def running() -> Any:
    """The process's one pipeline."""
    return _running[0]


def stop_query(query: StreamingQuery) -> None:
    """Ask the query to stop, and wait until it has."""
    with suppress(Exception):
        query.stop()
