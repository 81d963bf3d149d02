"""A made-up network: its hosts, their habits, and the names they ask for. All of it from a seed."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


def words(text: str) -> list[str]:
    """The words of a text."""
    return text.split()


DOMAINS = 3000
RESOLVERS = ("10.20.0.53", "10.20.1.53", "192.0.2.53")
MULTICAST, MULTICAST_6, BROADCAST = "224.0.0.251", "ff02::fb", "10.20.255.255"
NETBIOS_WILDCARD = "*" + "\\x00" * 15

SYLLABLES = words(
    "al an ar bel bo bra ca cor da del dor el en fa fen gra ha hel in ka kel la lo lu ma mer mi "
    "mon na nor o pa per pra qui ra ren ri ro sa sel so ta tel ti tor u va vel vi vo wen xa yo za"
)
SUFFIXES = {
    "com": 46, "net": 11, "org": 8, "io": 5, "de": 4, "co.uk": 4, "com.br": 3, "fr": 2, "nl": 2,
    "co.jp": 2, "com.au": 2, "app": 2, "dev": 1, "cloud": 1, "info": 2, "eu": 1, "pl": 1, "tv": 1,
    "ac.uk": 1, "gov.br": 1, "online": 1, "xn--p1ai": 1,
}  # fmt: skip
SERVICES = words(
    "www api cdn img static mail login edge assets media push sync auth events telemetry "
    "config updates eu-west-1 us-east-2 s3 track ads metrics"
)
TYPES = {
    "A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "NB": 32,
    "SRV": 33, "HTTPS": 65, "*": 255,
}  # fmt: skip
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


class Question(NamedTuple):
    """What is asked, of whom (None: of the host's resolver), and how it goes as a rule."""

    qname: str | None
    qtype: str | None
    answers: tuple[str, ...]
    nxdomain: float = 0.01
    silent: float = 0.02
    server: str | None = None
    server_port: int = 53


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
        self.domains = self._make_domains()
        self.questions = self._make_questions()
        self._ranks = zipf(len(self.questions))
        self._make_hosts()
        self._serial = 0

    def new_domain(self) -> str:
        """A registered domain that nobody asked for yet, as far as chance goes."""
        stem = "".join(self.dice.choices(SYLLABLES, k=self.dice.randint(2, 4)))
        return f"{stem}.{self.dice.choices(list(SUFFIXES), list(SUFFIXES.values()))[0]}"

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

    def _make_domains(self) -> list[str]:
        made = dict.fromkeys(self.new_domain() for _ in range(DOMAINS * 2))
        return list(made)[:DOMAINS]

    def _make_questions(self) -> list[Question]:
        """In the order of their rank; local and odd names stand among the frequent ones."""
        made = []
        for rank, domain in enumerate(self.domains):
            known = self.dice.randint(1, max(2, 12 - rank // 200))
            for service in ["", *self.dice.sample(SERVICES, known)]:
                made.append(self._question(f"{service}.{domain}".lstrip(".")))
        order = np.argsort(np.arange(len(made)) + self.rng.exponential(60.0, len(made)))
        ranked = [made[index] for index in order]
        for place, odd in enumerate(self._odd_questions()):
            ranked.insert(9 + place * 13, odd)
        return ranked

    def _question(self, qname: str) -> Question:
        kinds, shares = ("A", "AAAA", "HTTPS", "TXT", "MX", "NS"), (64, 22, 10, 2, 1, 1)
        qtype = self.dice.choices(kinds, shares)[0]
        a, b = self.dice.randint(1, 254), self.dice.randint(1, 254)
        answers = {
            "A": (f"203.0.113.{a}", f"198.51.100.{b}")[: 1 + a % 2],
            "AAAA": (f"2001:db8:{a:x}::{b:x}",),
            "TXT": (f"TXT 26 v=spf1 ip4:203.0.113.{a} -all",),
            "MX": (f"mx{a % 3}.{qname}",),
            "NS": (f"ns1.{qname}", f"ns2.{qname}"),
        }.get(qtype, ())
        if qname.startswith(("cdn.", "img.", "edge.")):
            answers = (f"edge-{a}.{self.domains[b % 20]}", *answers)
        return Question(qname, qtype, answers, nxdomain=0.4 if a < 6 else 0.004)

    def _odd_questions(self) -> list[Question]:
        reverse = [
            Question(
                f"{n * 7 % 250}.{n % 4}.20.10.in-addr.arpa", "PTR", (f"pc-{n}.corp.local",), 0.3
            )
            for n in range(40)
        ]
        reverse_6 = ".".join("8b0d0100" + "2" * 24) + ".ip6.arpa"
        chatter = [
            Question(name, "PTR", (), 0.0, 1.0, server, 5353)
            for name in ("_ipp._tcp.local", "_airplay._tcp.local", "_googlecast._tcp.local")
            for server in (MULTICAST, MULTICAST_6)
        ]
        return [
            Question("wpad", "A", (), 0.9), Question("fileserver", "A", ("10.20.0.20",)),
            Question("print-3.corp.local", "A", ("10.20.3.9",)), *chatter,
            Question("macbook-ana.local", "AAAA", (), 0.0, 1.0, MULTICAST_6, 5353),
            Question(NETBIOS_WILDCARD, "SRV", (), 0.0, 0.9, BROADCAST, 137),
            Question("WORKGROUP", "NB", (), 0.0, 1.0, BROADCAST, 137),
            Question("FILESRV", "NB", (), 0.0, 1.0, BROADCAST, 137),
            Question("", "NS", ("a.root-servers.net", "b.root-servers.net")),
            Question("co.uk", "NS", ("dns1.nic.uk",)), Question("localhost", "A", ("127.0.0.1",)),
            Question(None, None, (), 0.0, 0.0), Question("10.20.0.1", "A", (), 0.95),
            Question("_ldap._tcp.dc._msdcs.corp.local", "SRV", ("dc1.corp.local",)),
            Question(reverse_6, "PTR", (), 0.8), *reverse,
        ]  # fmt: skip

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
