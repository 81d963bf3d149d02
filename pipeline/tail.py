"""Files of a Zeek log directory: which there are, which are the same log, where their lines end.

A log keeps its identity, and so its position, when it is renamed, copied or compressed: it is
known by the hash of its content up to the first record, never by its name or inode.
"""

import errno
import gzip
import hashlib
import math
import os
import re
import stat
import time
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BufferedIOBase
from typing import NamedTuple

from pipeline.tsv import Header, keep_broken, read_column_line, read_directive

HEAD_BYTES = 64 * 1024
# zeekctl's `current` leads to its spool directory, by design outside of the logs.
SPOOL = "current"
# After this long without a write, a closed file's last line is whole, and a .gz ends where it ends.
SETTLED_SECONDS = 60.0
TS = re.compile(rb'"ts":\s*"?([^",}]+)')

Broken = (OSError, EOFError, zlib.error)


@dataclass(frozen=True)
class LogFile:
    """A file of the feed as it was when the directory was listed."""

    path: str
    inode: int
    size: int
    mtime: float
    live: bool
    """Whether it has the name under which Zeek writes, so that its last line may yet grow."""

    @property
    def name(self) -> str:
        """The path as text: what Linux has for a path may be none."""
        return keep_broken(os.fsencode(self.path))

    @property
    def compressed(self) -> bool:
        """Whether it can only be read from its beginning."""
        return self.path.endswith(".gz")

    @property
    def settled(self) -> bool:
        """Whether nobody has written to it for a while."""
        return time.time() - self.mtime > SETTLED_SECONDS

    @property
    def closed(self) -> bool:
        """Whether its last line is whole, even without its end."""
        return not self.live and self.settled

    def open(self) -> BufferedIOBase:
        """The file's content, decompressed."""
        return open_log(self.path)


class Head(NamedTuple):
    """What the start of a log tells."""

    log: str
    """The identity."""
    first: float | None
    """The first record's time, epoch seconds."""


def open_log(path: str) -> BufferedIOBase:
    """A log's content, decompressed; OSError, EOFError or zlib.error where that fails."""
    plain = open(path, "rb", opener=open_regular)  # noqa: SIM115 # whoever reads it closes it
    if not path.endswith(".gz"):
        return plain
    packed = gzip.GzipFile(fileobj=plain, mode="rb")
    packed.myfileobj = plain  # type: ignore[assignment] # closed with it, as gzip.open's own
    return packed


def open_regular(path: str, flags: int) -> int:
    """A file descriptor, at once: what has become a pipe since it was listed waits for a writer."""
    found = os.open(path, flags | os.O_NONBLOCK)
    if stat.S_ISREG(os.fstat(found).st_mode):
        return found
    os.close(found)
    raise OSError(errno.EINVAL, "no regular file", path)


def name_pattern(feed: str) -> re.Pattern[str]:
    """The names a feed's log can have: live, rotated by Zeek, archived by zeekctl, by logrotate.

    >>> names = ["dns.log", "dns.00:00:00-01:00:00.log.gz", "dns.log.1", "dns-2.log"]
    >>> [name for name in names if not name_pattern("dns").fullmatch(name)]
    ['dns-2.log']
    """
    return re.compile(
        rf"{re.escape(feed)}(?:[._-]{{1,2}}\d\d[\w:.-]*)?\.log(?:[.-]\d[\w:-]*)?(?:\.gz)?"
    )


def directory_problem(path: str | os.PathLike[str], feed: str = "dns") -> str | None:
    """Why nothing new can come from a log directory, in one sentence; None if it can."""
    root = os.path.realpath(path)
    try:
        list_folder(root, {})
    except FileNotFoundError:
        return f"There is no directory {path}."
    except NotADirectoryError:
        return f"{path} is not a directory."
    except OSError as error:
        return f"{path} cannot be read: {error.strerror}."
    files, complete = list_logs(root, feed, {})
    if any(os.access(file.path, os.R_OK, effective_ids=True) for file in files):
        return None
    if files:
        newest = max(files, key=lambda file: (file.live, file.mtime))
        return f"{newest.name} cannot be read: Permission denied."
    where = "" if complete else " in those of its folders that can be read"
    return f"{path} holds no {feed}.log{where}."


Listing = dict[str, tuple[int, list[os.DirEntry[str]]]]
"""Directories to when they had last changed and what they held: they are big and seldom change."""


