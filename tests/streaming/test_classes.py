"""Spark's classes from an archive: used where it fits, left alone in silence where not."""

import subprocess
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from pipeline import classes
from pipeline.jars import find_java
from tests.conftest import missing


def test_the_session_maps_the_archive_in(spark: SparkSession) -> None:
    if not classes.archive().is_file():
        missing("Spark's class archive (`make setup` writes it)")
    gateway = spark.sparkContext._gateway
    assert gateway is not None
    mapped = Path(f"/proc/{gateway.proc.pid}/maps")
    if not mapped.exists():
        missing("/proc")
    assert str(classes.archive()) in mapped.read_text()


def test_what_is_said_while_it_is_written_promises_no_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(classes, "JARS", tmp_path)
    monkeypatch.setattr(classes, "write_archive", lambda file: 1 / 0)
    assert classes.main() == 0
    noted, failed = capsys.readouterr().out.splitlines()
    assert noted == "Java: noting down Spark's classes, for faster starts (once) …"
    assert failed == "Java: starts stay slower: ZeroDivisionError('division by zero')"


def test_an_archive_that_does_not_fit_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(classes, "JARS", tmp_path)
    assert classes.java_options() == []
    classes.archive().write_bytes(b"from another Java" * 1000)
    command = [str(find_java()), *classes.java_options(), "-version"]
    told = subprocess.run(command, capture_output=True, text=True)
    assert told.returncode == 0
    assert "archive" not in (told.stdout + told.stderr).lower()
