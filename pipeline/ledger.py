"""What is counted beside the rows: where to resume, what was read, and what became of it.

All of it is one row of the table `ledger`, replaced in the transaction that changes the rows.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.feed import SAMPLE_CHARACTERS, SAMPLES

SCHEMA = 1
"""Of the file; a file of another number is refused."""

CREATE = "CREATE TABLE ledger (schema INTEGER NOT NULL, state VARCHAR NOT NULL)"
NAMES = 50
"""Reasons and other feeds that are counted by name; all further ones count as `OTHERS`."""
NAME_CHARACTERS = 100
OTHERS = "others"
UNACCOUNTED = "not accounted for"
RETIRED = 50
PINS = 50


@dataclass(frozen=True)
class Rejects:
    """Records of a batch that could not be used, all for one reason."""

    reason: str
    count: int
    samples: tuple[str, ...] = ()


@dataclass(frozen=True)
class Batch:
    """What one trigger of one query brings; `rows` has the schema PARTIALS."""

    query_id: str
    batch_id: int
    offsets: dict[str, Any]
    """The source's end offsets: where to go on after this batch."""
    rows: pa.Table
    read: int
    """Records or lines, known from the offsets."""
    headers: int = 0
    """Header lines among them, which are no records."""
    other_feed: dict[str, int] = field(default_factory=dict)
    rejects: tuple[Rejects, ...] = ()


@dataclass(frozen=True)
class Resume:
    """The last batch that is in the table, and where the source goes on after it."""

    query_id: str
    batch_id: int
    offsets: dict[str, Any]


@dataclass(frozen=True)
class Counters:
    """Records since the table began, over restarts too. Times are aware, in UTC."""

    read: int = 0
    headers: int = 0
    counted: int = 0
    other_feed: dict[str, int] = field(default_factory=dict)
    rejected: dict[str, tuple[int, datetime]] = field(default_factory=dict)
    """Reason to (records, when last seen)."""
    evicted: int = 0
    folded: int = 0
    """Records that now stand in folded rows."""
    folded_ever: int = 0
    """Records that were folded since the table began, also those evicted since."""
    rows: int = 0
    newest_bucket: datetime | None = None
    newest: datetime | None = None
    """`ts` of the newest record counted that was not ahead of the clock."""
    oldest: datetime | None = None
    """Start of the oldest bucket kept."""


@dataclass(frozen=True)
class Pin:
    """What had become of the table's records when somebody paused at a version."""

    evicted: int
    folded: int


@dataclass(frozen=True)
class State:
    """The ledger's row."""

    version: int = 0
    exact_since: int = 0
    resume: Resume | None = None
    retired: tuple[str, ...] = ()
    """Queries that ended: a batch that one of them still brings is not counted."""
    pins: dict[int, Pin] = field(default_factory=dict)
    """By the version that somebody paused at."""
    counters: Counters = field(default_factory=Counters)
    samples: dict[str, list[str]] = field(default_factory=dict)

    def has(self, batch: Batch) -> bool:
        """Whether the batch is counted already, or its query has been replaced by another."""
        if self.resume is not None and self.resume.query_id == batch.query_id:
            return batch.batch_id <= self.resume.batch_id
        return batch.query_id in self.retired

    def pinned(self, version: int) -> "State":
        """This state with one version more that is to stay as it is."""
        pins = {**self.pins, version: Pin(self.counters.evicted, self.counters.folded)}
        return replace(self, pins={pin: pins[pin] for pin in sorted(pins)[-PINS:]})

    def after(self, batch: Batch, rejects: Iterable[Rejects], now: datetime) -> "State":
        """This state once `batch` is in the table: its rows are those accepted."""
        retired = self.retired
        if self.resume is not None and self.resume.query_id != batch.query_id:
            retired = (*retired, self.resume.query_id)[-RETIRED:]
        counters = _counted(self.counters, batch, now)
        samples = dict(self.samples)
        rejected, feeds = dict(counters.rejected), dict(counters.other_feed)
        for each in rejects:
            reason = _name(each.reason, rejected)
            rejected[reason] = (rejected.get(reason, (0, now))[0] + each.count, now)
            cut = [sample[:SAMPLE_CHARACTERS] for sample in each.samples]
            samples[reason] = (samples.get(reason, []) + cut)[-SAMPLES:]
        for feed, records in batch.other_feed.items():
            feed = _name(feed, feeds)
            feeds[feed] = feeds.get(feed, 0) + records
        return replace(
            self,
            version=self.version + bool(batch.read),
            resume=Resume(batch.query_id, batch.batch_id, batch.offsets),
            retired=retired,
            counters=replace(counters, rejected=rejected, other_feed=feeds),
            samples=samples,
        )


