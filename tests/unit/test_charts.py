"""Charts by what they hand to the browser."""

import base64
import html
import re
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
import vl_convert as vlc

from pipeline import charts
from pipeline.axes import LABELS, Spec
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


def all_charts(theme: charts.Theme, table: ByHand = TABLE) -> list[Spec]:
    span = window(table, ALL)
    return [
        charts.volume(volume(table, ALL), theme, domain=(span.start, span.end), brush=True),
        charts.top_bars(top_domains(table, ALL).rows, theme=theme),
        charts.bars(types(table, ALL).rows, theme=theme),
    ]


def layers(spec: Spec) -> dict[str, Spec]:
    """By their marks; of those whose points nobody sees, by `reach`."""
    return {
        "reach" if each["mark"].get("opacity") == 0 else each["mark"]["type"]: each
        for each in spec["layer"]
    }


def rows(spec: Spec, name: str = "rows") -> list[dict[str, Any]]:
    return list(spec["datasets"][name].to_dict("records"))


def drawn_svg(spec: Spec) -> str:
    datasets = {name: rows(spec, name) for name in spec["datasets"]}
    return str(vlc.vegalite_to_svg({**spec, "width": 300, "datasets": datasets}))


def test_a_chart_that_is_there_only_takes_new_rows() -> None:
    """It would be drawn from nothing if its text changed."""
    later = ByHand(Row(0, count=90, qtype="MX"), Row(25, domain="other.net", qtype="TXT"))
    before, after = (
        [{**spec, "datasets": {*spec["datasets"]}, "height": 0} for spec in all_charts("light", of)]
        for of in (TABLE, later)
    )
    assert before == after


def test_an_axis_reaches_as_far_as_its_window_or_a_quarter_more_than_its_longest_bar() -> None:
    span = window(TABLE, ALL)
    over_time, *lengths = all_charts("light")
    assert over_time["datasets"]["edges"]["bucket"].tolist() == [
        int(edge.timestamp() * 1000) for edge in (span.start, span.end)
    ]
    assert layers(over_time)["reach"]["encoding"]["x"]["field"] == "bucket"
    for spec in lengths:
        reach = layers(spec)["reach"]
        longest = max(row.get("total", row["queries"]) for row in rows(spec))
        assert reach["encoding"]["x"]["field"] == "room"
        assert {row["room"] for row in rows(spec)} == {1.25 * longest}
        assert reach["mark"]["aria"] is False


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
    colour = layers(all_charts(theme)[0])["bar"]["encoding"]["color"]
    assert colour["scale"]["domain"] == list(RESPONSES)
    assert colour["scale"]["range"] == [charts.COLOURS[theme][name] for name in RESPONSES]
    assert colour["legend"] is None


def test_volume_is_drawn_from_its_own_edges() -> None:
    encoding = layers(charts.volume(volume(TABLE, ALL)))["bar"]["encoding"]
    fields = {channel: encoding[channel]["field"] for channel in ("x", "x2", "y", "y2")}
    assert fields == {"x": "bucket", "x2": "end", "y": "y0", "y2": "y1"}
    assert "stack" not in encoding["y"]


@pytest.mark.parametrize(("tz", "kind"), [("utc", "utc"), ("local", "time")])
def test_time_is_utc_or_local_as_asked(tz: charts.Zone, kind: str) -> None:
    spec = charts.volume(volume(TABLE, ALL), tz=tz)
    assert layers(spec)["bar"]["encoding"]["x"]["scale"]["type"] == kind
    noon = datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert rows(spec)[0]["bucket"] == noon.timestamp() * 1000


def test_a_bars_times_say_by_which_clock_they_are() -> None:
    spec = charts.volume(volume(TABLE, ALL), zone=ZoneInfo("Europe/Berlin"))
    tips = layers(spec)["bar"]["encoding"]["tooltip"]
    assert [tip["field"] for tip in tips[:2]] == ["start_text", "end_text"]
    row = rows(spec)[0]
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
    texts = re.findall(r"<text[^>]*>([^<:]*)</text>", drawn_svg(charts.volume(frame)))
    assert [text for text in texts if text] == labels


