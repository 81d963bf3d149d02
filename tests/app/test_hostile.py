"""Names that try to be more than text stay text, and each call that sees to it is needed."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from pages.shared import copy, tables, wallparts
from pages.shared.columns import theme
from pages.shared.look import Figure, empty, inert, strip, title
from pages.shared.nav import LOOK_UP
from pages.shared.onscreen import Order, on_screen
from pipeline import query, web
from pipeline.cache import RESULTS
from pipeline.export import VIEWS, export, to_csv, to_json
from pipeline.ledger import Rejects
from pipeline.lookup import Record
from pipeline.names import defang, unicode_form
from pipeline.settings import read_settings
from pipeline.state import View
from pipeline.status import Status
from pipeline.wallchart import Tick
from pipeline.window import window
from tests.app import surfaces
from tests.app.conftest import session
from tests.conftest import ROOT
from tests.hostile import EVIL, NAMES, ONE_OF_EACH, as_counted, punycode
from tests.made import SOURCE, Made, partial
from tests.mutations import Site, removed, sites, sites_of

PAGES = ("overview", "domains", "hosts", "host", "records", "lookup", "health")
NOW = datetime.now(UTC) - timedelta(minutes=10)
HOST = "10.0.0.1"
ALL_AT_ONCE = f"=<img src=x>.www.{EVIL}![x](y) \u202e\u3164:red[x] {'x' * 80}.www.{EVIL}"
"""Whatever a helper takes away, in one name."""


def records(name: str) -> list[dict[str, Any]]:
    """A record with the name wherever a text may stand, and one of a host with a label."""
    real = as_counted(name)
    everywhere = dict.fromkeys(("answers", "id_resp_h", "qtype_name", "rcode_name", "uid"), name)
    several = {"count": 50, "rtt_count": 50}
    everywhere |= several
    return [partial(NOW, name, real, real, **everywhere), partial(NOW, HOST, real, real, **several)]


def raw_record(name: str) -> Record:
    """One read again, with the name as a field, as the query, and as all that it leads on to."""
    return Record(0, json.dumps({name: name, "query": name}), name, name, name, name)


def made_of(names: list[str], folder: Path) -> Made:
    """The running pipeline, which has read these names."""
    (folder / "labels.csv").write_text(f"{HOST},{ALL_AT_ONCE}\n<b>{EVIL}\n", encoding="utf-8")
    pipeline = Made(settings=read_settings(host_labels=folder / "labels.csv"))
    pipeline.now = Status("stopped", f"{ALL_AT_ONCE} is away", NOW, SOURCE)
    rejects = (Rejects("not JSON", len(names), tuple(names[:5])),)
    # Two for what changed to compare with, and one, so that the bar of the names is not filling.
    others = [
        partial(NOW - timedelta(minutes=ago), HOST, "old.example", "old.example", count=500)
        for ago in (60, 180, -5)
    ]
    pipeline.add([*others, *(row for name in names for row in records(name))], rejects)
    pipeline.raw = [raw_record(name) for name in names]
    query.use(pipeline)
    return pipeline


@pytest.fixture(scope="module")
def every_name(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    """A table of all hostile names."""
    pipeline = made_of(NAMES, tmp_path_factory.mktemp("all"))
    yield pipeline
    pipeline.table.close()


def visit(app: AppTest, page: str, params: Mapping[str, str]) -> None:
    """Draw a page as if the browser had asked for it with these parameters."""
    app.session_state[LOOK_UP] = True
    app.query_params.clear()
    for key, value in params.items():
        app.query_params[key] = value
    app.switch_page(str(ROOT / "pages" / f"{page}.py")).run()


@pytest.fixture
def app() -> AppTest:
    """A browser's session, which has seen the overview."""
    return session().run()


@pytest.mark.parametrize("page", PAGES)
def test_every_hostile_name_stays_text_on_every_page(
    every_name: Made, app: AppTest, page: str
) -> None:
    query.use(every_name)
    host = HOST if page == "host" else ""
    for level, charts in (("name", "tables"), ("domain", "drawn")):
        visit(app, page, {"n": "all", "level": level, "charts": charts, "host": host})
        surfaces.hold(app)


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_a_hostile_name_stays_text_where_it_is_looked_at(
    every_name: Made, app: AppTest, name: str
) -> None:
    query.use(every_name)
    for page, params in looks(name)[:3]:
        visit(app, page, params)
        surfaces.hold(app)


