"""The wall over a table made by hand: what is on it, and what must not be."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pipeline.names import shown
from pipeline.settings import read_settings
from pipeline.status import Status
from tests.app.conftest import drawn, session
from tests.app.test_pages import clock, html
from tests.hostile import HOSTILE
from tests.made import SOURCE, Made, partial

NOW = datetime.now(UTC) - timedelta(seconds=30)
KINDS = ("html", "markdown", "link", "directive", "formula", "bidirectional", "long")
CLIENTS = ("10.20.3.4", "2001:db8:1::7")


@pytest.fixture
def show(made: Made) -> Callable[..., AppTest]:
    """Open the wall, with further parameters in the URL."""

    def run(**params: Any) -> AppTest:
        return drawn(wall="", **params)

    return run


def wall(app: AppTest) -> str:
    """The wall's HTML, tags and entities as they are."""
    return next(each.proto.body for each in app.get("html") if 'class="wall"' in each.proto.body)


def text(app: AppTest) -> str:
    """What can be read on it."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", wall(app)))


def add_change(made: Made, host: str, **values: Any) -> None:
    """A host that asks much more in the last five minutes than in those before."""
    for minutes, count in ((12, 1), (7, 5), (1, 900)):
        at = NOW - timedelta(minutes=minutes)
        made.add([partial(at, host, "www.a.example", "a.example", count=count) | values])
        made.add([partial(at, "192.0.2.9", "www.b.example", "b.example", count=2_000)])
    # The newest bar is still filling, and left out of comparisons.
    made.add([partial(NOW, "192.0.2.9", "www.b.example", "b.example", count=100)])


def test_its_chart_is_a_table_for_who_cannot_see_it(
    made: Made, show: Callable[..., AppTest]
) -> None:
    for minutes, response, count in ((4, "NXDOMAIN", 7), (4, None, 1_234_567), (2, "NOERROR", 3)):
        at = NOW.replace(second=0) - timedelta(minutes=minutes)
        made.add(
            [partial(at, "10.0.0.1", "a.example", "a.example", count=count, rcode_name=response)]
        )
    app = show(range="1h", charts="tables")
    table = wall(app).split('class="wall-volume"')[1].split("</table>")[0]
    heads = re.findall("<th>(.*?)</th>", table)
    lines = [re.findall("<td>(.*?)</td>", line) for line in table.split("<tr>")[2:]]
    said = [
        {head: cell for head, cell in zip(heads, line, strict=True) if cell != "0"}
        for line in lines
    ]
    then = [f"{NOW - timedelta(minutes=minutes):%H:%M:00}" for minutes in (2, 4)]
    assert said == [
        {"": then[0], "NOERROR": "3"},
        {"": then[1], "NXDOMAIN": "7", "no response": "1.2 M"},
    ]
    assert "wall-bars" not in wall(app)
    assert "wall-bars" in wall(show(range="1h"))


def test_it_has_four_numbers_the_volume_and_two_lists_and_no_widget(
    made: Made, show: Callable[..., AppTest]
) -> None:
    add_change(made, "10.20.3.4", rcode_name="NXDOMAIN")
    app = show(range="5m")
    assert re.findall("<strong>(.*?)</strong>", wall(app)) == ["3,000", "2", "30.0 %", "0.0 %"]
    assert "Queries per 10 s" in text(app)
    assert "background-image:url('data:image/svg+xml;base64," in wall(app)
    assert "10.20.x.x NXDOMAIN 5 → 900" in text(app).partition("What changed")[2]
    new = partial(NOW, "10.20.3.4", "www.new.example", "new.example")
    made.add([new])
    assert f"New domains 1 in this time new.example 1 host {NOW:%H:%M}" in text(show(range="5m"))
    for kind in ("button", "text_input", "selectbox", "button_group", "toggle", "dataframe"):
        assert not app.get(kind)


@pytest.mark.parametrize("client", CLIENTS)
def test_addresses_of_clients_are_nowhere_unless_allowed(
    made: Made, show: Callable[..., AppTest], client: str
) -> None:
    add_change(made, client, id_resp_h=client)
    masked = "10.20.x.x" if "." in client else "2001:db8:…"
    app = show(range="5m", host=client)
    assert client not in html(app) + clock(app)
    assert f"only host {masked}" in text(app)
    everyone = show(range="5m")
    assert f"{masked} queries 5 → 900" in text(everyone)
    assert f"{masked} resolver 5 → 900" in text(everyone)
    assert client not in html(everyone) + clock(everyone)
    made.settings = read_settings(wall_addresses=True)
    assert f"only host {client}" in text(show(range="5m", host=client))
    assert f"{client} queries 5 → 900" in text(show(range="5m"))


def test_a_label_is_shown_with_an_address_only(
    made: Made, show: Callable[..., AppTest], tmp_path: Any
) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text("10.20.3.4,<b>anna's laptop")
    add_change(made, "10.20.3.4")
    made.settings = read_settings(host_labels=labels)
    assert "anna" not in html(show(range="5m"))
    made.settings = read_settings(host_labels=labels, wall_addresses=True)
    assert "10.20.3.4 &lt;b&gt;anna&#x27;s laptop" in text(show(range="5m"))


@pytest.mark.parametrize("hostile", [HOSTILE[kind][0] for kind in KINDS])
@pytest.mark.parametrize("allowed", [False, True])
def test_a_hostile_name_stays_text(
    made: Made, show: Callable[..., AppTest], hostile: str, allowed: bool
) -> None:
    made.settings = read_settings(wall_addresses=allowed)
    add_change(made, hostile, registered_domain=hostile, qtype_name=hostile, rcode_name=hostile)
    for params in ({}, {"host": hostile, "domain": hostile, "type": hostile}):
        app = show(range="5m", **params)
        body = html(app) + clock(app)
        assert "<img" not in body.lower()
        assert "\u202e" not in body
        assert shown(hostile, 20)[:19] in unescape(text(app))
        changed = text(app).partition("What changed")[2]
        assert ("masked queries" in changed) == (not allowed and not params)
        assert not app.get("markdown")


def test_an_empty_table_says_what_is_missing_and_from_where(
    made: Made, show: Callable[..., AppTest]
) -> None:
    made.now = Status("no data", f"no records yet from {SOURCE}", NOW, SOURCE)
    app = show()
    assert f"no records yet from {SOURCE}" in text(app)
    assert "no data" in clock(app)
    assert "no records of this view in this time" not in text(app)


def test_changes_are_against_the_time_before_or_a_day_before(
    made: Made, show: Callable[..., AppTest]
) -> None:
    for at in (NOW - timedelta(days=1, minutes=12), NOW - timedelta(days=1, minutes=1)):
        made.add([partial(at, "192.0.2.9", "www.b.example", "b.example", count=2_000)])
    add_change(made, "10.20.3.4")
    assert re.search(r"What changed \d\d:\d\d–\d\d:\d\d → now ", text(show(range="5m")))
    day = text(show(range="5m", vs="day"))
    assert re.search(r"What changed \w+ \d\d \d\d:\d\d–\d\d:\d\d → now ", day)
    assert "0 → 900" in day


def test_a_view_without_records_says_so(made: Made, show: Callable[..., AppTest]) -> None:
    add_change(made, "10.20.3.4")
    assert "no records of this view in this time" in text(show(type="TXT"))


def test_a_stopped_stream_leaves_the_numbers_and_tells_the_banner_since_when(
    made: Made, show: Callable[..., AppTest]
) -> None:
    add_change(made, "10.20.3.4")
    made.now = Status("stopped", "broker 127.0.0.1:9092 does not answer", NOW, SOURCE)
    app = show(range="5m")
    assert "<strong>3,000</strong>" in wall(app)
    assert "stopped" in clock(app)
    assert re.search(rf"since (\S+ )?{NOW:%H:%M:%S} UTC: .*does not answer", clock(app))


def test_the_clock_is_told_after_how_many_seconds_an_answer_is_missing(
    made: Made, show: Callable[..., AppTest]
) -> None:
    for every, seconds in (("2", "5.0"), ("60", "150.0"), ("0", "12.5")):
        told = clock(show(every=every)).replace("\\", "")
        assert f'"patience":{seconds}' in told.replace(" ", "")


def test_what_cannot_be_drawn_is_not_called_live(
    made: Made, show: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any) -> str:
        raise RuntimeError("the table is closed")

    monkeypatch.setattr("pages.shared.wallparts.volume", broken)
    app = session()
    app.query_params["wall"] = ""
    app.run()
    assert app.exception
    assert not [each for each in app.get("bidi_component") if "clock" in str(each.proto)]


def test_the_named_view_in_turn_is_named_and_shown(
    made: Made, show: Callable[..., AppTest]
) -> None:
    add_change(made, "10.20.3.4")
    name = "<i>Office</i>\u202e"
    made.settings = read_settings(wall_views={name: "range=5m&host=10.20.3.4"})
    app = show()
    assert "<strong>900</strong>" in wall(app)
    assert "only host" not in text(app)
    assert "<i>Office</i>" in clock(app)
    assert "u{202e}" in clock(app)
    assert "\u202e" not in clock(app)
    assert "only type A" in text(show(type="A"))


def test_other_pages_have_no_wall(made: Made) -> None:
    app = drawn("hosts", wall="")
    assert app.get("button_group")
    assert 'class="wall"' not in html(app)
