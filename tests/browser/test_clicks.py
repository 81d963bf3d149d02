"""What an analyst does with a mouse, in a real browser."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Literal
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, FloatRect, Locator, Page, expect

from tests.browser.conftest import serve, visitor

HEADER, ROW = 33, 26


def params(page: Page) -> dict[str, list[str]]:
    """The URL's parameters."""
    return parse_qs(urlsplit(page.url).query)


def until(page: Page, holds: Callable[[], bool]) -> None:
    """Wait until it holds, looking as often as the browser draws."""
    for _ in range(600):
        if holds():
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"it does not hold at {page.url}")


def click_cell(page: Page, key: str, row: int, x: float = 40) -> None:
    """Click a cell of a table, `row` -1 being its header; x from the left, or from the right."""
    grid = page.locator(f".st-key-{key} [data-testid=stDataFrame]")
    grid.locator("canvas").first.wait_for()
    box = grid.bounding_box()
    assert box is not None
    y = HEADER + ROW * (row + 0.5) if row >= 0 else HEADER / 2
    # As a hand does it: a grid that the mouse was not over a moment ago takes no click.
    page.mouse.move(box["x"] + (x if x > 0 else box["width"] + x), box["y"] + y, steps=5)
    page.wait_for_timeout(300)
    page.mouse.down()
    page.wait_for_timeout(80)
    page.mouse.up()


def box_of_chart(page: Page, key: str) -> FloatRect:
    """Where a chart stands, once it is drawn and in sight."""
    chart = page.locator(f".st-key-{key} canvas.marks, .st-key-{key} svg.marks").first
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    assert box is not None
    return box


def test_a_domain_and_its_hosts_lead_to_each_other_by_one_click_each(
    page: Page, made_server: str
) -> None:
    page.goto(f"{made_server}/domains")
    click_cell(page, "domains", 1)
    until(page, lambda: params(page).get("focus", [""])[0].startswith("domain:"))
    domain = params(page)["focus"][0].removeprefix("domain:")
    expect(page.locator(".st-key-detail-head")).to_contain_text(domain)
    click_cell(page, "askers", 0)
    until(page, lambda: params(page)["focus"][0].startswith("host:10.20."))
    click_cell(page, "peers", 0)
    until(page, lambda: params(page)["focus"][0].startswith("domain:"))
    page.go_back()
    until(page, lambda: params(page)["focus"][0].startswith("host:"))
    page.go_back()
    until(page, lambda: params(page)["focus"] == [f"domain:{domain}"])
    page.go_back()
    until(page, lambda: "focus" not in params(page))
    page.go_forward()
    until(page, lambda: params(page).get("focus") == [f"domain:{domain}"])
    expect(page.locator(".st-key-detail-head")).to_contain_text(domain)
    page.reload()
    expect(page.locator(".st-key-detail-head")).to_contain_text(domain)
    assert params(page)["focus"] == [f"domain:{domain}"]


def test_a_refresh_gives_the_charts_new_rows_and_draws_none_anew(
    page: Page, made_server: str
) -> None:
    page.goto(f"{made_server}/?every=2&range=5m")
    drawn, numbers = page.locator("svg.marks"), page.locator(".st-key-top svg.marks text")
    expect(drawn).to_have_count(3)
    drawn.evaluate_all("all => all.forEach((each) => (each.dataset.there = 'before'))")
    before = numbers.all_text_contents()
    until(page, lambda: numbers.all_text_contents() != before)
    assert drawn.evaluate_all("all => all.map((each) => each.dataset.there)") == ["before"] * 3


def test_a_bar_shows_who_asks_beside_it_until_it_is_let_go(page: Page, made_server: str) -> None:
    page.goto(made_server)
    chart = page.locator(".st-key-top svg.marks, .st-key-top canvas.marks").first
    chart.wait_for()
    box = chart.bounding_box()
    assert box is not None
    titles = page.locator(".panel-title b")
    page.mouse.move(box["x"] + 160, box["y"] + 17, steps=5)
    page.mouse.click(box["x"] + 160, box["y"] + 17, delay=80)
    expect(titles.filter(has_text="Hosts that ask for kq3vx8w1.top")).to_be_visible()
    page.locator(".st-key-chip-focus button").first.click()
    until(page, lambda: "focus" not in params(page))
    expect(titles.filter(has_text="Hosts that ask")).to_have_count(0)