def looks(name: str) -> list[tuple[str, dict[str, str]]]:
    """Pages, and parameters with which they name it in titles, chips, details and sentences."""
    real = as_counted(name)
    return [
        ("domains", {"focus": f"name:{real}", "level": "name", "name": f"-{name}x"}),
        ("domains", {"focus": f"domain:{real}x"}),
        ("overview", {"focus": f"domain:{real}", "host": name}),
        ("overview", {"focus": f"host:{name}", "level": "name"}),
        ("host", {"host": HOST, "focus": f"domain:{real}"}),
        ("host", {"host": name, "range": name}),
        ("host", {"host": HOST, "vs": f"host:{name}"}),
        ("host", {"host": name, "vs": f"host:{HOST}"}),
        ("hosts", {"focus": f"host:{HOST}"}),
        ("records", {}),
        ("lookup", {}),
        ("overview", {"wall": "", "domain": f"-{real}x"}),
        ("health", {}),
    ]


@pytest.mark.parametrize("names", ["real", "defanged"])
@pytest.mark.parametrize("what", VIEWS)
def test_every_export_holds_every_name_and_none_is_a_formula(
    every_name: Made, what: str, names: Any
) -> None:
    exported(every_name, what, names, {"names": len(NAMES), "hosts": len(NAMES) + 1}.get(what, 1))


def exported(pipeline: Made, what: str, names: Any, least: int = 1) -> None:
    """Both forms of an export, and at least so many rows in them."""
    view = View(n=None, level="name", hidden=frozenset())
    made = export(pipeline.table, view, what)
    defanged = names == "defanged"
    rows = surfaces.csv_holds(to_csv(made.rows, names).decode(), defanged)
    span = window(pipeline.table, view)
    same = surfaces.json_holds(to_json(made, span, names).decode(), defanged)
    assert len(same) == rows >= least


def a_columns_name_is_no_formula() -> None:
    """What is read again may have fields of any name."""
    assert to_csv(pd.DataFrame({"=cmd()": ["a"]})) == b"'=cmd()\r\na\r\n"


# Each of these fails where a helper is missing; they are quick, since each runs many times.


def widgets() -> None:
    """A page of nothing but our own HTML."""
    hostile = f'<img src=x>" onload=x .{EVIL}'
    title(hostile, hostile, [(hostile, "#000000")])
    empty(hostile, 100, hostile)
    figure = Figure(hostile, hostile, hostile, hint=hostile)
    strip([figure, replace(figure, leads_to="hosts")], hostile)


def our_html_is_escaped() -> None:
    app = AppTest.from_function(widgets_alone, default_timeout=60).run()
    surfaces.hold(app)
    assert app.get("html")


def the_wall_is_escaped() -> None:
    hostile = f"<img src=x>.{EVIL}"
    parts = [
        wallparts._number(Figure(hostile, hostile, hostile)),
        wallparts._tick(Tick(1, hostile), "left"),
        wallparts._list("x", hostile, hostile, [(hostile,)], ""),
        wallparts._empty(hostile),
    ]
    assert not any("<img" in part for part in parts)
    assert len(wallparts._who("domain", ALL_AT_ONCE, True)) <= wallparts.CHARACTERS


def a_walls_name_is_text() -> None:
    surfaces.hold(AppTest.from_function(wall_alone, default_timeout=60).run())


def wall_alone() -> None:
    from zoneinfo import ZoneInfo

    from pages.shared.clock import wall_clock
    from tests.app.test_hostile import ALL_AT_ONCE, query

    wall_clock(query.running().status(), ZoneInfo("UTC"), ALL_AT_ONCE, 5)


def widgets_alone() -> None:
    from tests.app.test_hostile import widgets

    widgets()


