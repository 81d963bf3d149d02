"""A real Kafka of one node, from the jars in `.jars/broker`, on the loopback address only.

For the demo and the tests, not for keeping anything.
"""

import argparse
import contextlib
import signal
import subprocess
import time
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from uuid import uuid4

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from pipeline.classes import of_broker
from pipeline.demo.process import (
    end,
    end_stale,
    free_port,
    is_taken,
    kill,
    last_line,
    spawn,
    write_pid,
)
from pipeline.jars import broker_classpath, find_java

PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{control_port}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{control_port}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
log.dirs={data}/log
auto.create.topics.enable=false
num.partitions=2
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=3000
group.initial.rebalance.delay.ms=0
log.segment.bytes=67108864
log.retention.bytes={keep_bytes}
log.retention.check.interval.ms=30000
"""
JAVA_OPTIONS = (
    "-Xmx512m",
    "-XX:+UseSerialGC",
    # Half the processor time at the start, and no less throughput after it.
    "-XX:TieredStopAtLevel=1",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
)


class BrokerFailed(Exception):
    """The broker did not start; the message says why."""


class Broker:
    """A broker's life: `start` returns when it answers, also after a kill."""

    def __init__(
        self,
        data: Path,
        port: int | None = None,
        keep_bytes: int = -1,
        java: Sequence[str] = (),
    ) -> None:
        """`keep_bytes` of a partition are kept at least, older segments go; -1 keeps all.

        `java` are options for its JVM; without any, its classes are mapped in.
        """
        self.data = data.resolve()
        self.port = port or free_port()
        self.keep_bytes = keep_bytes
        self.java = java
        self.log = self.data / "broker.log"
        self.pid_file = self.data / "broker.pid"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def servers(self) -> str:
        """For `bootstrap.servers`."""
        return f"127.0.0.1:{self.port}"

    def start(self, patience: float = 60) -> None:
        """Format the data directory if it is new, start, wait until it answers: BrokerFailed."""
        self.data.mkdir(parents=True, exist_ok=True)
        end_stale(self.pid_file)
        if is_taken(self.port):
            raise BrokerFailed(f"port {self.port} is in use, Kafka cannot listen there")
        options = [*JAVA_OPTIONS, *(self.java or of_broker().options())]
        java = [str(find_java()), *options, "-cp", broker_classpath()]
        # What it unpacks there stays behind when it is killed.
        java.insert(1, f"-Djava.io.tmpdir={self.data}")
        properties = str(self._write_properties())
        if not (self.data / "log" / "meta.properties").exists():
            self._format([*java, "kafka.tools.StorageTool", "format", "-c", properties])
        self.process = spawn([*java, "kafka.Kafka", properties], self.log, cwd=self.data)
        write_pid(self.pid_file, self.process.pid)
        self._wait(patience)

    def stop(self) -> None:
        """Let it end in order."""
        if self.process:
            end(self.process, patience=15)
        self.pid_file.unlink(missing_ok=True)

    def kill(self) -> None:
        """As `kill -9` does."""
        if self.process:
            kill(self.process)

    def create_topic(self, name: str, partitions: int = 2) -> None:
        """Make a topic, and wait until it is there; one that is there already stays."""
        admin = AdminClient({"bootstrap.servers": self.servers, "log_level": 3})
        if name not in admin.list_topics(timeout=10).topics:
            admin.create_topics([NewTopic(name, partitions, 1)])[name].result(30)

    def __enter__(self) -> "Broker":
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _write_properties(self) -> Path:
        file = self.data / "server.properties"
        text = PROPERTIES.format(
            port=self.port, control_port=free_port(), data=self.data, keep_bytes=self.keep_bytes
        )
        file.write_text(text)
        return file

    def _format(self, command: list[str]) -> None:
        cluster = urlsafe_b64encode(uuid4().bytes).decode().rstrip("=")
        told = subprocess.run([*command, f"--cluster-id={cluster}"], capture_output=True, text=True)
        if told.returncode:
            lines = (told.stdout + told.stderr).strip().splitlines() or ["no reason"]
            raise BrokerFailed(f"Kafka cannot use {self.data}: {lines[-1][:300]}")

    def _wait(self, patience: float) -> None:
        """A new client each time: one that failed waits longer before it tries again."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if self.process is None or self.process.poll() is not None:
                raise BrokerFailed(f"Kafka ended at once: {self._reason()} (see {self.log})")
            with contextlib.suppress(KafkaException):
                client = AdminClient({"bootstrap.servers": self.servers, "log_level": 0})
                if client.list_topics(timeout=1).brokers:
                    return
        raise BrokerFailed(f"Kafka did not answer within {patience:.0f} s (see {self.log})")

    def _reason(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()
        causes = [line for line in lines if "Exception" in line or "ERROR" in line]
        return causes[-1].strip()[:300] if causes else last_line(self.log)


def main() -> None:
    """Run a broker until it is told to end."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.demo.broker", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(".demo/kafka"), help="its directory")
    parser.add_argument("--port", type=int, default=9092, help="its port on 127.0.0.1")
    parser.add_argument("--topic", action="append", default=[], help="a topic to make; repeatable")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt), Broker(options.data, options.port) as broker:
        for topic in options.topic:
            broker.create_topic(topic)
        print(f"Kafka answers at {broker.servers}; Ctrl-C ends it", flush=True)
        signal.pause()


if __name__ == "__main__":
    main()
