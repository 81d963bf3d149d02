"""A pipeline made by hand: a real table, a fixed state, no Spark. For tests and pictures."""

import json
import math
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from pipeline.aggregate import COUNTED_FIELDS, packed_counts, unpacked
from pipeline.enrich import with_names
from pipeline.feed import DNS, LOCAL, NO_QUERY, PARTIALS
from pipeline.ledger import Batch, Rejects
from pipeline.lookup import Lookup, Record
from pipeline.parse import parsed
from pipeline.settings import Settings
from pipeline.state import View
from pipeline.status import BatchTimes, Status
from pipeline.table import Table

SOURCE = "topic dns at 127.0.0.1:9092"
DOMAINS = (
    "microsoft.com windowsupdate.com google.com office.com akadns.net in-addr.arpa gstatic.com "
    "apple.com amazonaws.com cloudfront.net facebook.com corp.example ntp.org digicert.com "
    "bbc.co.uk globo.com.br github.com ubuntu.com debian.org zoom.us slack.com voip-provider.com"
).split()
SYLLABLES = "ba ce di fo gu ka le mi no pu ra se ti vo xu ya zen qor plex ster".split()
SUFFIXES = ".com .net .org .de .co.uk .io .com.br".split()
RESOLVERS = "10.20.0.53 10.20.0.54 8.8.8.8 1.1.1.1 185.220.7.9".split()
RESPONSES = ["NOERROR", "NXDOMAIN", "SERVFAIL", "REFUSED", None, "NOTIMP"]
TYPES = "A AAAA HTTPS PTR TXT SRV".split()


def counted(lines: list[str], partitions: int = 1) -> pa.Table:
    """What workers make of lines that are shared among them by turns."""
    shares = [lines[number::partitions] for number in range(partitions)]
    batches = [pa.record_batch({"value": each, "topic": ["dns"] * len(each)}) for each in shares]
    records = with_names(parsed(DNS, COUNTED_FIELDS))
    packs = [pack for each in batches for pack in packed_counts(iter([each]), records)]
    return unpacked(pa.Table.from_batches(packs))


