"""Where reading stands in each log: plain JSON, all the state there is.

    {"lines": 1234,                       all lines read so far, of files since forgotten as well
     "since": 1704067200.0,               files last written before are left alone; or null
     "files": {"<identity>": {"pos": 5678, "lines": 90, "path": …, "header": …, "done": …}},
     "headers": {"<key>": […]}}           TSV headers in force at those positions

`pos` counts decompressed bytes. `path` is text; if that is not the path, the file is looked for.
An archive is `done` when it was read, or refused as `why` says.
A file that has gone is forgotten once a hundred others have gone after it.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import astuple, replace
from typing import Any

from pipeline.blocks import Span, scan
from pipeline.tail import LogFile
from pipeline.tsv import Header

GONE_KEPT = 100
NEW = {"pos": 0, "lines": 0}

Offsets = dict[str, Any]


def first_offsets(since: float | None) -> Offsets:
    """Where nothing has been read yet."""
    return {"lines": 0, "since": since, "files": {}, "headers": {}}


def copy_offsets(offsets: Offsets) -> Offsets:
    """A copy whose files can be moved."""
    return {**offsets, "files": dict(offsets["files"]), "headers": dict(offsets["headers"])}


def count_lines(start: Offsets | None, end: Offsets) -> int:
    """Lines between two offsets, header lines and lines that have gone included."""
    return int(end["lines"]) - int((start or {"lines": 0})["lines"])


def move(
    offsets: Offsets, log: str, file: LogFile, before: Offsets, spans: list[Span], why: str | None
) -> None:
    """Put a log's position behind its spans."""
    count = sum(span.lines for span in spans)
    entry: Offsets = {
        "pos": spans[-1].end if spans else before["pos"],
        "lines": before["lines"] + count,
        "path": file.name,
    }
    if file.compressed:
        entry["done"] = True
    elif spans:
        save_header(offsets, entry, spans[-1].after)
    if why:
        entry["why"] = why
    # Moved to the end: the order tells what was read last.
    offsets["files"].pop(log, None)
    offsets["files"][log] = entry
    offsets["lines"] += count


def skip_log(offsets: Offsets, log: str, file: LogFile, longest: int) -> None:
    """Put a log's position behind all that it holds, without counting it."""
    entry: Offsets = {"pos": 0, "lines": 0, "path": file.name}
    if file.compressed:
        entry["done"] = True
    else:
        header = None
        with file.open() as stream:
            for span in scan(stream, 0, None, longest, limit=file.size, last=not file.live):
                entry["pos"], header = span.end, span.after
        save_header(offsets, entry, header)
    offsets["files"][log] = entry


def save_header(offsets: Offsets, entry: Offsets, header: Header | None) -> None:
    """Note a header once for all the logs that have it."""
    if header:
        form = list(astuple(header))
        entry["header"] = hashlib.sha256(repr(form).encode()).hexdigest()[:8]
        offsets["headers"][entry["header"]] = form


def load_header(offsets: Offsets, entry: Offsets) -> Header | None:
    """The header in force at a log's position."""
    form = offsets["headers"].get(entry.get("header"))
    return read_form(form) if form else None


def read_form(form: Sequence[Any]) -> Header:
    """A header from the list that JSON makes of it."""
    return replace(Header(*form[:5]), fields=tuple(form[5]), types=tuple(form[6]))


def forget(offsets: Offsets, present: set[str] | None) -> None:
    """Drop what has long gone, so that offsets stay small; nothing if not all could be seen."""
    files = offsets["files"]
    gone = [log for log in files if present is not None and log not in present]
    for log in gone[:-GONE_KEPT]:
        del files[log]
    used = {entry.get("header") for entry in files.values()}
    offsets["headers"] = {key: form for key, form in offsets["headers"].items() if key in used}
