"""The reader of a log directory in real queries: rotation, restart and limits meanwhile."""

import gzip
import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyspark.errors import StreamingQueryException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.datasource import DataSource
from pyspark.sql.streaming import StreamingQuery
from pyspark.sql.types import StructType

from pipeline.log_reader import LogReader
from pipeline.offsets import count_lines

TSV = "#path\tdns\n#fields\tts\tuid\n#types\ttime\tstring\n"


class Reading:
    """A query over a log directory that gathers its rows, and each batch's end offsets."""

    def __init__(self, spark: SparkSession, logs: Path, state: Path) -> None:
        self.spark, self.logs, self.state = spark, logs, state
        self.rows: list[tuple[str, str]] = []
        self.sizes: list[int] = []
        self.fail = False
        self.query: StreamingQuery | None = None

    def start(self, **options: Any) -> StreamingQuery:
        """Start the query, from its checkpoint if there is one."""
        reader = LogReader(self.logs, **options)

        class Lines(DataSource):
            def schema(self) -> str:
                return "value string, topic string"

            def streamReader(self, schema: StructType) -> LogReader:
                return reader

        self.spark.dataSource.register(Lines)
        writer = self.spark.readStream.format("Lines").load().writeStream.foreachBatch(self.take)
        self.query = writer.option("checkpointLocation", str(self.state)).start()
        return self.query

    def take(self, batch: DataFrame, batch_id: int) -> None:
        """Gather a batch."""
        rows = [(row.value, row.topic) for row in batch.collect()]
        if self.fail:
            raise RuntimeError("the table is full")
        self.rows += rows
        self.sizes.append(len(rows))

    def uids(self) -> list[str]:
        """The uids of the records read so far, once the query has nothing left to do."""
        assert self.query
        self.query.processAllAvailable()
        records = [value for value, topic in self.rows if not topic.startswith("#")]
        return [json.loads(value)["uid"] for value in records]

    def offsets(self) -> Any:
        """The end of the last batch, as Spark has noted it."""
        last = max((self.state / "offsets").glob("[0-9]*"), key=lambda path: int(path.name))
        return json.loads(last.read_text().splitlines()[2])


@pytest.fixture
def reading(spark: SparkSession, tmp_path: Path) -> Iterator[Reading]:
    """A query to be started over an empty directory."""
    (tmp_path / "logs").mkdir()
    reading = Reading(spark, tmp_path / "logs", tmp_path / "state")
    yield reading
    if reading.query:
        reading.query.stop()


