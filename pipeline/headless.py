"""Zeek's TSV lines that come one by one, as over Kafka: their columns are told by their number."""

import re
from collections.abc import Callable
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.feed import DNS
from pipeline.tsv import Header, json_lines

NAMES = tuple(DNS.fields)
OPCODE = NAMES.index("opcode")
COLUMNS = {
    OPCODE - 1: tuple(name for name in NAMES[:OPCODE] if name != "rtt"),
    OPCODE: NAMES[:OPCODE],
    OPCODE + 2: NAMES[: OPCODE + 2],
}
"""Of dns.log as Bro 2.x, Zeek up to 8.0, and Zeek from 8.1 on write it."""
FIRST_CELL = r"^-?[0-9]+\.[0-9]+\t"
DNS_LINE = re.compile(r"-?\d+\.\d+\t(?:[^\t]*\t){5}(?:tcp|udp)\t").match


def with_json(lines: pa.Table) -> pa.Table:
    """`(value: text, topic: text)`, with lines of dns.log that stand for themselves as JSON.

    A line of a file, where the header is known or missed, has a topic `#reason` and stays.
    """
    if pc.all(pc.starts_with(lines["value"], "{")).as_py() in (True, None):
        return lines
    of_file = pc.starts_with(lines["topic"], "#")
    bare = pc.and_not(pc.match_substring_regex(lines["value"], FIRST_CELL), of_file).to_numpy()
    places = np.flatnonzero(bare)
    made = [as_json(line) for line in lines["value"].take(places).to_pylist()]
    known = places[[each is not None for each in made]]
    if not len(known):
        return lines
    mask = np.isin(np.arange(len(bare)), known)
    texts = pa.array([each for each in made if each is not None], pa.string())
    values = pc.replace_with_mask(lines["value"].combine_chunks(), mask, texts)
    return lines.set_column(0, "value", values)


def as_json(line: str) -> str | None:
    """The record of one line of dns.log; None if it is none.

    >>> line = "1.5\\tC1\\t10.0.0.1\\t53\\t10.0.0.2\\t53\\tudp" + "\\t-" * 17
    >>> as_json(line)[:50]
    '{"ts":1.5,"uid":"C1","id.orig_h":"10.0.0.1","id.or'
    >>> as_json(line + "\\t-") is None
    True
    """
    line = line.rstrip("\r\n")
    cells = line.count("\t") + 1
    return _reader(cells)(line) if cells in COLUMNS and DNS_LINE(line) else None


@cache
def _reader(cells: int) -> Callable[[str], str | None]:
    return json_lines(Header(fields=COLUMNS[cells]))
