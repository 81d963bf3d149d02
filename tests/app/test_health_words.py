"""What Health says first, in each state, and the figures beside it."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.shared.checks import FILTERED
from pages.shared.stream import _stage_hues
from pipeline.ledger import Counters, Rejects
from pipeline.status import BatchTimes, Status
from tests.app.conftest import drawn
from tests.made import SOURCE, Made, partial

NOW = datetime.now(UTC) - timedelta(seconds=30)


def body(of: str, **params: str) -> str:
    """Health's own HTML of that class, as text."""
    found = [each.proto.body for each in drawn("health", **params).get("html")]
    (html,) = (each for each in found if f'class="{of}"' in each)
    return unescape(re.sub(r"<[^>]+>", "|", html))


@pytest.mark.parametrize(
    ("state", "reason", "said"),
    [
        ("live", "", "Alive, complete and up to date."),
        ("catching up", "90,000 records behind", "Alive and catching up, 90,000 records behind."),
        ("catching up", "", "Alive and catching up, behind."),
        ("no data", "no record for 70 s", "Nothing new arrives: no record for 70 s."),
        ("late", "falling behind: 9 records", "Alive, but falling behind: 9 records."),
        ("late", "", "Alive, but the newest record is old."),
        ("starting", "starting Spark", "Starting: starting Spark."),
        ("stopped", "the disk is full.", "Stopped: the disk is full."),
    ],
)
def test_its_sentence_says_the_state_and_why(
    made: Made, monkeypatch: pytest.MonkeyPatch, state: Any, reason: str, said: str
) -> None:
    made.add([partial(NOW, "10.0.0.1", "a.example", "a.example")])
    status = Status(state, reason, NOW, SOURCE, newest=NOW - timedelta(minutes=9), silence=540)
    monkeypatch.setattr(made, "status", lambda: status)
    assert f"|{said}|" in body("sentence")


@pytest.mark.parametrize(
    ("rejected", "said"),
    [
        (0, "Of 2,000 records read, 0 could not be used."),
        (1, "Of 2,001 records read, 1 could not be used (0.05 %)."),
        (2000, "Of 4,000 records read, 2,000 could not be used (50 %)."),
    ],
)
def test_its_sentence_counts_what_could_not_be_used(made: Made, rejected: int, said: str) -> None:
    rejects = (Rejects("not JSON", rejected),) if rejected else ()
    made.add([partial(NOW, "10.0.0.1", "a.example", "a.example", count=2000)], rejects)
    assert f"|{said}|" in body("sentence")


def test_before_the_first_record_nothing_is_counted(made: Made) -> None:
    assert "records read" not in body("sentence")


def test_its_figures_say_how_far_behind_and_how_fast(made: Made) -> None:
    made.add([partial(NOW, "10.0.0.1", "a.example", "a.example")])
    times = [BatchTimes(n, NOW + timedelta(seconds=n), 50, 0.5, {}, 50, 7) for n in range(11)]
    made.now = Status(
        "catching up", "behind", NOW, SOURCE, lag_records=12_345, lag_seconds=61.4,
        restarts=2, batches=tuple(times),
    )  # fmt: skip
    said = body("strip")
    for words in (
        "Lag||12,345|",
        "Behind||61 s|",
        "Records a second||50|",
        "Batch time, p95||0.50 s||of 11 batches|",
        "Rows||1||0.0 % of 1,000,000|",
        "Restarts||2||since the server started|",
    ):
        assert words in said


def test_a_stage_has_its_colour_whatever_others_there_are() -> None:
    few, many = (
        _stage_hues((BatchTimes(1, NOW, 1, 1.0, dict.fromkeys(names.split(), 0.1)),), "light")
        for names in ("group commit", "source plan group write maintain commit")
    )
    assert len({*many.values()}) == 6
    assert few == {name: many[name] for name in few}


def test_its_sentence_says_that_filters_are_not_for_it_and_counts_lines_where_some_are_headers(
    made: Made,
) -> None:
    made.add([partial(NOW, "10.0.0.1", "a.example", "a.example", count=7)])
    assert FILTERED not in body("sentence")
    assert FILTERED in body("sentence", host="10.0.0.1")
    headers = made.table.counters()
    said = sentence_of(replace(headers, read=headers.read + 8, headers=8))
    assert "Of 15 lines read" in said


def sentence_of(counters: Counters) -> str:
    """What is said of these counters."""

    def say(counters) -> None:  # type: ignore[no-untyped-def]
        from datetime import UTC, datetime

        from pages.shared import checks
        from pipeline.state import View
        from pipeline.status import Status

        checks.sentence(Status("live", "", datetime.now(UTC), "a topic"), counters, View())

    app = AppTest.from_function(say, default_timeout=60, args=(counters,)).run()
    assert not app.exception
    return str(app.get("html")[0].proto.body)
