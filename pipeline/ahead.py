"""The next version, made before anybody is shown it: what many look at, nobody waits for."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from pipeline.cache import ASKED, SHOWN, Readable

_ONE_AT_A_TIME = ThreadPoolExecutor(1, "ahead")


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
    """Where it is due, ask the same of the newest version, and then have pages show that.

    An answer that fails is not kept: whoever is shown that version asks again, and is told why.
    """
    version = SHOWN.due(table, seconds)
    if version is not None:
        _ONE_AT_A_TIME.submit(_make, asked, version)


def _make(asked: list[Callable[[int], Any]], version: int) -> None:
    for each in asked:
        each(version)
    SHOWN.drawn(version)
