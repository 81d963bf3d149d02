"""What the server answers besides pages, and to whom it does not."""

import gc
import json
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
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
from pipeline.downloads import Offer
from pipeline.status import Status
from pipeline.table import Table
from pipeline.web import (
    CONTENT_SECURITY_POLICY,
    HEADERS,
    LIMITER,
    LOCAL_ZONE,
    RATE,
    ROUTES,
    SecurityHeaders,
    is_allowed,
)
from tests import asgi
from tests.asgi import Answer
from tests.conftest import ROOT
from tests.unit.table_rows import T0, batch, row

OURS = ["/readyz", "/metrics", "/export/names.csv", "/api/names.json"]
LOCAL = {"host": "127.0.0.1:8501"}
pytestmark = pytest.mark.usefixtures("one_record", "asked_for_the_first_time")


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
    headers: Mapping[str, str] | list[tuple[str, str]] = LOCAL,
    hosts: tuple[str, ...] = ("localhost", "127.0.0.1"),
    method: str = "GET",
) -> Answer:
    """What the routes answer."""
    return asgi.ask(server(*hosts), path, headers, method)


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


@pytest.mark.parametrize("path", [*OURS, "/export/passwords.csv", "/", "/static/x.js", "/broken"])
@pytest.mark.parametrize("headers", [{"host": "evil.example:8501"}, {"host": "[127.0.0.1"}, {}])
def test_every_route_refuses_a_name_that_is_not_allowed(path: str, headers: dict[str, str]) -> None:
    answer = ask(path, headers)
    assert answer.status == 400
    assert f"the host {headers.get('host', '')!r} is not allowed" in answer.body
    assert "example.com" not in answer.body


def test_two_names_are_none() -> None:
    for hosts in (("localhost", "127.0.0.1"), ("*",), ()):
        assert ask("/", [("host", "localhost"), ("host", "evil.example")], hosts).status == 400


@pytest.mark.parametrize("path", [*OURS, "/", "/_stcore/upload_file/a/b"])
@pytest.mark.parametrize("method", ["GET", "PUT"])
@pytest.mark.parametrize("hosts", [("localhost", "127.0.0.1"), ("*",), ()])
def test_no_route_answers_another_sites_page(path: str, method: str, hosts: tuple[str]) -> None:
    for origin in ("http://evil.example", "null", "http://127.0.0.1@evil.example"):
        answer = ask(path, {**LOCAL, "origin": origin}, hosts, method)
        assert (answer.status, answer.body) == (403, "another site's page may not ask for this")
    own = ask(path, {**LOCAL, "origin": "http://127.0.0.1:8501"}, hosts, method)
    assert own.status == ask(path, LOCAL, hosts, method).status


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


def test_a_browsers_zone_is_not_guessed_and_one_that_is_named_holds() -> None:
    for path in ("/export/hosts.csv", "/api/hosts.json"):
        answer = ask(f"{path}?range=all&tz=local")
        assert (answer.status, answer.body) == (400, LOCAL_ZONE)
        zoned = ask(f"{path}?range=all&tz=local&zone=Asia/Kolkata").body
        assert "+05:30" in zoned
        assert "+05:30" not in ask(f"{path}?range=all&tz=utc").body


def test_the_api_says_what_ranks_its_rows_also_where_they_have_no_such_column() -> None:
    for sort, of in (("-names", "-names"), ("first", "first"), ("rtt_ms", "queries")):
        told = json.loads(ask(f"/api/hosts.json?range=all&sort={sort}").body)
        assert told["sort"] == of


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


def test_a_file_that_is_cut_says_so_in_its_last_line_and_in_a_header(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = Table(None, timedelta(days=1), 1_000_000)
    table.add(batch(0, [row(), row(id_orig_h="10.0.0.2", count=5)]), T0)
    made = SimpleNamespace(table=table, status=query.running().status)
    monkeypatch.setattr(query, "_running", [made])
    answer = ask("/export/hosts.csv?range=all&n=1")
    assert answer.body.splitlines()[-1].startswith("The first 1 of 2 rows.,,")
    assert answer.headers["x-note"] == "The first 1 of 2 rows."
    table.close()


def test_a_page_may_fetch_from_its_own_server_only() -> None:
    directives = dict(each.split(" ", 1) for each in CONTENT_SECURITY_POLICY.split("; "))
    assert directives["connect-src"] == directives["default-src"] == "'self'"
    allowed = {"'self'", "'none'", "'unsafe-inline'", "'unsafe-eval'", "data:", "blob:"}
    assert {source for sources in directives.values() for source in sources.split()} <= allowed


async def accept(scope: Any, receive: Any, send: Any) -> None:
    """An application that takes every websocket."""
    await send({"type": "websocket.accept"})


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
    guarded = SecurityHeaders(accept, ("localhost", "127.0.0.1"))
    assert asgi.open_socket(guarded, headers) == [
        "websocket.accept" if is_open else "websocket.close"
    ]


def test_streamlit_listens_here_tells_nobody_and_exports_nothing_by_itself() -> None:
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
    assert config["server"]["address"] == "127.0.0.1"
    assert config["server"]["allowedHosts"] == ["localhost", "127.0.0.1"]
    assert config["server"]["port"] == 8501
    assert config["server"]["fileWatcherType"] == "none"
    assert config["browser"]["gatherUsageStats"] is False
    assert config["client"]["disableDataExport"] is True


def test_a_file_is_there_as_long_as_its_session_and_made_when_it_is_asked_for() -> None:
    made = [b"first", b"second"]
    offer = Offer("a name\r\nSet-Cookie: x=1.csv", "text/csv", lambda: made.pop(0))
    path = f"/download/{offer.address}"
    answers = [ask(path), ask(path)]
    assert [(each.status, each.body) for each in answers] == [(200, "first"), (200, "second")]
    said = answers[0].headers["content-disposition"]
    assert said == "attachment; filename*=utf-8''a%20name%0D%0ASet-Cookie%3A%20x%3D1.csv"
    assert ask(path, {"host": "evil.example"}).status == 400
    del offer
    gc.collect()
    assert ask(path).status == 404


def test_before_the_first_record_a_program_is_told_so_and_not_that_there_are_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    status = Status("starting", "starting Spark", T0, "dns")
    monkeypatch.setattr(query.running(), "status", lambda: status)
    for path in ("/api/hosts.json", "/export/hosts.csv"):
        answer = ask(path)
        assert (answer.status, answer.body) == (503, "no record has been read yet: starting Spark")


def test_a_file_tells_the_state_of_the_stream() -> None:
    assert json.loads(ask("/api/hosts.json?range=all").body)["stream"] == "live"
    assert ask("/export/hosts.csv?range=all").headers["x-stream"] == "live"
