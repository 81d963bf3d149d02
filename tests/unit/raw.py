"""The records themselves in SQLite, and a view as SQL of the tests' own: nothing is grouped."""

import sqlite3
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from pipeline.state import FIELDS, Filter, View
from tests.unit.dns_rows import T0
from tests.unit.logged import Record

KEYS = {
    "host": "host",
    "domain": "domain",
    "name": "coalesce(name, '(no query)')",
    "type": "coalesce(type, '(no type)')",
    "response": "coalesce(response, 'no response')",
    "resolver": "coalesce(resolver, '(no resolver)')",
    # What is left once all that ends in a dot has been taken from the left.
    "tld": """CASE WHEN domain LIKE '(%' THEN domain
      ELSE replace(domain, rtrim(domain, replace(domain, '.', '')), '') END""",
}
STACK = """CASE WHEN response IS NULL THEN 'no response'
  WHEN response IN ('NOERROR', 'NXDOMAIN', 'SERVFAIL', 'REFUSED') THEN response ELSE 'other' END"""
PLACE = f"""CASE {STACK} WHEN 'NXDOMAIN' THEN 0 WHEN 'SERVFAIL' THEN 1 WHEN 'REFUSED' THEN 2
  WHEN 'no response' THEN 3 WHEN 'other' THEN 4 ELSE 5 END"""
"""In the order in which bars are stacked."""
QUIET = {
    "no-query": "name IS NULL",
    "local": "coalesce(name LIKE '%.local', 0)",
    "multicast": "coalesce(resolver IN ('224.0.0.251', 'ff02::fb%eth0', '10.0.0.255'), 0)",
    "arpa": "coalesce(name LIKE '%.arpa', 0)",
    "netbios": "coalesce(name = 'workgroup', 0)",
    "single": "coalesce(name = 'wpad', 0)",
    "known": """coalesce(name IN ('known.example', 'mail.example.com')
      OR name LIKE '%.known.example' OR name LIKE '%.mail.example.com', 0)""",
}
MEASURES = {
    "queries": "count(*)",
    "hosts": "count(DISTINCT host)",
    "domains": "count(DISTINCT domain)",
    "names": "count(DISTINCT name)",
    "resolvers": "count(DISTINCT resolver)",
    "nxdomain": "100.0 * sum(response IS 'NXDOMAIN') / count(*)",
    "no_response": "100.0 * sum(response IS NULL) / count(*)",
    "rtt_ms": "1000 * avg(rtt)",
    "first": "min(at)",
    "last": "max(at)",
}


def micros(time: datetime) -> int:
    """Microseconds after T0."""
    return (time - T0) // timedelta(microseconds=1)


def quoted(text: str) -> str:
    """A text in SQL."""
    return "'" + text.replace("'", "''") + "'"


class Raw:
    """One line a record, as Zeek logged it."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._db = sqlite3.connect(":memory:")
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA case_sensitive_like = ON")
        names = list(Record.__dataclass_fields__)
        self._db.execute(f"CREATE TABLE records ({', '.join(names)})")
        marks = ", ".join("?" * len(names))
        lines = [[getattr(each, name) for name in names] for each in records]
        self._db.executemany(f"INSERT INTO records VALUES ({marks})", lines)
        self._tables: dict[str, str] = {}

    def ask(self, sql: str) -> list[dict[str, Any]]:
        """The rows of a query."""
        return [dict(row) for row in self._db.execute(sql)]

    def one(self, sql: str) -> Any:
        """The first value of the first row."""
        return self._db.execute(sql).fetchone()[0]

    def among(self, view: View, start: datetime | None, end: datetime, noisy: bool = False) -> str:
        """The name of a table of the view's records from `start` until `end`."""
        condition = chosen(view, start, end, noisy)
        if condition not in self._tables:
            name = f"t{len(self._tables)}"
            self._db.execute(f"CREATE TEMP TABLE {name} AS SELECT * FROM records WHERE {condition}")
            self._tables[condition] = name
        return self._tables[condition]


def chosen(view: View, start: datetime | None, end: datetime, noisy: bool = False) -> str:
    """The condition of a whole view. Edges lie on buckets, so a record's time decides as well."""
    parts = [f"at < {micros(end)}"] + ([f"at >= {micros(start)}"] if start else [])
    parts += [f"batch <= {view.at}"] if view.at is not None else []
    for field in FIELDS:
        ours = [each for each in view.filters if each.field == field]
        kept = [_condition(each) for each in ours if not each.exclude]
        parts += [f"NOT {_condition(each)}" for each in ours if each.exclude]
        parts += [f"({' OR '.join(kept)})"] if kept else []
    parts += [] if noisy else [f"NOT {QUIET[key]}" for key in sorted(view.hidden)]
    return " AND ".join(parts)


def _condition(each: Filter) -> str:
    """One filter, true or false for every record."""
    column, value = KEYS[each.field], each.value
    if each.begins:
        begin = quoted("." * each.under + value + ".")
        place = f"instr({column}, {begin})"
        return f"coalesce({place} {'> 0' if each.under else '= 1'}, 0)"
    if each.under:
        end = quoted("." + value)
        return f"coalesce(substr({column}, -length({end})) = {end}, 0)"
    if each.field == "response" and value == "other":
        return f"({STACK} = 'other')"
    return f"coalesce({column} = {quoted(value)}, 0)"