def partial(at: datetime, host: str, query: str | None, domain: str, **values: Any) -> dict:
    """One counted row of the bucket that holds `at`."""
    bucket = datetime.fromtimestamp(at.timestamp() // 10 * 10, UTC)
    row = {
        "bucket": bucket,
        "id_orig_h": host,
        "id_resp_h": "10.20.0.53",
        "query": query,
        "registered_domain": domain,
        "qtype_name": "A",
        "rcode_name": "NOERROR",
        "count": 1,
        "rtt_sum": 0.02,
        "rtt_count": 1,
        "first_ts": at,
        "last_ts": at,
        "uid": "CHhAvVGS1DHFjwGM9",
        "answers": "192.0.2.7",
    }
    return row | values


@dataclass
class Made:
    """What pages ask of the running pipeline."""

    table: Table = field(default_factory=lambda: Table(None, timedelta(hours=24), 1_000_000))
    settings: Settings = field(default_factory=Settings)
    now: Status = field(default_factory=lambda: Status("live", "", datetime.now(UTC), SOURCE))

    raw: list[Record] = field(default_factory=list)
    """What every look-up finds."""

    def look_up(self, view: View, start: datetime, end: datetime) -> Lookup:
        """One that is over at once."""
        lookup = Lookup(view, start, end)
        lookup.found, lookup.read, lookup.of = self.raw, len(self.raw), len(self.raw)
        lookup.ended = "all of that time was read"
        return lookup

    def status(self) -> Status:
        """As set, with the table's newest record."""
        return Status(**{**vars(self.now), "newest": self.table.counters().newest})

    def add(
        self,
        rows: Iterable[dict],
        rejects: tuple[Rejects, ...] = (),
        other: int = 0,
        minutes: float = 0,
    ) -> None:
        """One batch of counted rows more, so many minutes from now."""
        rows = list(rows)
        resume = self.table.resume()
        batch_id = resume.batch_id + 1 if resume else 0
        read = sum(row["count"] for row in rows) + sum(each.count for each in rejects) + other
        counted = pa.Table.from_pylist(rows, schema=PARTIALS)
        feeds = {"conn": other} if other else {}
        batch = Batch("made", batch_id, {}, counted, read, 0, feeds, rejects)
        self.table.add(batch, datetime.now(UTC) + timedelta(minutes=minutes))


def network(seed: int = 7, hosts: int = 312, domains: int = 900) -> "Network":
    """A made-up network; the same seed, the same habits."""
    return Network(random.Random(seed), hosts, domains)


class Network:
    """Hosts and domains by Zipf's law, and one host with a domain generator."""

    def __init__(self, chance: random.Random, hosts: int, domains: int) -> None:
        self.chance = chance
        self.hosts = [
            f"10.20.{chance.randrange(1, 9)}.{chance.randrange(2, 250)}" for _ in range(hosts)
        ]
        self.domains = DOMAINS + [
            "".join(chance.choices(SYLLABLES, k=chance.choice((2, 3, 3, 4))))
            + chance.choice(SUFFIXES)
            for _ in range(domains)
        ]

    def rows(self, start: datetime, seconds: int, a_bucket: int = 25) -> Iterator[dict]:
        """Counted rows of a stretch, `a_bucket` or so every 10 s."""
        many = seconds * a_bucket // 5
        hosts = self.chance.choices(self.hosts, _zipf(len(self.hosts), 0.8), k=many)
        domains = self.chance.choices(self.domains, _zipf(len(self.domains), 0.95), k=many)
        picked = zip(hosts, domains, strict=True)
        for second in range(0, seconds, 10):
            at = start + timedelta(seconds=second)
            for _ in range(int(a_bucket * (1 + 0.2 * math.sin(second / 900)))):
                yield self._row(at, *next(picked))
            yield from self._noise(at)
            if 4200 <= second < 4700:
                yield from self._generator(at)

    def _row(self, at: datetime, host: str, domain: str) -> dict:
        chance = self.chance
        response = chance.choices(RESPONSES, [84, 9, 1, 0.5, 5, 0.3])[0]
        kind = chance.choices(TYPES, [60, 25, 8, 3, 2, 1])[0]
        name = chance.choice(["www.", "", "api.", "cdn.", "login."]) + domain
        if domain == "in-addr.arpa":
            name, kind = f"{chance.randrange(255)}.4.20.10.{domain}", "PTR"
            response = chance.choices(["NOERROR", "NXDOMAIN"], [3, 7])[0]
        many = chance.randrange(1, 12)
        rtt = many * chance.uniform(0.004, 0.05) if response else 0.0
        resolver = chance.choices(RESOLVERS, [60, 35, 2, 1, 0.4])[0]
        return partial(
            at + timedelta(seconds=chance.uniform(0, 9)), host, name, domain,
            qtype_name=kind, rcode_name=response, count=many, rtt_sum=rtt,
            rtt_count=many if response else 0, id_resp_h=resolver,
            answers="192.0.2.7" if response == "NOERROR" else None,
        )  # fmt: skip

    def _noise(self, at: datetime) -> Iterator[dict]:
        silent = {"rcode_name": None, "rtt_sum": 0.0, "rtt_count": 0, "answers": None}
        yield partial(at, self.hosts[5], "printer.local", LOCAL, id_resp_h="224.0.0.251", **silent)
        yield partial(at, self.hosts[6], None, NO_QUERY, qtype_name=None)

    def _generator(self, at: datetime) -> Iterator[dict]:
        for _ in range(8):
            name = f"{self.chance.getrandbits(32):08x}.kq3vx8w1.top"
            many = self.chance.randrange(8, 30)
            yield partial(
                at, self.hosts[9], name, "kq3vx8w1.top", rcode_name="NXDOMAIN", count=many,
                rtt_count=many, rtt_sum=many * 0.03, answers=None,
            )  # fmt: skip


def _zipf(many: int, slope: float) -> list[float]:
    return [1 / (place + 1) ** slope for place in range(many)]


def busy(seconds: int = 7200) -> Made:
    """A pipeline that has read two hours of a made-up network, up to now."""
    made, now = Made(), datetime.now(UTC)
    rejects = (
        Rejects("not JSON", 13, ('{"ts":1521911720.86,"uid":"CHhAv', "<b>bold</b> ![x](http://x)")),
        Rejects("older than retention", 2, ('{"ts": 0.0, "query": "old.example"}',)),
    )
    made.add(network().rows(now - timedelta(seconds=seconds), seconds), rejects, other=120)
    batches = tuple(_batch(place, now - timedelta(seconds=60 - place)) for place in range(60))
    made.raw = [_record(now + timedelta(seconds=place), f"C{place}") for place in range(3)]
    made.now = Status(
        "live", "", now, SOURCE, lag_records=120, lag_seconds=0.8, restarts=0,
        last_trigger=now, batches=batches,
    )  # fmt: skip
    return made


def _record(at: datetime, uid: str) -> Record:
    text = json.dumps({"ts": at.timestamp(), "uid": uid, "id.orig_h": "10.20.1.7"})
    return Record(int(at.timestamp() * 1_000_000), text, host="10.20.1.7")


def _batch(place: int, at: datetime) -> BatchTimes:
    size = 1 + place * 37 % 11 / 20
    stages = {"source": 0.05, "plan": 0.06, "group": 0.2, "write": 0.08, "commit": 0.03}
    times = {name: seconds * size for name, seconds in stages.items()}
    read = int(900 * size)
    return BatchTimes(place, at, read, sum(times.values()), times, read - 2, int(80 * size))
