"""Lines to typed records: `(value, topic)` to Zeek's fields, or to the reason why not.

A SELECT over `lines` that DuckDB runs in Spark's Python workers, next to where the lines were read.
The JVM's own JSON reader has to be compiled anew after each start, this one has not.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import duckdb
import pyarrow as pa

from pipeline.feed import OTHER_PATHS, SAMPLE_CHARACTERS, Feed
from pipeline.headless import with_json
from pipeline.pieces import in_pieces

EMPTY = "empty"
NOT_JSON = "not JSON"
NO_HEADER = "TSV without its header"
TOO_LONG = "too long"
NO_TS = "no ts"
BAD_TS = "ts is no time"
NO_HOST = "no id.orig_h"
LONG_FIELD = "a field too long"
HEADER = "header"
OTHER_FEED = "other feed"

PATH_FIELDS = ("_path", "@stream", "_stream", "@path")
# Zeek's default begins so: neither a tag nor a wrapper has to be looked for.
PLAIN = '{"ts":'
TAGGED = r'^\s*\{\s*"([^"\\]{1,100})"\s*:\s*\{'
SPLUNK = '"_raw":'
# What `headless` does not know: other logs, and fields that were added or left out.
TSV = r"^-?[0-9]+[.][0-9]+\t"
DIRECTIVE = r"^#(separator|set_separator|empty_field|unset_field|path|open|close|fields|types)\s"
BLANKS = "E' \\t\\r\\n'"
# From here on seconds would lie beyond the year 5000: the number counts milliseconds.
MILLISECONDS_FROM = 1e11
# 1900 to 2200: what pandas' nanoseconds can tell, with room.
EARLIEST, LATEST = -2.2e9, 7.25e9
# Zeek's text of a name of 255 bytes is four times as long when each byte is escaped.
LONGEST_FIELD = 1_100
ISO_8601 = r"^\s*\d{4}-\d\d-\d\d[T ]\d\d:\d\d"

TEXT_TYPES = ("string", "addr", "enum")
TYPES: dict[str, str | list[str]] = {
    "interval": "DOUBLE",
    "count": "BIGINT",
    "port": "BIGINT",
    "bool": "BOOLEAN",
    "vector[string]": ["VARCHAR"],
    "set[string]": ["VARCHAR"],
    "vector[interval]": ["DOUBLE"],
}
"""DuckDB's types of Zeek's; all others, and `time` before it is understood, are texts."""


def flat(field: str) -> str:
    """The column of a field: dots in a name break Spark's and Altair's references.

    >>> flat("id.orig_h")
    'id_orig_h'
    """
    return field.replace(".", "_")


def spellings(field: str, renamed: Mapping[str, str]) -> list[str]:
    """Every key under which a log may carry a field: another separator, or a name of its own."""
    own = [name for name, zeek_name in renamed.items() if zeek_name == field]
    return list(dict.fromkeys([field, flat(field), field.replace(".", "-"), *own]))


def run(lines: pa.Table, sql: str, params: Mapping[str, Any] | None = None) -> pa.Table:
    """What a SELECT over `lines` gives; bytes that are no UTF-8 are replaced first."""
    return select(sql, params, lines=in_pieces(with_json(in_pieces(lines))))


def select(sql: str, params: Mapping[str, Any] | None = None, **tables: pa.Table) -> pa.Table:
    """What a SELECT over tables gives, on one thread: others of this machine have work too."""
    with _database().cursor() as connection:
        for name, table in tables.items():
            connection.register(name, table)
        return connection.sql(sql, params=params).to_arrow_table()


@cache
def _database() -> duckdb.DuckDBPyConnection:
    """One a process: to open one took 48 ms, a quarter of what a worker did in a small batch."""
    database = duckdb.connect(config={"threads": 1})
    # A time that names no zone is UTC, wherever the worker runs.
    database.execute("SET GLOBAL TimeZone = 'UTC'")
    return database


def parsed(
    feed: Feed,
    fields: Sequence[str],
    renamed: Mapping[str, str] | None = None,
    max_bytes: int = 1_000_000,
    whole: bool = False,
) -> str:
    """SELECT the named fields of `feed`, typed, from `lines(value: text, topic: text)`.

    `ts` is in microseconds since 1970. Two columns stand beside them: `status`, null for a record
    to count, else `header`, `other feed` or the reason of its rejection; and `sample`, where there
    is a status the name of the feed or the start of the line. One row for each line. `whole` adds
    `record`: the JSON object itself, out of what wraps it.
    """
    return _parsed(feed, tuple(fields), tuple((renamed or {}).items()), max_bytes, whole)


@cache
def _parsed(
    feed: Feed,
    fields: tuple[str, ...],
    renamed: tuple[tuple[str, str], ...],
    max_bytes: int,
    whole: bool,
) -> str:
    keys = _keys(feed, fields, dict(renamed))
    structures = _structures(feed, keys)
    values = [
        f"coalesce({', '.join(_field(key, structures) for key in spelled)}) AS {column(name)}"
        for name, spelled in keys.items()
    ]
    path = ", ".join(_field(key, structures) for key in PATH_FIELDS)
    return f"""
    WITH looked_at AS (SELECT topic, value, {_early(max_bytes)} AS early FROM lines),
    unwrapped AS (SELECT *, {_unwrapped()} AS object FROM looked_at),
    tagged AS (SELECT *, {_tag()} AS tag FROM unwrapped),
    read AS (SELECT topic, value, early, tag, object, {_records(feed, keys)} FROM tagged),
    named AS (SELECT *, coalesce(tag, {path}) AS path, {", ".join(values)} FROM read),
    timed AS (SELECT * RENAME (ts AS ts_text), {_microseconds("ts")} AS ts FROM named),
    judged AS (SELECT *, {_status(feed, fields)} AS status FROM timed)
    SELECT {", ".join(column(name) for name in fields)}, status, {_sample()} AS sample
      {f", {_record()} AS record" * whole} FROM judged
    """


def keys_read(
    feed: Feed, fields: Sequence[str], renamed: Mapping[str, str] | None = None
) -> frozenset[str]:
    """All keys of a record that `parsed` looks at."""
    found = _keys(feed, fields, renamed or {})
    return frozenset([*PATH_FIELDS, *(key for spelled in found.values() for key in spelled)])


def _keys(feed: Feed, fields: Sequence[str], renamed: Mapping[str, str]) -> dict[str, list[str]]:
    names = dict.fromkeys(["ts", "id.orig_h", *feed.marks, *fields])
    return {name: spellings(name, renamed) for name in names}


def quoted(value: str) -> str:
    """A text of SQL.

    >>> quoted("it's")
    "'it''s'"
    """
    return "'" + value.replace("'", "''") + "'"


def column(field: str) -> str:
    """A field's column in SQL."""
    return '"' + flat(field).replace('"', '""') + '"'


