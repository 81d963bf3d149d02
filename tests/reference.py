"""Readers of one line, written from the rules alone: Python's json, and Zeek's rules for TSV.

Slow, plain and independent of the code under test, which has to agree with them on any line.
"""

import json
import math
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from pipeline.feed import DNS, OTHER_PATHS

ANY = object()
"""Stands for what a value of a wrong type becomes: whatever it is, it costs that value only."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PATHS = ("_path", "@stream", "_stream", "@path")
PLAIN = '{"ts":'
"""What begins so is a record, and no tag is looked for."""
LONGEST = 1_100
NUMBER = re.compile(r"-?\d+([.]\d+)?([eE][+-]?\d+)?", re.ASCII).fullmatch
TAG = re.compile(r'[ \t\r\n]*\{[ \t\r\n]*"([^"\\]{1,100})"[ \t\r\n]*:[ \t\r\n]*\{').match


@dataclass
class Verdict:
    """What a reader may say of a line: any of `statuses`, null for a record with `fields`."""

    statuses: set[str | None]
    fields: dict[str, Any] = field(default_factory=dict)


class NotJson(ValueError):
    """A text that is no JSON object."""


def json_object(text: str) -> dict[str, Any]:
    """The first of the same keys counts; half a surrogate pair is no text; NotJson otherwise."""

    def first(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        json.dumps(pairs, ensure_ascii=False).encode()
        return dict(reversed(pairs))

    def integer(digits: str) -> int | float:
        return int(digits) if len(digits) < 300 else float(digits)

    try:
        found = json.loads(text, object_pairs_hook=first, parse_int=integer)
        json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise NotJson(text) from error
    if not isinstance(found, dict):
        raise NotJson(text)
    return found


def lenient(text: str) -> bool:
    """Whether it is JSON once commas before a bracket, and odd spellings of NaN, are mended."""
    mended = re.sub(r"(?i)(?<=[:,\[\s-])(nan|inf(inity)?)(?=[\s,\]}])", "0", text)
    mended = re.sub(r",(\s*[\]}])", r"\1", mended)
    try:
        json_object(mended)
    except NotJson:
        return False
    return True


def read_json(text: str, fields: list[str]) -> Verdict:
    """The verdict on a Kafka message of the topic `zeek`."""
    stripped = text.strip(" \t\r\n")
    if not stripped:
        return Verdict({"empty"})
    if re.match(r"-?[0-9]+[.][0-9]+\t", text):
        return Verdict({"TSV without its header"})
    if re.match(
        r"#(separator|set_separator|(empty|unset)_field|path|open|close|fields|types)\s", text
    ):
        return Verdict({"header"})
    if not stripped.startswith("{"):
        return Verdict({"not JSON"})
    try:
        whole = json_object(text)
        if '"_raw":' in text and not text.startswith(PLAIN) and isinstance(whole, dict):
            inner = whole.get("result")
            raw = inner.get("_raw") if isinstance(inner, dict) else None
            if raw is not None:
                text = raw if isinstance(raw, str) else json.dumps(raw, ensure_ascii=False)
                whole = json_object(text)
        tagged = None if text.startswith(PLAIN) else TAG(text)
        record = whole[tagged[1]] if tagged else whole
    except NotJson:
        return Verdict({"not JSON"})
    return judge(record, tagged[1] if tagged else None, fields)


def judge(record: dict[str, Any], tag: str | None, fields: list[str]) -> Verdict:
    """The verdict on a record's own object."""
    found = {
        name: of_type(DNS.fields[name], record, name)
        for name in dict.fromkeys(["ts", "id.orig_h", *DNS.marks, *fields])
    }
    path = next((record[key] for key in PATHS if record.get(key) is not None), None)
    path = tag or (as_text(path) if path is not None else None)
    marks = [found[mark] for mark in DNS.marks]
    marked = {any(each is not None for each in marks)}
    if any(marks) and all(each is None or each is ANY for each in marks):
        marked = {True, False}
    ts = microseconds(record, "ts")
    texts = [v for k, v in found.items() if k in fields and isinstance(v, str)]
    host = found["id.orig_h"]
    statuses: set[str | None] = set()
    for is_marked in marked:
        statuses |= status(path, is_marked, record, ts, host, texts)
    values = {name.replace(".", "_"): found[name] for name in fields} | {"ts": ts}
    return Verdict(statuses, {name: values[name.replace(".", "_")] for name in fields})


