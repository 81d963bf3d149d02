"""A broker that wants TLS and a password, as most that are not a laptop's do."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.demo.broker import Broker
from pipeline.demo.process import free_port
from pipeline.jars import find_java
from pipeline.kafka import KafkaSource
from pipeline.settings import Settings
from pipeline.source import SourceProblem
from tests.kafka.test_pipeline import publish, records
from tests.server import Server

PASSWORD = "hunter2-secret"
LOGIN = "org.apache.kafka.common.security.plain.PlainLoginModule required"
LISTENER = """\
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{control},SECURE://127.0.0.1:{secure}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},SECURE://127.0.0.1:{secure}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL
controller.quorum.voters=1@127.0.0.1:{control}
listener.name.secure.ssl.keystore.location={store}
listener.name.secure.ssl.keystore.password={password}
listener.name.secure.sasl.enabled.mechanisms=PLAIN
listener.name.secure.plain.sasl.jaas.config={login} user_zeek="{password}";
"""


class SecuredBroker(Broker):
    """One listener more: SASL over TLS, with a certificate of its own."""

    secure = 0

    def _write_properties(self) -> Path:
        self.secure = free_port()
        file = super()._write_properties()
        own = LISTENER.format(
            port=self.port, control=free_port(), secure=self.secure, login=LOGIN,
            store=certificate(self.data), password=PASSWORD,
        )  # fmt: skip
        # The last of two lines for one property holds.
        file.write_text(file.read_text() + own)
        return file


def certificate(folder: Path) -> Path:
    """A key store for 127.0.0.1; beside it `ca.pem`, for clients to trust."""
    store = folder / "store.p12"
    keytool = str(find_java().with_name("keytool"))
    common = ["-keystore", str(store), "-storepass", PASSWORD, "-alias", "broker"]
    make = ["-genkeypair", "-keyalg", "RSA", "-dname", "CN=broker", "-ext", "san=ip:127.0.0.1"]
    subprocess.run([keytool, *make, "-validity", "2", *common], check=True, capture_output=True)
    show = [keytool, "-exportcert", "-rfc", *common]
    pem = subprocess.run(show, check=True, capture_output=True).stdout
    (folder / "ca.pem").write_bytes(pem)
    return store


@pytest.fixture(scope="module")
def secured(broker_jars: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredBroker]:
    """It holds 500 records."""
    with SecuredBroker(tmp_path_factory.mktemp("secured")) as broker:
        broker.create_topic("dns")
        publish(broker.servers, "dns", records(500))
        yield broker


def options(broker: SecuredBroker, password: str) -> dict[str, object]:
    """Settings as the README tells them."""
    client = {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "PLAIN",
        "sasl.jaas.config": f'{LOGIN} username="zeek" password="{password}";',
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(broker.data / "ca.pem"),
    }
    servers = f"127.0.0.1:{broker.secure}"
    return {"kafka_servers": servers, "kafka_options": json.dumps(client), "start": "earliest"}


def test_a_secured_broker_is_read_and_its_password_told_to_nobody(
    secured: SecuredBroker, tmp_path: Path
) -> None:
    with Server(tmp_path, **options(secured, PASSWORD)) as server:
        server.wait_for_records(500)
        told = server.get("/metrics")[1] + server.get("/readyz")[1]
    assert PASSWORD not in told + server.log.read_text(errors="replace")


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"sasl.jaas.config": f'{LOGIN} username="zeek" password="wrong-password";'}, "refuses"),
        ({"security.protocol": "SASL_PLAINTEXT"}, "does not answer"),
        ({"ssl.truststore.location": "of another"}, "agrees on no TLS connection"),
    ],
)
def test_a_broker_that_refuses_is_told_from_one_that_is_away(
    secured: SecuredBroker, tmp_path: Path, change: dict[str, str], word: str
) -> None:
    if "ssl.truststore.location" in change:
        certificate(tmp_path)
        change = {"ssl.truststore.location": str(tmp_path / "ca.pem")}
    settings = options(secured, PASSWORD)
    client = json.loads(str(settings["kafka_options"])) | change
    source = KafkaSource(Settings(**{**settings, "kafka_options": client}))
    with pytest.raises(SourceProblem, match=word) as told:
        source.topic_ids()
    source.close()
    assert "wrong-password" not in str(told.value)
