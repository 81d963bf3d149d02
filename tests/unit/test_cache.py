"""What pages ask is computed once for each version of the table."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest

from pipeline.cache import BEGUN, MANY, PATIENCE, RESULTS, Cache, Shown
from pipeline.state import Filter, View
from pipeline.view import hosts
from tests.unit.dns_rows import ByHand, Row


def test_a_second_viewer_costs_nothing() -> None:
    table, view = ByHand(Row(0)), View()
    first = hosts(table, view)
    reads, hits = table.reads, RESULTS.hits
    assert hosts(table, replace(view, tz="local", every=60)) is first
    assert table.reads == reads
    assert RESULTS.hits == hits + 1


def test_a_new_version_is_read_anew() -> None:
    table, view = ByHand(Row(0)), View()
    assert hosts(table, view).queries == 1
    table.add(Row(1))
    assert hosts(table, view).queries == 2


def test_a_version_that_has_passed_is_kept_until_rows_are_merged() -> None:
    table, then = ByHand(Row(0)), View(at=1)
    first = hosts(table, then)
    table.add(Row(1, seq=2))
    assert hosts(table, then) is first
    assert hosts(table, View()).queries == 2
    table.shrunk = table.version
    assert hosts(table, then) is not first
    to_come = View(at=9)
    assert hosts(table, to_come).queries == 2
    table.add(Row(2, seq=3))
    assert hosts(table, to_come).queries == 3


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the clock says, to be changed."""
    now = [100.0]
    monkeypatch.setattr("pipeline.cache.time.monotonic", lambda: now[0])
    return now


def test_all_who_look_within_a_moment_are_shown_one_version(clock: list[float]) -> None:
    shown, table = Shown(), ByHand(Row(0))
    assert shown.version(table, 1) == 1
    table.add(Row(1))
    clock[0] += 0.9
    assert shown.version(table, 1) == shown.last(table, 1) == 1
    assert shown.version(table, 0) == shown.last(table, 0) == 2
    table.add(Row(2))
    table.exact_since = 3
    assert shown.version(table, 1) == shown.last(table, 1) == 3
    assert shown.version(ByHand(), 1) == 1


@pytest.fixture
def drawing(clock: list[float]) -> tuple[Shown, ByHand]:
    """A table whose second version somebody has begun to draw."""
    shown, table = Shown(), ByHand(Row(0))
    shown.version(table, 1)
    table.add(Row(1))
    clock[0] += 1
    assert shown.version(table, 1) == 2
    return shown, table


def test_the_last_version_is_shown_while_somebody_draws_a_newer_one(
    drawing: tuple[Shown, ByHand], clock: list[float]
) -> None:
    shown, table = drawing
    assert shown.version(table, 1) == shown.last(table, 1) == 1
    clock[0] += 0.5
    shown.drawn(2)
    table.add(Row(2))
    assert shown.version(table, 1) == shown.last(table, 1) == 2
    clock[0] += 0.5
    assert shown.version(table, 1) == 3
    shown.drawn(2)
    assert shown.version(table, 1) == 2


def test_what_many_look_at_is_made_anew_by_one_of_them_before_it_is_old(
    drawing: tuple[Shown, ByHand], clock: list[float]
) -> None:
    shown, table = drawing
    shown.drawn(2)
    table.add(Row(2))
    for _ in range(MANY):
        assert shown.due(table, 1) is None
        assert shown.version(table, 1) == 2
    clock[0] += 0.4
    assert shown.due(table, 1) is None
    clock[0] += 0.2
    assert [shown.due(table, seconds) for seconds in (0, 1, 1)] == [None, 3, None]
    clock[0] += 0.5
    assert shown.version(table, 1) == 2
    shown.drawn(3)
    assert shown.version(table, 1) == 3


def test_what_two_look_at_is_not_made_for_nobody(
    drawing: tuple[Shown, ByHand], clock: list[float]
) -> None:
    shown, table = drawing
    shown.drawn(2)
    assert shown.version(table, 1) == 2
    table.add(Row(2))
    clock[0] += 0.9
    assert shown.due(table, 1) is None