def names_are_defanged() -> None:
    hidden = punycode("pay\u202elap")
    surfaces.plain([defang(ALL_AT_ONCE), str(unicode_form(hidden))])
    for name in (*ONE_OF_EACH, ALL_AT_ONCE, f"fe80::1%www.{EVIL}"):
        surfaces.markdown([inert(name)])


def a_strange_host_is_named_as_text() -> None:
    answer = web.bad_host(ALL_AT_ONCE).body.decode()
    surfaces.plain([answer])
    assert len(answer) < 200


def what_is_copied_is_defanged() -> None:
    app = AppTest.from_function(copy_alone, default_timeout=60).run()
    surfaces.copied({"label": "Copy", **app.session_state[copy.ASKED]})


def copy_alone() -> None:
    from tests.app.test_hostile import ALL_AT_ONCE, copy

    copy.copy_defanged(ALL_AT_ONCE)


def a_menus_click_finds_its_row() -> None:
    AppTest.from_function(click_alone, default_timeout=60).run()
    assert CLICKED == [ALL_AT_ONCE]


CLICKED: list[str] = []


def click_alone() -> None:
    from tests.app.test_hostile import click

    click()


def click() -> None:
    """As the browser tells that the menu of a row was clicked."""
    CLICKED.clear()
    on_screen().orders["x"] = Order(values=[ALL_AT_ONCE])
    actions: dict[str, Callable[[str], None]] = {"Open": CLICKED.append}
    st.session_state["x-click"] = {"label": tables.said_of("Open", ALL_AT_ONCE)}
    tables._menu("x", actions, tables.said_of)[tables.MENU].on_click()


class Checks:
    """All checks, and those that come by a call."""

    def __init__(self, pipeline: Made, app: AppTest) -> None:
        seen = [lambda look=look: self._look(*look) for look in looks(ALL_AT_ONCE)]
        exports = [
            lambda what=what, names=names: exported(pipeline, what, names)
            for what in ("names", "hosts", "rejected")
            for names in ("real", "defanged")
        ] + [a_columns_name_is_no_formula]
        alone = [our_html_is_escaped, names_are_defanged, a_strange_host_is_named_as_text]
        self.app = app
        self.of: dict[Site, list[Callable[[], None]]] = {}
        alone += [
            the_wall_is_escaped,
            a_walls_name_is_text,
            what_is_copied_is_defanged,
            self._search,
        ]
        self.all: list[Callable[[], None]] = [*alone, a_menus_click_finds_its_row, *exports, *seen]

    def _look(self, page: str, params: Mapping[str, str]) -> None:
        visit(self.app, page, params)
        surfaces.hold(self.app)
        if params.get("focus", "").startswith("name:"):
            self._is_marked()

    def _search(self) -> None:
        """Completions are shown as text."""
        self.app.session_state["search"] = {"word": "evil"}
        visit(self.app, "overview", {})
        surfaces.hold(self.app)
        assert any("evil" in str(each.proto.json) for each in self.app.get("bidi_component"))

    def _is_marked(self) -> None:
        """The row that is looked at has the colour of it."""
        styles = self.app.dataframe[0].proto.arrow_data.styler.styles
        assert tables.SELECTED[theme()] in styles

    def learn(self) -> None:
        """Which calls each comes by; none complains without reason."""
        for check in self.all:
            RESULTS.clear()
            for site in sites_of(check):
                self.of.setdefault(site, []).append(check)

    def notice(self, site: Site) -> bool:
        """Whether any fails that comes by a call."""
        return any(map(fails, self.of.get(site, [])))


def fails(check: Callable[[], None]) -> bool:
    """Whether it complains."""
    RESULTS.clear()
    try:
        check()
    except AssertionError:
        return True
    return False


@pytest.fixture(scope="module")
def checks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checks]:
    """The checks over a table of the one name; none of them complains without reason."""
    pipeline = made_of([ALL_AT_ONCE], tmp_path_factory.mktemp("one"))
    checks = Checks(pipeline, session().run())
    checks.learn()
    yield checks
    pipeline.table.close()


@pytest.mark.parametrize("site", sites(), ids=str)
def test_a_helper_that_is_not_called_is_noticed(checks: Checks, site: Site) -> None:
    with removed(site):
        assert checks.notice(site), f"{site} can be left out, and no test sees it"
