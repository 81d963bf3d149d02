"""What changed, by the signed log-likelihood of two counts out of their totals."""

import math
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.changes import LEAST, changes, log_likelihood
from pipeline.state import View
from tests.unit.dns_rows import T0, ByHand, Row

HOUR = View(range="1h", hidden=frozenset())


def by_entropy(a: int, b: int, c: int, d: int) -> float:
    """Dunning's G² of a two by two table, by sums of k ln k: another way to the same number."""

    def h(*counts: int) -> float:
        return sum(k * math.log(k / sum(counts)) for k in counts if k)

    return 2 * (h(a, b, c, d) - h(a + b, c + d) - h(a + c, b + d))


def test_dunnings_own_example() -> None:
    """The first line of table 2 of the paper: 110, 2442, 111, 29114 gives 270.72."""
    now, before = 110, 111
    found = log_likelihood([now], [before], 110 + 2442, 111 + 29114)
    assert found[0] == pytest.approx(270.72, abs=0.01)


@given(*[st.integers(0, 10_000) for _ in range(4)])
def test_it_is_the_same_as_by_entropy(now: int, before: int, more: int, earlier: int) -> None:
    found = log_likelihood([now], [before], now + more, before + earlier)
    assert (
        abs(found[0]) == pytest.approx(max(by_entropy(now, before, more, earlier), 0), abs=1e-6)
        or (now + more) * (before + earlier) == 0
    )
    assert found[0] * (now * (before + earlier) - before * (now + more)) >= 0


def test_a_burst_of_failures_comes_first_and_what_went_is_below_zero() -> None:
    quiet = [Row(at, host="h1", count=100) for at in (0, 100, 3700)]
    burst = Row(3800, host="h2", domain="dga.top", count=80, response="NXDOMAIN")
    gone = Row(200, host="h3", domain="gone.com", qtype="TXT", count=60)
    found = changes(ByHand(*quiet, burst, gone, Row(7199)), HOUR)
    counts = {
        (kind, value, measure): (before, now)
        for kind, value, measure, before, now in found.rows[
            ["kind", "value", "measure", "before", "now"]
        ].to_numpy()
    }
    assert counts["host", "h2", "NXDOMAIN"] == (0, 80)
    assert counts["domain", "dga.top", "queries"] == (0, 80)
    assert counts["type", "TXT", "queries"] == (60, 0)
    g2 = found.rows.set_index(["kind", "value", "measure"])["g2"]
    assert g2["host", "h2", "NXDOMAIN"] > LEAST
    assert g2["host", "h3", "queries"] < -LEAST
    assert list(found.rows["g2"].abs()) == sorted(found.rows["g2"].abs(), reverse=True)
    assert found.why == ""


def test_the_same_shares_are_no_change() -> None:
    rows = [Row(at, count=50) for at in (0, 100, 3700)] + [Row(7199)]
    assert changes(ByHand(*rows), HOUR).of == 0


def test_bars_still_filling_are_left_out() -> None:
    rows = [Row(0, count=50), Row(100, count=50), Row(3700, count=50)]
    late = Row(7199, host="h2", count=500)
    assert changes(ByHand(*rows, late), HOUR).of == 0


def test_the_same_time_a_day_before_is_another_window() -> None:
    day = 86_400
    rows = [Row(0), Row(60, domain="gone.com", count=90), Row(7199)]
    now = [Row(day + 60, domain="new.com", count=90), Row(day + 3599)]
    view = View(range="", start=T0 + timedelta(days=1), end=T0 + timedelta(days=1, hours=1))
    found = changes(ByHand(*rows, *now), replace(view, hidden=frozenset()), vs="day")
    assert found.during == (T0, T0 + timedelta(minutes=59))
    counts = found.rows.set_index(["kind", "value", "measure"])[["before", "now"]]
    assert counts.loc[("domain", "gone.com", "queries")].tolist() == [90, 0]
    assert counts.loc[("domain", "new.com", "queries")].tolist() == [0, 90]


def test_a_day_before_that_is_not_kept_says_why() -> None:
    found = changes(ByHand(Row(0), Row(3600)), HOUR, vs="day")
    assert found.why == "kept only from 2026-01-31 12:00 UTC on"


def test_a_host_is_held_against_another() -> None:
    mine = [Row(at, host="a", domain="one.com", count=60) for at in (0, 60)]
    others = [Row(at, host="b", domain="two.com", count=60) for at in (0, 60)]
    view = HOUR.only("host", "a")
    found = changes(ByHand(*mine, *others, Row(7199)), replace(view, range="all"), vs="host:b")
    counts = found.rows.set_index(["kind", "value", "measure"])[["before", "now"]]
    assert counts.loc[("domain", "one.com", "queries")].tolist() == [0, 120]
    assert counts.loc[("domain", "two.com", "queries")].tolist() == [120, 0]


def test_many_new_names_under_a_domain_are_a_change_whatever_its_queries() -> None:
    quiet = [Row(at, name=f"n{at}.b.com", domain="b.com", count=40) for at in range(0, 7000, 100)]
    few = Row(100, name="only.a.com", domain="a.com", count=60)
    many = [Row(3700 + n, name=f"n{n}.a.com", domain="a.com") for n in range(60)]
    found = changes(ByHand(few, *many, *quiet, Row(7199)), HOUR)
    names = found.rows[found.rows["measure"] == "names"].set_index("value")
    assert names.loc["a.com", ["before", "now"]].tolist() == [1, 60]
    assert names.loc["a.com", "g2"] > LEAST


@pytest.mark.parametrize(
    ("lost", "unsure"),
    [
        (Row(100, domain=None, name=None, folded=2), {"domain", "names"}),
        (Row(100, name=None, folded=1), {"names"}),
        (Row(3700, domain=None, name=None, folded=2), set()),
        (Row(100), set()),
    ],
)
def test_what_is_new_may_have_been_folded_in_the_window_before(lost: Row, unsure: set[str]) -> None:
    new = [Row(3700 + n, name=f"n{n}.new.com", domain="new.com", count=9) for n in range(60)]
    old = [Row(at, name=f"n{at}.old.com", domain="old.com", count=9) for at in range(0, 7199, 100)]
    rows = changes(ByHand(lost, *old, *new, Row(7199)), HOUR).rows
    rows = rows[rows["value"] == "new.com"].replace({"measure": {"queries": "domain"}})
    assert set(rows["measure"]) == {"domain", "names"}
    assert set(rows.loc[rows["unsure"], "measure"]) == unsure


def test_without_a_window_before_it_says_why() -> None:
    found = changes(ByHand(Row(0), Row(3600)), HOUR)
    assert (len(found.rows), found.of) == (0, 0)
    assert found.why == "kept only from 2026-01-31 12:00 UTC on"
    columns = ["kind", "value", "measure", "before", "now", "g2", "unsure"]
    assert list(found.rows.columns) == columns
