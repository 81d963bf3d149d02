"""The next version, made before anybody is shown it: what many look at, nobody waits for."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Lock, Thread
from typing import Any

from pipeline.cache import ASKED, SHOWN, Readable

_MAKING = Lock()
"""Held while one is made: where that is slow, no others wait behind it."""


@contextmanager
def asking() -> Iterator[list[Callable[[int], Any]]]:
    """Everything that is asked of cached views meanwhile, each to be asked of a version."""
    asked: list[Callable[[int], Any]] = []
    token = ASKED.set(asked)
    try:
        yield asked
    finally:
        ASKED.reset(token)


def make_next(table: Readable, asked: list[Callable[[int], Any]], seconds: float) -> None:
    """Where it is due, ask the same of the newest version, and then have pages show that."""
    if not _MAKING.acquire(blocking=False):
        return
    try:
        if (version := SHOWN.due(table, seconds)) is None:
            _MAKING.release()
        else:
            Thread(target=_make, args=(asked, version), name="ahead", daemon=True).start()
    except BaseException:
        _MAKING.release()
        raise


def _make(asked: list[Callable[[int], Any]], version: int) -> None:
    for each in asked:
        # An answer that fails is not kept: who is shown that version asks again, and is told why.
        with suppress(Exception):
            each(version)
    SHOWN.drawn(version)
    _MAKING.release()