def append(path: Path, begin: int, end: int, form: str = "json") -> Path:
    """Records with uids C<begin> and so on, at the end of a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    is_begun = path.exists() and path.stat().st_size > 0
    text = "" if form == "json" or is_begun else TSV
    for number in range(begin, end):
        json_line = f'{{"ts":{number}.5,"uid":"C{number}"}}\n'
        text += json_line if form == "json" else f"{number}.5\tC{number}\n"
    with path.open("a") as file:
        file.write(text)
    return path


def uids(begin: int, end: int) -> list[str]:
    """What should have been read."""
    return [f"C{number}" for number in range(begin, end)]


@pytest.mark.parametrize("form", ["json", "tsv"])
def test_a_log_rotated_in_every_way_while_it_is_read_is_read_once(
    reading: Reading, form: str
) -> None:
    live = append(reading.logs / "current" / "dns.log", 0, 10, form)
    reading.start()
    assert reading.uids() == uids(0, 10)

    append(live, 10, 20, form)
    live.rename(live.with_name("dns-24-01-02_00.00.00.log"))
    append(live, 20, 30, form)
    assert sorted(reading.uids()) == sorted(uids(0, 30))

    append(live, 30, 40, form)
    shutil.copy(live, live.with_name("dns.log.1"))
    os.truncate(live, 0)
    append(live, 40, 50, form)
    assert sorted(reading.uids()) == sorted(uids(0, 50))

    archive = reading.logs / "2024-01-02" / "dns.00:00:00-01:00:00.log.gz"
    archive.parent.mkdir()
    append(live, 50, 60, form)
    with gzip.open(archive, "wb") as file:
        file.write(live.read_bytes())
    live.unlink()
    append(live, 60, 70, form)
    assert sorted(reading.uids()) == sorted(uids(0, 70))
    assert count_lines(None, reading.offsets()) == len(reading.rows)


def test_a_query_goes_on_from_its_checkpoint(reading: Reading) -> None:
    live = append(reading.logs / "dns.log", 0, 10, "tsv")
    reading.start()
    assert reading.uids() == uids(0, 10)
    reading.query.stop()
    append(live, 10, 20, "tsv")
    live.rename(live.with_name("dns.log.1"))
    append(live, 20, 30, "tsv")
    reading.start()
    assert reading.uids() == uids(0, 30)


def test_a_query_with_a_new_checkpoint_goes_on_from_offsets_that_were_kept(
    reading: Reading,
) -> None:
    live = append(reading.logs / "dns.log", 0, 10, "tsv")
    reading.start()
    reading.uids()
    reading.query.stop()
    kept = reading.offsets()
    shutil.rmtree(reading.state)
    append(live, 10, 20, "tsv")
    reading.start(offsets=kept)
    assert reading.uids() == uids(0, 20)
    assert count_lines(kept, reading.offsets()) == 10


def test_batches_keep_to_their_limit(reading: Reading) -> None:
    append(reading.logs / "dns.log", 0, 120_000)
    reading.start(max_lines=100_000)
    assert reading.uids() == uids(0, 120_000)
    assert reading.sizes == [100_000, 20_000]


def test_a_batch_that_is_replayed_after_its_file_has_gone_counts_as_gone(
    reading: Reading,
) -> None:
    live = append(reading.logs / "dns.log", 0, 10)
    reading.fail = True
    with pytest.raises(StreamingQueryException, match="the table is full"):
        reading.start().awaitTermination(60)
    live.unlink()
    append(live, 10, 12)
    reading.fail = False
    reading.start()
    assert reading.uids() == uids(10, 12)
    assert Counter(topic for _, topic in reading.rows) == {"#gone": 10, "dns": 2}


def test_a_directory_that_comes_and_goes_does_not_end_the_query(reading: Reading) -> None:
    reading.logs.rmdir()
    query = reading.start()
    assert reading.uids() == []
    append(reading.logs / "dns.log", 0, 10)
    assert reading.uids() == uids(0, 10)
    away = reading.logs.rename(reading.logs.with_name("away"))
    assert reading.uids() == uids(0, 10)
    away.rename(reading.logs)
    append(reading.logs / "dns.log", 10, 11)
    assert reading.uids() == uids(0, 11)
    assert query.isActive


def test_an_idle_query_runs_no_batches(reading: Reading) -> None:
    append(reading.logs / "dns.log", 0, 10)
    query = reading.start()
    reading.uids()
    query.processAllAvailable()
    query.processAllAvailable()
    assert reading.sizes == [10]


def test_a_real_archive_and_a_real_live_log_are_read_whole(
    reading: Reading, sample_logs: Path
) -> None:
    archive = reading.logs / "2018-03-24" / "dns.17:00:00-18:00:00.log.gz"
    archive.parent.mkdir()
    shutil.copy(sample_logs / "wrccdc-2018/dns.log.gz", archive)
    shutil.copy(sample_logs / "saitama/dns.log", reading.logs / "dns.log")
    reading.start()
    found = Counter(reading.uids())
    expected: Counter[str] = Counter()
    with gzip.open(archive, "rt") as file:
        expected.update(line.split("\t")[1] for line in file if not line.startswith("#"))
    with (reading.logs / "dns.log").open() as file:
        expected.update(json.loads(line)["uid"] for line in file)
    assert found == expected
