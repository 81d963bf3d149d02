"""What the server answers besides pages, and to whom it does not."""

import asyncio
import json
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from pipeline import query
from pipeline.metrics import Metrics
from pipeline.status import Status
from pipeline.table import Table
from pipeline.web import (
    CONTENT_SECURITY_POLICY,
    HEADERS,
    LIMITER,
    RATE,
    ROUTES,
    SecurityHeaders,
    is_allowed,
)
from tests.conftest import ROOT
from tests.unit.table_rows import T0, batch, row

OURS = ["/readyz", "/metrics", "/export/names.csv", "/api/names.json"]
LOCAL = {"host": "127.0.0.1:8501"}


class Answer(NamedTuple):
    """A response to one request."""

    status: int
    headers: dict[str, str]
    body: str


def page(request: Request) -> PlainTextResponse:
    return PlainTextResponse("a page")


def broken(request: Request) -> PlainTextResponse:
    raise ArithmeticError("a page that fails")


def server(*hosts: str) -> Starlette:
    """The routes as the dashboard has them, and two that stand for Streamlit's."""
    middleware = Middleware(SecurityHeaders, allowed_hosts=hosts)
    pages = [Route("/", page), Route("/broken", broken)]
    return Starlette(routes=[*ROUTES, *pages], middleware=[middleware])


def ask(
    path: str,
    headers: dict[str, str] = LOCAL,
    hosts: tuple[str, ...] = ("localhost", "127.0.0.1"),
    method: str = "GET",
) -> Answer:
    """One request, without a socket; what the application raises after its answer is dropped."""
    path, _, question = path.partition("?")
    sent: list[Any] = []
    raw = [(key.encode(), value.encode()) for key, value in headers.items()]
    scope = {
        "type": "http", "http_version": "1.1", "method": method, "path": path, "root_path": "",
        "scheme": "http", "query_string": question.encode(), "headers": raw,
    }  # fmt: skip

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    async def run() -> None:
        try:
            await server(*hosts)(scope, receive, send)
        except ArithmeticError:
            assert path == "/broken"

    # A thread has no loop yet; the browser's tests leave one running in this one.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(run())).result()
    [start] = [each for each in sent if each["type"] == "http.response.start"]
    body = b"".join(each.get("body", b"") for each in sent)
    named = {key.decode().lower(): value.decode() for key, value in start["headers"]}
    return Answer(start["status"], named, body.decode())


