"""What no parser can use, or no DNS feed wants: a little of it is on every wire."""

from collections.abc import Sequence

import numpy as np

from pipeline.demo.outlets import Line
from pipeline.demo.world import Record

AHEAD = 7 * 86_400
"""Seconds by which a clock is wrong: records of a day ago, sent first, must not pass for new."""


def with_junk(
    records: Sequence[Record], share: float, tsv: bool, rng: np.random.Generator
) -> list[Line]:
    """The records, a share of them replaced by lines of junk."""
    lines: list[Line] = list(records)
    for index in np.flatnonzero(rng.random(len(lines)) < share).tolist():
        made = _tsv(records[index], rng) if tsv else _json(records[index], rng)
        lines[index] = made
    return lines


def _json(r: Record, rng: np.random.Generator) -> Line:
    ends = f'"uid":"{r.uid}","id.orig_h":"{r.host}","id.resp_h":"{r.resolver}"'
    kinds: tuple[Line, ...] = (
        "Dec 12 10:14:01 sensor-2 zeek[812]: listening on eth1",
        f'{{"ts":{r.ts},{ends},"proto":"udp","query":"cut-sho',
        f'{{{ends},"query":"no-time.example"}}',
        f'{{"ts":{r.ts},{ends},"proto":"tcp","service":"ssl","duration":1.5,"conn_state":"SF"}}',
        r._replace(ts=r.ts + AHEAD),
    )
    return kinds[int(rng.integers(len(kinds)))]


def _tsv(r: Record, rng: np.random.Generator) -> Line:
    kinds: tuple[Line, ...] = (f"{r.ts:.6f}\t{r.uid}\t{r.host}", r._replace(ts=r.ts + AHEAD))
    return kinds[int(rng.integers(len(kinds)))]
