"""Where the simulator's records go: a Kafka topic, or a Zeek log directory."""

import gzip
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol, TextIO

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from pipeline.demo.forms import Form, to_tsv, tsv_header
from pipeline.demo.world import Record

Line = Record | str
"""A record, or a text that is none, which goes out as it is."""


class Outlet(Protocol):
    """What takes records."""

    def send(self, lines: Sequence[Line], now: float) -> None:
        """Hand over the lines of a moment; may return before they have arrived."""

    def close(self, patience: float) -> int:
        """Wait until all have arrived, so many seconds at most; how many have not."""


class KafkaOutlet:
    """A topic, made if it is not there. Without a broker it waits: nothing is dropped."""

    def __init__(self, servers: str, topic: str, form: Form, partitions: int) -> None:
        self.topic, self.form = topic, form
        admin = AdminClient({"bootstrap.servers": servers, "log_level": 3})
        if topic not in admin.list_topics(timeout=5).topics:
            admin.create_topics([NewTopic(topic, partitions, 1)])[topic].result(30)
        self.producer = Producer(
            {
                "bootstrap.servers": servers,
                "linger.ms": 20,
                "batch.size": 1_000_000,
                "compression.type": "lz4",
                "queue.buffering.max.messages": 200_000,
                "message.timeout.ms": 0,
                "log_level": 3,
            }
        )

    def send(self, lines: Sequence[Line], now: float) -> None:
        """Into the client's queue; waits while that is full."""
        produce, topic, form = self.producer.produce, self.topic, self.form
        for line in lines:
            value = line if isinstance(line, str) else form(line)
            while True:
                try:
                    produce(topic, value)
                    break
                except BufferError:
                    self.producer.poll(0.1)
        self.producer.poll(0)

    def close(self, patience: float) -> int:
        """Longer than that is a broker that is gone."""
        return int(self.producer.flush(patience))


class LogOutlet:
    """`current/dns.log`, moved into dated folders as zeekctl does: gzip, times in its name."""

    def __init__(self, folder: Path, form: Form, rotate: timedelta) -> None:
        self.folder, self.form, self.rotate = folder, form, rotate
        self.live = folder / "current" / "dns.log"
        self.live.parent.mkdir(parents=True, exist_ok=True)
        self.until = 0.0
        self.file: TextIO | None = None

    def send(self, lines: Sequence[Line], now: float) -> None:
        """Written and flushed; a file holds what was written in one span of `rotate`."""
        if self.file is None or now > self.until:
            self._rotate(now)
        assert self.file is not None
        texts = [line if isinstance(line, str) else self.form(line) for line in lines]
        self.file.writelines(text + "\n" for text in texts)
        self.file.flush()

    def close(self, patience: float = 0.0) -> int:
        """Ends the live file as Zeek does, and leaves it there."""
        if self.file:
            self._end()
        return 0

    def _rotate(self, now: float) -> None:
        if self.file:
            self._end()
            self._archive()
        span = self.rotate.total_seconds()
        self.until = (now // span + 1) * span
        self.file = self.live.open("a", encoding="utf-8")
        if self.form is to_tsv:
            self.file.write(tsv_header(datetime.fromtimestamp(now, UTC)))

    def _end(self) -> None:
        assert self.file is not None
        if self.form is to_tsv:
            self.file.write(
                f"#close\t{datetime.fromtimestamp(self.until, UTC):%Y-%m-%d-%H-%M-%S}\n"
            )
        self.file.close()

    def _archive(self) -> None:
        end = datetime.fromtimestamp(self.until, UTC)
        start = end - self.rotate
        day = self.folder / f"{start:%Y-%m-%d}"
        day.mkdir(exist_ok=True)
        name = f"dns.{start:%H:%M:%S}-{end:%H:%M:%S}.log"
        renamed = self.live.rename(self.live.with_name(f"dns-{start:%Y-%m-%d_%H.%M.%S}.log"))
        with renamed.open("rb") as source, gzip.open(day / f".{name}.gz", "wb", 6) as target:
            shutil.copyfileobj(source, target)
        (day / f".{name}.gz").rename(day / f"{name}.gz")
        renamed.unlink()
