"""A Kafka client's options in Java's words, said to librdkafka."""

import pytest
from confluent_kafka import KafkaError, KafkaException

from pipeline.kafka import KafkaSource
from pipeline.librdkafka import librdkafka_options
from pipeline.settings import Settings, SettingsError

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


def test_pem_stores_are_given_to_it() -> None:
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
        ({"ssl.truststore.location": "/ca.jks"}, r"ssl.truststore.location=\*.*PEM"),
        (
            {"ssl.keystore.location": "/me.p12", "ssl.keystore.type": "PKCS12"},
            r"ssl.keystore.location=\*.*PEM",
        ),
        ({"sasl.mechanism": "GSSAPI"}, r"sasl.mechanism=\*.*PLAIN, SCRAM-SHA-256"),
    ],
)
def test_what_it_cannot_use_is_refused_with_the_remedy(options: dict[str, str], told: str) -> None:
    with pytest.raises(SettingsError, match=told) as refused:
        librdkafka_options(options)
    assert not any(value in str(refused.value) for value in options.values())


@pytest.mark.parametrize(
    ("option", "others"),
    [
        ("security.protocol", {}),
        ("sasl.mechanism", {}),
        ("ssl.truststore.location", {"ssl.truststore.type": "PEM"}),
        ("ssl.keystore.location", {"ssl.keystore.type": "PEM"}),
        ("ssl.endpoint.identification.algorithm", {}),
        ("ssl.cipher.suites", {}),
        ("ssl.truststore.certificates", {}),
    ],
)
@pytest.mark.parametrize("value", ["hunter2", "/hunter2.pem", "hunter2 " * 200, "hunter2\nhunter2"])
def test_a_wrong_option_is_named_and_its_value_never_shown(
    option: str, others: dict[str, str], value: str
) -> None:
    protocol = {"security.protocol": "SSL"} if option.startswith("ssl") else {}
    with pytest.raises(SettingsError) as refused:
        KafkaSource(Settings(kafka_options={**protocol, **others, option: value}))
    assert "hunter2" not in str(refused.value)
    # librdkafka cuts its sentence off before the name behind a value of this length.
    assert option.split(".")[0] in str(refused.value) or len(value) > 500


def test_an_empty_check_of_the_brokers_name_is_none() -> None:
    key = "ssl.endpoint.identification.algorithm"
    assert librdkafka_options({key: ""}) == {key: "none"}


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (KafkaError._TRANSPORT, "does not answer"),
        (KafkaError._TIMED_OUT, "does not answer"),
        (KafkaError._INVALID_ARG, "answers with an error (INVALID_ARG)"),
        (KafkaError.INVALID_REQUEST, "answers with an error (INVALID_REQUEST)"),
    ],
)
def test_a_broker_that_answers_with_an_error_is_not_called_silent(code: int, said: str) -> None:
    source = KafkaSource(Settings(kafka_servers="127.0.0.1:1"))
    assert f"broker at 127.0.0.1:1 {said}" in source._sentence(KafkaException(KafkaError(code)))
    source.close()


def test_what_both_clients_call_the_same_and_librdkafkas_own_words_go_through() -> None:
    own = {"client.id": "soc", "group.id": "zeek", "socket.timeout.ms": "5000"}
    assert librdkafka_options(own) == own
    KafkaSource(Settings(kafka_options=own)).close()


def test_an_option_that_librdkafka_does_not_know_is_refused_by_its_name() -> None:
    with pytest.raises(SettingsError, match=r'No such configuration property: "fetch.max.wait.ms"'):
        KafkaSource(Settings(kafka_options={"fetch.max.wait.ms": "7"}))


@pytest.mark.parametrize("key", ["error_cb", "stats_cb", "default.topic.config"])
def test_a_word_of_librdkafkas_that_takes_no_text_is_refused_without_its_value(key: str) -> None:
    with pytest.raises(SettingsError, match="ZEEK_LIVE_KAFKA_OPTIONS cannot be used") as refused:
        KafkaSource(Settings(kafka_options={key: "hunter2"}))
    assert "hunter2" not in str(refused.value)
