"""Lines to typed records: `(value, topic)` to Zeek's fields, or to the reason why not.

Each line is first put inside one JSON object of our own, and only then parsed:
`{"topic_…": "dns", "line_…": {"tag": "dns", "record": <line>}, "end_…": 1}`. Whatever a line
holds (nothing, half a record, two records) one row comes out. Our own keys carry a token that no
line can know, so a line that closes our object can set none of them.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from secrets import token_hex
from typing import NamedTuple

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from pipeline.feed import OTHER_PATHS, SAMPLE_CHARACTERS, Feed

EMPTY = "empty"
NOT_JSON = "not JSON"
TOO_LONG = "too long"
NO_TS = "no ts"
BAD_TS = "ts is no time"
NO_HOST = "no id.orig_h"
LONG_FIELD = "a field too long"
HEADER = "header"
OTHER_FEED = "other feed"

PATH_FIELDS = ("_path", "@stream", "_stream", "@path")
TAGGED = r'^\s*\{\s*"([^"\\]{1,100})"\s*:\s*(?=\{)'
PLAIN = '{"ts":'
SPLUNK = '"_raw":'
TEXT = "_text"
TOKEN = token_hex(8)
TOPIC, LINE, EARLY, START, END = (
    f"{word}_{TOKEN}" for word in ("topic", "line", "early", "start", "end")
)
CORRUPT = "_corrupt_record"
# From here on seconds would lie beyond the year 5000: the number counts milliseconds.
MILLISECONDS_FROM = 1e11
# 1900 to 2200: what pandas' nanoseconds can tell, with room.
SENSIBLE_SECONDS = (-2.2e9, 7.25e9)
# Zeek's text of a name of 255 bytes is four times as long when each byte is escaped.
LONGEST_FIELD = 1_100
ISO_8601 = r"^\s*\d{4}-\d\d-\d\d[T ]\d\d:\d\d"

TEXT_TYPES = ("string", "addr", "enum")
TYPES: dict[str, T.DataType] = {
    "time": T.DoubleType(),
    "interval": T.DoubleType(),
    "count": T.LongType(),
    "port": T.LongType(),
    "bool": T.BooleanType(),
    "vector[string]": T.ArrayType(T.StringType()),
    "set[string]": T.ArrayType(T.StringType()),
    "vector[interval]": T.ArrayType(T.DoubleType()),
}


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


def parse_records(
    lines: DataFrame,
    feed: Feed,
    fields: Sequence[str],
    renamed: Mapping[str, str] | None = None,
    max_bytes: int = 1_000_000,
) -> DataFrame:
    """`(value: string or binary, topic: string)` to the named fields of `feed`, typed.

    Two columns stand beside them: `status`, null for a record to count, else `header`,
    `other feed` or the reason of its rejection; and `sample`, where there is a status the name of
    the feed or the start of the line. One row out for each row in.
    """
    steps = _steps(feed, tuple(fields), tuple((renamed or {}).items()), max_bytes)
    objects = selected(lines, steps.wrap)
    parsed = lines.sparkSession.read.schema(steps.schema).json(objects)
    return selected(parsed, steps.typed)


def selected(frame: DataFrame, steps: Sequence[Sequence[Column | str]]) -> DataFrame:
    """One select after the other. In a single one Spark would repeat what is used twice."""
    for columns in steps:
        frame = frame.select(*columns)
    return frame


class Steps(NamedTuple):
    """The selects before and after the JSON reader, and what it reads."""

    wrap: list[list[Column | str]]
    schema: T.StructType
    typed: list[list[Column | str]]


@cache
def _steps(
    feed: Feed, fields: tuple[str, ...], renamed: tuple[tuple[str, str], ...], max_bytes: int
) -> Steps:
    """Made once: thousands of calls into the JVM, half a second of every batch otherwise."""
    names = dict.fromkeys(["ts", "id.orig_h", *feed.marks, *fields])
    keys = {name: spellings(name, dict(renamed)) for name in names}
    wrap = _wrapped(keys["ts"], max_bytes)
    return Steps(wrap, _json_schema(feed, keys), _typed(feed, keys, fields))


def _wrapped(ts_keys: list[str], max_bytes: int) -> list[list[Column | str]]:
    """Lines to one JSON object each, as text."""
    text = F.expr("coalesce(make_valid_utf8(cast(value as string)), '')")
    feed = F.when(F.col("topic").isin(OTHER_PATHS), F.col("topic")).otherwise("").alias(TOPIC)
    record = F.when(_is_plain("text"), F.col("text"))
    unwrapped = record.otherwise(_with_text_keys(_unwrapped(), ts_keys)).alias("text")
    tagged = F.regexp_extract(F.substring("text", 1, 120), TAGGED, 0)
    return [
        ["topic", feed, text.alias("text")],
        [TOPIC, "text", _early_status(max_bytes).alias(EARLY)],
        [TOPIC, EARLY, unwrapped],
        ["*", F.when(_is_plain("text"), "").otherwise(tagged).alias("tagged")],
        [F.coalesce(_refused(), _entire()).alias("value")],
    ]


def _is_plain(text: str) -> Column:
    """What Zeek writes by default: no tag, and the time as a number comes first."""
    return F.startswith(text, F.lit(PLAIN)) & F.substring(text, len(PLAIN) + 1, 1).between("0", "9")


def _early_status(max_bytes: int) -> Column:
    """What needs no parsing to be refused; a reader's own verdict comes as a topic `#reason`."""
    stripped = F.ltrim(F.substring("text", 1, 1000), F.lit(" \t\r\n"))
    return (
        F.when(F.octet_length("text") > max_bytes, TOO_LONG)
        .when(F.col("topic").startswith("#"), F.expr("substring(topic, 2, 100)"))
        .when(F.startswith("text", F.lit("{")), F.lit(None))
        .when(stripped == "", EMPTY)
        .when(~stripped.startswith("{"), NOT_JSON)
    )


