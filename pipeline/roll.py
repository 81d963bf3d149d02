"""What keeps the table small: merge, roll up, evict, fold. None of them changes a total.

Every step takes rows out and puts fewer in their place, in a transaction of its own. A row is
put back under the `seq` that `seq_of` gives it, and only meets rows of the same: so what was
counted up to a pin, or up to any version from `floor` on, stays what it was.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import duckdb

TIERS = ((timedelta(days=3), 3600), (timedelta(hours=6), 600), (timedelta(hours=1), 60))
"""Age from which buckets are so many seconds wide; younger ones are 10 s."""

CREATE = """
CREATE TABLE dns_counts (
    bucket TIMESTAMP NOT NULL, width INTEGER NOT NULL,
    id_orig_h VARCHAR, id_resp_h VARCHAR, query VARCHAR, registered_domain VARCHAR,
    qtype_name VARCHAR, rcode_name VARCHAR, folded UTINYINT NOT NULL,
    count BIGINT NOT NULL, rtt_sum DOUBLE NOT NULL, rtt_count BIGINT NOT NULL,
    first_ts TIMESTAMP NOT NULL, last_ts TIMESTAMP NOT NULL, uid VARCHAR, answers VARCHAR,
    seq BIGINT NOT NULL)
"""

NAMES = ("id_orig_h", "id_resp_h", "query", "registered_domain", "qtype_name", "rcode_name")
KEYS = ("bucket", "width", *NAMES, "folded")
MEASURES = """
    sum(count)::BIGINT AS count, sum(rtt_sum) AS rtt_sum, sum(rtt_count)::BIGINT AS rtt_count,
    min(first_ts) AS first_ts, max(last_ts) AS last_ts,
    arg_max({'uid': uid, 'answers': answers}, last_ts) AS newest
"""

KEPT = (
    ("bucket", "width", *NAMES),
    ("bucket", "width", "id_orig_h", "id_resp_h", "registered_domain", "qtype_name", "rcode_name"),
    ("bucket", "width", "id_orig_h", "rcode_name"),
    ("bucket", "width", "rcode_name"),
    ("bucket", "width"),
)
"""The keys that a row of each fold level still has."""

CELL = ("", "bucket, width, registered_domain", "bucket, width, id_orig_h", *2 * ("bucket, width",))
"""Within what a level takes the smallest first: names of a domain, domains of a host with their
types and resolvers, hosts, responses."""

WHOLE = ("", "query", "registered_domain", "id_orig_h", "rcode_name")
"""What is small or large at a level."""

LAST = 4
OTHER = "(other)"
"""A response that was folded: null would say that none was seen."""

LEFT = (0.0, 0.8, 0.6, 0.45, 0.225)
"""How much of the budget a level may leave once it must fold: names, so that not every batch needs
another fold, the others, so that there is room for details of what stays."""


def edges(newest: datetime) -> dict[str, datetime]:
    """Where the tiers begin, for parameters $e3600, $e600, $e60: whole buckets of that width."""
    return {f"e{width}": floor_to(newest - age, width) for age, width in TIERS}


def floor_to(time: datetime, width: int) -> datetime:
    """The start of the bucket, `width` seconds wide, in which `time` lies."""
    return time - (time - datetime.min) % timedelta(seconds=width)


WIDTH = """CASE WHEN bucket < $e3600 THEN 3600 WHEN bucket < $e600 THEN 600
    WHEN bucket < $e60 THEN 60 ELSE 10 END"""
"""The width that a row's age asks for; see `edges`."""


def seq_of(floor: int, pins: Iterable[int]) -> str:
    """The `seq` under which a row is put back: the first pin that counts it, else `floor`.

    >>> seq_of(9, [4, 12])
    'CASE WHEN seq <= 4 THEN 4 ELSE greatest(seq, 9) END'
    """
    passed = "".join(f" WHEN seq <= {pin} THEN {pin}" for pin in sorted(pins) if pin < floor)
    newest = f"greatest(seq, {floor})"
    return f"CASE{passed} ELSE {newest} END" if passed else newest


def rows_of(source: str, keys: Mapping[str, str], seq: str) -> str:
    """SELECT rows for dns_counts from `source`, grouped by `keys` (column: expression)."""
    columns = ", ".join(f"{keys.get(key, 'NULL')} AS {key}" for key in KEYS)
    return f"""SELECT * EXCLUDE (newest, seq), newest.uid AS uid, newest.answers AS answers, seq
        FROM (SELECT {columns}, {MEASURES}, {seq} AS seq FROM {source} GROUP BY ALL)"""


