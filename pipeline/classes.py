"""Spark's classes, laid down once for the JVM to map in: each start is shorter by it.

`python -m pipeline.classes` lets a JVM do what the pipeline does and write down the classes it
needed ("class data sharing", JEP 310 and 350). A JVM whose class path or version is another one
leaves the archive alone.
"""

import sys
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pipeline.jars import JARS, JavaMissing, find_java

LONGEST = 180.0
SILENT = ("-Xlog:cds=off", "-Xlog:cds+dynamic=off")
"""An archive that does not fit is left alone, without a word."""


def archive() -> Path:
    """Where the archive is, or would be: one for each version of Spark and each Java."""
    java = find_java().parents[1].name
    return JARS / f"spark-{version('pyspark')}-{java}.jsa"


def java_options() -> list[str]:
    """Options for a JVM that is to use the archive; none where there is none."""
    return [f"-XX:SharedArchiveFile={archive()}", *SILENT] if archive().is_file() else []


def write_archive(file: Path) -> None:
    """Start a JVM, let it count a few lines from a stream, and let it end in order."""
    from pipeline.batch import grouped
    from pipeline.session import start_session
    from pipeline.settings import read_settings

    fresh = file.with_suffix(".new")
    settings = read_settings(source="logs", log_dir=Path(), master="local[2]")
    spark = start_session(settings, f"-XX:ArchiveClassesAtExit={fresh}", *SILENT)
    lines = spark.readStream.format("rate").option("rowsPerSecond", 1000).load()
    lines = lines.selectExpr("CAST(CAST(value AS STRING) AS BINARY) AS value", "'dns' AS topic")
    with TemporaryDirectory() as folder:
        writer = lines.writeStream.option("checkpointLocation", folder)
        query = writer.foreachBatch(lambda batch, _: grouped(batch, settings)).start()
        query.processAllAvailable()
        query.stop()
        spark.stop()
    _end(spark, fresh)
    fresh.replace(file)


def _end(spark: Any, fresh: Path) -> None:
    """Let the JVM go and wait until it has written its archive."""
    gateway = spark.sparkContext._gateway
    gateway.shutdown()
    gateway.proc.stdin.close()
    gateway.proc.wait(LONGEST)


def say(what: str) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def main() -> int:
    """Write it if it is missing; a failure costs nothing but slower starts."""
    try:
        file = archive()
    except JavaMissing:
        return 0
    if not file.is_file():
        say("Java: noting down Spark's classes, for faster starts (once) …")
        try:
            write_archive(file)
        except Exception as error:
            say(f"Java: starts stay slower: {error!r}"[:300])
    return 0


if __name__ == "__main__":
    sys.exit(main())