def _unwrapped() -> Column:
    """The record inside a Splunk export, else the line."""
    inner = F.coalesce(F.get_json_object("text", "$.result._raw"), "text")
    return F.when(F.contains("text", F.lit(SPLUNK)), inner).otherwise(F.col("text"))


def _with_text_keys(text: Column, ts_keys: list[str]) -> Column:
    """A `ts` that is a text gets a key of its own, so that the one that is a number stays fast.

    Inside a string a quote is escaped, so `"ts":"` can only be a key.
    """
    for key in ts_keys:
        text = F.replace(text, F.lit(f'"{key}":"'), F.lit(f'"{key}{TEXT}":"'))
    return text


def _refused() -> Column:
    sample = F.substring("text", 1, SAMPLE_CHARACTERS).alias(START)
    verdict = F.struct(EARLY, sample, F.lit(1).alias(END))
    return F.when(F.col(EARLY).isNotNull(), F.to_json(verdict))


def _entire() -> Column:
    """A tagged line ends its own object, one without a tag gets an end."""
    tag = F.regexp_extract("tagged", '"(.*)"', 1)
    rest = F.expr("substring(text, length(tagged) + 1)")
    line = F.when(
        F.col("tagged") == "", F.concat(F.lit('{"record":'), "text", F.lit("}"))
    ).otherwise(F.concat(F.lit('{"tag":"'), tag, F.lit('","record":'), rest))
    ours = [F.lit(text) for text in (f'{{"{TOPIC}":"', f'","{LINE}":', f',"{END}":1}}')]
    return F.concat(ours[0], TOPIC, ours[1], line, ours[2])


def _json_schema(feed: Feed, keys: Mapping[str, list[str]]) -> T.StructType:
    record = T.StructType()
    for name, spelled in keys.items():
        for key in spelled:
            record.add(key, TYPES.get(feed.fields[name], T.StringType()))
    for key in [*PATH_FIELDS, *(key + TEXT for key in keys["ts"])]:
        record.add(key, T.StringType())
    line = T.StructType().add("tag", "string").add("record", record)
    own = T.StructType().add(TOPIC, "string").add(LINE, line).add(END, "integer")
    return own.add(EARLY, "string").add(START, "string").add(CORRUPT, "string")


