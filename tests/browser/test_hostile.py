"""Hostile names from a real broker in a real browser: text everywhere, and nothing else."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from playwright.sync_api import Page, Request, expect

from pipeline.export import VIEWS
from pipeline.names import is_hidden, shown
from pipeline.state import MAX_FILTERS, Filter
from tests.app.surfaces import csv_holds, json_holds, plain
from tests.browser.conftest import PATIENCE
from tests.browser.test_clicks import click_cell, until
from tests.hostile import NAMES, ONE_OF_EACH, as_counted
from tests.server import Server

TOPIC = "dns-hostile"
A_GROUP = 10
"""Names of one host: as many as the chart of an overview has bars."""
MANY = 30
"""Records that are no chance where there were none."""
GROUPS = [NAMES[at : at + A_GROUP] for at in range(0, len(NAMES), A_GROUP)]


def lines() -> Iterator[str]:
    """Each name as asked by a host of its group, as every other text, and as a broken line."""
    now = time.time()
    for place, name in enumerate(NAMES):
        common = {"ts": now, "uid": name, "query": name, "id.resp_h": "10.0.0.53"}
        answer = {"qtype_name": "A", "rcode_name": "NOERROR", "rtt": 0.01, "AA": False}
        yield json.dumps(common | answer | {"id.orig_h": f"10.0.1.{place // A_GROUP}"})
        texts = dict.fromkeys(("id.orig_h", "id.resp_h", "qtype_name", "rcode_name"), name)
        texts |= {name: name} if name in ONE_OF_EACH else {}
        yield json.dumps(common | texts | {"answers": [name], "AA": False})
        yield "not JSON: " + name
        if name in ONE_OF_EACH:
            # In the quarter of an hour before the last, and never since.
            gone = json.dumps(common | texts | {"ts": now - 1_200, "AA": False})
            yield from [gone] * MANY
    for ago in [2_400, *[600] * MANY * len(ONE_OF_EACH)]:
        yield json.dumps({"ts": now - ago, "query": NAMES[0], "id.orig_h": "10.0.2.1"})


@pytest.fixture(scope="module")
def hostile(broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A dashboard that has read all hostile names from a topic."""
    admin = AdminClient({"bootstrap.servers": broker})
    admin.create_topics([NewTopic(TOPIC, 1, 1)])[TOPIC].result(30)
    producer = Producer({"bootstrap.servers": broker})
    for line in lines():
        producer.produce(TOPIC, line)
    assert producer.flush(30) == 0
    folder = tmp_path_factory.mktemp("hostile")
    with Server(folder, kafka_servers=broker, kafka_topics=TOPIC, start="earliest") as server:
        server.wait_for_records(2 * len(NAMES) + 2 * MANY * len(ONE_OF_EACH) + 1)
        yield server


LOOK = """() => {
  const texts = [], links = [], media = [];
  const walk = (root) => {
    for (const node of root.querySelectorAll("*")) {
      if (node.shadowRoot) walk(node.shadowRoot);
      if (["SCRIPT", "STYLE", "NOSCRIPT"].includes(node.tagName)) continue;
      for (const child of node.childNodes)
        if (child.nodeType === Node.TEXT_NODE) texts.push(child.data);
      for (const name of ["title", "aria-label", "aria-roledescription", "alt", "placeholder"])
        if (node.hasAttribute(name)) texts.push(node.getAttribute(name));
      if (node.matches("input, textarea")) texts.push(node.value);
      if (node.matches("a[href], area[href]")) links.push(node.href);
      for (const url of [node.src, node.data, node.poster, node.action])
        if (typeof url === "string" && url) media.push(url);
    }
  };
  walk(document);
  const row = document.querySelector(".st-key-row2").getBoundingClientRect();
  return { texts, links, media, title: document.title,
    scripts: document.querySelectorAll("body script, body style, body link, base, meta").length,
    made: document.querySelectorAll("main marquee, main iframe, main video, main form:not(.stForm)")
      .length,
    wide: document.documentElement.scrollWidth > innerWidth, frame: Math.round(row.bottom) };
}"""


