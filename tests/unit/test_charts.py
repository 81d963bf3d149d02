"""Charts by what they hand to the browser."""

import base64
import json
import re
from typing import Any
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
import vl_convert as vlc

from pipeline import charts
from pipeline.state import View
from pipeline.view import top_domains, types, volume
from pipeline.where import RESPONSES
from pipeline.window import window
from tests.unit.dns_rows import ByHand, Row

ALL = View(range="all", hidden=frozenset())
HOSTILE = "a'}[x]\u202e<img src=x>\\.com"
TABLE = ByHand(
    Row(0, count=5),
    Row(0, response="NXDOMAIN", qtype="TXT"),
    Row(15, domain=HOSTILE, name=HOSTILE),
)


def all_charts(theme: charts.Theme) -> list[dict[str, Any]]:
    span = window(TABLE, ALL)
    frame = volume(TABLE, ALL)
    return [
        charts.volume(frame, theme, domain=(span.start, span.end), brush=True).to_dict(),
        charts.top_bars(top_domains(TABLE, ALL).rows, theme=theme).to_dict(),
        charts.bars(types(TABLE, ALL).rows, theme=theme).to_dict(),
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_chart_is_transparent_frameless_and_of_fixed_height(theme: charts.Theme) -> None:
    for spec in all_charts(theme):
        assert spec["background"] == "transparent"
        assert spec["config"]["view"]["stroke"] is None
        assert isinstance(spec["height"], int)
        assert all(each is None for each in legends(spec))


def legends(spec: Any) -> list[Any]:
    """What the specification says of legends, wherever it does."""
    if isinstance(spec, list):
        return [each for part in spec for each in legends(part)]
    if not isinstance(spec, dict):
        return []
    found = [spec["color"].get("legend", "drawn")] if "field" in spec.get("color", "") else []
    return found + [each for part in spec.values() for each in legends(part)]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_one_colour_a_response(theme: charts.Theme) -> None:
    colour = all_charts(theme)[0]["encoding"]["color"]
    assert colour["scale"]["domain"] == list(RESPONSES)
    assert colour["scale"]["range"] == [charts.COLOURS[theme][name] for name in RESPONSES]
    assert colour["legend"] is None


def test_volume_is_drawn_from_its_own_edges() -> None:
    encoding = charts.volume(volume(TABLE, ALL)).to_dict()["encoding"]
    fields = {channel: encoding[channel]["field"] for channel in ("x", "x2", "y", "y2")}
    assert fields == {"x": "bucket", "x2": "end", "y": "y0", "y2": "y1"}
    assert "stack" not in encoding["y"]


@pytest.mark.parametrize(("tz", "kind"), [("utc", "utc"), ("local", "time")])
def test_time_is_utc_or_local_as_asked(tz: charts.Zone, kind: str) -> None:
    spec = charts.volume(volume(TABLE, ALL), tz=tz).to_dict()
    assert spec["encoding"]["x"]["scale"]["type"] == kind
    rows = next(iter(spec["datasets"].values()))
    assert rows[0]["bucket"] == "2026-01-31T12:00:00+00:00"


def test_a_bars_times_say_by_which_clock_they_are() -> None:
    spec = charts.volume(volume(TABLE, ALL), zone=ZoneInfo("Europe/Berlin")).to_dict()
    assert [tip["field"] for tip in spec["encoding"]["tooltip"][:2]] == ["start_text", "end_text"]
    row = next(iter(spec["datasets"].values()))[0]
    assert (row["start_text"], row["end_text"]) == (
        "2026-01-31 13:00:00 CET",
        "2026-01-31 13:00:10 CET",
    )


@pytest.mark.parametrize(
    ("highest", "labels"),
    [
        (1, ["0", "1"]),
        (3, ["0", "1", "2", "3"]),
        (900, ["0", "200", "400", "600", "800"]),
        (1_500, ["0", "500", "1k", "1.5k"]),
        (4_000, ["0", "1k", "2k", "3k", "4k"]),
    ],
)
def test_each_label_of_a_volume_axis_has_its_own_unit(highest: int, labels: list[str]) -> None:
    frame = volume(ByHand(Row(0, count=highest)), ALL)
    svg = vlc.vegalite_to_svg({**charts.volume(frame).to_dict(), "width": 300})
    texts = re.findall(r"<text[^>]*>([^<:]*)</text>", svg)
    assert [text for text in texts if text] == labels


def test_bars_still_filling_are_faint() -> None:
    opacity = charts.volume(volume(TABLE, ALL)).to_dict()["encoding"]["opacity"]
    assert opacity["condition"] == {"test": "datum.filling", "value": charts.FAINT}


def test_a_brush_is_along_time_only_and_only_when_asked() -> None:
    frame = volume(TABLE, ALL)
    spec = charts.volume(frame, brush=True).to_dict()
    assert spec["params"][0]["select"] == {"type": "interval", "encodings": ["x"]}
    assert "params" not in charts.volume(frame).to_dict()


def test_a_hostile_name_is_inert_on_axes_and_tooltips() -> None:
    spec = charts.top_bars(top_domains(TABLE, ALL).rows).to_dict()
    layer = spec["layer"][0]["encoding"]
    expression = layer["y"]["axis"]["labelExpr"]
    assert re.fullmatch(r"\{('\d+': '(\w|\\u[0-9a-f]{4})*'(, )?)+\}\[datum\.value\]", expression)
    shown_text = "a'}[x]\\u{202e}<img src=x>\\.com"
    escaped = expression.split("'1': '")[1].split("'")[0]
    assert json.loads(f'"{escaped}"') == shown_text
    assert layer["tooltip"][0]["field"] == "whole"
    rows = next(iter(spec["datasets"].values()))
    assert {row["whole"] for row in rows} == {"example.com", shown_text}


def test_picking_a_bar_returns_the_real_name() -> None:
    spec = charts.top_bars(top_domains(TABLE, ALL).rows).to_dict()
    assert spec["params"][0]["select"]["fields"] == ["domain"]
    assert HOSTILE in {row["domain"] for row in next(iter(spec["datasets"].values()))}


def test_two_names_that_look_alike_are_two_bars() -> None:
    frame = pd.DataFrame({"type": ["a" * 400, "a" * 401], "queries": [2, 1]})
    spec = charts.bars(frame, tick=None).to_dict()
    assert [row["row"] for row in next(iter(spec["datasets"].values()))] == ["0", "1"]


def test_a_tick_marks_the_other_value_where_there_is_one() -> None:
    frame = pd.DataFrame({"type": ["A", "TXT"], "queries": [2, 1], "before": [5.0, float("nan")]})
    spec = charts.bars(frame, tick="before").to_dict()
    tick = spec["layer"][-1]
    assert tick["mark"]["type"] == "tick"
    assert tick["encoding"]["x"]["field"] == "before"
    assert tick["transform"] == [{"filter": "isValid(datum['before'])"}]
    assert len(charts.bars(frame, tick=None).to_dict()["layer"]) == 2


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_bars_of_responses_have_the_hues_of_the_stack(theme: charts.Theme) -> None:
    names = ["NOERROR", "NXDOMAIN", "no response", "NOTAUTH"]
    frame = pd.DataFrame({"response": names, "queries": 1, "before": 1})
    spec = charts.bars(frame, "response", theme=theme).to_dict()
    rows = next(iter(spec["datasets"].values()))
    hues = charts.COLOURS[theme]
    assert [row["hue"] for row in rows] == [hues[n] for n in (*names[:3], "other")]
    assert spec["layer"][0]["encoding"]["color"] == {
        "field": "hue", "legend": None, "scale": None, "type": "nominal"
    }  # fmt: skip


def test_an_empty_frame_is_an_empty_chart() -> None:
    empty = ByHand()
    assert charts.volume(volume(empty, ALL)).to_dict()["encoding"]["y"]["scale"] == {
        "domain": [0, 1]
    }
    charts.top_bars(top_domains(empty, ALL).rows).to_dict()
    charts.bars(types(empty, ALL).rows).to_dict()


def drawn(uri: str) -> ElementTree.Element:
    return ElementTree.fromstring(base64.b64decode(uri.removeprefix("data:image/svg+xml;base64,")))


def test_a_sparkline_is_an_svg_of_its_series() -> None:
    svg = drawn(charts.sparkline([0, 10, 5], "#1D5FBF", width=72, height=24))
    line = svg.find("{http://www.w3.org/2000/svg}polyline")
    assert line is not None
    assert line.get("points") == "0.0,22.0 36.0,2.0 72.0,12.0"
    assert line.get("stroke") == "#1D5FBF"


@pytest.mark.parametrize("series", [[], [3.0], [2.0, 2.0]])
def test_a_flat_or_empty_series_is_drawn_too(series: list[float]) -> None:
    assert drawn(charts.sparkline(series, "#000000", fill=True)).tag.endswith("svg")
