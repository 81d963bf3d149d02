"""What many look at is made before they are shown it."""

import threading

import pytest

from pipeline import ahead
from pipeline.cache import MANY, PATIENCE, RESULTS, Shown
from pipeline.state import View
from pipeline.view import hosts
from tests.unit.dns_rows import ByHand, Row


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Shown:
    """What pages show, of this test alone."""
    now = Shown()
    monkeypatch.setattr("pipeline.cache.SHOWN", now)
    monkeypatch.setattr("pipeline.ahead.SHOWN", now)
    return now


@pytest.fixture
def table(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> ByHand:
    """One that many have looked at, long ago, and that has got a row since."""
    clock = [100.0]
    monkeypatch.setattr("pipeline.cache.time.monotonic", lambda: clock[0])
    table = ByHand(Row(0))
    for _ in range(1 + MANY):
        assert shown.version(table, 1) == 1
    table.add(Row(1, seq=2))
    clock[0] += 1
    return table


def made(table: ByHand, asked: list, seconds: float) -> None:
    """`make_next`, and what it leaves to a thread is done."""
    ahead.make_next(table, asked, seconds)
    with ahead._MAKING:
        pass


def test_what_was_asked_of_one_version_is_there_of_the_next_before_it_is_shown(
    shown: Shown, table: ByHand
) -> None:
    with ahead.asking() as asked:
        hosts(table, View(at=1), sort="-queries")
    made(table, asked, 1)
    assert shown.version(table, 1) == 2
    before = RESULTS.misses
    assert hosts(table, View(at=2), sort="-queries").queries == 2
    assert RESULTS.misses == before


def test_nothing_is_asked_twice_where_it_is_not_due(table: ByHand) -> None:
    asked: list[int] = []
    made(table, [asked.append], 0)
    assert not asked
    made(table, [asked.append], 1)
    made(table, [asked.append], 1)
    assert asked == [2]


def test_what_fails_keeps_nothing_else_from_being_made(shown: Shown, table: ByHand) -> None:
    asked: list[int] = []
    made(table, [lambda version: 1 // 0, asked.append], 1)
    assert asked == [2]
    assert shown.version(table, 1) == 2


def test_where_no_thread_can_be_had_the_next_try_is_as_the_first(
    table: ByHand, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as without_threads:
        without_threads.setattr("pipeline.ahead.Thread.start", refused)
        with pytest.raises(RuntimeError, match="new thread"):
            ahead.make_next(table, [], 1)
    assert not ahead._MAKING.locked()


def test_what_another_thread_asks_is_not_taken_for_this_page(table: ByHand) -> None:
    with ahead.asking() as asked:
        other = threading.Thread(target=hosts, args=(table, View(at=1)))
        other.start()
        other.join()
    assert not asked


def test_none_waits_behind_one_that_is_slow(table: ByHand, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    go = threading.Event()
    ahead.make_next(table, [lambda version: go.wait(10), asked.append], 1)
    table.add(Row(2, seq=3))
    monkeypatch.setattr("pipeline.cache.time.monotonic", lambda: 102.0 + PATIENCE)
    ahead.make_next(table, [asked.append], 1)
    assert not asked
    go.set()
    with ahead._MAKING:
        pass
    assert asked == [2]
