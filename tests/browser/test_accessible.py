"""Everybody can read it, in both themes, and reach it without a mouse."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.test_clicks import params, until

AXE = Axe()
PATHS = [
    "", "?wall=", "domains", "hosts", "host?host={host}", "records", "health", "lookup",
    "?at=1&every=60", "?from={hour}:00Z&to={hour}:59Z&every=0",
    "?domain=-google.com&type=A&focus=host:{host}&range=7h",
]  # fmt: skip
"""Every page, of a time of one's own that is never drawn again by itself, and with filters, a focus
and a problem."""
KNOWN = {
    # Vega draws the two rectangles of a brush by itself and takes no description for them.
    "svg-img-alt": {".brush_brush", ".brush_brush_bg"},
}
"""Of what others draw: what cannot be mended here."""


def settle(page: Page) -> None:
    """Wait until a page is drawn."""
    page.locator('[data-testid=stApp][data-test-script-state="notRunning"]').wait_for()
    page.locator("[data-testid=stDataFrame] canvas, .wall, .st-key-look-up-begin").first.wait_for()


def check(page: Page, *rules: str) -> None:
    """No serious fault, but for those that are known."""
    options = {"resultTypes": ["violations"], **({"runOnly": rules} if rules else {})}
    found = AXE.run(page, options=options).response["violations"]
    faults = [
        (each["id"], node["target"], node["failureSummary"])
        for each in found
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
        if node["target"][-1] not in KNOWN.get(each["id"], ())
    ]
    assert not faults, f"{page.url}: {faults}"


@pytest.fixture
def at_night(page: Page) -> Iterator[Callable[[], None]]:
    """Has the page's theme turn to dark, without its being loaded anew."""
    page.emulate_media(color_scheme="light")
    hues = "all => [...new Set(all.map((each) => each.getAttribute('fill')))]"
    texts = page.locator("svg.marks text")

    def turn() -> None:
        before = texts.evaluate_all(hues)
        page.emulate_media(color_scheme="dark")
        # What the server draws follows, also where it draws nothing again by itself.
        until(page, lambda: not before or not {*before} & {*texts.evaluate_all(hues)})
        settle(page)

    yield turn
    page.emulate_media(color_scheme="null")


def test_no_page_keeps_anybody_out(
    page: Page, still_server: str, at_night: Callable[[], None]
) -> None:
    hosts = page.request.get(f"{still_server}/api/hosts.json").json()["rows"]
    hour = f"{datetime.now(UTC) - timedelta(hours=1):%Y-%m-%dT%H}"
    for path in PATHS:
        page.emulate_media(color_scheme="light")
        page.goto(f"{still_server}/{path.format(host=hosts[0]['host'], hour=hour)}")
        settle(page)
        check(page)
        assert not nameless(page)
        at_night()
        check(page, "color-contrast")


def nameless(page: Page) -> list[str]:
    """Charts and tables that a screen reader cannot name, also once the page's script has run."""
    tries = 100
    while (found := nameless_now(page)) and (tries := tries - 1):
        page.wait_for_timeout(100)
    return found


def nameless_now(page: Page) -> list[str]:
    """The same at this moment."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll(".stVegaLiteChart, [data-testid=stDataFrame]")]
          .filter((each) => ![each, ...each.querySelectorAll("[aria-label], [aria-labelledby]")]
            .some((named) => named.getAttribute("aria-label") || named.ariaLabelledByElements))
          .map((each) => each.parentElement.className)"""
    )
    return found


OPENING = {
    "noise": "",
    "view": "?sort=-names",
    "export": "",
    "against": "",
    "more": "hosts",
    "actions": "?focus=type:A",
}
"""What opens, and on which page."""


@pytest.mark.parametrize("key", OPENING)
def test_what_opens_keeps_nobody_out(page: Page, still_server: str, key: str) -> None:
    page.emulate_media(color_scheme="light")
    page.goto(f"{still_server}/{OPENING[key]}")
    settle(page)
    page.locator(f".st-key-{key} button").first.click()
    page.locator("[data-testid=stPopoverBody], [role=menuitem]").first.wait_for()
    in_both_themes(page)


