"""Rows and batches made by hand, for tests of the table and of what reads it."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from pipeline.feed import PARTIALS
from pipeline.table import Batch

T0 = datetime(2026, 1, 1, tzinfo=UTC)


def row(seconds: float = 0, count: int = 1, **columns: Any) -> dict[str, Any]:
    """A row in the bucket of T0 + seconds."""
    time = T0 + timedelta(seconds=seconds)
    return {
        "bucket": T0 + timedelta(seconds=seconds // 10 * 10),
        "id_orig_h": "10.0.0.1",
        "id_resp_h": "10.0.0.53",
        "query": "www.example.com",
        "registered_domain": "example.com",
        "qtype_name": "A",
        "rcode_name": "NOERROR",
        "count": count,
        "rtt_sum": 0.25 * count,
        "rtt_count": count,
        "first_ts": time,
        "last_ts": time,
        "uid": "CAbc1",
        "answers": "192.0.2.1",
        **columns,
    }


def batch(number: int, rows: Iterable[dict[str, Any]], query_id: str = "q", **more: Any) -> Batch:
    """A batch that read as many records as its rows count, unless told otherwise."""
    table = pa.Table.from_pylist(list(rows), schema=PARTIALS)
    counted = sum(table["count"].to_pylist())
    values = {"offsets": {"dns": {"0": number}}, "read": counted, **more}
    return Batch(query_id, number, rows=table, **values)
