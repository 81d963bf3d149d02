"""Every page over a table made by hand: nothing in it, one row, a dead query."""

import json
import re
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import playwright
import pytest
from streamlit.testing.v1 import AppTest

from pages.shared import live, searchbox
from pages.shared.clock import in_words
from pages.shared.tables import MENU
from pipeline.ledger import Rejects
from pipeline.settings import read_settings
from pipeline.status import Status
from pipeline.table import Table
from tests.app.hands import tables
from tests.made import SOURCE, Made, partial

PAGES = Path(__file__).parents[2] / "pages"
NAMES = ("overview", "domains", "hosts", "host", "health")
NOW = datetime.now(UTC) - timedelta(seconds=30)
LONG_AGO = datetime(2018, 3, 24, 17, 12, 9, tzinfo=UTC)


@pytest.fixture
def show(made: Made) -> Callable[..., AppTest]:
    """Run a page within its frame, with parameters in the URL."""

    def run(name: str, **params: Any) -> AppTest:
        app = AppTest.from_file(str(PAGES / "frame.py"), default_timeout=60)
        app.run()
        for key, value in params.items():
            app.query_params[key] = value
        if name != "overview":
            app.switch_page(str(PAGES / f"{name}.py"))
        app.run()
        assert not app.exception, app.exception
        return app

    return run


def html(app: AppTest) -> str:
    """All of our own HTML on the page."""
    return "\n".join(each.proto.body for each in app.get("html"))


def clock(app: AppTest) -> str:
    """What the state's clock was told."""
    return next(str(e.proto) for e in app.get("bidi_component") if "clock" in str(e.proto))


def note(app: AppTest) -> str:
    """What stands beside the state."""
    return re.search(r'\\?"note\\?": ?\\?"(.*?)\\?"', clock(app))[1]


def shown_tables(app: AppTest) -> str:
    """All cells of all tables."""
    return "\n".join(each.value.to_string() for each in app.dataframe)


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_table_says_what_is_missing_and_from_where(
    made: Made, show: Callable[..., AppTest], name: str
) -> None:
    made.now = Status("no data", f"no records yet from {SOURCE}", NOW, SOURCE)
    app = show(name, host="10.0.0.1")
    assert f"no records yet from {SOURCE}" in html(app)


@pytest.mark.parametrize("name", NAMES)
def test_one_row_is_drawn_on_every_page(
    made: Made, show: Callable[..., AppTest], name: str
) -> None:
    made.add([partial(NOW, "10.0.0.1", "www.example.com", "example.com")])
    app = show(name, host="10.0.0.1")
    assert not app.error
    if name != "health":
        assert "example.com" in shown_tables(app)


def test_filters_that_match_nothing_say_so_in_the_panels(
    made: Made, show: Callable[..., AppTest]
) -> None:
    made.add([partial(NOW, "10.0.0.1", "www.example.com", "example.com")])
    app = show("domains", type="TXT", domain="-b.example")
    assert "nothing matches 2 filters in this time: clear one, or all" in html(app)


def test_what_is_looked_at_and_has_no_queries_is_no_filter_to_clear(
    made: Made, show: Callable[..., AppTest]
) -> None:
    made.add([partial(NOW, "10.0.0.1", "www.example.com", "example.com")])
    app = show("domains", focus="domain:other.example")
    assert "no queries of other.example in this time" in html(app)
    assert "nothing matches" not in html(app)


@pytest.mark.parametrize("name", NAMES)
def test_a_dead_query_leaves_the_numbers_and_says_since_when_on_every_page(
    made: Made, show: Callable[..., AppTest], name: str
) -> None:
    made.add([partial(NOW, "10.0.0.1", "www.example.com", "example.com")])
    made.now = Status("stopped", "broker 127.0.0.1:9092 does not answer", NOW, SOURCE)
    app = show(name, host="10.0.0.1")
    assert "stopped" in clock(app)
    assert re.search(rf"since (\S+ )?{NOW:%H:%M:%S} UTC: .*does not answer", note(app))