def in_both_themes(page: Page) -> None:
    """No serious fault of what is open now, nor, once it is night, of its colours."""
    check(page)
    colour = "(app) => getComputedStyle(app).backgroundColor"
    app = page.get_by_test_id("stApp")
    before = app.evaluate(colour)
    page.emulate_media(color_scheme="dark")
    until(page, lambda: app.evaluate(colour) != before)
    settle(page)
    opened = page.locator("[data-testid=stPopoverBody], [role=menu], [role=dialog]").first
    expect(opened).to_be_visible()
    check(page, "color-contrast")
    page.emulate_media(color_scheme="null")


def test_a_time_of_ones_own_keeps_nobody_out(page: Page, still_server: str) -> None:
    page.emulate_media(color_scheme="light")
    page.goto(still_server)
    settle(page)
    page.get_by_role("button", name="from–to").click()
    page.get_by_role("button", name="Show this time").wait_for()
    in_both_themes(page)


ACTIVE = """() => {
  let one = document.activeElement;
  while (one.shadowRoot && one.shadowRoot.activeElement) one = one.shadowRoot.activeElement;
  const group = one.closest("[role=radiogroup]");
  const keyed = one.closest("[class*=st-key-]");
  const key = [...(keyed ? keyed.classList : [])].find((name) => name.startsWith("st-key-"));
  return [(group || one).getAttribute("aria-label") || one.innerText || "", key || ""];
}"""
FRAME = [
    "Overview", "Domains", "Hosts", "Records", "Health", "Time range", "from–to", "Refresh every",
    "Pause", "Times in", "Search", "not domain: google[.]com", "Clear all", "Noise", "View",
    "Export",
]  # fmt: skip


def tab_to(page: Page, words: str, key: str = "") -> None:
    """Press Tab until what has these words, or lies within what has the key, has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        name, within = page.evaluate(ACTIVE)
        if words in name and (not key or within == f"st-key-{key}"):
            return
    raise AssertionError(f"{words or key} is not reached by the keyboard")


def test_tab_leads_to_every_control_of_the_frame_in_their_order(
    page: Page, still_server: str
) -> None:
    page.goto(f"{still_server}/?domain=-google.com&every=60")
    settle(page)
    for words in FRAME:
        tab_to(page, words)
    page.keyboard.press("Enter")
    page.locator("[data-testid=stPopoverBody]").wait_for()
    tab_to(page, "Domains as CSV")
    page.keyboard.press("Escape")


def test_a_row_is_chosen_filtered_and_let_go_by_keys(page: Page, still_server: str) -> None:
    page.goto(f"{still_server}/domains?every=60")
    settle(page)
    tab_to(page, "", "domains")
    page.keyboard.press("ArrowDown")
    until(page, lambda: "focus" in params(page))
    first = params(page)["focus"]
    page.keyboard.press("ArrowDown")
    until(page, lambda: params(page)["focus"] != first)
    domain = params(page)["focus"][0].removeprefix("domain:")
    expect(page.locator(".st-key-detail-head")).to_contain_text(domain)
    # What is drawn meanwhile gives the table the focus back, whose menus have a Copy as well.
    settle(page)
    # The old way of copying takes the focus, and has to give it back.
    page.evaluate("() => { Clipboard.prototype.writeText = () => Promise.reject(); }")
    tab_to(page, "Copy")
    page.keyboard.press("Enter")
    expect(page.get_by_text("copied").first).to_be_visible()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    until(page, lambda: params(page).get("domain") == [domain])
    page.reload()
    settle(page)
    tab_to(page, "", "chip-0")
    page.keyboard.press("Enter")
    until(page, lambda: "domain" not in params(page))


ACTIONS = ["Open", "Only this", "Not this", "Copy defanged", "Copy real", "Records", "Raw records"]


def choose(page: Page, words: str) -> None:
    """Press the arrow until the item that begins with these words has the focus, and Enter.

    A menu that is only opening takes some presses without moving.
    """
    for _ in range(3 * len(ACTIONS)):
        if page.evaluate(ACTIVE)[0].startswith(words):
            page.keyboard.press("Enter")
            return
        page.keyboard.press("ArrowDown")
        page.wait_for_timeout(50)
    raise AssertionError(f"{words} is not reached by the arrow")


def test_all_that_can_be_done_with_what_is_looked_at_is_reached_by_keys(
    page: Page, still_server: str
) -> None:
    host = page.request.get(f"{still_server}/api/hosts.json").json()["rows"][0]["host"]
    page.goto(f"{still_server}/?every=60&focus=host:{host}")
    settle(page)
    tab_to(page, "Actions", "actions")
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitem")).to_have_text(ACTIONS)
    expect(page.get_by_role("menuitem").first).to_have_attribute("data-focused", "true")
    choose(page, "Raw records")
    page.wait_for_url("**/lookup?*")
    until(page, lambda: params(page).get("host") == [host])


def open_first_menu(page: Page, table: str) -> None:
    """Go to the table's first row by keys, and open its menu."""
    settle(page)
    tab_to(page, "", table)
    page.keyboard.press("ArrowDown")
    until(page, lambda: "focus" in params(page))
    page.locator(".st-key-chip-focus").wait_for()
    settle(page)
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitem").first).to_be_focused()


