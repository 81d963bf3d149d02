"""The reader of Kafka, driven as Spark does it: planned from what a real broker says, then read."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from pyspark.sql.streaming.datasource import ReadMaxRows

from pipeline import kafka_reader
from pipeline.demo.process import free_port
from pipeline.kafka_reader import KafkaReader, Partitions, SpanReader, between, spans

MakeReader = Callable[..., KafkaReader]


@pytest.fixture(autouse=True)
def own_clients() -> Iterator[None]:
    """Each test's clients are closed with it."""
    yield
    kafka_reader.consumer_of.cache_clear()
    kafka_reader.admin_of.cache_clear()


@pytest.fixture
def reader_of(broker: str) -> MakeReader:
    """A reader of a topic from its start, or from elsewhere."""

    def make(topic: str, begin: Partitions | None = None) -> KafkaReader:
        return KafkaReader({"bootstrap.servers": broker}, [topic], begin or {topic: {}}, 1_000_000)

    return make


def publish(servers: str, topic: str, count: int, **options: Any) -> Producer:
    """Records `0` and so on, all on the first partition."""
    producer = Producer({"bootstrap.servers": servers, **options})
    if "transactional.id" in options:
        producer.init_transactions(30)
        producer.begin_transaction()
    for number in range(count):
        producer.produce(topic, str(number), partition=0)
    producer.flush(30)
    return producer


def values(reader: KafkaReader | SpanReader, *offsets: Partitions) -> list[bytes | None]:
    """All between the offsets, in order."""
    return [
        value
        for part in reader.partitions(*offsets)
        for batch in reader.read(part)
        for value in batch["value"].to_pylist()
    ]


def latest(reader: KafkaReader, start: Partitions, rows: int = 1_000_000) -> Partitions:
    return reader.latestOffset(start, ReadMaxRows(rows))


def test_a_batch_has_so_many_records_of_each_partition_as_wait_there(
    broker: str, new_topic: Callable[..., str], reader_of: MakeReader
) -> None:
    topic = new_topic(2)
    producer = Producer({"bootstrap.servers": broker})
    for number in range(400):
        producer.produce(topic, str(number), partition=int(number >= 300))
    producer.flush(30)
    reader, start = reader_of(topic), {topic: {"0": 0, "1": 0}}
    first = latest(reader, start, 100)
    assert first == {topic: {"0": 75, "1": 25}}
    assert latest(reader, first) == {topic: {"0": 300, "1": 100}}
    assert latest(reader, latest(reader, first)) == latest(reader, first)
    wanted = [str(number).encode() for number in [*range(75), *range(300, 325)]]
    assert values(reader, start, first) == wanted
    assert values(SpanReader(dict(reader.client), start, first)) == wanted


def test_records_without_a_value_come_as_null(
    broker: str, new_topic: Callable[..., str], reader_of: MakeReader
) -> None:
    topic = new_topic(1)
    producer = Producer({"bootstrap.servers": broker})
    producer.produce(topic, None)
    producer.produce(topic, b"")
    producer.flush(30)
    reader = reader_of(topic)
    assert values(reader, {topic: {}}, latest(reader, {topic: {}})) == [None, b""]


@pytest.mark.parametrize("is_last", [True, False])
def test_offsets_that_a_transaction_leaves_empty_are_passed_over(
    broker: str, new_topic: Callable[..., str], reader_of: MakeReader, is_last: bool
) -> None:
    """A commit takes an offset of its own, and no client ever hands it out."""
    topic = new_topic(1)
    reader, end = reader_of(topic), {topic: {"0": 11}}
    publish(broker, topic, 10, **{"transactional.id": topic}).commit_transaction(30)
    deadline = time.monotonic() + 30
    while latest(reader, {topic: {}}) != end:
        assert time.monotonic() < deadline, "the broker writes no mark of the commit"
    if not is_last:
        publish(broker, topic, 1)
    assert values(reader, {topic: {}}, end) == [str(number).encode() for number in range(10)]


