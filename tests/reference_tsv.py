"""A reader of a Zeek log of any form, written from the rules alone: bytes to rows.

Slow, plain and independent of the code under test, which has to agree with it on any file.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pipeline.feed import DNS

NAME = re.compile(rb"[A-Za-z_@][A-Za-z0-9_.@-]*").fullmatch
NUMBER = re.compile(r"-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][+-]?[0-9]+)?").fullmatch
INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,19})").fullmatch
PATH = re.compile(r"[\w.-]+").fullmatch
MOST_NAMES, LONGEST_NAME, LONGEST_HEADER = 500, 100, 10_000

Row = tuple[Any, str]
"""(record or text, topic)."""


@dataclass
class State:
    """What the header lines so far have said; all of it bytes, as it stands in the file."""

    separator: bytes = b"\t"
    set_separator: bytes = b","
    empty: bytes = b"(empty)"
    unset: bytes = b"-"
    path: str = ""
    names: list[bytes] = field(default_factory=list)
    types: list[bytes] = field(default_factory=list)


def read_file(data: bytes, longest: int, feed: str = "dns") -> Iterator[Row]:
    """A row for each line."""
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    state: State | None = None
    for number, line in enumerate(lines):
        if len(line) > longest:
            yield as_text(line[:1000]), "#too long"
            continue
        if line.startswith(b"{") and (state is None or b"\t" not in line):
            yield line, feed
            continue
        # Before cells are told apart: a separator of hex digits splits a broken byte's \\xNN.
        twice = line.lstrip().startswith(b"{")
        line = as_text(line.removesuffix(b"\r"), "\\\\x" if twice else "\\x").encode()
        names = names_of(line.split(b"\t"))
        if line.startswith(b"#"):
            state = after(state, line)
            yield as_text(line), "#header"
        elif number == 0 and len(names) > 1 and all(map(NAME, names)):
            state = State(names=names)
            yield as_text(line), "#header"
        elif not line:
            yield "", feed
        else:
            yield from read_cells(line, state, feed)


def names_of(cells: list[bytes]) -> list[bytes]:
    """Names of columns, none of them if they are too many or too long."""
    lengths = [len(as_text(cell)) for cell in cells]
    fits = len(cells) <= MOST_NAMES and sum(lengths) + len(cells) - 1 <= LONGEST_HEADER
    return cells if fits and max(lengths) <= LONGEST_NAME else []


def after(state: State | None, line: bytes) -> State:
    """The state after a line that begins with #."""
    if line.startswith(b"#separator "):
        return State(separator=unescaped(line[11:], every=True) or b"\t")
    state = State(**vars(state)) if state else State()
    word, *cells = line[1:].split(state.separator)
    rest = line[1 + len(word) + len(state.separator) :]
    if word == b"fields":
        state.names, state.types = names_of(cells or [b""]), []
    elif word == b"types":
        state.types = names_of(cells or [b""])
    elif word == b"path" and rest:
        state.path = readable(rest)
    elif rest and (name := {b"set_separator": "set_separator", b"empty_field": "empty"}.get(word)):
        setattr(state, name, unescaped(rest))
    elif rest and word == b"unset_field":
        state.unset = unescaped(rest)
    return state


def read_cells(line: bytes, state: State | None, feed: str) -> Iterator[Row]:
    """The row of a line under its header."""
    if state is None or not state.names:
        yield as_text(line), "#no header" if b"\t" in line else feed
        return
    cells = line.split(state.separator)
    if len(cells) != len(state.names):
        yield as_text(line), "#cells do not match the header"
    elif cells == state.names:
        yield as_text(line), "#header"
    else:
        topic = state.path if PATH(state.path) else feed
        try:
            yield record_of(cells, state), topic
        except ValueError:
            yield as_text(line), "#cells do not match the header"


def record_of(cells: list[bytes], state: State) -> dict[str, Any]:
    """The fields that are set; the first of two of the same name."""
    kinds = [kind.decode("utf-8", "replace") for kind in state.types]
    if len(kinds) != len(cells):
        kinds = [DNS.fields.get(as_text(name), "string") for name in state.names]
    record: dict[str, Any] = {}
    for name, kind, cell in zip(state.names, kinds, cells, strict=True):
        if cell != state.unset:
            record.setdefault(readable(name), value_of(cell, kind, state))
    return record


def value_of(cell: bytes, kind: str, state: State) -> Any:
    """A cell that is set."""
    container, _, inner = kind.partition("[")
    is_many = container in ("set", "vector", "table")
    if cell == state.empty:
        return [] if is_many else ""
    if not is_many:
        return scalar(cell, kind)
    if not state.set_separator:
        raise ValueError("no separator")
    parts = cell.split(state.set_separator)
    return [
        None if part == state.unset else "" if part == state.empty
        else scalar(part, inner.rstrip("]"))
        for part in parts
    ]  # fmt: skip


def scalar(cell: bytes, kind: str) -> Any:
    """A value of its type; text where it is of another."""
    text = as_text(cell)
    if kind == "bool" and text in ("T", "F"):
        return text == "T"
    if kind in ("count", "int", "port") and INTEGER(text):
        return int(text)
    if kind in ("time", "interval", "double"):
        if NUMBER(text):
            return float(text)
        if text in ("inf", "-inf", "nan", "-nan"):
            return None
    return readable(cell)


def unescaped(cell: bytes, every: bool = False) -> bytes:
    r"""Bytes for \xNN and \\; what is a control character stays escaped, unless `every`."""

    def one(found: re.Match[bytes]) -> bytes:
        if found[0] == b"\\\\":
            return b"\\"
        code = int(found[1], 16)
        return bytes([code]) if every or 0x20 <= code < 0x7F or code >= 0x80 else found[0]

    return re.sub(rb"\\x([0-9a-fA-F]{2})|\\\\", one, cell)


def readable(cell: bytes) -> str:
    r"""A text; bytes that are no UTF-8 as \xNN."""
    return as_text(unescaped(cell))


def as_text(raw: bytes, escape: str = "\\x") -> str:
    r"""The same, with escapes left as they are."""
    text = raw.decode("utf-8", "surrogateescape")
    return "".join(
        f"{escape}{ord(sign) - 0xDC00:02x}" if 0xDC80 <= ord(sign) <= 0xDCFF else sign
        for sign in text
    )
