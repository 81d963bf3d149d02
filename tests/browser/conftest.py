"""A real Chromium, and a server of pages over a table made by hand."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Error,
    Page,
    ViewportSize,
    expect,
    sync_playwright,
)

from tests.conftest import missing

ROOT = Path(__file__).parents[2]
ARGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
ONE_PROCESS = ["--renderer-process-limit=1", "--js-flags=--single-threaded"]
"""A tab draws by half the CPU seconds where another has compiled all scripts in its process."""

LAPTOP: ViewportSize = {"width": 1366, "height": 768}
PATIENCE = 60_000
"""Milliseconds: a machine that runs the other tests too may be slow."""
expect.set_options(timeout=PATIENCE)


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str, process: subprocess.Popen[bytes], seconds: float = 60) -> None:
    """Return once `url` answers; fail when the process ends before, or the time does."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert process.poll() is None, f"the server ended with {process.returncode}"
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"{url} did not answer within {seconds} s")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, without a network of its own."""
    path = shutil.which("chromium")
    if path is None:
        missing("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGS + ONE_PROCESS)
        yield browser
        browser.close()


def start(port: int, kind: str, **environment: str) -> subprocess.Popen[bytes]:
    """`made_dashboard.py` over a table of that kind, not waited for."""
    script = str(ROOT / "tests" / "browser" / "made_dashboard.py")
    command = [sys.executable, "-m", "streamlit", "run", script, f"--server.port={port}"]
    env = {**os.environ, "MADE": kind, **environment}
    return subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL)


@contextmanager
def serve(kind: str, **environment: str) -> Iterator[str]:
    """The address of `made_dashboard.py` while it serves a table of that kind."""
    port = free_port()
    process = start(port, kind, **environment)
    try:
        wait_for(f"http://127.0.0.1:{port}/_stcore/health", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        end(process)


def end(process: subprocess.Popen[bytes], seconds: float = 60) -> None:
    """SIGTERM, and where that is not enough SIGKILL, which fails."""
    process.terminate()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise


@pytest.fixture(scope="session")
def made_server() -> Iterator[str]:
    """Two hours of a made-up network, and a few records more every second."""
    with serve("growing") as url:
        yield url


@pytest.fixture(scope="session")
def still_server() -> Iterator[str]:
    """Two hours of a made-up network, and nothing new."""
    with serve("still") as url:
        yield url


def visitor(chromium: Browser, **more: Any) -> BrowserContext:
    """One on a laptop who was never here: no history, no cookies."""
    context = chromium.new_context(viewport=LAPTOP, **{"timezone_id": "UTC", **more})
    context.set_default_timeout(PATIENCE)
    return context


@pytest.fixture(scope="session")
def kept_page(chromium: Browser) -> Iterator[Page]:
    """One that is kept: the same is drawn there by less than half of a new one's CPU seconds."""
    with visitor(chromium) as context:
        yield context.new_page()


@pytest.fixture
def page(kept_page: Page) -> Iterator[Page]:
    """The page that is kept, for tests that leave nothing behind: no listener, script or route."""
    yield kept_page
    leave(kept_page)
    kept_page.set_viewport_size(LAPTOP)
    kept_page.mouse.move(0, 0)


@pytest.fixture
def new_page(kept_page: Page) -> Iterator[Page]:
    """A tab of its own beside that page, with listeners, scripts and routes as a test likes."""
    yield kept_page.context.new_page()
    for each in kept_page.context.pages[1:]:
        leave(each)
        each.close()
    kept_page.context.unroute_all()


def leave(page: Page) -> None:
    """Nothing is remembered, and nothing goes on."""
    page.evaluate("try { localStorage.clear(); sessionStorage.clear() } catch {}")
    # Of the same site: for another, the process would end, and all that it has compiled.
    with suppress(Error):
        page.goto(urljoin(page.url, "/_stcore/health"))
    page.context.clear_cookies()
    page.context.clear_permissions()