def test_records_that_are_gone_end_the_reading_with_a_sentence(
    broker: str, new_topic: Callable[..., str], reader_of: MakeReader
) -> None:
    topic = new_topic(1)
    publish(broker, topic, 20)
    admin = AdminClient({"bootstrap.servers": broker})
    for done in admin.delete_records([TopicPartition(topic, 0, 10)]).values():
        done.result(30)
    with pytest.raises(ValueError, match=rf"{topic} 0 cannot be read at 5: .*out of range"):
        values(reader_of(topic), {topic: {"0": 5}}, {topic: {"0": 20}})


def test_a_log_that_is_shorter_than_what_was_read_of_it_is_not_taken_for_an_idle_one(
    broker: str,
    new_topic: Callable[..., str],
    reader_of: MakeReader,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    topic = new_topic(1)
    publish(broker, topic, 3)
    monkeypatch.setattr(kafka_reader, "SECONDS_TO_ANSWER", 0.5)
    with pytest.raises(ValueError, match=f"{topic} 0 ends at 3, before what was read: 7"):
        latest(reader_of(topic), {topic: {"0": 7}})
    with pytest.raises(ValueError, match=f"{topic} 0 ends at 3, before what Kafka said it has: 7"):
        values(reader_of(topic), {topic: {}}, {topic: {"0": 7}})


def test_a_replica_that_lags_behind_what_was_planned_is_waited_for(
    broker: str, new_topic: Callable[..., str], reader_of: MakeReader
) -> None:
    topic = new_topic(1)
    publish(broker, topic, 3)
    later = threading.Timer(1, publish, [broker, topic, 4])
    later.start()
    found = values(reader_of(topic), {topic: {}}, {topic: {"0": 6}})
    assert found == [b"0", b"1", b"2", b"0", b"1", b"2"]
    later.join()


def test_no_setting_takes_from_the_reader_what_it_relies_on(broker: str) -> None:
    options = {"bootstrap.servers": broker, "enable.partition.eof": False, "group.id": "own"}
    options |= {"isolation.level": "read_committed"}
    with pytest.MonkeyPatch.context() as patched:
        made: list[dict[str, Any]] = []
        patched.setattr(kafka_reader, "Consumer", made.append)
        kafka_reader.consumer_of(tuple(options.items()))
    assert made[0]["enable.partition.eof"] is True
    assert made[0]["isolation.level"] == "read_uncommitted"
    assert made[0]["group.id"] == "own"


def test_a_batch_takes_something_of_each_partition_however_small_it_is() -> None:
    low, high = {"dns": {"0": 0, "1": 5, "2": 7}}, {"dns": {"0": 1, "1": 6, "2": 7}}
    assert between(low, high, 0.1) == high
    assert between(low, high, 0) == low


def test_where_no_broker_answers_nothing_is_new_and_a_batch_ends_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kafka_reader, "SECONDS_TO_ANSWER", 0.5)
    monkeypatch.setattr(kafka_reader, "SECONDS_SILENT", 0.5)
    begin = {"dns": {"0": 5}}
    reader = KafkaReader({"bootstrap.servers": f"127.0.0.1:{free_port()}"}, ["dns"], begin, 10)
    assert latest(reader, begin) == begin
    with pytest.raises(TimeoutError, match="Kafka has sent nothing of dns 0 for"):
        values(reader, begin, {"dns": {"0": 6}})


def test_a_large_partition_is_shared_among_tasks() -> None:
    found = [part.value for part in spans({"dns": {"0": 7}}, {"dns": {"0": 200_007, "1": 60_000}})]
    assert found == [("dns", 0, 7, 100_007), ("dns", 0, 100_007, 200_007), ("dns", 1, 0, 60_000)]
    assert spans({"dns": {"0": 7}}, {"dns": {"0": 7}}) == []
