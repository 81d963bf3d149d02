"""The demo: a Kafka of one node, a simulator and the dashboard, on the loopback address.

Ends with Ctrl-C, and with it everything that it started. Without Kafka's jars the simulator writes
a Zeek log directory instead, and the dashboard reads that.
"""

import argparse
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from pipeline.demo.broker import Broker, BrokerFailed
from pipeline.demo.process import (
    end,
    end_stale,
    is_taken,
    last_line,
    running_pid,
    spawn,
    write_pid,
)
from pipeline.jars import JarsMissing, JavaMissing, broker_classpath, find_java

ROOT = Path(__file__).parents[2]
KEEP_BYTES = 256 * 1024 * 1024
PATIENCE = 120
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
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


def parse_options() -> argparse.Namespace:
    """The command line; a wrong one ends the process."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.demo", description=__doc__)
    add = parser.add_argument
    add("--port", type=int, default=8501, help="of the dashboard (%(default)s)")
    add("--kafka-port", type=int, default=19092, help="of the demo's Kafka (%(default)s)")
    add("--logs", action="store_true", help="over a Zeek log directory, without Kafka")
    add("--rate", type=float, default=60.0, help="records a second (%(default)g)")
    add("--backfill", default="1h", help="how much past there is at the start (%(default)s)")
    add(
        "--data",
        type=lambda text: Path(text).resolve(),
        default=ROOT / ".demo",
        help="what it writes (.demo)",
    )
    return parser.parse_args()


def check(options: argparse.Namespace) -> bool:
    """Everything that can be refused before anything is started; whether there is to be a Kafka."""
    find_java()
    if pid := running_pid(options.data / "demo.pid"):
        raise DemoFailed(
            f"a demo runs here already, as process {pid}: end it, or name another --data"
        )
    for name in ("dashboard", "simulator", "kafka/broker"):
        if end_stale(options.data / f"{name}.pid"):
            say(f"ended a {Path(name).name} that an earlier demo left behind")
    with_kafka = not options.logs and has_broker()
    ports = {"--port": options.port} | ({"--kafka-port": options.kafka_port} if with_kafka else {})
    for flag, port in ports.items():
        if is_taken(port):
            raise DemoFailed(
                f"port {port} is in use: free it, or choose another, "
                f'such as `make demo ARGS="{flag} {port + 1}"`'
            )
    return with_kafka


def has_broker() -> bool:
    """Whether Kafka's jars are there; says so if not."""
    try:
        return bool(broker_classpath())
    except JarsMissing as error:
        say(f"{error}; until then the demo runs over a Zeek log directory")
        return False


def run(options: argparse.Namespace, with_kafka: bool, stack: ExitStack) -> None:
    """Start everything, say where, and watch it: returns only by an exception."""
    data: Path = options.data
    for old in ("kafka", "logs"):
        shutil.rmtree(data / old, ignore_errors=True)
    data.mkdir(parents=True, exist_ok=True)
    write_pid(data / "demo.pid", os.getpid())
    stack.callback((data / "demo.pid").unlink, missing_ok=True)
    parts = [start_kafka(options, stack)] if with_kafka else []
    parts += [start_simulator(options, with_kafka, stack)]
    parts += [start_dashboard(options, with_kafka, stack)]
    wait_until_ready(options.port, parts)
    say(f"the dashboard is at http://127.0.0.1:{options.port}  (Ctrl-C ends the demo)")
    say(f"`make incident KIND=tunnel` begins an incident; {data / 'truth.jsonl'} tells of each")
    while True:
        watch(parts)
        time.sleep(0.5)


def start_kafka(options: argparse.Namespace, stack: ExitStack) -> Part:
    """The broker, its topic made."""
    say(f"Kafka starts on port {options.kafka_port} …")
    begun = time.monotonic()
    broker = stack.enter_context(Broker(options.data / "kafka", options.kafka_port, KEEP_BYTES))
    broker.create_topic("dns")
    say(f"Kafka answers after {time.monotonic() - begun:.1f} s")
    assert broker.process
    return Part("kafka", broker.process, broker.log)


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


def wait_until_ready(port: int, parts: list[Part]) -> None:
    """Until `/readyz` answers 200; what it says meanwhile is passed on."""
    begun, told = time.monotonic(), ""
    while (waited := time.monotonic() - begun) < PATIENCE:
        watch(parts)
        status, reason = readiness(port)
        if status == 200:
            say(f"ready after {waited:.1f} s")
            return
        if reason != told:
            say(f"… {reason}")
            told = reason
        time.sleep(0.25)
    raise DemoFailed(f"the dashboard is not ready after {PATIENCE} s: {told}")


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


def interrupt(signum: int, frame: object) -> None:
    """A signal that ends the demo; while it ends, further ones change nothing."""
    for each in ENDING:
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


def main() -> int:
    """Run until a signal (0), or until something fails (1)."""
    options = parse_options()
    for each in ENDING:
        signal.signal(each, interrupt)
    try:
        with_kafka = check(options)
        with ExitStack() as stack:
            stack.callback(say, "ended")
            run(options, with_kafka, stack)
    except KeyboardInterrupt:
        return 0
    except (DemoFailed, BrokerFailed, JarsMissing, JavaMissing) as error:
        print(f"demo: {error}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