def _typed(
    feed: Feed, keys: Mapping[str, list[str]], fields: Sequence[str]
) -> list[list[Column | str]]:
    """The reader's row to typed columns, `status` and `sample`."""
    ts_text = F.coalesce(_first([key + TEXT for key in keys["ts"]]), _ts_in_corrupt(keys["ts"]))
    path = F.coalesce(f"{LINE}.tag", *(_field(key) for key in PATH_FIELDS))
    values = {flat(name): _first(spelled) for name, spelled in keys.items()}
    found = values | {"ts_number": values.pop("ts"), "ts_text": ts_text, "path": path}
    ts = F.coalesce(_time_of_number(F.col("ts_number")), _time_of_text(F.col("ts_text")))
    return [
        ["*", *(value.alias(name) for name, value in found.items() if name != "ts")],
        ["*", ts.alias("ts")],
        ["*", _status(feed, fields).alias("status")],
        [*(flat(name) for name in fields), "status", _sample().alias("sample")],
    ]


def _status(feed: Feed, fields: Sequence[str]) -> Column:
    no_ts = F.col("ts_number").isNull() & F.col("ts_text").isNull()
    return (
        F.when(F.col(EARLY).isNotNull(), F.col(EARLY))
        .when(F.col(END).isNull() | F.col(f"{LINE}.record").isNull(), NOT_JSON)
        .when(~_is_feed(feed), OTHER_FEED)
        .when(no_ts, NO_TS)
        .when(F.col("ts").isNull(), BAD_TS)
        .when(F.coalesce("id_orig_h", F.lit("")) == "", NO_HOST)
        .when(_longest(feed, fields) > LONGEST_FIELD, LONG_FIELD)
    )


def _longest(feed: Feed, fields: Sequence[str]) -> Column:
    """Characters of the longest text by which rows are counted."""
    texts = [flat(name) for name in fields if feed.fields[name] in TEXT_TYPES]
    lengths = [F.coalesce(F.length(text), F.lit(0)) for text in texts]
    return F.greatest(F.lit(0), F.lit(0), *lengths)


def _field(key: str) -> Column:
    return F.col(f"{LINE}.record.`{key}`")


def _first(keys: list[str]) -> Column:
    return F.coalesce(*(_field(key) for key in keys))


def _is_feed(feed: Feed) -> Column:
    """A path decides where it is one that Zeek knows; a second filter's is `dns-2`."""
    named = F.regexp_replace("path", r"[-_]\d+$", "")
    marked = F.greatest(*(F.col(flat(mark)).isNotNull() for mark in feed.marks))
    return F.when(F.col("path").isNull(), marked).otherwise(
        (named == feed.path) | (marked & ~named.isin(OTHER_PATHS))
    )


def _time_of_number(number: Column) -> Column:
    seconds = F.when(F.abs(number) >= MILLISECONDS_FROM, number / 1000).otherwise(number)
    in_range = seconds.between(*SENSIBLE_SECONDS)
    return F.when(in_range, F.timestamp_micros(F.rint(seconds * 1e6).cast("bigint")))


def _time_of_text(text: Column) -> Column:
    iso = F.when(text.rlike(ISO_8601), F.try_to_timestamp(text))
    return F.coalesce(iso, _time_of_number(text.try_cast("double")))


def _ts_in_corrupt(ts_keys: list[str]) -> Column:
    """The `ts` of a record of which one value was not of its type, as text."""
    pattern = "|".join(key.replace(".", r"\.") for key in ts_keys)
    found = F.regexp_extract(F.col(CORRUPT), rf'"(?:{pattern})"\s*:\s*"([^"]{{1,64}})"', 1)
    return F.when(F.col(END).isNotNull() & (found != ""), found)


def _sample() -> Column:
    line = F.regexp_extract(F.col(CORRUPT), rf'(?s)"record":(.*?)(?:\}},"{END}":1\}})?$', 1)
    other = F.coalesce("path", F.nullif(TOPIC, F.lit("")), F.lit("unnamed"))
    refused = F.coalesce(START, line, F.to_json(f"{LINE}.record"))
    text = F.when(F.col("status") == OTHER_FEED, other).otherwise(refused)
    return F.when(F.col("status").isNotNull(), F.substring(text, 1, SAMPLE_CHARACTERS))