@pytest.fixture(autouse=True)
def pipeline(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One record of one host, in a table in memory."""
    monkeypatch.setattr(query, "_running", [])
    table = Table(None, timedelta(days=1), 1_000_000)
    table.add(batch(0, [row()]), T0)
    status = Status("live", "", datetime(2026, 1, 1, tzinfo=UTC), "dns")
    made = SimpleNamespace(table=table, counters=table.counters, status=lambda: status)
    made.metrics = Metrics(made)
    query.use(made)
    LIMITER.storage.reset()
    yield
    table.close()


@pytest.mark.parametrize("path", OURS)
def test_our_routes_answer_by_an_allowed_name_and_are_kept_by_nobody(path: str) -> None:
    answer = ask(path)
    assert answer.status == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"


def test_the_answers_are_about_the_pipeline() -> None:
    readyz, metrics, export, api = (ask(path).body for path in OURS)
    assert '"state":"live"' in readyz
    assert "zeek_live_records_counted_total 1.0" in metrics
    assert ask("/export/names.csv?range=all").body.splitlines()[1].startswith("www.example.com,")
    assert export.startswith("name,")
    assert json.loads(api)["of"] == 1
    told = json.loads(ask("/api/names.json?range=all&names=defanged").body)
    assert [each["name"] for each in told["rows"]] == ["www[.]example[.]com"]


@pytest.mark.parametrize("path", [*OURS, "/export/passwords.csv"])
@pytest.mark.parametrize("headers", [{"host": "evil.example:8501"}, {"host": "[127.0.0.1"}, {}])
def test_our_routes_refuse_a_name_that_is_not_allowed(path: str, headers: dict[str, str]) -> None:
    answer = ask(path, headers)
    assert answer.status == 400
    assert f"the host {headers.get('host', '')!r} is not allowed" in answer.body
    assert "example.com" not in answer.body


def test_another_method_is_refused_by_name_too() -> None:
    assert ask("/metrics", {"host": "evil.example"}, method="POST").status == 400


def test_a_name_that_was_added_is_allowed() -> None:
    assert ask("/metrics", {"host": "dns.example.com"}, ("*.example.com",)).status == 200


@pytest.mark.parametrize(
    ("host", "allowed", "expected"),
    [
        ("localhost", ["localhost"], True),
        ("LocalHost.:8501", ["localhost"], True),
        ("[::1]:8501", ["::1"], True),
        ("a.example.com", ["*.example.com"], True),
        ("example.com", ["*.example.com"], False),
        ("evilexample.com", ["*.example.com"], False),
        ("localhost.evil.example", ["localhost"], False),
        ("evil@localhost", ["localhost"], False),
        ("localhost/evil", ["localhost"], False),
        ("", ["localhost"], False),
        ("", ["*"], False),
        ("any.example", ["*"], True),
        ("any.example", [], True),
    ],
)
def test_a_host_is_compared_as_streamlit_does(
    host: str, allowed: list[str], expected: bool
) -> None:
    assert is_allowed(host, allowed) == expected


@pytest.mark.parametrize(
    ("site", "status"),
    [("cross-site", 403), ("same-origin", 200), ("none", 200)],
)
def test_another_site_may_not_ask_for_a_file(site: str, status: int) -> None:
    assert ask("/export/names.csv", {**LOCAL, "sec-fetch-site": site}).status == status


@pytest.mark.parametrize(
    ("path", "host", "status"),
    [
        ("/", "127.0.0.1", 200),
        ("/metrics", "evil.example", 400),
        ("/export/names.csv?range=9m", "127.0.0.1", 400),
        ("/export/names.csv?at=123456789", "127.0.0.1", 400),
        ("/export/passwords.csv", "127.0.0.1", 404),
        ("/api/names.json?names=ours", "127.0.0.1", 400),
        ("/api/passwords.json", "127.0.0.1", 404),
        ("/nowhere", "127.0.0.1", 404),
        ("/broken", "127.0.0.1", 500),
    ],
)
def test_every_response_has_the_headers_also_an_error(path: str, host: str, status: int) -> None:
    answer = ask(path, {"host": host})
    assert answer.status == status
    assert {key.lower(): value for key, value in HEADERS.items()}.items() <= answer.headers.items()


@pytest.mark.parametrize("path", ["/export/names.csv", "/api/names.json"])
def test_who_asks_too_often_is_told_so_and_metrics_are_not_counted(path: str) -> None:
    assert {ask(path).status for _ in range(RATE.amount)} == {200}
    answer = ask(path)
    assert (answer.status, answer.body) == (429, "more than 60 per 1 minute: try again in a minute")
    assert ask("/metrics").status == 200


TEXTS = st.text(max_size=40) | st.sampled_from(
    ["1h", "all", "-", "*.", "host:10.0.0.1", "2026-01-01T00:00:00Z", "'; DROP TABLE x", "9" * 40]
)
KEYS = st.sampled_from(
    "range from to host domain name type response resolver focus show level n sort tz every at "
    "wall names zone vs".split()
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(what=st.sampled_from(["names", "hosts", "volume", "", "../names", "n\x00"]), pairs=st.lists(
    st.tuples(KEYS | st.text(max_size=8), TEXTS), max_size=5
))  # fmt: skip
def test_any_query_string_is_answered_or_refused_by_a_sentence(
    what: str, pairs: list[tuple[str, str]]
) -> None:
    LIMITER.storage.reset()
    question = urlencode(pairs, errors="replace")
    for path in (f"/export/{what}.csv", f"/api/{what}.json"):
        answer = ask(f"{path}?{question}")
        assert answer.status in (200, 400, 404)
        assert answer.status == 200 or 0 < len(answer.body) < 2000


@pytest.mark.parametrize("question", ["hots=10.0.0.1", "sort=nonsense", "host="])
def test_a_parameter_that_is_not_understood_is_no_file_of_everything(question: str) -> None:
    for path in ("/export/hosts.csv", "/api/hosts.json"):
        answer = ask(f"{path}?{question}")
        assert answer.status == 400
        assert answer.body.startswith(question.split("=")[0])


def test_a_pages_panels_are_files_by_the_pages_path_and_its_query_string() -> None:
    question = "range=all&host=10.0.0.1&focus=domain:example.com"
    assert ask(f"/export/host/names.csv?{question}").body.startswith("name,type,")
    assert ask(f"/export/host/domains.csv?{question}").body.startswith("domain,queries,share,names")
    assert ask(f"/export/domains/peers.csv?{question}").body.startswith("host,")
    assert json.loads(ask(f"/api/host/types.json?{question}").body)["rows"][0]["all_share"] == 100
    answer = ask("/export/host/domains.csv?range=all")
    assert (answer.status, answer.body) == (400, "a host's page is of one host: name it by host=…")
    assert ask("/export/nowhere/domains.csv").status == 404
    assert ask("/export/health/domains.csv").body == "there is no such view; there are rejected"
    assert ask("/export/host/types.csv", {"host": "evil.example"}).status == 400


def test_a_file_that_is_cut_says_so_in_its_last_line_and_in_a_header() -> None:
    query.running().table.add(batch(1, [row(id_orig_h="10.0.0.2", count=5)]), T0)
    answer = ask("/export/hosts.csv?range=all&n=1")
    assert answer.body.splitlines()[-1].startswith("The first 1 of 2 rows.,,")
    assert answer.headers["x-note"] == "The first 1 of 2 rows."


def test_a_page_may_fetch_from_its_own_server_only() -> None:
    directives = dict(each.split(" ", 1) for each in CONTENT_SECURITY_POLICY.split("; "))
    assert directives["connect-src"] == directives["default-src"] == "'self'"
    allowed = {"'self'", "'none'", "'unsafe-inline'", "'unsafe-eval'", "data:", "blob:"}
    assert {source for sources in directives.values() for source in sources.split()} <= allowed


def open_socket(**headers: str) -> list[str]:
    """The types of the messages that answer the request for a websocket."""
    sent: list[str] = []

    async def accept(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})

    async def send(message: Any) -> None:
        sent.append(message["type"])

    raw = [(key.encode(), value.encode()) for key, value in headers.items()]
    scope = {"type": "websocket", "path": "/_stcore/stream", "headers": raw}
    guarded = SecurityHeaders(accept, ("localhost", "127.0.0.1"))
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(guarded(scope, None, send))).result()  # type: ignore[arg-type]
    return sent


@pytest.mark.parametrize(
    ("headers", "is_open"),
    [
        ({"host": "127.0.0.1:8501", "origin": "http://127.0.0.1:8501"}, True),
        ({"host": "localhost:8501", "origin": "http://localhost:8501"}, True),
        ({"host": "localhost:8501"}, True),
        ({"host": "localhost:8501", "origin": "http://evil.example"}, False),
        ({"host": "localhost:8501", "origin": "null"}, False),
        ({"host": "localhost:8501", "origin": "http://[evil"}, False),
        ({"host": "localhost:8501", "origin": "http://localhost@evil.example"}, False),
        ({"host": "evil.example", "origin": "http://evil.example"}, False),
    ],
)
def test_a_websocket_is_opened_to_pages_of_ours_only(
    headers: dict[str, str], is_open: bool
) -> None:
    assert open_socket(**headers) == ["websocket.accept" if is_open else "websocket.close"]


def test_streamlit_listens_here_tells_nobody_and_exports_nothing_by_itself() -> None:
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
    assert config["server"]["address"] == "127.0.0.1"
    assert config["server"]["allowedHosts"] == ["localhost", "127.0.0.1"]
    assert config["server"]["port"] == 8501
    assert config["server"]["fileWatcherType"] == "none"
    assert config["browser"]["gatherUsageStats"] is False
    assert config["client"]["disableDataExport"] is True
