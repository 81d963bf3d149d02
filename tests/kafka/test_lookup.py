"""Zeek's own records behind a number, read again from a real Kafka."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from pyspark.sql import SparkSession

from pipeline import lookup
from pipeline.kafka import GONE, PARTLY_GONE, KafkaSource
from pipeline.lookup import Lookup
from pipeline.settings import Settings
from pipeline.state import Filter, View

NOW = datetime.now(UTC).replace(microsecond=0)
HOUR = timedelta(hours=1)


def publish(servers: str, topic: str, times: list[datetime], came: datetime | None = None) -> None:
    """A record of each time, which Kafka got then, or all when they `came`."""
    producer = Producer({"bootstrap.servers": servers})
    for number, at in enumerate(times):
        host = f"10.0.0.{number % 2}"
        record = {"ts": at.timestamp(), "uid": f"C{number}", "id.orig_h": host, "query": "a.com"}
        when = int((came or at).timestamp() * 1000)
        producer.produce(topic, json.dumps(record), partition=number % 2, timestamp=when)
    assert producer.flush(30) == 0


def looked_up(
    spark: SparkSession,
    settings: Settings,
    start: datetime,
    end: datetime,
    view: View | None = None,
) -> Lookup:
    found = Lookup(view or View(), start, end)
    found.begin(spark, KafkaSource(settings), settings)
    deadline = time.monotonic() + 120
    while not found.is_over:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def uids(found: Lookup) -> list[int]:
    return [int(json.loads(each.text)["uid"][1:]) for each in found.found]


@pytest.fixture
def settings(broker: str, new_topic: Callable[..., str]) -> Settings:
    """Of a topic of two partitions."""
    return Settings(kafka_servers=broker, kafka_topics=new_topic(), master="local[2]")


def test_a_time_is_found_by_kafkas_own_times_and_nothing_else_is_read(
    spark: SparkSession, settings: Settings, broker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookup, "PART_LINES", 50)
    [topic] = settings.topics
    publish(broker, topic, [NOW - HOUR + timedelta(seconds=10 * n) for n in range(300)])
    start = NOW - HOUR + timedelta(seconds=1000) - timedelta(seconds=NOW.second % 10)
    view = View(filters=(Filter("host", "10.0.0.1"),))
    found = looked_up(spark, settings, start, start + timedelta(seconds=200), view)
    assert uids(found) == [n for n in range(300) if n % 2 and 0 <= 10 * n - _from(start) < 200]
    assert found.ended == "all of that time was read"
    # 200 s, and the ten minutes in which late records may have come.
    assert 75 <= found.read <= 85
    assert found.of == found.read


def _from(start: datetime) -> float:
    return (start - (NOW - HOUR)).total_seconds()


def test_old_records_that_were_published_later_are_found(
    spark: SparkSession, settings: Settings, broker: str
) -> None:
    [topic] = settings.topics
    old = NOW - timedelta(days=400)
    publish(broker, topic, [old + timedelta(seconds=n) for n in range(20)], came=NOW)
    start = old - timedelta(minutes=1)
    assert uids(looked_up(spark, settings, start, start + HOUR)) == list(range(20))


def test_what_kafka_has_deleted_is_said(
    spark: SparkSession, settings: Settings, broker: str
) -> None:
    [topic] = settings.topics
    assert "has no records since" in looked_up(spark, settings, NOW - HOUR, NOW).ended
    publish(broker, topic, [NOW - HOUR] * 20)
    delete_until(broker, TopicPartition(topic, 0, 1), TopicPartition(topic, 1, 1))
    part = looked_up(spark, settings, NOW - 2 * HOUR, NOW)
    assert (len(part.found), part.ended) == (18, PARTLY_GONE)
    delete_until(broker, TopicPartition(topic, 0, -1), TopicPartition(topic, 1, -1))
    assert looked_up(spark, settings, NOW - 2 * HOUR, NOW).ended == GONE


def delete_until(broker: str, *offsets: TopicPartition) -> None:
    """As retention does; -1 is all there is."""
    admin = AdminClient({"bootstrap.servers": broker})
    for done in admin.delete_records(list(offsets)).values():
        done.result(30)


def test_a_broker_that_is_away_is_said(spark: SparkSession) -> None:
    settings = Settings(kafka_servers="127.0.0.1:1", kafka_topics="dns", master="local[2]")
    assert "does not answer" in looked_up(spark, settings, NOW - HOUR, NOW).ended
