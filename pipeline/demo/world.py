"""A made-up network: its hosts, their habits, and what they ask for. All of it from a seed."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.demo.questions import DOMAINS, Question, make_domains, make_questions

RESOLVERS = ("10.20.0.53", "10.20.1.53", "192.0.2.53")
RCODES = {"NOERROR": 0, "SERVFAIL": 2, "NXDOMAIN": 3, "REFUSED": 5}


class Record(NamedTuple):
    """One line of dns.log, its times in seconds. None is a field that Zeek leaves out."""

    ts: float
    uid: str
    host: str
    port: int
    resolver: str
    server_port: int
    trans_id: int
    rtt: float | None
    qname: str | None
    qtype: str | None
    rcode: str | None
    answers: tuple[str, ...] = ()
    ttl: float = 300.0


@dataclass(frozen=True)
class Kind:
    """A kind of host: how busy, when (office: by day, UTC), and how much it keeps to its habits."""

    share: float
    busy: float
    office: bool
    habit: float


KINDS = {
    "workstation": Kind(0.62, 1.0, True, 0.5),
    "phone": Kind(0.20, 0.5, True, 0.6),
    "server": Kind(0.08, 3.0, False, 0.8),
    "mail": Kind(0.02, 4.0, False, 0.4),
    "thing": Kind(0.08, 0.2, False, 0.98),
}


def daytime(ts: float) -> float:
    """How far the office is filled at a time, 0.15 to 1, busiest at 14:00 UTC."""
    hour = ts / 3600 % 24
    return 0.15 + 0.85 * math.exp(-(((hour - 14 + 12) % 24 - 12) ** 2) / 18)


def rhythm(ts: float) -> float:
    """A factor around 1 on the rate: the day, and ripples of some minutes."""
    ripple = 0.12 * math.sin(ts / 67) + 0.07 * math.sin(ts / 23) + 0.05 * math.sin(ts / 311)
    return (0.7 + 0.6 * daytime(ts)) * (1 + ripple)


def zipf(count: int, exponent: float = 1.05) -> NDArray[np.float64]:
    """Cumulated shares of ranks 1 to `count`."""
    weights = np.arange(1, count + 1) ** -exponent
    return np.asarray(np.cumsum(weights / weights.sum()))


@dataclass
class World:
    """Hosts and questions, made once; `records` draws from them.

    >>> world = World(seed=1)
    >>> [record.qname for record in world.records(0.0, 1.0, 2)] == [
    ...     record.qname for record in World(seed=1).records(0.0, 1.0, 2)
    ... ]
    True
    """

    seed: int
    host_count: int = 160
    distinct: bool = False
    late_share: float = 0.02
    rng: np.random.Generator = field(init=False)
    dice: random.Random = field(init=False)
    domains: list[str] = field(init=False)
    questions: list[Question] = field(init=False)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self.dice = random.Random(self.seed)
        self.domains = make_domains(self.dice, DOMAINS)
        self.questions = make_questions(self.dice, self.domains)
        self._ranks = zipf(len(self.questions))
        self._make_hosts()
        self._serial = 0

    def new_uid(self) -> str:
        """Seventeen or so letters and digits after a C, as Zeek's are."""
        return "C" + _base62(self.dice.getrandbits(62)) + "zL4kQ"

    def some_host(self) -> str:
        """A workstation or the like."""
        return self.dice.choice(self.hosts[: len(self.hosts) // 2])

    def records(self, start: float, end: float, count: int) -> list[Record]:
        """`count` records of the time from `start` to `end`; a few bear an earlier `ts`."""
        if count == 0:
            return []
        rng = self.rng
        hosts = self._draw_hosts((start + end) / 2, count)
        picks = self._draw_questions(hosts, count)
        times = np.sort(rng.uniform(start, end, count))
        late = rng.random(count) < self.late_share
        times[late] -= np.minimum(rng.exponential(20.0, int(late.sum())), 600.0)
        columns = (
            np.round(times, 6), hosts, picks, rng.integers(1024, 65536, (2, count)).T,
            rng.random(count), self._draw_rtts(picks, count), rng.integers(1 << 62, size=count),
        )  # fmt: skip
        return [self._record(*row) for row in zip(*(c.tolist() for c in columns), strict=True)]

    def _record(
        self,
        ts: float,
        host: int,
        pick: int,
        ports: Sequence[int],
        luck: float,
        rtt: float,
        uid: int,
    ) -> Record:
        question = self.questions[pick]
        qname, answers, rcode = question.qname, question.answers, "NOERROR"
        answered: float | None = rtt
        if luck < question.silent:
            rcode, answered, answers = None, None, ()  # type: ignore[assignment]
        elif luck < question.silent + question.nxdomain:
            rcode, answers = "NXDOMAIN", ()
        elif luck > 0.995:
            rcode, answers = ("SERVFAIL" if luck < 0.999 else "REFUSED"), ()
        if self.distinct and luck < 0.9:
            self._serial += 1
            qname = f"{_base62(uid & 0xFFFFFFFF)}{self._serial}.{self.domains[pick % DOMAINS]}"
        server_port = question.server_port
        return Record(
            ts, "C" + _base62(uid) + "3yKd", self.hosts[host],
            ports[0] if server_port == 53 else server_port,
            question.server or self.resolvers[host], server_port, ports[1], answered,
            qname, question.qtype, rcode, answers,
        )  # fmt: skip

    def _draw_hosts(self, ts: float, count: int) -> NDArray[np.int64]:
        weights = self._busy * np.where(self._office, daytime(ts), 1.0)
        shares = np.cumsum(weights / weights.sum())
        return np.minimum(np.searchsorted(shares, self.rng.random(count)), len(self.hosts) - 1)

    def _draw_questions(self, hosts: NDArray[np.int64], count: int) -> NDArray[np.int64]:
        """By Zipf's law over all, or, by habit, from the host's own few."""
        ranks = np.searchsorted(self._ranks, self.rng.random(count))
        common = np.minimum(ranks, len(self.questions) - 1)
        by_habit = self.rng.random(count) < self._habit[hosts]
        return np.where(by_habit, self._own[hosts, common % self._own.shape[1]], common)

    def _draw_rtts(self, picks: NDArray[np.int64], count: int) -> NDArray[np.float64]:
        """From the resolver's cache in under a millisecond, or by way of the world."""
        cached = self.rng.random(count) < 0.6 / (1 + picks / 400)
        medians = np.where(cached, 0.0006, 0.018 + (picks % 37) * 0.002)
        rtts = medians * self.rng.lognormal(0.0, 0.6, count)
        return np.maximum(np.round(rtts, 6), 0.000001)

    def _make_hosts(self) -> None:
        names = list(KINDS)
        shares = [KINDS[name].share for name in names]
        kinds = [KINDS[names[i]] for i in self.rng.choice(len(names), self.host_count, p=shares)]
        self.hosts = [
            f"10.20.{i % 5}.{10 + i}" if i % 23 else f"fd00:20::{i + 16:x}"
            for i in range(self.host_count)
        ]
        self.resolvers = [
            RESOLVERS[2 if i % 29 == 5 else i % 2] if i % 23 else "fd00:20::53"
            for i in range(self.host_count)
        ]
        self._busy = np.array([kind.busy for kind in kinds])
        self._busy *= self.rng.lognormal(0.0, 0.7, self.host_count)
        self._office = np.array([kind.office for kind in kinds])
        self._habit = np.array([kind.habit for kind in kinds])
        favourites = np.searchsorted(self._ranks, self.rng.random((self.host_count, 24)) ** 0.5)
        self._own = np.minimum(favourites, len(self.questions) - 1)


DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
PAIRS = [a + b for a in DIGITS for b in DIGITS]


def _base62(number: int) -> str:
    text = ""
    while number:
        number, rest = divmod(number, 3844)
        text += PAIRS[rest]
    return text
