"""What a page shows is of one moment, however long the table takes for each of its answers."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import serve

LOOK = """() => {
  const number = (text) => Number(text.match(/[0-9,]+/)[0].replaceAll(",", ""));
  const named = (kind, name) => [...document.querySelectorAll(kind)].find(
    (each) => each.firstElementChild.textContent.trim() === name);
  window.seen = [];
  setInterval(() => {
    const figure = named(".figure", "New domains").querySelector("strong").textContent;
    const caption = named(".panel-title", "New domains").querySelector("span").textContent;
    window.seen.push([number(figure), number(caption)]);
  }, 20);
}"""
"""Twenty milliseconds apart: what the strip says and what the last panel says of the same."""


def test_the_strip_and_the_last_panel_change_together(page: Page) -> None:
    with serve("laboured") as url:
        page.goto(f"{url}/?every=1")
        expect(page.locator(".panel-title").filter(has_text="New domains")).to_be_visible()
        page.evaluate(LOOK)
        page.wait_for_timeout(10_000)
        seen = page.evaluate("window.seen")
    assert len({figure for figure, _ in seen}) > 2, "the table grows while one looks"
    mixed = sum(figure != caption for figure, caption in seen)
    assert mixed < len(seen) / 5, f"{mixed} of {len(seen)} looks met two moments"
