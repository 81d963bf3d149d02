"""Words of the search box to filters."""

import re
from contextlib import suppress
from dataclasses import replace
from ipaddress import ip_address

from pipeline.enrich import registered_domain
from pipeline.state import FIELDS, MAX_FILTER_CHARACTERS, MAX_FILTERS, STARS, Filter, stray_star
from pipeline.where import OTHER

NETWORK = re.compile(r"\d{1,3}(\.\d{1,3}){0,2}\.\*?")
"""Of IPv4, with a star or as it is typed."""
WORD = re.compile(r'(?:[^\s"]|"[^"]*")+')
"""A blank within double quotes parts no words."""


def parse_search(text: str, private_suffixes: bool = False) -> tuple[list[Filter], list[str]]:
    """`field:value` words, a leading `-` excludes; a plain word is a host, a network, a domain or,
    where it is none that can be registered, a name.

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
            each = _parse_word(word.replace('"', ""))
            filters.append(_name_or_domain(each, private_suffixes))
        except ValueError as error:
            problems.append(str(error))
    return filters, problems


def _parse_word(word: str) -> Filter:
    if len(word) > MAX_FILTER_CHARACTERS:
        raise ValueError(f"a filter has {MAX_FILTER_CHARACTERS:,} characters at most")
    exclude, rest = word.startswith("-"), word.removeprefix("-")
    field, colon, value = rest.partition(":")
    is_host = is_address(re.split("[%/]", rest)[0]) or NETWORK.fullmatch(rest) is not None
    if not colon or is_host:
        field, value = "host" if is_host else "domain", rest
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
    """As the table has it; Zeek calls types it does not know `query-65280`."""
    if field in ("type", "response"):
        return value.upper() if value.isalnum() and value.lower() != OTHER else value
    if field in ("host", "resolver"):
        return _address(value)
    if value.startswith("("):
        return value
    with suppress(UnicodeError):
        value = value if value.isascii() else value.encode("idna").decode()
    return value.lower().rstrip(".")


def _address(value: str) -> str:
    """An address as Zeek writes it, a network by its whole numbers; else as it is.

    >>> _address("2001:DB8::0:1"), _address("10.1.0.0/16"), _address("10.1.")
    ('2001:db8::1', '10.1.*', '10.1.*')
    """
    if NETWORK.fullmatch(value):
        return value.removesuffix("*") + "*"
    address, slash, bits = value.partition("/")
    if slash and is_address(address):
        if "." not in address or bits not in ("8", "16", "24", "32"):
            raise ValueError(f"{value[:40]}: of networks /8, /16 and /24 can be looked for")
        whole = int(bits) // 8
        return ".".join(address.split(".")[:whole]) + ".*" * (whole < 4)
    address, zone, name = value.partition("%")
    return str(ip_address(address)) + zone + name if is_address(address) else value


def _name_or_domain(each: Filter, private_suffixes: bool) -> Filter:
    """What is asked for as a domain and cannot be registered is a name: `www.example.com`."""
    if each.field != "domain" or each.under or each.begins or each.value.startswith("("):
        return each
    is_domain = registered_domain(each.value, private_suffixes) == each.value
    return each if is_domain else replace(each, field="name")


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
