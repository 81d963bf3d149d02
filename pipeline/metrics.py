"""The stream's numbers for Prometheus, read when they are asked for."""

from collections.abc import Iterator
from typing import Protocol

from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from pipeline.cache import RESULTS
from pipeline.ledger import Counters
from pipeline.status import Status


class Measured(Protocol):
    """What the metrics need of a pipeline."""

    def status(self) -> Status:
        """The stream now."""

    def counters(self) -> Counters:
        """What was read and what became of it."""


class Metrics(Collector):
    """A registry of its own, so that two pipelines in one process (tests) do not meet."""

    def __init__(self, pipeline: Measured) -> None:
        self._pipeline = pipeline
        self.registry = CollectorRegistry()
        self.registry.register(self)
        self.batch_seconds = Histogram(
            "zeek_live_batch_seconds", "Seconds a batch took.", registry=self.registry
        )

    def collect(self) -> Iterator[Metric]:
        """Prometheus' metric families."""
        yield from self._records(self._pipeline.counters())
        yield from self._stream(self._pipeline.status())

    def _records(self, counters: Counters) -> Iterator[Metric]:
        rejected = {reason: count for reason, (count, _) in counters.rejected.items()}
        read = counters.read - counters.headers
        yield _counter("records", "Records read, by their offsets.", read)
        yield _counter("records_counted", "Records counted in the table.", counters.counted)
        yield _by("records_rejected", "Records not counted, by reason.", "reason", rejected)
        yield _by("records_other_feed", "Records of other logs.", "feed", counters.other_feed)
        yield _counter("table_folded_records", "Records ever folded.", counters.folded_ever)
        yield _gauge("table_folded_records_now", "Records in folded rows.", counters.folded)
        yield _gauge("table_rows", "Rows of the table.", counters.rows)

    def _stream(self, status: Status) -> Iterator[Metric]:
        newest = status.newest.timestamp() if status.newest else 0.0
        yield _gauge("source_lag_records", "Records in the source, not read.", status.lag_records)
        yield _gauge("newest_record_timestamp_seconds", "ts of the newest record.", newest)
        yield _gauge("query_up", "1 while the query runs and triggers.", int(status.is_up))
        yield _counter("query_restarts", "Restarts of the query.", status.restarts)
        yield _counter("view_cache_hits", "Views served from the cache.", RESULTS.hits)
        yield _counter("view_cache_misses", "Views computed.", RESULTS.misses)


def _counter(name: str, about: str, value: float) -> Metric:
    return CounterMetricFamily(f"zeek_live_{name}", about, value)


def _gauge(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(f"zeek_live_{name}", about, value)


def _by(name: str, about: str, label: str, values: dict[str, int]) -> Metric:
    family = CounterMetricFamily(f"zeek_live_{name}", about, labels=[label])
    for each, value in values.items():
        family.add_metric([each], value)
    return family