def _early(max_bytes: int) -> str:
    """What needs no parsing to be refused; a reader's own verdict comes as a topic `#reason`."""
    return f"""CASE WHEN strlen(value) > {max_bytes} THEN '{TOO_LONG}'
        WHEN starts_with(topic, '#') THEN topic[2:101]
        WHEN starts_with(value, '{{') THEN NULL
        WHEN trim(value, {BLANKS}) = '' THEN '{EMPTY}'
        WHEN regexp_matches(value, '{DIRECTIVE}') THEN '{HEADER}'
        WHEN regexp_matches(value, '{TSV}') THEN '{NO_HEADER}'
        WHEN NOT starts_with(ltrim(value, {BLANKS}), '{{') THEN '{NOT_JSON}' END"""


def _unwrapped() -> str:
    """The record inside a Splunk export, else the line; null for what is refused."""
    return f"""CASE WHEN early IS NOT NULL THEN NULL WHEN starts_with(value, '{PLAIN}') THEN value
        WHEN contains(value, '{SPLUNK}') AND json_valid(value)
        THEN coalesce(json_extract_string(value, '$.result._raw'), value) ELSE value END"""


def _tag() -> str:
    return f"""CASE WHEN NOT starts_with(object, '{PLAIN}')
        THEN nullif(regexp_extract(object, {quoted(TAGGED)}, 1), '') END"""


