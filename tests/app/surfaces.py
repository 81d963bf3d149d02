"""Where names show: everything that a page hands to the browser, held against what names may do."""

import csv
import io
import json
import re
import string
from collections.abc import Iterable, Iterator, Mapping
from html import unescape
from typing import Any

import pyarrow as pa
from streamlit.testing.v1 import AppTest

from pages.shared.lookups import PLACE
from pages.shared.search import is_address
from pages.shared.tables import MENU
from pipeline.axes import COUNTS, LABELS, PARTS
from pipeline.names import FORMULA, is_hidden

OWN_LINK = re.compile(r'<a class="file" href="/download/[\w-]{22}" download>[A-Za-z_ ]+</a>')
OWN_TAGS = set("div b span i label strong small code table tr th td button".split())
OF_MARKDOWN = set("<>[]()$`*_!#~|:")
PROSE = ("markdown", "caption", "title", "header", "subheader", "warning", "error", "info")
NAMED_IN = re.compile(r'title[^"]*"><b>(.*?)</b>|<div>no queries of (.*?)</div>|against (.*?) ·')
"""Titles and sentences with a name in them, which may not be long."""
NAMED = ("domain", "name", "host", "resolver", "answers", "type", "response", "sample")
"""Columns that are defanged when asked to be."""
BEFORE_A_FORMULA = string.whitespace + '"'
SIGNS = tuple("=+-@＝＋－＠")
"""With one of these a formula begins in a spreadsheet, after blanks and quotes."""
NUMBER = re.compile(r"-?\d+(\.\d+)?")
OWN_COLUMNS = [MENU, PLACE]
"""What a table adds; a menu is held against what Markdown makes of it."""
EXPRESSIONS = (COUNTS, PARTS, LABELS)
"""What a chart has computed in the browser: none holds a text of the network's."""
NOT_SHOWN = ("text", "word", "found")
"""What a component is told and does not show: what is copied, and what goes back to the server."""


def hold(app: AppTest) -> None:
    """Whatever stands on the page is visible text that does nothing."""
    assert not app.exception, app.exception
    for check in (_own_html, _tables, _labels, _helps, _inputs, _codes, _charts, _components):
        check(app)
    for kind in PROSE:
        assert not any("evil" in str(each.value) for each in app.get(kind))


def plain(texts: Iterable[str]) -> None:
    """No character that hides, or moves others."""
    for text in texts:
        assert not any(map(is_hidden, text)), ascii(text)


def _own_html(app: AppTest) -> None:
    for each in app.get("html"):
        body = OWN_LINK.sub("", each.proto.body)
        plain([body.replace("\n", "")])
        opened = {tag.lower() for tag in re.findall(r"<(\w+)", re.sub(r"<style>.*", "", body))}
        assert opened <= OWN_TAGS, opened
        named = [text for found in NAMED_IN.findall(body) for text in found]
        assert all(len(unescape(text)) <= 85 for text in named), body
        assert not re.search(r'"[^">]*"[^">=/]*on\w+=', body), body


def _tables(app: AppTest) -> None:
    for each in app.dataframe:
        shown = each.value.drop(columns=OWN_COLUMNS, errors="ignore")
        plain(cell for cell in shown.to_numpy().ravel() if isinstance(cell, str))
        plain(str(name) for name in [*shown.index, *shown.columns])
        assert all(len(str(name)) <= 60 for name in shown.columns)
        for menu in each.value.get(MENU, []):
            markdown(menu)


def _labels(app: AppTest) -> None:
    markdown(each.label for each in app.button)
    for each in app.button:
        assert len(each.label.replace("\\", "")) <= 60, each.label


def _helps(app: AppTest) -> None:
    """What stands over a widget while the mouse is on it: Markdown too."""
    for each in app.main:
        proto = getattr(each, "proto", None)
        markdown(getattr(part, "help", "") for part in (proto, getattr(proto, "popover", None)))


def _inputs(app: AppTest) -> None:
    for each in app.text_input:
        plain([each.label, each.value or "", each.placeholder])


def markdown(labels: Iterable[str]) -> None:
    """Streamlit reads these as Markdown, and makes links of bare names after unescaping."""
    for label in labels:
        plain([label])
        assert len(label) < 1_000
        bare = re.sub(r"^[\w ]+: ", "", re.sub(r"\\.", "", label))
        assert not OF_MARKDOWN & set(bare), label
        assert not re.search(r"www\.|\w://|@\w+\.", label.replace("\\", "")), label


def _codes(app: AppTest) -> None:
    plain(each.value for each in app.code)


def _components(app: AppTest) -> None:
    for each in app.get("bidi_component"):
        told = json.loads(each.proto.json or "{}")
        for part in _objects(told):
            plain(str(text) for key, text in part.items() if key not in NOT_SHOWN)
        if "label" in told or "nonce" in told:
            copied(told)


def copied(told: Mapping[str, str]) -> None:
    """What is copied for a report, and what is said of a value: no link, and not too long."""
    assert len(told["name"]) <= 60
    texts = [told["name"], *([] if "real" in told.get("label", "real") else [told["text"]])]
    plain(texts)
    assert not any("." in text.replace("[.]", "") for text in texts if not is_address(text)), texts


def _charts(app: AppTest) -> None:
    for each in app.get("vega_lite_chart"):
        spec = json.loads(each.proto.spec)
        drawn = {found["field"] for found in _objects(spec) if "field" in found}
        plain(_strings(spec))
        for data in each.proto.datasets:
            rows = pa.ipc.open_stream(data.data.data).read_all()
            for name in drawn & set(rows.column_names):
                cells = [cell for cell in rows[name].to_pylist() if isinstance(cell, str)]
                plain(cells)
                assert name != "row" or all(len(cell) <= 36 for cell in cells), cells
        assert {found.get("labelExpr", COUNTS) for found in _objects(spec)} <= {*EXPRESSIONS}
        assert "evil" not in each.proto.spec


def _objects(spec: Any) -> Iterator[dict[str, Any]]:
    if isinstance(spec, dict):
        yield spec
    for each in spec.values() if isinstance(spec, dict) else spec if isinstance(spec, list) else ():
        yield from _objects(each)


def _strings(spec: Any) -> Iterator[str]:
    for found in _objects(spec):
        yield from (each for each in found.values() if isinstance(each, str))


def csv_holds(text: str, defanged: bool) -> int:
    """The number of rows of a CSV, none of whose cells is a formula or hides a character."""
    header, *rows = csv.reader(io.StringIO(text))
    if rows and re.fullmatch(r"The first [\d,]+ of [\d,]+ rows\.", rows[-1][0]):
        rows.pop()
    for row in rows:
        plain(row)
        for name, cell in zip(header, row, strict=True):
            if NUMBER.fullmatch(cell):
                continue
            assert not FORMULA.search(cell), cell
            parts = (part.lstrip(BEFORE_A_FORMULA) for part in re.split("[;|\t]", cell))
            assert not any(part.startswith(SIGNS) for part in parts), cell
            assert not (defanged and name in NAMED and "." in cell.replace("[.]", "")), cell
    return len(rows)


def json_holds(text: str, defanged: bool) -> list[dict[str, Any]]:
    """The rows of a JSON answer, none of whose texts hides a character."""
    rows: list[dict[str, Any]] = json.loads(text)["rows"]
    for row in rows:
        texts = {name: cell for name, cell in row.items() if isinstance(cell, str)}
        plain(texts.values())
        bare = [texts[name] for name in NAMED if name in texts]
        assert not (defanged and any("." in each.replace("[.]", "") for each in bare)), bare
    return rows
