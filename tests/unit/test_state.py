"""The URL is the state: what a view says, its parameters say again."""

from dataclasses import replace
from datetime import UTC, datetime
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.ranking import MEASURES
from pipeline.records import SORTS as OF_RECORDS
from pipeline.state import (
    ALL_SORTS,
    FIELDS,
    INTERVALS,
    LEVELS,
    MAX_FILTER_CHARACTERS,
    MAX_FILTERS,
    MAX_ROWS,
    NOISE,
    RANGES,
    SORTS,
    Filter,
    View,
    from_params,
)
from pipeline.where import KEYS

times = st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1)).map(
    lambda time: time.replace(tzinfo=UTC)
)
pairs = st.lists(times, min_size=2, max_size=2, unique=True).map(sorted)
filters = st.builds(
    Filter,
    st.sampled_from(FIELDS),
    st.text(min_size=1)
    | st.sampled_from(["-a", "*.b", "\\c", "\\\\d", "-*.e", "*"])
    | st.text("a.*-\\", min_size=1),
    st.booleans(),
    st.booleans(),
    begins=st.booleans(),
)
views = st.builds(
    View,
    range=st.sampled_from(list(RANGES)),
    filters=st.lists(filters, max_size=4, unique=True).map(
        lambda many: tuple(sorted(many, key=lambda each: FIELDS.index(each.field)))
    ),
    hidden=st.frozensets(st.sampled_from(list(NOISE))),
    at=st.none() | st.integers(0, 2**40),
    focus=st.none() | st.tuples(st.sampled_from(FIELDS), st.text(min_size=1)),
    level=st.sampled_from(LEVELS),
    n=st.none() | st.integers(1, MAX_ROWS),
    sort=st.sampled_from(["", "queries", "-queries", "names", "-host", "last"]),
    tz=st.sampled_from(["utc", "local"]),
    every=st.sampled_from(INTERVALS),
    charts=st.sampled_from(["drawn", "tables"]),
    names=st.sampled_from(["defanged", "real"]),
    wall=st.booleans(),
)


@given(views)
def test_a_view_comes_back_from_its_parameters(view: View) -> None:
    assert from_params(view.to_params()) == (view, [])


@given(pairs)
def test_an_absolute_range_comes_back(pair: list[datetime]) -> None:
    view = View(start=pair[0], end=pair[1])
    assert from_params(view.to_params()) == (view, [])


def test_a_view_as_at_the_start_has_no_parameters() -> None:
    assert View().to_params() == {}


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"range": ["5m"]}, View(range="5m")),
        ({"host": ["10.1.2.3", "-10.1.2.4"]}, View(filters=(
            Filter("host", "10.1.2.3"), Filter("host", "10.1.2.4", exclude=True)))),
        ({"name": ["-*.example.com"]}, View(filters=(
            Filter("name", "example.com", exclude=True, under=True),))),
        ({"show": ["local"]}, View(hidden=frozenset(["no-query", "multicast"]))),
        ({"show": ["all"]}, View(hidden=frozenset())),
        ({"show": ["-arpa"]}, View(hidden=frozenset(["no-query", "local", "multicast", "arpa"]))),
        ({"focus": ["host:fe80::1%eth0"]}, View(focus=("host", "fe80::1%eth0"))),
        ({"n": ["all"], "level": ["tld"], "every": ["0"]}, View(n=None, level="tld", every=0)),
        ({"at": ["17"], "wall": [""]}, View(at=17, wall=True)),
        ({"charts": ["tables"], "names": ["real"]}, View(charts="tables", names="real")),
        (
            {"from": ["2026-01-31T13:00:00 01:00"], "to": ["2026-01-31T13:00:00Z"]},
            View(start=datetime(2026, 1, 31, 12, tzinfo=UTC),
                 end=datetime(2026, 1, 31, 13, tzinfo=UTC)),
        ),
    ],
)  # fmt: skip
def test_parameters_mean_what_they_say(params: dict[str, list[str]], expected: View) -> None:
    assert from_params(params) == (expected, [])


@pytest.mark.parametrize(
    ("params", "problem"),
    [
        ({"range": ["9m"]}, "range=9m is not understood: it may be 5m, 15m, 1h, 4h, 24h, all"),
        ({"at": ["-1"]}, "at=-1 is not understood: a number from 0 to"),
        ({"n": ["٣"]}, "n=٣ is not understood: a number from 1 to 10000"),
        ({"focus": ["host"]}, "a focus is field:value"),
        ({"show": ["everything"]}, "show=everything is not understood"),
        ({"from": ["yesterday"]}, "a time is ISO 8601, such as 2026-01-31T12:00:00Z"),
        ({"from": ["2026-01-31T12:00:00" + "0" * 22]}, "a time is ISO 8601"),
        ({"from": ["1969-12-31T23:59:59Z"]}, "a time lies in the years 1970 to 2200"),
        ({"to": ["2201-01-01T00:00:00Z"]}, "a time lies in the years 1970 to 2200"),
        ({"to": ["9999-12-31T23:59:59Z"]}, "a time lies in the years 1970 to 2200"),
        ({"from": ["0001-01-01T00:00:00+01:00"]}, "a time is ISO 8601"),
        ({"from": ["2026-01-31T12:00Z"]}, "from and to go together: both or none"),
        ({"from": ["2026-01-31T12:00Z"], "to": ["2026-01-31T11:00Z"]}, "from must lie before to"),
        ({"hots": ["10.0.0.1"]}, "hots is no parameter: did you mean host?"),
        ({"q" * 99: ["1"]}, "q" * 40 + " is no parameter: there are host, domain,"),
        ({"sort": ["nonsense"]}, "sort=nonsense is not understood: it may be a column"),
        ({"sort": ["--names"]}, "sort=--names is not understood: it may be a column"),
        ({"host": [""]}, "host= has no value"),
        ({"domain": ["-*."]}, "domain=-*. has no value"),
    ],
)
def test_what_is_not_understood_is_named_and_left_as_at_the_start(
    params: dict[str, list[str]], problem: str
) -> None:
    view, problems = from_params(params)
    assert view == View()
    assert problem in problems[0]