@pytest.mark.parametrize(
    ("state", "reason", "said"),
    [
        ("stopped", "gone", "since 2018-03-24 18:12:09 CET: gone"),
        ("starting", "starting Spark", "since 2018-03-24 18:12:09 CET: starting Spark"),
        ("no data", "no record", "since 2018-03-24 18:12:09 CET: no record"),
        ("stopped", "gone since 17:12:09 UTC", "gone since 17:12:09 UTC"),
        ("late", "old", ""),
        ("live", "", ""),
    ],
)
def test_a_state_without_numbers_says_since_when_once_in_the_views_zone(
    state: Any, reason: str, said: str
) -> None:
    newest = None if state == "no data" else LONG_AGO
    status = Status(state, reason, LONG_AGO, SOURCE, newest=newest)
    assert in_words(status, ZoneInfo("Europe/Berlin")) == said


def test_a_source_that_has_nothing_newer_says_since_when_and_how_old_its_newest_is(
    made: Made, show: Callable[..., AppTest]
) -> None:
    made.add([partial(LONG_AGO, "10.0.0.1", "www.example.com", "example.com")])
    made.now = Status("no data", "read to its end, no record for 90 s", NOW, SOURCE, silence=90)
    app = show("overview")
    [said] = re.findall(r"no new record since (?:\S+ )?(\d\d:\d\d:\d\d) UTC", note(app))
    since = datetime.now(UTC) - datetime.combine(NOW, time.fromisoformat(said), UTC)
    assert 85 < since.total_seconds() % 86_400 < 150
    assert "read to its end, no record for 90 s" in clock(app), "the hint says why"
    age = float(re.search(r'age\\?": ?([0-9.]+)', clock(app))[1])
    assert age > 8 * 365 * 86_400


def test_a_lag_that_rises_is_said_beside_the_state() -> None:
    reason = "falling behind: 90,000 records, 90 s behind"
    status = Status("late", reason, NOW, SOURCE, newest=LONG_AGO, lag_records=90_000)
    assert in_words(status, ZoneInfo("UTC")) == reason


def test_the_frame_says_where_a_relative_range_ends_when_that_is_long_ago(
    made: Made, show: Callable[..., AppTest]
) -> None:
    made.add([partial(LONG_AGO, "10.0.0.1", "www.example.com", "example.com")])
    said = "times end with the newest data, not with now"
    for name in NAMES:
        page = html(show(name, range="1h", host="10.0.0.1"))
        assert f">{said}<" in page
        assert name == "health" or "2018-03-24 16:13–17:13" in page
    for params in (
        {"range": "all"},
        {"at": str(made.table.version)},
        {"from": "2018-03-24T17:00:00Z", "to": "2018-03-24T18:00:00Z"},
    ):
        assert said not in html(show("overview", **params))
    made.add([partial(datetime.now(UTC) - timedelta(minutes=20), "10.0.0.1", "b.example", "b")])
    assert "times end with" in html(show("overview", range="15m"))
    assert "times end with" not in html(show("overview", range="1h"))


