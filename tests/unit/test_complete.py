"""The search box: words to filters, and what a word may become."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pages.shared.search import parse_search
from pipeline.complete import completions, is_part
from pipeline.state import MAX_FILTERS, Filter, View
from tests.unit.dns_rows import ByHand, Row

ALL = View(range="all")
TABLE = ByHand(
    Row(0, host="10.0.0.1", domain="example.com", name="www.example.com", count=5),
    Row(1, host="10.0.0.11", domain="myexample.org", name="myexample.org", count=9),
    Row(2, host="fe80::1%eth0", domain="(local)", name="printer.local", qtype="query-65280"),
    Row(3, host="10.0.0.1", response=None, qtype=None),
)


@pytest.mark.parametrize(
    ("text", "filters"),
    [
        ("10.0.0.1 fe80::1%eth0", [("host", "10.0.0.1"), ("host", "fe80::1%eth0")]),
        ("Example.COM.", [("domain", "example.com")]),
        ("www.example[.]com", [("name", "www.example.com")]),
        ("type:txt response:nxdomain", [("type", "TXT"), ("response", "NXDOMAIN")]),
        ('response:"no response"', [("response", "no response")]),
        ("type:query-65280 response:other", [("type", "query-65280"), ("response", "other")]),
        ("RESOLVER:8.8.8.8", [("resolver", "8.8.8.8")]),
    ],
)
def test_words_become_filters(text: str, filters: list[tuple[str, str]]) -> None:
    assert parse_search(text) == ([Filter(*each) for each in filters], [])


def test_so_many_words_are_not_filters_and_that_is_said() -> None:
    filters, problems = parse_search("host:10.0.0.1 " * 8_000)
    assert len(filters) == MAX_FILTERS
    assert problems == ["8,000 words are too many: the first 50 are kept"]
    assert parse_search("a" * 2_000) == ([], ["a filter has 1,100 characters at most"])


@pytest.mark.parametrize("word", ["10.20.*", "10.20."])
def test_the_start_of_an_address_is_a_network(word: str) -> None:
    assert parse_search(word) == ([Filter("host", "10.20", begins=True)], [])


def test_a_leading_dash_excludes_and_a_star_means_all_below() -> None:
    [found], problems = parse_search("-name:*.example.com")
    assert found == Filter("name", "example.com", exclude=True, under=True)
    assert not problems


def test_a_word_that_is_not_understood_is_said_and_the_others_hold() -> None:
    filters, problems = parse_search("port:53 type: type:A")
    assert filters == [Filter("type", "A")]
    assert problems == [
        "port: is no field; there are host, domain, name, type, response, resolver",
        "type: has no value",
    ]


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("10.0.0.1", ["host:10.0.0.1", "host:10.0.0.11"]),
        ("EXAMPLE", ["domain:example.com", "domain:myexample.org"]),
        ("-exam", ["-domain:example.com", "-domain:myexample.org"]),
        ("re", ["response:", "resolver:"]),
        ("response:no", ["response:NOERROR", 'response:"no response"']),
        ("name:printer", ["name:printer.local"]),
        ("type:query", ["type:query-65280"]),
        ("nothing-like-it", []),
        ("", []),
        ("-", []),
    ],
)
def test_a_word_may_become_what_the_table_has(word: str, found: list[str]) -> None:
    assert completions(TABLE, ALL, word) == found


def test_completions_are_of_the_views_time_whatever_is_filtered() -> None:
    view = ALL.filtered(Filter("host", "10.0.0.11"))
    assert "domain:example.com" in completions(TABLE, view, "example")


@given(st.text(st.characters(codec="utf-8", exclude_characters='"'), min_size=1), st.booleans())
def test_a_completion_is_understood_as_the_value_it_was_made_of(name: str, exclude: bool) -> None:
    table = ByHand(Row(0, host=name))
    sign = "-" if exclude else ""
    for word in completions(table, ALL, f"{sign}host:"):
        assert parse_search(word) == ([Filter("host", name, exclude)], [])


@pytest.mark.parametrize(
    ("word", "field", "value"),
    [
        ("www.example.com", "name", "www.example.com"),
        ("-domain:mail.example.com", "name", "mail.example.com"),
        ("example.com", "domain", "example.com"),
        ("domain:(NetBIOS)", "domain", "(NetBIOS)"),
        ("co.uk", "name", "co.uk"),
        ("printer", "name", "printer"),
        ("bücher.example", "domain", "xn--bcher-kva.example"),
        ("2001:DB8::0:1", "host", "2001:db8::1"),
        ("resolver:2001:DB8::0:1", "resolver", "2001:db8::1"),
        ("10.1.2.3/32", "host", "10.1.2.3"),
    ],
)
def test_a_word_finds_what_is_meant_by_it(word: str, field: str, value: str) -> None:
    assert parse_search(word) == ([Filter(field, value, word.startswith("-"))], [])


def test_a_private_suffix_makes_a_name_a_domain_where_the_settings_say_so() -> None:
    assert parse_search("a.github.io")[0] == [Filter("name", "a.github.io")]
    assert parse_search("a.github.io", private_suffixes=True)[0] == [
        Filter("domain", "a.github.io")
    ]


@pytest.mark.parametrize("word", ["10.1.0.0/16", "host:10.1.0.0/16", "10.1.*", "10.1."])
def test_a_network_is_its_whole_numbers(word: str) -> None:
    assert parse_search(word) == ([Filter("host", "10.1", begins=True)], [])


@pytest.mark.parametrize("word", ["10.1.0.0/20", "2001:db8::/32", "host:10.0.0.0/0"])
def test_another_network_is_refused_in_a_sentence(word: str) -> None:
    filters, [problem] = parse_search(word)
    assert not filters
    assert "/8, /16 and /24" in problem


def test_a_word_that_is_only_a_part_of_what_there_is_is_told_from_one_that_is_whole() -> None:
    for field, part in (("name", "www"), ("host", "10.0.0"), ("domain", "ample.com")):
        assert is_part(TABLE, ALL, Filter(field, part))
        assert not is_part(TABLE, ALL, Filter(field, part, exclude=True))
        assert not is_part(TABLE, ALL, Filter(field, part, begins=True))
    # What is there, although another that has more queries has it as a part; and what nothing has.
    for value in ("example.com", "nonsense"):
        assert not is_part(TABLE, ALL, Filter("domain", value))
