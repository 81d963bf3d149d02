"""The strip's figures: the window, its complete part, the window before, and each bar."""

from dataclasses import replace
from datetime import timedelta

import pytest

from pipeline.figures import HOST, OVERVIEW, host_summary, place, summary
from pipeline.state import View
from pipeline.window import window
from tests.unit.dns_rows import T0, ByHand, Row

HOUR = View(range="1h", hidden=frozenset())
# The window is 13:00 to 14:00, complete up to 13:59, the one before 12:01 to 13:00.
ROWS = [
    Row(0, host="h0", domain="old.com", name="a.old.com"),
    Row(100, host="h1", domain="old.com", name="a.old.com", count=4, rtt=0.1),
    Row(200, host="h2", domain="b.com", name="a.b.com", count=4, response="NXDOMAIN"),
    Row(3600, host="h1", domain="old.com", name="a.old.com", count=3, rtt=0.2),
    Row(3700, host="h1", domain="new.com", name="x.new.com", count=3, response=None),
    Row(3700, host="h3", domain="new.com", name="y.new.com", count=2, response="NXDOMAIN"),
    Row(7199, host="h9", domain="last.com", name="last.com", count=8),
]
TABLE = ByHand(*ROWS)


@pytest.mark.parametrize(
    ("name", "value", "now", "before", "series"),
    [
        ("queries", 16, 8, 8, {0: 3, 1: 5}),
        ("hosts", 3, 2, 2, {0: 1, 1: 2}),
        ("domains", 3, 2, 2, {0: 1, 1: 1}),
        ("names", 4, 3, 2, {0: 1, 1: 2}),
        ("new_domains", 2, 1, 1, {1: 1}),
        ("nxdomain", 12.5, 25.0, 50.0, {1: 40.0}),
        ("no_response", 18.75, 37.5, 0.0, {1: 60.0}),
        ("rtt_ms", 200.0, 200.0, 100.0, {0: 200.0}),
    ],
)
def test_a_figure_has_its_value_what_is_compared_and_a_series(
    name: str, value: float, now: float, before: float, series: dict[int, float]
) -> None:
    figure = summary(TABLE, HOUR, (name,)).figures[name]
    assert (figure.value, figure.now, figure.before) == pytest.approx((value, now, before))
    assert figure.change == pytest.approx(now - before)
    assert figure.series == pytest.approx([series.get(bar, 0.0) for bar in range(59)])


def test_the_overview_has_seven_figures_in_their_order() -> None:
    assert tuple(summary(TABLE, HOUR).figures) == OVERVIEW


def test_queries_a_second_are_of_the_complete_part() -> None:
    seconds = 59 * 60
    found = summary(TABLE, HOUR)
    assert found.per_second == pytest.approx(8 / seconds)
    assert found.per_second_before == pytest.approx(8 / seconds)


def test_a_rate_is_of_the_time_of_which_records_are_kept() -> None:
    began = summary(ByHand(Row(3000, count=60), Row(3590)), replace(HOUR, range="15m"))
    assert window(ByHand(Row(3000), Row(3590)), replace(HOUR, range="15m")).seconds == 880
    assert began.per_second == pytest.approx(60 / 580)
    assert summary(ByHand(Row(3590)), HOUR).per_second is None


def test_without_a_whole_window_before_nothing_is_compared() -> None:
    found = summary(ByHand(*ROWS[3:]), HOUR)
    assert found.per_second_before is None
    assert all(figure.before is None for figure in found.figures.values())
    assert all(figure.change is None for figure in found.figures.values())


def test_no_rtt_measured_is_no_rtt() -> None:
    assert summary(ByHand(Row(0)), HOUR).figures["rtt_ms"].value is None


def test_before_the_first_record_no_figure_is_known_and_after_it_none_may_match() -> None:
    assert {each.value for each in summary(ByHand(), HOUR).figures.values()} == {None}
    figures = summary(TABLE, HOUR.only("host", "nobody")).figures
    assert figures["queries"].value == figures["hosts"].value == 0
    assert figures["nxdomain"].value is None


def test_a_hosts_figures_stand_beside_those_of_all_hosts() -> None:
    found = host_summary(TABLE, HOUR, "h1").figures
    assert tuple(found) == HOST
    beside = {name: figure.beside for name, figure in found.items()}
    assert beside == pytest.approx(
        {
            "queries": 6,
            "domains": 1,
            "names": 1,
            "new_domains": 1,
            "nxdomain": 12.5,
            "no_response": 18.75,
            "rtt_ms": 200.0,
        }
    )
    assert (found["queries"].value, found["domains"].value) == (6, 2)


def test_the_place_of_a_host_is_its_rank_by_queries() -> None:
    found = place(TABLE, HOUR, "host", "h1")
    assert (found.rank, found.of, found.queries) == (2, 3, 6)
    assert (found.first, found.last) == tuple(T0 + timedelta(seconds=s) for s in (3600, 3700))
    assert place(TABLE, HOUR, "host", "nobody").rank == 0


def test_the_place_is_among_all_hosts_also_when_one_is_filtered() -> None:
    assert place(TABLE, HOUR.only("host", "h1"), "host", "h1").of == 3


def test_figures_of_the_window_are_those_of_the_complete_part_once_it_is_over() -> None:
    span = window(TABLE, HOUR)
    later = ByHand(*ROWS, Row(9000))
    view = replace(HOUR, start=span.start, end=span.end)
    figure = summary(later, view).figures["queries"]
    assert figure.value == figure.now == 16
