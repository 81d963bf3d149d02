"""Incidents for a detection to find, and the truth about each in a file of JSON lines."""

import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pipeline.demo.questions import make_domain
from pipeline.demo.world import Record, World

Question = tuple[str, str, str | None, tuple[str, ...]]
"""Name, type, response code, answers."""

LETTERS = "abcdefghijklmnopqrstuvwxyz"
BASE32 = LETTERS + "234567"
UNITS = {"s": 1, "m": 60, "h": 3600}


class UnknownIncident(ValueError):
    """A word that names no incident; the message lists those there are."""


@dataclass(frozen=True)
class Kind:
    """How fast an incident asks, for how long (seconds), how regularly, and for what."""

    rate: float
    seconds: float
    jitter: float
    ask: Callable[["Incident", random.Random, int], Question]


@dataclass
class Incident:
    """One incident under way: a host, its time, and what it has sent so far."""

    kind: str
    host: str
    domain: str
    start: float
    seconds: float
    records: int = 0

    @property
    def end(self) -> float:
        """When it is over, in epoch seconds."""
        return self.start + self.seconds

    def due(self, world: World, until: float, most: int) -> list[Record]:
        """What it asks up to a time, since the last call; `most` records."""
        kind = KINDS[self.kind]
        made: list[Record] = []
        while (ts := self.start + self.records / kind.rate) < min(until, self.end):
            if len(made) == most:
                break
            ts += world.dice.uniform(0, kind.jitter) / kind.rate
            made.append(self._record(world, round(ts, 6), kind))
            self.records += 1
        return made

    def _record(self, world: World, ts: float, kind: Kind) -> Record:
        qname, qtype, rcode, answers = kind.ask(self, world.dice, self.records)
        port, trans_id = world.dice.randint(1024, 65535), world.dice.getrandbits(16)
        rtt = None if rcode is None else round(world.dice.lognormvariate(-3.5, 0.5), 6)
        server = world.resolvers[world.hosts.index(self.host)]
        return Record(
            ts, world.new_uid(), self.host, port, server, 53, trans_id, rtt, qname, qtype, rcode,
            answers, 60.0,
        )  # fmt: skip


def _tunnel(it: Incident, dice: random.Random, number: int) -> Question:
    data = ".".join("".join(dice.choices(BASE32, k=length)) for length in (50, 32))
    answer = "TXT 60 " + "".join(dice.choices(BASE32, k=60))
    return f"{data}.{number:x}.t.{it.domain}", "TXT", "NOERROR", (answer,)


def _dga(it: Incident, dice: random.Random, number: int) -> Question:
    stem = "".join(dice.choices(LETTERS, k=dice.randint(11, 18)))
    qname = f"{stem}.{('com', 'net', 'info', 'ru', 'biz')[number % 5]}"
    if dice.random() < 0.02:
        return qname, "A", "NOERROR", ("198.51.100.66",)
    return qname, "A", "NXDOMAIN", ()


def _beacon(it: Incident, dice: random.Random, number: int) -> Question:
    return f"cdn.{it.domain}", "A", "NOERROR", ("198.51.100.77",)


def _nxdomain(it: Incident, dice: random.Random, number: int) -> Question:
    service = dice.choice(("wpad", "db", "vault", "git", "backup", "legacy"))
    return f"{service}-{dice.randint(1, 400)}.{it.domain}", "A", "NXDOMAIN", ()


def _scan(it: Incident, dice: random.Random, number: int) -> Question:
    qname = f"{number % 256}.{number // 256 % 256}.20.10.in-addr.arpa"
    if number % 6:
        return qname, "PTR", "NXDOMAIN", ()
    return qname, "PTR", "NOERROR", (f"pc-{number}.corp.local",)


KINDS = {
    "tunnel": Kind(rate=8, seconds=120, jitter=0.8, ask=_tunnel),
    "dga": Kind(rate=3, seconds=180, jitter=0.9, ask=_dga),
    "beacon": Kind(rate=1 / 20, seconds=1800, jitter=0.05, ask=_beacon),
    "nxdomain": Kind(rate=40, seconds=45, jitter=0.9, ask=_nxdomain),
    "scan": Kind(rate=20, seconds=60, jitter=0.2, ask=_scan),
}


def parse_plan(text: str) -> tuple[str, float]:
    """A kind, and when it begins, in seconds from the first live record (before it: backfill).

    >>> parse_plan("tunnel@60s"), parse_plan("dga@-10m")
    (('tunnel', 60.0), ('dga', -600.0))
    """
    match = re.fullmatch(r"([a-z]+)(?:@(-?\d+(?:\.\d+)?)([smh]?))?", text.strip())
    if not match or match[1] not in KINDS:
        kinds = ", ".join(KINDS)
        raise UnknownIncident(f"{text!r} is no incident: {kinds}, or with a time, tunnel@60s")
    return match[1], float(match[2] or 0) * UNITS[match[3] or "s"]


class Incidents:
    """Those that wait, those under way, and the file that tells which there were."""

    def __init__(self, world: World, truth: Path | None) -> None:
        self.world, self.truth = world, truth
        self.open: list[Incident] = []
        if truth:
            truth.parent.mkdir(parents=True, exist_ok=True)
            truth.write_text("")

    def add(self, kind: str, start: float) -> None:
        """Plan one; its host and its domain are drawn now."""
        host, domain = self.world.some_host(), make_domain(self.world.dice)
        domain = {"scan": "in-addr.arpa", "dga": ""}.get(kind, domain)
        self.open.append(Incident(kind, host, domain, start, KINDS[kind].seconds))

    def due(self, until: float, most: int) -> list[Record]:
        """What is asked up to a time, `most` records; then the truth about what is over."""
        made: list[Record] = []
        for incident in self.open:
            made += incident.due(self.world, until, most - len(made))
        for over in [each for each in self.open if each.end <= until]:
            self._tell(over, over.end)
            self.open.remove(over)
        return made

    def close(self, now: float) -> None:
        """Tell of those that were cut short as well."""
        for each in self.open:
            if each.records:
                self._tell(each, min(now, each.end))

    def _tell(self, incident: Incident, end: float) -> None:
        told = {
            "kind": incident.kind,
            "host": incident.host,
            "domain": incident.domain or None,
            "start": datetime.fromtimestamp(incident.start, UTC).isoformat(),
            "end": datetime.fromtimestamp(end, UTC).isoformat(),
            "records": incident.records,
        }
        if self.truth:
            with self.truth.open("a") as file:
                file.write(json.dumps(told) + "\n")
