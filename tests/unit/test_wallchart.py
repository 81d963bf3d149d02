"""A wall's chart: bars as the counts are, labels at round times and counts."""

import base64
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from pipeline.colours import COLOURS
from pipeline.wallchart import bars_svg, count_ticks, si, time_ticks
from pipeline.window import Window

START = datetime(2026, 1, 31, 22, 55, tzinfo=UTC)
UTC_ZONE = ZoneInfo("UTC")


def span(seconds: int, bar: int = 60) -> Window:
    """A window that begins at START."""
    end = START + timedelta(seconds=seconds)
    return Window(START, end, bar, end, end, START, None, "", False)


def frame(*rows: tuple[int, str, int, int, bool]) -> pd.DataFrame:
    """Bars: place, response, y0, y1, whether it is still filling."""
    names = ["bar", "response", "y0", "y1", "filling"]
    made = pd.DataFrame(rows, columns=names)
    made["queries"] = made["y1"] - made["y0"]
    made["bucket"] = pd.Timestamp(START) + pd.to_timedelta(60 * made["bar"], unit="s")
    return made


def drawn(uri: str) -> str:
    """The SVG that a data URI holds."""
    return base64.b64decode(uri.partition(",")[2]).decode()


def test_bars_stand_at_their_time_as_high_as_their_count() -> None:
    rows = frame(
        (0, "NXDOMAIN", 0, 3, False), (0, "NOERROR", 3, 10, False), (59, "NOERROR", 0, 8, True)
    )
    svg = drawn(bars_svg(rows, span(3600), "dark"))
    assert "viewBox='0 0 60 10'" in svg
    paths = re.findall(r"fill='(\S+)' opacity='(\S+)' d='(.*?)'", svg)
    assert paths == [
        (COLOURS["dark"]["NXDOMAIN"], "1", "M0.04 0h0.92v3h-0.92z"),
        (COLOURS["dark"]["NOERROR"], "1", "M0.04 3h0.92v7h-0.92z"),
        (COLOURS["dark"]["NOERROR"], "0.45", "M59.04 0h0.92v8h-0.92z"),
    ]


def test_counts_are_labelled_from_nought_at_round_steps() -> None:
    assert [(tick.text, tick.percent) for tick in count_ticks(2000)] == [
        ("0", 0), ("500", 25), ("1k", 50), ("1.5k", 75), ("2k", 100),
    ]  # fmt: skip
    assert [tick.text for tick in count_ticks(1)] == ["0", "1"]
    for highest in (3, 7, 99, 12_345, 10**9 + 1):
        assert 2 <= len(count_ticks(highest)) <= 5
    assert si(1_500_000) == "1.5M"


@pytest.mark.parametrize("seconds", [60, 300, 900, 3600, 14_400, 86_400, 400 * 86_400])
def test_times_are_labelled_at_even_steps_within_the_window(seconds: int) -> None:
    ticks = time_ticks(span(seconds), UTC_ZONE)
    assert 2 <= len(ticks) <= 9
    assert all(0 <= tick.percent <= 96 for tick in ticks)
    steps = {round(b.percent - a.percent, 6) for a, b in pairwise(ticks)}
    assert len(steps) == 1


@pytest.mark.parametrize("change", [datetime(2026, 3, 29, 1), datetime(2026, 10, 25, 1)])
@pytest.mark.parametrize("hours", [1, 3, 8, 24, 48])
def test_times_are_round_before_and_after_the_clocks_change(change: datetime, hours: int) -> None:
    start = change.replace(tzinfo=UTC) - timedelta(hours=hours / 2)
    whole = replace(span(3600 * hours), start=start, end=start + timedelta(hours=hours))
    berlin = ZoneInfo("Europe/Berlin")
    ticks = time_ticks(whole, berlin)
    assert 3 <= len(ticks) <= 10
    for tick in ticks:
        time = start + timedelta(hours=hours) * tick.percent / 100
        assert tick.text == f"{time.astimezone(berlin):%H:%M}"
    clocks = {int(tick.text[:2]) * 60 + int(tick.text[3:]) for tick in ticks}
    step = 5 if hours == 1 else 15 if hours < 3 else 30
    assert all(clock % step == 0 for clock in clocks)


def test_a_days_ticks_stay_on_their_hours_when_clocks_change() -> None:
    start = datetime(2026, 10, 24, 22, tzinfo=UTC)
    day = replace(span(86_400), start=start, end=start + timedelta(hours=24))
    ticks = time_ticks(day, ZoneInfo("Europe/Berlin"))
    assert [tick.text for tick in ticks] == [
        "00:00", "03:00", "06:00", "09:00", "12:00", "15:00", "18:00", "21:00",
    ]  # fmt: skip


def test_times_are_round_in_the_zone_that_is_shown() -> None:
    assert [tick.text for tick in time_ticks(span(3600), UTC_ZONE)] == [
        "23:00", "23:10", "23:20", "23:30", "23:40", "23:50",
    ]  # fmt: skip
    kathmandu = time_ticks(span(14_400), ZoneInfo("Asia/Kathmandu"))
    assert [tick.text for tick in kathmandu[:2]] == ["05:00", "05:30"]
    days = time_ticks(replace(span(5 * 86_400), bar=7200), UTC_ZONE)
    assert [tick.text for tick in days[:2]] == ["Feb 01", "Feb 02"]
