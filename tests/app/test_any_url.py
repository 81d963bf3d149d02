"""Whatever stands in a URL, every page is drawn, and says what it did not understand."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from pipeline.state import ALL_SORTS, FIELDS, LEVELS, NOISE, RANGES, READERS, from_params
from tests.app.conftest import drawn, running
from tests.made import Made, busy, network

TIMES = ["2026-01-01T00:00:00Z", "1970-01-01", "2200-12-31T23:59:59Z", "2026-03-29T02:30:00+02:00"]
VALUES = {
    "host": ["10.20.*", "-10.20.5.7"],
    "domain": ["google.com", "-google.com", "*.com"],
    "name": ["*.google.com", "www.*"],
    "type": ["A", "-TXT"],
    "response": ["NXDOMAIN", "no response", "other"],
    "resolver": ["8.8.8.8", "-10.20.0.*"],
    "range": [*RANGES],
    "from": TIMES,
    "to": TIMES,
    "show": ["all", "-all", *NOISE],
    "focus": ["host:10.20.5.7", "name:x", "domain:*.com", "type:A", "reason:not JSON", "response:"],
    "level": [*LEVELS],
    "n": ["1", "7", "all", "10000"],
    "sort": [sign + sort for sort in ALL_SORTS for sign in ("", "-")],
    "vs": ["day", "before", "host:10.20.5.7"],
    "tz": ["utc", "local"],
    "every": ["0", "1", "60"],
    "charts": ["drawn", "tables"],
    "names": ["defanged", "real"],
    "at": ["0", "1", "2", "9999"],
}
"""What each parameter may say; a wall, which has no pages, is not among them."""
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
STRAY = st.sampled_from(HOSTILE) | st.text(max_size=12)
PARAMS = st.fixed_dictionaries(
    {},
    optional={
        key: st.lists(st.sampled_from(values) | STRAY, min_size=1, max_size=2)
        for key, values in (VALUES | {"hots": HOSTILE, "\x00": HOSTILE}).items()
    },
)
HOST = network(seed=7).hosts[0]
"""That which asks most."""
PAGES = ["overview", "domains", "hosts", "host", "records", "lookup", "health"]


@pytest.fixture(scope="module")
def minute() -> Iterator[Made]:
    """A minute of a made-up network."""
    with running(busy(60)) as pipeline:
        yield pipeline


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
    assert {*FIELDS, *READERS} == {*VALUES, "wall"}
    params |= {"host": [HOST]} if has_host else {}
    session.query_params.clear()
    for key, values in params.items():
        session.query_params[key] = values
    session.run()
    assert not session.exception, (params, session.exception)
    _, problems = from_params(params)
    bodies = "".join(each.proto.body for each in session.get("html"))
    assert ('class="problem" title=""' in bodies) <= (not problems)
