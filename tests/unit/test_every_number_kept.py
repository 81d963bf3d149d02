"""The same numbers from the pipeline's own table, whose old rows are rolled up, or folded."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from pipeline import view as views
from pipeline.changes import changes
from pipeline.state import View
from pipeline.table import Table
from pipeline.window import window
from tests.unit import every, every_figure
from tests.unit.logged import HOSTS, SECOND, kept, records
from tests.unit.random_views import random_view
from tests.unit.raw import Raw, micros

pytestmark = pytest.mark.usefixtures("known_domains")
VIEWS = [replace(random_view(number, seed=5), at=None) for number in range(45)]
A_DAY_AGO = 600
"""Seconds of a bucket between six hours and three days old."""
FEW = 450
"""Rows that are too few: names, domains and hosts of some have to be folded."""


@pytest.fixture(scope="module")
def raw() -> Raw:
    return Raw(records())


@pytest.fixture(scope="module")
def rolled() -> Iterator[Table]:
    table = kept()
    yield table
    table.close()


@pytest.fixture(scope="module")
def folded() -> Iterator[Table]:
    table = kept(FEW)
    yield table
    table.close()


@pytest.mark.parametrize("number", range(len(VIEWS)))
def test_rolling_up_changes_no_number(rolled: Table, raw: Raw, number: int) -> None:
    view, host = VIEWS[number], HOSTS[number % len(HOSTS)]
    every.check_volume(rolled, raw, view)
    every_figure.check_changes(rolled, raw, view, A_DAY_AGO)
    [
        every.check_rankings,
        every.check_before,
        every.check_top,
        every.check_names,
        every.check_new,
        every.check_hidden,
        every_figure.check_strip,
    ][number % 7](rolled, raw, view)
    every.check_host(rolled, raw, view, host)


def test_the_table_is_rolled_up_and_its_yesterday_can_be_compared(rolled: Table) -> None:
    widths = rolled.read("SELECT DISTINCT width FROM dns_counts ORDER BY 1").to_pydict()["width"]
    assert widths == [10, 60, 600]
    for length in ("1h", "4h"):
        assert len(changes(rolled, View(range=length), vs="day").rows)


@pytest.mark.parametrize("number", range(0, len(VIEWS), 3))
def test_folding_changes_no_total_and_says_what_it_took(
    folded: Table, raw: Raw, number: int
) -> None:
    """Of any row only the bucket is sure to stay: filters on the rest are left away."""
    view = replace(VIEWS[number].unfiltered(), hidden=frozenset(), n=None)
    span = window(folded, view)
    among = raw.among(view, span.start, span.end)
    start, width = micros(span.start), span.bar * SECOND
    bars = raw.ask(f"SELECT (at - {start}) / {width} AS bar, count(*) AS n FROM {among} GROUP BY 1")
    drawn = views.volume(folded, view).groupby("bucket")["queries"].sum().to_dict()
    assert {(micros(at) - start) // width: many for at, many in drawn.items()} == {
        row["bar"]: row["n"] for row in bars
    }
    for by, listing in (
        ("host", views.hosts(folded, view, None)),
        ("name", views.domains(folded, view, "name", None)),
        ("type", views.types(folded, view, None)),
        ("resolver", views.resolvers(folded, view, None)),
    ):
        due = {row[by]: row["queries"] for row in every.measured(raw, among, by)}
        assert listing.rows["queries"].sum() + listing.folded == sum(due.values())
        assert all(many <= due[key] for key, many in listing.rows[[by, "queries"]].to_numpy())


def test_rows_are_folded_of_which_even_the_host_is_gone(folded: Table) -> None:
    view = View(range="all", hidden=frozenset())
    assert folded.read("SELECT max(folded) AS level FROM dns_counts").to_pylist()[0]["level"] >= 3
    assert 0 < views.hosts(folded, view).folded <= views.domains(folded, view, "name").folded