GO = """async (to) => {
  const app = document.querySelector("[data-testid=stApp]");
  const drawn = new Promise((done) => {
    let began = false;
    new MutationObserver((_, watch) => {
      const runs = app.dataset.testScriptState === "running";
      if (began && !runs) { watch.disconnect(); done(); }
      began = began || runs;
    }).observe(app, { attributes: true });
  });
  history.pushState({}, "", to);
  dispatchEvent(new PopStateEvent("popstate"));
  await drawn;
}"""
"""As Back does: without a new document."""
SCROLL = """async (grid) => {
  const scroller = grid.querySelector(".dvn-scroller"), seen = new Set();
  const later = (wait) => new Promise((done) => setTimeout(done, wait));
  const all = (what) => [...grid.querySelectorAll(`canvas ${what}`)];
  const first = () => all("th").map((each) => each.getAttribute("aria-colindex")).join();
  while (!grid.querySelector("canvas table")) await later(50);
  const rows = Number(grid.querySelector("canvas table").getAttribute("aria-rowcount")) - 1;
  const page = Math.max(1, Math.floor((scroller.clientHeight - 33) / 26) - 1);
  const furthest = Math.max(0, scroller.scrollWidth - scroller.clientWidth);
  for (let left = 0; ; left = Math.min(left + 300, furthest)) {
    for (let at = 0; at < rows; at += page) {
      scroller.scrollTop = at * 26;
      const last = `tr[aria-rowindex="${Math.min(at + page, rows) + 1}"]`;
      for (let tries = 0; !grid.querySelector(`canvas ${last}`); tries++) {
        if (tries > 400) throw new Error(`no ${last} of ${rows} rows`);
        await later(50);
      }
      all("td, th").forEach((cell) => seen.add(cell.textContent));
    }
    if (left >= furthest) return [...seen];
    const before = first();
    scroller.scrollLeft = Math.min(left + 300, furthest);
    for (let tries = 0; first() === before && tries < 20; tries++) await later(50);
  }
}"""
"""A grid draws on a canvas, and beside it a table of what can be seen, for screen readers."""


class Watch:
    """A page, what it asked for, and what it opened."""

    def __init__(self, page: Page, server: Server) -> None:
        self.page, self.here = page, f"127.0.0.1:{server.port}"
        self.asked: set[str] = set()
        self.opened: list[str] = []
        self.frame = 0
        page.on("request", lambda request: self.asked.add(host(request)))
        page.on("dialog", lambda dialog: self.opened.append(dialog.message))
        page.on("popup", lambda popup: self.opened.append(popup.url))

    def go(self, path: str) -> None:
        """Open a page and wait until all of it is drawn."""
        self.page.goto(f"http://{self.here}/{path}")
        self.settle()

    def change(self, path: str) -> None:
        """Go there within the same document."""
        self.page.evaluate(GO, f"/{path}")
        self.settle()

    def settle(self) -> None:
        """Wait until the script has run and charts and tables are there."""
        self.page.locator('[data-testid=stApp][data-test-script-state="notRunning"]').wait_for()
        # A widget whose script is still being fetched is a grey bar, and higher than what comes.
        self.page.wait_for_function(
            """() => !document.querySelector("[data-testid=stSkeleton]") &&
              [...document.querySelectorAll("[data-testid=stDataFrame]")]
              .every((each) => each.querySelector("canvas"))"""
        )

    def look(self) -> list[str]:
        """All texts on the page; nothing on it may be more than that."""
        seen: dict[str, Any] = self.page.evaluate(LOOK)
        hidden = [text for text in seen["texts"] if any(map(is_hidden, text.strip("\n")))]
        assert not hidden, ascii(hidden)
        assert {urlsplit(url).netloc for url in seen["links"]} <= {self.here}
        assert all(url.isascii() for url in seen["links"])
        urls = [url for url in seen["media"] if not url.startswith(("data:image/", "blob:"))]
        assert {urlsplit(url).netloc for url in urls} <= {self.here}, urls
        assert seen["title"] in TITLES
        assert not seen["wide"], self.page.url
        self.frame = self.frame or seen["frame"]
        assert seen["frame"] == self.frame, self.page.url
        assert not self.opened
        assert self.asked <= {self.here, ""}
        return list(seen["texts"])


TITLES = {"Overview", "Domains", "Hosts", "Host", "Records", "Lookup", "Health", "Zeek DNS"}


def host(request: Request) -> str:
    """Whom a request asks, empty where it asks nobody."""
    url = urlsplit(request.url)
    return url.netloc if url.scheme in ("http", "https", "ws", "wss") else ""


@pytest.fixture
def page(new_page: Page) -> Page:
    """A new one: it is listened to."""
    return new_page


@pytest.fixture
def watch(hostile: Server, page: Page) -> Watch:
    """The page, watched."""
    return Watch(page, hostile)


