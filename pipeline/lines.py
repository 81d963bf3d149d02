"""A log's lines to rows `(value, topic)`, under the header that the lines before have set.

The topic is the log's path, or begins with `#`: `#header` for a header line, else the reason why
the line is no record.
"""

import re
from collections.abc import Callable, Iterator
from io import BufferedIOBase

import pyarrow as pa

from pipeline.blocks import read_blocks
from pipeline.feed import SAMPLE_CHARACTERS
from pipeline.tail import Broken
from pipeline.tsv import Header, json_lines, keep_broken, read_header_line

HEADER = "#header"
TOO_LONG = "#too long"
MISMATCH = "#cells do not match the header"
NO_HEADER = "#no header"

SCHEMA = pa.schema([pa.field("value", pa.string()), pa.field("topic", pa.string())])
ROWS = 10_000
CHARACTERS = 4_000_000
# A path that is none must not pass for a reason.
PATH = re.compile(r"[\w.-]+").fullmatch


class LineReader:
    """Lines to rows, under the header that the lines before have set."""

    def __init__(self, header: Header | None, feed: str, longest: int) -> None:
        self.feed, self.longest = feed, longest
        self.set_header(header)

    def set_header(self, header: Header | None) -> None:
        """Take the lines that follow as this header says."""
        self.header = header
        self.topic = header.path if header and PATH(header.path) else self.feed
        self.columns = ""
        # Made at the first line that needs it: a log may be nothing but headers.
        self.convert: Callable[[str], str | None] | None = None

    def row(self, raw: bytes, first: bool) -> tuple[str, str]:
        """`(value, topic)` of a line; `first` if it begins a file."""
        if len(raw) > self.longest:
            return keep_broken(raw[:SAMPLE_CHARACTERS]), TOO_LONG
        try:
            line = raw.decode()
        except UnicodeDecodeError:
            # A bare \xNN would be wrong inside a JSON string.
            line = keep_broken(raw, r"\\x" if raw.lstrip().startswith(b"{") else r"\x")
        if line.startswith("{") and (self.header is None or "\t" not in line):
            return line, self.feed
        return self.tsv_row(line.removesuffix("\r"), first)

    def tsv_row(self, line: str, first: bool) -> tuple[str, str]:
        """The same, of a line that is not JSON."""
        if header := read_header_line(self.header, line, first):
            self.set_header(header)
            return line, HEADER
        if not line:
            return line, self.feed
        if not self.header or not self.header.fields:
            return line, NO_HEADER if "\t" in line else self.feed
        if not self.convert:
            if not self.header.fits(line):
                return line, MISMATCH
            self.columns = self.header.separator.join(self.header.fields)
            self.convert = json_lines(self.header)
        value = self.convert(line)
        if value is None:
            return line, MISMATCH
        if line == self.columns:
            return line, HEADER
        return value, self.topic


def read_batches(
    stream: BufferedIOBase, start: int, end: int, lines: int, reader: LineReader
) -> Iterator[pa.RecordBatch]:
    """The rows of the lines from byte to byte; fewer than `lines` where the file is broken."""
    values: list[str] = []
    topics: list[str] = []
    try:
        stream.seek(start)
        at, held = start, 0
        for data, taken in read_blocks(stream, end - start, reader.longest):
            rows = data.split(b"\n")
            if not rows[-1]:
                rows.pop()
            for number, raw in enumerate(rows):
                value, topic = reader.row(raw, at == 0 and number == 0)
                values.append(value)
                topics.append(topic)
                held += len(value)
                if held >= CHARACTERS or len(values) >= ROWS:
                    yield make_batch(values, topics)
                    values, topics, held = [], [], 0
            at += taken
    except Broken:
        pass
    if values:
        yield make_batch(values, topics)


def make_batch(values: list[str], topics: list[str]) -> pa.RecordBatch:
    """Rows in the form in which Spark takes them fastest."""
    return pa.RecordBatch.from_arrays([pa.array(values), pa.array(topics)], schema=SCHEMA)
