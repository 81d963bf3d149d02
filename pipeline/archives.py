"""Compressed logs: counted whole, since they cannot be entered in the middle; bombs refused."""

from pipeline.blocks import Span, join_spans, scan
from pipeline.tail import Broken, LogFile
from pipeline.tsv import Header

REFUSED = "#archive refused"
DAMAGED = "#archive damaged"
# Every record has a uid of its own, 17 random signs that nothing makes shorter than 12 bytes:
# logs compress five to thirty times, and hold less than a line for each such dozen of bytes.
# A file of one repeated byte, or of blank lines, compresses a thousand times.
BOMB_RATIO = 100
BOMB_BYTES = 1024 * 1024
BYTES_A_LINE = 4
BOMB_LINES = 100_000
# Each task unpacks what lies before its part as well.
TASK_LINES = 500_000
MOST_TASKS = 8

Planned = tuple[list[Span], str | None]
"""The lines to read from a log, and the reason why it is not read to its end."""


def plan_archive(
    file: LogFile, start: int, header: Header | None, longest: int, max_bytes: int
) -> Planned | None:
    """All of an archive from `start` on; None while it is still being written.

    One that is damaged or refused has one line more, which says so.
    """
    most = min(max_bytes, max(BOMB_BYTES, BOMB_RATIO * file.size))
    most_lines = max(BOMB_LINES, file.size // BYTES_A_LINE)
    spans: list[Span] = []
    try:
        why = scan_archive(file, start, header, longest, most, most_lines, spans)
    except Broken:
        if not file.settled:
            return None
        why = DAMAGED
    if why:
        end = spans[-1].end if spans else start
        spans.append(Span(end, end, 1, header, header))
    return spans, why


def scan_archive(
    file: LogFile,
    start: int,
    header: Header | None,
    longest: int,
    most: int,
    most_lines: int,
    spans: list[Span],
) -> str | None:
    """Count an archive's lines into `spans`, as far as it goes; why, if it must not be read."""
    lines = 0
    with file.open() as stream:
        stream.seek(start)
        # A byte too many is enough to refuse it: its lines may never end.
        limit = max(1, most + 1 - start)
        for span in scan(stream, start, header, longest, limit=limit, last=True):
            spans[:] = join_spans([*spans, span], TASK_LINES)
            lines += span.lines
            if span.end > most or lines > most_lines:
                spans.clear()
                return REFUSED
    spans[:] = join_spans(spans, max(TASK_LINES, lines // MOST_TASKS))
    return None
