"""Charts as they go to the browser, made once a table version whoever looks."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pandas as pd
import pyarrow as pa
import streamlit as st

from pages.shared import url
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
    on_select: Callable[[str], None] | None = None,
    key: str = "chart",
    focus: object = None,
) -> None:
    """Draw a specification over the panel's width.

    `on_select` is told under which key of the session the selection is; another `key` is another
    chart, in which nothing is selected; `focus` is what is looked at.
    """
    more: dict[str, Any] = {"spec": dict(spec), "alt": NAMES.get(name), "width": "stretch"}
    if on_select is None:
        st.vega_lite_chart(key=name, theme=None, **more)
        return
    drawn = _let_go(f"{name}-{key}", focus)
    with st.container(key=name, gap=None):
        st.vega_lite_chart(key=drawn, theme=None, on_select=partial(on_select, drawn), **more)


def _let_go(key: str, focus: object) -> str:
    """The chart's key: another one once what was picked there is looked at no longer.

    The browser tells of no click on what is picked.
    """
    number, led = st.session_state.get(f"{key}-led", (0, None))
    selection = st.session_state.get(url.numbered(key, number), {"selection": {}})["selection"]
    picked = selection.get("picked")
    if picked and led and led[0] == picked and led[1] != focus:
        number, picked = number + 1, None
    if not led or led[0] != picked:
        led = (picked, focus)
    st.session_state[f"{key}-led"] = (number, led)
    return url.numbered(key, number)
