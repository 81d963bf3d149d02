"""What is left out stays left out, wherever one goes from here."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pytest
from streamlit.testing.v1 import AppTest

from pages.shared.url import JUMP
from pipeline.settings import read_settings
from tests.app.conftest import drawn
from tests.made import Made, partial

NOW = datetime.now(UTC) - timedelta(seconds=30)
LEFT_OUT = {"domain": "-b.example", "type": "-TXT", "resolver": "-10.9.9.9"}
ACTIONS = ["Open", "Only", "Records of", "Raw records of"]


@pytest.fixture(autouse=True)
def network(made: Made) -> None:
    """A host that asks for two domains, one of which is left out."""
    made.add(
        [
            partial(NOW, "10.0.0.1", "www.a.example", "a.example", count=5),
            partial(NOW, "10.0.0.1", "www.b.example", "b.example", count=3),
        ]
    )


def kept(params: dict[str, list[str]]) -> bool:
    """Whether parameters still leave out all of it."""
    return all(value in params.get(key, []) for key, value in LEFT_OUT.items())


def links(app: AppTest) -> dict[str, dict[str, list[str]]]:
    """The links to pages, by their words, and the parameters that each leads to."""
    found = [each.proto for each in app.get("page_link")]
    return {each.label: parse_qs(each.query_string, keep_blank_values=True) for each in found}


@pytest.mark.parametrize("page", ["overview", "domains", "hosts", "host", "records", "health"])
def test_every_link_keeps_what_is_left_out(page: str) -> None:
    app = drawn(page, host="10.0.0.1", range="15m", focus="domain:a.example", **LEFT_OUT)
    found = links(app)
    if page != "host":
        assert page.capitalize() not in found
        app.button(key="own-page").click().run()
        found[page.capitalize()] = {key: _list(app.query_params[key]) for key in app.query_params}
    assert {"Overview", "Domains", "Hosts", "Records", "Health"} <= found.keys()
    for label, params in found.items():
        assert kept(params), label
        assert params["range"] == ["15m"], label
        assert label in ("Only this", "Not this") or "focus" not in params
    assert page != "host" or {"← Hosts", "Only this", "Not this"} <= found.keys()


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("focus", ["host:10.0.0.1", "domain:a.example", "name:www.a.example"])
def test_every_action_keeps_what_is_left_out(action: str, focus: str) -> None:

    def act(action: str, focus: str) -> None:
        import streamlit as st

        from pages.shared import nav, url
        from pipeline.focus import of_text

        st.session_state["page"] = "Overview"
        url.adopt("Overview")
        nav.actions_of(of_text)[action](focus)

    app = AppTest.from_function(act, default_timeout=60, args=(action, focus))
    for key, value in {"focus": focus, **LEFT_OUT}.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception
    if JUMP in app.session_state:
        _, params = app.session_state[JUMP]
    else:
        params = {key: _list(app.query_params[key]) for key in app.query_params}
    assert kept(params)


def _list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


PIVOTS = {"whois": "https://whois.example/?q={value}"}


@pytest.mark.parametrize("named", [PIVOTS, {}], ids=["named", "off"])
def test_links_to_elsewhere_are_those_of_the_settings_and_none_where_they_are_off(
    made: Made, named: dict[str, str]
) -> None:
    made.settings = read_settings(pivots=named)
    app = drawn("domains", focus="domain:a.example")
    links = [each.proto.url for each in app.get("link_button")]
    assert links == ["https://whois.example/?q=a.example"] * len(named)
    html = [each.proto.body for each in app.get("html")]
    assert not any("https:" in each for each in html)
