"""A reader of a log directory driven as Spark does it, without Spark."""

import gzip
import json
import os
from pathlib import Path
from typing import Any

from pipeline.log_reader import LogReader
from pipeline.offsets import count_lines

Row = tuple[str, str]


class Tail:
    """A query's ways with a reader: each batch from the end of the one before."""

    def __init__(self, path: Path, offsets: Any = None, **options: Any) -> None:
        self.reader = LogReader(path, offsets=offsets, **options)
        self.offsets = json.loads(json.dumps(self.reader.initialOffset()))
        self.sizes: list[int] = []

    def batch(self) -> list[Row] | None:
        """The rows of the next batch, or None if there is nothing new."""
        limit = self.reader.getDefaultReadLimit()
        end = json.loads(json.dumps(self.reader.latestOffset(self.offsets, limit)))
        if end == self.offsets:
            return None
        rows = self.run(self.offsets, end)
        assert len(rows) == count_lines(self.offsets, end)
        self.offsets = end
        self.sizes.append(len(rows))
        return rows

    def run(self, start: Any, end: Any) -> list[Row]:
        """The rows between two offsets."""
        return [
            (row["value"], row["topic"])
            for part in self.reader.partitions(start, end)
            for batch in self.reader.read(part)
            for row in batch.to_pylist()
        ]

    def all(self) -> list[Row]:
        """The rows of all batches until there is nothing new."""
        rows: list[Row] = []
        while (batch := self.batch()) is not None:
            rows += batch
        return rows

    def values(self) -> list[str]:
        """The records among them."""
        return [value for value, topic in self.all() if not topic.startswith("#")]


def write(path: Path, text: str | bytes, mtime: float | None = None) -> Path:
    """Append to a file, compressed if its name says so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    raw = text.encode() if isinstance(text, str) else text
    with path.open("ab") as file:
        file.write(gzip.compress(raw) if path.suffix == ".gz" else raw)
    if mtime is not None:
        os.utime(path, (mtime, mtime))
    return path
