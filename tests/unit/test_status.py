"""The stream's state in words, at every edge of its rules."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.status import BatchTimes, Health, Status, is_recent, state_of

NOW = datetime.now(UTC)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("age", "lag_records", "silence", "state"),
    [
        (2, 0, 1, "live"),
        (9, 5000, 1, "live"),
        (11, 1, 1, "catching up"),
        (4000, 90_000, 1, "catching up"),
        (29, 0, 1, "live"),
        (31, 0, 1, "late"),
        (31, 0, 61, "no data"),
        (31, 40, 61, "catching up"),
        (None, 0, 3, "no data"),
        (-200, 0, 1, "live"),
        (-200, 0, 31, "late"),
        (-200, 40, 61, "late"),
        (6, 0, 31, "late"),
        (-200, 0, 61, "no data"),
        (4000, 0, 29, "late"),
        (4000, 0, 31, "no data"),
        (4000, 1, 31, "catching up"),
        (80, 0, 31, "late"),
    ],
)
def test_the_state_follows_from_age_lag_and_silence(
    age: float | None, lag_records: int, silence: float, state: str
) -> None:
    assert state_of(age, lag_records, age or 0.0, silence)[0] == state


@pytest.mark.parametrize(
    ("ago", "interval", "recent"), [(29, 1, True), (31, 1, False), (59, 12, True), (61, 12, False)]
)
def test_a_trigger_is_missed_after_five_of_them_but_not_before_half_a_minute(
    ago: int, interval: int, recent: bool
) -> None:
    assert is_recent(NOW - ago * SECOND, NOW, interval * SECOND) is recent
    assert not is_recent(None, NOW, interval * SECOND)


@pytest.mark.parametrize(
    ("every", "age", "state"),
    [(5, 40, "late"), (10, 31, "late"), (30, 80, "live"), (30, 95, "late"), (60, 170, "live")],
)
def test_who_asks_seldom_is_told_late_after_the_third_refresh(
    every: int, age: int, state: str
) -> None:
    late = Status("late", "old", NOW, "made up", newest=datetime.now(UTC) - age * SECOND)
    assert late.seen_every(every).state == state
    stopped = replace(late, state="stopped")
    assert stopped.seen_every(60) == stopped


@pytest.mark.parametrize(
    ("every", "silence", "state"), [(5, 31, "late"), (30, 80, "live"), (30, 95, "late")]
)
def test_a_record_ahead_of_the_clock_is_no_sign_that_records_come(
    every: int, silence: float, state: str
) -> None:
    newest = datetime.now(UTC) + 200 * SECOND
    late = Status("late", "nothing comes", NOW, "made up", newest, silence)
    assert late.seen_every(every).state == state


def test_silence_is_late_and_no_lag_is_less_than_none_though_records_lie_ahead() -> None:
    health = Health("topic dns", SECOND)
    health.last_trigger, health.lag_records = datetime.now(UTC), 7
    health.last_records -= 45
    status = health.status(datetime.now(UTC) + 200 * SECOND)
    assert (status.state, status.reason) == ("late", "no record from topic dns for 45 s")
    assert status.lag_seconds == 0
    assert -200 <= (status.age or 0) < -190


def test_a_problem_a_missed_trigger_and_a_start_are_said_before_all_else() -> None:
    health = Health("topic dns", SECOND)
    health.doing = "starting Spark"
    assert (health.status(NOW).state, health.status(NOW).reason) == ("starting", "starting Spark")
    health.last_trigger = datetime.now(UTC) - 40 * SECOND
    assert health.status(NOW).state == "stopped"
    assert "no batch has ended for 4" in health.status(NOW).reason
    health.problem = "broker away"
    assert health.status(NOW).reason == "broker away"
    health.problem, health.last_trigger = None, datetime.now(UTC)
    assert health.status(datetime.now(UTC)).state == "live"


def batches(*lags: int, read: int = 100, counted: int = 90) -> list[BatchTimes]:
    """Batches one after the other, and what each left to read."""
    return [BatchTimes(number, NOW, read, 1.0, {}, counted, lag) for number, lag in enumerate(lags)]


@pytest.mark.parametrize(
    ("lags", "state"),
    [
        ([], "catching up"),
        ([9_000, 9_500], "catching up"),
        ([9_000, 8_000, 7_000, 6_000], "catching up"),
        ([5_000, 5_000, 5_000, 5_000], "catching up"),
        ([5_000, 6_000, 7_000, 8_000], "late"),
        ([5_000, 4_900, 5_300, 5_200, 5_600, 5_500, 5_900], "late"),
        ([90_000] * 20 + list(range(1_000, 2_000, 100)), "late"),
        ([1_000] * 20 + list(range(90_000, 80_000, -1_000)), "catching up"),
    ],
)
def test_a_lag_that_rises_over_the_last_batches_is_late_and_no_catching_up(
    lags: list[int], state: str
) -> None:
    found, reason = state_of(120.0, 8_000, 120.0, 1.0, batches(*lags))
    behind = "8,000 records, 2 min behind"
    assert (found, reason) == (state, f"falling behind: {behind}" if state == "late" else behind)


def test_records_of_which_none_is_counted_are_not_called_no_data() -> None:
    said = ("late", "records arrive, none usable: see Health")
    useless = batches(0, 0, counted=0)
    assert state_of(None, 0, 0.0, 1.0, useless) == said
    assert state_of(400.0, 0, 400.0, 1.0, [*batches(*[0] * 9), *batches(*[0] * 10, counted=0)]) == (
        said
    )
    assert state_of(2.0, 0, 2.0, 1.0, [*useless, *batches(0)])[0] == "live"
    assert state_of(None, 0, 0.0, 61.0, useless)[0] == "no data"
    assert state_of(None, 0, 0.0, 1.0, batches(0, read=0, counted=0))[0] == "no data"

    health = Health("topic dns", SECOND)
    health.last_trigger = datetime.now(UTC)
    health.batches.extend(useless)
    status = health.status(None)
    assert (status.state, status.reason) == said
    assert status.seen_every(60) == status


def test_a_lag_that_rises_is_late_however_seldom_one_looks() -> None:
    health = Health("topic dns", SECOND)
    health.last_trigger, health.lag_records = datetime.now(UTC), 7_000
    health.batches.extend(batches(4_000, 5_000, 6_000, 7_000))
    status = health.status(datetime.now(UTC) - 40 * SECOND)
    assert status.reason.startswith("falling behind: 7,000 records")
    assert status.seen_every(60) == status


def test_since_is_when_the_state_last_changed() -> None:
    health = Health("topic dns", SECOND)
    first = health.status(None).since
    assert health.status(None).since == first
    health.problem = "broker away"
    health.last_trigger = datetime.now(UTC)
    assert health.status(None).since > first


def test_a_log_of_the_past_that_was_read_to_its_end_is_not_late() -> None:
    age = 273_632_584.0
    assert state_of(age, 0, age, 31.0) == ("no data", "read to its end, no record for 31 s")
    assert state_of(age, 0, age, 7_300.0)[1] == "read to its end, no record for 2 h"
    still_growing = state_of(age, 0, age, 3.0)
    assert still_growing == ("late", "the newest record is 3167 days old")
    assert state_of(age, 40, age, 3_600.0)[0] == "catching up"


def test_how_old_the_newest_record_is_is_said_in_a_unit_that_fits() -> None:
    assert state_of(273_632_584, 0, 0.0, 0.0) == ("late", "the newest record is 3167 days old")


def test_the_log_says_when_the_source_is_away_and_when_it_is_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    health = Health("topic dns", SECOND)
    for problem in (None, "there is no \x1b", "there is no \x1b", None, None):
        health.problem = problem
    assert [each.getMessage() for each in caplog.records] == [
        "'waiting: there is no \\x1b'",
        "'topic dns answers again'",
    ]


def test_records_that_are_shipped_minutes_late_are_no_end_between_two_shipments() -> None:
    ages = [(120.0 + silence, silence) for silence in (31.0, 45.0, 59.0)]
    assert {state_of(age, 0, 0.0, silence)[0] for age, silence in ages} == {"late"}
