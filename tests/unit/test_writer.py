"""Where a query begins, and what is written before its first batch."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import cast

import pytest

from pipeline import batch as batches
from pipeline.aggregate import COUNTS
from pipeline.batch import DELETED
from pipeline.log_directory import LogDirectory
from pipeline.settings import Settings
from pipeline.source import Begin, Offsets, Source
from pipeline.status import Health
from pipeline.table import Table
from pipeline.writer import AHEAD, Writer

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


def test_behind_a_batch_that_cannot_be_written_none_is_and_that_is_raised(
    writer_of: MakeWriter, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch that waited already when the one before it failed would leave a gap."""
    writer, written, may_fail = writer_of(cast(Source, Shrunk())), list[int](), Event()
    query_id, _ = writer.begin()

    def add(batch_id: int) -> tuple[int, int]:
        written.append(batch_id)
        may_fail.wait(10)
        raise OSError("no room")

    monkeypatch.setattr(batches, "make_batch", lambda query_id, batch_id, *rest: add(batch_id))
    monkeypatch.setattr(Shrunk, "count", lambda *offsets: 1, raising=False)
    for batch_id in range(AHEAD):
        writer.put(query_id, batch_id, {"at": 200 + batch_id}, COUNTS.empty_table(), 0.0)
    may_fail.set()
    with pytest.raises(OSError, match="no room"):
        writer.put(query_id, AHEAD, {"at": 200 + AHEAD}, COUNTS.empty_table(), 0.0)
    writer.begin()
    assert written == [0]
    assert table.counters().read == 200
