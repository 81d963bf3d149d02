"""Java's classes, laid down once for the JVM to map in: each start is shorter by it.

`python -m pipeline.classes` lets Spark do what the pipeline does, and the demo's broker start and
end, and writes down the classes they needed ("class data sharing", JEP 310 and 350). A JVM whose
class path or version is another one leaves the archive alone.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyspark

from pipeline.jars import JARS, JavaMissing, find_java, is_fetched

LONGEST = 180.0
SILENT = ("-Xlog:cds=off", "-Xlog:cds+dynamic=off")
"""An archive that does not fit is left alone, without a word."""


@dataclass(frozen=True)
class Archive:
    """The classes of one program."""

    file: Path
    """One for each version of the program and each Java."""
    jars: Path
    """The folder that the classes are from."""

    @property
    def fits(self) -> bool:
        """Whether it is there, and no jars have been installed since."""
        if not (self.file.is_file() and self.jars.is_dir()):
            return False
        return self.file.stat().st_mtime > self.jars.stat().st_mtime

    def options(self) -> list[str]:
        """Options for a JVM that is to use it; none where it does not fit."""
        return [f"-XX:SharedArchiveFile={self.file}", *SILENT] if self.fits else []


def of_spark() -> Archive:
    """Spark's."""
    jars = Path(pyspark.__file__).parent / "jars"
    return Archive(_file(f"spark-{version('pyspark')}"), jars)


def of_broker() -> Archive:
    """The demo's Kafka's."""
    return Archive(_file("broker"), JARS / "broker")


def _file(name: str) -> Path:
    return JARS / f"{name}-{find_java().parents[1].name}.jsa"


def write_spark(fresh: Path) -> None:
    """Start a JVM, let it count a few lines from a stream, and let it end in order."""
    from pipeline.batch import grouped, stream
    from pipeline.log_reader import LogReader
    from pipeline.session import start_session
    from pipeline.settings import read_settings

    settings = read_settings(source="logs", log_dir=Path(), master="local[2]")
    spark = start_session(settings, f"-XX:ArchiveClassesAtExit={fresh}", *SILENT)
    with TemporaryDirectory() as folder:
        (Path(folder) / "dns.log").write_text("{}\n")
        packs = stream(spark, LogReader(folder), settings)
        writer = packs.writeStream.option("checkpointLocation", f"{folder}/checkpoint")
        query = writer.foreachBatch(lambda packs, _: grouped(packs)).start()
        query.processAllAvailable()
        query.stop()
        spark.stop()
    _end(spark)


def _end(spark: Any) -> None:
    """Let the JVM go and wait until it has written its archive."""
    gateway = spark.sparkContext._gateway
    gateway.shutdown()
    gateway.proc.stdin.close()
    gateway.proc.wait(LONGEST)


def write_broker(fresh: Path) -> None:
    """Start a broker, make a topic, and let it end in order."""
    from pipeline.demo.broker import Broker

    java = (f"-XX:ArchiveClassesAtExit={fresh}", *SILENT)
    with TemporaryDirectory() as folder, Broker(Path(folder), java=java) as broker:
        broker.create_topic("dns")


def write(archive: Archive, by: Callable[[Path], None]) -> None:
    """It appears under its name only when it is whole."""
    fresh = archive.file.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    by(fresh)
    fresh.replace(archive.file)


def say(what: str) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def main() -> int:
    """Write what is missing; a failure costs nothing but slower starts."""
    try:
        archives = {"Spark": (of_spark(), write_spark), "Kafka": (of_broker(), write_broker)}
    except JavaMissing:
        return 0
    for name, (archive, by) in archives.items():
        if archive.fits or (name == "Kafka" and not is_fetched("broker")):
            continue
        say(f"Java: noting down {name}'s classes, for faster starts (once) …")
        try:
            write(archive, by)
        except Exception as error:
            say(f"Java: starts stay slower: {error!r}"[:300])
    return 0


if __name__ == "__main__":
    sys.exit(main())
