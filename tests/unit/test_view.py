"""Every number of a view is held against plain Python's count of the same literal rows."""

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any

import pandas as pd
import pytest

from pipeline import view as views
from pipeline.ranking import Listing
from pipeline.state import Filter, View
from pipeline.window import window
from tests.unit.dns_rows import T0, ByHand, Row, spread

ALL = View(range="all", hidden=frozenset())
HOUR = View(range="1h", hidden=frozenset())


def made_up(number: int = 1500) -> list[Row]:
    """Rows over three hours, of every kind there is, the same every time."""
    chance = random.Random(7)
    names: list[tuple[str | None, str]] = [
        ("www.example.com", "example.com"),
        ("mail.example.com", "example.com"),
        ("a.b.example.co.uk", "example.co.uk"),
        (None, "(no query)"),
        ("printer.local", "(local)"),
        ("4.3.2.1.in-addr.arpa", "in-addr.arpa"),
        ("workgroup", "(netbios)"),
        ("wpad", "(single label)"),
        ("=evil\u202e.example.org", "example.org"),
    ]
    rows = []
    for number_ in range(number):
        name, domain = chance.choice(names)
        rows.append(
            Row(
                at=chance.randrange(0, 10_800),
                host=f"10.0.0.{chance.randrange(1, 6)}",
                domain=domain,
                name=name,
                qtype=chance.choice(["A", "AAAA", "TXT", None]),
                response=chance.choice(
                    ["NOERROR", "NOERROR", "NXDOMAIN", "SERVFAIL", "REFUSED", "FORMERR", None]
                ),
                resolver=chance.choice(
                    ["10.0.0.53", "8.8.8.8", "224.0.0.251", "ff02::fb%eth0", "10.0.0.255", None]
                ),
                count=chance.randrange(1, 5),
                rtt=chance.choice([None, 0.01, 0.5]),
                answers=f"192.0.2.{number_ % 250}",
                uid=f"C{number_}",
            )
        )
    return rows


ROWS = made_up()
TABLE = ByHand(*ROWS)


def counted(rows: Iterable[Row], key: Callable[[Row], Any]) -> dict[Any, int]:
    counts: Counter[Any] = Counter()
    for row in rows:
        counts[key(row)] += row.count
    return dict(counts)


def inside(view: View, rows: Iterable[Row] = ROWS, table: ByHand = TABLE) -> list[Row]:
    span = window(table, view)
    start, end = ((edge - T0).total_seconds() for edge in (span.start, span.end))
    return [row for row in rows if start <= row.bucket < end]


def as_dict(listing: Listing, key: str, value: str = "queries") -> dict[Any, Any]:
    return dict(zip(listing.rows[key], listing.rows[value], strict=True))


@pytest.mark.parametrize("view", [ALL, HOUR])
def test_queries_of_every_kind_of_row(view: View) -> None:
    rows = inside(view)
    assert as_dict(views.hosts(TABLE, view), "host") == counted(rows, lambda row: row.host)
    assert as_dict(views.domains(TABLE, view), "domain") == counted(rows, lambda row: row.domain)
    assert as_dict(views.domains(TABLE, view, "name"), "name") == counted(
        rows, lambda row: row.name or "(no query)"
    )
    assert as_dict(views.domains(TABLE, view, "tld"), "tld") == counted(
        rows, lambda row: row.domain if row.domain[0] == "(" else row.domain.split(".")[-1]
    )
    assert as_dict(views.types(TABLE, view), "type") == counted(
        rows, lambda row: row.qtype or "(no type)"
    )
    assert as_dict(views.responses(TABLE, view), "response") == counted(
        rows, lambda row: row.response or "no response"
    )
    assert as_dict(views.resolvers(TABLE, view), "resolver") == counted(
        rows, lambda row: row.resolver or "(no resolver)"
    )


