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
        raw_records_of_a_host(page)


def raw_records_of_a_host(page: Page) -> None:
    """From the numbers to the 248 records that one of the five hosts sent, and into a file."""
    page.goto(page.url.replace("/?", "/records?host=10.0.0.1&"))
    page.get_by_role("button", name="Raw records").click()
    page.wait_for_url("**/lookup?*")
    expect(page.locator(".st-key-raw-head")).to_contain_text("248 found")
    expect(page.locator(".st-key-raw-head")).to_contain_text("all of that time was read")
    expect(page.get_by_role("region", name="Raw records")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="JSON lines").click()
    records = [json.loads(each) for each in download.value.path().read_text().splitlines()]
    assert len(records) == 248
    assert {record["id.orig_h"] for record in records} == {"10.0.0.1"}
