"""What stands beside a panel's title can be read to its end on a laptop's screen."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import serve

CUT = """() => [...document.querySelectorAll(".panel-title > :is(b, span)")]
  .filter((each) => each.scrollWidth > each.clientWidth + 1)
  .map((each) => each.textContent)"""


@pytest.mark.parametrize("kind", ["still", "2018-03-24"])
def test_no_caption_of_the_overview_or_of_a_host_is_cut(page: Page, kind: str) -> None:
    with serve(kind) as url:
        rows = page.request.get(f"{url}/export/hosts.csv?n=1").text().splitlines()
        host = rows[1].split(",")[0]
        for path in ("", "?range=24h", f"host?host={host}", f"host?host={host}&range=24h"):
            page.goto(f"{url}/{path}")
            expect(page.locator(".panel-title").filter(has_text="What changed")).to_be_visible()
            assert page.evaluate(CUT) == []
