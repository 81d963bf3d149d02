"""Lines of a megabyte that ask for more than their bytes; run, it tells what each of them costs.

    python -m tests.hard_lines

prints a JSON object: a shape to the bytes of its batch, and to the bytes of memory at the peak and
the CPU seconds that counting it took.
"""

import json
import re
import sys
import time
from pathlib import Path

import pyarrow as pa

from pipeline.aggregate import COUNTED_FIELDS, count_lines
from pipeline.enrich import with_names
from pipeline.feed import DNS
from pipeline.parse import parsed

LINES, LENGTH = 48, 990_000
RECORDS = with_names(parsed(DNS, COUNTED_FIELDS))
SET = '"ts":1521911720.5,"id.orig_h":"10.0.0.1"'
BEGIN = "{" + SET + ',"query":"a.example"'
ORDINARY = BEGIN + ',"qtype_name":"A","rcode_name":"NOERROR","answers":["192.0.2.1"]}'


def filled(begin: str, unit: str, end: str = "") -> str:
    """A line of full length, most of it `unit` over and over."""
    return begin + unit * ((LENGTH - len(begin) - len(end)) // len(unit)) + end


def nested(begin: str, opening: str, closing: str) -> str:
    """A line of full length that is nested as deep as that allows."""
    depth = (LENGTH - len(begin)) // (len(opening) + len(closing)) - 1
    return begin + opening * depth + closing * depth + "}"


SHAPES: dict[str, str | bytes] = {
    "many answers": filled(BEGIN + ',"answers":["a"', ',"a"', "]}"),
    "one long answer": filled(BEGIN + ',"answers":["', "a", '"]}'),
    "many numbers": filled(BEGIN + ',"TTLs":[1', ",1", "]}"),
    "the same key": filled(BEGIN, ',"query":1', "}"),
    "many objects beside a tag": filled('{"dns":' + BEGIN + "}", ',"k":{}', "}"),
    "a name of lists": nested("{" + SET + ',"query":', "[", "]"),
    "answers of lists": nested(BEGIN + ',"answers":', "[", "]"),
    "tags without end": nested("", '{"a":', "}"),
    "lists left open": filled(BEGIN + ',"answers":', "["),
    "a number without end": filled('{"ts":', "1", ',"query":"a"}'),
    "escapes": filled("{" + SET + ',"query":"', "\\\\", '"}'),
    "a record within": filled('{"result":{"_raw":"{}"', ',"_raw":"{}"', "}}"),
    "blanks before": filled("", " ", ORDINARY),
    "no text": b"\xff" * LENGTH,
    "zeros": bytes(LENGTH),
}


def batch(line: str | bytes) -> pa.Table:
    """So many bytes of the line."""
    raw = line.encode() if isinstance(line, str) else line
    many = LINES * LENGTH // len(raw)
    return pa.table({"value": pa.array([raw] * many, pa.binary()), "topic": ["zeek"] * many})


def memory(name: str) -> int:
    """VmRSS or VmHWM, its peak, in bytes."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(re.findall(rf"{name}:\s+(\d+)", status)[0])


def cost(line: str | bytes) -> list[float]:
    """Bytes of the batch, bytes at the peak beside it, CPU seconds."""
    lines = batch(line)
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before, begun = memory("VmRSS"), time.process_time()
    counts = count_lines(lines, RECORDS)
    if sum(counts["count"].to_pylist()) != lines.num_rows:
        sys.exit(f"{line[:80]!r}: a line without a verdict")
    return [lines.nbytes, memory("VmHWM") - before, time.process_time() - begun]


if __name__ == "__main__":
    cost(ORDINARY)
    shapes: dict[str, str | bytes] = {"ordinary": ORDINARY, **SHAPES}
    sys.stdout.write(json.dumps({name: cost(line) for name, line in shapes.items()}))