def incoming() -> str:
    """SELECT rows for dns_counts from `incoming` (PARTIALS), at the width of their age.

    Rows that share a coarse bucket are summed; those of 10 s come already summed.
    """
    fresh = f"""SELECT bucket, 10, {", ".join(NAMES)}, 0, count, rtt_sum, rtt_count, first_ts,
        last_ts, uid, answers, $seq FROM incoming WHERE bucket >= $e60"""
    bucket = f"time_bucket(to_seconds({WIDTH}), bucket)"
    keys = {**{key: key for key in NAMES}, "bucket": bucket, "width": WIDTH, "folded": "0"}
    return f"{fresh} UNION ALL {rows_of('incoming WHERE bucket < $e60', keys, '$seq')}"


def rewrite(
    db: duckdb.DuckDBPyConnection,
    which: str,
    keys: Mapping[str, str],
    seq: str,
    values: dict[str, Any],
) -> int:
    """Put the rows whose ids `which` selects back by `keys` and `seq`; the number of rows saved."""
    db.execute(f"CREATE OR REPLACE TEMP TABLE taken AS {which}", _used(which, values))
    if not count(db, "SELECT count(*) FROM taken"):
        return 0
    source = "dns_counts SEMI JOIN taken ON dns_counts.rowid = taken.id"
    insert = rows_of(source, keys, seq)
    db.execute(f"CREATE OR REPLACE TEMP TABLE put AS {insert}", _used(insert, values))
    db.execute("DELETE FROM dns_counts WHERE rowid IN (SELECT id FROM taken)")
    db.execute("INSERT INTO dns_counts SELECT * FROM put")
    return count(db, "SELECT (SELECT count(*) FROM taken) - (SELECT count(*) FROM put)")


def roll_up(db: duckdb.DuckDBPyConnection, newest: datetime, seq: str) -> int:
    """Widen the buckets that are old enough for it; the number of rows saved."""
    which = f"SELECT rowid AS id FROM dns_counts WHERE bucket < $e60 AND width < {WIDTH}"
    bucket = f"time_bucket(to_seconds({WIDTH}), bucket)"
    keys = {**{key: key for key in KEYS}, "bucket": bucket, "width": WIDTH}
    return rewrite(db, which, keys, seq, edges(newest))


def merge(db: duckdb.DuckDBPyConnection, since: int, floor: int, seq: str) -> int:
    """Make one row of those with the same keys, in buckets written to in (since, floor]."""
    which = f"""
        WITH written AS MATERIALIZED (
            SELECT rowid AS id, hash({", ".join(KEYS)}, {seq}) AS key FROM dns_counts
            WHERE seq <= $floor AND bucket IN (
                SELECT bucket FROM dns_counts WHERE seq > $since AND seq <= $floor)),
        same AS (SELECT key FROM written GROUP BY key HAVING count(*) > 1)
        SELECT id FROM written SEMI JOIN same USING (key)"""
    values = {"since": since, "floor": floor}
    return rewrite(db, which, {key: key for key in KEYS}, seq, values)


def evict(db: duckdb.DuckDBPyConnection, oldest: datetime) -> int:
    """Delete the buckets that end at or before `oldest`; the number of records in them."""
    where = "WHERE bucket < $oldest AND bucket + to_seconds(width) <= $oldest"
    records = count(db, f"SELECT sum(count) FROM dns_counts {where}", {"oldest": oldest})
    if records:
        db.execute(f"DELETE FROM dns_counts {where}", {"oldest": oldest})
    return records


def widest(db: duckdb.DuckDBPyConnection, budget: int, seq: str) -> int:
    """The level at which folding has to begin: names, unless all of them would not be enough."""
    for level in range(1, LAST):
        group = f"hash({', '.join(KEPT[level])}, {seq})"
        groups = count(db, f"SELECT count(*) FROM (SELECT DISTINCT {group} FROM dns_counts)")
        if groups <= int(budget * LEFT[1]):
            return level
    return LAST


def fold(db: duckdb.DuckDBPyConnection, level: int, budget: int, seq: str) -> int:
    """Fold one level as far as the budget asks for; the number of rows saved."""
    sizes = _cell_sizes(db, level, seq)
    if sum(units * cells for units, _, cells in sizes) <= int(budget * LEFT[1]):
        return 0
    water = water_level(sizes, int(budget * LEFT[level]))
    keys = {"rcode_name": f"'{OTHER}'", **{key: key for key in KEPT[level]}, "folded": str(level)}
    return rewrite(db, _smallest(level, seq), keys, seq, {"water": water})


