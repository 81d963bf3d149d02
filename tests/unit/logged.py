"""A made-up network's records as Zeek logged them, and the same counted into rows of a table."""

import random
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from datetime import timedelta
from functools import cache
from typing import Any

import pyarrow as pa

from pipeline.feed import PARTIALS
from pipeline.table import STORED, Table
from tests.unit.dns_rows import T0, ByHand
from tests.unit.table_rows import batch

SECOND = 1_000_000
HOUR, DAY = 3600, 86400
NOW = 3 * DAY
"""Seconds after T0 at which the newest record lies, or just before."""
STRETCHES = (
    (0, 600), (600, 900), (900, 1800), (1800, HOUR), (HOUR, 2 * HOUR), (2 * HOUR, 4 * HOUR),
    (4 * HOUR, 8 * HOUR), (8 * HOUR, DAY), (DAY, DAY + 900), (DAY, DAY + HOUR),
    (DAY, DAY + 4 * HOUR), (DAY, 2 * DAY + HOUR),
)  # fmt: skip
"""Seconds before NOW; in each, hosts have other habits, so that much changes between them."""
ARRIVED = (600, 1800, HOUR, 4 * HOUR, DAY)
"""Ages between batches: the oldest come with the first of six."""
BATCHES = len(ARRIVED) + 1
ROWS = 50
"""Of a stretch, each of a few records."""
HOSTS = [f"10.0.0.{number}" for number in range(1, 6)]
NAMES = (
    ("www.example.com", "example.com"), ("mail.example.com", "example.com"),
    ("x.mail.example.com", "example.com"), ("not-mail.example.com", "example.com"),
    ("a.b.example.co.uk", "example.co.uk"), ("c.b.example.co.uk", "example.co.uk"),
    ("known.example", "known.example"), ("www.known.example", "known.example"),
    (None, "(no query)"), ("printer.local", "(local)"), ("4.3.2.1.in-addr.arpa", "in-addr.arpa"),
    ("workgroup", "(netbios)"), ("wpad", "(single label)"), ("o'brien%_x.org", "o'brien%_x.org"),
)  # fmt: skip
KNOWN = "known.example\nmail.example.com\n"
"""A file of known domains: one registered, and one that is the end of a name."""
TYPES = ("A", "AAAA", "TXT", None)
RESPONSES = ("NOERROR", "NOERROR", "NXDOMAIN", "SERVFAIL", "REFUSED", "FORMERR", None)
RESOLVERS = ("10.0.0.53", "8.8.8.8", "224.0.0.251", "ff02::fb%eth0", "10.0.0.255", None)


@dataclass(frozen=True)
class Record:
    """One line of a log; `at` is microseconds after T0, `batch` the one it came with."""

    at: int
    batch: int
    host: str
    resolver: str | None
    name: str | None
    domain: str
    type: str | None
    response: str | None
    rtt: float | None
    uid: str
    answers: str

    @property
    def bucket(self) -> int:
        """Microseconds after T0 at which its bucket of ten seconds starts."""
        return self.at // (10 * SECOND) * 10 * SECOND


@cache
def records() -> tuple[Record, ...]:
    """Of two days and an hour, the same every time; no two at the same moment."""
    chance = random.Random(11)
    made: dict[int, Record] = {}
    for young, old in STRETCHES:
        habits = {host: _habit(chance) for host in HOSTS}
        for _ in range(ROWS):
            host, start = chance.choice(HOSTS), NOW - chance.randrange(young, old) - 10
            kind = habits[host] if chance.random() < 0.6 else _habit(chance)
            for _ in range(chance.randrange(1, 9)):
                each = _record(chance, start // 10 * 10, host, kind)
                made[each.at] = each
    return tuple(made.values())


def _habit(chance: random.Random) -> tuple[Any, ...]:
    parts = (chance.choice(RESOLVERS), chance.choice(NAMES), chance.choice(TYPES))
    return *parts, chance.choice(RESPONSES)


def _record(chance: random.Random, start: int, host: str, kind: tuple[Any, ...]) -> Record:
    resolver, (name, domain), qtype, response = kind
    at = start * SECOND + chance.randrange(10 * SECOND)
    age = NOW - start + chance.choice([0, 0, 0, -300])
    number = BATCHES - sum(age > edge for edge in ARRIVED)
    rtt = None if response is None else chance.choice([None, 0.01, 0.25, 0.5])
    texts = (f"C{at}", f"192.0.2.{at % 250}")
    return Record(at, number, host, resolver, name, domain, qtype, response, rtt, *texts)


def counted(some: Iterable[Record]) -> list[dict[str, Any]]:
    """The rows of one batch, counted in plain Python."""
    groups: dict[tuple[Any, ...], list[Record]] = {}
    for each in some:
        groups.setdefault((each.bucket, *astuple(each)[2:8]), []).append(each)
    return [_row(*key, found=found) for key, found in groups.items()]


def _row(
    bucket: int, host: str, resolver: str, name: str, domain: str, qtype: str, response: str,
    found: list[Record],
) -> dict[str, Any]:  # fmt: skip
    newest = max(found, key=lambda each: each.at)
    rtts = [each.rtt for each in found if each.rtt is not None]
    return {
        "bucket": T0 + timedelta(microseconds=bucket),
        "id_orig_h": host,
        "id_resp_h": resolver,
        "query": name,
        "registered_domain": domain,
        "qtype_name": qtype,
        "rcode_name": response,
        "count": len(found),
        "rtt_sum": sum(rtts),
        "rtt_count": len(rtts),
        "first_ts": T0 + timedelta(microseconds=min(each.at for each in found)),
        "last_ts": T0 + timedelta(microseconds=newest.at),
        "uid": newest.uid,
        "answers": newest.answers,
    }


def batches() -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """The number and the rows of each."""
    for number in range(1, BATCHES + 1):
        yield number, counted(each for each in records() if each.batch == number)


def by_hand() -> ByHand:
    """All records in buckets of ten seconds, whatever their age."""
    table = ByHand()
    first, *names = PARTIALS.names
    columns = f"{first}, 10, {', '.join(names[:6])}, 0, {', '.join(names[6:])}"
    for number, rows in batches():
        table._db.register("found", pa.Table.from_pylist(rows, schema=PARTIALS).cast(STORED))
        table._db.execute(f"INSERT INTO dns_counts SELECT {columns}, {number} FROM found")
        table.add()
    # On so few rows planning takes nearly all of the time, and half of that the optimizer.
    table._db.execute("PRAGMA disable_optimizer")
    return table


def kept(row_budget: int = 1_000_000) -> Table:
    """All records in a table of the pipeline's own, older ones rolled up, folded to the budget."""
    table = Table(None, timedelta(days=30), row_budget)
    for number, rows in batches():
        assert table.add(batch(number, rows), T0 + timedelta(seconds=NOW))
    table.maintain()
    return table
