"""The form of two moments: what was typed becomes the time shown, or a sentence says why not."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from streamlit.testing.v1 import AppTest

from pages.shared.fromto import moment
from tests.app.conftest import session
from tests.made import Made, partial

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=30)


@pytest.fixture
def app(made: Made) -> AppTest:
    """The Overview."""
    made.add([partial(NOW, "10.0.0.1", "www.example.com", "example.com")])
    return session().run()


def submit(app: AppTest, start: datetime, end: datetime) -> str:
    """Type two times and show them; what the frame says then."""
    for key, time in (("from", start), ("to", end)):
        app.datetime_input(key=key).set_value(time.replace(tzinfo=None))
    next(each for each in app.button if each.label == "Show this time").click()
    app.run()
    assert not app.exception
    [problem] = [
        each.proto.body for each in app.get("html") if 'class="problem"' in each.proto.body
    ]
    return problem.partition(">")[2].partition("<")[0]


def test_two_moments_become_the_time_that_is_shown(app: AppTest) -> None:
    assert submit(app, NOW - timedelta(hours=1), NOW) == ""
    assert set(app.query_params) == {"from", "to"}


@pytest.mark.parametrize("minutes", [0, 5])
def test_a_start_that_is_not_before_its_end_is_refused_by_a_sentence(
    app: AppTest, minutes: int
) -> None:
    said = submit(app, NOW, NOW - timedelta(minutes=minutes))
    assert "must lie before to" in said
    assert not app.query_params
    app.query_params["range"] = "5m"
    app.run()
    assert "must lie before" not in "".join(each.proto.body for each in app.get("html"))


def test_a_time_that_the_clocks_leave_out_is_refused_by_a_sentence() -> None:
    seed = datetime(2026, 3, 29, 1, 0, tzinfo=BERLIN)
    with pytest.raises(ValueError, match="2026-03-29 02:30 is left out by the clocks of Europe"):
        moment(datetime(2026, 3, 29, 2, 30), seed, is_end=False)
    assert moment(datetime(2026, 3, 29, 3, 0), seed, is_end=True).hour == 1


@pytest.mark.parametrize("fold", [0, 1])
@pytest.mark.parametrize("is_end", [False, True])
def test_a_time_that_the_clocks_show_twice_stays_the_one_it_was(fold: int, is_end: bool) -> None:
    seed = datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=fold)
    assert moment(datetime(2026, 10, 25, 2, 30), seed, is_end) == seed.astimezone(UTC)


def test_a_start_typed_anew_is_the_first_of_two_and_an_end_the_second() -> None:
    typed, seed = datetime(2026, 10, 25, 2, 30), datetime(2026, 10, 25, 1, 0, tzinfo=BERLIN)
    assert [moment(typed, seed, is_end).hour for is_end in (False, True)] == [0, 1]
