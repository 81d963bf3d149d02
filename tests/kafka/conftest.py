"""One real broker for the suite; tests keep apart by topics of their own."""

import uuid
from collections.abc import Callable, Iterator

import pytest

from pipeline.demo.broker import Broker
from pipeline.jars import JarsMissing, broker_classpath
from tests.conftest import missing


@pytest.fixture(scope="session")
def broker_jars() -> None:
    """For tests that start a broker of their own."""
    try:
        broker_classpath()
    except JarsMissing as error:
        missing(f"Kafka ({error})")


@pytest.fixture(scope="session")
def broker(broker_jars: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The `bootstrap.servers` of a running Kafka."""
    with Broker(tmp_path_factory.mktemp("kafka")) as running:
        yield running.servers


@pytest.fixture
def new_topic(broker: str) -> Callable[..., str]:
    """Makes a topic with a name of its own: `new_topic(partitions=2)` returns the name."""
    from confluent_kafka.admin import AdminClient
    from confluent_kafka.cimpl import NewTopic

    def make(partitions: int = 2) -> str:
        name = f"dns-{uuid.uuid4().hex[:8]}"
        admin = AdminClient({"bootstrap.servers": broker})
        admin.create_topics([NewTopic(name, partitions, 1)])[name].result(30)
        return name

    return make
