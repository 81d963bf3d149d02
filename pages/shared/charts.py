"""Charts as they go to the browser, made once a table version whoever looks."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pyarrow as pa
import streamlit as st

from pipeline.axes import Spec
from pipeline.cache import Readable, cached
from pipeline.state import View


@cached
def specification(
    table: Readable, view: View, build: Callable[..., Spec], *args: Any, **options: Any
) -> Spec:
    """`build(table, view, …)`, as it goes to the browser."""
    return packed(build(table, view, *args, **options))


def packed(spec: Spec) -> Spec:
    """With the rows as Arrow, once for all who look."""
    return spec | {"datasets": {name: _arrow(rows) for name, rows in spec["datasets"].items()}}


def _arrow(rows: pd.DataFrame) -> bytes:
    table = pa.Table.from_pandas(rows, preserve_index=False)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


NAMES = {
    "volume": "Queries over time, stacked by response",
    "top": "Who or what is asked for most, by response",
    "types": "Queries by type",
    "responses": "Queries by response",
    "read-counted": "Records read and counted, by batch",
    "lag": "Records not yet read, by batch",
    "stages": "Seconds of each batch, by stage",
}
"""What a screen reader calls a chart."""


def chart(
    name: str,
    spec: Spec,
    on_select: Callable[[], None] | None = None,
    key: str | None = None,
) -> None:
    """Draw a specification over the panel's width; `key` where it is not the chart's name."""
    more: dict[str, Any] = {"on_select": on_select} if on_select else {}
    more["alt"] = NAMES.get(name)
    st.vega_lite_chart(spec=dict(spec), theme=None, width="stretch", key=key or name, **more)
