"""A Kafka client's options, said to Java and to librdkafka."""

import pytest

from pipeline.librdkafka import librdkafka_options
from pipeline.settings import SettingsError

LOGIN = "org.apache.kafka.common.security.plain.PlainLoginModule required "


@pytest.mark.parametrize(
    ("jaas", "password"),
    [
        (r'username="u" password="plain";', "plain"),
        (r'username="u" password="a\"b\\c";', r'a"b\c'),
        ("username='u' password='say \"hi\"';", 'say "hi"'),
    ],
)
def test_name_and_password_are_found_in_the_login(jaas: str, password: str) -> None:
    found = librdkafka_options({"sasl.jaas.config": LOGIN + jaas})
    assert found == {"sasl.username": "u", "sasl.password": password}


def test_pem_stores_are_given_to_both_clients() -> None:
    stores = {"ssl.truststore.location": "/ca.pem", "ssl.keystore.location": "/me.pem"}
    types = {"ssl.truststore.type": "PEM", "ssl.keystore.type": "pem"}
    assert librdkafka_options(stores | types) == {
        "ssl.ca.location": "/ca.pem",
        "ssl.certificate.location": "/me.pem",
        "ssl.key.location": "/me.pem",
    }


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"ssl.truststore.location": "/ca.jks"}, "ssl.truststore.location=/ca.jks.*PEM"),
        ({"ssl.keystore.location": "/me.p12", "ssl.keystore.type": "PKCS12"}, "me.p12.*PEM"),
        ({"sasl.mechanism": "GSSAPI"}, "sasl.mechanism=GSSAPI.*PLAIN, SCRAM-SHA-256"),
    ],
)
def test_what_only_one_client_could_use_is_refused_with_the_remedy(
    options: dict[str, str], told: str
) -> None:
    with pytest.raises(SettingsError, match=told):
        librdkafka_options(options)


def test_an_empty_check_of_the_brokers_name_is_none() -> None:
    key = "ssl.endpoint.identification.algorithm"
    assert librdkafka_options({key: ""}) == {key: "none"}
