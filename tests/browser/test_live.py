"""From a line in Zeek's log to a number in a real browser."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from confluent_kafka import Producer
from playwright.sync_api import Page, Request, expect

from tests.server import Server

HOSTILE = (
    "<img src=http://evil.example/x>",
    "![x](http://evil.example/y).example.com",
    "[click](javascript:alert(1)).example.com",
    "=cmd|'/c calc'!a1.example.com",
    "\u202egpj.example.com",
    ":material/delete: :red[x] $a$.example.com",
    "a" * 63 + "." + "b" * 63 + "." + "c" * 63 + "." + "d" * 59 + ".com",
)


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


def append(log: Path, lines: list[str]) -> None:
    with log.open("a") as file:
        file.write("".join(f"{each}\n" for each in lines))


@pytest.fixture
def server(tmp_path: Path) -> Server:
    (tmp_path / "logs").mkdir()
    return Server(tmp_path, source="logs", log_dir=tmp_path / "logs", start="earliest")


def test_a_new_line_in_the_log_changes_the_number_on_the_screen(
    server: Server, page: Page, tmp_path: Path
) -> None:
    log = tmp_path / "logs" / "dns.log"
    append(log, [line(n) for n in range(40)])
    with server:
        server.wait_for_records(40)
        page.goto(f"http://127.0.0.1:{server.port}/?every=1&range=5m")
        queries = page.locator(".figure").filter(has_text="Queries")
        expect(queries).to_contain_text("40")
        append(log, [line(n) for n in range(1_197)])
        expect(queries).to_contain_text("1,237")


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


def test_hostile_names_stay_text_and_cause_no_request(
    server: Server, page: Page, tmp_path: Path
) -> None:
    log = tmp_path / "logs" / "dns.log"
    append(log, [line(n, name) for n, name in enumerate(HOSTILE) for _ in range(3)])
    asked: list[str] = []
    dialogs: list[str] = []
    page.on("request", lambda request: asked.append(_host(request)))
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    with server:
        server.wait_for_records(3 * len(HOSTILE))
        for path in ("", "domains?level=name", "hosts", "host?focus=host:10.0.0.1", "health"):
            page.goto(f"http://127.0.0.1:{server.port}/{path}")
            page.get_by_text("newest").first.wait_for()
            page.wait_for_load_state("networkidle")
            assert (
                page.locator("a[href*='evil'], a[href^='javascript'], img[src*='evil']").count()
                == 0
            )
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert set(asked) <= {f"127.0.0.1:{server.port}", ""}
    assert not dialogs


def _host(request: Request) -> str:
    scheme, _, rest = request.url.partition("://")
    return rest.split("/")[0] if scheme in ("http", "https", "ws", "wss") else ""
