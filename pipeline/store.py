"""The database under the table: DuckDB in memory or in one file, one writer and many readers.

TableError
├── TableLocked    another process has the state directory
├── TableFull      no room on the disk; nothing was written
└── TableDamaged   the file cannot be read, or another version wrote it
"""

import errno
import fcntl
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import pyarrow as pa

from pipeline.gate import Gate

T = TypeVar("T")
Create = Callable[[duckdb.DuckDBPyConnection], None]

FILE_NAME = "zeek-live.duckdb"
NEW_NAME = "zeek-live.new"
LOCK_NAME = "zeek-live.lock"
MARGIN = 32 * 2**20
"""Bytes that stay free on the disk: the log of a small batch and DuckDB's own blocks."""

MOST_SELECTS = 200
"""They differ by filters, widths of bars and limits; values are bound. One takes some 50 KB."""

FIXED = ("TimeZone = 'UTC'", "enable_external_access = false", "lock_configuration = true")
"""Set once the file is open, and no statement changes them after."""

BROKEN = (duckdb.IOException, duckdb.SerializationException, duckdb.InternalException)


class TableError(Exception):
    """The table cannot do what was asked; the message says what to do."""


class TableLocked(TableError):
    """Another process has the state directory open."""


class TableFull(TableError):
    """The disk has too little room; nothing was written, and the next try works once it has."""


class TableDamaged(TableError):
    """The file cannot be read or is of another version; nothing is made up in its place."""


class Store:
    """An open database: cursors for readers, transactions for the writer, and its reopening."""

    def __init__(self, folder: Path | None, memory_mb: int, create: Create) -> None:
        """Open what is in `folder`, or in memory for None; `create` makes a new one's tables."""
        self._folder = folder
        self._create = create
        self._memory_mb = memory_mb
        self._gate = Gate()
        self._lock = None if folder is None else _lock(folder)
        self._selects: dict[str, duckdb.Statement] = {}
        """What was read before, parsed: to parse it takes as long as to read little."""
        self.ended = False
        """Whether an error has ended the database, so that only reopening helps."""
        self._database: duckdb.DuckDBPyConnection | None = None
        try:
            self._database = self._open()
        except BaseException:
            self.close()
            raise

    def needs(self, size: int) -> None:
        """TableFull unless the disk has room for `size` bytes and the margin."""
        if self._folder is None:
            return
        free = shutil.disk_usage(self._folder).free
        if free < size + MARGIN:
            raise TableFull(
                f"{self._folder} has {free // 2**20} MB free and {(size + MARGIN) // 2**20} MB "
                "are needed; nothing was written, make room there and it goes on by itself"
            )

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor of one's own, beside other readers; results must be fetched inside."""
        with self._gate.shared(), self._connection().cursor() as cursor:
            yield cursor

    @contextmanager
    def writing(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor within one transaction: all of it happens, or nothing. One writer at a time."""
        try:
            with self._connection().cursor() as cursor:
                cursor.begin()
                try:
                    yield cursor
                    cursor.commit()
                except BaseException:
                    with suppress(duckdb.Error):
                        cursor.rollback()
                    raise
        except duckdb.Error as error:
            raise self._failed(error) from error

    def fetch(self, sql: str, params: dict[str, Any] | list[Any]) -> pa.Table:
        """The whole result of one SELECT; sums of integers are 64 bit wide."""
        try:
            with self.reading() as cursor:
                select = self._select(cursor, sql)
                return _with_integers(cursor.sql(select, params=params).to_arrow_table())
        except duckdb.Error as error:
            raise _translated(error, self._folder) from error

    def _select(self, cursor: duckdb.DuckDBPyConnection, sql: str) -> duckdb.Statement:
        """The one SELECT that the text is; TableError for whatever else."""
        if select := self._selects.get(sql):
            return select
        found = cursor.extract_statements(sql)
        if [each.type for each in found] != [duckdb.StatementType.SELECT]:
            raise TableError(f"only one SELECT can be read, not {sql[:80]!r}")
        if len(self._selects) >= MOST_SELECTS:
            self._selects.clear()
        self._selects[sql] = found[0]
        return found[0]

    def checked(self, load: Callable[[duckdb.DuckDBPyConnection], T]) -> T:
        """What `load` reads; ValueError or a missing table means that the file is damaged."""
        try:
            with self.reading() as cursor:
                return load(cursor)
        except (duckdb.Error, ValueError, KeyError, TypeError) as error:
            raise _damaged(self._folder, error) from error

    def checkpoint(self) -> None:
        """Write the log into the file and give deleted rows' room back, with readers kept out."""
        try:
            with self._gate.alone(), self._connection().cursor() as cursor:
                cursor.execute("CHECKPOINT")
        except duckdb.Error as error:
            raise self._failed(error) from error

    def reopen(self) -> None:
        """Close and open the file again; what was committed is there."""
        with self._gate.alone():
            self._close()
            self._database = self._open()
            self.ended = False

    def close(self) -> None:
        """Wait for readers to leave, then close; a second call does nothing."""
        with self._gate.alone():
            self._close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _close(self) -> None:
        if self._database is not None:
            with suppress(duckdb.Error):
                self._database.close()
            self._database = None

    def _connection(self) -> duckdb.DuckDBPyConnection:
        if self._database is None:
            raise TableError("the table is closed")
        return self._database

    def _open(self) -> duckdb.DuckDBPyConnection:
        try:
            if self._folder is None:
                database = self._connect(":memory:")
                self._create(database)
            else:
                if not (self._folder / FILE_NAME).exists():
                    self._make(self._folder)
                database = self._connect(str(self._folder / FILE_NAME))
            # A file that is refused is left as it was found, and so is its log.
            database.execute("PRAGMA disable_checkpoint_on_shutdown")
            for setting in FIXED:
                database.execute(f"SET GLOBAL {setting}")
        except duckdb.Error as error:
            raise _translated(error, self._folder) from error
        return database

    def _make(self, folder: Path) -> None:
        """A file appears under its name only when it is whole."""
        new, log = folder / NEW_NAME, folder / f"{FILE_NAME}.wal"
        if log.exists():
            raise _damaged(folder, FileNotFoundError(f"{log} is there without it"))
        self.needs(0)
        for left_over in (new, folder / f"{NEW_NAME}.wal"):
            left_over.unlink(missing_ok=True)
        with self._connect(str(new)) as database:
            self._create(database)
            database.execute("CHECKPOINT")
        new.rename(folder / FILE_NAME)

    def _connect(self, file: str) -> duckdb.DuckDBPyConnection:
        config: dict[str, str | bool | int | float | list[str]] = {
            "threads": 2,
            "memory_limit": f"{self._memory_mb}MB",
            "temp_directory": "" if self._folder is None else str(self._folder / "spill"),
            "checkpoint_threshold": "256MB",
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "allow_community_extensions": False,
            "python_enable_replacements": False,
        }
        return duckdb.connect(file, config=config)

    def _failed(self, error: duckdb.Error) -> Exception:
        """What to raise for `error`; a database that it has ended is opened again first."""
        if isinstance(error, duckdb.FatalException) or "invalidated" in str(error):
            self.ended = True
        return _translated(error, self._folder)


def _translated(error: duckdb.Error, folder: Path | None) -> Exception:
    text = str(error)
    if holder := re.search(r"Conflicting lock is held.*?PID (\d+)", text, re.DOTALL):
        return TableLocked(_held(folder, holder[1]))
    if any(os.strerror(code) in text for code in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)):
        return TableFull(f"{folder} has no room: {text}; nothing was written, make room there")
    if any(os.strerror(code) in text for code in (errno.EACCES, errno.EPERM, errno.EROFS)):
        return TableError(f"{folder} cannot be used: {text}")
    if folder is not None and (isinstance(error, BROKEN) or "Corrupt" in text):
        return _damaged(folder, error)
    return error