def test_a_row_menu_opens_the_hosts_own_page_and_back_returns(page: Page, made_server: str) -> None:
    page.goto(f"{made_server}/hosts?range=15m")
    click_cell(page, "hosts", 2, x=-24)
    page.get_by_role("menuitem").filter(has_text="Open").click()
    page.wait_for_url("**/host?*")
    host = params(page)["host"][0]
    expect(page.locator(".host-name")).to_contain_text(host)
    assert params(page)["range"] == ["15m"]
    page.go_back()
    page.wait_for_url("**/hosts?range=15m")


def test_a_header_ranks_either_way_and_is_marked_after_a_reload(
    page: Page, made_server: str
) -> None:
    page.goto(f"{made_server}/hosts")
    for sort in ("domains", "-domains", "domains", "-domains"):
        click_cell(page, "hosts", -1, x=255)
        until(page, lambda sort=sort: params(page).get("sort") == [sort])
        page.locator('[data-testid=stApp][data-test-script-state="notRunning"]').wait_for()
        # To leave a table is not to click its header.
        page.keyboard.press("Escape")
        page.wait_for_timeout(500)
        assert params(page).get("sort") == [sort]
    page.reload()
    header = page.locator(".st-key-hosts [data-testid=stDataFrame] thead th")
    expect(header.filter(has_text="Domains")).to_have_text("↑ Domains")
    assert [each for each in header.all_text_contents() if "↓" in each] == []


def test_a_header_ranks_beside_a_row_and_a_row_that_was_closed_opens_again(
    page: Page, made_server: str
) -> None:
    page.goto(f"{made_server}/hosts?every=60")
    for _ in range(2):
        click_cell(page, "hosts", 2)
        until(page, lambda: "focus" in params(page))
        for sort in ("domains", "-domains"):
            click_cell(page, "hosts", -1, x=255)
            until(page, lambda sort=sort: params(page).get("sort") == [sort])
        assert "focus" in params(page)
        page.locator(".st-key-chip-focus button").first.click()
        until(page, lambda: "focus" not in params(page))
        page.locator('[data-testid=stApp][data-test-script-state="notRunning"]').wait_for()
    click_cell(page, "hosts", -1, x=255)
    until(page, lambda: params(page).get("sort") == ["domains"])
    assert "focus" not in params(page)


def test_a_header_that_ranks_leaves_the_order_when_the_level_changes(
    page: Page, made_server: str
) -> None:
    page.goto(f"{made_server}/domains")
    click_cell(page, "domains", -1)
    until(page, lambda: params(page).get("sort") == ["domain"])
    page.get_by_role("radio", name="TLD").click()
    until(page, lambda: params(page).get("level") == ["tld"])
    page.wait_for_timeout(3_000)
    assert params(page).get("sort") == ["domain"]


def test_every_tables_header_ranks_on_the_server_but_not_by_a_label(
    page: Page, made_server: str
) -> None:
    page.set_viewport_size({"width": 1366, "height": 1200})
    page.goto(f"{made_server}/?every=60")
    click_cell(page, "resolvers", -1, x=105)
    click_cell(page, "new", -1, x=265)
    until(page, lambda: params(page).get("sort") == ["queries"])


def test_a_name_leads_to_its_resolvers_by_one_click(page: Page, made_server: str) -> None:
    page.goto(f"{made_server}/domains?every=60&focus=domain:microsoft.com")
    click_cell(page, "names", 0)
    until(page, lambda: params(page)["focus"][0].startswith("name:"))
    expect(page.locator(".st-key-detail-head")).to_contain_text(params(page)["focus"][0][5:])


def test_the_end_of_a_header_ranks_as_well_and_opens_no_menu_of_its_own(
    page: Page, still_server: str
) -> None:
    for x, sort in ((178, "-queries"), (200, "-queries"), (650, "last")):
        page.goto(f"{still_server}/hosts?every=60")
        click_cell(page, "hosts", -1, x=x)
        until(page, lambda sort=sort: params(page).get("sort") == [sort])
    expect(page.get_by_role("menuitem").filter(visible=True)).to_have_count(0)


def test_a_menu_filters_and_a_chip_clears_it(page: Page, made_server: str) -> None:
    page.goto(f"{made_server}/domains")
    click_cell(page, "domains", 1, x=-24)
    page.get_by_role("menuitem").filter(has_text="Not").click()
    until(page, lambda: params(page).get("domain", [""])[0].startswith("-"))
    page.locator(".st-key-chips button").first.click()
    until(page, lambda: "domain" not in params(page))


def test_resolvers_and_new_domains_filter_by_their_menus(page: Page, made_server: str) -> None:
    page.set_viewport_size({"width": 1366, "height": 1200})
    page.goto(made_server)
    click_cell(page, "resolvers", 1, x=-24)
    page.get_by_role("menuitem").filter(has_text="Not").click()
    until(page, lambda: params(page).get("resolver", [""])[0].startswith("-"))
    click_cell(page, "new", 0, x=-24)
    page.get_by_role("menuitem").filter(has_text="Only").click()
    until(page, lambda: len(params(page).get("domain", [])) == 1)


