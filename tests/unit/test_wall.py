"""What a wall shows: views by turns, and no more of a client's address than its network."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import pytest

from pipeline.settings import SettingsError, read_settings
from pipeline.state import START, Filter, View, from_params
from pipeline.wall import Turn, in_turn, masked, read_views

VIEWS = read_views({"Failures": "?range=4h&response=NXDOMAIN", "Office": "host=10.1.2.3&tz=local"})


def at(seconds: int) -> datetime:
    """A moment, in seconds since 1970."""
    return datetime.fromtimestamp(seconds, UTC)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("10.20.3.4", "10.20.x.x"),
        ("2001:db8:1::7", "2001:db8:…"),
        ("2001:0db8::", "2001:db8:…"),
        ("::1", "0:0:…"),
        ("fe80::1%eth0", "fe80:0:…"),
        ("::ffff:10.20.3.4", "10.20.x.x"),
        ("10.20.3", "masked"),
        ("<b>10.20.3.4", "masked"),
        ("", "masked"),
    ],
)
def test_no_more_than_the_network_of_an_address_is_shown(address: str, shown: str) -> None:
    assert masked(address) == shown


def test_views_take_turns_and_start_again() -> None:
    names = [in_turn(START, VIEWS, 30, at(seconds)).name for seconds in (0, 29, 30, 59, 60)]
    assert names == ["Failures", "Failures", "Office", "Office", "Failures"]
    turn = in_turn(View(every=2, wall=True), VIEWS, 30, at(0))
    assert turn.view == View(
        range="4h", filters=(Filter("response", "NXDOMAIN"),), every=2, wall=True
    )
    assert in_turn(START, VIEWS, 30, at(30)).view.tz == "local"
    assert in_turn(View(tz="local"), VIEWS, 30, at(0)).view.tz == "local"


@pytest.mark.parametrize("query", ["range=15m", "host=10.1.2.3", "show=-arpa", "show=all"])
def test_a_url_that_selects_records_keeps_the_wall_on_them(query: str) -> None:
    asked, _ = from_params(parse_qs(query))
    assert in_turn(asked, VIEWS, 30, at(0)) == Turn(asked)


def test_a_wall_is_never_paused() -> None:
    view = in_turn(View(at=7, every=0, focus=("host", "10.1.2.3")), {}, 30, at(0)).view
    assert view == View(every=START.every)


@pytest.mark.parametrize(
    ("views", "said"),
    [
        ({"A": "range=7h"}, "the view 'A': range=7h is not understood: it may be 5m, 15m, 1h"),
        ({"A": "hosts=10.1.2.3"}, "the view 'A': hosts is none of range, from, to, host, domain"),
        ({"A": "every=1"}, "the view 'A': every is none of range"),
        ({"A": "from=2026-01-01T00:00:00Z"}, "from and to go together"),
        ({"": "range=4h"}, "a view's name has 1 to 40 characters"),
        ({"x" * 41: "range=4h"}, "a view's name has 1 to 40 characters"),
        ({"A": 5}, "a valid string"),
    ],
)
def test_a_view_that_cannot_be_read_is_refused_at_the_start(views: Any, said: str) -> None:
    with pytest.raises(SettingsError, match="ZEEK_LIVE_WALL_VIEWS") as refused:
        read_settings(wall_views=views)
    assert said in str(refused.value)
