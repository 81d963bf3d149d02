"""The stretch that a view covers lies on edges of the buckets that are kept."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from pipeline.state import View
from pipeline.window import Window, window
from tests.unit.dns_rows import T0, ByHand, Row, spread


def after(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def tiers(newest: int, oldest: int) -> list[Row]:
    """A row every width, as the roll-up leaves them: 10 s for 1 h, 60 s to 6 h, 600 s beyond."""
    rows = []
    at = newest // 10 * 10
    while at >= oldest:
        age = newest - at
        width = 10 if age < 3600 else 60 if age < 6 * 3600 else 600
        at = at // width * width
        rows.append(Row(at, width=width))
        at -= width if width > 10 else 100
    return rows


DAY = 86400
TABLE = ByHand(*tiers(2 * DAY + 4567, 0))
NEWEST = after((2 * DAY + 4567) // 10 * 10)


@pytest.mark.parametrize(
    ("range_", "bar", "bars"),
    [("5m", 10, 30), ("15m", 20, 45), ("1h", 60, 60), ("4h", 300, 48), ("24h", 1200, 72)],
)
def test_a_range_has_about_sixty_bars_of_a_round_width(range_: str, bar: int, bars: int) -> None:
    span = window(TABLE, View(range=range_))
    assert (span.bar, span.bars) == (bar, bars)


@pytest.mark.parametrize("seconds", [round(10 * 1.5**step) for step in range(36)])
def test_no_window_has_more_bars_than_a_number_of_128_bits_holds(seconds: int) -> None:
    span = window(TABLE, View(start=NEWEST - timedelta(seconds=seconds), end=NEWEST))
    assert 0 < span.bars <= 90


@pytest.mark.parametrize("range_", ["5m", "15m", "1h", "4h", "24h", "all"])
def test_no_bucket_lies_across_an_edge_of_the_window_or_of_a_bar(range_: str) -> None:
    span = window(TABLE, View(range=range_))
    edges = [span.start + timedelta(seconds=span.bar * number) for number in range(span.bars + 1)]
    assert edges[-1] == span.end
    if span.previous:
        edges.append(span.previous[0])
    across = TABLE.read(
        "SELECT count(*) AS n FROM dns_counts, (SELECT unnest($edges::TIMESTAMP[]) AS edge)"
        " WHERE bucket < edge AND bucket + to_seconds(width) > edge",
        {"edges": [edge.replace(tzinfo=None) for edge in edges]},
    ).to_pylist()
    assert across == [{"n": 0}]


def test_a_relative_range_ends_with_the_newest_bucket() -> None:
    span = window(TABLE, View(range="1h"))
    assert span.newest == NEWEST
    assert span.end - timedelta(seconds=span.bar) <= NEWEST < span.end
    assert span.end - span.start == timedelta(hours=1)


def test_all_reaches_from_the_oldest_to_the_newest_bucket() -> None:
    span = window(ByHand(Row(3), Row(601)), View(range="all"))
    assert (span.start, span.end, span.bar) == (after(0), after(610), 10)
    assert span.previous is None
    assert span.why == "nothing is kept before the whole"


def test_a_bar_is_still_filling_until_a_record_ten_seconds_younger_has_come() -> None:
    view = View(range="1h")
    rows = [Row(-4000), Row(3600)]
    assert window(ByHand(*rows, Row(3669)), view).filling == after(3600)
    assert window(ByHand(*rows, Row(3670)), view).filling == after(3660)


def test_the_window_says_what_is_still_filling() -> None:
    span = window(ByHand(Row(0), Row(3669)), View(range="1h"))
    assert span.still_filling == "last 2 min filling"
    assert span.per == "per minute"


def test_where_no_more_is_to_come_no_bar_is_filling() -> None:
    table = ByHand(Row(0), Row(3669))
    then = window(table, View(at=1))
    table.rests[2] = after(3700)
    table.add()
    assert window(table, View(at=2)).filling == after(3660)
    table.rests[3] = after(9999)
    table.add()
    span = window(table, View())
    assert span.filling == span.end
    assert span.still_filling == ""
    assert window(table, View(at=1)) == then, "a pause stays as it was"


def test_the_window_before_is_as_long_as_the_complete_part() -> None:
    span = window(ByHand(Row(-4000), Row(3600), Row(3669)), View(range="1h"))
    assert span.previous is not None
    assert span.previous[1] == span.start
    assert span.previous[1] - span.previous[0] == span.filling - span.start


def test_a_window_before_that_is_not_kept_whole_is_none_and_says_why() -> None:
    span = window(ByHand(Row(0), Row(3600)), View(range="1h"))
    assert span.previous is None
    assert span.why == "kept only from 2026-01-31 12:00 UTC on"


def test_an_absolute_range_is_moved_out_to_bar_edges_and_says_so() -> None:
    table = ByHand(Row(0), Row(7200))
    span = window(table, View(start=after(1207), end=after(1777)))
    assert (span.start, span.end, span.bar, span.snapped) == (after(1200), after(1780), 10, True)
    assert window(table, View(start=after(1200), end=after(1800))).snapped is False


def test_an_absolute_range_over_wide_buckets_takes_them_whole() -> None:
    table = ByHand(Row(0, width=600), Row(600, width=600), Row(9000))
    span = window(table, View(start=after(300), end=after(500)))
    assert (span.start, span.end, span.bar) == (after(0), after(600), 600)


def test_a_past_range_is_not_filling() -> None:
    span = window(ByHand(Row(0), Row(7200)), View(start=after(1200), end=after(1800)))
    assert span.filling == span.end
    assert span.still_filling == ""


def test_a_paused_view_stays_where_it_was() -> None:
    table = ByHand(Row(0), Row(3600, seq=1))
    before = window(table, View(at=1))
    table.add(Row(9999, seq=2))
    assert window(table, View(at=1)) == before
    assert window(table, View()).newest == after(9999)


def test_an_empty_table_has_a_window_and_no_newest() -> None:
    span = window(ByHand(), View())
    assert span.newest is None
    assert span.bars > 0
    assert span.previous is None
    assert span.still_filling == ""


def test_a_lone_record_has_a_window_that_holds_it() -> None:
    span: Window = window(ByHand(*spread(Row(0), 5)), View(range="5m"))
    assert span.start <= after(5) < span.end


@pytest.mark.parametrize("range_", ["5m", "15m", "1h", "4h", "24h"])
def test_a_paused_range_holds_no_less_when_its_rows_have_been_rolled_up(range_: str) -> None:
    newest = 2 * DAY
    then = window(ByHand(*tiers(newest, 0)), View(range=range_, at=1))
    assert not then.snapped
    for hours in (2, 7, 80):
        # Of the moment are the rows up to it; those that came since are of a later version.
        aged = tiers(newest + 3600 * hours, 0)
        rows = [replace(row, seq=1 + (row.at > newest)) for row in aged]
        now = window(ByHand(*rows), View(range=range_, at=1))
        assert now.start <= then.start
        assert now.end >= then.end
        assert now.end - now.start <= then.end - then.start + 2 * timedelta(seconds=now.bar)
        assert now.snapped == ((now.start, now.end) != (then.start, then.end))
