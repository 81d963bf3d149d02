"""How the stream is doing, in the words that pages show."""

import logging
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

log = logging.getLogger("zeek_live")

State = Literal["starting", "live", "catching up", "late", "no data", "stopped"]

LIVE_LAG = 10.0
LATE_AFTER = 30.0
OLD_AFTER = 600.0
"""So much older than when they came are records of a past that has ended."""
NO_DATA_AFTER = 60.0
TREND_BATCHES = 10
STALE_TRIGGERS = 5
STALE_AT_LEAST = timedelta(seconds=30)
KEPT_BATCHES = 60
KEPT_NOTES = 10


@dataclass(frozen=True)
class BatchTimes:
    """One batch: when it ended, what it read, the seconds of each stage, what was left to read."""

    batch_id: int
    at: datetime
    read: int
    seconds: float
    stages: dict[str, float] = field(default_factory=dict)
    counted: int = 0
    """Of `read`, those in the table."""
    lag_records: int = 0
    """In the source and not read, when the batch ended."""


@dataclass(frozen=True)
class Status:
    """The stream at one moment. Times are UTC, lags in records and in seconds."""

    state: State
    reason: str
    since: datetime
    source: str
    newest: datetime | None = None
    silence: float = 0.0
    """Seconds since a record last came, of whatever time."""
    lag_records: int = 0
    lag_seconds: float = 0.0
    restarts: int = 0
    last_trigger: datetime | None = None
    batches: tuple[BatchTimes, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_up(self) -> bool:
        """Whether the query runs and its last trigger is recent."""
        return self.state not in ("starting", "stopped")

    @property
    def age(self) -> float | None:
        """Seconds since the newest record's time; below zero where that lies ahead."""
        return (datetime.now(UTC) - self.newest).total_seconds() if self.newest else None

    def seen_every(self, seconds: int) -> "Status":
        """As a page tells it that is refreshed so seldom: not late before the third refresh."""
        is_old = self.state == "late" and self.newest is not None and not self.lag_records
        if is_old and max(self.age or 0.0, self.silence) <= 3 * seconds:
            return replace(self, state="live", reason="")
        return self


def is_recent(trigger: datetime | None, now: datetime, interval: timedelta) -> bool:
    """Whether a trigger that ended at `trigger` is not missed yet."""
    allowed = max(STALE_AT_LEAST, STALE_TRIGGERS * interval)
    return trigger is not None and now - trigger <= allowed


def span(seconds: float) -> str:
    """A stretch of time in its largest unit that fits, begun ones left out as the clock does.

    >>> span(5400), span(7199.9)
    ('90 min', '119 min')
    """
    for size, unit, least in ((86400, "days", 172800), (3600, "h", 7200), (60, "min", 120)):
        if seconds >= least:
            return f"{seconds // size:.0f} {unit}"
    return f"{seconds // 1:.0f} s"


def is_rising(lags: Sequence[int]) -> bool:
    """Whether lag grew over the last batches: their later half against their earlier one."""
    recent = lags[-TREND_BATCHES:]
    half = len(recent) // 2
    return sum(recent[-half:]) > sum(recent[:half]) if half > 1 else False


def none_usable(batches: Sequence[BatchTimes]) -> bool:
    """Whether the last batches had records, and none that could be counted."""
    recent = batches[-TREND_BATCHES:]
    return any(each.read for each in recent) and not any(each.counted for each in recent)


def state_of(
    newest_age: float | None,
    lag_records: int,
    lag_seconds: float,
    silence: float,
    batches: Sequence[BatchTimes] = (),
) -> tuple[State, str]:
    """The state of a running query, and why. All in seconds but `lag_records`."""
    # Old when it came: a log of the past that has ended, not a stream that has just fallen silent.
    was_old = newest_age is not None and newest_age - silence >= OLD_AFTER
    if lag_records == 0 and silence >= (LATE_AFTER if was_old else NO_DATA_AFTER):
        how_far = "connected" if newest_age is None else "read to its end"
        return "no data", f"{how_far}, no record for {span(silence)}"
    if none_usable(batches):
        return "late", "records arrive, none usable: see Health"
    if newest_age is None:
        return "no data", f"connected, no record for {span(silence)}"
    if lag_records and lag_seconds >= LIVE_LAG:
        behind = f"{lag_records:,} records, {span(lag_seconds)} behind"
        if is_rising([each.lag_records for each in batches]):
            return "late", f"falling behind: {behind}"
        return "catching up", behind
    if newest_age > LATE_AFTER:
        return "late", f"the newest record is {span(newest_age)} old"
    if silence > LATE_AFTER:  # The newest record was ahead of the clock, and may still be.
        return "late", f"no record for {silence:.0f} s"
    return "live", ""


class Health:
    """What the query's threads note down as it happens, and what that amounts to.

    Each note is one assignment, so none waits for another; only `since` needs a lock.
    """

    def __init__(self, source: str, interval: timedelta) -> None:
        self.source = source
        self.interval = interval
        self.doing = "starting Spark"
        self._problem: str | None = None
        self.failure: str | None = None
        """Why the query ended, until a trigger of the next one has gone well."""
        self.last_trigger: datetime | None = None
        self.last_records = time.monotonic()
        self.lag_records = 0
        self.restarts = 0
        self.batches: deque[BatchTimes] = deque(maxlen=KEPT_BATCHES)
        self.notes: deque[str] = deque(maxlen=KEPT_NOTES)
        self._lock = threading.Lock()
        self._state: State = "starting"
        self._since = datetime.now(UTC)

    @property
    def problem(self) -> str | None:
        """Of the source, while it lasts; the log has when it came and went."""
        return self._problem

    @problem.setter
    def problem(self, text: str | None) -> None:
        if text != self._problem:
            log.warning("%s", ascii(f"waiting: {text}" if text else f"{self.source} answers again"))
        self._problem = text

    def note(self, text: str) -> None:
        """Keep a sentence about something that happened once, and log it."""
        log.warning("%s", ascii(text))
        self.notes.append(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC: {text}")

    def status(self, newest: datetime | None) -> Status:
        """The stream now, its newest record being of `newest`."""
        now = datetime.now(UTC)
        age = (now - newest).total_seconds() if newest else None
        silence = time.monotonic() - self.last_records
        state, reason = self._judged(now, age, silence)
        return Status(
            state=state,
            reason=reason,
            since=self._changed(state, now),
            source=self.source,
            newest=newest,
            silence=silence,
            lag_records=self.lag_records,
            lag_seconds=max(0.0, age or 0.0) if self.lag_records else 0.0,
            restarts=self.restarts,
            last_trigger=self.last_trigger,
            batches=tuple(self.batches),
            notes=tuple(self.notes),
        )

    def _judged(self, now: datetime, age: float | None, silence: float) -> tuple[State, str]:
        if wrong := self.problem or self.failure:
            return ("stopped" if self.last_trigger else "starting"), wrong
        if self.last_trigger is None:
            return "starting", self.doing
        if not is_recent(self.last_trigger, now, self.interval):
            missed = (now - self.last_trigger).total_seconds()
            return "stopped", f"no batch has ended for {missed:.0f} s"
        state, reason = state_of(age, self.lag_records, age or 0.0, silence, tuple(self.batches))
        return state, reason.replace("no record", f"no record from {self.source}")

    def _changed(self, state: State, now: datetime) -> datetime:
        with self._lock:
            if state != self._state:
                self._state, self._since = state, now
            return self._since