def balance(batch: Batch) -> tuple[Rejects, ...]:
    """The rejects of the batch, with what it read and does not account for as one more.

    ValueError if it accounts for more than it read.
    """
    known = batch.headers + sum(batch.other_feed.values()) + sum(r.count for r in batch.rejects)
    missing = batch.read - known - (pc.sum(batch.rows["count"]).as_py() or 0)
    if missing < 0:
        raise ValueError(f"batch {batch.batch_id} accounts for {-missing} records more than read")
    return (*batch.rejects, Rejects(UNACCOUNTED, missing)) if missing else batch.rejects


def save(db: duckdb.DuckDBPyConnection, state: State) -> None:
    """Put `state` in place of the ledger's row."""
    text = json.dumps(asdict(state), default=datetime.isoformat)
    db.execute("DELETE FROM ledger")
    db.execute("INSERT INTO ledger VALUES ($schema, $text)", {"schema": SCHEMA, "text": text})


def load(db: duckdb.DuckDBPyConnection) -> State:
    """The ledger's row; ValueError if there is none of this schema."""
    rows = db.execute("SELECT schema, state FROM ledger").fetchall()
    if len(rows) != 1 or rows[0][0] != SCHEMA:
        found = ", ".join(str(schema) for schema, _ in rows) or "none"
        raise ValueError(f"its schema is {found}, and this version reads {SCHEMA}")
    values = json.loads(rows[0][1])
    counters = values["counters"]
    for name in ("newest_bucket", "newest", "oldest"):
        counters[name] = _time(counters[name])
    counters.setdefault("folded_ever", counters["folded"])
    values.setdefault("pins", {})
    rejected = {reason: (n, _time(at)) for reason, (n, at) in counters["rejected"].items()}
    resume = values["resume"]
    return State(
        version=values["version"],
        exact_since=values["exact_since"],
        resume=None if resume is None else Resume(**resume),
        retired=tuple(values["retired"]),
        pins={int(at): _pin(each, counters["folded"]) for at, each in values["pins"].items()},
        counters=Counters(**{**counters, "rejected": rejected}),
        samples=values["samples"],
    )


def _counted(counters: Counters, batch: Batch, now: datetime) -> Counters:
    rows = batch.rows
    newest_bucket, newest = pc.max(rows["bucket"]).as_py(), _newest(rows["last_ts"], now)
    return replace(
        counters,
        read=counters.read + batch.read,
        headers=counters.headers + batch.headers,
        counted=counters.counted + (pc.sum(rows["count"]).as_py() or 0),
        rows=counters.rows + rows.num_rows,
        newest_bucket=_extreme(max, counters.newest_bucket, newest_bucket),
        newest=_extreme(max, counters.newest, newest),
        oldest=_extreme(min, counters.oldest, pc.min(rows["bucket"]).as_py()),
    )


def _newest(times: pa.ChunkedArray, now: datetime) -> datetime | None:
    """The newest that is not ahead of the clock: one that is must not hide how late others are."""
    clock = pa.scalar(now.astimezone(UTC).replace(tzinfo=None), times.type)
    known = times.filter(pc.less_equal(times, clock))
    found: datetime | None = pc.max(known).as_py()
    return found or (now if len(times) else None)


def _extreme(choose: Any, *times: datetime | None) -> datetime | None:
    """Of aware times, and of the table's naive ones, which are UTC."""
    known = [
        time if time.tzinfo else time.replace(tzinfo=UTC) for time in times if time is not None
    ]
    return choose(known) if known else None


def _name(name: str, known: dict[str, Any]) -> str:
    """`name` if it may stand on its own, so that no input can grow the ledger."""
    name = name[:NAME_CHARACTERS]
    return name if name in known or len(known) < NAMES else OTHERS


def _pin(told: Any, folded: int) -> Pin:
    """A file from before knows only what had been evicted."""
    return Pin(**told) if isinstance(told, dict) else Pin(told, folded)


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
