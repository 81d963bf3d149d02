"""A log's lines to rows `(value, topic)`, under the header that the lines before have set.

The topic is the log's path, or begins with `#`: `#header` for a header line, else the reason why
the line is no record.
"""

import re
from collections.abc import Callable, Collection, Iterator
from io import BufferedIOBase

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.blocks import has_directive, read_blocks
from pipeline.columns import PlainColumns, plain_json, split_lines
from pipeline.feed import SAMPLE_CHARACTERS
from pipeline.tail import Broken
from pipeline.tsv import Header, json_lines, keep_broken, read_header_line

HEADER = "#header"
TOO_LONG = "#too long"
MISMATCH = "#cells do not match the header"
NO_HEADER = "#no header"

SCHEMA = pa.schema([pa.field("value", pa.string()), pa.field("topic", pa.string())])
ROWS = 10_000
BATCH_BYTES = 4_000_000
# A path that is none must not pass for a reason.
PATH = re.compile(r"[\w.-]+").fullmatch


class LineReader:
    """Lines to rows, under the header that the lines before have set."""

    def __init__(
        self, header: Header | None, feed: str, longest: int, wanted: Collection[str] = ()
    ) -> None:
        """Of TSV lines only the `wanted` fields have to be there, where there are any."""
        self.feed, self.longest, self.wanted = feed, longest, wanted
        self.set_header(header)

    def set_header(self, header: Header | None) -> None:
        """Take the lines that follow as this header says."""
        self.header = header
        self.topic = header.path if header and PATH(header.path) else self.feed
        self.columns = ""
        # Made at the first line that needs it: a log may be nothing but headers.
        self.convert: Callable[[str], str | None] | None = None
        plain = PlainColumns(header, self.wanted) if header and header.fields else None
        self.plain = plain if plain and plain.fit else None

    def rows(self, data: bytes, first: bool) -> pa.RecordBatch:
        """The rows of a block of lines; `first` if it begins a file."""
        lines = None if first or has_directive(data) else split_lines(data)
        if lines is None:
            return self.rows_by_line(data, first)
        if self.header is None:
            plain, topic = plain_json(lines, self.longest), self.feed
            made = lines.filter(plain)
        elif self.plain:
            plain, cells = self.plain.split(lines, self.longest)
            made, topic = self.plain.objects(cells), self.topic
        else:
            made = None
        if made is None:
            return self.rows_by_line(data, first)
        return self.merged(lines, plain, made, topic)

    def merged(
        self, lines: pa.Array, plain: pa.Array, made: pa.Array, topic: str
    ) -> pa.RecordBatch:
        """Rows of the plain lines, and of the others between them."""
        topics = pa.repeat(topic, len(lines))
        if len(made) < len(lines):
            others = pc.invert(plain)
            rows = [self.row(line.encode(), False) for line in lines.filter(others).to_pylist()]
            odd = make_batch([value for value, _ in rows], [name for _, name in rows])
            made = pc.replace_with_mask(pa.nulls(len(lines), pa.string()), plain, made)
            made = pc.replace_with_mask(made, others, odd["value"])
            topics = pc.replace_with_mask(topics, others, odd["topic"])
        return pa.RecordBatch.from_arrays([made, topics], schema=SCHEMA)

    def rows_by_line(self, data: bytes, first: bool) -> pa.RecordBatch:
        """The same, line by line."""
        lines = data.split(b"\n")
        if not lines[-1]:
            lines.pop()
        pairs = [self.row(raw, first and number == 0) for number, raw in enumerate(lines)]
        return make_batch([value for value, _ in pairs], [topic for _, topic in pairs])

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
    held: list[pa.RecordBatch] = []
    try:
        stream.seek(start)
        at = start
        for data, taken in read_blocks(stream, end - start, reader.longest):
            held.append(reader.rows(data, at == 0))
            at += taken
            if sum(each.nbytes for each in held) >= BATCH_BYTES:
                yield joined(held)
                held = []
    except Broken:
        pass
    if held:
        yield joined(held)


def joined(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    """All of them as one."""
    return pa.Table.from_batches(batches).combine_chunks().to_batches()[0]


def make_batch(values: list[str], topics: list[str]) -> pa.RecordBatch:
    """Rows in the form in which Spark takes them fastest."""
    return pa.RecordBatch.from_arrays(
        [pa.array(values, pa.string()), pa.array(topics, pa.string())], schema=SCHEMA
    )