HOVER = """(chart) => [...chart.querySelectorAll(".mark-rect path")].map((bar) => {
  const box = bar.getBoundingClientRect();
  const at = { bubbles: true, clientX: box.x + box.width / 2, clientY: box.y + box.height / 2 };
  for (const kind of ["pointerover", "pointermove", "mouseover", "mousemove"])
    bar.dispatchEvent(new PointerEvent(kind, at));
  const tip = document.querySelector("#vg-tooltip-element.visible td.value");
  return tip ? tip.innerText : "";
})"""
"""The mouse over each bar: what stands first in its tooltip."""


def cells(watch: Watch, key: str) -> set[str]:
    """All cells of a table, which has to be scrolled through."""
    found = watch.page.locator(f".st-key-{key} [data-testid=stDataFrame]").evaluate(SCROLL)
    plain(found)
    return set(found)


def all_cells(watch: Watch) -> set[str]:
    """Those of all tables of the page, which has at least one."""
    found, grids = set(), watch.page.get_by_test_id("stDataFrame")
    grids.first.wait_for()
    for grid in grids.all():
        found |= set(grid.evaluate(SCROLL))
    plain(found)
    return found


def counted(names: list[str], limit: int = 255) -> set[str]:
    """What is to be seen of names."""
    return {shown(as_counted(name), limit) for name in names}


def test_every_page_shows_every_name_and_does_nothing_else(watch: Watch) -> None:
    watch.go("domains?level=name&n=all&every=60")
    watch.look()
    assert counted(NAMES) <= cells(watch, "domains")
    watch.change("hosts?n=all&every=60")
    watch.look()
    assert {shown(name) for name in NAMES} <= cells(watch, "hosts")
    for path in ("", "domains?level=tld", "host?host=10.0.1.3", "records?n=all", "health"):
        watch.go(f"{path}{'&' if '?' in path else '?'}every=60")
        watch.look()
        found = all_cells(watch)
        assert path != "records?n=all" or counted(NAMES) <= found
        assert path != "host?host=10.0.1.3" or counted(GROUPS[3]) <= found
        download(watch)


def test_every_kind_of_name_is_text_in_what_changed_and_on_a_wall(watch: Watch) -> None:
    watch.go("?range=15m&n=all&every=60")
    watch.look()
    assert {shown(name) for name in ONE_OF_EACH} <= cells(watch, "changes")
    watch.page.goto(f"http://{watch.here}/?wall&range=15m")
    expect(watch.page.locator(".wall-changes tr")).to_have_count(6)
    does_nothing(watch)


def does_nothing(watch: Watch) -> None:
    """A wall holds its own tags and nothing else."""
    assert watch.page.title() == "Zeek DNS"
    assert watch.page.locator(".wall img, .wall a, .wall script, .clock img").count() == 0
    assert not watch.opened
    assert watch.asked <= {watch.here, ""}


def test_what_zeek_wrote_is_text_whatever_its_fields_are_called(watch: Watch) -> None:
    watch.go("lookup?range=5m&show=all&every=60")
    watch.page.get_by_role("button", name="Read", exact=True).click()
    head = watch.page.locator(".st-key-raw-head")
    expect(head).to_contain_text("all of that time was read", timeout=2 * PATIENCE)
    # The whole page is drawn once more when all is read.
    watch.page.get_by_role("button", name="Read again").wait_for()
    wanted = {shown(name) for name in NAMES} | {shown(name, 60) for name in ONE_OF_EACH}
    until(watch.page, lambda: wanted <= all_cells(watch))
    watch.look()


def download(watch: Watch) -> None:
    """Each file that a page offers."""
    watch.page.locator(".st-key-export button").first.click()
    links = watch.page.get_by_role("link", name="as CSV")
    links.first.wait_for()
    for link in links.all():
        with watch.page.expect_download() as kept:
            link.click()
        rows = csv_holds(kept.value.path().read_text(encoding="utf-8"), True)
        # These names have come all at once: there is no time before to compare with.
        assert rows or "changes" in kept.value.suggested_filename
    watch.look()
    watch.page.keyboard.press("Escape")


def test_every_name_is_text_in_a_chart_and_in_its_tooltip(watch: Watch) -> None:
    watch.go("?level=name&every=60")
    for place, names in enumerate(GROUPS):
        watch.change(f"?level=name&every=60&host=10.0.1.{place}")
        until(watch.page, lambda names=names: are_bars(watch, names))
        assert set(hover(watch)) == {name.strip() for name in counted(names)}
        watch.look()