def _structures(feed: Feed, keys: Mapping[str, list[str]]) -> list[dict[str, str | list[str]]]:
    """Types of all spellings; DuckDB wants keys that differ in case only in a STRUCT each."""
    names = {key: name for name, spelled in keys.items() for key in spelled}
    found: list[dict[str, str | list[str]]] = [dict.fromkeys(PATH_FIELDS, "VARCHAR")]
    for key, name in names.items():
        free = (each for each in found if key.lower() not in map(str.lower, each))
        into = next(free, None)
        if into is None:
            into = {}
            found.append(into)
        into[key] = TYPES.get(feed.fields[name], "VARCHAR")
    return found


def _records(feed: Feed, keys: Mapping[str, list[str]]) -> str:
    """Columns `record0` and so on, a STRUCT each; null where there is no JSON object.

    TRY spares a pass that only asks whether the text is JSON.
    """
    return ", ".join(
        f"TRY(json_transform({_record()}, {quoted(json.dumps(types))})) AS record{n}"
        for n, types in enumerate(_structures(feed, keys))
    )


def _record() -> str:
    """The text of the JSON object; null where there is none."""
    return f"""CASE WHEN NOT starts_with(ltrim(object, {BLANKS}), '{{') THEN NULL
        WHEN tag IS NULL THEN object ELSE json_extract(object, '$.*')[1]::VARCHAR END"""


def _field(key: str, structures: list[dict[str, str | list[str]]]) -> str:
    n = next(n for n, types in enumerate(structures) if key in types)
    return f"record{n}[{quoted(key)}]"


def _microseconds(ts: str) -> str:
    """Of a text: seconds, milliseconds or ISO 8601; null if it is no time."""
    number = f"TRY_CAST({ts} AS DOUBLE)"
    seconds = (
        f"CASE WHEN abs({number}) >= {MILLISECONDS_FROM} THEN {number} / 1000 ELSE {number} END"
    )
    iso = f"epoch_us(TRY_CAST({ts} AS TIMESTAMPTZ))"
    return f"""CASE WHEN {seconds} BETWEEN {EARLIEST} AND {LATEST}
        THEN CAST(round(({seconds}) * 1e6) AS BIGINT)
        WHEN regexp_matches({ts}, {quoted(ISO_8601)})
            AND {iso} BETWEEN {EARLIEST} * 1e6 AND {LATEST} * 1e6 THEN {iso} END"""


def _status(feed: Feed, fields: Sequence[str]) -> str:
    told = [column(name) for name in fields if feed.fields[name] in TEXT_TYPES]
    longest = f"greatest({', '.join(f'length({each})' for each in told)})"
    return f"""CASE WHEN early IS NOT NULL THEN early WHEN record0 IS NULL THEN '{NOT_JSON}'
        WHEN NOT ({_is_feed(feed)}) THEN '{OTHER_FEED}' WHEN ts_text IS NULL THEN '{NO_TS}'
        WHEN ts IS NULL THEN '{BAD_TS}' WHEN coalesce(id_orig_h, '') = '' THEN '{NO_HOST}'
        WHEN {longest} > {LONGEST_FIELD} THEN '{LONG_FIELD}' END"""


def _is_feed(feed: Feed) -> str:
    """A path decides where it is one that Zeek knows; a second filter's is `dns-2`."""
    marked = f"coalesce({', '.join(f'{column(mark)}::VARCHAR' for mark in feed.marks)}) IS NOT NULL"
    named = r"regexp_replace(path, '[-_]\d+$', '')"
    others = ", ".join(quoted(path) for path in OTHER_PATHS)
    return f"""CASE WHEN path IS NULL THEN {marked}
        ELSE {named} = '{feed.path}' OR ({marked} AND {named} NOT IN ({others})) END"""


def _sample() -> str:
    others = ", ".join(quoted(path) for path in OTHER_PATHS)
    topic = f"CASE WHEN topic IN ({others}) THEN topic END"
    return f"""(CASE WHEN status = '{OTHER_FEED}' THEN coalesce(path, {topic}, 'unnamed')
        WHEN status IS NOT NULL THEN value END)[:{SAMPLE_CHARACTERS}]"""
