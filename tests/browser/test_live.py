"""From a record published to Kafka to a number in a real browser."""

import json
import time
from collections.abc import Callable
from pathlib import Path

from confluent_kafka import Producer
from playwright.sync_api import Page, expect

from tests.server import Server


def line(n: int, query: str = "www.example.com") -> str:
    return json.dumps(
        {
            "ts": time.time(),
            "uid": f"C{n}",
            "id.orig_h": f"10.0.0.{n % 5}",
            "id.resp_h": "10.0.0.53",
            "query": query,
            "qtype_name": "A",
            "rcode_name": "NOERROR",
            "rtt": 0.01,
            "AA": False,
        }
    )


def test_a_record_published_to_kafka_changes_the_number_on_the_screen(
    broker: str, new_topic: Callable[..., str], page: Page, tmp_path: Path
) -> None:
    topic, producer = new_topic(), Producer({"bootstrap.servers": broker})

    def publish(count: int) -> None:
        for n in range(count):
            producer.produce(topic, line(n))
        assert producer.flush(30) == 0

    publish(40)
    with Server(tmp_path, kafka_servers=broker, kafka_topics=topic) as server:
        server.wait_for_records(40)
        page.goto(f"http://127.0.0.1:{server.port}/?every=1&range=5m")
        queries = page.locator(".figure").filter(has_text="Queries")
        expect(queries).to_contain_text("40")
        publish(1_197)
        expect(queries).to_contain_text("1,237")
