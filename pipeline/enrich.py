"""Names to registered domains: computed on distinct names, from the list that tldextract brings."""

from functools import cache, lru_cache
from ipaddress import ip_address

import pyarrow as pa
import pyarrow.compute as pc
from tldextract import TLDExtract

from pipeline.feed import (
    IP_LITERAL,
    LOCAL,
    NETBIOS,
    NO_QUERY,
    SINGLE_LABEL,
    SUFFIX,
)

REVERSE_ZONES = ("in-addr.arpa", "ip6.arpa", "arpa")
NETBIOS_TYPES = ("NB", "NBSTAT", "NIMLOC")
REMEMBERED_NAMES = 200_000
MOST_LABELS = 3
"""Nearly all names are told by so many; under com two are enough, under co.uk it takes three."""


def with_names(records: str) -> str:
    """SELECT `records` with `query` in lower case without its last dots, null where there is none.

    A type or response that Zeek gave a number only is called `TYPE65400` or `RCODE23`.
    """
    query = "nullif(nullif(lower(rtrim(query, '.')), ''), '(empty)')"
    return f"""SELECT * REPLACE ({query} AS query,
        coalesce(qtype_name, 'TYPE' || qtype) AS qtype_name,
        coalesce(rcode_name, 'RCODE' || rcode) AS rcode_name) FROM ({records})"""


def registered_domains(
    qnames: pa.Array, private_suffixes: bool = False, labels: int = 2
) -> pa.Array:
    """Of distinct names, by their last labels where those decide: there are far fewer of them."""
    if labels > MOST_LABELS:
        told = [registered_domain(each, private_suffixes) for each in qnames.to_pylist()]
        return pa.array(told, pa.string())
    is_usual = pc.match_substring_regex(qnames, _usual(labels))
    ends = _ends(qnames.filter(is_usual), labels).dictionary_encode()
    known = [
        registered_domain(end, private_suffixes) if _decides(end, private_suffixes) else None
        for end in ends.dictionary.to_pylist()
    ]
    told = pa.array(known, pa.string()).take(ends.indices)
    domains = pc.replace_with_mask(pa.nulls(len(qnames), pa.string()), is_usual, told)
    is_left = pc.is_null(domains)
    left = registered_domains(qnames.filter(is_left), private_suffixes, labels + 1)
    return pc.replace_with_mask(domains, is_left, left)


def _usual(labels: int) -> str:
    """A name of the usual signs, and of at least so many labels."""
    return rf"^(?:[a-z0-9_.-]*\.)?(?:[a-z0-9_-]+\.){{{labels - 1}}}[a-z]+$"


def _ends(qnames: pa.Array, labels: int) -> pa.Array:
    """The last labels of names that have as many.

    A regular expression that hands over what it found would take three times as long.

    >>> _ends(pa.array(["www.example.com", "example.org"]), 2).to_pylist()
    ['example.com', 'example.org']
    """
    parts = pc.split_pattern(qnames, ".", max_splits=labels, reverse=True)
    after = parts.offsets[1:]
    last = [parts.values.take(pc.subtract(after, place)) for place in range(labels, 0, -1)]
    return pc.binary_join_element_wise(*last, ".")


def _decides(end: str, private_suffixes: bool) -> bool:
    """Whether all names that end so have one registered domain: no suffix is so long.

    >>> ends = ("example.com", "co.uk", "any.ck", "example.co.uk", "any.sch.uk")
    >>> [_decides(end, False) for end in ends]
    [True, False, False, True, False]
    """
    any_label = "*." + end.partition(".")[2]
    suffixes = _ends_of_suffixes(end.count(".") + 1, private_suffixes)
    return "xn--" not in end and end not in suffixes and any_label not in suffixes


@cache
def _ends_of_suffixes(labels: int, private_suffixes: bool) -> set[str]:
    """The last labels of each suffix that has so many, as the list writes them."""
    suffixes = [each.split(".") for each in _extractor(private_suffixes).tlds]
    return {".".join(each[-labels:]) for each in suffixes if len(each) >= labels}


@lru_cache(REMEMBERED_NAMES)
def registered_domain(qname: str | None, private_suffixes: bool = False) -> str:
    """The part of a name that somebody registered, or a label of why there is none.

    Under a suffix that the list does not have the last two labels count, as the list's own
    algorithm says (publicsuffix.org/list, "if no rules match, the prevailing rule is *").

    >>> registered_domain("a.b.github.io"), registered_domain("a.b.github.io", True)
    ('github.io', 'b.github.io')
    >>> registered_domain("dc1.corp.internal"), registered_domain("co.uk")
    ('corp.internal', '(suffix)')
    """
    if not qname:
        return NO_QUERY
    if "\\x00" in qname or "\x00" in qname or qname == "*":
        return NETBIOS
    if qname == "local" or qname.endswith(".local"):
        return LOCAL
    for zone in REVERSE_ZONES:
        if qname.endswith("." + zone):
            return zone
    if _is_ip(qname):
        return IP_LITERAL
    if "." not in qname:
        return SINGLE_LABEL
    return _under_suffix(qname, private_suffixes)


def _is_ip(qname: str) -> bool:
    if not (qname[-1].isdigit() or ":" in qname):
        return False
    try:
        ip_address(qname)
    except ValueError:
        return False
    return True


def _under_suffix(qname: str, private_suffixes: bool) -> str:
    parts = _extractor(private_suffixes)(qname)
    if parts.suffix:
        return f"{parts.domain}.{parts.suffix}" if parts.domain else SUFFIX
    return ".".join(qname.rsplit(".", 2)[-2:])


@cache
def _extractor(private_suffixes: bool) -> TLDExtract:
    """No look-up leaves the machine: neither a fresh list is fetched nor a file written."""
    return TLDExtract(
        suffix_list_urls=(), cache_dir=None, include_psl_private_domains=private_suffixes
    )
