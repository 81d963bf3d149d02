"""Every number of 200 views by chance, held against SQL over the records themselves."""

import os
from dataclasses import replace
from itertools import product

import pytest

from pipeline.changes import changes
from pipeline.figures import summary
from pipeline.state import View
from pipeline.view import new_domains
from pipeline.window import window
from tests.unit import every, every_figure
from tests.unit.dns_rows import ByHand
from tests.unit.logged import HOSTS, by_hand, records
from tests.unit.random_views import random_view
from tests.unit.raw import Raw, micros

pytestmark = pytest.mark.usefixtures("known_domains")
VIEWS = [random_view(number) for number in range(int(os.environ.get("VIEWS", "200")))]

DOMAINS = sorted({each.domain for each in records()})


@pytest.fixture(scope="module")
def table() -> ByHand:
    return by_hand()


@pytest.fixture(scope="module")
def raw() -> Raw:
    return Raw(records())


def tables(table: ByHand, raw: Raw, view: View, host: str) -> None:
    every.check_rankings(table, raw, view)
    every.check_hidden(table, raw, view)


def bars(table: ByHand, raw: Raw, view: View, host: str) -> None:
    every.check_before(table, raw, view)
    every.check_top(table, raw, view)


def details(table: ByHand, raw: Raw, view: View, host: str) -> None:
    every.check_names(table, raw, view)
    every.check_new(table, raw, view)
    every.check_host(table, raw, view, host)
    every.check_records(table, raw, view)


def figures(table: ByHand, raw: Raw, view: View, host: str) -> None:
    every_figure.check_strip(table, raw, view)
    every_figure.check_host_strip(table, raw, view, host)
    every_figure.check_place(table, raw, view, "host", host)
    every_figure.check_place(table, raw, view, "domain", DOMAINS[len(view.filters)])


PANELS = (tables, bars, details, figures)


@pytest.mark.parametrize("number", range(len(VIEWS)))
def test_each_number_is_what_the_records_tell(table: ByHand, raw: Raw, number: int) -> None:
    view = VIEWS[number]
    every.check_volume(table, raw, view)
    every_figure.check_changes(table, raw, view)
    for panel in PANELS:
        panel(table, raw, view, HOSTS[number % len(HOSTS)])


def test_new_domains_are_first_seen_among_the_records_that_pass_the_filters(
    table: ByHand, raw: Raw
) -> None:
    """Not among all: what others asked for before is new to a host all the same."""
    told_apart = 0
    for host, kind in product(HOSTS, ("A", "AAAA", "TXT")):
        view = View(range="4h", hidden=frozenset()).only("host", host).only("type", kind)
        span = window(table, view)
        start, end = micros(span.start), micros(span.end)
        passed = f"SELECT * FROM records WHERE at < {end} AND host = '{host}' AND type = '{kind}'"
        first = f"SELECT domain FROM ({passed}) GROUP BY domain HAVING min(at) >= {start}"
        due = [row["domain"] for row in raw.ask(f"{first} ORDER BY domain")]
        found = new_domains(table, view, None, "domain")
        assert (found.of, found.rows["domain"].tolist()) == (len(due), due)
        assert summary(table, view, ("new_domains",)).figures["new_domains"].value == len(due)
        older = f"SELECT domain FROM records WHERE at < {start}"
        told_apart += raw.one(f"SELECT count(*) FROM ({first}) WHERE domain IN ({older})")
    assert told_apart >= 10


@pytest.mark.parametrize("vs", ["before", "day", "host"])
def test_either_side_of_what_changed_can_be_opened_to_the_bucket(table: ByHand, vs: str) -> None:
    """So that the records are as many as the number says."""
    compared = 0
    for view in (each for each in VIEWS if each.vs.startswith(vs)):
        found = changes(table, view, 1, view.vs)
        for start, end in filter(None, (found.whole, found.during)):
            span = window(table, replace(view, start=start, end=end))
            assert (span.start, span.end) == (start, end)
            compared += 1
    assert compared >= 40


def test_few_views_are_empty(table: ByHand, raw: Raw) -> None:
    spans = [window(table, view) for view in VIEWS]
    counts = [
        raw.one(f"SELECT count(*) FROM {raw.among(view, span.start, span.end)}")
        for view, span in zip(VIEWS, spans, strict=True)
    ]
    assert sum(map(bool, counts)) >= 0.8 * len(VIEWS)


@pytest.mark.parametrize("vs", ["before", "day", "host"])
def test_in_few_views_nothing_changed(table: ByHand, raw: Raw, vs: str) -> None:
    ours = [view for view in VIEWS if view.vs.startswith(vs)]
    found = [every_figure.due_changes(raw, view, window(table, view)) for view in ours]
    assert len(ours) >= len(VIEWS) // 3
    assert sum(map(bool, found)) >= 0.8 * len(ours)
