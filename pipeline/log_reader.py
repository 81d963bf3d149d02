"""The reader of a Zeek log directory, tailed as Zeek writes and rotates it.

It gives a row `(value, topic)` for each line, as `pipeline.lines` says, and one with the topic
`#gone` for each line that was counted and then could not be read any more. All state is in the
offsets (`pipeline.offsets`).
"""

import math
import os
import time
from collections.abc import Collection, Iterator
from dataclasses import astuple
from datetime import UTC, datetime
from gzip import BadGzipFile
from io import BufferedIOBase
from typing import NamedTuple

import pyarrow as pa
from pyspark.sql.datasource import DataSourceReader, DataSourceStreamReader, InputPartition
from pyspark.sql.streaming.datasource import (
    ReadLimit,
    ReadMaxBytes,
    ReadMaxRows,
)

from pipeline.archives import Planned, plan_archive
from pipeline.blocks import EVERYTHING, Span, join_spans, scan
from pipeline.lines import ROWS, LineReader, make_batch, read_batches
from pipeline.offsets import (
    NEW,
    Offsets,
    copy_offsets,
    first_offsets,
    forget,
    load_header,
    move,
    read_form,
    skip_log,
)
from pipeline.tail import (
    Broken,
    Head,
    Listing,
    LogFile,
    head_of,
    list_logs,
    note_unreadable,
    open_if,
)
from pipeline.tsv import Header

GONE = "#gone"

TASK_LINES = 100_000
# Times of files lag behind the clock.
CLOCK_TICK = 1.0
# Where no line has been read yet that would tell.
LINE_BYTES = 300
COMPRESSED = 15