def test_search_words_become_filters(page: Page, made_server: str) -> None:
    page.goto(made_server)
    box = page.get_by_role("combobox", name="Search")
    box.fill("type:txt -domain:google.com")
    box.press("Enter")
    until(page, lambda: params(page) == {"type": ["TXT"], "domain": ["-google.com"]})
    expect(page.locator(".st-key-chips")).to_contain_text("not domain: google[.]com")


def test_a_word_is_completed_from_the_table_by_keyboard_and_by_mouse(
    page: Page, made_server: str
) -> None:
    page.goto(made_server)
    box, found = page.get_by_role("combobox", name="Search"), page.get_by_role("option")
    box.fill("-micros")
    expect(found).to_have_text(["-domain:microsoft.com"])
    box.press("ArrowDown")
    box.press("Enter")
    until(page, lambda: params(page) == {"domain": ["-microsoft.com"]})
    box.fill("resp")
    expect(found).to_have_text(["response:"])
    found.first.click()
    found.filter(has_text="NXDOMAIN").click()
    until(page, lambda: params(page).get("response") == ["NXDOMAIN"])
    box.fill("port:53")
    box.press("Enter")
    expect(page.locator(".problem")).to_contain_text("port: is no field; there are host, domain")


def test_a_brush_over_the_volume_sets_the_time(page: Page, made_server: str) -> None:
    page.goto(f"{made_server}/?every=60")
    box = box_of_chart(page, "volume")
    page.wait_for_timeout(1_000)
    page.mouse.move(box["x"] + 300, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 420, box["y"] + 60, steps=8)
    page.mouse.up()
    until(page, lambda: {"from", "to"} <= set(params(page)))
    start, end = (datetime.fromisoformat(params(page)[key][0]) for key in ("from", "to"))
    assert timedelta(minutes=5) < end - start < timedelta(minutes=12)
    # Of the chart that is drawn then, nothing is chosen yet.
    brush = page.locator(".st-key-volume .brush_brush path")
    shapes = "all => all.map((each) => each.getAttribute('d'))"
    until(page, lambda: brush.evaluate_all(shapes) == ["M0,0h0v0h0Z"])
    page.go_back()
    until(page, lambda: "from" not in params(page))


def test_raw_records_and_health_are_ranked_by_their_headers_and_a_records_host_is_opened(
    page: Page, still_server: str
) -> None:
    page.goto(f"{still_server}/health?every=60")
    click_cell(page, "reasons", -1, x=20)
    until(page, lambda: params(page).get("sort") == ["reason"])
    page.goto(f"{still_server}/lookup?every=60")
    page.get_by_role("button", name="Read").click()
    click_cell(page, "raw", -1, x=600)
    until(page, lambda: params(page).get("sort") == ["uid"])
    page.locator('[data-testid=stApp][data-test-script-state="notRunning"]').wait_for()
    page.keyboard.press("Escape")
    page.wait_for_timeout(500)
    click_cell(page, "raw", -1, x=600)
    until(page, lambda: params(page).get("sort") == ["-uid"])
    page.go_back()
    until(page, lambda: params(page).get("sort") == ["uid"])
    # So few columns are spread over the page.
    click_cell(page, "raw", 0, x=-130)
    page.get_by_role("menuitem").filter(has_text="Open host").click()
    page.wait_for_url("**/host?*")
    assert params(page)["host"] == ["10.20.1.7"]


def test_a_menu_copies_and_leads_to_the_records_of_its_row(page: Page, made_server: str) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{made_server}/domains")
    for item, copied in (("Copy m", "microsoft[.]com"), ("Copy real", "microsoft.com")):
        click_cell(page, "domains", 1, x=-24)
        page.get_by_role("menuitem").filter(has_text=item).click()
        until(page, lambda copied=copied: clipboard(page) == copied)
    click_cell(page, "domains", 1, x=-24)
    page.get_by_role("menuitem").filter(has_text=re.compile("^Records of")).click()
    page.wait_for_url("**/records?*")
    assert params(page) == {"domain": ["microsoft.com"]}


