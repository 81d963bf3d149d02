"""Where the known stream goes: a topic of a real broker, or the log that Zeek would write."""

import gzip
import logging
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Protocol
from uuid import uuid4

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewPartitions, NewTopic

from pipeline.demo.broker import Broker

PATIENT = {
    "enable.idempotence": True,
    "message.timeout.ms": 0,
    "queue.buffering.max.messages": 1_000_000,
    "topic.metadata.refresh.interval.ms": 500,
    "reconnect.backoff.max.ms": 500,
    "sticky.partitioning.linger.ms": 0,
}
"""A producer that gives no record up and sends none twice."""

SILENT = logging.getLogger("tests.chaos.librdkafka")
SILENT.addHandler(logging.NullHandler())
SILENT.propagate = False


class Published(Protocol):
    """A source that the harness fills."""

    name: str
    settings: dict[str, object]

    def publish(self, lines: list[str]) -> None:
        """Hand lines over."""

    def flush(self) -> None:
        """Wait until all of them have arrived."""


class Topic:
    """A topic of a broker; each of its records is published once, also while the broker is away."""

    def __init__(self, broker: Broker, partitions: int = 2) -> None:
        self.name = "kafka"
        self.broker = broker
        self.topic = f"dns-{uuid4().hex[:8]}"
        self.partitions = partitions
        self.settings = {"kafka_servers": broker.servers, "kafka_topics": self.topic}
        self.make()

    def publish(self, lines: list[str]) -> None:
        """Hand lines to the producer, which goes on trying."""
        for line in lines:
            self._producer.produce(self.topic, line)
        self._producer.poll(0)

    def flush(self) -> None:
        """Wait until Kafka has all of them."""
        assert self._producer.flush(60) == 0, "the broker did not take what was published"

    def grow(self) -> int:
        """One partition more; how many there are now."""
        self.partitions += 1
        more = [NewPartitions(self.topic, self.partitions)]
        self._admin.create_partitions(more)[self.topic].result(30)
        return self.partitions

    def delete(self) -> None:
        """Delete the topic, with what is in it."""
        self.flush()
        self._admin.delete_topics([self.topic])[self.topic].result(30)

    def make(self) -> None:
        """Make the topic, also after it was deleted."""
        # A producer knows a topic by its id: one that was made anew needs another producer.
        client = {"bootstrap.servers": self.broker.servers}
        self._admin = AdminClient(client, logger=SILENT)
        new = [NewTopic(self.topic, self.partitions, 1)]
        self._admin.create_topics(new)[self.topic].result(30)
        self._producer = Producer({**client, **PATIENT}, logger=SILENT)


class Directory:
    """A Zeek log directory, whose live log is written, rotated and archived."""

    def __init__(self, folder: Path) -> None:
        self.name = "logs"
        self.folder = folder
        self.live = folder / "dns.log"
        self.settings = {"source": "logs", "log_dir": folder}
        self._archives = 0
        folder.mkdir()
        self.live.touch()

    def publish(self, lines: list[str]) -> None:
        """Append lines, the last of them in two halves, as a writer with a buffer does."""
        text = "".join(f"{line}\n" for line in lines)
        with self.live.open("a", buffering=1) as log:
            log.write(text[:-20])
            log.flush()
            log.write(text[-20:])

    def flush(self) -> None:
        """Nothing is kept back."""

    def rotate(self) -> Path:
        """Rename the live log, as Zeek does; the next one appears with its first line."""
        self._archives += 1
        name = f"dns.{self._archives:02}-00-00.log"
        with suppress(FileNotFoundError):
            self.live.rename(self.folder / name)
        return self.folder / name

    def cut(self) -> Path:
        """Copy the live log and cut it to nothing, as logrotate's copytruncate does."""
        self._archives += 1
        copy = self.folder / f"dns.log.{self._archives}"
        shutil.copy(self.live, copy)
        os.truncate(self.live, 0)
        return copy

    def pack(self, log: Path) -> Path:
        """Compress a rotated log into the archive in pieces, and remove it, as zeekctl does."""
        archive = self.folder / "2024-01-02" / f"{log.name}.gz"
        archive.parent.mkdir(exist_ok=True)
        with log.open("rb") as plain, gzip.open(archive, "wb") as packed:
            while piece := plain.read(20_000):
                packed.write(piece)
                packed.flush()
        log.unlink()
        return archive
