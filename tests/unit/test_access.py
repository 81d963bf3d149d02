"""Who may look: each route, each way in, and what is said to all others."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from streamlit.auth_util import decode_provider_token
from streamlit.runtime.secrets import secrets_singleton
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from pages.shared import login
from pipeline.access import Access, Gate, seal
from pipeline.demo.process import free_port
from pipeline.downloads import Offer
from pipeline.settings import Settings, SettingsError
from pipeline.web import RATE, ROUTES, SecurityHeaders
from tests.asgi import Answer, ask, open_socket
from tests.conftest import ROOT

pytestmark = pytest.mark.usefixtures("one_record", "asked_for_the_first_time")

HOST = {"host": "127.0.0.1:8501"}
TOKEN = "a-token-of-programs-and-walls"
SECRET = "a-cookie-secret-that-is-long-enough"
ORIGIN = "http://127.0.0.1:8501"
AUTH = {
    "redirect_uri": f"{ORIGIN}/oauth2callback",
    "cookie_secret": SECRET,
    "client_id": "zeek-live",
    "client_secret": "a-client-secret",
    "server_metadata_url": "http://127.0.0.1:1/.well-known/openid-configuration",
}
OF_STREAMLIT = [
    "/", "/hosts", "/static/js/index.js", "/media/x.csv", "/component/x/index.html",
    "/_stcore/host-config", "/_stcore/metrics", "/_stcore/upload_file/a/b", "/_stcore/agent/mcp",
]  # fmt: skip
FILE = Offer("a.csv", "text/csv", lambda: b"a")
OURS = ["/metrics", "/export/names.csv", "/api/names.json", f"/download/{FILE.address}"]


async def page(request: Request) -> PlainTextResponse:
    return PlainTextResponse("example.com is on the page")


async def stream(websocket: WebSocket) -> None:
    await websocket.accept()


def server(gate: Gate) -> Starlette:
    """What stands before the pages, and a route for all that Streamlit answers."""
    middleware = [Middleware(SecurityHeaders), Middleware(Access, gate=gate)]
    others = [WebSocketRoute("/{path:path}", stream), Route("/{path:path}", page)]
    return Starlette(routes=[*ROUTES, *login.ROUTES, *others], middleware=middleware)


@pytest.fixture
def auth(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The section of secrets.toml, which a test may change."""
    section = dict(AUTH)
    monkeypatch.setattr(secrets_singleton, "_secrets", {"auth": section})
    return section


def signed(secret: str = SECRET, name: str = "_streamlit_user", **claims: object) -> dict[str, str]:
    """The cookie that Streamlit sets after a login."""
    told = {"origin": ORIGIN, "is_logged_in": True, "sub": "1", "email": "a@example.com"} | claims
    return {
        "cookie": f"_streamlit_user={create_signed_value(secret, name, json.dumps(told)).decode()}"
    }


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


OPEN = Gate(Settings())
BY_HEADER = Gate(Settings(login_header="X-User", login_proxies="10.0.0.5, 10.9.0.0/24"), "0.0.0.0")
BY_TOKEN = Gate(Settings(tokens=SecretStr(f"{TOKEN}, {TOKEN}-2")))
BY_TOKEN_TOO = Gate(BY_HEADER.settings.model_copy(update={"tokens": SecretStr(TOKEN)}), "0.0.0.0")
BY_LOGIN = "a gate of the section"