def test_bars_still_filling_are_faint() -> None:
    opacity = layers(charts.volume(volume(TABLE, ALL)))["bar"]["encoding"]["opacity"]
    assert opacity["condition"] == {"test": "datum.filling", "value": charts.FAINT}


def test_a_brush_is_along_time_only_and_only_when_asked() -> None:
    frame = volume(TABLE, ALL)
    spec = charts.volume(frame, brush=True)
    assert spec["params"][0]["select"] == {"type": "interval", "encodings": ["x"]}
    assert "params" not in charts.volume(frame)


def test_a_hostile_name_is_inert_on_axes_and_tooltips() -> None:
    spec = charts.top_bars(top_domains(TABLE, ALL).rows)
    encoding = layers(spec)["bar"]["encoding"]
    shown_text = "a'}[x]\\u{202e}<img src=x>\\.com"
    assert encoding["y"]["axis"]["labelExpr"] == LABELS
    assert [row["row"] for row in rows(spec, "totals")] == ["0000example.com", f"0001{shown_text}"]
    assert encoding["tooltip"][0]["field"] == "whole"
    assert {row["whole"] for row in rows(spec)} == {"example.com", shown_text}
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", drawn_svg(spec))
    assert {"example.com", html.escape(shown_text, quote=False)} <= set(texts)


def test_picking_a_bar_returns_the_real_name() -> None:
    spec = charts.top_bars(top_domains(TABLE, ALL).rows)
    assert spec["params"][0]["select"]["fields"] == ["domain"]
    assert HOSTILE in {row["domain"] for row in rows(spec)}


def test_two_names_that_look_alike_are_two_bars() -> None:
    frame = pd.DataFrame({"type": ["a" * 400, "a" * 401], "queries": [2, 1]})
    names = [row["row"] for row in rows(charts.bars(frame, tick=None))]
    assert [name[:6] for name in names] == ["0000aa", "0001aa"]


def test_rows_stand_in_their_order_however_many_they_are() -> None:
    frame = pd.DataFrame({"type": [f"T{at}" for at in range(120)], "queries": range(120, 0, -1)})
    svg = drawn_svg(charts.bars(frame, tick=None))
    assert re.findall(r"<text[^>]*>(T\d+)</text>", svg) == frame["type"].tolist()


def test_a_tick_marks_the_other_value_where_there_is_one() -> None:
    frame = pd.DataFrame({"type": ["A", "TXT"], "queries": [2, 1], "before": [5.0, float("nan")]})
    tick = layers(charts.bars(frame, tick="before"))["tick"]
    assert tick["encoding"]["x"]["field"] == "before"
    assert tick["transform"] == [{"filter": "isValid(datum['before'])"}]
    assert "tick" not in layers(charts.bars(frame, tick=None))
    assert "tick" not in layers(charts.bars(frame.assign(before=float("nan"))))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_bars_of_responses_have_the_hues_of_the_stack(theme: charts.Theme) -> None:
    names = ["NOERROR", "NXDOMAIN", "no response", "NOTAUTH"]
    frame = pd.DataFrame({"response": names, "queries": 1, "before": 1})
    spec = charts.bars(frame, "response", theme=theme)
    hues = charts.COLOURS[theme]
    assert [row["hue"] for row in rows(spec)] == [hues[n] for n in (*names[:3], "other")]
    assert spec["layer"][0]["encoding"]["color"] == {
        "field": "hue", "legend": None, "scale": None, "type": "nominal"
    }  # fmt: skip


def test_an_empty_frame_is_an_empty_chart() -> None:
    empty = ByHand()
    for spec in (
        charts.volume(volume(empty, ALL)),
        charts.top_bars(top_domains(empty, ALL).rows),
        charts.bars(types(empty, ALL).rows),
    ):
        assert rows(spec) == []
        assert drawn_svg(spec)


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
