"""Look-ups elsewhere, in a real browser: only a click asks for one, and it tells little."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Request, expect

from tests.browser.conftest import serve, visitor
from tests.browser.test_accessible import settle
from tests.browser.test_clicks import until

PIVOTS = {
    "VirusTotal": "https://www.virustotal.com/gui/search/{value}",
    "whois": "https://whois.example/?q={value}",
}


@pytest.fixture(scope="module")
def pivoting_server() -> Iterator[str]:
    """A still network, and two look-ups elsewhere."""
    with serve("still", ZEEK_LIVE_PIVOTS=json.dumps(PIVOTS)) as url:
        yield url


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """A browser that is listened to as a whole."""
    with visitor(chromium) as context:
        yield context


def test_a_pivot_opens_by_a_click_only_and_is_not_told_where_from(
    context: BrowserContext, pivoting_server: str
) -> None:
    asked: list[Request] = []
    page = context.new_page()
    context.on("request", lambda request: asked.append(request))
    page.goto(f"{pivoting_server}/domains?every=1&focus=domain:google.com")
    settle(page)
    page.locator(".st-key-more button").first.click()
    # Streamlit draws each twice, one of them for screens that have no room for its hint.
    links = page.locator("[data-testid=stPopoverBody] a:visible")
    expect(links).to_have_text(list(PIVOTS))
    links.first.hover()
    page.wait_for_timeout(1500)
    assert not elsewhere(asked)
    with context.expect_page():
        links.first.click()
    until(page, lambda: bool(elsewhere(asked)))
    [request] = elsewhere(asked)
    assert request.url == "https://www.virustotal.com/gui/search/google.com"
    assert "referer" not in request.headers
    # Without it the other page could lead this one elsewhere.
    assert links.first.get_attribute("rel") == "noreferrer"


def elsewhere(asked: list[Request]) -> list[Request]:
    """Requests that leave this machine."""
    return [each for each in asked if each.url.startswith("https:")]
