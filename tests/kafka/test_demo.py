"""The demo as a whole: started, seen to be ready, ended."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import takewhile
from pathlib import Path

import psutil
import pytest

from pipeline.demo.process import free_port, running_pid

STARTED, READY = "the dashboard and Spark start", "the dashboard is at"
Start = Callable[..., tuple["subprocess.Popen[str]", int]]


@pytest.fixture
def start_demo(broker_jars: None, tmp_path: Path) -> Iterator[Start]:
    """Starts a demo with five minutes of past and waits for a line; the process, and its port."""
    port = free_port()
    options = ["--port", port, "--kafka-port", free_port(), "--backfill", "5m", "--data", tmp_path]
    command = [sys.executable, "-m", "pipeline.demo", *map(str, options)]
    with ExitStack() as stack:

        def start(until: str, *more: str) -> tuple["subprocess.Popen[str]", int]:
            words = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
            process = subprocess.Popen([*command, *more], **words)
            stack.enter_context(process)
            stack.callback(process.kill)
            assert process.stdout is not None
            told = list(takewhile(lambda line: until not in line, process.stdout))
            assert process.poll() is None, f"the demo ended: {told}"
            return process, port

        yield start


def children(process: "subprocess.Popen[str]") -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def test_nothing_outlives_a_demo_that_is_killed_and_the_next_is_ended_by_a_signal(
    start_demo: Start,
) -> None:
    process, _ = start_demo(READY)
    started = children(process)
    assert [each.name() for each in started].count("java") == 2
    process.kill()
    assert psutil.wait_procs(started, timeout=20)[1] == []

    again, port = start_demo(READY)
    assert records(port)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=10) as answer:
        assert answer.status == 200
    started = children(again)
    again.send_signal(signal.SIGINT)
    assert again.wait(30) == 0
    assert psutil.wait_procs(started, timeout=10)[1] == []


@pytest.mark.parametrize("part", ["simulator", "dashboard", "kafka/broker"])
def test_the_demo_ends_when_a_part_is_killed_and_says_which(
    start_demo: Start, tmp_path: Path, part: str
) -> None:
    process, _ = start_demo(STARTED)
    # Not by its command line: that is empty while a process becomes another program.
    while (killed := running_pid(tmp_path / f"{part}.pid")) is None:
        assert process.poll() is None
        time.sleep(0.1)
    started = children(process)
    os.kill(killed, signal.SIGKILL)
    assert process.stderr is not None
    said = f"demo: the {Path(part).name} ended by signal 9"
    assert said in process.stderr.readline()
    assert process.wait(30) == 1
    assert psutil.wait_procs(started, timeout=10)[1] == []


def test_without_kafka_the_demo_runs_over_a_log_directory(start_demo: Start) -> None:
    process, port = start_demo(READY, "--logs")
    assert [each.name() for each in children(process)].count("java") == 1
    assert records(port)


def records(port: int) -> float:
    """How many the dashboard has counted."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        told = answer.read().decode()
    return float(re.search(r"^zeek_live_records_counted_total (\S+)$", told, re.MULTILINE)[1])
