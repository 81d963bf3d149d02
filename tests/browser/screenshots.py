"""Pictures of every page: `python -m tests.browser.screenshots [folder] [--url URL] [--readme]`.

Without a URL, of a made-up network; `--readme` takes only the picture that the README shows.
"""

import argparse
import contextlib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.browser.conftest import ARGS, ROOT, serve

PAGES = ("overview", "domains", "hosts", "host", "health", "wall")
SIZES = ((1366, 768), (1366, 650), (1920, 1080))
THEMES = ("light", "dark")
LABELS = "10.20.0.53,dns-a\n10.20.0.54,dns-b\n10.20.8.0/24,office\n10.20.7.0/24,voip\n"
README = ROOT / "docs" / "overview.png"


def take(
    browser: Browser, url: str, name: str, file: Path, size: tuple[int, int], theme: str
) -> None:
    """One page in one size and theme."""
    width, height = size
    page = browser.new_page(
        viewport={"width": width, "height": height},
        color_scheme="dark" if theme == "dark" else "light",
        timezone_id="UTC",
    )
    page.goto(f"{url}/{'' if name == 'overview' else path_of(name, browser, url)}")
    page.locator(".panel-title, .empty, .wall").first.wait_for(timeout=60_000)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(4_000)
    page.screenshot(path=file)
    page.close()
    sys.stdout.write(f"{file}\n")


def path_of(name: str, browser: Browser, url: str) -> str:
    """A page's path; one host's page is that of the first host that the export lists."""
    if name == "wall":
        return "?wall"
    if name != "host":
        return name
    context = browser.new_context()
    rows = context.request.get(f"{url}/export/hosts.csv").text().splitlines()[1:]
    context.close()
    return f"host?host={rows[0].split(',')[0]}" if rows else "host"


@contextlib.contextmanager
def server(url: str | None, kind: str) -> Iterator[str]:
    """The server that was named, or one over a table made by hand, with labels."""
    if url:
        yield url
        return
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as labels:
        labels.write(LABELS)
        labels.flush()
        with serve(kind, ZEEK_LIVE_HOST_LABELS=labels.name) as made:
            yield made


def main() -> None:
    """Take them all, or the README's."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("screenshots"))
    parser.add_argument("--url", help="of a running dashboard")
    parser.add_argument("--made", default="growing", help="growing, still, empty, stopped")
    parser.add_argument("--readme", action="store_true")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    with server(options.url, options.made) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGS)
        if options.readme:
            README.parent.mkdir(exist_ok=True)
            take(browser, url, "overview", README, (1366, 768), "light")
            return
        for name in PAGES:
            for size in SIZES:
                for theme in THEMES:
                    file = options.folder / f"{name}-{theme}-{size[0]}x{size[1]}.png"
                    take(browser, url, name, file, size, theme)


if __name__ == "__main__":
    main()
