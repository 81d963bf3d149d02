"""The wall in a real browser: what four metres need, and what weeks without a hand need."""

import signal
import time
from collections.abc import Callable, Iterator
from subprocess import Popen

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import free_port, serve, start, visitor, wait_for

EVERY = 2
SLACK = 1.5
"""Seconds that a busy machine may need to draw what the browser knows."""
SIZES = ((1366, 768), (1920, 1080), (3840, 2160))
CONTROLS = "button, input, select, textarea, a, summary, [role=button], [role=radio]"
CORNER = {"x": 4.0, "y": 500.0, "width": 8.0, "height": 8.0}
"""Where nothing is drawn: what covers the wall, or tints it, is seen there."""
SMALLEST = """() => { let smallest = Infinity;
  const walk = (root) => root.querySelectorAll("*").forEach((each) => {
    if (each.shadowRoot) walk(each.shadowRoot);
    const own = [...each.childNodes].some((it) => it.nodeType === 3 && it.data.trim());
    if (own && each.tagName !== "STYLE" && each.checkVisibility() && each.offsetWidth)
      smallest = Math.min(smallest, parseFloat(getComputedStyle(each).fontSize)); });
  walk(document.body);
  return smallest; }"""
OUTSIDE = """() => [...document.querySelectorAll(".wall *")].filter((each) => {
    const { left, top, right, bottom } = each.getBoundingClientRect();
    return left < 0 || top < 0 || right > innerWidth + 1 || bottom > innerHeight + 1;
  }).map((each) => each.outerHTML)"""
OVERLAPS = """() => { const boxes = [...document.querySelectorAll(".wall > *")].map((each) =>
    each.getBoundingClientRect());
  return boxes.slice(1).filter((box, place) => box.top !== boxes[place].top
    && box.top < boxes[place].bottom).length; }"""


class Restartable:
    """A server that is stopped, killed and started again on its port."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: Popen[bytes]
        self.start()

    def start(self) -> None:
        """Start it, and wait for its first answer."""
        self.process = start(self.port, "growing")
        wait_for(f"{self.url}/_stcore/health", self.process)

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self.process.wait(10)


@pytest.fixture
def server() -> Iterator[Restartable]:
    """A server of this test's own."""
    running = Restartable()
    yield running
    running.kill()


def opened(page: Page, url: str, size: tuple[int, int] = (1920, 1080)) -> None:
    """Open a wall, and wait until it is drawn and its clock goes."""
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(url)
    page.locator(".wall-bars, .wall-empty").first.wait_for()
    expect(page.locator(".clock b")).not_to_be_empty()


def seconds_to_banner(page: Page, act: Callable[[], None]) -> float:
    """How long after an act the wall says that the server is lost."""
    expect(page.locator(".clock")).to_have_attribute("data-state", "live")
    began = time.monotonic()
    act()
    page.locator('.clock[data-state="server lost"]').wait_for()
    return time.monotonic() - began


@pytest.mark.parametrize("size", SIZES)
def test_it_fills_the_screen_without_scrolling_and_has_no_controls(
    page: Page, made_server: str, size: tuple[int, int]
) -> None:
    opened(page, f"{made_server}/?wall", size)
    assert page.evaluate("[innerWidth, innerHeight]") == list(size)
    full = "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
    assert page.evaluate(full) == list(size)
    assert page.evaluate(OUTSIDE) == []
    assert page.evaluate(OVERLAPS) == 0
    lists = page.locator(".wall-list").first.bounding_box()
    assert lists is not None
    assert lists["y"] + lists["height"] > 0.97 * size[1]
    assert page.evaluate(SMALLEST) >= 28 * size[0] / 1920
    assert page.locator(CONTROLS).filter(visible=True).count() == 0
    assert page.locator(".wall-list tr").count() == 12


def test_text_grows_with_the_screen_while_it_is_open(page: Page, made_server: str) -> None:
    opened(page, f"{made_server}/?wall")
    before = page.evaluate(SMALLEST)
    page.set_viewport_size({"width": 3840, "height": 2160})
    assert page.evaluate(SMALLEST) == pytest.approx(2 * before, rel=0.01)


