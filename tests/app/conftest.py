"""What the tests of pages share."""

from collections.abc import Iterator

import pytest

from pages.shared import live
from pipeline import query
from tests.made import Made


@pytest.fixture(autouse=True)
def nothing_is_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test adds is on the page at once."""
    monkeypatch.setattr(live, "LONGEST_SHARED", 0.0)


@pytest.fixture
def made() -> Iterator[Made]:
    """A pipeline whose table is empty; it is the running one."""
    pipeline = Made()
    query.use(pipeline)
    yield pipeline
    pipeline.table.close()
