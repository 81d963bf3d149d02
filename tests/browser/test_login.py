"""A login at a real OpenID provider, a wall's token, and secrets that are told to nobody."""

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from pipeline.demo.process import free_port
from pipeline.export import VIEWS
from tests.browser.conftest import wait_for
from tests.browser.test_live import line
from tests.server import Server

TOKEN = "planted-token-of-programs"
PLANTED = ("planted-password", TOKEN, "planted-client-secret", "planted-cookie-secret")
DATA = ["/metrics", "/export/names.csv?range=all", "/api/names.json?range=all"]
SECRETS = """
[auth]
redirect_uri = "http://127.0.0.1:{{port}}/oauth2callback"
cookie_secret = "planted-cookie-secret"
client_id = "zeek-live"
client_secret = "planted-client-secret"
server_metadata_url = "{provider}/.well-known/openid-configuration"
"""


@pytest.fixture(scope="module")
def provider() -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Its address, and its process."""
    port = free_port()
    command = [sys.executable, "-m", "oidc_provider_mock", f"--port={port}"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    wait_for(f"http://127.0.0.1:{port}/.well-known/openid-configuration", process)
    yield f"http://127.0.0.1:{port}", process
    process.terminate()
    process.wait(10)


@pytest.fixture(scope="module")
def server(
    provider: tuple[str, subprocess.Popen[bytes]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A dashboard with 40 records, behind a login, that knows every kind of secret."""
    folder = tmp_path_factory.mktemp("login")
    (folder / "secrets.toml").write_text(SECRETS.format(provider=provider[0]))
    (folder / "logs").mkdir()
    (folder / "logs" / "dns.log").write_text("\n".join(map(line, range(40))) + "\n")
    options = json.dumps({"sasl.password": "planted-password"})
    with Server(
        folder, [f"--secrets.files={folder / 'secrets.toml'}"], source="logs", start="earliest",
        log_dir=folder / "logs", kafka_options=options, tokens=TOKEN,
    ) as server:  # fmt: skip
        server.headers = {"Authorization": f"Bearer {TOKEN}"}
        server.wait_for_records(40)
        server.headers = {}
        yield server


@pytest.fixture
def page(new_page: Page) -> Page:
    """A visitor who has not signed in."""
    return new_page


@pytest.fixture
def home(server: Server, page: Page) -> str:
    """Where the dashboard is; the provider's page asks for a style sheet from elsewhere."""
    page.context.route("https://**", lambda route: route.abort())
    return f"http://127.0.0.1:{server.port}"


def test_a_stranger_gets_a_button_and_nothing_else(server: Server, page: Page, home: str) -> None:
    sockets: list[str] = []
    page.on("websocket", lambda socket: sockets.append(socket.url))
    for path in ("/", "/hosts?range=all", "/?wall"):
        answer = page.goto(home + path)
        assert answer
        assert answer.status == 401
        assert [each.inner_text() for each in page.get_by_role("button").all()] == ["Sign in"]
        assert "example" not in page.content()
    for path in [*DATA, "/_stcore/host-config", "/_stcore/metrics"]:
        status, body = server.get(path)
        assert (status, body[:18]) == (401, "not for strangers:")
    assert json.loads(server.get("/readyz")[1]).keys() >= {"state", "since"}
    assert server.get("/_stcore/health") == (200, "ok")
    with pytest.raises(InvalidStatus, match="403"), connect(f"ws{home[4:]}/_stcore/stream"):
        pass
    assert not sockets


def test_who_signs_in_comes_back_to_the_page_they_wanted_and_sees_numbers_until_they_sign_out(
    page: Page, home: str
) -> None:
    page.goto(f"{home}/?range=all&every=60")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_placeholder("sub").fill("ada")
    page.get_by_role("button", name="Authorize").click()
    page.wait_for_url(f"{home}/?range=all&every=60")
    expect(page.locator(".figure").filter(has_text="Queries")).to_contain_text("40")
    assert [page.request.get(home + path).status for path in DATA] == [200, 200, 200]
    page.get_by_role("link", name="Health").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_function("!document.querySelector('.stApp')")
    page.goto(f"{home}/hosts")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert page.request.get(home + DATA[0]).status == 401


def test_a_wall_is_shown_for_a_token_that_is_nowhere_afterwards(page: Page, home: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{home}/?wall&range=all&token={TOKEN}")
    expect(page.get_by_text("40", exact=True).first).to_be_visible()
    assert TOKEN not in page.url + page.content()
    assert [TOKEN in url for url in asked].count(True) == 1
    [cookie] = [each for each in page.context.cookies() if each["name"] == "zeek_live_token"]
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    assert TOKEN not in cookie["value"]
    page.reload()
    expect(page.get_by_text("40", exact=True).first).to_be_visible()
    assert "zeek_live_token" not in page.evaluate("document.cookie")


def test_no_output_has_a_secret(
    server: Server, provider: tuple[str, subprocess.Popen[bytes]], page: Page, home: str
) -> None:
    frames: list[str] = []

    def keep(frame: str | bytes) -> None:
        frames.append(str(frame))

    page.on("websocket", lambda socket: socket.on("framereceived", keep))
    page.goto(f"{home}/health?token={TOKEN}")
    expect(page.get_by_role("region", name="Settings in force")).to_be_visible()
    told = [page.content(), *frames]
    assert [text for text in told if "ZEEK_LIVE_TOKENS" in text]
    server.headers = {"Authorization": f"Bearer {TOKEN}"}
    views = [f"/{kind}" for view in VIEWS for kind in (f"export/{view}.csv", f"api/{view}.json")]
    wrong = ["/api/x.json", "/api/names.json?range=x", "/sign-in?with=x", "/oauth2callback?state=x"]
    told += [server.get(path)[1] for path in ["/metrics", "/readyz", "/", *views, *wrong]]
    server.headers = {}
    told += [server.get(path)[1] for path in ["/", f"/?token={TOKEN}x", "/readyz"]]
    provider[1].terminate()
    provider[1].wait(10)
    told.append(server.get("/sign-in")[1])
    assert "Authentication error" in told[-1]
    told.append(server.log.read_text(errors="replace"))
    assert "OAuth" in told[-1]
    for secret in PLANTED:
        assert not [text for text in told if secret in text]