def test_a_cell_of_a_record_narrows_nothing_and_its_menu_shows_its_host_around_it(
    page: Page, made_server: str
) -> None:
    page.goto(f"{made_server}/records?type=A&response=NXDOMAIN")
    click_cell(page, "records", 0, x=120)
    until(page, lambda: "focus" in params(page))
    host = params(page)["focus"][0].removeprefix("host:")
    kept = {"type": ["A"], "response": ["NXDOMAIN"], "focus": [f"host:{host}"]}
    assert params(page) == kept
    click_cell(page, "records", 0, x=400)
    until(page, lambda: params(page)["focus"][0].startswith("name:"))
    click_cell(page, "records", 0, x=-24)
    page.get_by_role("menuitem").filter(has_text=re.compile("^Around")).click()
    until(page, lambda: {"from", "to", "host", "focus"} == set(params(page)))


def test_on_a_hosts_page_a_resolver_leads_to_another_host_that_asks_it(
    page: Page, made_server: str
) -> None:
    page.set_viewport_size({"width": 1366, "height": 1200})
    host = page.request.get(f"{made_server}/api/hosts.json").json()["rows"][0]["host"]
    page.goto(f"{made_server}/host?host={host}&every=60")
    click_cell(page, "resolvers", 1)
    until(page, lambda: params(page).get("focus", [""])[0].startswith("resolver:"))
    resolver = params(page)["focus"]
    titles = page.locator(".panel-title b")
    expect(titles.filter(has_text=f"Hosts that ask {resolver[0][9:]}")).to_be_visible()
    expect(titles.filter(has_text=f"Names asked of {resolver[0][9:]}")).to_be_visible()
    asked = f"host/hosts.json?host={host}&focus={resolver[0]}"
    first = page.request.get(f"{made_server}/api/{asked}").json()["rows"][0]["host"]
    click_cell(page, "askers", int(first == host))
    until(page, lambda: params(page)["host"] != [host] and params(page)["focus"] == resolver)
    page.go_back()
    until(page, lambda: params(page)["host"] == [host])


def test_what_changed_leads_to_its_records_of_the_time_before(page: Page, made_server: str) -> None:
    page.goto(f"{made_server}/?every=60&range=15m&vs=before")
    click_cell(page, "changes", 0)
    until(page, lambda: "focus" in params(page))
    field, _, value = params(page)["focus"][0].partition(":")
    click_cell(page, "changes", 0, x=-24)
    page.get_by_role("menuitem").filter(
        has_text=re.compile("^Records of .*the time before")
    ).click()
    page.wait_for_url("**/records?*")
    assert params(page)[field] == [value]
    assert {"from", "to"} <= set(params(page))


def test_the_button_copies_where_the_browser_has_no_clipboard_interface(
    page: Page, made_server: str
) -> None:
    page.context.grant_permissions(["clipboard-read"])
    page.goto(f"{made_server}/domains?focus=domain:google.com")
    page.evaluate("() => { Clipboard.prototype.writeText = () => Promise.reject(); }")
    page.get_by_role("button", name="Copy", exact=True).click()
    until(page, lambda: clipboard(page) == "google[.]com")


def clipboard(page: Page) -> str:
    return str(page.evaluate("navigator.clipboard.readText()"))


def test_each_of_many_filters_is_read_and_cleared_at_the_width_of_a_laptop(
    page: Page, made_server: str
) -> None:
    domains = [f"-a{number}.example" for number in range(8)]
    asked = "&".join(f"domain={each}" for each in domains)
    page.goto(f"{made_server}/?{asked}&focus=host:10.20.0.53&every=60")
    row = page.locator(".st-key-row2")
    for part in (
        row.get_by_role("button", name="Clear all", exact=True),
        page.locator(".st-key-chip-focus button").first,
        page.locator(".st-key-actions button").first,
    ):
        expect(part).to_be_visible()
        assert uncut(part)
    page.locator(".st-key-chips-more button").first.click()
    more = page.locator(".st-key-more-chips [class*=st-key-chip-]")
    expect(row.locator("[class*=st-key-chip-]").first).to_contain_text("a0[.]example")
    expect(more.last).to_contain_text("a7[.]example")
    expect(more).to_have_count(7)
    more.last.get_by_role("button").first.click()
    until(page, lambda: params(page)["domain"] == domains[:-1])


def uncut(part: Locator) -> bool:
    """Whether nothing covers it or cuts it off."""
    return bool(part.evaluate(
        """(it) => { const box = it.getBoundingClientRect();
        return [box.left + 2, box.right - 2].every((x) => {
          const top = document.elementFromPoint(x, (box.top + box.bottom) / 2);
          return it.contains(top); }); }"""
    ))  # fmt: skip


