"""Whatever a name holds, it is shown as text that does nothing."""

import unicodedata
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.names import defang, neutralise, shown, unicode_form

HOSTILE = "\u202eevil\u200b.com\x00\ufeff\u2066\U000e0041\u3164\xad\ufe0f"
ANY = st.text() | st.text(alphabet=HOSTILE + "=+-@\t\r\n .ab")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("www.example.com", "www.example.com"),
        ("bücher.example", "bücher.example"),
        ("a\u202eb", "a\\u{202e}b"),
        ("a\u200bb\u2060", "a\\u{200b}b\\u{2060}"),
        ("line\nbreak\ttab", "line\\u{a}break\\u{9}tab"),
        ("tag\U000e0041", "tag\\u{e0041}"),
        ("filler\u3164\u115f", "filler\\u{3164}\\u{115f}"),
        ("heart\ufe0f", "heart\\u{fe0f}"),
        ("no\xa0break", "no\\u{a0}break"),
        ("<img src=x>", "<img src=x>"),
        (None, ""),
    ],
)
def test_hidden_characters_are_shown_as_escapes(name: str | None, expected: str) -> None:
    assert shown(name) == expected


@given(ANY)
def test_nothing_shown_is_invisible_or_moves_text(name: str) -> None:
    hidden = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert not [each for each in shown(name) if unicodedata.category(each) in hidden]


@given(ANY, st.integers(min_value=12, max_value=300))
def test_what_is_shown_is_bounded_and_says_when_it_is_cut(name: str, limit: int) -> None:
    text = shown(name, limit)
    assert len(text) <= limit
    assert text.endswith("…") or text == shown(name, 10_000)


def test_a_cut_never_leaves_half_an_escape() -> None:
    assert shown("aaaaaaaa\u202e\u202e", 12) == "aaaaaaaa…"


def test_a_long_name_is_cut_at_255() -> None:
    assert shown("a" * 300) == "a" * 254 + "…"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("www.example.com", "www[.]example[.]com"),
        ("http://example.com/x", "hxxp[://]example[.]com/x"),
        ("HTTPS://example.com", "HxxPS[://]example[.]com"),
        ("10.1.2.3", "10[.]1[.]2[.]3"),
        ("localhost", "localhost"),
        ("HTTPS", "HTTPS"),
    ],
)
def test_a_defanged_name_is_no_link(name: str, expected: str) -> None:
    assert defang(name) == expected


@given(ANY)
def test_a_defanged_name_has_no_bare_dot(name: str) -> None:
    assert "." not in defang(name).replace("[.]", "")


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\nx", " =1", "＝1"])
def test_a_formula_becomes_text(cell: str) -> None:
    assert neutralise(cell) == "'" + cell


@given(ANY)
def test_no_cell_begins_as_a_formula(cell: str) -> None:
    assert not neutralise(cell).startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("evil;=HYPERLINK(1)", "evil;'=HYPERLINK(1)"),
        ("evil|+1", "evil|'+1"),
        ("evil\t@x", "evil\t'@x"),
        ("evil; -1", "evil;' -1"),
        ('evil;"=1', "evil;'\"=1"),
        ("=1;=2|＝3", "'=1;'=2|'＝3"),
        ("a;;=1", "a;;'=1"),
    ],
)
def test_a_formula_after_another_separator_becomes_text(cell: str, expected: str) -> None:
    assert neutralise(cell) == expected


@given(ANY, st.sampled_from(";|\t"))
def test_no_part_of_a_cell_begins_as_a_formula(cell: str, separator: str) -> None:
    for part in neutralise(cell + separator + cell).split(separator):
        assert not part.lstrip(' "').startswith(("=", "+", "-", "@"))


@pytest.mark.parametrize("cell", ["a=b.example.com", "a;b|c-d", "'=1"])
def test_an_ordinary_cell_is_left_alone(cell: str) -> None:
    assert neutralise(cell) == cell


@pytest.mark.parametrize("repeated", ["\t", ";", " ", "\x00", "\x1c", "\x0b", '"', "\xa0", "; "])
def test_a_long_cell_takes_no_time(repeated: str) -> None:
    began = process_time()
    neutralise(";" + repeated * 100_000 + "a")
    assert process_time() - began < 3


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("xn--bcher-kva.example", "bücher.example"),
        ("www.example.com", None),
        ("xn--.example", ".example"),
        ("xn--99999999999999.example", None),
        ("xn--\u00fc.example", None),
    ],
)
def test_unicode_stands_beside_punycode(name: str, expected: str | None) -> None:
    assert unicode_form(name) == expected


@given(st.text(alphabet="xn-abc019.ü"))
def test_no_name_breaks_the_unicode_form(name: str) -> None:
    unicode_form("xn--" + name)