def list_logs(
    root: str,
    feed: str,
    known: Listing,
    strict: bool = False,
    aside: set[str] | None = None,
    unreadable: set[str] | None = None,
) -> tuple[list[LogFile], bool]:
    """The feed's files in a directory and the directories in it, and whether all could be listed.

    Links that lead out of the directory are left alone, and so are pipes and devices: `aside` gets
    their paths, and `unreadable` those of what may not be looked at.
    """
    files: list[LogFile] = []
    aside = set() if aside is None else aside
    unreadable = set() if unreadable is None else unreadable
    complete = True
    is_log = name_pattern(feed).fullmatch
    pending = [(root, root)]
    for folder, base in pending:
        try:
            entries = list_folder(folder, known)
        except OSError as error:
            if strict:
                raise
            complete = False
            note_unreadable(folder, error, unreadable)
            continue
        for entry in entries:
            leads_out = entry.is_symlink() and not is_inside(entry.path, base)
            is_folder = folder == root and is_directory(entry, unreadable)
            if leads_out and not (is_folder and entry.name == SPOOL):
                aside |= {entry.path} if is_folder or is_log(entry.name) else set()
            elif is_folder:
                pending.append((entry.path, os.path.realpath(entry.path) if leads_out else root))
            elif is_log(entry.name):
                live = entry.name == f"{feed}.log" and is_written(folder, root)
                files.extend(list_file(entry.path, live, aside, unreadable))
    return files, complete and not unreadable


def is_directory(entry: os.DirEntry[str], unreadable: set[str]) -> bool:
    """Whether it is one; a link into a place that may not be entered cannot be looked at."""
    try:
        return entry.is_dir()
    except OSError as error:
        note_unreadable(entry.path, error, unreadable)
        return False


def list_folder(folder: str, known: Listing) -> list[os.DirEntry[str]]:
    """A directory's entries, from memory while it has not changed."""
    changed = os.stat(folder).st_mtime_ns
    if folder in known and known[folder][0] == changed:
        return known[folder][1]
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    # Clocks tick coarsely: what changes again within the same tick must be seen.
    if time.time_ns() - changed > 2_000_000_000:
        known[folder] = (changed, entries)
    return entries


def list_file(path: str, live: bool, aside: set[str], unreadable: set[str]) -> list[LogFile]:
    """The file as it is now; nothing if it has gone or is no regular file."""
    try:
        found = os.stat(path)
    except OSError as error:
        note_unreadable(path, error, unreadable)
        return []
    if not stat.S_ISREG(found.st_mode):
        aside |= set() if stat.S_ISDIR(found.st_mode) else {path}
        return []
    return [LogFile(path, found.st_ino, found.st_size, found.st_mtime, live)]


def note_unreadable(path: str, error: OSError, unreadable: set[str]) -> None:
    """Keep the path of what is there and cannot be opened; what has gone is no news."""
    if not isinstance(error, FileNotFoundError):
        unreadable.add(path)


def is_written(folder: str, root: str) -> bool:
    """Whether Zeek itself writes into a folder: others hold archives."""
    return folder == root or os.path.basename(folder) == SPOOL


def is_inside(path: str, base: str) -> bool:
    """Whether a link stays within a directory."""
    return os.path.realpath(path).startswith(base.rstrip("/") + "/")


def read_head(stream: BufferedIOBase, closed: bool) -> Head | None:
    """The identity of a log; None while its first record is not whole.

    In a closed file a record without its end of line is whole, and has the same identity with it.
    Where no record comes for very long, what stands before it is identity enough.
    """
    head, header = b"", None
    while line := stream.readline(HEAD_BYTES - len(head)):
        head += line
        if not line.endswith(b"\n") and len(head) < HEAD_BYTES:
            if not closed:
                return None
            head += b"\n"
        text = keep_broken(line.rstrip(b"\r\n"))
        if text.startswith("#"):
            header = read_directive(header, text)
        elif columns := read_column_line(text) if header is None else None:
            header = columns
        elif text.strip():
            break
    if not line and len(head) < HEAD_BYTES:
        return None
    return Head(hashlib.sha256(head).hexdigest()[:16], first_time(line, header))


def first_time(line: bytes, header: Header | None) -> float | None:
    """The `ts` of a record, epoch seconds, if it can be made out."""
    found = TS.search(line)
    text = found[1].decode("ascii", "replace") if found else ""
    if header and "ts" in header.fields:
        cells = keep_broken(line).split(header.separator)
        at = header.fields.index("ts")
        text = cells[at] if at < len(cells) else ""
    try:
        seconds = float(text)
    except ValueError:
        try:
            moment = datetime.fromisoformat(text)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        except ValueError:
            return None
    if not math.isfinite(seconds):
        return None
    return seconds / 1000 if seconds > 1e11 else seconds


def head_of(file: LogFile) -> Head | None:
    """The identity of a file's content; of a settled archive that cannot be read, its bytes'."""
    try:
        with file.open() as stream:
            return read_head(stream, file.closed)
    except (gzip.BadGzipFile, EOFError, zlib.error):
        if not file.settled:
            raise
    with open(file.path, "rb", opener=open_regular) as packed:
        content = packed.read(HEAD_BYTES)
    return Head(hashlib.sha256(b"%d " % file.size + content).hexdigest()[:16], None)


def open_if(path: str, log: str) -> BufferedIOBase | None:
    """A file opened, if it holds that log."""
    try:
        stream = open_log(path)
    except OSError:
        return None
    try:
        head = read_head(stream, closed=True)
    except Broken:
        head = None
    if head and head.log == log:
        return stream
    stream.close()
    return None
