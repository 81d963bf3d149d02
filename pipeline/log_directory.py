"""A Zeek log directory as a source: where its reader begins, and what is wrong with it."""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime

from pyspark.sql import SparkSession

from pipeline.aggregate import COUNTED_FIELDS
from pipeline.feed import DNS
from pipeline.log_reader import LogReader, StepReader, steps
from pipeline.offsets import count_lines
from pipeline.parse import keys_read
from pipeline.settings import Settings, plain
from pipeline.source import OTHER_SOURCE, Begin, Offsets, Part, SourceProblem
from pipeline.stream import lines_batch
from pipeline.tail import directory_problem
from pipeline.tsv import keep_broken


class LogDirectory:
    """The files of one log under a directory, as Zeek writes, rotates and archives them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._path = str(settings.log_dir)
        self._reader = LogReader(self._path)
        self._said: set[str] = set()
        kept = plain(settings.retention)
        recent = f", written in the last {kept} (older: ZEEK_LIVE_START=earliest)"
        since = recent if settings.start == "retention" else ""
        self.name = f"dns.log under {self._path}{since}"

    def begin(self, resume: Offsets | None) -> Begin:
        """Where the table stopped, else where ZEEK_LIVE_START says."""
        self._check()
        if resume and "files" not in resume:
            raise SourceProblem(OTHER_SOURCE)
        offsets = resume or LogReader(self._path, start=self._start()).initialOffset()
        # Said now: where nothing can be read, no batch comes to say it with.
        self._reader.logs()
        return Begin(offsets, notes=tuple(self.news(offsets, offsets)))

    def reader(self, begin: Offsets, limit: int) -> LogReader:
        """Lines as they are, TSV as JSON; `#reason` as topic of what the reader refused."""
        return LogReader(
            self._path,
            offsets=begin,
            max_lines=limit,
            max_record_bytes=self._settings.max_record_bytes,
            wanted=keys_read(DNS, COUNTED_FIELDS, self._settings.field_names),
        )

    def past(
        self, spark: SparkSession, start: datetime, end: datetime, limit: int
    ) -> Iterator[Part]:
        """The files that were written since `start` and begin before `end`."""
        self._check()
        reader = LogReader(self._path, max_record_bytes=self._settings.max_record_bytes)
        for step in steps(self._path, start, end, limit):
            lines = lines_batch(spark, StepReader(reader, step), "string")
            yield Part(lines, count_lines(step.begin, step.end), step.lines, in_order=True)

    def offsets(self, logged: str) -> Offsets:
        """The offsets are the reader's own."""
        return dict(json.loads(logged))

    def count(self, start: Offsets, end: Offsets) -> int:
        """Lines between the two."""
        return count_lines(start, end)

    def news(self, start: Offsets, end: Offsets) -> list[str]:
        """What was left alone since the last time; files that come and go are no news."""
        apart = "left alone, a link out of the log directory or no regular file"
        return [
            *self._say(apart, self._reader.aside),
            *self._say("cannot be read", self._reader.unreadable),
        ]

    def _say(self, what: str, paths: set[str]) -> list[str]:
        """The first of the paths that are new, and how many more."""
        new = sorted(paths - self._said)
        self._said.update(new)
        if not new:
            return []
        first = keep_broken(os.fsencode(new[0]))
        more = f" and {len(new) - 1:,} more" * (len(new) > 1)
        return [f"{what}: {first}{more}"]

    def lag(self, end: Offsets) -> int:
        """About so many lines lie beyond `end`. SourceProblem without a directory."""
        self._check()
        return self._reader.lag(end)

    def close(self) -> None:
        """Nothing is held open."""

    def _check(self) -> None:
        if problem := directory_problem(self._path):
            raise SourceProblem(problem)

    def _start(self) -> str:
        start = self._settings.start
        if isinstance(start, datetime):
            return start.isoformat()
        if start == "retention":
            return (datetime.now(UTC) - self._settings.retention).isoformat()
        return start