def test_a_segment_of_the_volume_comes_into_focus_and_may_then_filter(
    page: Page, made_server: str
) -> None:
    page.goto(f"{made_server}/?every=60&range=4h&domain=kq3vx8w1.top")
    box = box_of_chart(page, "volume")
    page.wait_for_timeout(1_000)
    bar = page.locator(".st-key-volume svg.marks .mark-rect.role-mark[class$=_1_marks] path").first
    segment = bar.bounding_box()
    assert segment is not None
    assert segment["y"] >= box["y"]
    x, y = segment["x"] + segment["width"] / 2, segment["y"] + segment["height"] / 2
    page.mouse.move(x, y, steps=5)
    page.mouse.click(x, y, delay=80)
    until(page, lambda: params(page).get("focus") == ["response:NXDOMAIN"])
    page.locator(".st-key-actions button").first.click()
    page.get_by_text("Only this", exact=True).click()
    until(page, lambda: params(page).get("response") == ["NXDOMAIN"])
    assert "from" not in params(page)


def test_a_bar_of_types_comes_into_focus_and_may_then_filter(page: Page, made_server: str) -> None:
    page.goto(f"{made_server}/?every=60")
    box = box_of_chart(page, "types")
    page.mouse.move(box["x"] + 70, box["y"] + 17, steps=5)
    page.mouse.click(box["x"] + 70, box["y"] + 17, delay=80)
    until(page, lambda: params(page).get("focus") == ["type:A"])
    page.get_by_role("button", name="Actions").click()
    page.get_by_role("menuitem", name="Not this").click()
    until(page, lambda: params(page).get("type") == ["-A"] and "focus" not in params(page))


@pytest.mark.parametrize(("path", "part"), [("?every=1", ".strip"), ("?wall&every=1", ".wall")])
def test_a_hidden_tab_asks_for_nothing_until_it_is_seen_again(
    new_page: Page, made_server: str, path: str, part: str
) -> None:
    asked: list[object] = []
    new_page.on("websocket", lambda socket: socket.on("framesent", lambda sent: asked.append(sent)))
    new_page.on("request", lambda request: asked.append(request.url))
    new_page.goto(f"{made_server}/{path}")
    strip = new_page.locator(part)
    before = strip.text_content()
    until(new_page, lambda: strip.text_content() != before)
    hide = """(hidden) => {
      Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
      document.dispatchEvent(new Event("visibilitychange")); }"""
    new_page.evaluate(hide, True)

    def is_quiet() -> bool:
        many = len(asked)
        new_page.wait_for_timeout(6_000)
        return len(asked) == many

    assert any(is_quiet() for _ in range(4)), asked[-5:]
    kept = strip.text_content()
    new_page.evaluate(hide, False)
    until(new_page, lambda: strip.text_content() != kept)
    expect(new_page.locator(".clock")).to_contain_text("live")


SLOW = """(() => { const Fast = window.WebSocket;
  window.WebSocket = class extends Fast {
    addEventListener(what, tell) {
      const late = (told) => setTimeout(() => tell(told), 1200);
      super.addEventListener(what, what === "message" ? late : tell);
    }
  }; })()"""
"""Each word of the server comes late: panels are asked for before the last change is known."""


def test_a_click_before_the_last_one_is_answered_does_not_undo_it(
    new_page: Page, made_server: str
) -> None:
    new_page.add_init_script(SLOW)
    new_page.goto(f"{made_server}/?every=60")
    new_page.locator('[data-testid=stApp][data-test-script-state="notRunning"]').wait_for()
    new_page.get_by_role("radio", name="5m", exact=True).click()
    new_page.get_by_role("button", name="Export").click()
    new_page.get_by_text("real", exact=True).click()
    until(new_page, lambda: {"range", "names"} <= set(params(new_page)))
    new_page.wait_for_timeout(3_000)
    expect(new_page.get_by_role("radio", name="5m", exact=True)).to_be_checked()
    # One step, where the second came before the first was heard; else two.
    new_page.go_back()
    new_page.wait_for_timeout(3_000)
    if "range" in params(new_page):
        new_page.go_back()
    until(new_page, lambda: "range" not in params(new_page))
    expect(new_page.get_by_role("radio", name="1h")).to_be_checked()


def test_pause_keeps_the_numbers_and_counts_what_came_since(
    new_page: Page, made_server: str
) -> None:
    new_page.add_init_script(SLOW)
    new_page.goto(f"{made_server}/?every=1")
    queries = new_page.locator(".figure strong").first
    before = queries.inner_text()
    until(new_page, lambda: queries.inner_text() != before)
    new_page.get_by_role("button", name="Pause").click()
    expect(new_page.get_by_role("button", name="Resume")).to_be_visible()
    expect(new_page.locator(".clock")).to_contain_text(re.compile("paused, [1-9]"))
    new_page.locator('[data-testid=stApp][data-test-script-state="notRunning"]').wait_for()
    kept = queries.inner_text()
    seen = set()
    for _ in range(40):
        new_page.wait_for_timeout(100)
        seen.add(queries.inner_text())
    assert seen == {kept}
    assert "at" in params(new_page)
    new_page.get_by_role("button", name="Resume").click()
    until(new_page, lambda: queries.inner_text() != kept)


