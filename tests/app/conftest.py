"""What the tests of pages share."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from pages.shared import live
from pipeline import query
from tests.conftest import ROOT
from tests.made import Made

# Each test's app would look through all installed packages for components anew.
manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)


@pytest.fixture(autouse=True)
def nothing_is_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test adds is on the page at once, and there is no browser that it is sent to."""
    monkeypatch.setattr(live, "LONGEST_SHARED", 0.0)
    monkeypatch.setattr(live, "SENDING", 0.0)


@contextmanager
def running(pipeline: Made) -> Iterator[Made]:
    """What the pages show meanwhile."""
    query.use(pipeline)
    yield pipeline
    pipeline.table.close()


@pytest.fixture
def made() -> Iterator[Made]:
    """A pipeline whose table is empty; it is the running one."""
    with running(Made()) as pipeline:
        yield pipeline


def session() -> AppTest:
    """A browser's, which has not asked for a page yet."""
    return AppTest.from_file(str(ROOT / "pages" / "frame.py"), default_timeout=60)


def drawn(page: str = "overview", **params: str | list[str]) -> AppTest:
    """A page with parameters in its URL."""
    app = session()
    for key, value in params.items():
        app.query_params[key] = value
    if page != "overview":
        app.switch_page(str(ROOT / "pages" / f"{page}.py"))
    app.run()
    assert not app.exception
    return app
