"""Charts as finished specifications, made once a table version whoever looks."""

import json
from collections.abc import Callable
from typing import Any

import altair as alt
import pyarrow as pa
import streamlit as st

from pipeline.cache import Readable, cached
from pipeline.state import View

FONT = '"Source Sans", sans-serif'
"""Of the rest of the page; Vega does not inherit it."""


@cached
def specification(
    table: Readable,
    view: View,
    build: Callable[..., alt.TopLevelMixin],
    *args: Any,
    **options: Any,
) -> dict[str, Any]:
    """`build(table, view, …)`, finished."""
    return finished(build(table, view, *args, **options))


def finished(made: Any) -> dict[str, Any]:
    """An Altair chart as a specification whose text stays the same when its data changes.

    Altair names data by its hash, and a new name would draw the chart from nothing: a flicker.
    """
    spec = made.to_dict(validate=False)
    datasets = spec.pop("datasets", {})
    text = json.dumps(spec)
    for place, name in enumerate(datasets):
        text = text.replace(f'"{name}"', f'"data{place}"')
    whole: dict[str, Any] = json.loads(text)
    whole.setdefault("config", {})["font"] = FONT
    whole["padding"] = {"left": 0, "top": 4, "right": 4, "bottom": 0}
    whole["datasets"] = {
        f"data{place}": _arrow(rows) for place, rows in enumerate(datasets.values())
    }
    return whole


def _arrow(rows: list[dict[str, Any]]) -> bytes:
    table = pa.Table.from_pylist(rows)
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
    spec: dict[str, Any],
    on_select: Callable[[], None] | None = None,
    key: str | None = None,
) -> None:
    """Draw a specification over the panel's width; `key` where it is not the chart's name."""
    more: dict[str, Any] = {"on_select": on_select} if on_select else {}
    more["alt"] = NAMES.get(name)
    st.vega_lite_chart(spec=dict(spec), theme=None, width="stretch", key=key or name, **more)