LET_IN: list[tuple[Gate | str, str, dict[str, str]]] = [
    (OPEN, "127.0.0.1", {}),
    (OPEN, "192.168.1.9", {"x-user": "anybody"}),
    (BY_HEADER, "10.0.0.5", {"x-user": "ada"}),
    (BY_HEADER, "::ffff:10.0.0.5", {"x-user": "ada"}),
    (BY_HEADER, "10.9.0.77", {"x-user": "ada", "x-forwarded-for": "10.9.0.7, 192.168.1.9"}),
    (BY_TOKEN, "127.0.0.1", bearer(TOKEN)),
    (BY_TOKEN, "127.0.0.1", {"authorization": f"bearer {TOKEN}-2"}),
    (BY_TOKEN, "127.0.0.1", {"cookie": f"zeek_live_token={seal(TOKEN)}"}),
    (BY_TOKEN_TOO, "192.168.1.9", bearer(TOKEN)),
    (BY_LOGIN, "127.0.0.1", signed()),
]
KEPT_OUT: list[tuple[Gate | str, str, dict[str, str]]] = [
    (BY_HEADER, "10.0.0.5", {}),
    (BY_HEADER, "10.0.0.5", {"x-user": " "}),
    (BY_HEADER, "192.168.1.9", {}),
    (BY_HEADER, "10.0.0.5", bearer(TOKEN)),
    (BY_TOKEN, "127.0.0.1", {}),
    (BY_TOKEN, "127.0.0.1", {"x-user": "ada"}),
    (BY_TOKEN, "127.0.0.1", bearer("")),
    (BY_TOKEN, "127.0.0.1", bearer(TOKEN[:-1])),
    (BY_TOKEN, "127.0.0.1", bearer("\xfc" * 20)),
    (BY_TOKEN, "127.0.0.1", bearer(seal(TOKEN))),
    (BY_TOKEN, "127.0.0.1", {"authorization": f"Basic {TOKEN}"}),
    (BY_TOKEN, "127.0.0.1", {"cookie": f"zeek_live_token={TOKEN}"}),
    (BY_TOKEN, "127.0.0.1", {"cookie": "zeek_live_token=\xfc"}),
    (BY_TOKEN, "127.0.0.1", {"cookie": "zeek_live_token="}),
    (BY_TOKEN_TOO, "10.0.0.5", bearer(f"{TOKEN}-2")),
    (BY_LOGIN, "127.0.0.1", {}),
    (BY_LOGIN, "127.0.0.1", bearer(SECRET)),
    (BY_LOGIN, "127.0.0.1", signed(is_logged_in=False)),
    (BY_LOGIN, "127.0.0.1", signed(origin="http://other.example")),
    (BY_LOGIN, "127.0.0.1", signed(secret="another-secret-that-is-long-enough")),
    (BY_LOGIN, "127.0.0.1", signed(secret="")),
    (BY_LOGIN, "127.0.0.1", signed(name="_streamlit_user_tokens")),
    (BY_LOGIN, "127.0.0.1", {"cookie": "_streamlit_user=\xfc; _streamlit_user_1=x"}),
]
FORGED: list[tuple[str, list[tuple[str, str]]]] = [
    ("192.168.1.9", [("X-User", "ada")]),
    ("192.168.1.9", [("X-User", "ada"), ("X-Forwarded-For", "10.0.0.5")]),
    ("127.0.0.1", [("x-user", "ada")]),
    # A program of this machine, whose word for its address the server has taken.
    ("10.0.0.5", [("x-user", "ada"), ("x-forwarded-for", "10.0.0.5")]),
    ("10.0.0.5", [("x-user", "ada"), ("x-forwarded-for", "1.2.3.4,10.0.0.5:7")]),
    ("10.0.0.5", [("x-user", "ada"), ("x-forwarded-for", "[10.0.0.5]:7, 127.0.0.1")]),
    ("10.0.0.5", [("x-user", "ada"), ("x-user", "eve")]),
    ("testclient", [("x-user", "ada")]),
]  # fmt: skip


def made(gate: Gate | str) -> Gate:
    """A gate; that of a login is made when its section is there."""
    return Gate(Settings(), "127.0.0.1", login.configured()) if isinstance(gate, str) else gate


@pytest.mark.usefixtures("auth")
@pytest.mark.parametrize(("gate", "client", "headers"), LET_IN)
def test_who_may_look_sees_every_route(
    gate: Gate | str, client: str, headers: dict[str, str]
) -> None:
    app = server(made(gate))
    for path in OF_STREAMLIT:
        assert ask(app, path, HOST | headers, client=client).body == "example.com is on the page"
    for path in OURS:
        assert ask(app, path, HOST | headers, client=client).status == 200
    assert (
        "example.com" in ask(app, "/api/names.json?range=all", HOST | headers, client=client).body
    )
    assert open_socket(app, HOST | headers, client) == ["websocket.accept"]


@pytest.mark.usefixtures("auth")
@pytest.mark.parametrize(("gate", "client", "headers"), KEPT_OUT)
def test_a_stranger_sees_no_route_and_gets_no_websocket(
    gate: Gate | str, client: str, headers: dict[str, str]
) -> None:
    app = server(made(gate))
    for path in [*OF_STREAMLIT, *OURS, "/nowhere", "/readyz/", "/oauth2callback/x", "//readyz"]:
        for method in ("GET", "PUT", "HEAD"):
            answer = ask(app, path, HOST | headers, method, client)
            assert answer.status == 401, path
            assert answer.headers["www-authenticate"].startswith("Bearer")
            assert answer.headers["cache-control"] == "no-store"
            assert "example.com" not in answer.body
    assert open_socket(app, HOST | headers, client) == ["websocket.close"]
    assert open_socket(app, HOST | headers, client, "/readyz") == ["websocket.close"]


@pytest.mark.parametrize(("client", "headers"), FORGED)
@pytest.mark.parametrize("gate", [BY_HEADER, BY_TOKEN_TOO])
def test_the_header_from_anybody_but_the_proxy_is_turned_away_on_every_route(
    gate: Gate, client: str, headers: list[tuple[str, str]]
) -> None:
    app, more = server(gate), [*HOST.items(), *headers, *bearer(TOKEN).items()]
    for path in [*OF_STREAMLIT, *OURS, "/readyz", "/_stcore/health"]:
        answer = ask(app, path, more, client=client)
        assert (answer.status, answer.body) == (403, "X-User is set by the reverse proxy alone")
    assert open_socket(app, more, client) == ["websocket.close"]