def status(
    path: Any, marked: bool, record: dict[str, Any], ts: Any, host: Any, texts: list[str]
) -> set[str | None]:
    """The first that is wrong."""
    if path is ANY:
        return {"other feed"} | status("dns", marked, record, ts, host, texts)
    named = re.sub(r"[-_]\d+\Z", "", path or "")
    is_feed = marked if path is None else named == "dns" or (marked and named not in OTHER_PATHS)
    if not is_feed:
        return {"other feed"}
    if value_of(record, "ts") is None:
        return {"no ts"}
    found: set[str | None] = {"ts is no time"} if ts in (None, ANY) else set()
    if ts is None:
        return found
    if not host:
        return found | {"no id.orig_h"}
    if any(len(text) > LONGEST for text in texts):
        return found | {"a field too long"}
    return found | {None}


def value_of(record: dict[str, Any], name: str) -> Any:
    """Under the first of its spellings that has one of its type."""
    keys = (name, name.replace(".", "_"), name.replace(".", "-"))
    return next((record[key] for key in keys if record.get(key) is not None), None)


def of_type(kind: str, record: dict[str, Any], name: str) -> Any:
    """The typed value, ANY where its type is another."""
    return typed(kind, value_of(record, name))


def typed(kind: str, value: Any) -> Any:
    """A JSON value as Zeek's type has it."""
    container, _, inner = kind.partition("[")
    if value is None:
        return None
    if container in ("vector", "set"):
        is_list = isinstance(value, list)
        return [typed(inner[:-1], each) for each in value] if is_list else ANY
    if kind in ("string", "addr", "enum", "time"):
        return value if isinstance(value, str) else ANY
    if kind == "bool":
        return value if isinstance(value, bool) else ANY
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ANY
    if kind == "interval":
        return float(value) if abs(value) < 1e308 else ANY
    return value if isinstance(value, int) and -(2**63) <= value < 2**63 else ANY


def as_text(value: Any) -> Any:
    """A path that is no text is taken for one."""
    return value if isinstance(value, str) else ANY


def microseconds(record: dict[str, Any], name: str) -> Any:
    """Of seconds, of milliseconds from 1e11 on, or of ISO 8601, within 1900 to 2200."""
    value = value_of(record, name)
    if value is None or isinstance(value, bool | list | dict):
        return None
    if isinstance(value, str) and not NUMBER(value):
        return of_iso(value)
    try:
        seconds = float(value)
    except OverflowError:
        return None
    seconds = seconds / 1000 if abs(seconds) >= 1e11 else seconds
    return round(seconds * 1e6) if -2.2e9 <= seconds <= 7.25e9 else None


def of_iso(text: str) -> Any:
    """ANY for a text that only looks like a time."""
    if not re.match(r"\s*\d{4}-\d\d-\d\d[T ]\d\d:\d\d", text):
        try:
            # Python takes digits of every script.
            return ANY if text.isascii() and math.isfinite(float(text)) else None
        except ValueError:
            return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return ANY
    time = time if time.tzinfo else time.replace(tzinfo=UTC)
    micros = (time - EPOCH) // timedelta(microseconds=1)
    return micros if -2.2e15 <= micros <= 7.25e15 else None


def agrees(row: dict[str, Any], verdict: Verdict) -> bool:
    """Whether a parsed row is what the reference says."""
    if row["status"] not in verdict.statuses:
        return False
    names = {name: name.replace(".", "_") for name in verdict.fields}
    return row["status"] is not None or all(
        same(row[names[name]], value, 1 if name == "ts" else 0)
        for name, value in verdict.fields.items()
    )


def same(found: Any, expected: Any, off: int = 0) -> bool:
    """Equal, element by element; a time may be rounded by `off`."""
    if expected is ANY:
        return True
    if isinstance(expected, list) and isinstance(found, list):
        return len(found) == len(expected) and all(map(same, found, expected))
    if off and isinstance(found, int) and isinstance(expected, int):
        return abs(found - expected) <= off
    return bool(found == expected and type(found) is type(expected))
