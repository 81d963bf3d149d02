"""The query's life, without Spark: failures, delays, and what is left of killed servers."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.aggregate import COUNTED_FIELDS, count_lines
from pipeline.enrich import with_names
from pipeline.failure import QueryFailed, first_sentence, in_words, said_of
from pipeline.feed import DNS, PARTIALS
from pipeline.parse import parsed
from pipeline.query import Pipeline, check_names, drop_checkpoints
from pipeline.settings import Settings, SettingsError
from pipeline.source import Begin, SourceProblem
from pipeline.status import BatchTimes
from pipeline.store import TableFull
from pipeline.table import Batch
from tests.conftest import ROOT, filled
from tests.made import partial


@pytest.fixture
def pipeline(tmp_path: Path) -> Iterator[Pipeline]:
    """One that was never started."""
    made = Pipeline(Settings(source="logs", log_dir=tmp_path))
    yield made
    made.table.close()


def fail_often(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, times: int) -> list[float]:
    """Let its query fail at once, so many times; the seconds it waited after each."""
    delays: list[float] = []

    def run() -> None:
        raise QueryFailed("the source made no sense\n\tat a line of Java")

    def wait(seconds: float) -> None:
        delays.append(seconds)
        if len(delays) == times:
            pipeline._stopping.set()

    monkeypatch.setattr(pipeline, "_run", run)
    monkeypatch.setattr(pipeline._stopping, "wait", wait)
    pipeline._live()
    return delays


def test_a_query_that_fails_is_started_again_after_an_ever_longer_delay(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert fail_often(pipeline, monkeypatch, 8) == [1, 2, 4, 8, 16, 32, 60, 60]
    status = pipeline.status()
    assert status.reason == "the source made no sense; starting again in 60 s"
    assert status.restarts == 8


def test_a_failure_is_said_until_a_trigger_has_gone_well(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_often(pipeline, monkeypatch, 1)
    pipeline._health.problem = None
    assert "starting again" in pipeline.status().reason
    pipeline._triggered(datetime.now(UTC))
    assert "starting again" not in pipeline.status().reason


def test_a_broker_that_is_away_is_said_while_a_query_takes_long_to_end(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_end = threading.Event()

    class Slow:
        def stop(self) -> None:
            assert may_end.wait(30)

    def away(end: object) -> int:
        may_end.set()
        raise SourceProblem("the broker does not answer")

    monkeypatch.setattr(pipeline._source, "lag", away)
    pipeline._end_query(Slow())
    assert "the broker does not answer" in pipeline.status().reason


def test_a_clock_that_is_set_back_begins_the_query_anew(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    right, offsets = time.time, iter((0, 3600, 3599.6, -3600))

    class Running:
        isActive = True

    def run() -> None:
        pipeline._watch(Running())

    def wait(seconds: float) -> bool:
        offset = next(offsets, None)
        if offset is None:
            pipeline._stopping.set()
        else:
            monkeypatch.setattr("pipeline.query.time.time", lambda: right() + offset)
        return offset is None

    monkeypatch.setattr(pipeline, "_run", run)
    monkeypatch.setattr(pipeline._stopping, "wait", wait)
    pipeline._live()
    [note] = pipeline.status().notes
    assert note.endswith("the clock was set back by 2 h: reading begins anew")
    assert pipeline.status().restarts == 0


def test_a_source_that_was_read_to_its_end_is_told_to_the_table(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Running:
        isActive = True

    long_ago, waits = datetime.now(UTC) - timedelta(hours=3), iter((False, True))
    rows = pa.Table.from_pylist([partial(long_ago, "10.0.0.1", "a.example", "a")], PARTIALS)
    pipeline.table.add(Batch("q", 0, {}, rows, 1), datetime.now(UTC))
    pipeline._triggered(datetime.now(UTC))
    monkeypatch.setattr(pipeline._stopping, "wait", lambda seconds: next(waits))
    monkeypatch.setattr(pipeline._source, "lag", lambda end: 0)
    for silence, is_over in ((0, False), (31, True)):
        waits = iter((False, True))
        pipeline._health.last_records = time.monotonic() - silence
        pipeline._watch(Running())
        assert bool(pipeline.table.over(pipeline.table.version)) is is_over


def test_a_query_is_not_started_on_a_disk_that_is_full(
    small_disk: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs = tmp_path_factory.mktemp("logs")
    made = Pipeline(Settings(source="logs", log_dir=logs, state_dir=small_disk))
    monkeypatch.setattr("pipeline.query.start_session", lambda settings: None)
    monkeypatch.setattr(made._source, "begin", lambda resume: Begin({}))
    filled(small_disk)
    with pytest.raises(TableFull, match="MB free"):
        made._run()
    made.table.close()


STOPPED_WHILE_STARTING = """
import sys, time
from pathlib import Path
import psutil
from pipeline.query import Pipeline
from pipeline.settings import read_settings