def test_numbers_change_by_themselves(page: Page, made_server: str) -> None:
    opened(page, f"{made_server}/?wall&every=1")
    queries = page.locator(".wall strong").first
    before = queries.inner_text()
    expect(queries).not_to_have_text(before)


@pytest.mark.parametrize("kind", ["stopped", "empty"])
def test_a_stream_that_is_stopped_or_silent_is_a_banner_across_the_page(
    page: Page, kind: str
) -> None:
    with serve(kind) as url:
        opened(page, f"{url}/?wall")
        clock = page.locator(".clock")
        expect(clock).to_have_attribute("data-state", {"empty": "no data"}.get(kind, kind))
        said = {"stopped": "does not answer since 13:20:11 UTC", "empty": "no records yet from"}
        expect(clock).to_contain_text(said[kind])
        assert clock.evaluate("(it) => it.getBoundingClientRect().width") == 1920
        assert clock.evaluate("(it) => getComputedStyle(it).backgroundColor") == "rgb(179, 18, 47)"
        assert page.evaluate(OUTSIDE) == []


def test_a_server_that_hangs_is_a_banner_within_three_refreshes_and_then_goes_on(
    page: Page, server: Restartable
) -> None:
    opened(page, f"{server.url}/?wall&every={EVERY}&response=NXDOMAIN")
    hang = lambda: server.process.send_signal(signal.SIGSTOP)  # noqa: E731
    assert seconds_to_banner(page, hang) < 3 * EVERY + SLACK
    server.process.send_signal(signal.SIGCONT)
    expect(page.locator(".clock")).to_have_attribute("data-state", "live")
    expect(page.locator(".wall-chosen")).to_have_text("only response NXDOMAIN")


def test_a_server_that_dies_is_a_banner_and_its_successor_shows_the_same_view(
    page: Page, server: Restartable
) -> None:
    asked = f"{server.url}/?wall&every={EVERY}&response=NXDOMAIN&range=15m"
    opened(page, asked)
    corner = page.screenshot(clip=CORNER)
    assert seconds_to_banner(page, server.kill) < 3 * EVERY + SLACK
    page.locator("[role=dialog]").wait_for(state="attached")
    page.wait_for_timeout(1_000)
    assert page.screenshot(clip=CORNER) == corner
    before = page.locator(".wall strong").first.inner_text()
    server.start()
    expect(page.locator(".clock")).to_have_attribute("data-state", "live")
    expect(page.locator(".wall strong").first).not_to_have_text(before)
    expect(page.locator(".wall-chosen")).to_have_text("only response NXDOMAIN")
    expect(page.locator(".wall-volume")).to_contain_text("per 20 s")
    assert page.url == asked


def test_a_page_that_does_not_find_back_is_loaded_anew(chromium: Browser, made_server: str) -> None:
    with visitor(chromium) as context:
        page = context.new_page()
        page.clock.install()
        opened(page, f"{made_server}/?wall&every=2")
        loads: list[Page] = []
        page.on("load", lambda loaded: loads.append(loaded))
        # The server is well, and yet nothing comes: as when the websocket is not taken up again.
        page.evaluate("() => { window.WebSocket.prototype.send = () => {}; }")
        for _ in range(40):
            if not loads:
                page.clock.run_for(5_000)
                page.wait_for_timeout(50)
        assert loads
        expect(page.locator(".clock")).to_have_attribute("data-state", "live")


def test_named_views_take_turns(page: Page) -> None:
    views = '{"All <b>": "range=15m", "Failures": "range=4h&response=NXDOMAIN"}'
    with serve("still", ZEEK_LIVE_WALL_VIEWS=views, ZEEK_LIVE_WALL_SECONDS="5") as url:
        opened(page, f"{url}/?wall&every=1")
        name, volume = page.locator(".clock em"), page.locator(".wall-volume")
        for said, per in (("All <b>", "per 20 s"), ("Failures", "per 5 minutes")):
            expect(name).to_have_text(said)
            expect(volume).to_contain_text(per)
        assert page.url == f"{url}/?wall&every=1"
