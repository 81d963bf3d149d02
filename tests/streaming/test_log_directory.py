"""A server on a Zeek log directory: rotated under it, killed, and started again."""

import gzip
import shutil
from pathlib import Path

import pytest

from tests.conftest import filled
from tests.server import Server, line_counts, table_counts


def real_lines(sample_logs: Path) -> list[str]:
    with gzip.open(sample_logs / "wrccdc-2018" / "dns.json.gz", "rt") as file:
        return file.read().splitlines()


def test_a_rotated_directory_is_counted_once_through_a_kill(
    sample_logs: Path, tmp_path: Path
) -> None:
    lines = real_lines(sample_logs)
    logs, state = tmp_path / "logs", tmp_path / "state"
    (logs / "2018-03-24").mkdir(parents=True)
    state.mkdir()
    live = logs / "dns.log"
    live.write_text("".join(f"{line}\n" for line in lines[:30_000]))
    settings = {"source": "logs", "log_dir": logs, "state_dir": state, "start": "earliest"}
    with Server(tmp_path, **settings) as server:
        server.wait_for_records(20_000)
    with live.open("a") as file:
        file.write("".join(f"{line}\n" for line in lines[30_000:40_000]))
    with Server(tmp_path, **settings, trigger="3s", row_budget=2_000_000) as server:
        server.wait_for_records(40_000)
        archive = logs / "2018-03-24" / "dns.17:00:00-18:00:00.log.gz"
        with live.open("rb") as plain, gzip.open(archive, "wb") as packed:
            shutil.copyfileobj(plain, packed)
        live.write_text("".join(f"{line}\n" for line in lines[40_000:]))
        server.wait_for_records(len(lines))
        server.stop()
    assert table_counts(state) == line_counts(lines)


def test_a_disk_that_is_full_is_said_and_waited_out(
    small_disk: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    logs, state = tmp_path_factory.mktemp("outside") / "logs", small_disk / "state"
    logs.mkdir()
    state.mkdir()
    line = '{{"ts":1521911720.5,"id.orig_h":"10.0.0.1","query":"{}.example.com"}}\n'
    lines = [line.format(name) for name in range(2_000)]
    with (logs / "dns.log").open("w", buffering=1) as live:
        live.writelines(lines[:1_000])
        settings = {"source": "logs", "log_dir": logs, "state_dir": state, "start": "earliest"}
        with Server(logs, **settings) as server:
            server.wait_for_records(1_000)
            ballast = filled(small_disk)
            live.writelines(lines[1_000:])
            server.wait(lambda: "MB free" in server.reason(), "word of the full disk")
            ballast.unlink()
            server.wait_for_records(2_000)
            server.stop()
    assert table_counts(state) == line_counts(lines)


def test_a_directory_that_is_not_there_is_said_and_waited_for(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    with Server(tmp_path, source="logs", log_dir=logs, start="earliest") as server:
        server.wait(lambda: str(logs) in server.reason(), "word of the directory")
        logs.mkdir()
        (logs / "dns.log").write_text('{"ts":1521911720.5,"id.orig_h":"10.0.0.1","query":"a.b"}\n')
        server.wait_for_records(1)
