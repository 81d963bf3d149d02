"""What a wall shows: which view is in turn, and addresses of clients masked."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from ipaddress import IPv6Address, ip_address
from urllib.parse import parse_qs

from pipeline.state import FIELDS, START, View, from_params

NAMED = ("range", "from", "to", *FIELDS, "show", "vs", "tz")
"""Parameters that a named view may have: those that decide what a wall shows."""
MAX_NAME = 40
MASKED = "masked"


def masked(address: str) -> str:
    """The network that an address is in, so far as it names no client.

    >>> masked("10.20.3.4"), masked("2001:db8:1::7"), masked("::ffff:10.20.3.4"), masked("printer")
    ('10.20.x.x', '2001:db8:…', '10.20.x.x', 'masked')
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return MASKED
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is None:
        return f"{int(parsed) >> 112:x}:{int(parsed) >> 96 & 0xFFFF:x}:…"
    octets = str(getattr(parsed, "ipv4_mapped", None) or parsed).split(".")
    return f"{octets[0]}.{octets[1]}.x.x"


def read_views(texts: Mapping[str, str]) -> dict[str, View]:
    """Named views out of query strings; ValueError with a sentence about the first wrong one."""
    return {name: _read_view(name, text) for name, text in texts.items()}


def _read_view(name: str, text: str) -> View:
    if not 0 < len(name.strip()) <= MAX_NAME:
        raise ValueError(f"a view's name has 1 to {MAX_NAME} characters")
    params = parse_qs(text.removeprefix("?"), keep_blank_values=True)
    view, problems = from_params(params)
    others = [f"{key} is none of {', '.join(NAMED)}" for key in params.keys() - {*NAMED}]
    if wrong := others + problems:
        raise ValueError(f"the view {name!r}: {wrong[0]}")
    return view


@dataclass(frozen=True)
class Turn:
    """What is on the wall now: a view, and its name, empty if it has none."""

    view: View
    name: str = ""


def in_turn(asked: View, views: Mapping[str, View], seconds: int, now: datetime) -> Turn:
    """The named view whose turn it is, on every wall the same; none if the URL selects records.

    A wall is never paused: there is nothing on it by which to go on.
    """
    live = replace(asked, at=None, focus=None, every=asked.every or START.every)
    if not views or live.selected() != START.selected():
        return Turn(live)
    name = list(views)[int(now.timestamp()) // seconds % len(views)]
    zone = views[name].tz if live.tz == START.tz else live.tz
    return Turn(replace(views[name], every=live.every, tz=zone, wall=True), name)