def _cell_sizes(db: duckdb.DuckDBPyConnection, level: int, seq: str) -> list[tuple[int, ...]]:
    """(units, groups, cells): so many cells have so many units, and groups if all were folded.

    Units, groups and cells stay in temporary tables of these names.
    """
    db.execute(f"CREATE OR REPLACE TEMP TABLE units AS {_units(level, seq)}")
    for name, sql in (("groups", GROUPS), ("cells", CELLS)):
        db.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {sql}")
    return db.execute("SELECT n, g, count(*) FROM cells GROUP BY ALL").fetchall()


def _units(level: int, seq: str) -> str:
    """SELECT what a level folds: the rows that the level below would leave; names are rows.

    Hashes stand for the keys: two of the same would at worst fold another row than the smallest,
    never change a total.
    """
    keys = f"""{_unit(level, seq)} AS id, hash({CELL[level]}) AS cell,
        hash({", ".join(KEPT[level])}, {seq}) AS grp, hash({WHOLE[level]}) AS part"""
    if level == 1:
        return f"SELECT {keys}, count AS c, folded >= 1 AS is_other FROM dns_counts"
    sums = f"sum(count)::BIGINT AS c, max(folded) >= {level} AS is_other"
    return f"SELECT {keys}, {sums} FROM dns_counts GROUP BY ALL"


def _smallest(level: int, seq: str) -> str:
    """SELECT the ids of the rows to fold."""
    if level == 1:
        return SMALLEST
    return f"""SELECT rowid AS id FROM dns_counts
        SEMI JOIN ({SMALLEST}) chosen ON {_unit(level, seq)} = chosen.id"""


def _unit(level: int, seq: str) -> str:
    return "rowid" if level == 1 else f"hash({', '.join(KEPT[level - 1])}, {seq})"


def water_level(sizes: list[tuple[int, ...]], target: int) -> int:
    """The largest number of units a cell may keep, so that all cells together meet the target.

    >>> water_level([(100, 1, 1), (3, 1, 10)], 60)  # ten cells of 3, and one of 100 is cut to 30
    30
    """
    low, high = 0, max(units for units, _, _ in sizes)
    while low < high:
        level = (low + high + 1) // 2
        if sum(cells * max(groups, min(units, level)) for units, groups, cells in sizes) <= target:
            low = level
        else:
            high = level - 1
    return low


GROUPS = "SELECT grp, cell, count(*) AS n FROM units GROUP BY ALL"
CELLS = "SELECT cell, sum(n)::BIGINT AS n, count(*) AS g FROM groups GROUP BY ALL"
SMALLEST = """
WITH open AS (
    SELECT units.*, cells.n - greatest($water, g) AS due
    FROM units JOIN groups USING (grp) JOIN cells ON units.cell = cells.cell
    WHERE groups.n > 1 AND cells.n > greatest($water, g)),
weights AS (
    SELECT part, sum(c) AS whole FROM units SEMI JOIN open USING (part) GROUP BY ALL),
placed AS (
    SELECT id, grp, cell, due, row_number() OVER (
        PARTITION BY cell ORDER BY is_other DESC, whole, part, c, id) AS place
    FROM open JOIN weights USING (part)),
begun AS (
    SELECT cell, due, min(place) AS place, row_number() OVER (
        PARTITION BY cell ORDER BY min(place)) AS nth
    FROM placed GROUP BY grp, cell, due),
ends AS (SELECT cell, due + count(*) AS last FROM begun WHERE place - nth < due GROUP BY cell, due),
chosen AS (SELECT id, grp FROM placed JOIN ends USING (cell) WHERE place <= last),
several AS (SELECT grp FROM chosen GROUP BY grp HAVING count(*) > 1)
SELECT id FROM chosen SEMI JOIN several USING (grp)
"""
"""The units to fold: in cells above $water, the smallest, until it is met.

Small is what is small in the whole table: what stays, stays in every bucket. Folding a unit saves
one row, except the first of its group, which becomes the folded row: up to a place, as many rows
are saved as there are units but for the groups that have begun. A unit that would be alone in its
folded row stays as it is.
"""


def gaps(db: duckdb.DuckDBPyConnection) -> int:
    """Row ids that no row has: rows that were taken out, and what checkpoints left of them."""
    return count(db, "SELECT max(rowid) + 1 - count(*) FROM dns_counts")


def count(db: duckdb.DuckDBPyConnection, sql: str, values: dict[str, Any] | None = None) -> int:
    """The first value of the first row, 0 for null."""
    row = db.execute(sql, values or {}).fetchall()[0]
    return int(row[0] or 0)


def _used(sql: str, values: dict[str, Any]) -> dict[str, Any]:
    """Only the parameters that the statement names: DuckDB refuses others."""
    return {name: value for name, value in values.items() if re.search(rf"\${name}\b", sql)}
