"""The search box: words to filters."""

from ipaddress import ip_address

from pipeline.feed import LABELS
from pipeline.state import FIELDS, Filter


def parse_search(text: str) -> list[Filter]:
    """`field:value` words, a leading `-` excludes; a plain word is a host or a domain.

    >>> parse_search("-type:txt 10.1.2.3")
    [Filter(field='type', value='TXT', exclude=True, under=False), \
Filter(field='host', value='10.1.2.3', exclude=False, under=False)]
    """
    return [found for word in text.split() if (found := _parse_word(word))]


def _parse_word(word: str) -> Filter | None:
    exclude, rest = word.startswith("-"), word.removeprefix("-")
    field, colon, value = rest.partition(":")
    if not colon or field.lower() not in FIELDS:
        field, value = "host" if is_address(rest) else "domain", rest
    field, value = field.lower(), value.replace("[.]", ".")
    if not value:
        return None
    if field in ("type", "response"):
        value = value.upper() if value.lower() not in ("no response", "other") else value
    elif field in ("domain", "name") and value not in LABELS:
        value = value.lower().rstrip(".")
    each = Filter.from_text(field, value)
    return Filter(each.field, each.value, exclude, each.under)


def is_address(text: str) -> bool:
    """Whether a text is an IP address."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
