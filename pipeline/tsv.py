"""Zeek's tab separated lines to JSON texts, by the header in force above them."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from operator import getitem
from typing import Any

from pipeline.feed import DNS

NUMBER_FORM = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
INTEGER_FORM = r"-?(?:0|[1-9][0-9]{0,19})"
NUMBER, INTEGER = re.compile(NUMBER_FORM).fullmatch, re.compile(INTEGER_FORM).fullmatch
COLUMN = re.compile(r"[A-Za-z_@][\w.@-]*").fullmatch
# A run of bytes above ASCII is decoded as one, since it may be UTF-8.
ESCAPES = re.compile(r"(?:\\x[89a-fA-F][0-9a-fA-F])+|\\x[0-7][0-9a-fA-F]|\\\\")
BROKEN = re.compile(r"[\udc80-\udcff]")
NOT_FINITE = {"inf", "-inf", "nan", "-nan"}
CONTAINERS = ("set", "vector", "table")
BOOLS = {"T": "true", "F": "false"}

# A dozen dictionary look-ups a line are spared by taking such neighbours together.
STEADY = frozenset(DNS.marks[1:]) | {"proto", "qclass", "qclass_name", "TC", "RD", "RA", "Z"}
# The widest of Zeek's own logs has not a fifth of it; and names stand in every line's JSON.
MAX_COLUMNS = 500
MAX_NAMES_LENGTH = 10_000
MAX_NAME_LENGTH = 100
# Cells repeat: a column remembers this many, none longer than that.
REMEMBERED = 256
REMEMBERED_LENGTH = 200


@dataclass(frozen=True)
class Header:
    """What the `#` lines read so far say about the lines below them."""

    separator: str = "\t"
    set_separator: str = ","
    empty: str = "(empty)"
    unset: str = "-"
    path: str = ""
    fields: tuple[str, ...] = ()
    types: tuple[str, ...] = ()

    def split(self, cells: str) -> tuple[str, ...]:
        """The names in a header line; none if they are too many or too long to be columns."""
        if len(cells) > MAX_NAMES_LENGTH:
            return ()
        names = cells.split(self.separator)
        fit = len(names) <= MAX_COLUMNS and max(map(len, names)) <= MAX_NAME_LENGTH
        return tuple(names) if fit else ()

    def kinds(self) -> tuple[str, ...]:
        """The columns' types; where they are not told, those of dns.log's own fields."""
        if len(self.types) == len(self.fields):
            return self.types
        return tuple(DNS.fields.get(name, "string") for name in self.fields)

    def fits(self, line: str) -> bool:
        """Whether a line has as many cells as there are columns."""
        return line.count(self.separator) + 1 == len(self.fields)


DIRECTIVES = {
    "set_separator": "set_separator",
    "empty_field": "empty",
    "unset_field": "unset",
    "path": "path",
}


def read_directive(header: Header | None, line: str) -> Header:
    """The header after a `#` line: any part may come again, in any order, also in mid-file.

    >>> read_directive(None, "#path\\tdns").path
    'dns'
    """
    if line.startswith("#separator "):
        return Header(separator=unescape(line[11:], every=True) or "\t")
    header = header or Header()
    name, _, rest = line[1:].partition(header.separator)
    if name == "fields":
        # Types of other fields would be worse than none.
        return replace(header, fields=header.split(rest), types=())
    if name == "types":
        return replace(header, types=header.split(rest))
    if name in DIRECTIVES and rest:
        change: dict[str, Any] = {DIRECTIVES[name]: unescape(rest)}
        return replace(header, **change)
    return header


def read_column_line(line: str) -> Header | None:
    """The header that a first line without `#` makes (LogAscii's tsv=T), if it is column names.

    >>> read_column_line("ts\\tuid\\tquery").fields
    ('ts', 'uid', 'query')
    >>> read_column_line("1521911720.865716\\tCqKst5\\texample.com")
    """
    cells = Header().split(line)
    if len(cells) > 1 and all(COLUMN(cell) for cell in cells):
        return Header(fields=cells)
    return None


def read_header_line(header: Header | None, line: str, first: bool) -> Header | None:
    """The header after a line that says something about others; None if it is no such line."""
    if line.startswith("#"):
        return read_directive(header, line)
    return read_column_line(line) if first else None


def unescape(cell: str, every: bool = False) -> str:
    r"""A cell as Zeek's JSON would have it: bytes that are no text stay `\xNN` (unless `every`).

    >>> print(unescape(r"\x2d a\x2cb \\x \x00 \xe2\x80\x99 \xff"))
    - a,b \x \x00 ’ \xff
    """
    if "\\" not in cell:
        return cell

    def decoded(match: re.Match[str]) -> str:
        text = match[0]
        if text == "\\\\":
            return "\\"
        raw = bytes.fromhex(text.replace("\\x", ""))
        if raw[0] < 0x80:
            return chr(raw[0]) if every or 0x20 <= raw[0] < 0x7F else text
        return keep_broken(raw)

    return ESCAPES.sub(decoded, cell)


def keep_broken(raw: bytes, escape: str = "\\x") -> str:
    r"""Bytes as text, those that are not UTF-8 as `\xNN`.

    >>> print(keep_broken(b"\xe2\x80\x99 \xff"))
    ’ \xff
    """
    text = raw.decode("utf-8", "surrogateescape")
    return BROKEN.sub(lambda match: f"{escape}{ord(match[0]) - 0xDC00:02x}", text)


def json_string(cell: str) -> str:
    """A cell as a JSON string."""
    if cell.isprintable() and "\\" not in cell and '"' not in cell:
        return f'"{cell}"'
    return json.dumps(unescape(cell), ensure_ascii=False)


def json_number(cell: str) -> str:
    """A cell as a JSON number; null for inf and NaN, as in Zeek; text if it is no number."""
    if NUMBER(cell):
        return cell
    return "null" if cell in NOT_FINITE else json_string(cell)


def json_integer(cell: str) -> str:
    """A cell as a JSON integer, or as text."""
    return cell if INTEGER(cell) else json_string(cell)


def json_bool(cell: str) -> str:
    """T or F as true or false, or the text."""
    return BOOLS.get(cell) or json_string(cell)


SCALARS: dict[str, Callable[[str], str]] = {
    "time": json_number,
    "interval": json_number,
    "double": json_number,
    "count": json_integer,
    "int": json_integer,
    "port": json_integer,
    "bool": json_bool,
}


class Column(dict[str, str]):
    """Cells of one column to `,"key":value`, or to "" where unset; remembers what repeats."""

    def __init__(self, header: Header, name: str, kind: str) -> None:
        super().__init__()
        self.key = f",{json.dumps(unescape(name), ensure_ascii=False)}:"
        container, _, rest = kind.partition("[")
        if container in CONTAINERS:
            self.value = json_array(header, SCALARS.get(rest.rstrip("]"), json_string))
            empty = "[]"
        else:
            self.value = SCALARS.get(kind, json_string)
            empty = '""'
        self.fixed = {header.empty: self.key + empty, header.unset: ""}
        self.update(self.fixed)

    def text(self, cell: str) -> str:
        """What stands in the object for a cell."""
        return self.key + self.value(cell)

    def __missing__(self, cell: str) -> str:
        text = self.text(cell)
        if len(cell) <= REMEMBERED_LENGTH:
            if len(self) >= REMEMBERED:
                self.clear()
                self.update(self.fixed)
            self[cell] = text
        return text


class Columns(Column):
    """Adjacent columns taken as one, since few of their combinations occur."""

    def __init__(self, header: Header, columns: Sequence[Column]) -> None:
        super().__init__(header, "", "")
        self.separator, self.columns = header.separator, columns
        self.fixed = {}
        self.clear()

    def text(self, cell: str) -> str:
        """ValueError where the cells are more or fewer than the columns."""
        cells = cell.split(self.separator)
        return "".join([col[part] for col, part in zip(self.columns, cells, strict=True)])


def json_array(header: Header, scalar: Callable[[str], str]) -> Callable[[str], str]:
    """A function of a cell with the elements of a set or vector to a JSON array."""
    fixed = {header.unset: "null", header.empty: '""'}
    separator = header.set_separator

    def to_json(cell: str) -> str:
        return f"[{','.join([fixed.get(part) or scalar(part) for part in cell.split(separator)])}]"

    return to_json


def steady_run(fields: Sequence[str]) -> tuple[int, int]:
    """The longest run of columns with few values, as from and to; else the last column.

    >>> steady_run(["ts", "query", "qtype", "qtype_name", "answers"])
    (2, 4)
    """
    runs = [(0, 0)]
    for at, name in enumerate(fields):
        begin = runs[-1][0] if runs[-1][1] == at else at
        if name in STEADY:
            runs.append((begin, at + 1))
    longest = max(runs, key=lambda run: run[1] - run[0])
    return longest if longest != (0, 0) else (len(fields) - 1, len(fields))


def json_lines(header: Header) -> Callable[[str], str | None]:
    """A function of a line to its JSON object, None where the cells do not match the header."""
    each = [Column(header, *pair) for pair in zip(header.fields, header.kinds(), strict=True)]
    begin, end = steady_run(header.fields)
    columns = [*each[:begin], Columns(header, each[begin:end]), *each[end:]]
    separator, after, width = header.separator, len(each) - end, len(columns)

    def to_json(line: str) -> str | None:
        cells = line.split(separator, begin)
        cells += cells.pop().rsplit(separator, after)
        if len(cells) != width:
            return None
        try:
            return "{" + "".join(map(getitem, columns, cells))[1:] + "}"
        except ValueError:
            return None

    return to_json