def test_the_other_measures_of_a_host() -> None:
    rows = [row for row in inside(HOUR) if row.host == "10.0.0.3"]
    queries = sum(row.count for row in rows)
    listing = views.hosts(TABLE, HOUR)
    line = listing.rows.set_index("host").loc["10.0.0.3"]
    assert line["share"] == pytest.approx(100 * queries / sum(row.count for row in inside(HOUR)))
    assert line["domains"] == len({row.domain for row in rows})
    assert line["names"] == len({row.name for row in rows if row.name})
    assert line["resolvers"] == len({row.resolver for row in rows if row.resolver})
    for column, response in (("nxdomain", "NXDOMAIN"), ("no_response", None)):
        some = sum(row.count for row in rows if row.response == response)
        assert line[column] == pytest.approx(100 * some / queries)
    assert line["first"] == T0 + timedelta(seconds=min(row.at for row in rows))
    assert line["last"] == T0 + timedelta(seconds=max(row.at for row in rows))


def test_the_mean_rtt_of_a_resolver_is_of_the_records_that_have_one() -> None:
    rows = [row for row in ROWS if row.resolver == "8.8.8.8" and row.rtt is not None]
    mean = sum(row.rtt * row.count for row in rows) / sum(row.count for row in rows)
    listing = views.resolvers(TABLE, ALL)
    assert as_dict(listing, "resolver", "rtt_ms")["8.8.8.8"] == pytest.approx(1000 * mean)


