"""How a source's reader becomes Spark's stream."""

import os
import subprocess
import sys
import venv
from pathlib import Path

import pyspark
import pytest
from pyspark.sql.streaming.datasource import ReadMaxRows

from pipeline.log_reader import LogReader
from pipeline.offsets import count_lines
from pipeline.session import PACKAGE
from pipeline.stream import FIRST_BATCH, CountingReader


def test_only_the_first_batch_is_small(tmp_path: Path) -> None:
    (tmp_path / "dns.log").write_text("{}\n" * (2 * FIRST_BATCH + 7))
    reader = CountingReader(
        LogReader(tmp_path, offsets=LogReader(tmp_path).initialOffset()), "", False
    )
    start = reader.initialOffset()
    first = reader.latestOffset(start, ReadMaxRows(1_000_000))
    assert count_lines(start, first) == FIRST_BATCH
    assert count_lines(first, reader.latestOffset(first, ReadMaxRows(1_000_000))) == FIRST_BATCH + 7
    assert count_lines(start, reader.latestOffset(start, ReadMaxRows(5))) == 5


def pyspark_of(python: Path) -> str:
    """From where a process of Spark's takes PySpark."""
    home = Path(pyspark.__file__).parent
    zips = sorted((home / "python" / "lib").glob("*.zip"))
    paths = os.pathsep.join(map(str, [*zips, PACKAGE / "site", PACKAGE.parent]))
    code = "import py4j, pyspark; print(pyspark.__file__)"
    command = [str(python), "-W", "ignore", "-c", code]
    told = subprocess.run(command, env={"PYTHONPATH": paths}, capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    return told.stdout


def test_sparks_processes_take_pyspark_with_its_bytecode_where_it_is_installed() -> None:
    assert ".zip" not in pyspark_of(Path(sys.executable))


@pytest.mark.filterwarnings("ignore")
def test_they_take_sparks_own_where_no_other_is(tmp_path: Path) -> None:
    venv.create(tmp_path, symlinks=True)
    assert "pyspark.zip" in pyspark_of(tmp_path / "bin" / "python")