@given(st.dictionaries(st.sampled_from([*FIELDS, "range", "from", "to", "show", "focus", "n", "at",
    "every", "level", "sort", "tz", "x"]), st.lists(st.text(), max_size=3)))  # fmt: skip
def test_no_url_breaks_the_page(params: dict[str, list[str]]) -> None:
    view, _ = from_params(params)
    assert from_params(view.to_params())[0] == view


@pytest.mark.parametrize("text", ["T" * 1_000_000, "T" * 1_000_000 + " 01:00", " " * 1_000_000])
def test_a_time_of_a_million_characters_is_refused_at_once(text: str) -> None:
    began = process_time()
    assert from_params({"from": [text]})[0] == View()
    assert process_time() - began < 1


@pytest.mark.parametrize("text", ["*foo*", "goog*", "-fo*o.com", "*.a*.com", "*"])
def test_a_star_that_stands_for_no_label_is_named(text: str) -> None:
    problems = from_params({"name": [text]})[1]
    assert problems == [
        f"{text}: a * stands for whole labels, at the front or at the end: *.example.com, "
        "example.*, 10.20.*"
    ]


def test_a_star_at_a_boundary_of_labels_is_any_label_there() -> None:
    view, problems = from_params({"host": ["10.20.*"], "domain": ["-google.*", "*.co.*"]})
    assert problems == []
    assert view.filters == (
        Filter("host", "10.20", begins=True),
        Filter("domain", "google", exclude=True, begins=True),
        Filter("domain", "co", under=True, begins=True),
    )


def test_all_that_rows_are_ranked_by_may_be_named_and_nothing_else() -> None:
    assert {*MEASURES, *KEYS, *OF_RECORDS} == set(SORTS)


def test_health_and_raw_records_are_ranked_by_columns_of_no_other_table() -> None:
    assert len(set(ALL_SORTS)) == len(ALL_SORTS)
    for sort in ("reason", "-id.orig_h", "lag_records"):
        assert from_params({"sort": [sort]}) == (View(sort=sort), [])
    view, (problem,) = from_params({"sort": ["constructor"]})
    assert view.sort == ""
    assert "a column, such as queries" in problem


def test_the_first_and_the_last_year_of_a_range_are_allowed() -> None:
    first, last = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 12, 31, 23, 59, tzinfo=UTC)
    params = {"from": [first.isoformat()], "to": [last.isoformat()]}
    assert from_params(params) == (View(start=first, end=last), [])


def test_of_too_many_filters_the_first_are_kept_and_it_is_said() -> None:
    view, problems = from_params({"host": [str(n) for n in range(3000)], "type": ["A"]})
    assert view.filters == tuple(Filter("host", str(n)) for n in range(MAX_FILTERS))
    assert problems == ["3,001 filters are too many: the first 50 are kept"]


def test_a_filter_that_is_too_long_is_left_out_and_it_is_said() -> None:
    longest = "a" * MAX_FILTER_CHARACTERS
    view, problems = from_params({"name": [longest + "a", "-*." + longest, "b"]})
    assert view.filters == (Filter("name", longest, True, True), Filter("name", "b"))
    assert problems == ["a filter has 1,100 characters at most"]


def test_only_one_host_replaces_other_hosts_and_keeps_the_rest() -> None:
    excluded = Filter("host", "b", exclude=True)
    view = View(filters=(Filter("host", "a"), Filter("type", "A"), excluded))
    assert view.only("host", "c").filters == (Filter("type", "A"), excluded, Filter("host", "c"))


def test_a_filter_takes_the_place_of_its_opposite() -> None:
    keep, drop = Filter("host", "a"), Filter("host", "a", exclude=True)
    assert View(filters=(keep,)).filtered(drop).filters == (drop,)


def test_one_filter_is_cleared_or_all() -> None:
    one, two = Filter("host", "a"), Filter("type", "A")
    assert View(filters=(one, two)).unfiltered(one).filters == (two,)
    assert View(filters=(one, two)).unfiltered().filters == ()


def test_how_it_is_shown_is_not_part_of_what_is_selected() -> None:
    view = View(filters=(Filter("host", "a"),), at=3)
    other = replace(view, tz="local", every=60, n=10, sort="names", focus=("host", "b"), wall=True)
    assert other.selected() == view.selected()
    assert replace(view, at=4).selected() != view.selected()


def test_many_unknown_parameters_cost_few_sentences() -> None:
    _, problems = from_params({f"k{n}": ["1"] for n in range(8_000)})
    assert len(problems) == 11
    assert problems[-1] == "7,990 more are no parameters"
