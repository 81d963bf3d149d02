"""How the stream is doing, in the words that pages show, and the same for a program."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, Protocol

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from pipeline.ledger import Counters

State = Literal["starting", "live", "catching up", "late", "no data", "stopped"]

LIVE_LAG = 10.0
LATE_AFTER = 30.0
NO_DATA_AFTER = 60.0
STALE_TRIGGERS = 5
STALE_AT_LEAST = timedelta(seconds=30)


@dataclass(frozen=True)
class BatchTimes:
    """One batch: when it ended, how many records it read, and the seconds of each stage."""

    batch_id: int
    at: datetime
    read: int
    seconds: float
    stages: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Status:
    """The stream at one moment. Times are UTC, lags in records and in seconds."""

    state: State
    reason: str
    since: datetime
    source: str
    newest: datetime | None = None
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


class HasStatus(Protocol):
    """What the metrics need of a pipeline."""

    def status(self) -> Status: ...
    def counters(self) -> Counters: ...


def is_recent(trigger: datetime | None, now: datetime, interval: timedelta) -> bool:
    """Whether a trigger that ended at `trigger` is not missed yet."""
    allowed = max(STALE_AT_LEAST, STALE_TRIGGERS * interval)
    return trigger is not None and now - trigger <= allowed


def state_of(
    newest_age: float | None, lag_records: int, lag_seconds: float, silence: float
) -> tuple[State, str]:
    """The state of a running query, and why. All in seconds but `lag_records`."""
    if newest_age is None or (silence >= NO_DATA_AFTER and lag_records == 0):
        return "no data", f"connected, no record for {silence:.0f} s"
    if lag_records and lag_seconds >= LIVE_LAG:
        behind = f"{lag_records:,} records, {lag_seconds / 60:.1f} minutes behind"
        return "catching up", behind
    if newest_age > LATE_AFTER:
        return "late", f"the newest record is {newest_age:,.0f} s old"
    return "live", ""


class StreamMetrics(Collector):
    """The numbers of `/metrics`, read when they are asked for."""

    def __init__(self, pipeline: HasStatus) -> None:
        self._pipeline = pipeline

    def collect(self) -> Iterator[Metric]:
        """Prometheus' metric families."""
        status, counters = self._pipeline.status(), self._pipeline.counters()
        yield _counter(
            "records", "Records read, by their offsets.", counters.read - counters.headers
        )
        yield _counter("records_counted", "Records counted in the table.", counters.counted)
        rejected = CounterMetricFamily(
            "zeek_live_records_rejected", "Records not counted, by reason.", labels=["reason"]
        )
        for reason, (count, _) in counters.rejected.items():
            rejected.add_metric([reason], count)
        yield rejected
        other = CounterMetricFamily(
            "zeek_live_records_other_feed", "Records of other logs.", labels=["feed"]
        )
        for feed, count in counters.other_feed.items():
            other.add_metric([feed], count)
        yield other
        yield _counter("table_folded_records", "Records in folded rows.", counters.folded)
        yield _gauge("source_lag_records", "Records in the source, not read.", status.lag_records)
        newest = status.newest.timestamp() if status.newest else 0.0
        yield _gauge("newest_record_timestamp_seconds", "ts of the newest record.", newest)
        yield _gauge("table_rows", "Rows of the table.", counters.rows)
        yield _gauge("query_up", "1 while the query runs and triggers.", int(status.is_up))
        yield _counter("query_restarts", "Restarts of the query.", status.restarts)


def _counter(name: str, about: str, value: float) -> Metric:
    return CounterMetricFamily(f"zeek_live_{name}", about, value)


def _gauge(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(f"zeek_live_{name}", about, value)
