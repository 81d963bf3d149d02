"""The whole way from a real broker to the table; what is done to it is in tests/chaos."""

import json
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewPartitions, NewTopic

from pipeline.batch import DELETED
from pipeline.demo.broker import Broker
from pipeline.kafka import KafkaSource
from pipeline.settings import Settings
from pipeline.status import Health
from pipeline.table import Table
from pipeline.writer import Writer
from tests.server import Key, Server, line_counts, table_counts

METRICS = (
    "records_total records_counted_total records_rejected_total source_lag_records "
    "newest_record_timestamp_seconds batch_seconds_bucket table_rows table_folded_records_total "
    "query_up"
).split()


def records(count: int, seed: int = 1) -> list[str]:
    """Records of now, over few hosts and many names."""
    chance = random.Random(seed)
    return [
        json.dumps(
            {
                "ts": time.time() - chance.random() * 100,
                "uid": f"C{n}",
                "id.orig_h": f"10.0.0.{chance.randrange(20)}",
                "id.resp_h": "10.0.0.53",
                "query": f"n{chance.randrange(500)}.example.com",
                "qtype_name": "A",
                **({"rcode_name": "NOERROR", "rtt": 0.01} if chance.random() < 0.8 else {}),
            }
        )
        for n in range(count)
    ]


def publish(servers: str, topic: str, lines: list[str]) -> None:
    producer = Producer({"bootstrap.servers": servers, "linger.ms": 5})
    for line in lines:
        producer.produce(topic, line)
        producer.poll(0)
    assert producer.flush(60) == 0


@pytest.mark.usefixtures("broker_jars")
def test_a_topic_and_a_broker_that_are_away_are_said_and_hold_up_no_stop(tmp_path: Path) -> None:
    broker = Broker(tmp_path / "kafka")
    with broker, Server(tmp_path, kafka_servers=broker.servers) as server:
        server.wait(lambda: "does not exist yet" in server.reason(), "word of the topic")
        broker.create_topic("dns")
        publish(broker.servers, "dns", records(500))
        server.wait_for_records(500)
        server.wait(lambda: server.reason() == "", "readiness")
        broker.kill()
        server.wait(lambda: "does not answer" in server.reason(), "word of the outage")
        assert broker.servers in server.reason()
        server.stop()


def test_topics_in_which_all_logs_arrive_mixed_are_counted_whole(
    broker: str, new_topic: Callable[..., str], tmp_path: Path
) -> None:
    mixed, plain = new_topic(), new_topic()
    dns = records(90)
    conn = '{"ts":1.5,"uid":"C1","id.orig_h":"10.0.0.1","conn_state":"SF"}'
    tagged = [f'{{"dns": {line}}}' for line in dns[:30]]
    others = [f'{{"conn": {conn}}}', conn, '{"_path":"http",' + conn[1:]] * 5
    junk = ["", "hello", dns[0][:40], '{"query":"no.ts"}'] * 2
    publish(broker, mixed, [*tagged, *dns[30:60], *others, *junk])
    publish(broker, plain, dns[60:])
    state = tmp_path / "state"
    state.mkdir()
    settings = {"kafka_topics": f"{mixed},{plain}", "start": "earliest", "state_dir": state}
    with Server(tmp_path, kafka_servers=broker, **settings) as server:
        server.wait(lambda: server.metric("records_total") == 113, "all records")
        assert server.metric("records_counted_total") == 90
        feeds = {"conn": 5, "unnamed": 5, "http": 5}
        assert {
            feed: server.metric("records_other_feed_total", feed=feed) for feed in feeds
        } == feeds
        reasons = {"empty": 2, "not JSON": 4, "no ts": 2}
        found = {why: server.metric("records_rejected_total", reason=why) for why in reasons}
        assert found == reasons
        server.stop()
    assert table_counts(state) == line_counts(dns)


def without_names(counts: Counter[Key]) -> Counter[Key]:
    """By all other keys: what a budget of fewer rows than names leaves."""
    found: Counter[Key] = Counter()
    for (bucket, host, resolver, _, *others), count in counts.items():
        found[bucket, host, resolver, *others] += count
    return found


