"""Views by chance, of values that occur: each of a record, so that few views are empty."""

import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

from pipeline.state import FIELDS, NOISE, Filter, View
from tests.unit.dns_rows import T0
from tests.unit.logged import BATCHES, HOSTS, HOUR, SECOND, Record, records

LENGTHS = {"15m": 900, "1h": HOUR, "4h": 4 * HOUR, "24h": 24 * HOUR, "all": 49 * HOUR}
RANGES = {
    "before": ("15m", "1h", "4h", "24h", "from–to"),
    "day": ("15m", "1h", "4h", "from–to"),
    "host": (*LENGTHS, "from–to"),
}
"""Those that can be compared with the time before, the day before, another host."""
MANY = {"before": [1, 1, 1, 1, 2, 3], "day": [1, 1, 1, 1, 2, 3], "host": [1, 1, 1, 1, 2]}
"""Filters; of two hosts much filtered, little would be left to compare."""
NO_VALUE = {"name": "(no query)", "type": "(no type)", "resolver": "(no resolver)"}
HIDES = {
    "no-query": ("(no query)",), "local": ("(local)",), "arpa": ("in-addr.arpa",),
    "netbios": ("(netbios)",), "single": ("(single label)",), "known": ("known.example",),
}  # fmt: skip


def random_view(number: int, seed: int = 4) -> View:
    """The view of that number, the same every time."""
    chance = random.Random(1_000 * seed + number)
    vs = list(RANGES)[number % 3]
    at = chance.choice([None, None, None, BATCHES - 1, BATCHES - 2])
    last = max(each.at for each in records() if at is None or each.batch <= at)
    view = View(range=chance.choice(RANGES[vs]), at=at, n=None, level=chance.choice(LEVELS))
    length = LENGTHS.get(view.range, chance.randrange(600, 5 * HOUR))
    if view.range not in LENGTHS:
        end = last - chance.randrange(0, 1800 * SECOND)
        stretch = (T0 + timedelta(microseconds=end - length * SECOND * up) for up in (1, 0))
        view = replace(view, **dict(zip(("start", "end"), stretch, strict=True)), range="1h")
        last = end
    base = chance.choice(
        [
            each
            for each in records()
            if last - 0.9 * length * SECOND < each.at <= last - 60 * SECOND
            and (at is None or each.batch <= at)
        ]
    )
    others = [host for host in HOSTS if host != base.host]
    against = f"host:{chance.choice(others)}" if vs == "host" else vs
    filters = tuple(dict.fromkeys(_filters(chance, base, MANY[vs])))
    return replace(view, vs=against, filters=filters, hidden=_hidden(chance, base))


LEVELS: Any = ("name", "domain", "tld")


def _filters(chance: random.Random, base: Record, many: list[int]) -> list[Filter]:
    """That keep the record, each of another field; some have a second value, or leave one out."""
    made = []
    for field in chance.sample(FIELDS, chance.choice(many)):
        value, other = (_value(each, field) for each in (base, chance.choice(records())))
        made.append(chance.choice([_kept, _kept, _left_out])(chance, field, value, other))
    return [each for some in made for each in some]


def _kept(chance: random.Random, field: str, value: str, other: str) -> list[Filter]:
    _, dot, rest = value.partition(".")
    if dot and rest and field in ("domain", "name") and chance.random() < 0.4:
        return [Filter(field, rest, under=True)]
    if dot and field in ("host", "resolver", "domain", "name") and chance.random() < 0.3:
        return [_beginning(chance, field, value)]
    if field == "response" and value == "FORMERR":
        value = chance.choice([value, "other"])
    return [Filter(field, value), *([Filter(field, other)] if chance.random() < 0.4 else [])]


def _beginning(chance: random.Random, field: str, value: str) -> Filter:
    """What a value begins with, or of a name also what lies in its middle."""
    labels = value.split(".")
    many = chance.randrange(1, len(labels))
    middle = many > 1 and field in ("domain", "name") and chance.random() < 0.5
    return Filter(field, ".".join(labels[middle:many]), under=middle, begins=True)


def _left_out(chance: random.Random, field: str, value: str, other: str) -> list[Filter]:
    if value == other:
        return []
    rest = other.partition(".")[2]
    under = bool(rest) and field in ("domain", "name") and not value.endswith(f".{rest}")
    return [Filter(field, rest if under else other, exclude=True, under=under)]


def _value(each: Record, field: str) -> str:
    if field == "response":
        return each.response or "no response"
    return str(getattr(each, field) or NO_VALUE[field])


def _hidden(chance: random.Random, base: Record) -> frozenset[str]:
    """Noise that the record is not, mostly."""
    chosen = chance.sample(sorted(NOISE), chance.randrange(0, 4))
    spared = {key for key, domains in HIDES.items() if base.domain in domains}
    spared |= {"multicast"} if base.resolver not in ("10.0.0.53", "8.8.8.8", None) else set()
    return frozenset(chosen) - (spared if chance.random() < 0.9 else set())
