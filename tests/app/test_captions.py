"""What a panel's caption says: how much of all it shows, and what is not known any more."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from streamlit.testing.v1 import AppTest

from pipeline import query
from pipeline.table import Table
from tests.app.conftest import drawn
from tests.made import Made, partial


def captions(app: AppTest) -> dict[str, str]:
    """The panels of a page and what stands beside their titles."""
    found = re.compile(r'panel-title[^"]*"><b>(.*?)</b><span[^>]*>(.*?)</span>')
    bodies = [unescape(each.proto.body) for each in app.get("html")]
    return {name.strip(): said for body in bodies for name, said in found.findall(body)}


@pytest.fixture
def folded() -> Iterator[None]:
    """700 domains asked 20 minutes ago in a table of 300 rows, and one of them again just now."""
    made = Made(table=Table(None, timedelta(hours=24), 300))
    query.use(made)
    now = datetime.now(UTC) - timedelta(minutes=3)
    before = now - timedelta(minutes=20)
    made.add([partial(now - timedelta(minutes=50), "10.0.0.1", "old.example", "old.example")])
    made.add([partial(before, "10.0.0.1", f"n.d{n}.example", f"d{n}.example") for n in range(700)])
    made.table.maintain()
    known = made.table.read("SELECT registered_domain AS domain FROM dns_counts")["domain"]
    gone = next(f"d{n}.example" for n in range(700) if f"d{n}.example" not in known.to_pylist())
    made.add([partial(now, "10.0.0.1", f"n.{gone}", gone, count=200)])
    made.add([partial(now + timedelta(minutes=1), "10.0.0.1", f"n.{gone}", gone)])
    yield
    made.table.close()


def test_what_was_folded_away_is_said_by_each_panel_that_does_not_know_it(folded: None) -> None:
    said = captions(drawn(range="15m"))
    assert re.match(r"1 of 1 · exact", said["Domains"])
    assert re.match(r"1 first seen · \d+ queries folded: some may be older", said["New domains"])
    assert "? may have been folded" in said["What changed"]
    domains = captions(drawn())["Domains"]
    assert re.match(r"10 of \d+ · .* % of queries, other .* % · .* folded", domains)


def test_new_domains_are_said_to_be_new_of_what_passes_the_filters(made: Made) -> None:
    now, before = (datetime.now(UTC) - timedelta(minutes=ago) for ago in (2, 40))
    made.add(
        [
            partial(before, "10.0.0.1", "old.example", "old.example"),
            partial(now, "10.0.0.2", "old.example", "old.example"),
            partial(now, "10.0.0.2", "new.example", "new.example"),
        ]
    )
    new = r"{} first seen · .* · of {} since"
    assert re.match(new.format(1, "all"), captions(drawn(range="15m"))["New domains"])
    said = captions(drawn(range="15m", host="10.0.0.2"))["New domains"]
    assert re.match(new.format(2, "what is filtered"), said)
    said = captions(drawn(range="15m", resolver="-10.9.9.9"))["New domains"]
    assert re.match(new.format(1, "what is filtered"), said)


@pytest.mark.parametrize("page", ["overview", "domains", "hosts", "host", "records"])
def test_every_panel_says_of_which_time_it_is_and_stacks_have_a_legend(
    made: Made, page: str
) -> None:
    now = datetime.now(UTC) - timedelta(minutes=5)
    for minutes in (0, 70, 140):
        at = now - timedelta(minutes=minutes)
        made.add([partial(at, "10.0.0.1", f"{minutes}.example", f"{minutes}.example", count=99)])
    app = drawn(page, host="10.0.0.1")
    said = captions(app)
    assert len(said) >= {"records": 1}.get(page, 6)
    for panel, caption in said.items():
        named = panel in ("0.example", "10.0.0.1")  # whose detail it is: its panels say the time
        assert named or re.search(r"\d\d:\d\d–\d\d:\d\d", caption), (panel, caption)
    bodies = "".join(each.proto.body for each in app.get("html"))
    assert ('class="strip"' in bodies) == bool(re.search(r'class="during">[^<]*\d\d:\d\d–', bodies))
    assert bodies.count("<i style") == (0 if page == "records" else 6)


def test_the_makeup_says_how_much_of_all_it_shows(made: Made) -> None:
    now = datetime.now(UTC) - timedelta(seconds=30)
    made.add(
        [partial(now, "10.0.0.1", "a.example", "a.example", qtype_name=f"T{n}") for n in range(9)]
    )
    said = captions(drawn("domains"))
    assert said["Types"].startswith("6 of 9 · 66.7 % of queries, other 33.3 % · exact")
    assert said["Responses"].startswith("1 of 1 · exact")


def test_before_the_first_record_no_caption_has_a_number(made: Made) -> None:
    said = captions(drawn())
    assert {"Domains", "Hosts", "New domains"} <= said.keys()
    assert not [each for each in said.values() if re.search(r"\d", each)]
