"""The reader of Kafka: plans batches of its topics, and reads them with librdkafka.

Offsets are `{topic: {partition: the next record's}}`.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import pairwise
from math import ceil
from operator import attrgetter
from typing import Any

import pyarrow as pa
from confluent_kafka import (
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, OffsetSpec
from pyspark.sql.datasource import DataSourceReader, DataSourceStreamReader, InputPartition
from pyspark.sql.streaming.datasource import ReadLimit, ReadMaxRows

Partitions = dict[str, dict[str, int]]

SCHEMA = pa.schema([pa.field("value", pa.binary()), pa.field("topic", pa.string())])
SECONDS_TO_ANSWER = 4
SECONDS_SILENT = 60.0
TASK_RECORDS = 100_000
# Records may be of a megabyte each, and that many are held at once.
AT_ONCE = 500
BATCH_BYTES = 4 * 1024 * 1024
WAIT = 0.2
CONSUMER = {
    "group.id": "zeek-live",
    # What was fetched beyond a batch's end is thrown away.
    "queued.min.messages": 5_000,
    "fetch.queue.backoff.ms": 1,
    # A task that reaches the end of its log holds up the next one's first request for so long.
    "fetch.wait.max.ms": 20,
}
ESSENTIAL = {
    "log_level": 0,
    "enable.auto.commit": False,
    "enable.partition.eof": True,
    "auto.offset.reset": "error",
    "isolation.level": "read_uncommitted",
}
"""What reading relies on, whatever the settings say."""


class KafkaReader(DataSourceStreamReader):
    """What a stream reads of topics, from `begin` on, so many records a batch at most."""

    def __init__(
        self, client: Mapping[str, Any], topics: Sequence[str], begin: Partitions, limit: int
    ) -> None:
        self.client, self.topics = tuple(client.items()), topics
        self.begin, self.limit = begin, limit

    def initialOffset(self) -> Partitions:
        return self.begin

    def getDefaultReadLimit(self) -> ReadLimit:
        return ReadMaxRows(self.limit)

    def latestOffset(self, start: Partitions, limit: ReadLimit) -> Partitions:
        """As far as the limit allows; where Kafka does not answer, no further than before.

        ValueError for a log that ends before what was read of it: the query must begin anew.
        """
        try:
            last = last_offsets(self.client, self.topics)
        except KafkaException:
            return start
        check_ends(start, last)
        first = {
            topic: {each: start.get(topic, {}).get(each, 0) for each in ends}
            for topic, ends in last.items()
        }
        waiting = count_offsets(first, last)
        rows = limit.max_rows if isinstance(limit, ReadMaxRows) else waiting
        return between(first, last, rows / waiting) if waiting > rows else last

    def partitions(self, start: Partitions, end: Partitions) -> list[InputPartition]:
        return spans(start, end)

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        return read_span(self.client, *partition.value)

    def commit(self, end: Partitions) -> None:
        """Nothing to do: the offsets are all there is."""


class SpanReader(DataSourceReader):
    """All that lies between two offsets."""

    def __init__(self, client: Mapping[str, Any], start: Partitions, end: Partitions) -> None:
        self.client, self.start, self.end = tuple(client.items()), start, end

    def partitions(self) -> Sequence[InputPartition]:
        return spans(self.start, self.end)

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        return read_span(self.client, *partition.value)


def check_ends(start: Partitions, last: Partitions) -> None:
    """ValueError for a partition that ends before where it was read to."""
    for topic, starts in start.items():
        for partition, at in starts.items():
            end = last[topic].get(partition, 0)
            if at > end:
                raise ValueError(f"{topic} {partition} ends at {end}, before what was read: {at}")


def count_offsets(start: Partitions, end: Partitions) -> int:
    """Offsets between the two; a partition that is new counts from its first."""
    return sum(
        at - start.get(topic, {}).get(partition, 0)
        for topic, ends in end.items()
        for partition, at in ends.items()
    )


def between(low: Partitions, high: Partitions, share: float) -> Partitions:
    """Offsets so far from the one to the other, in each partition; where anything is between
    them, at least one further."""
    return {
        topic: {each: _between(at, high[topic][each], share) for each, at in starts.items()}
        for topic, starts in low.items()
    }


def _between(low: int, high: int, share: float) -> int:
    return min(high, low + ceil((high - low) * share))


def spans(start: Partitions, end: Partitions) -> list[InputPartition]:
    """`(topic, partition, from, to)` of all between two offsets, about TASK_RECORDS each."""
    return [
        InputPartition((topic, int(partition), *edges))
        for topic, ends in end.items()
        for partition, at in ends.items()
        for edges in pairwise(_edges(start.get(topic, {}).get(partition, 0), at))
    ]


def _edges(low: int, high: int) -> list[int]:
    many = max(1, round((high - low) / TASK_RECORDS)) if high > low else 0
    return [low + (high - low) * each // max(1, many) for each in range(many + 1)]


Client = tuple[tuple[str, Any], ...]
"""librdkafka's options."""


