"""Words of the search box to filters."""

import re
from dataclasses import replace
from ipaddress import ip_address

from pipeline.state import FIELDS, MAX_FILTER_CHARACTERS, MAX_FILTERS, STARS, Filter, stray_star
from pipeline.where import OTHER

NETWORK = re.compile(r"\d{1,3}(\.\d{1,3}){0,2}\.\*?")
"""Of IPv4, with a star or as it is typed."""
WORD = re.compile(r'(?:[^\s"]|"[^"]*")+')
"""A blank within double quotes parts no words."""


def parse_search(text: str) -> tuple[list[Filter], list[str]]:
    """`field:value` words, a leading `-` excludes; a plain word is a host or a domain.

    Also a sentence for each word that is not understood.

    >>> parse_search("-type:txt 10.1.2.3")[0]
    [Filter(field='type', value='TXT', exclude=True, under=False, begins=False), \
Filter(field='host', value='10.1.2.3', exclude=False, under=False, begins=False)]
    """
    filters, problems = [], []
    words = WORD.findall(text)
    if len(words) > MAX_FILTERS:
        problems.append(f"{len(words):,} words are too many: the first {MAX_FILTERS} are kept")
    for word in words[:MAX_FILTERS]:
        try:
            filters.append(_parse_word(word.replace('"', "")))
        except ValueError as error:
            problems.append(str(error))
    return filters, problems


def _parse_word(word: str) -> Filter:
    if len(word) > MAX_FILTER_CHARACTERS:
        raise ValueError(f"a filter has {MAX_FILTER_CHARACTERS:,} characters at most")
    exclude, rest = word.startswith("-"), word.removeprefix("-")
    field, colon, value = rest.partition(":")
    is_host = is_address(rest.partition("%")[0]) or NETWORK.fullmatch(rest) is not None
    if not colon or is_host:
        is_cut = is_host and rest.endswith(".")
        field, value = "host" if is_host else "domain", rest + "*" * is_cut
    field = field.lower()
    if field not in FIELDS:
        raise ValueError(f"{field[:40]}: is no field; there are {', '.join(FIELDS)}")
    if not value:
        raise ValueError(f"{word[:40]} has no value")
    if stray_star(value):
        raise ValueError(f"{word[:40]}: {STARS}")
    each = Filter.from_text(field, _as_kept(field, value.replace("[.]", ".")))
    return replace(each, exclude=exclude)


def _as_kept(field: str, value: str) -> str:
    """In the case in which the table has it; Zeek calls types it does not know `query-65280`."""
    if field in ("type", "response"):
        return value.upper() if value.isalnum() and value.lower() != OTHER else value
    return value.lower().rstrip(".") if field in ("domain", "name") else value


def is_address(text: str) -> bool:
    """Whether a text is an IP address; a zone after `%` may be anything, so none has one.

    >>> is_address("fe80::1"), is_address("fe80::1%www.evil.example")
    (True, False)
    """
    try:
        ip_address(text)
    except ValueError:
        return False
    return "%" not in text
