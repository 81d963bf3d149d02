"""Java's classes from an archive: used where it fits, left alone in silence where not."""

import os
import subprocess
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from pipeline import classes
from pipeline.classes import Archive
from pipeline.demo.broker import Broker
from pipeline.jars import find_java
from tests.conftest import missing


def maps_in(archive: Archive, pid: int) -> bool:
    if not archive.fits:
        missing(f"the archive {archive.file} (`make setup` writes it)")
    mapped = Path(f"/proc/{pid}/maps")
    if not mapped.exists():
        missing("/proc")
    return str(archive.file) in mapped.read_text()


def test_the_session_maps_its_archive_in(spark: SparkSession) -> None:
    gateway = spark.sparkContext._gateway
    assert gateway is not None
    assert maps_in(classes.of_spark(), gateway.proc.pid)


@pytest.mark.usefixtures("broker_jars")
def test_the_broker_maps_its_archive_in(tmp_path: Path) -> None:
    with Broker(tmp_path) as broker:
        assert broker.process
        assert maps_in(classes.of_broker(), broker.process.pid)


def test_what_is_said_while_it_is_written_promises_no_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(classes, "JARS", tmp_path)
    monkeypatch.setattr("pipeline.jars.JARS", tmp_path)
    monkeypatch.setattr(classes, "write_spark", lambda file: 1 / 0)
    assert classes.main() == 0
    noted, failed = capsys.readouterr().out.splitlines()
    assert noted == "Java: noting down Spark's classes, for faster starts (once) …"
    assert failed == "Java: starts stay slower: ZeroDivisionError('division by zero')"


def test_an_archive_that_does_not_fit_changes_nothing(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "a.jsa", tmp_path)
    assert archive.options() == []
    archive.file.write_bytes(b"from another Java" * 1000)
    os.utime(archive.file, (2**32, 2**32))
    command = [str(find_java()), *archive.options(), "-version"]
    assert len(command) > 2
    told = subprocess.run(command, capture_output=True, text=True)
    assert told.returncode == 0
    assert "archive" not in (told.stdout + told.stderr).lower()


def test_an_archive_of_jars_that_were_installed_anew_is_written_anew(tmp_path: Path) -> None:
    """Java would leave it alone, and start slower without a word."""
    archive = Archive(tmp_path / "a.jsa", tmp_path / "jars")
    archive.jars.mkdir()
    classes.write(archive, lambda fresh: fresh.touch())
    os.utime(archive.jars, (1, 1))
    assert archive.fits
    os.utime(archive.jars, (2**32, 2**32))
    assert not archive.fits


def test_neither_what_has_no_jars_nor_half_of_a_killed_run_is_taken_for_an_archive(
    tmp_path: Path,
) -> None:
    archive = Archive(tmp_path / "a.jsa", tmp_path / "jars")
    archive.file.with_suffix(".new").write_bytes(b"half")
    with pytest.raises(FileNotFoundError):
        classes.write(archive, lambda fresh: None)
    assert not archive.file.exists()
    archive.file.touch()
    assert not archive.fits
