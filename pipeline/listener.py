"""Spark's own report of each trigger, with data or without."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from pyspark import SparkContext
from pyspark.sql import SparkSession
from pyspark.sql.streaming.listener import JStreamingQueryListener, StreamingQueryListener

from pipeline.status import BatchTimes

STAGES = {
    "latestOffset": "source",
    "getBatch": "source",
    "queryPlanning": "plan",
    "walCommit": "commit",
    "commitOffsets": "commit",
}
"""Spark's names of what a trigger does beside our own work, to ours."""


class Reports(JStreamingQueryListener):
    """What the JVM calls. PySpark's own asks for each part of a report by itself: a tenth of what
    this process computes at a trigger a second."""

    def onQueryProgress(self, jevent: Any) -> None:
        """The whole report in one answer."""
        self.pylistener.onQueryProgress(json.loads(jevent.progress().json()))


class ProgressListener(StreamingQueryListener):
    """Passes on when a trigger ended, and what a batch took."""

    _attached: "ProgressListener | None" = None

    def __init__(
        self, triggered: Callable[[datetime], None], progressed: Callable[[BatchTimes], None]
    ) -> None:
        self._triggered = triggered
        self._progressed = progressed

    @classmethod
    def attach(
        cls,
        spark: SparkSession,
        triggered: Callable[[datetime], None],
        progressed: Callable[[BatchTimes], None],
    ) -> None:
        """Listen to a session, instead of who listened before."""
        if cls._attached:
            spark.streams.removeListener(cls._attached)
        cls._attached = cls(triggered, progressed)
        spark.streams.addListener(cls._attached)

    @cached_property
    def _jlistener(self) -> Any:
        jvm = SparkContext._jvm
        assert jvm is not None
        return jvm.PythonStreamingQueryListenerWrapper(Reports(self))

    def onQueryStarted(self, event: Any) -> None:
        """Nothing to pass on."""

    def onQueryProgress(self, event: Any) -> None:
        """A batch ended; `event` is Spark's report, from its JSON."""
        durations = {name: ms / 1000 for name, ms in event["durationMs"].items()}
        stages: dict[str, float] = {}
        for name, stage in STAGES.items():
            stages[stage] = stages.get(stage, 0.0) + durations.get(name, 0.0)
        seconds = durations.get("triggerExecution", 0.0)
        times = BatchTimes(
            event["batchId"], datetime.now(UTC), event["numInputRows"], seconds, stages
        )
        self._progressed(times)

    def onQueryIdle(self, event: Any) -> None:
        """A trigger found nothing new."""
        self._triggered(datetime.now(UTC))

    def onQueryTerminated(self, event: Any) -> None:
        """The pipeline itself looks whether the query is active."""