def _damaged(folder: Path | None, error: Exception) -> TableDamaged:
    text = str(error).splitlines()[0]
    file = f"{folder and folder / FILE_NAME}"
    if "WAL" in text:
        return TableDamaged(
            f"{file}.wal cannot be used: {text}. Move it away and start again: "
            "the last batches, which only it holds, are then read from the source once more"
        )
    return TableDamaged(
        f"{file} cannot be used: {text}. Move it and its .wal file away and start again: "
        "the table is then filled from the source, as far back as that reaches"
    )


def _with_integers(rows: pa.Table) -> pa.Table:
    """DuckDB sums integers in 128 bits, which Arrow, and pandas after it, take for decimals."""
    wide = pa.decimal128(38, 0)
    fields = [f.with_type(pa.int64()) if f.type == wide else f for f in rows.schema]
    return rows.cast(pa.schema(fields))


def _held(folder: Path | None, pid: str) -> str:
    return f"{folder} is in use by process {pid}; stop that one, or choose another state directory"


def _lock(folder: Path) -> int:
    """Take the folder for this process; the kernel gives it back when the process ends."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise TableError(f"the state directory {folder} cannot be used: {error}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = os.read(lock, 20).decode() or "unknown"
        os.close(lock)
        raise TableLocked(_held(folder, pid)) from None
    os.ftruncate(lock, 0)
    with suppress(OSError):  # a full disk: the lock holds without the number
        os.write(lock, str(os.getpid()).encode())
    return lock
