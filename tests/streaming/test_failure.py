"""What is said of real failures of Spark's: the cause, and one sentence."""

import os
from pathlib import Path

import pytest
from py4j.protocol import Py4JJavaError
from pyspark.errors import StreamingQueryException
from pyspark.sql import SparkSession

from pipeline.aggregate import packed_counts
from pipeline.failure import first_sentence, in_words
from pipeline.query import Pipeline
from pipeline.settings import Settings
from pipeline.table import TableFull


def said(error: BaseException) -> str:
    return first_sentence(in_words(error))


def test_the_innermost_cause_is_said(spark: SparkSession) -> None:
    java = spark._jvm.java
    cause = java.io.IOException('Cannot run program "chmod"')
    outer = java.lang.RuntimeException("Exception thrown in awaitResult: ", cause)
    error = Py4JJavaError("", java.util.concurrent.ExecutionException(outer))
    assert said(error) == 'IOException: Cannot run program "chmod"'


def test_an_error_of_a_python_worker_is_said_without_its_trace(spark: SparkSession) -> None:
    lines = spark.createDataFrame([("{}", "dns")], "value string, topic string")
    with pytest.raises(Exception, match="Traceback") as caught:
        lines.mapInArrow(
            lambda each: packed_counts(each, "SELECT nonsense FROM lines"), "counts binary"
        ).toArrow()
    assert 'Error: Referenced column "nonsense" not found' in said(caught.value)


def fail_always(error: Exception, monkeypatch: pytest.MonkeyPatch, folder: Path) -> list[object]:
    """Let a query fail again and again; the seconds between, and how the process would end."""
    pipeline = Pipeline(Settings(source="logs", log_dir=folder))
    seen: list[object] = []

    def run() -> None:
        raise error

    def wait(seconds: float) -> None:
        seen.append(seconds)
        if len(seen) == 5:
            pipeline._stopping.set()

    def end(status: int) -> None:
        raise SystemExit(status)

    monkeypatch.setattr(pipeline, "_run", run)
    monkeypatch.setattr(pipeline._stopping, "wait", wait)
    monkeypatch.setattr(os, "_exit", end)
    try:
        pipeline._live()
    except SystemExit as ended:
        seen.append(f"status {ended.code}")
    pipeline.table.close()
    return seen


def test_a_jvm_that_can_start_no_process_ends_the_server_for_a_supervisor(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    java = spark._jvm.java
    for cause in (
        java.io.IOException('Cannot run program "chmod": error=0, Failed to exec spawn helper'),
        java.lang.NoClassDefFoundError("org/apache/spark/Gone"),
    ):
        error = Py4JJavaError("", java.lang.RuntimeException("Exception thrown", cause))
        assert fail_always(error, monkeypatch, tmp_path) == [1, 2, "status 70"]


def test_a_failure_that_another_jvm_would_have_too_does_not_end_the_server(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    java = spark._jvm.java
    refused = Py4JJavaError("", java.lang.RuntimeException(java.io.IOException("refused")))
    full = TableFull("the disk has no room")
    for error in (refused, full, ValueError("Error: IOException: Cannot run program ")):
        assert fail_always(error, monkeypatch, tmp_path) == [1, 2, 4, 8, 16]


def test_what_ended_a_query_is_said(spark: SparkSession, tmp_path: Path) -> None:
    rates = spark.readStream.format("rate").load().selectExpr("raise_error('no room') AS x")
    writer = rates.writeStream.format("noop").option("checkpointLocation", str(tmp_path))
    query = writer.start()
    with pytest.raises(StreamingQueryException):
        query.awaitTermination(60)
    error = query.exception()
    assert error is not None
    assert "no room" in said(error)
    assert "Query [id" not in said(error)
