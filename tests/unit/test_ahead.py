"""What many look at is made before they are shown it."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from pipeline import ahead
from pipeline.cache import PATIENCE, RESULTS, Shown
from pipeline.state import View
from pipeline.view import hosts
from tests.unit.dns_rows import ByHand, Row


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Shown:
    """A clock that stands still, and a pool whose work can be waited for."""
    now = Shown()
    monkeypatch.setattr("pipeline.cache.SHOWN", now)
    monkeypatch.setattr("pipeline.ahead.SHOWN", now)
    return now


@pytest.fixture
def table(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> ByHand:
    """One that two have looked at, long ago, and that has got a row since."""
    clock = [100.0]
    monkeypatch.setattr("pipeline.cache.time.monotonic", lambda: clock[0])
    table = ByHand(Row(0))
    assert shown.version(table, 1) == shown.version(table, 1) == 1
    table.add(Row(1, seq=2))
    clock[0] += 1
    return table


def made(table: ByHand, asked: list, seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """`make_next`, and what it leaves to the pool is done."""
    with ThreadPoolExecutor(1) as pool:
        monkeypatch.setattr(ahead, "_ONE_AT_A_TIME", pool)
        ahead.make_next(table, asked, seconds)


def test_what_was_asked_of_one_version_is_there_of_the_next_before_it_is_shown(
    shown: Shown, table: ByHand, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ahead.asking() as asked:
        hosts(table, View(at=shown.version(table, 1)), sort="-queries")
    made(table, asked, 1, monkeypatch)
    assert shown.version(table, 1) == 2
    before = RESULTS.misses
    assert hosts(table, View(at=2), sort="-queries").queries == 2
    assert RESULTS.misses == before


def test_nothing_is_asked_twice_where_it_is_not_due(
    shown: Shown, table: ByHand, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    made(table, [asked.append], 0, monkeypatch)
    assert not asked
    made(table, [asked.append], 1, monkeypatch)
    made(table, [asked.append], 1, monkeypatch)
    assert asked == [2]


def test_what_fails_is_shown_to_nobody_and_not_waited_for(
    shown: Shown, table: ByHand, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(table, [lambda version: 1 // 0], 1, monkeypatch)
    assert shown.version(table, 1) == 1
    monkeypatch.setattr("pipeline.cache.time.monotonic", lambda: 102.0 + PATIENCE)
    assert shown.version(table, 1) == 2


def test_what_another_thread_asks_is_not_taken_for_this_page(table: ByHand) -> None:
    with ahead.asking() as asked:
        other = threading.Thread(target=hosts, args=(table, View(at=1)))
        other.start()
        other.join()
    assert not asked