pipeline = Pipeline(read_settings(source="logs", log_dir=Path.cwd()))
pipeline.start()
while not Path(sys.argv[1]).exists():
    time.sleep(0.05)
pipeline.stop()
print([each.cmdline() for each in psutil.Process().children(recursive=True)])
"""


def test_a_jvm_that_is_only_starting_is_ended_with_the_server(tmp_path: Path) -> None:
    started, java = tmp_path / "started", tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text(
        "#!/bin/sh\n"
        """[ "$1" = -version ] && { echo 'version "21"' >&2; exit; }\n"""
        f"touch {started}; read for_ever; sleep 60\n"
    )
    java.chmod(0o755)
    command = [sys.executable, "-c", STOPPED_WHILE_STARTING, str(started)]
    environment = {**os.environ, "JAVA_HOME": str(tmp_path)}
    told = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
    )
    assert told.stdout == "[]\n", told.stderr


def test_checkpoints_of_killed_servers_are_dropped_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "checkpoint-1" / "offsets").mkdir(parents=True)
    (tmp_path / "zeek-live.duckdb").touch()
    drop_checkpoints(tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["zeek-live.duckdb"]


def test_a_stop_leaves_no_checkpoint_whoever_still_wrote_into_it(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    state = tmp_path / "state"
    pipeline = Pipeline(Settings(source="logs", log_dir=tmp_path / "logs", state_dir=state))
    (state / "checkpoint-dropped" / "state").mkdir(parents=True)
    pipeline.stop()
    assert not list(state.glob("checkpoint-*"))


def test_a_name_that_stands_for_no_field_of_zeeks_is_refused() -> None:
    check_names({"src": "id.orig_h", "when": "ts"})
    with pytest.raises(SettingsError, match=r"'src' stands for 'id.orig_host', which dns.log has"):
        check_names({"src": "id.orig_host"})


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("a\nb", "a"),
        ("\n  at a line of Java\nat last", "at last"),
        (
            "it said:\nTraceback (most recent call last):\n  File 1\nValueError: x\nmore",
            "ValueError: x",
        ),
        ("Traceback (most recent call last):\n  File 1", "the query ended without a word"),
        (None, "the query ended without a word"),
        ("x" * 400, "x" * 300),
    ],
)
def test_an_error_of_many_lines_is_told_in_one(error: str | None, said: str) -> None:
    assert first_sentence(error) == said


def test_each_batch_in_the_table_is_told_once_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "dns.log").write_text("")
    pipeline = Pipeline(Settings(source="logs", log_dir=tmp_path, start="earliest"))
    query_id, begin = pipeline._writer.begin()
    lines, now = 0, datetime.now(UTC)
    for batch_id, many in enumerate((3, 5)):
        lines += many
        line = f'{{"ts":{now.timestamp()},"id.orig_h":"10.0.0.1","query":"a.example"}}'
        values = pa.table({"value": [line] * (many - 1) + ["junk"], "topic": ["dns"] * many})
        counts = count_lines(values, with_names(parsed(DNS, COUNTED_FIELDS)))
        pipeline._writer.put(query_id, batch_id, {**begin.offsets, "lines": lines}, counts, 0.5)
    for batch_id in (0, 0, 9):
        pipeline._progressed(BatchTimes(batch_id, now, 99, 0.5))
    told = [(each.read, each.counted) for each in pipeline.status().batches]
    assert told == [(3, 2)], "Spark tells of batches that were told, or never written, too"
    pipeline._tell_rest()
    told = [(each.read, each.counted) for each in pipeline.status().batches]
    assert told == [(3, 2), (5, 4)]
    last = pipeline.status().batches[-1]
    assert last.stages["group"] == 0.5
    assert last.seconds == pytest.approx(sum(last.stages.values()))
    pipeline.table.close()


def test_an_error_of_the_system_names_its_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        (tmp_path / "gone").read_text()
    assert in_words(caught.value).endswith(f"No such file or directory: '{tmp_path}/gone'")


def test_an_options_value_is_not_in_what_java_says_of_it() -> None:
    said = "ConfigException: Invalid value s3cret for configuration fetch.max.bytes: no number"
    assert "s3cret" not in said_of(QueryFailed(said), ["s3cret"])
    assert "fetch.max.bytes" in said_of(QueryFailed(said), ["s3cret"])