def test_the_small_series_of_a_row_is_its_count_by_bar() -> None:
    span = window(TABLE, HOUR)
    start = (span.start - T0).total_seconds()
    by_bar: dict[str, list[int]] = defaultdict(lambda: [0] * span.bars)
    for row in inside(HOUR):
        by_bar[row.host][int(row.bucket - start) // span.bar] += row.count
    complete = {host: counts[: span.filled] for host, counts in by_bar.items()}
    assert 0 < span.filled < span.bars
    assert as_dict(views.hosts(TABLE, HOUR), "host", "per_bar") == complete


@pytest.mark.parametrize("sort", ["queries", "names", "nxdomain", "last", "host", "no such", ""])
@pytest.mark.parametrize("turned", ["", "-"])
def test_a_table_is_ranked_by_the_column_asked_for_either_way(sort: str, turned: str) -> None:
    column = sort if sort in ("names", "nxdomain", "last", "host") else "queries"
    upwards = (column == "host") != (turned == "-" and sort in (column, "queries"))
    listing = views.hosts(TABLE, ALL, 3, turned + sort)
    everything = views.hosts(TABLE, ALL, None).rows.sort_values(
        [column, "queries", "host"], ascending=[upwards, False, True]
    )
    assert list(listing.rows["host"]) == list(everything["host"][:3])
    assert listing.sort == (turned + sort if sort == column else "queries")


@pytest.mark.parametrize(
    ("sort", "said"),
    [
        ("", ""),
        ("queries", ""),
        ("-queries", "by queries ascending"),
        ("no_response", "by no response descending"),
    ],
)
def test_it_is_said_what_ranks_the_rows_where_it_is_not_queries(sort: str, said: str) -> None:
    many = ByHand(*(Row(0, host=f"10.0.0.{n}", count=n) for n in range(1, 5)))
    assert views.hosts(many, ALL, 1, sort).order == said
    assert views.hosts(ByHand(), ALL, 1, sort).order == ""


def test_the_caption_says_what_is_shown_of_what() -> None:
    rows = [Row(0, host="a", count=6), Row(0, host="b", count=3), Row(0, host="c", count=1)]
    listing = views.hosts(ByHand(*rows), ALL, 2)
    assert listing.caption == "2 of 3 · 90.0 % of queries, other 10.0 % · exact"
    assert views.hosts(ByHand(*rows), ALL, 3).caption == "3 of 3 · exact"


def test_folded_queries_stand_in_the_caption_and_never_among_the_rows() -> None:
    table = ByHand(
        Row(0, name="a.example.com", count=5),
        Row(0, name=None, folded=1, count=3),
        Row(0, name=None, domain=None, qtype=None, folded=2, count=2),
    )
    names, domains, hosts = (
        views.domains(table, ALL, "name"),
        views.domains(table, ALL),
        views.hosts(table, ALL),
    )
    assert as_dict(names, "name") == {"a.example.com": 5}
    said = "1 of 1 · 50.0 % of queries, other 50.0 % · 5 folded into (other), counts exact"
    assert names.caption == said
    assert as_dict(domains, "domain") == {"example.com": 8}
    assert (domains.folded, domains.queries) == (2, 10)
    assert as_dict(hosts, "host") == {"10.0.0.1": 10}
    assert hosts.caption == "1 of 1 · counts exact, names at least"


def test_a_window_of_folded_rows_only_still_says_how_many() -> None:
    table = ByHand(Row(0, host=None, name=None, domain=None, qtype=None, folded=3, count=4))
    listing = views.hosts(table, ALL)
    assert (len(listing.rows), listing.of, listing.queries, listing.folded) == (0, 0, 4, 4)


def test_the_same_key_in_several_rows_is_one_row() -> None:
    listing = views.hosts(ByHand(*spread(Row(0), 1, 2, 3)), ALL)
    assert as_dict(listing, "host") == {"10.0.0.1": 3}


SHOWN = {
    "no-query": lambda row: row.domain == "(no query)",
    "local": lambda row: row.domain == "(local)",
    "multicast": lambda row: row.resolver in ("224.0.0.251", "ff02::fb%eth0", "10.0.0.255"),
    "arpa": lambda row: row.domain == "in-addr.arpa",
    "netbios": lambda row: row.domain == "(netbios)",
    "single": lambda row: row.domain == "(single label)",
}


@pytest.mark.parametrize("key", SHOWN)
def test_a_noise_switch_hides_its_records_and_says_how_many(key: str) -> None:
    view = replace(ALL, hidden=frozenset([key]))
    noise = sum(row.count for row in ROWS if SHOWN[key](row))
    everything = sum(row.count for row in ROWS)
    assert noise > 0
    assert views.hosts(TABLE, view).queries == everything - noise
    assert views.hidden(TABLE, view).total == noise
    assert views.hidden(TABLE, ALL).each[key] == noise


def test_records_that_two_switches_hide_are_hidden_once() -> None:
    view = View(range="all")
    hidden = sum(
        row.count
        for row in ROWS
        if any(SHOWN[key](row) for key in ("no-query", "local", "multicast"))
    )
    assert views.hidden(TABLE, view).total == hidden
    assert views.hosts(TABLE, view).queries == sum(row.count for row in ROWS) - hidden


def test_a_folded_row_is_no_noise() -> None:
    table = ByHand(Row(0, domain=None, name=None, qtype=None, folded=2, resolver=None))
    assert views.hosts(table, View(range="all")).queries == 1


MATCHES: list[tuple[Filter, Callable[[Row], bool]]] = [
    (Filter("host", "10.0.0.2"), lambda row: row.host == "10.0.0.2"),
    (Filter("host", "10.0.0.2", exclude=True), lambda row: row.host != "10.0.0.2"),
    (Filter("domain", "example.com"), lambda row: row.domain == "example.com"),
    (Filter("domain", "com", under=True), lambda row: row.domain == "example.com"),
    (Filter("name", "mail.example.com"), lambda row: row.name == "mail.example.com"),
    (Filter("name", "example.com", under=True), lambda row: row.domain == "example.com"),
    (Filter("name", "ample.com", under=True), lambda row: False),
    (Filter("name", "www", begins=True), lambda row: str(row.name).startswith("www.")),
    (Filter("name", "ww", begins=True), lambda row: False),
    (Filter("host", "10.0", begins=True), lambda row: str(row.host).startswith("10.0.")),
    (Filter("name", "example", under=True, begins=True), lambda row: ".example." in str(row.name)),
    (Filter("name", "www.example.com", under=True), lambda row: False),
    (Filter("name", "(no query)"), lambda row: row.name is None),
    (Filter("name", "(no query)", exclude=True), lambda row: row.name is not None),
    (
        Filter("name", "example.com", exclude=True, under=True),
        lambda row: row.domain != "example.com",
    ),
    (Filter("name", "=evil\u202e.example.org"), lambda row: row.domain == "example.org"),
    (Filter("name", "' OR 1=1 --"), lambda row: False),
    (Filter("name", "www%"), lambda row: False),
    (Filter("type", "TXT"), lambda row: row.qtype == "TXT"),
    (Filter("type", "(no type)"), lambda row: row.qtype is None),
    (Filter("type", "TXT", exclude=True), lambda row: row.qtype != "TXT"),
    (Filter("response", "no response"), lambda row: row.response is None),
    (Filter("response", "no response", exclude=True), lambda row: row.response is not None),
    (Filter("response", "other"), lambda row: row.response == "FORMERR"),
    (Filter("response", "FORMERR"), lambda row: row.response == "FORMERR"),
    (Filter("resolver", "8.8.8.8", exclude=True), lambda row: row.resolver != "8.8.8.8"),
    (Filter("resolver", "(no resolver)"), lambda row: row.resolver is None),
]


@pytest.mark.parametrize(("chosen", "matches"), MATCHES)
def test_a_filter_keeps_what_it_names(chosen: Filter, matches: Callable[[Row], bool]) -> None:
    view = replace(ALL, filters=(chosen,))
    expected = sum(row.count for row in ROWS if matches(row))
    assert views.hosts(TABLE, view).queries == expected


def test_values_of_one_field_add_up_and_fields_narrow() -> None:
    filters = (
        Filter("host", "10.0.0.1"),
        Filter("host", "10.0.0.2"),
        Filter("type", "A"),
        Filter("response", "NXDOMAIN", exclude=True),
    )
    expected = sum(
        row.count
        for row in ROWS
        if row.host in ("10.0.0.1", "10.0.0.2") and row.qtype == "A" and row.response != "NXDOMAIN"
    )
    assert views.hosts(TABLE, replace(ALL, filters=filters)).queries == expected > 0


def test_a_paused_view_counts_what_was_there_and_how_many_have_come_since() -> None:
    table = ByHand(Row(0, count=2, seq=1))
    paused = replace(ALL, at=1)
    table.add(Row(0, count=3, seq=2))
    assert views.hosts(table, paused).queries == 2
    assert views.hosts(table, ALL).queries == 5
    assert views.since(table, paused) == 3
    assert views.since(table, ALL) == 0


def response_of(row: Row) -> str:
    known = ("NOERROR", "NXDOMAIN", "SERVFAIL", "REFUSED")
    return (
        "no response"
        if row.response is None
        else row.response
        if row.response in known
        else "other"
    )


def test_volume_by_bar_and_response() -> None:
    span = window(TABLE, HOUR)
    start = (span.start - T0).total_seconds()
    expected = counted(
        inside(HOUR), lambda row: (int(row.bucket - start) // span.bar, response_of(row))
    )
    frame = views.volume(TABLE, HOUR)
    bars = ((frame["bucket"] - span.start).dt.total_seconds() // span.bar).astype(int)
    assert dict(zip(zip(bars, frame["response"], strict=True), frame["queries"], strict=True)) == (
        expected
    )
    assert str(frame["bucket"].dt.tz) == "UTC"


def test_volume_is_stacked_with_failures_at_the_base() -> None:
    rows = [Row(0, response=name) for name in ("NOERROR", None, "FORMERR", "NXDOMAIN", "REFUSED")]
    frame = views.volume(ByHand(*rows, Row(0, response="SERVFAIL", count=2)), ALL)
    assert list(zip(frame["response"], frame["y0"], frame["y1"], strict=True)) == [
        ("NXDOMAIN", 0, 1),
        ("SERVFAIL", 1, 3),
        ("REFUSED", 3, 4),
        ("no response", 4, 5),
        ("other", 5, 6),
        ("NOERROR", 6, 7),
    ]


def test_bars_still_filling_are_marked() -> None:
    frame = views.volume(ByHand(*spread(Row(0), 0, 600, 3599)), HOUR)
    assert list(frame["filling"]) == [False, False, True]


def test_top_domains_are_stacked_by_response() -> None:
    rows = [
        Row(0, domain="a.com", count=3),
        Row(0, domain="a.com", count=2, response="NXDOMAIN"),
        Row(0, domain="b.com", count=4),
        Row(0, domain="c.com", count=1),
    ]
    listing = views.top_domains(ByHand(*rows), ALL, n=2)
    columns = ["domain", "response", "x0", "x1", "total", "rank"]
    assert listing.rows[columns].to_numpy().tolist() == [
        ["a.com", "NXDOMAIN", 0, 2, 5, 0],
        ["a.com", "NOERROR", 2, 5, 5, 0],
        ["b.com", "NOERROR", 0, 4, 4, 1],
    ]
    assert listing.caption == "2 of 3 · 90.0 % of queries, other 10.0 % · exact"


def test_types_stand_beside_the_window_before() -> None:
    rows = [Row(-5000)]
    rows += [replace(row, qtype=qtype) for row in spread(Row(0), 100) for qtype in ("A", "TXT")]
    rows += [replace(row, qtype="A") for row in spread(Row(0), 3700, 3800, 3900, 7195)]
    listing = views.types(ByHand(*rows), HOUR)
    assert as_dict(listing, "type") == {"A": 4}
    assert as_dict(listing, "type", "before") == {"A": 1}
    assert as_dict(listing, "type", "before_share") == {"A": 50}


def test_without_a_window_before_there_is_nothing_beside() -> None:
    listing = views.types(ByHand(Row(0), Row(3600)), HOUR)
    assert listing.rows["before"].isna().all()


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("", ["c.com", "b.com", "a.com"]),
        ("-first", ["a.com", "b.com", "c.com"]),
        ("queries", ["a.com", "c.com", "b.com"]),
        ("-queries", ["b.com", "c.com", "a.com"]),
        ("hosts", ["b.com", "c.com", "a.com"]),
        ("nxdomain", ["c.com", "b.com", "a.com"]),
        ("domain", ["a.com", "b.com", "c.com"]),
        ("-domain", ["c.com", "b.com", "a.com"]),
    ],
)
def test_new_domains_are_ranked_over_all_of_them(sort: str, expected: list[str]) -> None:
    table = ByHand(
        Row(7000, domain="a.com", count=9),
        Row(7010, domain="b.com", host="10.0.0.1"),
        Row(7010, domain="b.com", host="10.0.0.2"),
        Row(7020, domain="c.com", count=3),
    )
    assert list(views.new_domains(table, HOUR, 3, sort).rows["domain"]) == expected
    assert list(views.new_domains(table, HOUR, 1, sort).rows["domain"]) == expected[:1]


def test_a_hosts_domains_are_ranked_by_how_many_ask_over_all_of_them() -> None:
    table = ByHand(
        Row(7000, domain="a.com", host="10.0.0.1", count=9),
        Row(7000, domain="b.com", host="10.0.0.1"),
        Row(7000, domain="b.com", host="10.0.0.2"),
    )
    for sort, expected in (("hosts", ("b.com", 2)), ("-hosts", ("a.com", 1)), ("", ("a.com", 1))):
        listing = views.host_domains(table, HOUR, "10.0.0.1", 1, sort)
        assert listing.rows[["domain", "hosts"]].to_numpy().tolist() == [list(expected)]
        assert listing.sort == (sort or "queries")


def test_names_are_ranked_either_way() -> None:
    table = ByHand(
        Row(7000, name="a.com", count=3), Row(7010, name="b.com"), Row(7020, name="c.com")
    )
    for sort, expected in (("", "acb"), ("-queries", "cba"), ("-name", "cba"), ("-last", "abc")):
        listing = views.names(table, HOUR, 3, sort)
        assert [each[0] for each in listing.rows["name"]] == list(expected)
        assert listing.sort == (sort or "queries")


def test_new_domains_are_those_first_seen_in_the_window_of_all_that_is_kept() -> None:
    rows = [
        Row(0, domain="old.com"),
        Row(7000, domain="old.com"),
        Row(7000, domain="new.com", name="a.new.com", count=2, response="NXDOMAIN"),
        Row(7100, domain="new.com", name="b.new.com", host="10.0.0.2", count=2),
        Row(7199, domain="newest.com"),
    ]
    listing = views.new_domains(ByHand(*rows), HOUR)
    columns = ["domain", "hosts", "queries", "names", "nxdomain"]
    assert listing.rows[columns].to_numpy().tolist() == [
        ["newest.com", 1, 1, 1, 0.0],
        ["new.com", 2, 4, 2, 50.0],
    ]
    assert listing.of == 2
    assert listing.rows["first"][1] == T0 + timedelta(seconds=7000)


def test_what_is_new_may_be_older_by_what_was_folded_since() -> None:
    lost = Row(0, domain=None, name=None, folded=2, count=7)
    listing = views.new_domains(ByHand(lost, Row(7199, domain="new.com")), HOUR)
    assert (list(listing.rows["domain"]), listing.of, listing.folded) == (["new.com"], 1, 7)


def test_names_have_type_response_and_the_newest_answer() -> None:
    rows = [
        Row(0, qtype="A", count=2, answers="192.0.2.1", uid="C1"),
        Row(50, qtype="A", count=1, answers="192.0.2.9", uid="C9"),
        Row(20, qtype="AAAA", answers=None, response="NXDOMAIN", uid="C5"),
    ]
    columns = ["name", "type", "response", "queries", "share", "answers", "uid"]
    frame = views.names(ByHand(*rows), ALL).rows
    assert frame[columns].astype(object).where(
        frame[columns].notna(), None
    ).to_numpy().tolist() == [
        ["www.example.com", "A", "NOERROR", 3, 75.0, "192.0.2.9", "C9"],
        ["www.example.com", "AAAA", "NXDOMAIN", 1, 25.0, None, "C5"],
    ]
    assert frame["last"][0] == pd.Timestamp(T0 + timedelta(seconds=50))


def test_a_names_newest_record_without_answers_shows_no_older_records() -> None:
    older, newest = Row(0, answers="192.0.2.1", uid="C1"), Row(50, answers=None, uid="C9")
    frame = views.names(ByHand(older, newest), ALL).rows
    assert frame["uid"].tolist() == ["C9"]
    assert frame["answers"].isna().tolist() == [True]


def test_a_hosts_domains_say_how_many_hosts_ask_each() -> None:
    rows = [
        Row(0, host="10.0.0.1", domain="a.com", count=3),
        Row(0, host="10.0.0.1", domain="b.com"),
        Row(0, host="10.0.0.2", domain="a.com"),
        Row(0, host="10.0.0.3", domain="a.com"),
        Row(0, host="10.0.0.3", domain="c.com"),
    ]
    listing = views.host_domains(ByHand(*rows), ALL, "10.0.0.1")
    columns = ["domain", "queries", "share", "hosts"]
    assert listing.rows[columns].to_numpy().tolist() == [
        ["a.com", 3, 75.0, 3],
        ["b.com", 1, 25.0, 1],
    ]


@pytest.mark.parametrize("view", [View(), ALL, replace(ALL, filters=(Filter("host", "none"),))])
def test_nothing_to_show_is_an_empty_frame_with_the_same_columns(view: View) -> None:
    for function in (
        views.hosts, views.domains, views.names, views.types, views.responses, views.resolvers,
        views.new_domains, views.top_domains,
    ):  # fmt: skip
        empty, full = function(ByHand(), view), function(TABLE, ALL)
        assert list(empty.rows.columns) == list(full.rows.columns)
        assert (len(empty.rows), empty.of, empty.queries, empty.share) == (0, 0, 0, 0)
        assert empty.caption == "0 of 0 · exact"
    assert list(views.volume(ByHand(), view).columns) == list(views.volume(TABLE, ALL).columns)
    assert views.host_domains(ByHand(), view, "none").of == 0


def test_times_are_aware() -> None:
    assert str(views.hosts(TABLE, ALL).rows["last"].dt.tz) == str(UTC)


NOISY = ("224.0.0.252", "10.20.1.255", "255.255.255.255", "ff02::1:3", "FF12::1", "ff32::1%eth0")


@pytest.mark.parametrize("resolver", [*NOISY, "10.0.0.53", "fe80::ff", "224.0.0.9", "ff.example"])
def test_multicast_is_of_addresses_that_nobody_answers_at(resolver: str) -> None:
    table = ByHand(Row(0, resolver=resolver))
    hidden = views.hidden(table, replace(ALL, hidden=frozenset(["multicast"]))).total
    assert hidden == (resolver in NOISY)