def parse_since(start: str) -> float | None:
    """Epoch seconds of a start: none for `earliest`, now for `latest`.

    >>> parse_since("2024-01-01T00:00:00Z")
    1704067200.0
    """
    if start in ("earliest", "latest"):
        return None if start == "earliest" else time.time() - CLOCK_TICK
    try:
        return float(start)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(start)
    except ValueError:
        raise ValueError(
            f"start={start!r} cannot be used: latest, earliest, an ISO 8601 time or epoch seconds"
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


class LogReader(DataSourceStreamReader):
    """Plans batches and reads them. What it remembers only spares work."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        feed: str = "dns",
        start: str = "earliest",
        until: float = math.inf,
        offsets: Offsets | None = None,
        max_lines: int = 200_000,
        max_bytes: int = 256 << 20,
        max_record_bytes: int = 1_000_000,
        max_gz_bytes: int = 16 << 30,
        wanted: Collection[str] = (),
    ) -> None:
        """A reader of one feed's logs, from `offsets` on, else from `start`.

        Logs that begin after `until`, epoch seconds, are left alone. A batch has so many lines and
        bytes at most, and an archive may hold so many. Of TSV lines only the fields `wanted` have
        to be there, where there are any.
        """
        self.root, self.feed, self.start, self.until = os.path.realpath(path), feed, start, until
        self.offsets, self.max_lines, self.max_bytes = offsets, max_lines, max_bytes
        self.longest, self.max_gz_bytes = max_record_bytes, max_gz_bytes
        self.wanted = frozenset(wanted)
        self.listing: Listing = {}
        self.aside: set[str] = set()
        self.unreadable: set[str] = set()
        self.heads: dict[LogFile, Head | None] = {}
        self.spans: dict[tuple[str, int, int], list[Span]] = {}
        self.archives: dict[tuple[LogFile, int], Planned] = {}

    def initialOffset(self) -> Offsets:
        if self.offsets:
            return self.offsets
        offsets = first_offsets(parse_since(self.start))
        if self.start == "latest":
            for head, file in self.logs()[0]:
                skip_log(offsets, head.log, file, self.longest)
        return offsets

    def getDefaultReadLimit(self) -> ReadLimit:
        return ReadMaxRows(self.max_lines)

    def latestOffset(self, start: Offsets, limit: ReadLimit) -> Offsets:
        """Never an error: it would end the query. What cannot be read now is read later."""
        lines = limit.max_rows if isinstance(limit, ReadMaxRows) else EVERYTHING
        size = limit.max_bytes if isinstance(limit, ReadMaxBytes) else self.max_bytes
        end = copy_offsets(start)
        logs, complete = self.logs()
        self.spans = {}
        for head, file in logs:
            if lines <= 0 or size <= 0:
                break
            before = end["files"].get(head.log, NEW)
            if not self.is_due(head.log, file, before, end):
                continue
            try:
                found = self.plan(head, file, before, end, lines, size)
            except Broken:
                continue
            if found is None:
                continue
            spans, why = found
            count = sum(span.lines for span in spans)
            if file.compressed and count > lines and end["lines"] > start["lines"]:
                break
            if count or file.compressed:
                move(end, head.log, file, before, spans, why)
                pos = end["files"][head.log]["pos"]
                self.spans[head.log, before["pos"], pos] = join_spans(spans, TASK_LINES)
                lines, size = lines - count, size - (pos - before["pos"])
        if end["lines"] == start["lines"]:
            return start
        forget(end, {head.log for head, _ in logs} if complete else None)
        return end

    def partitions(self, start: Offsets, end: Offsets) -> list[InputPartition]:
        parts: list[InputPartition] = []
        for log, entry in end["files"].items():
            before = start["files"].get(log, NEW)
            lines = entry["lines"] - before["lines"]
            if lines <= 0:
                continue
            header = load_header(start, before)
            whole = Span(before["pos"], entry["pos"], lines, header, None)
            spans = self.spans.get((log, before["pos"], entry["pos"])) or [whole]
            for span in spans:
                form = astuple(span.header) if span.header else None
                reason = entry.get("why", GONE)
                part = (log, entry["path"], span.start, span.end, span.lines, form, reason)
                parts.append(InputPartition(part))
        return parts

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        log, path, start, end, lines, form, reason = partition.value
        reader = LineReader(read_form(form) if form else None, self.feed, self.longest, self.wanted)
        count = 0
        # A reason alone has no bytes to look for.
        stream = self.find(log, path) if end > start else None
        if stream:
            with stream:
                for batch in read_batches(stream, start, end, lines, reader):
                    count += batch.num_rows
                    yield batch
        for at in range(count, lines, ROWS):
            missing = min(ROWS, lines - at)
            yield make_batch([path] * missing, [reason] * missing)

    def lag(self, offsets: Offsets) -> int:
        """About how many lines lie beyond, from the sizes of the files."""
        files = offsets["files"]
        known = [entry for entry in files.values() if entry["lines"] and not entry.get("why")]
        lines = sum(entry["lines"] for entry in known)
        mean = sum(entry["pos"] for entry in known) / lines if lines else LINE_BYTES
        behind = 0
        for head, file in self.logs()[0]:
            entry = files.get(head.log, NEW)
            if self.is_due(head.log, file, entry, offsets):
                size = file.size * COMPRESSED if file.compressed else file.size
                behind += max(0, size - entry["pos"])
        return int(behind / mean)

    def commit(self, end: Offsets) -> None:
        """Nothing to do: the offsets are all there is."""

    def logs(self) -> tuple[list[tuple[Head, LogFile]], bool]:
        """Each log once, oldest first, in the file to read it from; and whether all were seen."""
        unreadable: set[str] = set()
        files, complete = list_logs(
            self.root, self.feed, self.listing, aside=self.aside, unreadable=unreadable
        )
        heads: dict[LogFile, Head | None] = {}
        best: dict[str, tuple[Head, LogFile]] = {}
        for file in sorted(files, key=lambda file: (not file.compressed, file.size, file.live)):
            closed = file.closed
            try:
                head = self.heads[file] if file in self.heads else head_of(file)
            except Broken as error:
                complete = False
                if isinstance(error, OSError) and not isinstance(error, BadGzipFile):
                    note_unreadable(file.path, error, unreadable)
                continue
            # Without a head, a file that has yet to settle may have one then.
            if head or closed:
                heads[file] = head
            if head:
                best[head.log] = (head, file)
        self.heads, self.unreadable = heads, unreadable
        self.archives = {key: plan for key, plan in self.archives.items() if key[0] in heads}
        wanted = [each for each in best.values() if (each[0].first or 0) <= self.until]
        ordered = sorted(wanted, key=lambda each: each[0].first or each[1].mtime)
        return ordered, complete and bool(files)

    def is_due(self, log: str, file: LogFile, before: Offsets, offsets: Offsets) -> bool:
        """Whether a log may hold lines to read now."""
        if before.get("done") or (not file.compressed and file.size <= before["pos"]):
            return False
        since = offsets["since"]
        return log in offsets["files"] or since is None or file.mtime >= since

    def plan(
        self, head: Head, file: LogFile, before: Offsets, offsets: Offsets, lines: int, size: int
    ) -> Planned | None:
        """The lines to read from a log, and the reason why it is not read to its end."""
        header = load_header(offsets, before)
        if file.compressed:
            return self.plan_archive(file, before["pos"], header)
        stream = open_if(file.path, head.log)
        if not stream:
            return None
        with stream:
            stream.seek(before["pos"])
            found = scan(
                stream,
                before["pos"],
                header,
                self.longest,
                limit=file.size - before["pos"],
                max_lines=lines,
                max_bytes=size,
                last=file.closed,
            )
            return list(found), None

    def plan_archive(self, file: LogFile, start: int, header: Header | None) -> Planned | None:
        """The same, of an archive; it is counted once."""
        plan = self.archives.get((file, start))
        if not plan:
            plan = plan_archive(file, start, header, self.longest, self.max_gz_bytes)
        if plan:
            self.archives[file, start] = plan
        return plan

    def find(self, log: str, path: str) -> BufferedIOBase | None:
        """A log opened where it was, or where it is now; None if it has gone.

        OSError if the directory itself cannot be read: then nothing is known to have gone.
        """
        stream = open_if(path, log)
        if stream:
            return stream
        files, _ = list_logs(self.root, self.feed, {}, strict=True)
        for file in sorted(files, key=lambda file: file.compressed):
            stream = open_if(file.path, log)
            if stream:
                return stream
        return None


class Step(NamedTuple):
    """Some lines of past files: from offsets to offsets, of about `lines` in all."""

    begin: Offsets
    end: Offsets
    lines: int


def steps(path: str, start: datetime, end: datetime, limit: int) -> Iterator[Step]:
    """The files that may hold records of a time, `limit` lines a step."""
    since = str(start.timestamp() - CLOCK_TICK)
    reader = LogReader(path, start=since, until=end.timestamp())
    begin = reader.initialOffset()
    total = reader.lag(begin)
    while (after := reader.latestOffset(begin, ReadMaxRows(limit))) is not begin:
        yield Step(begin, after, max(total, after["lines"]))
        begin = after


class StepReader(DataSourceReader):
    """All of a step."""

    def __init__(self, reader: LogReader, step: Step) -> None:
        self.reader, self.step = reader, step

    def partitions(self) -> list[InputPartition]:
        return self.reader.partitions(self.step.begin, self.step.end)

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        return self.reader.read(partition)
