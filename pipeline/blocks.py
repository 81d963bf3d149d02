"""Lines of a log by the block: counted when a batch is planned, read again when it is run."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from io import BufferedIOBase

import numpy as np

from pipeline.tsv import Header, keep_broken, read_header_line

BLOCK = 256 * 1024
EVERYTHING = 1 << 62


def read_blocks(
    stream: BufferedIOBase, limit: int | None, longest: int, most: int = EVERYTHING
) -> Iterator[tuple[bytes, int]]:
    """Whole lines, some hundred kB at a time, and how many bytes of the file they are.

    Of a line much longer than `longest` only the start is held and given, so that memory stays
    bounded. What comes last may lack its end of line; a line of more than `most` bytes comes last.
    """
    held, taken = b"", 0
    left = EVERYTHING if limit is None else limit
    while left > 0 and taken <= most and (chunk := stream.read(min(BLOCK, left))):
        left -= len(chunk)
        first = chunk.find(b"\n") + 1
        if not first:
            held, taken = held + chunk[: max(0, longest + 1 - len(held))], taken + len(chunk)
            continue
        if taken > len(held):
            yield held + b"\n", taken + first
            held, taken, chunk = b"", 0, chunk[first:]
        end = chunk.rfind(b"\n") + 1
        if end:
            yield held + chunk[:end], taken + end
            held, taken = b"", 0
        rest = chunk[end:]
        held, taken = held + rest[: max(0, longest + 1 - len(held))], taken + len(rest)
    if taken:
        yield held, taken


@dataclass(frozen=True)
class Span:
    """Whole lines of a log, from byte to byte of its decompressed content."""

    start: int
    end: int
    lines: int
    header: Header | None
    """In force at `start`."""
    after: Header | None
    """In force at `end`."""


def scan(
    stream: BufferedIOBase,
    start: int,
    header: Header | None,
    longest: int,
    *,
    limit: int | None = None,
    max_lines: int = EVERYTHING,
    max_bytes: int = EVERYTHING,
    last: bool = False,
) -> Iterator[Span]:
    """The lines from `start` on, block by block, until `max_lines` or about `max_bytes` are had.

    `limit` is how many bytes there are. `last` says whether a last line without its end counts.
    A line of more than `max_bytes` is taken in parts as long, each a line too long.
    """
    at, lines = start, 0
    most = max(max_bytes, longest)
    for data, taken in read_blocks(stream, limit, longest, most):
        if not data.endswith(b"\n"):
            if last or taken > most:
                yield Span(at, at + taken, 1, header, header)
            return
        count = count_ends(data)
        if lines + count > max_lines:
            count = max_lines - lines
            data = first_lines(data, count)
            taken = len(data)
        after = header_after(data, header, at == 0, longest)
        yield Span(at, at + taken, count, header, after)
        at, lines, header = at + taken, lines + count, after
        if lines >= max_lines or at - start >= max_bytes:
            return


def join_spans(spans: Iterable[Span], lines: int) -> list[Span]:
    """Neighbours put together until they hold so many lines."""
    joined: list[Span] = []
    for span in spans:
        if joined and joined[-1].lines < lines:
            before = joined.pop()
            span = replace(before, end=span.end, lines=before.lines + span.lines, after=span.after)
        joined.append(span)
    return joined


def count_ends(data: bytes) -> int:
    """Ends of lines, four times as fast as `bytes.count`."""
    return int(np.count_nonzero(np.frombuffer(data, np.uint8) == ord("\n")))


def has_directive(data: bytes) -> bool:
    """Whether a line begins with `#`; where there is none at all, that is found out sooner."""
    return b"#" in data and (data.startswith(b"#") or b"\n#" in data)


def first_lines(data: bytes, count: int) -> bytes:
    """The start of a block, so many lines."""
    end = 0
    for _ in range(count):
        end = data.find(b"\n", end) + 1
    return data[:end]


def header_after(data: bytes, header: Header | None, at_start: bool, longest: int) -> Header | None:
    """The header in force after a block of lines."""
    lines = [data[: data.find(b"\n")]] if at_start else []
    if has_directive(data):
        lines = data.split(b"\n")
    for number, line in enumerate(lines):
        first = at_start and number == 0
        if len(line) <= longest and (first or line.startswith(b"#")):
            text = keep_broken(line.removesuffix(b"\r"))
            header = read_header_line(header, text, first) or header
    return header
