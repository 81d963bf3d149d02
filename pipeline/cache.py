"""One bounded cache of what pages ask: by the table's version, so that twenty viewers cost one."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import datetime
from functools import wraps
from itertools import count
from threading import Lock
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar
from weakref import ReferenceType, WeakKeyDictionary, ref

import pyarrow as pa

from pipeline.known import version
from pipeline.state import View

MAX_RESULTS = 512
PATIENCE = 2.0
"""Seconds after which whoever draws a newer version is not waited for."""
MANY = 3
BEGUN = 8
"""Versions that are being drawn and remembered; who left before the end is among them."""
P = ParamSpec("P")
R = TypeVar("R")


class Readable(Protocol):
    """What a view needs of the table."""

    @property
    def version(self) -> int:
        """Rises by one whenever readers could see something new."""

    @property
    def exact_since(self) -> int:
        """The oldest version that can still be read as it was."""

    def keeps(self, version: int) -> bool:
        """Whether a version can be read as it was."""

    def over(self, version: int) -> datetime | None:
        """Up to when a version has all that is to come; None while records come."""

    @property
    def shrunk(self) -> int:
        """The version at which rows were last merged or evicted."""

    def read(self, sql: str, params: Any = ...) -> pa.Table:
        """The whole result of one query with bound parameters."""


class Cache:
    """Results by key, the least recently used dropped; callers of one key at once compute once."""

    def __init__(self, size: int = MAX_RESULTS) -> None:
        self.hits = 0
        self.misses = 0
        self._size = size
        self._lock = Lock()
        self._results: OrderedDict[Hashable, Future[Any]] = OrderedDict()

    def get(self, key: Hashable, compute: Callable[[], Any]) -> Any:
        """The result for a key, computed if it is not there. An error is not kept."""
        with self._lock:
            result = self._results.get(key)
            mine = result is None
            if result is None:
                self.misses += 1
                result = self._results[key] = Future()
                while len(self._results) > self._size:
                    self._results.popitem(last=False)
            else:
                self.hits += 1
                self._results.move_to_end(key)
        if mine:
            self._fill(key, result, compute)
        return result.result()

    def _fill(self, key: Hashable, result: Future[Any], compute: Callable[[], Any]) -> None:
        try:
            result.set_result(compute())
        except BaseException as error:
            with self._lock:
                if self._results.get(key) is result:
                    del self._results[key]
            result.set_exception(error)

    def clear(self) -> None:
        """Forget every result."""
        with self._lock:
            self._results.clear()


RESULTS = Cache()
_NUMBERS: WeakKeyDictionary[Readable, int] = WeakKeyDictionary()
_NEXT = count()


def _number(table: Readable) -> int:
    """The same for the same table; results do not keep a table alive that has been let go."""
    number = _NUMBERS.get(table)
    return _NUMBERS.setdefault(table, next(_NEXT)) if number is None else number


def _state(table: Readable, view: View) -> tuple[int, int]:
    if view.at is None:
        return table.version, 0
    return SHOWN.shrunk(table, view.at), min(view.at, table.version)


@dataclass
class _Moment:
    """A version that pages show or will: since when, and after which merge it was first read."""

    version: int = 0
    since: float = 0.0
    shrunk: int = 0
    seconds: float = 0.0
    """How long it took to draw."""
    looks: int = 0
    """How often it was shown to others than who drew it."""


class Shown:
    """The version that pages show: for a moment the same, so that all who look then share it.

    When it is old, who comes first draws the newest; others go on with the last one meanwhile, and
    find the newer one made. What many look at is made anew before that (`pipeline.ahead`).
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._table: ReferenceType[Readable] | None = None
        self._shown = _Moment()
        self._begun: deque[_Moment] = deque(maxlen=BEGUN)
        self._earlier: deque[_Moment] = deque(maxlen=BEGUN)
        """Shown before; some may still be drawn."""

    def version(self, table: Readable, seconds: float) -> int:
        """The one to draw; what it says was the newest about so many seconds ago at most.

        What is shared stays for twice the time it took to draw, so that drawing takes half of the
        server's time at most; what many look at, for half of `seconds` more, in which it is made.
        """
        now = time.monotonic()
        with self._lock:
            if not self._still_there(table):
                self._table = ref(table)
                self._shown = _moment(table, now)
                self._begun.clear()
                self._earlier.clear()
                return self._shown.version
            shown, age = self._shown, now - self._shown.since
            spare = seconds / 2 if shown.looks >= MANY else 0.0
            if seconds and (age < max(seconds, self._twice + spare) or self._is_made(now)):
                shown.looks += 1
                return shown.version
            self._begun.append(_moment(table, now))
            return self._begun[-1].version

    def due(self, table: Readable, seconds: float) -> int | None:
        """The newest version, where many look at one that is about to be old: it is to be made now,
        by the caller and nobody else."""
        now = time.monotonic()
        with self._lock:
            shown = self._shown
            is_old = now - shown.since >= max(seconds / 2, self._twice)
            if not (seconds and is_old and shown.looks >= MANY and self._still_there(table)):
                return None
            if self._is_made(now) or table.version == shown.version:
                return None
            self._begun.append(_moment(table, now))
            return self._begun[-1].version

    @property
    def _twice(self) -> float:
        return 2 * self._shown.seconds if self._shown.looks else 0.0

    def _is_made(self, now: float) -> bool:
        newer = [each for each in self._begun if each.version > self._shown.version]
        return any(now - each.since < PATIENCE for each in newer)

    def last(self, table: Readable, seconds: float) -> int:
        """The one that was drawn last, if pages may be so many seconds behind; else the newest."""
        with self._lock:
            known = seconds and self._still_there(table)
            return self._shown.version if known else table.version

    def drawn(self, version: int) -> None:
        """A page of that version is on a screen, or all of it is made: from now on all are shown
        it, if it is newer.

        Also when somebody has begun a newer one since: where drawing is slow, somebody always has.
        """
        with self._lock:
            for moment in [each for each in self._begun if each.version == version]:
                self._earlier.append(self._shown)
                self._shown = moment
                self._shown.seconds = time.monotonic() - moment.since
            while self._begun and self._begun[0].version <= self._shown.version:
                self._begun.popleft()

    def shrunk(self, table: Readable, version: int) -> int:
        """After which merge a version is read: those on screens stay as they were first read."""
        with self._lock:
            if self._still_there(table):
                for moment in (self._shown, *self._begun, *self._earlier):
                    if moment.version == version:
                        return moment.shrunk
        return table.shrunk

    def _still_there(self, table: Readable) -> bool:
        same = self._table is not None and self._table() is table
        return same and self._shown.version >= table.exact_since


def _moment(table: Readable, now: float) -> _Moment:
    return _Moment(table.version, now, table.shrunk)


SHOWN = Shown()
ASKED: ContextVar[list[Callable[[int], Any]] | None] = ContextVar("asked", default=None)
"""While a page is drawn: what it has asked, to be asked once more of another version."""


def cached(
    function: Callable[Concatenate[Readable, View, P], R],
) -> Callable[Concatenate[Readable, View, P], R]:
    """Keep what `function(table, view, …)` answers until the table's version rises.

    A view of a version that has passed is kept until rows are merged. Only what decides the
    records counted is part of the key, not how they are shown. The result is shared by all
    callers: it is not to be changed in place.
    """

    @wraps(function)
    def call(table: Readable, view: View, /, *args: P.args, **kwargs: P.kwargs) -> R:
        selected = view.selected()
        name = f"{function.__module__}.{function.__qualname__}"
        if (asked := ASKED.get()) is not None:
            asked.append(lambda at: call(table, replace(view, at=at), *args, **kwargs))
        options = tuple(sorted(kwargs.items()))
        key = (name, _number(table), *_state(table, view), version(), selected, args, options)
        result: R = RESULTS.get(key, lambda: function(table, selected, *args, **kwargs))
        return result

    return call
