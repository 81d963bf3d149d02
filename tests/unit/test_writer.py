"""Where a query begins, and what is written before its first batch."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest

from pipeline.batch import DELETED
from pipeline.log_directory import LogDirectory
from pipeline.settings import Settings
from pipeline.source import Begin, Offsets, Source
from pipeline.status import Health
from pipeline.table import Table
from pipeline.writer import Writer

MakeWriter = Callable[[Source], Writer]


@pytest.fixture
def table() -> Iterator[Table]:
    """An empty one in memory."""
    made = Table(None, timedelta(days=1), 100_000)
    yield made
    made.close()


@pytest.fixture
def writer_of(table: Table) -> MakeWriter:
    """The table's writer for a source."""
    return lambda source: Writer(table, source, Health(source.name, timedelta(seconds=1)))


def test_a_query_that_begins_anew_before_its_first_batch_skips_nothing(
    writer_of: MakeWriter, tmp_path: Path
) -> None:
    log = tmp_path / "dns.log"
    log.write_text('{"ts":1.5,"uid":"C1"}\n')
    writer = writer_of(LogDirectory(Settings(source="logs", log_dir=tmp_path, start="latest")))
    _, first = writer.begin()
    log.write_text(log.read_text() + '{"ts":2.5,"uid":"C2"}\n' * 7)
    assert writer.begin()[1].offsets == first.offsets


class Shrunk:
    """A source that has deleted 200 records up to where it begins, and has no more."""

    name = "topic dns"

    def begin(self, resume: Offsets | None) -> Begin:
        """It tells of them to whoever does not come from there."""
        return Begin({"at": 200}, 0 if resume == {"at": 200} else 200)


def test_what_was_deleted_is_counted_without_a_batch_and_only_once(
    writer_of: MakeWriter, table: Table
) -> None:
    writer = writer_of(cast(Source, Shrunk()))
    for _ in range(2):
        writer.begin()
        assert table.counters().read == 200
        assert table.counters().rejected[DELETED][0] == 200
    assert not writer.has_written
