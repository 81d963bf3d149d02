"""What an analyst does with a table, told to the server as a browser tells it."""

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl

import pandas as pd
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Dataframe

from pages.shared.tables import MENU, NAMES
from tests.conftest import ROOT


def tables(app: AppTest) -> dict[str, Dataframe]:
    """The tables of a page by their keys, in their order."""
    keys = {name: key for key, name in NAMES.items()}
    return {keys[each.proto.alt]: each for each in app.dataframe}


def rows(app: AppTest, key: str) -> pd.DataFrame:
    """A table's cells as they are shown."""
    return tables(app)[key].value


def click(app: AppTest, key: str, row: int, column: str) -> None:
    """A cell of a table is clicked."""
    select(app, key, [[row, column]])


def select(app: AppTest, key: str, cells: list[list[Any]], columns: Sequence[str] = ()) -> None:
    """The browser tells what is selected in a table now."""
    told = {"selection": {"rows": [], "columns": [*columns], "cells": cells}}
    states = _states(app)
    states.widgets.add(id=tables(app)[key].proto.id, string_value=json.dumps(told))
    _run(app, states)


def choose(app: AppTest, key: str, label: str) -> None:
    """An item of a row's menu is chosen, the first that says this."""
    table = tables(app)[key]
    row = next(at for at, labels in enumerate(table.value[MENU]) if label in labels)
    told = json.dumps({"row": row, "label": label})
    states = _states(app)
    widget = states.widgets.add(id=table.proto.button_click_widgets[MENU])
    widget.string_trigger_value.data = told
    _run(app, states)


def _states(app: AppTest) -> WidgetStates:
    states: WidgetStates = app._tree.get_widget_states()
    return states


def _run(app: AppTest, states: WidgetStates) -> None:
    """And where that opens another page, the browser follows the link."""
    app._run(states)
    assert not app.exception, app.exception
    links = [each.proto for each in app.page_link if each.value == "open"]
    if links:
        app.query_params.clear()
        app.query_params |= dict(parse_qsl(links[0].query_string))
        app.switch_page(str(ROOT / "pages" / f"{links[0].page}.py")).run()
    assert not app.exception, app.exception
