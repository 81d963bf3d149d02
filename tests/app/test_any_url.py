"""Whatever stands in a URL, every page is drawn, and says what it did not understand."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from pipeline import query
from pipeline.state import FIELDS, LEVELS, NOISE, RANGES, READERS, SORTS, from_params
from tests.app.conftest import drawn
from tests.made import Made, busy, network

KEYS = (*FIELDS, *READERS)
HOSTILE = [
    "",
    "-",
    "*.",
    ".*",
    "\\",
    "%00",
    "\x00",
    "\u202e",
    "'; DROP TABLE x",
    "9" * 40,
    "a" * 2000,
]
PLAIN = [
    "1",
    "all",
    "google.com",
    "-google.com",
    "10.20.5.7",
    "10.20.*",
    "host:10.20.5.7",
    "name:x",
]
PLAIN += ["domain:*.com", "reason:not JSON", "2026-01-01T00:00:00Z", "2200-12-31T23:59:59Z", "day"]
PLAIN += [*RANGES, *LEVELS, *NOISE, *SORTS, *(f"-{sort}" for sort in SORTS), "tables", "local"]
TEXTS = st.sampled_from(PLAIN) | st.sampled_from(HOSTILE) | st.text(max_size=12)
PARAMS = st.dictionaries(
    # A wall has no pages.
    st.sampled_from([key for key in KEYS if key != "wall"]) | st.text(min_size=1, max_size=6),
    st.lists(TEXTS, min_size=1, max_size=2),
    max_size=6,
)
HOST = network(seed=7).hosts[0]
"""That which asks most."""
PAGES = ["overview", "domains", "hosts", "host", "records", "lookup", "health"]


@pytest.fixture(scope="module")
def minute() -> Iterator[Made]:
    """A minute of a made-up network."""
    pipeline = busy(60)
    query.use(pipeline)
    yield pipeline
    pipeline.table.close()


@pytest.fixture(scope="module", params=PAGES)
def session(minute: Made, request: pytest.FixtureRequest) -> AppTest:
    """One session on a page, that goes from URL to URL."""
    return drawn(request.param, host=HOST)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(params=PARAMS, has_host=st.booleans())
def test_any_query_string_whatsoever_gives_a_page(
    session: AppTest, params: dict[str, list[str]], has_host: bool
) -> None:
    params |= {"host": [HOST]} if has_host else {}
    session.query_params.clear()
    for key, values in params.items():
        session.query_params[key] = values
    session.run()
    assert not session.exception, (params, session.exception)
    _, problems = from_params(params)
    bodies = "".join(each.proto.body for each in session.get("html"))
    assert ('class="problem" title=""' in bodies) <= (not problems)
