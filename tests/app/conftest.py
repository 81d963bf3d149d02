"""What the tests of pages share."""

from collections.abc import Iterator

import pytest

from pipeline import query
from tests.made import Made


@pytest.fixture
def made() -> Iterator[Made]:
    """A pipeline whose table is empty; it is the running one."""
    pipeline = Made()
    query.use(pipeline)
    yield pipeline
    pipeline.table.close()