TABLES = [
    ("?every=60", "new", "domain"),
    ("host?every=60&host={host}", "own", "domain"),
    ("records?every=60", "records", "name"),
]


@pytest.mark.parametrize(("path", "table", "field"), TABLES)
def test_enter_opens_a_rows_menu_and_keys_choose_from_it(
    page: Page, still_server: str, path: str, table: str, field: str
) -> None:
    hosts = page.request.get(f"{still_server}/api/hosts.json").json()["rows"]
    page.goto(f"{still_server}/{path.format(host=hosts[0]['host'])}")
    open_first_menu(page, table)
    choose(page, "Only")
    until(page, lambda: field in params(page))


def test_enter_opens_a_rows_menu_on_a_wide_screen_as_well(page: Page, still_server: str) -> None:
    """There the column of menus is as much wider as all the others."""
    page.set_viewport_size({"width": 1920, "height": 1080})
    hosts = page.request.get(f"{still_server}/api/hosts.json").json()["rows"]
    page.goto(f"{still_server}/host?every=60&host={hosts[0]['host']}")
    open_first_menu(page, "resolvers")


def test_a_hosts_own_page_is_opened_and_ranges_are_chosen_by_keys(
    page: Page, still_server: str
) -> None:
    page.goto(f"{still_server}/hosts?every=60")
    settle(page)
    tab_to(page, "Time range")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    until(page, lambda: "range" in params(page))
    host = page.request.get(f"{still_server}/api/hosts.json?range=15m").json()["rows"][0]["host"]
    # The way leads through the table, whose first row comes into focus, if it is not there yet.
    page.goto(f"{still_server}/hosts?every=60&range=15m&focus=host:{host}")
    settle(page)
    tab_to(page, "Open", "detail-open")
    page.keyboard.press("Enter")
    page.wait_for_url("**/host?*")


def test_rows_are_ranked_and_charts_become_tables_by_keys(page: Page, still_server: str) -> None:
    page.goto(f"{still_server}/?every=60")
    settle(page)
    tab_to(page, "View", "view")
    page.keyboard.press("Enter")
    # What is opened by keys has the focus.
    until(page, lambda: page.evaluate(ACTIVE)[1] == "st-key-charts")
    page.keyboard.press("Space")
    until(page, lambda: params(page).get("charts") == ["tables"])
    tab_to(page, "", "order")
    for key in ("ArrowDown", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    until(page, lambda: params(page).get("sort") == ["domains"])
    # Without an order it has none.
    page.locator(".st-key-way input:enabled").first.wait_for(state="attached")
    tab_to(page, "", "way")
    page.keyboard.press("ArrowLeft")
    until(page, lambda: params(page).get("sort") == ["-domains"])
    page.keyboard.press("Escape")
    settle(page)
    expect(page.locator("[data-testid=stVegaLiteChart]")).to_have_count(0)
    tab_to(page, "", "types-rows")
    page.keyboard.press("ArrowDown")
    until(page, lambda: params(page).get("focus", [""])[0].startswith("type:"))


FIGURES = {"nxdomain": ("records", "response=NXDOMAIN"), "hosts": ("hosts", "")}


@pytest.mark.parametrize("figure", FIGURES)
def test_a_figure_leads_to_what_it_counts_by_keys(
    page: Page, still_server: str, figure: str
) -> None:
    path, query = FIGURES[figure]
    page.goto(f"{still_server}/?every=60")
    settle(page)
    page.locator(f"button.traced[data-figure={figure}]").focus()
    # As a refresh does: other elements stand in its place then.
    page.evaluate("() => { const all = document.querySelector('.strip'); all.innerHTML += ''; }")
    until(page, lambda: page.evaluate("document.activeElement.dataset.figure") == figure)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{path}?*")
    assert query in page.url
