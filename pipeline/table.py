"""The memory table: bounded, exact, and the only truth about where to resume.

One transaction holds a batch's rows and the ledger. At all times `read == headers + counted +
rejected + other feed`, and `sum(count)` over `dns_counts` is `counted - evicted`. A reader sums:
the same key may stand in several rows.
"""

import json
import secrets
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from pipeline import ledger, roll
from pipeline.feed import PARTIALS, SAMPLES
from pipeline.ledger import PINS, Batch, Counters, Rejects, Resume, State
from pipeline.store import Store, TableDamaged, TableError, TableFull, TableLocked

__all__ = [
    "Batch",
    "Counters",
    "Rejects",
    "Resume",
    "Table",
    "TableDamaged",
    "TableError",
    "TableFull",
    "TableLocked",
]

FUTURE = timedelta(minutes=5)
FROM_THE_FUTURE = "from the future"
TOO_OLD = "older than retention"
SPARED = timedelta(minutes=2)
"""For so long the rows that a paused view has seen do not merge with newer ones."""

FIRST_REST, RESTS = timedelta(minutes=1), timedelta(minutes=10)
"""While nothing comes, what is over is told anew after twice as long each time, up to RESTS: pages
are drawn anew for it."""

STORED = pa.schema(
    [
        pa.field(f.name, pa.timestamp("us") if pa.types.is_timestamp(f.type) else f.type)
        for f in PARTIALS
    ]
)
"""PARTIALS with naive UTC times."""


