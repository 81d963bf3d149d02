"""Spark's own report of each trigger, with data or without."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from pyspark.sql import SparkSession
from pyspark.sql.streaming.listener import StreamingQueryListener

from pipeline.status import BatchTimes

STAGES = {
    "latestOffset": "source",
    "getBatch": "source",
    "queryPlanning": "plan",
    "walCommit": "commit",
    "commitOffsets": "commit",
}
"""Spark's names of what a trigger does beside our own work, to ours."""


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

    def onQueryStarted(self, event: Any) -> None:
        """Nothing to pass on."""

    def onQueryProgress(self, event: Any) -> None:
        """A batch ended."""
        progress = event.progress
        durations = {str(name): value / 1000 for name, value in progress.durationMs.items()}
        stages: dict[str, float] = {}
        for name, stage in STAGES.items():
            stages[stage] = stages.get(stage, 0.0) + durations.get(name, 0.0)
        seconds = durations.get("triggerExecution", 0.0)
        times = BatchTimes(
            progress.batchId, datetime.now(UTC), progress.numInputRows, seconds, stages
        )
        self._progressed(times)

    def onQueryIdle(self, event: Any) -> None:
        """A trigger found nothing new."""
        self._triggered(datetime.now(UTC))

    def onQueryTerminated(self, event: Any) -> None:
        """The pipeline itself looks whether the query is active."""
