"""A stream of which every record is known, and its count in plain Python, key by key."""

import json
import random
import time
from collections import Counter

from tests.server import Key, line_counts

JUNK = '{"ts": 1, "uid": "cut of'
REJECTED: Key = ("rejected", "not JSON")
# Two hours old: no clock that is set back an hour makes them records of the future.
AGE = 7200
SECONDS = 100


class Stream:
    """Lines drawn by chance, few keys and many records, one in fifty of them no record at all."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._begin = time.time() - AGE
        self._made = 0
        self.expected: Counter[Key] = Counter()
        """What a table that has read all lines must hold."""

    def take(self, count: int) -> list[str]:
        """The next lines."""
        lines = [self._line(self._made + n) for n in range(count)]
        self._made += count
        self.expected.update(line_counts([line for line in lines if line != JUNK]))
        self.expected[REJECTED] += lines.count(JUNK)
        return lines

    def _line(self, number: int) -> str:
        chance = self._chance
        if chance.random() < 0.02:
            return JUNK
        answered = {"rcode_name": chance.choice(("NOERROR", "NXDOMAIN")), "rtt": 0.01}
        return json.dumps(
            {
                "ts": round(self._begin + chance.random() * SECONDS, 6),
                "uid": f"C{number}",
                "id.orig_h": f"10.0.0.{chance.randrange(6)}",
                "id.resp_h": f"10.0.1.{chance.randrange(2)}",
                "query": f"n{chance.randrange(10)}.Example{chance.randrange(3)}.com",
                "qtype_name": chance.choice(("A", "AAAA")),
                **(answered if chance.random() < 0.8 else {}),
            }
        )


def difference(expected: Counter[Key], found: Counter[Key]) -> tuple[int, int]:
    """Records that are missing, and records that are there though they were not published."""
    return (expected - found).total(), (found - expected).total()
