"""The demo's Kafka, and the simulator that publishes to it."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition

from pipeline.demo.broker import Broker, BrokerFailed


def read_all(servers: str, topic: str, count: int) -> list[bytes]:
    """Values of a topic from its beginning, until there are `count` or none come for 10 s."""
    consumer = Consumer({"bootstrap.servers": servers, "group.id": "reader"})
    partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
    consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in partitions])
    values: list[bytes] = []
    while len(values) < count and (batch := consumer.consume(count - len(values), timeout=10)):
        values += [message.value() for message in batch]
    consumer.close()
    return values


def publish(servers: str, topic: str, values: list[bytes]) -> None:
    producer = Producer({"bootstrap.servers": servers})
    for value in values:
        producer.produce(topic, value)
    assert producer.flush(10) == 0


def test_what_is_published_is_read(broker: str, new_topic: Callable[..., str]) -> None:
    topic = new_topic(partitions=3)
    publish(broker, topic, [b"one", b"two", b"three"])
    assert sorted(read_all(broker, topic, 3)) == [b"one", b"three", b"two"]


@pytest.mark.usefixtures("broker_jars")
def test_a_killed_broker_starts_again_with_what_it_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One cluster id in 64 begins with a dash, and looked like an option to Kafka's tool.
    monkeypatch.setattr("pipeline.demo.broker.uuid4", lambda: UUID(int=0xFB << 120))
    broker = Broker(tmp_path)
    with broker:
        broker.create_topic("dns")
        publish(broker.servers, "dns", [b"before"])
        broker.kill()
        broker.start()
        publish(broker.servers, "dns", [b"after"])
        assert sorted(read_all(broker.servers, "dns", 2)) == [b"after", b"before"]


@pytest.mark.usefixtures("broker_jars")
def test_a_broker_whose_starter_was_killed_ends_and_can_be_started(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pipeline.demo.broker", "--data", tmp_path, "--topic", "dns"]
    broker = Broker(tmp_path)
    starter = subprocess.Popen([*command, "--port", str(broker.port)], stdout=subprocess.PIPE)
    assert starter.stdout is not None
    assert b"Kafka answers" in starter.stdout.readline()
    starter.kill()
    starter.wait()
    starter.stdout.close()
    with broker:
        publish(broker.servers, "dns", [b"after"])
        assert read_all(broker.servers, "dns", 1) == [b"after"]


def test_a_port_in_use_is_named(broker: str, tmp_path: Path) -> None:
    port = int(broker.rpartition(":")[2])
    with pytest.raises(BrokerFailed, match=f"port {port} is in use"):
        Broker(tmp_path, port).start()


@pytest.mark.usefixtures("broker_jars")
def test_a_data_directory_that_is_damaged_is_said(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "meta.properties").write_text("version=1\ncluster.id=x\nnode.id=7\n")
    with pytest.raises(BrokerFailed, match="node id 7"), Broker(tmp_path):
        pass


def test_the_simulator_publishes_as_many_records_as_it_is_told(
    broker: str, new_topic: Callable[..., str]
) -> None:
    topic = new_topic()
    options = ["--servers", broker, "--topic", topic, "--count", "2000", "--rate", "50000"]
    command = [sys.executable, "-m", "pipeline.demo.simulator", *options]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert told.returncode == 0, told.stderr
    records = [json.loads(value) for value in read_all(broker, topic, 2000)]
    assert len(records) == 2000
    assert {"ts", "uid", "id.orig_h", "AA"} <= records[0].keys()


def test_the_simulator_without_a_broker_says_so() -> None:
    options = ["--servers", "127.0.0.1:1", "--count", "1"]
    command = [sys.executable, "-m", "pipeline.demo.simulator", *options]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert told.returncode == 1
    assert "no Kafka answers at 127.0.0.1:1" in told.stderr
