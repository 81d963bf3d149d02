"""The demo: a Kafka of one node, a simulator and the dashboard, on the loopback address.

Ends with Ctrl-C, and with it everything that it started. Without Kafka's jars the simulator writes
a Zeek log directory instead, and the dashboard reads that.
"""

import argparse
import os
import shutil
import signal
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from pipeline.demo.broker import BrokerFailed
from pipeline.demo.parts import (
    ROOT,
    DemoFailed,
    Part,
    readiness,
    say,
    start_dashboard,
    start_kafka,
    start_simulator,
    watch,
)
from pipeline.demo.process import end_stale, is_taken, running_pid, write_pid
from pipeline.jars import JarsMissing, JavaMissing, broker_classpath, find_java

FAILURES = (DemoFailed, BrokerFailed, JarsMissing, JavaMissing)
PATIENCE = 120
MARK = "written-by-the-demo"
"""In the directory that the demo writes to, and empties at each start."""
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def parse_options() -> argparse.Namespace:
    """The command line; a wrong one ends the process."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.demo", description=__doc__)
    add = parser.add_argument
    add("--port", type=_port, default=8501, help="of the dashboard (%(default)s)")
    add("--kafka-port", type=_port, default=19092, help="of the demo's Kafka (%(default)s)")
    add("--logs", action="store_true", help="over a Zeek log directory, without Kafka")
    add("--rate", type=float, default=50.0, help="records a second (%(default)g)")
    add("--backfill", default="130m", help="how much past there is at the start (%(default)s)")
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
    if options.data.is_dir() and os.listdir(options.data) and not (options.data / MARK).exists():
        raise DemoFailed(f"{options.data} holds what no demo wrote: name an empty --data")
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
    data.mkdir(parents=True, exist_ok=True)
    (data / MARK).touch()
    for old in ("kafka", "logs"):
        shutil.rmtree(data / old, ignore_errors=True)
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
            try:
                run(options, with_kafka, stack)
            except FAILURES as error:
                # Said before the others are ended, which takes seconds.
                tell(error)
    except KeyboardInterrupt:
        return 0
    except FAILURES as error:
        tell(error)
    return 1


def tell(error: Exception) -> None:
    """What failed, in its own words."""
    print(f"demo: {error}", file=sys.stderr, flush=True)


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text} is no port: 1 to 65535")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
