"""A page's main table uses what the screen has, and a laptop's screen as before."""

import pytest
from playwright.sync_api import Page, expect

from pages.shared.tables import height


@pytest.mark.parametrize(("name", "rows", "many"), [("domains", 18, 28), ("records", 22, 34)])
def test_a_main_table_has_as_many_rows_as_there_is_room_for(
    made_server: str, page: Page, name: str, rows: int, many: int
) -> None:
    page.goto(f"{made_server}/{name}")
    table = page.locator(f".st-key-tall-{name} .stDataFrame")
    expect(table).to_be_visible()
    for size, least in ((768, rows), (1080, many)):
        page.set_viewport_size({"width": 1366, "height": size})
        page.wait_for_timeout(500)
        canvas = table.locator("canvas").first.bounding_box()
        assert canvas
        assert height(least) - 3 <= canvas["height"] <= height(least + 1)
        below = page.locator(".stDataFrame").last.bounding_box()
        assert below
        assert size == 768 or below["y"] + below["height"] <= size