@pytest.mark.parametrize(
    ("proxies", "status"),
    [("127.0.0.1", 200), ("127.0.0.0/8", 200), ("::1", 200), ("10.0.0.5", 403)],
)
def test_on_loopback_every_connection_is_of_this_machine_whatever_it_forwards(
    proxies: str, status: int
) -> None:
    app = server(Gate(Settings(login_header="X-User", login_proxies=proxies)))
    headers = HOST | {"x-user": "ada", "x-forwarded-for": "10.0.0.5"}
    assert ask(app, "/metrics", headers, client="10.0.0.5").status == status


def test_probes_are_answered_and_tell_a_stranger_nothing_but_the_state() -> None:
    app = server(BY_TOKEN)
    told = [json.loads(ask(app, "/readyz", HOST | more).body) for more in ({}, bearer(TOKEN))]
    assert [each["state"] for each in told] == ["live", "live"]
    assert [each["reason"] for each in told] == ["", "since a while"]
    assert ask(app, "/_stcore/health", HOST).status == 200


def test_a_program_is_told_how_to_come_in() -> None:
    assert ask(server(BY_TOKEN_TOO), "/", HOST).body == (
        "not for strangers: come by the reverse proxy, which asks for a login, "
        "or send a token as `Authorization: Bearer …`"
    )


def test_people_behind_one_proxy_may_ask_as_often_as_others_and_are_not_counted_together() -> None:
    app, path = server(BY_HEADER), "/api/names.json"
    asked = [
        ask(app, path, HOST | {"x-user": user}, client="10.0.0.5").status
        for user in ["ada"] * (RATE.amount + 1) + ["eve"]
    ]
    assert asked[-3:] == [200, 429, 200]


def cookie_of(answer: Answer) -> dict[str, str]:
    return {"cookie": answer.headers["set-cookie"].partition(";")[0]}


def test_a_wall_shows_its_token_once_and_keeps_a_cookie() -> None:
    app = server(BY_TOKEN)
    answer = ask(app, f"/?wall&range=4h&token={TOKEN}", HOST)
    assert (answer.status, answer.headers["location"]) == (303, "/?wall=&range=4h")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert TOKEN not in str(answer)
    assert "Secure" not in answer.headers["set-cookie"]
    secure = ask(app, f"/?wall&token={TOKEN}", HOST, scheme="https")
    assert "Secure" in secure.headers["set-cookie"]
    for part in ("HttpOnly", "SameSite=strict", "Path=/"):
        assert part in answer.headers["set-cookie"]
    assert ask(app, answer.headers["location"], HOST | cookie_of(answer)).status == 200
    assert open_socket(app, HOST | cookie_of(answer)) == ["websocket.accept"]


def test_a_token_in_an_address_leads_nowhere_else() -> None:
    app = server(BY_TOKEN)
    assert ask(app, f"//evil.example/?token={TOKEN}", HOST).headers["location"] == "/evil.example/"
    for path in (f"/?%74oken={TOKEN}", f"/?token={TOKEN}&token={TOKEN}"):
        assert ask(app, path, HOST).headers["location"] == "/"


@pytest.mark.parametrize("token", ["", "x", TOKEN[:-1], seal(TOKEN), "%ED%A0%80", "%FF"])
def test_a_token_that_is_not_known_opens_nothing(token: str) -> None:
    answer = ask(server(BY_TOKEN), f"/?wall&token={token}", HOST)
    assert (answer.status, "set-cookie" in answer.headers) == (401, False)


@pytest.mark.usefixtures("auth")
def test_a_browser_of_a_stranger_gets_a_page_with_one_button_and_comes_back_where_it_wanted() -> (
    None
):
    app = server(made(BY_LOGIN))
    answer = ask(app, "/hosts?range=4h&host=10.0.0.1", HOST | {"accept": "text/html,*/*"})
    assert answer.status == 401
    assert answer.body.count("<a ") == answer.body.count('role="button"') == 1
    assert '<a href="/sign-in?with=default" role="button">Sign in</a>' in answer.body
    begun = ask(app, "/sign-in?with=default", HOST)
    assert begun.headers["location"].startswith("/auth/login?provider=")
    wanted = cookie_of(answer)["cookie"]
    assert unquote(wanted) == "zeek_live_wanted=/hosts?range=4h&host=10.0.0.1"
    both = HOST | {"cookie": f"{signed()['cookie']}; {wanted}"}
    back = ask(app, "/", both)
    assert (back.status, back.headers["location"]) == (303, "/hosts?range=4h&host=10.0.0.1")
    assert 'zeek_live_wanted=""; expires' in back.headers["set-cookie"]
    assert ask(app, "/hosts", both).status == 200


