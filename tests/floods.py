"""Floods of keys: rows of which every one is new in one way, or in all ways at once."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.feed import BUCKET_SECONDS, PARTIALS

FLOODER = "10.66.6.6"
Columns = dict[str, Callable[[int], Any]]
"""A column to the text that its n-th row has."""

FLOODS: dict[str, Columns] = {
    "names": {"query": "x{}.flood.example".format},
    "domains": {"query": "x{}.example".format, "registered_domain": "x{}.example".format},
    "hosts": {"id_orig_h": "2001:db8::{:x}".format},
    "types": {"qtype_name": "TYPE{}".format},
    "resolvers": {"id_resp_h": "2001:db8:1::{:x}".format},
    "responses": {"rcode_name": "RCODE{}".format},
    "times": {},
}
FLOODS["all together"] = {name: made for flood in FLOODS.values() for name, made in flood.items()}
SPREAD = ("times", "all together")
"""Floods whose times lie anywhere in retention, and beyond it on both sides."""


def flood(kind: str, first: int, many: int, now: datetime, retention: timedelta) -> pa.Table:
    """PARTIALS of `many` records, a row each, numbered from `first` on."""
    numbers = range(first, first + many)
    chance = random.Random(first)
    reach = retention.total_seconds()
    age = [chance.uniform(-0.2, 1.5) * reach if kind in SPREAD else 0.0 for _ in numbers]
    seconds = now.timestamp() - np.array(age)
    bucket = (seconds // BUCKET_SECONDS * BUCKET_SECONDS * 1e6).astype("int64")
    same = {
        "id_orig_h": FLOODER, "id_resp_h": "10.0.0.53", "query": "www.flood.example",
        "registered_domain": "flood.example", "qtype_name": "A", "rcode_name": "NOERROR",
        "count": 1, "rtt_sum": 0.25, "rtt_count": 1, "uid": "CAbc1", "answers": "192.0.2.1",
    }  # fmt: skip
    columns: dict[str, Any] = {name: [value] * many for name, value in same.items()}
    columns |= {name: [made(n) for n in numbers] for name, made in FLOODS[kind].items()}
    micros = (seconds * 1e6).astype("int64")
    columns |= {"bucket": bucket, "first_ts": micros, "last_ts": micros}
    return pa.table({name: columns[name] for name in PARTIALS.names}).cast(PARTIALS)