@cache
def admin_of(client: Client) -> AdminClient:
    """One a process."""
    return AdminClient({"log_level": 0, **dict(client)})


def last_offsets(client: Client, topics: Sequence[str]) -> Partitions:
    """The next offset of every partition; KafkaException where Kafka does not tell."""
    admin = admin_of(client)
    told = admin.describe_topics(TopicCollection(list(topics)), request_timeout=SECONDS_TO_ANSWER)
    asked = [
        TopicPartition(topic, partition.id)
        for topic in topics
        for partition in sorted(told[topic].result().partitions, key=attrgetter("id"))
    ]
    latest = {each: OffsetSpec.latest() for each in asked}
    found = admin.list_offsets(latest, request_timeout=SECONDS_TO_ANSWER)
    last: Partitions = {topic: {} for topic in topics}
    for each in asked:
        last[each.topic][str(each.partition)] = found[each].result().offset
    return last


@cache
def consumer_of(client: Client) -> Consumer:
    """One a process: a new one has to find its brokers first."""
    return Consumer({**CONSUMER, **dict(client), **ESSENTIAL})


def read_span(
    client: Client, topic: str, partition: int, start: int, end: int
) -> Iterator[pa.RecordBatch]:
    """The records from offset to offset, as `(value, topic)`.

    Offsets that a transaction or compaction has left empty are passed over. ValueError where
    Kafka has not got them any more, TimeoutError where it sends nothing.
    """
    consumer = consumer_of(client)
    consumer.assign([TopicPartition(topic, partition, start)])
    try:
        yield from _read(consumer, f"{topic} {partition}", topic, start, end)
    finally:
        consumer.unassign()


def _read(consumer: Consumer, name: str, topic: str, at: int, end: int) -> Iterator[pa.RecordBatch]:
    values: list[bytes | None] = []
    size, heard, is_short = 0, time.monotonic(), False
    while at < end:
        messages = consumer.consume(min(AT_ONCE, end - at), WAIT)
        before, (at, found, ended) = at, taken(messages, at, end)
        is_short = ended or (is_short and at == before)
        heard = time.monotonic() if at > before else heard
        check_heard(name, at, end, time.monotonic() - heard, is_short)
        values += found
        size += sum(map(len, filter(None, found)))
        if size >= BATCH_BYTES or at >= end:
            yield pa.record_batch(
                [pa.array(values, pa.binary()), pa.repeat(topic, len(values))], schema=SCHEMA
            )
            values, size = [], 0


def taken(messages: Sequence[Message], at: int, end: int) -> tuple[int, list[bytes | None], bool]:
    """Where reading stands behind these, the values of those that lie before `end`, and whether
    the log was said to end; ValueError for what ends reading."""
    ended = False
    if any(each.error() for each in messages):
        ends = [log_end(each) for each in messages if each.error()]
        messages = [each for each in messages if not each.error()]
        at, ended = max(at, *ends), any(ends)
    if messages:
        at = max(at, messages[-1].offset() + 1)
    if at > end:
        messages = [each for each in messages if each.offset() < end]
    return at, [each.value() for each in messages], ended


def check_heard(name: str, at: int, end: int, silent: float, is_short: bool) -> None:
    """Raise for a log that is silent for too long: a replica's may end early, but not for long."""
    if is_short and silent > SECONDS_TO_ANSWER:
        raise ValueError(f"{name} ends at {at}, before what Kafka said it has: {end}")
    if silent > SECONDS_SILENT:
        raise TimeoutError(f"Kafka has sent nothing of {name} for {SECONDS_SILENT:.0f} s")


def log_end(told: Message) -> int:
    """Where the log ends, if that is what a client tells; ValueError for what ends reading."""
    error = told.error()
    # What is not told of a partition is no reason to end: what is silent for long, is.
    if error is None or told.topic() is None:
        return 0
    at = int(told.offset() or 0)
    if error.code() != KafkaError._PARTITION_EOF:
        name = f"{told.topic()} {told.partition()}"
        raise ValueError(f"{name} cannot be read at {at}: {error.str()}")
    return at