@pytest.mark.parametrize(
    ("looks", "took", "stays"), [(1, 0.1, 1.0), (1, 0.8, 1.6), (MANY, 0.1, 1.0), (MANY, 0.8, 2.1)]
)
def test_what_is_shared_stays_for_twice_the_time_it_took_and_a_little_where_it_may_be_made(
    drawing: tuple[Shown, ByHand], clock: list[float], looks: int, took: float, stays: float
) -> None:
    shown, table = drawing
    began = clock[0]
    clock[0] += took
    shown.drawn(2)
    table.add(Row(2))
    for _ in range(looks):
        assert shown.version(table, 1) == 2
    clock[0] = began + stays - 0.05
    assert shown.version(table, 1) == 2
    clock[0] = began + stays + 0.05
    assert shown.version(table, 1) == 3


def test_who_never_comes_to_draw_it_is_not_waited_for(
    drawing: tuple[Shown, ByHand], clock: list[float]
) -> None:
    shown, table = drawing
    assert shown.version(table, 1) == 1
    clock[0] += PATIENCE
    assert shown.version(table, 1) == 2


def test_where_drawing_takes_longer_than_anybody_waits_what_is_drawn_is_shown(
    drawing: tuple[Shown, ByHand], clock: list[float]
) -> None:
    shown, table = drawing
    for second in range(3, 9):
        clock[0] += PATIENCE
        table.add(Row(second))
        assert shown.version(table, 1) == second
        shown.drawn(second - 1)
        assert shown.last(table, 1) == second - 1


def test_a_version_drawn_late_takes_no_screen_back(
    drawing: tuple[Shown, ByHand], clock: list[float]
) -> None:
    shown, table = drawing
    clock[0] += PATIENCE
    table.add(Row(2))
    assert shown.version(table, 1) == 3
    shown.drawn(3)
    shown.drawn(2)
    assert shown.last(table, 1) == 3


def test_a_viewer_alone_does_not_wait_twice_the_time(
    drawing: tuple[Shown, ByHand], clock: list[float]
) -> None:
    shown, table = drawing
    clock[0] += 0.8
    shown.drawn(2)
    table.add(Row(2))
    clock[0] += 0.2
    assert shown.version(table, 1) == 3


def test_what_is_on_screens_stays_as_it_was_read_when_rows_are_merged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = ByHand(Row(0))
    monkeypatch.setattr("pipeline.cache.SHOWN", shown := Shown())
    now = View(at=shown.version(table, 1))
    first = hosts(table, now)
    table.add(Row(1, seq=2))
    table.shrunk = table.version
    for version in range(2, BEGUN + 3):
        assert hosts(table, now) is first
        assert shown.version(table, 0) == version
        shown.drawn(version)
        table.version += 1
    assert hosts(table, now) is not first


def test_other_arguments_and_other_tables_are_other_results() -> None:
    one, other = ByHand(Row(0)), ByHand(Row(0), Row(1, host="10.0.0.2"))
    one.version = other.version = 7
    assert hosts(one, View()).of == 1
    assert hosts(other, View()).of == 2
    assert hosts(other, View(filters=(Filter("host", "10.0.0.2"),))).of == 1


def test_callers_at_the_same_time_compute_once() -> None:
    cache, barrier, calls = Cache(), Barrier(8), []

    def compute() -> int:
        calls.append(1)
        return sum(range(200_000))

    def ask() -> int:
        barrier.wait()
        return cache.get("key", compute)

    with ThreadPoolExecutor(8) as pool:
        answers = [future.result() for future in [pool.submit(ask) for _ in range(8)]]
    assert answers == [sum(range(200_000))] * 8
    assert len(calls) == cache.misses == 1
    assert cache.hits == 7


def test_the_cache_is_bounded_and_drops_what_was_not_used_longest() -> None:
    cache = Cache(size=2)
    for key in ("a", "b", "a", "c"):
        cache.get(key, lambda key=key: key)
    assert cache.misses == 3
    cache.get("a", lambda: "new")
    assert cache.misses == 3
    cache.get("b", lambda: "b")
    assert cache.misses == 4


def test_an_error_reaches_the_caller_and_is_not_kept() -> None:
    cache = Cache()
    with pytest.raises(ZeroDivisionError):
        cache.get("key", lambda: 1 // 0)
    assert cache.get("key", lambda: 5) == 5