def test_a_paused_url_shows_another_browser_the_same(
    page: Page, chromium: Browser, made_server: str
) -> None:
    page.goto(f"{made_server}/?every=1&range=15m&domain=-google.com")
    queries = page.locator(".figure strong").first
    queries.wait_for()
    page.get_by_role("button", name="Pause").click()
    until(page, lambda: "at" in params(page))
    page.locator('[data-testid=stApp][data-test-script-state="notRunning"]').wait_for()
    # On a busy machine what was on its way is drawn after the button.
    page.wait_for_timeout(2_000)
    kept = page.locator(".strip").text_content()
    other = chromium.new_page()
    for each in (other, page):
        each.goto(page.url)
        each.locator(".figure strong").first.wait_for()
        assert each.locator(".strip").text_content() == kept
    other.close()


def test_two_quick_clicks_both_count(new_page: Page) -> None:
    with serve("slow") as url:
        new_page.add_init_script(SLOW)
        new_page.goto(f"{url}/?every=5")
        new_page.locator("[data-testid=stDataFrame] canvas").last.wait_for()
        # The second comes while the first is heard, which takes this server half a second.
        new_page.get_by_role("button", name="Pause").click()
        new_page.get_by_role("radio", name="15m").click()
        until(new_page, lambda: {"at", "range"} <= set(params(new_page)))


def test_a_row_that_is_clicked_while_another_order_is_drawn_is_the_one_that_was_seen(
    new_page: Page,
) -> None:
    # Long enough for a second click on a busy machine.
    with serve("laboured", MADE_LABOUR="0.5") as url:
        new_page.goto(f"{url}/hosts?every=60")
        first = new_page.locator(".st-key-hosts [data-testid=stDataFrame] tbody tr td").first
        before = first.text_content()
        click_cell(new_page, "hosts", -1)
        click_cell(new_page, "hosts", 0)
        until(new_page, lambda: {"sort", "focus"} <= set(params(new_page)))
        assert params(new_page)["focus"] == [f"host:{before}"]
        until(new_page, lambda: first.text_content() != before)


def stands_still(page: Page) -> bool:
    """Whether a second changes nothing of the page's height."""
    tall = "document.querySelector('.stMainBlockContainer').scrollHeight"
    before = page.evaluate(tall)
    page.wait_for_timeout(1000)
    return bool(page.evaluate(tall) == before)


def test_a_refresh_moves_nothing_and_draws_nothing_anew(page: Page, made_server: str) -> None:
    page.goto(f"{made_server}/?every=1")
    queries = page.locator(".figure strong").first
    expect(page.locator("[data-testid=stDataFrame]")).to_have_count(4)
    expect(page.locator(".stVegaLiteChart")).to_have_count(3)
    page.locator("[data-testid=stDataFrame] canvas").last.wait_for()
    # Charts and tables come in one after the other.
    until(page, lambda: stands_still(page))
    page.evaluate(
        """() => { window.gone = 0; window.heights = new Set();
        const watch = new MutationObserver((all) => all.forEach((one) =>
          one.removedNodes.forEach((node) => { if (node.querySelector &&
            (node.matches("canvas") || node.querySelector("canvas"))) window.gone += 1; })));
        watch.observe(document.body, { subtree: true, childList: true });
        const tall = () => document.querySelector(".stMainBlockContainer").scrollHeight;
        setInterval(() => window.heights.add(tall()), 20); }"""
    )
    for _ in range(3):
        before = queries.inner_text()
        until(page, lambda before=before: queries.inner_text() != before)
    assert page.evaluate("[window.gone, window.heights.size]") == [0, 1]


def test_a_refresh_leaves_the_page_and_its_tables_where_they_were_scrolled_to(
    page: Page, made_server: str
) -> None:
    page.set_viewport_size({"width": 1366, "height": 500})
    page.goto(f"{made_server}/hosts?every=1&n=100")
    numbers = page.locator(".st-key-hosts [data-testid=stDataFrame] td")
    page.locator("[data-testid=stDataFrame] canvas").last.wait_for()
    until(page, lambda: stands_still(page))
    scrolled = """() => [document.querySelector(".stMain"),
      document.querySelector(".st-key-hosts .dvn-scroller")]"""
    page.evaluate(f"() => ({scrolled})().forEach((each) => {{ each.scrollTop = 130; }})")
    tops = f"() => ({scrolled})().map((each) => each.scrollTop)"
    for _ in range(3):
        before = numbers.all_text_contents()
        until(page, lambda before=before: numbers.all_text_contents() != before)
        assert page.evaluate(tops) == [130, 130]


