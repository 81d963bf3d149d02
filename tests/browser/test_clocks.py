"""Local times on the days on which clocks change, in a browser in Berlin."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import serve, visitor
from tests.browser.test_clicks import params, until

BERLIN = ZoneInfo("Europe/Berlin")
SPRING, AUTUMN = "2026-03-29", "2026-10-25"


@pytest.fixture(scope="module", params=[SPRING, AUTUMN])
def day(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """A day on which clocks change at 1:00 UTC, and a server with two hours of it."""
    with serve(request.param) as url:
        yield request.param, url


@pytest.fixture(scope="module")
def berlin(chromium: Browser) -> Iterator[Page]:
    """A laptop in Berlin."""
    with visitor(chromium, timezone_id="Europe/Berlin") as context:
        yield context.new_page()


def opened(page: Page, url: str, start: str, end: str) -> None:
    """Open a stretch of time, told in local time."""
    page.goto(f"{url}/?tz=local&every=60&from={start}:00Z&to={end}:00Z")
    page.locator(".st-key-volume svg.marks").wait_for()
    page.locator('[data-testid=stApp][data-test-script-state="notRunning"]').wait_for()


AXIS = """() => {
  const svg = document.querySelector(".st-key-volume svg.marks");
  const labels = [...svg.querySelectorAll(".role-axis-label text")].filter((each) =>
    /^\\d\\d:\\d\\d/.test(each.textContent) && getComputedStyle(each).opacity !== "0");
  const plot = svg.querySelector(".role-frame .background").getBoundingClientRect();
  return labels.map((each) => { const box = each.getBoundingClientRect();
    return [each.textContent, (box.left + box.width / 2 - plot.left) / plot.width]; });
}"""


def test_the_axis_says_the_local_time_of_each_place(berlin: Page, day: tuple[str, str]) -> None:
    date, url = day
    start, length = datetime.fromisoformat(f"{date}T00:00:00+00:00"), timedelta(hours=2)
    opened(berlin, url, f"{date}T00:00", f"{date}T02:00")
    labels = berlin.evaluate(AXIS)
    assert len(labels) >= 5
    for text, share in labels:
        near = start + round(length * share / timedelta(minutes=5)) * timedelta(minutes=5)
        assert abs(near - start - length * share) < timedelta(minutes=3)
        assert text[:5] == f"{near.astimezone(BERLIN):%H:%M}", labels


def test_a_time_that_is_submitted_as_it_was_stays_as_it_is(
    berlin: Page, day: tuple[str, str]
) -> None:
    date, url = day
    for start, end in (("00:10", "01:50"), ("00:50", "01:10"), ("01:10", "01:50")):
        opened(berlin, url, f"{date}T{start}", f"{date}T{end}")
        before = params(berlin)
        berlin.get_by_role("button", name="from–to").click()
        berlin.get_by_role("button", name="Show this time").click()
        berlin.locator('[data-testid=stApp][data-test-script-state="notRunning"]').wait_for()
        berlin.wait_for_timeout(500)
        found = params(berlin)
        for key in ("from", "to"):
            assert [datetime.fromisoformat(each) for each in found[key]] == [
                datetime.fromisoformat(each) for each in before[key]
            ]
        expect(berlin.locator(".problem")).to_have_text("")


def test_both_ends_say_their_clock_where_it_changes_between(
    berlin: Page, day: tuple[str, str]
) -> None:
    date, url = day
    said = {SPRING: "01:10 CET–03:50 CEST", AUTUMN: "02:10 CEST–02:50 CET"}[date]
    opened(berlin, url, f"{date}T00:10", f"{date}T01:50")
    expect(berlin.locator(".panel-title").first).to_contain_text(said)


def test_a_brush_over_the_hour_sets_the_time_under_it(berlin: Page, day: tuple[str, str]) -> None:
    date, url = day
    opened(berlin, url, f"{date}T00:00", f"{date}T02:00")
    berlin.wait_for_timeout(1_000)
    plot = berlin.locator(".st-key-volume svg.marks .role-frame .background").first.bounding_box()
    assert plot is not None
    y = plot["y"] + 40
    berlin.mouse.move(plot["x"] + plot["width"] * 0.4, y)
    berlin.mouse.down()
    berlin.mouse.move(plot["x"] + plot["width"] * 0.6, y, steps=8)
    berlin.mouse.up()
    until(berlin, lambda: not params(berlin)["from"][0].endswith("T00:00:00Z"))
    start, end = (datetime.fromisoformat(params(berlin)[key][0]) for key in ("from", "to"))
    middle = datetime.fromisoformat(f"{date}T01:00:00+00:00")
    assert abs(start - (middle - timedelta(minutes=12))) <= timedelta(minutes=3)
    assert abs(end - (middle + timedelta(minutes=12))) <= timedelta(minutes=3)
