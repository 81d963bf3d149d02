"""What the demo refuses before it starts anything."""

import socket
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import psutil
import pytest

from pipeline import jars
from pipeline.demo.__main__ import check
from pipeline.demo.process import end_stale, free_port, last_line, running_pid, spawn, write_pid


def run_demo(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pipeline.demo", "--data", str(data), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("flag", ["--port", "--kafka-port"])
def test_a_port_in_use_is_named_with_the_flag_that_changes_it(tmp_path: Path, flag: str) -> None:
    if flag == "--kafka-port":
        pytest.importorskip("pipeline.jars").broker_classpath()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ports = {"--port": str(free_port()), "--kafka-port": str(free_port()), flag: str(port)}
        told = run_demo(tmp_path / "data", *(word for pair in ports.items() for word in pair))
    assert told.returncode == 1
    assert f"port {port} is in use" in told.stderr
    assert f'make demo ARGS="{flag} {port + 1}"' in told.stderr
    assert not (tmp_path / "data").exists()


def test_without_kafkas_jars_the_demo_says_so_and_takes_a_log_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(jars, "JARS", tmp_path)
    ports = {"port": free_port(), "kafka_port": free_port()}
    assert check(Namespace(data=tmp_path / "data", logs=False, **ports)) is False
    assert capsys.readouterr().out == (
        f"demo: the broker's jars are not in {tmp_path / 'broker'}: run `make jars`; "
        "until then the demo runs over a Zeek log directory\n"
    )


def test_a_second_demo_names_the_first(tmp_path: Path) -> None:
    write_pid(tmp_path / "demo.pid", psutil.Process().pid)
    told = run_demo(tmp_path, "--logs")
    assert told.returncode == 1
    assert f"as process {psutil.Process().pid}" in told.stderr


def test_a_directory_that_no_demo_wrote_is_left_alone(tmp_path: Path) -> None:
    own = tmp_path / "logs" / "dns.log"
    own.parent.mkdir()
    own.touch()
    told = run_demo(tmp_path, "--logs")
    assert told.returncode == 1
    assert f"{tmp_path} holds what no demo wrote" in told.stderr
    assert own.exists()


def test_a_process_left_behind_is_ended_with_its_group(tmp_path: Path) -> None:
    log, note = tmp_path / "log", tmp_path / "left.pid"
    left = spawn(["sh", "-c", "sleep 600 & echo $!; wait"], log)
    write_pid(note, left.pid)
    while last_line(log) == "it said nothing":
        assert left.poll() is None
    child = psutil.Process(int(last_line(log)))
    assert end_stale(note)
    left.wait()
    psutil.wait_procs([child], timeout=10)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE
    assert not note.exists()


def test_a_number_that_another_process_has_now_is_not_taken_for_the_old_one(tmp_path: Path) -> None:
    note = tmp_path / "old.pid"
    note.write_text(f"{psutil.Process().pid} 1000000000.0\n")
    assert running_pid(note) is None
    assert not end_stale(note)