def test_every_control_is_in_the_url_for_back_forward_reload_and_a_second_browser(
    new_page: Page, chromium: Browser, still_server: str
) -> None:
    page = new_page
    page.goto(f"{still_server}/domains")
    page.locator(".st-key-resolvers canvas").first.wait_for()
    until(page, lambda: stands_still(page))
    began, far = whole(page), page.evaluate("history.length")
    for steps, (param, act) in enumerate(CONTROLS.items(), 1):
        page.locator('[data-testid=stApp][data-test-script-state="notRunning"]').wait_for()
        act(page)
        until(page, lambda param=param: param in params(page))
        assert page.evaluate("history.length") == far + steps, page.url
    chosen, kept = params(page), whole(page)
    assert kept != began
    for way, due, shown in ((-steps, {}, began), (steps, chosen, kept)):
        page.evaluate("way => history.go(way)", way)
        until(page, lambda due=due: params(page) == due)
        until(page, lambda shown=shown: whole(page) == shown)
    page.reload()
    with visitor(chromium) as context:
        other = context.new_page()
        other.goto(page.url)
        for each in (page, other):
            until(each, lambda each=each: whole(each) == kept)
            stand_as_chosen(each)


@pytest.mark.parametrize(
    ("path", "act"),
    [
        ("domains", lambda page: click_cell(page, "domains", 1)),
        ("hosts?sort=domains", lambda page: click_cell(page, "hosts", 1)),
        ("records", lambda page: click_cell(page, "records", 1, 300)),
        ("health", lambda page: click_cell(page, "reasons", 0)),
        ("?charts=drawn", lambda page: click_bar(page, "types")),
        ("?level=name", lambda page: click_bar(page, "top")),
        ("domains?level=name", lambda page: open_row(page, "domains", 1)),
        ("domains?focus=domain:google.com", lambda page: press("Domains", "button")(page)),
    ],
)
def test_what_was_clicked_leads_there_again_once_one_has_gone_back(
    new_page: Page, still_server: str, path: str, act: Callable[[Page], None]
) -> None:
    page = new_page
    page.goto(f"{still_server}/{path}")
    until(page, lambda: stands_still(page))
    before = page.url
    far = page.evaluate("history.length")
    seen = set()
    for _ in range(2):
        act(page)
        until(page, lambda: page.url != before)
        seen.add(page.url)
        assert page.evaluate("history.length") == far + 1
        page.locator('[data-testid=stApp][data-test-script-state="notRunning"]').wait_for()
        page.go_back()
        until(page, lambda: page.url == before)
        until(page, lambda: stands_still(page))
    assert len(seen) == 1


def click_bar(page: Page, key: str) -> None:
    """Click the first bar of a chart."""
    box = box_of_chart(page, key)
    page.mouse.move(box["x"] + 160, box["y"] + 17, steps=5)
    page.mouse.click(box["x"] + 160, box["y"] + 17, delay=80)


def open_row(page: Page, key: str, row: int) -> None:
    """Open what a row stands for, by its menu."""
    click_cell(page, key, row, x=-24)
    page.get_by_role("menuitem").filter(has_text="Open").click()


def test_a_row_that_stands_where_another_was_clicked_is_another(
    new_page: Page, still_server: str
) -> None:
    page = new_page
    page.goto(f"{still_server}/hosts?every=60")
    click_cell(page, "hosts", 2)
    until(page, lambda: "focus" in params(page))
    first = params(page)["focus"]
    click_cell(page, "hosts", -1, x=255)
    until(page, lambda: "sort" in params(page))
    until(page, lambda: stands_still(page))
    click_cell(page, "hosts", 2)
    until(page, lambda: params(page)["focus"] != first)


def open_and_choose(popover: str, text: str | re.Pattern[str]) -> Callable[[Page], None]:
    """Choose what says this, in a popover that is closed again."""

    def act(page: Page) -> None:
        page.locator(f".st-key-{popover} button").first.click()
        page.get_by_text(text, exact=True).click()
        page.keyboard.press("Escape")

    return act


def select(label: str, text: str) -> Callable[[Page], None]:
    """Choose this of a list."""

    def act(page: Page) -> None:
        page.get_by_role("combobox", name=re.compile(label)).click()
        page.get_by_role("option", name=text, exact=True).click()

    return act


