"""The one Spark session: on this machine unless ZEEK_LIVE_MASTER says otherwise."""

import logging
import os
import shutil
import sys
import threading
import zipfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import psutil
from pyspark import SparkContext
from pyspark.sql import SparkSession

from pipeline.classes import of_spark
from pipeline.jars import find_java
from pipeline.scratch import scratch
from pipeline.settings import Settings, SettingsError, python_path

PACKAGE = Path(__file__).parent
QUIET = PACKAGE / "log4j2.properties"
SUBMITTED = "pyspark-shell"
"""What PySpark submits, in the command line of each stage of a JVM's start."""
JAVA_OPTIONS = (
    "-XX:+UseSerialGC",
    "-XX:+ExitOnOutOfMemoryError",
    # Its file in /tmp is left behind by a JVM that is killed.
    "-XX:-UsePerfData",
    # It plans and hands on, for workers do the work: what the second compiler makes of that is
    # not worth its time, a third of a start.
    "-XX:TieredStopAtLevel=1",
)


def spark_options(settings: Settings, *java: str) -> dict[str, str]:
    """Spark's configuration; a value that is not plain has its reason."""
    java_options = [f"-Dlog4j2.configurationFile={QUIET.as_uri()}", *JAVA_OPTIONS, *java]
    java_options.append(f"-Djava.io.tmpdir={scratch()}")
    return {
        "spark.app.name": "zeek-live",
        "spark.master": settings.master,
        "spark.driver.memory": settings.driver_memory,
        # Where it would leave its folders behind whenever it is killed.
        "spark.local.dir": str(scratch()),
        "spark.driver.extraJavaOptions": " ".join(java_options),
        "spark.driver.host": settings.driver_host,
        "spark.driver.bindAddress": settings.driver_host,
        # Others on this machine can reach its ports; a cluster has its own spark-defaults.conf.
        **({"spark.authenticate": "true"} if settings.master.startswith("local") else {}),
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "2",
        # Re-planning a small batch costs more than it saves: 0.33 s to 0.23 s.
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.execution.arrow.maxRecordsPerBatch": "100000",
        # A line may be of a megabyte, and a hundred thousand of them must not be held at once.
        "spark.sql.execution.arrow.maxBytesPerBatch": str(64 * 2**20),
        # What a batch collects is bounded by the batch; an archive is one batch.
        "spark.driver.maxResultSize": "0",
        # A larger result would be stored first, and fetched through a socket.
        "spark.task.maxDirectResultSize": str(64 * 2**20),
        "spark.scheduler.mode": "FAIR",
        # The status store grows with every batch, also with the UI off.
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
        "spark.ui.retainedJobs": "10",
        "spark.ui.retainedStages": "10",
        "spark.ui.retainedTasks": "100",
        "spark.sql.ui.retainedExecutions": "10",
        "spark.sql.streaming.ui.enabled": "false",
        "spark.worker.ui.retainedExecutors": "10",
        "spark.sql.streaming.numRecentProgressUpdates": "10",
        "spark.sql.streaming.minBatchesToRetain": "2",
        # An idle trigger is told once a second, so that a stalled one is noticed.
        "spark.sql.streaming.noDataProgressEventInterval": "1000",
        # zeekctl's archives have colons in their names, which the default file system refuses.
        "spark.hadoop.fs.file.impl": "org.apache.hadoop.fs.RawLocalFileSystem",
        "spark.hadoop.fs.AbstractFileSystem.file.impl": "org.apache.hadoop.fs.local.RawLocalFs",
        "spark.sql.warehouse.dir": "/nonexistent",
    }


def find_python(settings: Settings) -> str:
    """The Python that plans batches here and reads them on workers; SettingsError without it."""
    if not settings.worker_python:
        return sys.executable
    if not shutil.which(settings.worker_python):
        raise SettingsError(
            f"ZEEK_LIVE_WORKER_PYTHON={settings.worker_python}: no such program is here, where "
            "batches are planned: install that Python at the same path as on the workers"
        )
    return settings.worker_python


def start_session(settings: Settings, *java: str) -> SparkSession:
    """The running session, or a new one; JavaMissing before a JVM is tried.

    `java` are further options for the JVM, instead of those that make it start faster.
    """
    os.environ["JAVA_HOME"] = str(find_java().parents[1])
    os.environ["PYSPARK_PYTHON"] = find_python(settings)
    # The process that plans batches does not see what is shipped to workers.
    os.environ["PYTHONPATH"] = python_path(PACKAGE / "site", PACKAGE.parent)
    builder = SparkSession.builder
    for key, value in spark_options(settings, *(java or of_spark().options())).items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    spark.sparkContext.addPyFile(packed_stages())
    return spark


def jvm_is_dead() -> bool:
    """Whether there was a process that runs Spark, and it has ended."""
    gateway: Any = SparkContext._gateway
    return gateway is not None and gateway.proc.poll() is not None


def end_starting_jvm() -> None:
    """End the process that is becoming Spark's JVM: until Spark has started, nobody else can.

    Who waits for it reaps it, and learns so that it has failed.
    """
    logging.disable(logging.ERROR)
    with suppress(psutil.Error):
        for child in psutil.Process().children():
            if SUBMITTED in child.cmdline():
                for each in [child, *child.children(recursive=True)]:
                    each.kill()


def end_jvm(spark: SparkSession, seconds: float = 1.0) -> None:
    """Stop Spark if it does so soon, and end its process."""
    gateway: Any = spark.sparkContext._gateway
    server: Any = spark.sparkContext._accumulatorServer
    # It would print a trace for the connection that is cut here.
    server.handle_error = lambda *request: None
    stopping = threading.Thread(target=_stopped, args=[spark], daemon=True)
    stopping.start()
    stopping.join(seconds)
    # Calls that are cut here would be told with their traces, through the root logger.
    logging.disable(logging.ERROR)
    gateway.proc.kill()
    gateway.proc.wait(2)


def _stopped(spark: SparkSession) -> None:
    with suppress(Exception):
        spark.stop()


@cache
def packed_stages() -> str:
    """This package as a zip: workers anywhere get it by Spark's own shipping."""
    archive = scratch() / "pipeline.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for module in PACKAGE.rglob("*.py"):
            packed.write(module, module.relative_to(PACKAGE.parent))
    return str(archive)
