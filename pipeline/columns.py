"""Plain lines of a log by the block: what `pipeline.lines` makes of them one by one, but faster.

Plain is a JSON line that is text, and a TSV line of printable ASCII without escapes that has as
many cells as the header has columns. All others are left to whoever asks.
"""

import json
import re
from collections.abc import Callable, Collection

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.tsv import (
    BOOLS,
    CONTAINERS,
    INTEGER_FORM,
    NUMBER,
    NUMBER_FORM,
    SCALARS,
    Header,
    json_bool,
    json_integer,
    json_number,
    json_string,
)

PLAIN_TSV = r"^[\t !#-\[\]-~]+$"
NUMBERS: dict[Callable[[str], str], str] = {
    json_number: f"^{NUMBER_FORM}$",
    json_integer: f"^{INTEGER_FORM}$",
}


def split_lines(data: bytes) -> pa.Array | None:
    """The lines of a block as texts; None if it is no UTF-8."""
    lines = pc.split_pattern(pa.array([data], pa.binary()), b"\n").values
    try:
        texts = lines.cast(pa.string())
    except pa.ArrowInvalid:
        return None
    return texts[:-1] if not data or data.endswith(b"\n") else texts


def plain_json(lines: pa.Array, longest: int) -> pa.Array:
    """Which lines are JSON as they are."""
    return pc.and_(pc.starts_with(lines, "{"), pc.less_equal(pc.binary_length(lines), longest))


class PlainColumns:
    """Plain lines under a header to JSON objects of the fields that are wanted."""

    def __init__(self, header: Header, wanted: Collection[str]) -> None:
        self.header, self.width = header, len(header.fields)
        self.line = header.separator.join(header.fields)
        self.columns = [
            (place, name, kind)
            for place, (name, kind) in enumerate(zip(header.fields, header.kinds(), strict=True))
            if name in wanted
        ]
        words = [*header.fields, header.set_separator, header.empty, header.unset]
        self.fit = (
            len(set(header.fields)) == self.width > 1
            and bool(self.columns)
            and header.separator == "\t"
            and not (NUMBER(header.empty) or header.empty in BOOLS)
            and all(word and json_string(word) == f'"{word}"' for word in words)
        )

    def split(self, lines: pa.Array, longest: int) -> tuple[pa.Array, pa.Array]:
        """Which lines can be taken so, and the cells of those, one line after the other."""
        cells = pc.split_pattern(lines, self.header.separator)
        plain = pc.and_(
            pc.and_(
                pc.equal(pc.list_value_length(cells), self.width),
                pc.match_substring_regex(lines, PLAIN_TSV),
            ),
            pc.and_(
                pc.less_equal(pc.binary_length(lines), longest), pc.not_equal(lines, self.line)
            ),
        )
        return plain, cells.filter(plain).flatten()

    def objects(self, cells: pa.Array) -> pa.Array | None:
        """A JSON object of each line; None where a cell is not of its column's type."""
        parts: list[str | pa.Array] = []
        for place, name, kind in self.columns:
            column = cells.take(pa.array(np.arange(place, len(cells), self.width)))
            made = self._value(column, kind)
            is_unset = pc.equal(column, self.header.unset)
            some_unset = pc.any(is_unset).as_py()
            if made is None or (some_unset and not parts):
                return None
            before, texts, after = made
            before = f"{',' if parts else '{'}{json.dumps(name)}:{before}"
            if some_unset:
                whole = pc.binary_join_element_wise(before, texts, after, "")
                parts.append(pc.if_else(is_unset, "", whole))
            else:
                parts += [before, texts, after]
        return pc.binary_join_element_wise(*parts, "}", "")

    def _value(self, column: pa.Array, kind: str) -> tuple[str, pa.Array, str] | None:
        """What stands before, in and after each cell's JSON value; of an unset one anything."""
        container, _, of = kind.partition("[")
        is_container = container in CONTAINERS
        scalar = SCALARS.get(of.rstrip("]") if is_container else kind, json_string)
        if is_container:
            return self._array(column) if scalar is json_string else None
        if scalar is json_string:
            return '"', self._without(column, self.header.empty), '"'
        if scalar is json_bool:
            known = self._all_match(column, "^[TF]$")
            return ("", pc.if_else(pc.equal(column, "T"), "true", "false"), "") if known else None
        if scalar not in NUMBERS or not self._all_match(column, NUMBERS[scalar]):
            return None
        return "", column, ""

    def _array(self, column: pa.Array) -> tuple[str, pa.Array, str] | None:
        between = self.header.set_separator
        unset, empty = re.escape(self.header.unset), re.escape(self.header.empty)
        edge = re.escape(between)
        odd = rf"^{empty}$|^(?:{unset}|{empty}){edge}|{edge}(?:{unset}|{empty})(?:{edge}|$)"
        if pc.any(pc.match_substring_regex(column, odd)).as_py():
            return None
        return '["', pc.replace_substring(column, between, '","'), '"]'

    def _without(self, column: pa.Array, word: str) -> pa.Array:
        found = pc.equal(column, word)
        return pc.if_else(found, "", column) if pc.any(found).as_py() else column

    def _all_match(self, column: pa.Array, pattern: str) -> bool:
        matches = pc.match_substring_regex(column, pattern)
        if not pc.all(matches).as_py():
            matches = pc.or_(matches, pc.equal(column, self.header.unset))
        return bool(pc.all(matches).as_py())
