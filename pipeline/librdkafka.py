"""A Kafka client's options, which most know in Java's words, said again in librdkafka's."""

import re
from collections.abc import Iterable
from typing import Any

from pipeline.settings import SettingsError

JAAS = {
    "sasl.username": r"""username=(["'])((?:\\.|(?!\1).)*)\1""",
    "sasl.password": r"""password=(["'])((?:\\.|(?!\1).)*)\1""",
}
JAVAS = re.compile(
    r"sasl\.(mechanism|jaas\.config)|ssl\.(truststore|keystore|endpoint)\..*"
).fullmatch
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
STORES = {
    "truststore": ("ssl.ca.location",),
    "keystore": ("ssl.certificate.location", "ssl.key.location"),
}
RENAMED = {
    "sasl.mechanism": "sasl.mechanisms",
    "ssl.truststore.certificates": "ssl.ca.pem",
    "ssl.keystore.certificate.chain": "ssl.certificate.pem",
    "ssl.keystore.key": "ssl.key.pem",
}


def librdkafka_options(options: dict[str, str]) -> dict[str, Any]:
    """The Java client's options in librdkafka's words; what has no other word there stays as it is.

    SettingsError for a login or a store that it cannot use.

    >>> librdkafka_options({"bootstrap.servers": "b:9092", "sasl.mechanism": "PLAIN"})
    {'bootstrap.servers': 'b:9092', 'sasl.mechanisms': 'PLAIN'}
    """
    mechanism = options.get("sasl.mechanism", MECHANISMS[0])
    if mechanism not in MECHANISMS:
        raise _refusal("sasl.mechanism", f"use {', '.join(MECHANISMS)}")
    same = {key: value for key, value in options.items() if not JAVAS(key)}
    renamed = {new: options[old] for old, new in RENAMED.items() if old in options}
    return same | renamed | _login(options) | _stores(options) | _check(options)


def masked(said: str, values: Iterable[str]) -> str:
    """librdkafka's words without an option's value, which may be a secret.

    >>> masked('Invalid value "hunter2" for configuration property "client.id"', ["hunter2"])
    'Invalid value "***" for configuration property "client.id"'
    """
    # A long one it cuts off, and then it is none of the values.
    said = re.sub(r'(?s)(value ").*?("? for configuration |$)', r"\1***\2", said)
    for value in sorted(filter(None, values), key=len, reverse=True):
        said = re.sub(rf"(?<!\w)(?<!\w\.){re.escape(value)}(?!\w|\.\w)", "***", said)
    return said


def _login(options: dict[str, str]) -> dict[str, str]:
    jaas = options.get("sasl.jaas.config", "")
    found = {key: re.search(word, jaas) for key, word in JAAS.items()}
    return {key: re.sub(r"\\(.)", r"\1", each[2]) for key, each in found.items() if each}


def _stores(options: dict[str, str]) -> dict[str, str]:
    stores: dict[str, str] = {}
    for store, names in STORES.items():
        if location := options.get(f"ssl.{store}.location"):
            if options.get(f"ssl.{store}.type", "JKS").upper() != "PEM":
                remedy = f"give a PEM file and ssl.{store}.type=PEM"
                raise _refusal(f"ssl.{store}.location", remedy)
            stores |= dict.fromkeys(names, location)
    return stores


def _refusal(key: str, remedy: str) -> SettingsError:
    return SettingsError(
        f"ZEEK_LIVE_KAFKA_OPTIONS: {key}=*** cannot be used by librdkafka, which reads Kafka: "
        f"{remedy}"
    )


def _check(options: dict[str, str]) -> dict[str, str]:
    """Whether the broker's name must be that of its certificate; an empty text says no."""
    key = "ssl.endpoint.identification.algorithm"
    return {key: options[key] or "none"} if key in options else {}
