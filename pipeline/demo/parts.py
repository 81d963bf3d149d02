"""The processes of the demo: what each is started with, and what they say."""

import argparse
import http.client
import json
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from pipeline.demo.broker import Broker
from pipeline.demo.process import end, last_line, spawn, write_pid

ROOT = Path(__file__).parents[2]
KEEP_BYTES = 256 * 1024 * 1024
PAST_INCIDENTS = ("scan@-50m", "dga@-40m", "beacon@-32m", "nxdomain@-14m", "tunnel@-6m")
# Of the user's own pipeline, and no business of the demo's.
OTHERS_SETTINGS = ("CONFIG", "STATE_DIR", "START", "KAFKA_OPTIONS", "FIELD_NAMES")


class DemoFailed(Exception):
    """The demo cannot start or go on; the message says why, and what to do."""


@dataclass(frozen=True)
class Part:
    """A process of the demo, and where its words go."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path


def start_kafka(options: argparse.Namespace, stack: ExitStack) -> Part:
    """The broker, its topic made."""
    say(f"Kafka starts on port {options.kafka_port} …")
    begun = time.monotonic()
    broker = stack.enter_context(Broker(options.data / "kafka", options.kafka_port, KEEP_BYTES))
    broker.create_topic("dns")
    say(f"Kafka answers after {time.monotonic() - begun:.1f} s")
    assert broker.process
    return Part("broker", broker.process, broker.log)


def start_simulator(options: argparse.Namespace, with_kafka: bool, stack: ExitStack) -> Part:
    """A moderate network, an hour of past, and an incident every few minutes."""
    data: Path = options.data
    say(f"the simulator sends the past {options.backfill}, then {options.rate:g} records/s …")
    command = [sys.executable, "-m", "pipeline.demo.simulator", "--rhythm", "--junk=0.0005"]
    command += [f"--rate={options.rate}", f"--backfill={options.backfill}", "--every=4m"]
    command += [f"--truth={data / 'truth.jsonl'}", f"--control={data / 'control'}"]
    command += [f"--incident={each}" for each in PAST_INCIDENTS]
    kafka = [f"--servers=127.0.0.1:{options.kafka_port}", "--topic=dns"]
    command += kafka if with_kafka else [f"--log-dir={data / 'logs'}"]
    return start("simulator", command, data, stack)


def start_dashboard(options: argparse.Namespace, with_kafka: bool, stack: ExitStack) -> Part:
    """Streamlit's server, told of the demo's source; `env` keeps the rest of the environment."""
    say(f"the dashboard and Spark start on port {options.port} …")
    source = {"SOURCE": "logs", "LOG_DIR": str(options.data / "logs")}
    if with_kafka:
        servers = f"127.0.0.1:{options.kafka_port}"
        source = {"SOURCE": "kafka", "KAFKA_TOPICS": "dns", "KAFKA_SERVERS": servers}
    command = ["env", *(f"--unset=ZEEK_LIVE_{name}" for name in OTHERS_SETTINGS)]
    command += [f"ZEEK_LIVE_{name}={value}" for name, value in source.items()]
    command += [sys.executable, "-m", "streamlit", "run", "dashboard.py"]
    command += ["--server.headless=true", f"--server.port={options.port}"]
    return start("dashboard", command, options.data, stack)


def start(name: str, command: list[str], data: Path, stack: ExitStack) -> Part:
    """A part of the demo: its words in a log file, its end with the demo's."""
    part = Part(name, spawn(command, data / f"{name}.log", cwd=ROOT), data / f"{name}.log")
    write_pid(data / f"{name}.pid", part.process.pid)
    stack.callback(end, part.process, patience=8)
    return part


def readiness(port: int) -> tuple[int, str]:
    """What `/readyz` answers, and its reason."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        told = json.loads(answer.read())
        return answer.status, str(told.get("reason") or told.get("state") or told)
    except (OSError, http.client.HTTPException):
        return 0, "the server does not answer yet"
    except ValueError:
        return 0, "the server answers, the pipeline not yet"
    finally:
        connection.close()


def watch(parts: list[Part]) -> None:
    """DemoFailed if a part has ended: none may."""
    for part in parts:
        status = part.process.poll()
        if status is not None:
            how = f"with status {status}: {last_line(part.log)}"
            how = f"by signal {-status}" if status < 0 else how
            raise DemoFailed(f"the {part.name} ended {how} (see {part.log})")


def say(text: str) -> None:
    """A line of progress."""
    print(f"demo: {text}", flush=True)
