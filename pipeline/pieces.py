"""Lines in pieces of some megabytes: what a worker holds beside them follows a piece, not all.

DuckDB takes 2,048 rows at a time, and of a line of a megabyte it needs several times as much.
"""

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

PIECE_BYTES = 4 * 1024 * 1024


def in_pieces(lines: pa.Table) -> pa.Table:
    """The same lines, `value` as text and none of it null, in chunks of about PIECE_BYTES.

    >>> lines = pa.table({"value": [b"a" * PIECE_BYTES, b"b", None], "topic": ["x"] * 3})
    >>> [len(chunk) for chunk in in_pieces(lines)["value"].chunks]
    [1, 2]
    """
    if lines["value"].nbytes <= PIECE_BYTES:
        return with_texts(lines)
    ends = np.cumsum(pc.fill_null(pc.binary_length(lines["value"]), 0).to_numpy(), dtype=np.int64)
    cuts = np.searchsorted(ends, np.arange(PIECE_BYTES, ends[-1], PIECE_BYTES)) + 1
    edges = np.unique([0, *cuts, len(ends)]).tolist()
    return pa.concat_tables(
        [with_texts(lines.slice(begin, end - begin)) for begin, end in pairwise(edges)]
    )


def with_texts(lines: pa.Table) -> pa.Table:
    """Strings instead of bytes; what is no UTF-8 is replaced."""
    values = lines["value"]
    try:
        texts = values.cast(pa.string()).fill_null("")
    except pa.ArrowInvalid:
        told = ((each or b"").decode(errors="replace") for each in values.to_pylist())
        texts = pa.chunked_array([pa.array(told, pa.string())])
    return lines.set_column(0, "value", texts)