def test_records_deleted_unread_are_counted_as_such_and_a_lower_budget_loses_none(
    broker: str, new_topic: Callable[..., str], tmp_path: Path
) -> None:
    topic, state = new_topic(1), tmp_path / "state"
    state.mkdir()
    settings = {"kafka_servers": broker, "kafka_topics": topic, "state_dir": state}
    lines = records(1_700)
    publish(broker, topic, lines[:1_600])
    with Server(tmp_path, **settings) as server:
        server.wait_for_records(1_600)
        server.stop(signal.SIGINT)
    publish(broker, topic, lines[1_600:])
    admin = AdminClient({"bootstrap.servers": broker})
    for done in admin.delete_records([TopicPartition(topic, 0, 1_660)]).values():
        done.result(30)
    with Server(tmp_path, **settings, row_budget=1_000, trigger="2s") as server:
        server.wait_for_records(1_640)
        assert server.metric("records_rejected_total", reason=DELETED) == 60
        assert server.metric("records_total") == 1_700
        server.wait(lambda: server.metric("table_rows") <= 1_000, "rows within the new budget")
        assert server.metric("table_folded_records_now") > 0
        for name in METRICS:
            assert f"zeek_live_{name}" in server.get("/metrics")[1]
        server.stop()
    counted = line_counts([*lines[:1_600], *lines[1_660:]])
    assert without_names(table_counts(state)) == without_names(counted)


def test_a_start_is_the_first_the_last_or_a_time(
    broker: str, new_topic: Callable[..., str]
) -> None:
    topic = new_topic(1)
    publish(broker, topic, records(30))
    between = datetime.now(UTC)
    publish(broker, topic, records(20))
    begins = {}
    for start in ("earliest", "latest", "retention", between, between + timedelta(hours=1)):
        source = KafkaSource(Settings(kafka_servers=broker, kafka_topics=topic, start=start))
        begins[start] = source.begin(None).offsets["offsets"][topic]["0"]
        source.close()
    assert list(begins.values()) == [0, 50, 0, 30, 50]


def test_a_server_keeps_its_directory_and_its_secrets_and_ends_with_its_jvm(
    broker: str, new_topic: Callable[..., str], tmp_path: Path
) -> None:
    login = 'x.PlainLoginModule required username="u" password="hunter2-secret";'
    options = json.dumps({"sasl.jaas.config": login, "ssl.truststore.password": "hunter2-secret"})
    settings = {"kafka_servers": broker, "kafka_topics": new_topic(), "kafka_options": options}
    with Server(tmp_path, **settings, state_dir=tmp_path) as server:
        server.wait(lambda: server.reason() == "", "readiness")
        assert not [each for each in tmp_path.glob("zeek-live*") if each.stat().st_mode & 0o077]
        for path in ("/metrics", "/readyz", "/export/rejected.csv"):
            assert "hunter2" not in server.get(path)[1]

        (tmp_path / "second").mkdir()
        with Server(tmp_path / "second", **settings, state_dir=tmp_path) as second:
            assert second.process
            assert second.process.wait(60) != 0
        assert server.process
        assert str(server.process.pid) in second.log.read_text()

        for child in psutil.Process(server.process.pid).children():
            if "java" in child.name():
                child.kill()
        assert server.process.wait(60) == 70
    assert "hunter2" not in server.log.read_text(errors="replace")


def test_a_query_that_begins_anew_before_its_first_batch_begins_where_it_first_did(
    broker: str, new_topic: Callable[..., str]
) -> None:
    topic = new_topic(1)
    publish(broker, topic, records(30))
    source = KafkaSource(Settings(kafka_servers=broker, kafka_topics=topic, start="latest"))
    table = Table(None, timedelta(days=1), 100_000)
    writer = Writer(table, source, Health(source.name, timedelta(seconds=1)))
    assert writer.begin()[1].offsets["offsets"] == {topic: {"0": 30}}
    publish(broker, topic, records(20))
    assert writer.begin()[1].offsets["offsets"] == {topic: {"0": 30}}
    admin = AdminClient({"bootstrap.servers": broker})
    admin.delete_topics([topic])[topic].result(30)
    made_anew(admin, topic)
    publish(broker, topic, records(40))
    begin = writer.begin()[1]
    assert begin.offsets["offsets"] == {topic: {"0": 0}}
    assert begin.notes == (f"topic {topic} was deleted and made anew: read from its start",)
    source.close()
    table.close()


def test_a_partition_that_was_added_between_two_queries_is_read_and_said(
    broker: str, new_topic: Callable[..., str]
) -> None:
    topic = new_topic(1)
    source = KafkaSource(Settings(kafka_servers=broker, kafka_topics=topic, start="earliest"))
    resume = source.begin(None).offsets
    admin = AdminClient({"bootstrap.servers": broker})
    admin.create_partitions([NewPartitions(topic, 2)])[topic].result(30)
    begin = source.begin(resume)
    assert begin.offsets["offsets"] == {topic: {"0": 0, "1": 0}}
    assert begin.notes == (f"topic {topic} has 2 partitions now, it had 1",)
    source.close()


def made_anew(admin: AdminClient, topic: str) -> None:
    """Make a topic that was deleted, as soon as the broker has forgotten the one before."""
    deadline = time.monotonic() + 30
    while topic in admin.list_topics(timeout=5).topics:
        assert time.monotonic() < deadline
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(30)