def test_a_newest_record_ahead_of_the_clock_is_said_to_be_ahead(
    made: Made, show: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    # As after the machine's clock was set back.
    ahead = datetime.now(UTC) + timedelta(seconds=200)
    reason = "no record for 31 s"
    status = Status("late", reason, NOW, SOURCE, newest=ahead, silence=31)
    monkeypatch.setattr(made, "status", lambda: status)
    app = show("health")
    assert "<strong>3 min ahead</strong>" in html(app)
    assert "of this clock · late" in html(app)
    assert note(app) == reason, "its age does not tell that it is late"


def test_the_clocks_words_for_an_age() -> None:
    script = (PAGES / "shared" / "clock.js").read_text(encoding="utf-8")
    ages = "[null, 3.7, 150, -0.4, -200.2, -30].map(newest)"
    node = Path(playwright.__file__).parent / "driver" / "node"
    said = subprocess.run(
        [node, "--input-type=module"],
        input=f"{script}\nconsole.log(JSON.stringify({ages}))",
        capture_output=True, check=True, text=True, timeout=60,
    )  # fmt: skip
    assert json.loads(said.stdout) == [
        "",
        "newest 3 s ago",
        "newest 2 min ago",
        "newest 0 s ago",
        "newest ahead of this clock by 3 min",
        "newest ahead of this clock by 30 s",
    ]


def test_health_says_what_is_wrong_with_the_file_of_labels(
    made: Made, show: Callable[..., AppTest], tmp_path: Path
) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("10.0.0.1,desk\n<img src=x onerror=alert(1)>\u202e\n10.0.0.2\n")
    made.settings = read_settings(host_labels=path)
    app = show("health")
    facts = next(each.value for each in app.dataframe if "restarts" in each.value.to_string())
    (said,) = facts.loc[facts["fact"] == "host labels", "value"]
    assert "line 2" in said
    assert said.endswith("a line is address-or-network,label (and 1 more)")
    assert "<img" not in html(app)
    assert "\u202e" not in shown_tables(app)
    path.write_text("10.0.0.1,desk")
    assert "host labels" not in shown_tables(show("health"))


def test_a_hosts_names_lead_to_a_record_by_its_uid_and_fit_beside_its_domains(
    made: Made, show: Callable[..., AppTest]
) -> None:
    long = "x" * 60 + ".example.com"
    older = NOW - timedelta(minutes=1)
    made.add([partial(older, "10.0.0.1", long, "example.com", uid="older", answers=long)])
    made.add([partial(NOW, "10.0.0.1", long, "example.com", uid="C\u202enewest", answers=long)])
    names = tables(show("host", host="10.0.0.1"))["names"]
    assert list(names.value["uid"]) == ["C\\u{202e}newest"]
    assert list(names.value)[-2:] == ["uid", MENU]
    drawn = json.loads(names.proto.columns)
    assert sum(drawn[name]["width"] for name in names.value) <= 680


def test_health_adds_up_and_shows_a_sample_of_each_reason(
    made: Made, show: Callable[..., AppTest]
) -> None:
    rejects = (Rejects("not JSON", 3, ("{cut",)), Rejects("no ts", 1, ('{"query": "x"}',)))
    made.add([partial(NOW, "10.0.0.1", "a.example", "a.example", count=6)], rejects, other=10)
    app = show("health")
    assert "Of 20 records read, 4 could not be used (20 %)." in html(app)
    assert "adds up" in html(app)
    cells = shown_tables(app)
    for text in ("{cut", '{"query": "x"}', "not JSON", "no ts", "ZEEK_LIVE_RETENTION"):
        assert text in cells


def test_health_shows_the_last_of_each_reason_before_more_of_one(
    made: Made, show: Callable[..., AppTest]
) -> None:
    many = Rejects("not JSON", 9, tuple(f"{{cut {n}" for n in range(5)))
    made.add([], (many, Rejects("no ts", 2, ("{}", "[]")), Rejects("empty", 1, ("",))))
    samples = tables(show("health"))["samples"].value
    assert list(samples["reason"]) == ["not JSON", "no ts", "empty", "not JSON", "no ts"] + (
        ["not JSON"] * 3
    )
    assert list(samples["sample"])[:4] == ["{cut 4", "[]", "", "{cut 3"]


def test_before_the_first_record_no_number_stands_for_what_is_not_known(
    made: Made, show: Callable[..., AppTest]
) -> None:
    made.now = Status("starting", "starting Spark", NOW, SOURCE)
    for name in ("overview", "host"):
        strip = next(
            each for each in html(show(name, host="10.0.0.1")).split("\n") if "strip" in each
        )
        assert set(re.findall(r"<(?:button|strong)[^>]*>([^<]+)<", strip)) == {"–"}
    app = show("health")
    for label in ("Lag", "Behind"):
        assert re.search(f"<label>{label}</label><strong>–<", html(app))
    assert "now –, –" in html(app)
    popovers = show("overview").get("popover")
    assert any("– hidden" in each.proto.popover.label for each in popovers)


def test_health_shows_the_samples_of_the_reason_that_is_looked_at(
    made: Made, show: Callable[..., AppTest]
) -> None:
    made.add([], (Rejects("not JSON", 3, ("{cut",)), Rejects("no ts", 1, ('{"query": "x"}',))))
    app = show("health", focus="reason:no ts")
    assert "of “no ts”" in html(app)
    assert '{"query": "x"}' in shown_tables(app)
    assert "{cut" not in shown_tables(app)
    for other in ("reason:never heard of", "host:10.0.0.1"):
        assert "{cut" in shown_tables(show("health", focus=other))


def test_health_masks_secrets(made: Made, show: Callable[..., AppTest]) -> None:
    made.settings = read_settings(kafka_options={"sasl.password": "hunter2"})
    app = show("health")
    assert "sasl.password" in shown_tables(app)
    assert "hunter2" not in shown_tables(app) + html(app)


def test_unicode_stands_beside_the_punycode_that_is_looked_at(
    made: Made, show: Callable[..., AppTest]
) -> None:
    name = "xn--bcher-kva.example"
    made.add([partial(NOW, "10.0.0.1", name, name)])
    assert f'<b>{name}</b><span title="domain · bücher.example">' in html(show("domains"))


def test_a_focus_shows_who_asks_and_filters_nothing(
    made: Made, show: Callable[..., AppTest]
) -> None:
    made.add(
        [
            partial(NOW, "10.0.0.1", "www.a.example", "a.example", count=5),
            partial(NOW, "10.0.0.2", "www.b.example", "b.example", count=3),
        ]
    )
    app = show("domains", focus="domain:b.example")
    master, askers, names = (app.dataframe[place].value for place in range(3))
    assert list(master["domain"]) == ["a.example", "b.example"]
    assert list(askers["host"]) == ["10.0.0.2"]
    assert list(names["name"]) == ["www.b.example"]


@pytest.mark.parametrize(
    ("level", "column", "expected"),
    [
        ("domain", "domain", ["bbc.co.uk", "a.example"]),
        ("name", "name", ["www.bbc.co.uk", "www.a.example"]),
        ("tld", "tld", ["uk", "example"]),
    ],
)
def test_the_level_groups_by_registered_domain_name_or_tld(
    made: Made, show: Callable[..., AppTest], level: str, column: str, expected: list[str]
) -> None:
    made.add(
        [
            partial(NOW, "10.0.0.1", "www.bbc.co.uk", "bbc.co.uk", count=5),
            partial(NOW, "10.0.0.2", "www.a.example", "a.example", count=3),
        ]
    )
    app = show("domains", level=level)
    assert list(app.dataframe[0].value[column]) == expected


def test_an_unknown_parameter_is_said_in_the_frame(
    made: Made, show: Callable[..., AppTest]
) -> None:
    assert "range=7h is not understood" in html(show("overview", range="7h"))


def test_a_pause_freezes_what_all_are_shown_not_what_came_since(
    made: Made, show: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "LONGEST_SHARED", 1_000.0)
    made.add([partial(NOW, "10.0.0.1", "www.example.com", "example.com", count=5)])
    assert list(show("hosts", every="60").dataframe[0].value["queries"]) == [5]
    made.add([partial(NOW, "10.0.0.1", "www.example.com", "example.com", count=7)])
    other = show("hosts", every="60")
    assert list(other.dataframe[0].value["queries"]) == [5]
    other.button(key="pause").click().run()
    assert list(other.dataframe[0].value["queries"]) == [5]
    told = [str(each.proto.json) for each in other.get("bidi_component")]
    assert any("paused, 7 records since" in each for each in told)


def test_a_pause_hides_neither_why_the_stream_stopped_nor_that_health_goes_on(
    made: Made, show: Callable[..., AppTest]
) -> None:
    made.add([partial(NOW, "10.0.0.1", "www.example.com", "example.com")])
    at = str(made.table.version)
    goes_on = "The other pages are paused; this one goes on and is of now."
    assert goes_on not in html(show("health"))
    assert goes_on in html(show("health", at=at))
    made.now = Status("stopped", "broker 127.0.0.1:9092 does not answer", NOW, SOURCE)
    for name in ("overview", "health"):
        said = note(show(name, at=at))
        assert re.search("UTC: broker 127.0.0.1:9092 does not answer .* paused, 0 records", said)


def test_health_is_drawn_again_while_paused(
    made: Made, show: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    made.add([partial(NOW, "10.0.0.1", "www.example.com", "example.com")])
    asked: list[float | None] = []
    monkeypatch.setattr(live, "again", lambda step, seconds: asked.append(seconds))
    for name in ("health", "hosts"):
        show(name, at=str(made.table.version), every="0")
    on_the_overview = 5
    assert asked == [on_the_overview, 5, on_the_overview, None]


def test_a_rate_says_of_which_time_it_is(made: Made, show: Callable[..., AppTest]) -> None:
    at = NOW - timedelta(minutes=2)
    made.add([partial(at, "10.0.0.1", "a.example", "a.example", count=1_200)])
    made.add([partial(NOW, "10.0.0.1", "a.example", "a.example")])
    said = html(show("overview", range="5m"))
    assert "Per second of the complete bars, from the oldest record kept on" in said
    assert re.search(r"· 1\d(\.\d)?/s<", said), "1,200 in 110 s or so"


def test_a_paused_view_keeps_its_numbers(made: Made, show: Callable[..., AppTest]) -> None:
    made.add([partial(NOW, "10.0.0.1", "www.example.com", "example.com", count=5)])
    at = made.table.version
    made.add([partial(NOW, "10.0.0.1", "www.example.com", "example.com", count=7)])
    paused = show("hosts", at=str(at))
    assert list(paused.dataframe[0].value["queries"]) == [5]
    assert list(show("hosts").dataframe[0].value["queries"]) == [12]


def test_a_paused_view_keeps_its_numbers_when_rows_are_merged(
    made: Made, show: Callable[..., AppTest]
) -> None:
    """For longer than the two minutes for which nothing merges."""
    made.add([partial(NOW, "10.0.0.1", "www.example.com", "example.com", count=5)])
    at = made.table.version
    assert list(show("hosts", at=str(at)).dataframe[0].value["queries"]) == [5]
    for minutes in (3, 6, 9):
        made.add([partial(NOW, "10.0.0.1", "www.example.com", "example.com")], minutes=minutes)
        made.table.maintain()
    paused = show("hosts", at=str(at))
    assert list(paused.dataframe[0].value["queries"]) == [5]
    told = [str(each.proto.json) for each in paused.get("bidi_component")]
    assert any("paused, 3 records since" in each for each in told)


def test_a_pause_of_which_records_were_folded_since_says_so(
    made: Made, show: Callable[..., AppTest]
) -> None:
    made.table = Table(None, timedelta(hours=24), 200)

    def ask(kind: str) -> None:
        made.add(
            [partial(NOW, "10.0.0.1", f"{kind}{n}.a.example", "a.example") for n in range(150)]
        )

    ask("first")
    at = made.table.version
    paused = show("hosts", at=str(at))
    assert "folded into (other) since" not in html(paused)
    ask("second")
    made.table.maintain()
    paused.run()
    folded = made.table.folded_of(at)
    assert f"{folded:,} records of this pause were folded into (other) since" in html(paused)
    assert list(paused.dataframe[0].value["queries"]) == [150]


def test_a_moment_that_is_not_kept_is_told_and_the_newest_shown(
    made: Made, show: Callable[..., AppTest]
) -> None:
    """That of another server's table, or one that nobody looked at before its rows were merged."""
    for minutes in (0, 3, 6):
        made.add([partial(NOW, "10.0.0.1", "www.example.com", "example.com")], minutes=minutes)
        made.table.maintain()
    for at in (1, 999_999):
        page = show("hosts", at=str(at))
        assert list(page.dataframe[0].value["queries"]) == [3]
        assert f"the moment at={at} is not kept any more" in html(page)


def test_the_day_of_an_old_record_has_its_year(made: Made, show: Callable[..., AppTest]) -> None:
    made.add([partial(LONG_AGO, "10.0.0.1", "www.example.com", "example.com")])
    labels = tables(show("records"))["records"].value[MENU][0]
    said = [label.replace("\\", "") for label in labels]
    assert said[0] == "Around 2018-03-24 17:12:00, 10.0.0.1"
    assert said[-1].startswith("Raw records of 2018-03-24 17:12:00, ")
    assert "of all since 2018-03-24 17:12<" in html(show("overview"))


def test_a_top_level_domain_was_first_and_last_seen_on_a_day(
    made: Made, show: Callable[..., AppTest]
) -> None:
    made.add([partial(LONG_AGO, "10.0.0.1", "www.example.com", "example.com")])
    made.add([partial(LONG_AGO, "10.0.0.1", "www.example.org", "example.org", count=5)])
    app = show("domains", level="tld", focus="domain:*.com", range="all")
    said = f"first {LONG_AGO:%Y-%m-%d %H:%M:%S}, last {LONG_AGO:%Y-%m-%d %H:%M:%S} · rank 2 of 2"
    assert said in html(app)


@pytest.mark.parametrize("table", ["resolvers", "new", "hosts"])
def test_a_header_ranks_every_table_that_has_its_measure_over_all_rows(
    made: Made, show: Callable[..., AppTest], table: str
) -> None:
    made.add(
        partial(
            NOW, f"10.0.0.{host}", f"{name}.example", f"{name}.example", id_resp_h=f"10.1.0.{at}"
        )
        for at, (name, hosts) in enumerate({"a": 1, "b": 3, "c": 2}.items())
        for host in range(hosts)
    )
    app = show("overview", sort="domains" if table == "hosts" else "hosts", n="1")
    firsts = {"resolvers": "10.1.0.1", "new": "b.example", "hosts": "10.0.0.0"}
    rows = [each.value for each in app.dataframe if each.proto.id.endswith(f"-{table}")]
    assert rows[0].iloc[0, 0] == firsts[table]


@pytest.mark.parametrize("resolver", ["10.0.0.53", "224.0.0.251"])
def test_what_two_switches_hide_is_said_where_there_is_some(
    made: Made, show: Callable[..., AppTest], resolver: str
) -> None:
    made.add([partial(NOW, "10.0.0.1", "printer.local", "(local)", id_resp_h=resolver)])
    said = "more than one" in str([each.value for each in show("overview").caption])
    assert said == (resolver == "224.0.0.251")


def test_a_word_that_is_only_a_part_of_a_name_is_said_to_be_one(made: Made) -> None:
    made.add([partial(datetime.now(UTC), "10.0.0.1", "www.example.com", "example.com")])

    def search() -> None:
        import streamlit as st

        from pages.shared import searchbox, url

        st.session_state["page"] = "Hosts"
        for words in ("ww", "www.example.com"):
            st.session_state[searchbox.KEY] = {"words": words}
            url.adopt("Hosts")
            searchbox._search()
            st.write("; ".join(url.problems()) or "nothing")

    app = AppTest.from_function(search, default_timeout=60).run()
    assert not app.exception
    assert [each.value for each in app.markdown] == [searchbox.WHOLE.format("name"), "nothing"]