def are_bars(watch: Watch, names: list[str]) -> bool:
    """Whether the chart has the names for labels; Vega cuts what is too wide."""
    labels = watch.page.locator(".st-key-top svg .role-axis-label text").all_text_contents()
    # Vega trims what it draws.
    whole = tuple(name.strip() for name in counted(names, 32))
    cut = [label.removesuffix("…") for label in labels]
    return len(labels) == len(names) and all(any(map(startswith(each), whole)) for each in cut)


def startswith(start: str) -> Callable[[str], bool]:
    """Whether a text begins so."""
    return lambda text: text.startswith(start)


def hover(watch: Watch) -> list[str]:
    """The name in the tooltip of each bar."""
    names = watch.page.locator(".st-key-top svg.marks").evaluate(HOVER)
    return [name.strip() for name in names]


LOOKED_AT = [as_counted(name) for name in ONE_OF_EACH]
WORDS = ("evil", "pay", "<", "![", "http", ":red", "=", "'", "*", "xn--", "l")


def test_a_name_that_is_looked_at_is_text_in_chip_detail_menu_and_search(watch: Watch) -> None:
    watch.go("domains?level=name&every=60")
    for first, other in zip(LOOKED_AT[::2], [*LOOKED_AT[1::2], LOOKED_AT[0]], strict=True):
        words = [
            f"name={quote(Filter('name', each).to_text(), safe='')}" for each in (first, other)
        ]
        watch.change(f"domains?level=name&every=60&focus=name%3A{words[0][5:]}&{'&'.join(words)}")
        watch.look()
        copy_real(watch, first)
        open_menu(watch)
    search = watch.page.get_by_role("combobox", name="Search")
    for word in WORDS:
        search.fill(word)
        until(watch.page, lambda word=word: are_completed(watch, word))
        watch.look()


def test_every_name_is_text_in_a_chip(watch: Watch) -> None:
    watch.go("hosts?every=60")
    for at in range(0, len(NAMES), MAX_FILTERS):
        names = [as_counted(name) for name in NAMES[at : at + MAX_FILTERS]]
        left_out = [Filter("name", name, exclude=True).to_text() for name in names]
        watch.change("hosts?every=60&" + "&".join(f"name={quote(each)}" for each in left_out))
        watch.page.locator(".st-key-chips-more button").first.click()
        chips = watch.page.locator("[class*=st-key-chip-]")
        expect(chips).to_have_count(len({*left_out}))
        watch.look()
        watch.page.keyboard.press("Escape")


def are_completed(watch: Watch, word: str) -> bool:
    """Whether what is offered goes on from the word."""
    offered = watch.page.get_by_role("option").all_text_contents()
    return bool(offered) and all(word in text.lower() for text in offered)


def copy_real(watch: Watch, name: str) -> None:
    """The popover with the real value, in which all of it can be seen."""
    watch.page.locator(".st-key-more button").first.click()
    code = watch.page.locator("[data-testid=stCode]").first
    expect(code).to_have_text(shown(name))
    watch.look()
    watch.page.keyboard.press("Escape")


def open_menu(watch: Watch) -> None:
    """The menu of the table's first row."""
    click_cell(watch.page, "domains", 0, x=-24)
    watch.page.get_by_role("menuitem").first.wait_for()
    watch.look()
    watch.page.keyboard.press("Escape")


@pytest.mark.parametrize("names", ["real", "defanged"])
def test_every_export_is_text(hostile: Server, names: str) -> None:
    for what in VIEWS:
        for path, holds in ((f"export/{what}.csv", csv_holds), (f"api/{what}.json", json_holds)):
            status, text = hostile.get(f"/{path}?n=all&level=name&names={names}")
            assert status == 200
            assert holds(text, names == "defanged") or what == "changes", path


def test_every_name_arrives(hostile: Server) -> None:
    rows = json_holds(hostile.get("/api/names.json?n=all")[1], False)
    assert {row["name"] for row in rows} == counted(NAMES, 1000)


def test_a_wall_shows_new_names_as_text(page: Page, hostile: Server) -> None:
    watch = Watch(page, hostile)
    page.goto(f"http://{watch.here}/?wall&range=all&show=all&domain=-{quote(NAMES[0])}")
    expect(page.locator(".wall-new tr")).to_have_count(6)
    does_nothing(watch)