def press(name: str, role: Literal["radio", "button"] = "radio") -> Callable[[Page], None]:
    """Press what is called so."""
    return lambda page: page.get_by_role(role, name=name, exact=True).click()


def search(page: Page) -> None:
    """Hosts of one network only."""
    box = page.get_by_role("combobox", name="Search")
    box.fill("host:10.20.*")
    box.press("Enter")


CONTROLS: dict[str, Callable[[Page], None]] = {
    "range": press("15m"),
    "tz": press("Local"),
    "level": press("Name"),
    "n": select("Rows", "first 50"),
    "host": search,
    "show": open_and_choose("noise", re.compile(r"Hide \.local")),
    "charts": open_and_choose("view", "Charts as tables"),
    "names": open_and_choose("export", "real"),
    "sort": lambda page: click_cell(page, "domains", -1),
    "focus": lambda page: click_cell(page, "domains", 2),
    "every": select("Refresh every", "60 s"),
    "at": press("Pause", "button"),
}
"""By the parameter that each writes: what somebody does to it on Domains."""


def stand_as_chosen(page: Page) -> None:
    """Every control says what was chosen of CONTROLS."""
    for name in ("15m", "Local", "Name"):
        expect(page.get_by_role("radio", name=name, exact=True)).to_be_checked()
    for label, text in (("Refresh every", "60 s"), ("Rows", "first 50")):
        box = page.get_by_role("combobox", name=re.compile(label))
        assert text in (box.input_value(), box.inner_text())
    expect(page.locator(".st-key-chips")).to_contain_text("host: 10[.]20.*")
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    for popover, role, name, is_on in (
        ("noise", "switch", re.compile(r"Hide \.local"), False),
        ("view", "switch", "Charts as tables", True),
        ("export", "radio", "real", True),
    ):
        page.locator(f".st-key-{popover} button").first.click()
        expect(page.get_by_role(role, name=name)).to_be_checked(checked=is_on)
        page.keyboard.press("Escape")


def whole(page: Page) -> list[str]:
    """What all tables and titles of a page say; nothing until it is drawn."""
    page.locator('[data-testid=stApp][data-test-script-state="notRunning"]').wait_for()
    tables = page.locator("[data-testid=stDataFrame] :is(th, td)").all_text_contents()
    return tables and [*tables, *page.locator(".panel-title, .st-key-chips").all_text_contents()]


def test_the_frame_is_as_high_with_filters_and_an_unknown_parameter(
    page: Page, made_server: str
) -> None:
    def strip_top(query: str) -> float:
        page.goto(f"{made_server}/{query}")
        box = page.locator(".strip").bounding_box()
        assert box is not None
        return box["y"]

    plain = strip_top("")
    many = "&".join(f"domain=-a{number}.example" for number in range(20))
    assert strip_top(f"?{many}&range=7h") == plain


def test_noise_that_is_shown_again_is_in_the_url(page: Page, made_server: str) -> None:
    page.goto(made_server)
    page.locator(".st-key-noise button").first.click()
    page.get_by_text(re.compile(r"Hide \.local")).click()
    until(page, lambda: params(page).get("show") == ["local"])


def test_the_age_goes_on_by_the_second_and_back_with_each_answer(
    page: Page, made_server: str
) -> None:
    page.goto(made_server)
    expect(page.locator(".clock")).to_contain_text(" s ago")
    ages = page.locator(".clock").evaluate(
        """(clock) => new Promise((done) => { const ages = [];
        const timer = setInterval(() => {
          ages.push(parseInt((clock.textContent.match(/(\\d+) s ago/) || [0, "0"])[1]));
          if (ages.length === 70) { clearInterval(timer); done(ages); } }, 100); })"""
    )
    steps = [after - before for before, after in pairwise(ages)]
    assert min(steps) < 0, "the server's answers are not shown"
    assert max(steps) <= 2, "an older answer's clock runs beside the newer one's"


def test_the_browser_says_when_the_server_is_lost(chromium: Browser, made_server: str) -> None:
    with visitor(chromium) as context:
        page = context.new_page()
        page.goto(made_server)
        clock = page.locator(".clock")
        expect(clock).to_contain_text("live")
        context.set_offline(True)
        page.route("**/_stcore/health", lambda route: route.abort())
        expect(clock).to_contain_text("server lost")


def test_a_csv_of_what_is_on_the_screen_is_one_click_away(page: Page, made_server: str) -> None:
    page.goto(f"{made_server}/domains?domain=google.com")
    page.locator(".st-key-export button").first.click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Domains as CSV").click()
    lines = download.value.path().read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("domain,queries,share")
    assert [line.split(",")[0] for line in lines[1:]] == ["google[.]com"]
