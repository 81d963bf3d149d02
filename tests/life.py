"""A table's life at the pace of simulated time, beside a count that knows nothing of the table."""

import random
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from pipeline.feed import BUCKET_SECONDS, PARTIALS
from pipeline.table import Batch, Table

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
RESPONSES = ["NOERROR", "NOERROR", "NOERROR", "NXDOMAIN", "SERVFAIL", None]


class Life:
    """A table that is fed and kept in order while its clock is driven."""

    def __init__(self, table: Table, retention: timedelta, rows: int, step: timedelta) -> None:
        self.table, self.retention, self.rows, self.step = table, retention, rows, step
        self.now, self.number = START, 0
        self.records: Counter[tuple[datetime, str | None]] = Counter()
        """By hour and response."""
        self.chance = random.Random(7)

    def hour(self) -> float:
        """An hour of batches; the seconds that its `maintain` took."""
        end, spent = self.now + HOUR, 0.0
        while self.now < end:
            self.now += self.step
            self.table.add(self.batch(), self.now)
            self.number += 1
        begun = time.perf_counter()
        self.table.maintain()
        spent += time.perf_counter() - begun
        return spent

    def batch(self) -> Batch:
        """Some hosts' records of the last step: half of the names are new, a few rows are late."""
        chance, columns = self.chance, {name: [] for name in PARTIALS.names}
        for _ in range(self.rows):
            late = chance.choice([0.0] * 9 + [3_000.0])
            at = self.now - timedelta(seconds=chance.uniform(0, self.step.total_seconds()) + late)
            domain = f"site{int(chance.paretovariate(0.8)) % 5_000}.example"
            label = chance.getrandbits(40) if chance.random() < 0.5 else "www"
            row = {
                "bucket": at - (at - START) % timedelta(seconds=BUCKET_SECONDS),
                "id_orig_h": f"10.20.{int(chance.paretovariate(0.8)) % 200}.7",
                "id_resp_h": "10.20.0.53", "query": f"{label}.{domain}",
                "registered_domain": domain, "qtype_name": "A",
                "rcode_name": chance.choice(RESPONSES), "count": chance.randrange(1, 9),
                "rtt_sum": 0.02, "rtt_count": 1, "first_ts": at, "last_ts": at,
                "uid": f"C{self.number}", "answers": None,
            }  # fmt: skip
            hour = at.replace(minute=0, second=0, microsecond=0, tzinfo=None)
            self.records[hour, row["rcode_name"]] += row["count"]
            for name, value in row.items():
                columns[name].append(value)
        rows = pa.table(columns, schema=PARTIALS)
        read = sum(columns["count"])
        return Batch("life", self.number, {}, rows, read=read)

    def wrong(self) -> str:
        """What does not agree with the count; "" if all of it does."""
        counters = self.table.counters()
        read, rejected = self.records.total(), sum(n for n, _ in counters.rejected.values())
        sql = "SELECT date_trunc('hour', bucket) AS h, rcode_name AS r, sum(count) AS n"
        found = self.table.read(f"{sql} FROM dns_counts GROUP BY ALL").to_pylist()
        held = {(each["h"], each["r"]): each["n"] for each in found}
        if not read == counters.read == counters.counted + rejected:
            return f"read {read}: {counters}"
        if sum(held.values()) != counters.counted - counters.evicted:
            return f"{sum(held.values())} held: {counters}"
        # The oldest hour is being evicted, ten minutes at a time.
        whole = self.now.replace(tzinfo=None) - self.retention + HOUR
        expected = {key: n for key, n in self.records.items() if key[0] >= whole}
        off = {key for key in expected if held.get(key) != expected[key]}
        return f"{self.now}: {sorted(map(str, off))[:3]}" if off else ""