class Table:
    """The table `dns_counts`, in memory or in a file, and the ledger beside it."""

    def __init__(
        self, path: Path | None, retention: timedelta, row_budget: int, version: int = 0
    ) -> None:
        """Open or create; `path` is the state directory, None keeps the table in memory.

        `version` is that of a table made anew. Raises TableLocked, TableFull, TableDamaged.
        """
        self._retention = retention
        self._budget = row_budget
        self._writer = threading.Lock()
        self._marks: deque[tuple[datetime, int, int]] = deque()
        """(when, version, rows) of adds whose rows are spared from merging."""
        self._adds = 0
        """Since the last `maintain`."""
        self._shrunk = 0
        self._gaps = 0
        """Row ids that no row has: after the last checkpoint, or the fewest seen since."""
        self._rests: dict[int, datetime] = {}
        self._store = Store(path, 512 + row_budget // 1000, partial(_create, version))
        try:
            self._state = self._store.checked(_verified)
        except BaseException:
            self._store.close()
            raise

    def add(self, batch: Batch, now: datetime) -> bool:
        """Count a batch, once; False if it is in the ledger already or its query was replaced.

        Rows later than `now` by more than five minutes, or older than retention, are rejected.
        TableFull leaves the table as it was, and the same batch can be added later.
        """
        with self._changing():
            if self._state.has(batch):
                return False
            rows, rejects = self._accepted(batch, now)
            state = self._state.after(replace(batch, rows=rows), rejects, now)
            self._store.needs(2 * rows.nbytes)
            with self._store.writing() as db:
                _insert(db, rows, state)
                ledger.save(db, state)
            self._state = state
            self._adds += 1
            self._marks.append((now, state.version, rows.num_rows))
            return True

    def check_room(self) -> None:
        """TableFull if the disk is."""
        self._store.needs(0)

    def maintain(self) -> None:
        """Roll up, merge, evict and fold, then checkpoint with readers kept out.

        While one batch after the other is too much, only once a budget of dead rows is left:
        a checkpoint writes all rows anew.
        """
        with self._changing():
            self._store.needs(0)
            in_haste = self._state.counters.rows > self._budget
            if self._state.counters.newest_bucket is not None:
                self._shrink(self._state.counters.newest_bucket.replace(tzinfo=None))
            self._adds = 0
            if not in_haste or self._dead() > self._budget:
                self._store.checkpoint()
                self._gaps = self._row_gaps()

    def read(self, sql: str, params: Mapping[str, Any] | Sequence[Any] = ()) -> pa.Table:
        """One SELECT with bound parameters ($name or ?), fetched whole; from any thread.

        Times in the table are naive UTC; aware parameters are turned into that.
        """
        if isinstance(params, Mapping):
            return self._store.fetch(sql, {name: _plain(value) for name, value in params.items()})
        return self._store.fetch(sql, [_plain(value) for value in params])

    @property
    def version(self) -> int:
        """Rises whenever readers could see something new."""
        return self._state.version

    @property
    def exact_since(self) -> int:
        """From here on sums over `seq <= version` are what they were then, whatever the version.

        Every version of the last two minutes, or of the last half row budget of rows if that is
        less. Names of a fold and evicted buckets go all the same.
        """
        return self._state.exact_since

    def keeps(self, version: int) -> bool:
        """Whether sums over `seq <= version` are what they were then, but for what was evicted."""
        state = self._state
        return state.exact_since <= version <= state.version or version in state.pins

    def pin(self, version: int) -> bool:
        """Keep a version for as long as its buckets are; False if it is not kept any more.

        Of more than `ledger.PINS` the oldest goes. The next batch writes it down.
        """
        if version in self._state.pins:
            return True
        with self._writer:
            if self.keeps(version):
                self._state = self._state.pinned(version)
        return version in self._state.pins

    def rest(self, until: datetime) -> None:
        """The source is read to its end, and up to `until` no more is to come: a version that says
        so. TableFull if the disk is."""
        with self._changing():
            newest, over = self._state.counters.newest_bucket, self.over(self.version)
            if newest is None or until < _next_rest(newest, over):
                return
            self._store.needs(0)
            state = replace(self._state, version=self._state.version + 1)
            with self._store.writing() as db:
                ledger.save(db, state)
            rests = {**self._rests, state.version: until}
            kept = {*list(rests)[-PINS:], *state.pins}
            self._rests = {each: at for each, at in rests.items() if each in kept}
            self._state = state

    def over(self, version: int) -> datetime | None:
        """Up to when a version has all that is to come; None while records come."""
        return self._rests.get(version)

    def lost_of(self, version: int) -> int:
        """Records that were evicted since a version was pinned."""
        counters, at = self._state.counters, self._state.pins.get(version)
        return 0 if at is None else counters.evicted - at.evicted

    def folded_of(self, version: int) -> int:
        """Records up to a version that were folded since it was pinned, but for those evicted."""
        counters, at = self._state.counters, self._state.pins.get(version)
        if at is None or counters.folded <= at.folded:
            return 0
        sql = "SELECT sum(count)::BIGINT AS n FROM dns_counts WHERE folded > 0 AND seq <= $at"
        now: int = self.read(sql, {"at": version})["n"][0].as_py() or 0
        return max(0, now - at.folded)

    @property
    def shrunk(self) -> int:
        """The version at which rows were last merged, folded or evicted, since it was opened."""
        return self._shrunk

    @property
    def due(self) -> bool:
        """Whether `maintain` cannot wait: over budget, or 20 adds."""
        return self._state.counters.rows > self._budget or self._adds >= 20

    def resume(self) -> Resume | None:
        """The last batch in the table and where to go on; None before the first."""
        return self._state.resume

    def counters(self) -> Counters:
        """All counters, as of the last commit."""
        return self._state.counters

    def samples(self, reason: str) -> list[str]:
        """The last few records rejected for `reason`, newest last, each cut at 1,000 characters."""
        return list(self._state.samples.get(reason, []))

    def close(self) -> None:
        """Wait for readers to leave, then close. A second call does nothing."""
        with self._writer:
            with suppress(TableError, duckdb.Error):
                self._store.checkpoint()
            self._store.close()

    def _accepted(self, batch: Batch, now: datetime) -> tuple[pa.Table, list[Rejects]]:
        """The rows whose time can be counted, and all rejects of the batch."""
        rejects = list(ledger.balance(batch))
        rows = batch.rows.cast(STORED)
        rows = _reject(
            rows, pc.greater(rows["bucket"], _at(now + FUTURE)), FROM_THE_FUTURE, rejects
        )
        times = [self._state.counters.newest_bucket, pc.max(rows["bucket"]).as_py()]
        known = [_plain(time) for time in times if time is not None]
        if known:
            oldest = _at(max(known) - self._retention)
            rows = _reject(rows, pc.less(rows["bucket"], oldest), TOO_OLD, rejects)
        return rows, rejects

    def _dead(self) -> int:
        """Rows that were taken out since the last checkpoint, DuckDB's own included."""
        gaps = self._row_gaps()
        self._gaps = min(self._gaps, gaps)
        return gaps - self._gaps

    def _row_gaps(self) -> int:
        with self._store.reading() as db:
            return roll.gaps(db)

    def _shrink(self, newest: datetime) -> None:
        since, floor, oldest = self._state.exact_since, self._floor(), newest - self._retention
        seq = roll.seq_of(floor, self._state.pins)
        self._step(floor, lambda db: roll.evict(db, oldest), evicts=True)
        self._step(floor, lambda db: roll.roll_up(db, newest, seq))
        self._step(floor, lambda db: roll.merge(db, since, floor, seq))
        if self._state.counters.rows > self._budget:
            self._fold(floor, seq)

    def _fold(self, floor: int, seq: str) -> None:
        with self._store.reading() as db:
            widest = roll.widest(db, self._budget, seq)
        for level in range(widest, 0, -1):
            self._step(floor, partial(roll.fold, level=level, budget=self._budget, seq=seq))

    def _step(self, floor: int, step: Callable[[Any], int], evicts: bool = False) -> None:
        """Let `step` take so many records or rows out, in a transaction of its own.

        DuckDB 2.0.0 corrupts memory when rows are inserted and deleted in the same transaction.
        """
        state = replace(self._state, exact_since=floor)
        with self._store.writing() as db:
            taken = step(db)
            # Rows that shared a coarse bucket were summed as they came: fewer than were added.
            counters = _recounted(db, state.counters, evicted=taken if evicts else 0)
            state = replace(state, version=state.version + bool(taken), counters=counters)
            if state != self._state:
                ledger.save(db, state)
        self._state = state
        self._shrunk = state.version if taken else self._shrunk

    def _floor(self) -> int:
        """The newest version whose rows may merge; the adds up to it are forgotten."""
        marks, floor = self._marks, self._state.exact_since
        spared = sum(rows for _, _, rows in marks)
        while marks and (marks[-1][0] - marks[0][0] >= SPARED or spared > self._budget // 2):
            _, floor, rows = marks.popleft()
            spared -= rows
        return floor

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """The writer's turn; if it fails for good, readers get the reopened database at once."""
        with self._writer:
            self._recover()
            try:
                yield
            except (TableError, duckdb.Error):
                with suppress(TableError):
                    self._recover()
                raise

    def _recover(self) -> None:
        """If a failure has ended the database, open it again, and trust what it says."""
        if self._store.ended:
            self._store.reopen()
            self._state = self._store.checked(_verified)


def first_version() -> int:
    """That of a table made anew: by chance, so that versions of one table are not another's.

    A clock would not do: servers are started at the same moment. Between any two there is room for
    four million, and JSON's numbers hold them.
    """
    return secrets.randbits(30) << 22


def _create(version: int, db: duckdb.DuckDBPyConnection) -> None:
    db.execute(roll.CREATE)
    db.execute(ledger.CREATE)
    ledger.save(db, State(version=version, exact_since=version))


def _verified(db: duckdb.DuckDBPyConnection) -> State:
    """The state, once every row has been read and the sums agree with it; else ValueError."""
    state = ledger.load(db)
    sums = db.execute("SELECT sum(count), bit_xor(hash(dns_counts)) FROM dns_counts").fetchall()
    kept = state.counters.counted - state.counters.evicted
    if int(sums[0][0] or 0) != kept:
        raise ValueError(f"its rows hold {sums[0][0] or 0} records and its ledger {kept}")
    return state


def _insert(db: duckdb.DuckDBPyConnection, rows: pa.Table, state: State) -> None:
    """Append rows at the width of their age."""
    newest = state.counters.newest_bucket
    if newest is None or not rows.num_rows:
        return
    values = {**roll.edges(newest.replace(tzinfo=None)), "seq": state.version}
    db.register("incoming", rows)
    db.execute(f"INSERT INTO dns_counts {roll.incoming()}", values)
    db.unregister("incoming")


def _recounted(db: duckdb.DuckDBPyConnection, counters: Counters, evicted: int) -> Counters:
    rows, folded, oldest = db.execute(
        "SELECT count(*), sum(count) FILTER (folded > 0), min(bucket) FROM dns_counts"
    ).fetchall()[0]
    return replace(
        counters,
        evicted=counters.evicted + evicted,
        rows=rows,
        folded=int(folded or 0),
        folded_ever=counters.folded_ever + max(0, int(folded or 0) - counters.folded),
        oldest=None if oldest is None else oldest.replace(tzinfo=UTC),
    )


def _reject(rows: pa.Table, wrong: Any, reason: str, rejects: list[Rejects]) -> pa.Table:
    """The other rows; those in `wrong` join `rejects`, with samples rebuilt of what is known."""
    refused = rows.filter(wrong)
    if not refused.num_rows:
        return rows
    newest = refused.sort_by("last_ts")[-SAMPLES:]
    samples = tuple(json.dumps(_sample(row)) for row in newest.to_pylist())
    rejects.append(Rejects(reason, pc.sum(refused["count"]).as_py(), samples))
    return rows.filter(pc.invert(wrong))


def _sample(row: dict[str, Any]) -> dict[str, Any]:
    """A row in Zeek's words: its newest record, as far as the row still has it."""
    names = {"last_ts": "ts", "uid": "uid", "id_orig_h": "id.orig_h", "id_resp_h": "id.resp_h"}
    names |= {name: name for name in ("query", "qtype_name", "rcode_name", "count")}
    row["last_ts"] = row["last_ts"].isoformat() + "Z"
    told = {zeek: row[name] for name, zeek in names.items() if row[name] is not None}
    return {"rebuilt": "from the row that counted it", **told}


def _at(time: datetime) -> Any:
    return pa.scalar(_plain(time), pa.timestamp("us"))


def _plain(value: Any) -> Any:
    """An aware time as naive UTC, anything else as it is."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).replace(tzinfo=None)
    return value


def _next_rest(newest: datetime, over: datetime | None) -> datetime:
    """When what is over is to be told next."""
    if over is None:
        return newest + FIRST_REST
    return over + min(over - newest, RESTS)