@pytest.mark.usefixtures("auth")
@pytest.mark.parametrize("wanted", ["//evil.example", "%2F%2Fevil.example", "%2F%5Cevil.example"])
def test_a_login_leads_nowhere_else(wanted: str) -> None:
    cookie = f"{signed()['cookie']}; zeek_live_wanted={wanted}"
    answer = ask(server(made(BY_LOGIN)), "/", HOST | {"cookie": cookie})
    assert answer.headers["location"] == "/evil.example"


def test_several_providers_have_a_button_each(auth: dict[str, Any]) -> None:
    keys = ("client_id", "client_secret", "server_metadata_url")
    one = {key: auth.pop(key) for key in keys}
    auth |= {"here": one, "there": one}
    app = server(made(BY_LOGIN))
    answer = ask(app, "/", HOST | {"accept": "text/html"})
    assert "Sign in with here" in answer.body
    assert "Sign in with there" in answer.body
    for asked, chosen in {"there": "there", "nobody": "here"}.items():
        to = ask(app, f"/sign-in?with={asked}", HOST).headers["location"]
        assert decode_provider_token(to.partition("provider=")[2])["provider"] == chosen


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.0.2.7", "dashboard.example", "", None])
def test_on_an_address_of_others_a_login_or_the_word_is_needed(address: str | None) -> None:
    for settings in (Settings(), Settings(tokens=SecretStr(TOKEN))):
        with pytest.raises(SettingsError, match=r"listening on .* set ZEEK_LIVE_OPEN=true") as told:
            Gate(settings, address).check()
        assert (address or "every address") in str(told.value)
        assert TOKEN not in str(told.value)
    Gate(Settings(open=True), address).check()
    Gate(BY_HEADER.settings, address).check()
    Gate(Settings(), address, login.Login({}, frozenset(), lambda request: "")).check()


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("--server.address=0.0.0.0", "listening on 0.0.0.0 would show .* set ZEEK_LIVE_OPEN=true"),
        ("--secrets.files={folder}/secrets.toml", ".*secrets.toml cannot be read: it is TOML"),
        ("--secrets.files={folder}/auth.toml", r"\[auth\] in secrets.toml cannot be used: .*"),
    ],
)
def test_a_server_that_strangers_would_see_ends_before_it_looks_for_java(
    tmp_path: Path, option: str, told: str
) -> None:
    (tmp_path / "secrets.toml").write_text(f'[auth]\ncookie_secret = "{SECRET}" {SECRET}\n')
    (tmp_path / "auth.toml").write_text(f'[auth]\ncookie_secret = "{SECRET}"\n')
    run = [sys.executable, "-m", "streamlit", "run", "dashboard.py", f"--server.port={free_port()}"]
    ended = subprocess.run(
        [*run, option.format(folder=tmp_path)],
        cwd=ROOT, env=os.environ | {"PATH": "/nonexistent", "JAVA_HOME": "/nonexistent"},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert ended.returncode == 1
    assert re.fullmatch(f"zeek-live: {told}.*", ended.stderr.splitlines()[-1])
    assert SECRET not in ended.stdout + ended.stderr


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_on_loopback_nothing_is_needed(address: str) -> None:
    Gate(Settings(), address).check()


@pytest.mark.parametrize("closed", [BY_HEADER, BY_TOKEN, BY_TOKEN_TOO])
def test_open_and_closed_is_refused(closed: Gate) -> None:
    with pytest.raises(SettingsError, match="ZEEK_LIVE_OPEN=true lets everybody in"):
        Gate(closed.settings.model_copy(update={"open": True}), closed.address).check()


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("redirect_uri", None, "missing the .redirect_uri. key"),
        ("redirect_uri", ORIGIN, "redirect_uri does not end with /oauth2callback"),
        ("cookie_secret", None, "missing the .cookie_secret. key"),
        ("cookie_secret", "short", "cookie_secret is shorter than 16 characters"),
        ("client_id", None, "missing .* keys: ..client_id"),
        ("client_secret", None, "missing .* keys: ..client_secret"),
        ("server_metadata_url", None, "server_metadata_url"),
    ],
)
def test_a_login_that_cannot_work_is_refused_without_its_secrets(
    auth: dict[str, Any], key: str, value: str | None, told: str
) -> None:
    auth.pop(key)
    auth |= {key: value} if value else {}
    with pytest.raises(SettingsError, match=told) as refused:
        login.configured()
    assert str(refused.value).startswith("[auth] in secrets.toml cannot be used: ")
    assert not {SECRET, AUTH["client_secret"], value} & set(str(refused.value).split())
