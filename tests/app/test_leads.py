"""From each to each in one click, and from every row to its records: nothing is a dead end."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from streamlit.testing.v1 import AppTest

from pages.shared.look import inert
from pages.shared.tables import MENU, SELECTED
from pipeline import query
from pipeline.lookup import Record
from tests.app.conftest import drawn, running
from tests.app.hands import choose, click, rows, tables
from tests.app.test_captions import captions
from tests.made import Made, partial

NOW = datetime.now(UTC) - timedelta(minutes=2)
ASKED = [
    ("10.0.0.1", "a.example", "www.a.example", "10.1.0.1"),
    ("10.0.0.2", "a.example", "www.a.example", "10.1.0.1"),
    ("10.0.0.2", "a.example", "mail.a.example", "10.1.0.2"),
    ("10.0.0.3", "b.example", "www.b.example", "10.1.0.2"),
    ("10.0.0.3", "b.example", "www.b.example", "10.1.0.1"),
]
"""Host, domain, name and resolver of each record."""
FIELDS = ("host", "domain", "name", "resolver")
PAIRS = list(permutations(FIELDS, 2))
ONE = dict(zip(FIELDS, ASKED[1], strict=True))
BESIDE = {"host": "askers", "domain": "peers", "name": "names", "resolver": "resolvers"}
"""By what they lead to, the tables beside a master table."""
OWN = BESIDE | {"domain": "own"}
"""And those of a host's own page."""


def asked_with(**values: str) -> dict[str, set[str]]:
    """Each field's values among the records that have these."""
    wanted = set(values.values())
    found = [each for each in ASKED if wanted <= set(each)]
    return {field: {each[at] for each in found} for at, field in enumerate(FIELDS)}


@pytest.fixture(scope="module")
def network_once() -> Iterator[Made]:
    """What was asked, and of later, so that no bar of it is still filling."""
    later = partial(NOW + timedelta(minutes=1), "10.9.0.9", "z.example", "z.example")
    asked = [
        partial(NOW, host, name, domain, id_resp_h=resolver)
        for host, domain, name, resolver in ASKED
    ]
    with running(Made()) as pipeline:
        pipeline.add([*asked, later | {"id_resp_h": "10.9.9.9"}])
        yield pipeline


@pytest.fixture
def network(network_once: Made) -> Made:
    """It is the running one, and has no raw records yet."""
    query.use(network_once)
    network_once.raw = []
    return network_once


def shown(app: AppTest, key: str, column: str) -> set[str]:
    """The values in a table's column."""
    return set(rows(app, key)[column])


def click_on(app: AppTest, key: str, field: str) -> None:
    """Click the cell with the one value of the field."""
    cells = list(rows(app, key)[field])
    click(app, key, cells.index(ONE[field]), field)


@pytest.mark.parametrize("page", ["domains", "hosts"])
@pytest.mark.parametrize(("seen", "wanted"), PAIRS)
def test_beside_a_master_table_each_leads_to_each_in_one_click(
    network: Made, page: str, seen: str, wanted: str
) -> None:
    app = drawn(page, focus=f"{seen}:{ONE[seen]}", every="60")
    by_name = wanted == "domain" and seen != "host"
    click_on(app, "names" if by_name else BESIDE[wanted], wanted)
    assert app.query_params == {"focus": f"{wanted}:{ONE[wanted]}", "every": "60"}
    assert captions(app)[ONE[wanted]].startswith(wanted)
    due = asked_with(**{wanted: ONE[wanted]})
    peers = "domain" if wanted == "host" else "host"
    assert shown(app, BESIDE[peers], peers) == due[peers]
    assert shown(app, "names", "name") == due["name"]
    assert shown(app, "resolvers", "resolver") == due["resolver"]
    if wanted in ("name", "resolver"):
        assert shown(app, "names", "domain") == due["domain"]


@pytest.mark.parametrize(("seen", "wanted"), PAIRS)
def test_on_a_hosts_page_each_leads_to_each_in_one_click(
    network: Made, seen: str, wanted: str
) -> None:
    host = "10.0.0.1" if wanted == "host" else ONE["host"]
    focus = {} if seen == "host" else {"focus": f"{seen}:{ONE[seen]}"}
    app = drawn("host", host=host, every="60", **focus)
    click_on(app, OWN[wanted], wanted)
    looked_at = (seen, ONE[seen]) if wanted == "host" else (wanted, ONE[wanted])
    assert app.query_params["host"] == ONE["host"]
    assert app.query_params["focus"] == ":".join(looked_at)
    field, value = looked_at
    assert shown(app, "askers", "host") == asked_with(**{field: value})["host"]
    due = asked_with(host=ONE["host"], **{field: value})
    for other in {"domain", "name", "resolver"} - {field}:
        assert shown(app, OWN[other], other) == due[other], other
    whole = asked_with(host=ONE["host"])
    assert shown(app, OWN[field], field) == whole[field], "the table it was clicked in stays"


def test_a_hosts_page_shows_who_asks_for_its_first_domain_and_a_click_opens_that_host(
    network: Made,
) -> None:
    app = drawn("host", host="10.0.0.1", every="60")
    assert "Hosts that ask for a.example" in captions(app)
    click(app, "askers", list(rows(app, "askers")["host"]).index("10.0.0.2"), "host")
    assert app.query_params["host"] == "10.0.0.2"
    assert app.query_params["focus"] == "domain:a.example"


def test_on_a_hosts_page_only_another_host_takes_its_place_and_not_another_leaves_it(
    network: Made,
) -> None:
    app = drawn("host", host="10.0.0.1", every="60")
    choose(app, "askers", r"Not 10\.0\.0\.2")
    assert shown(app, "askers", "host") == {"10.0.0.1"}
    app = drawn("host", host="10.0.0.1", every="60")
    choose(app, "askers", r"Only 10\.0\.0\.2")
    assert app.query_params == {"host": "10.0.0.2", "every": "60"}


def test_a_hosts_rows_lead_to_its_own_records_whatever_else_the_url_names(network: Made) -> None:
    app = drawn("host", host=["10.0.0.2", "10.0.0.*"], every="60")
    assert shown(app, "own", "domain") == {"a.example"}
    choose(app, "own", f"Records of {inert('a.example')}")
    assert shown(app, "records", "host") == {"10.0.0.2"}


def test_the_hosts_that_ask_are_not_ranked_by_what_their_table_has_not(network: Made) -> None:
    ranked = {
        sort: list(rows(drawn("host", host="10.0.0.2", every="60", sort=sort), "askers")["host"])
        for sort in ("", "-names", "-queries")
    }
    assert ranked["-names"] == ranked[""]
    assert ranked["-queries"] == ["10.0.0.1", "10.0.0.2"]


def test_what_nobody_asks_for_is_said_and_the_host_itself_is_marked(network: Made) -> None:
    app = drawn("host", host="10.0.0.1", focus="domain:gone.example", every="60")
    assert "askers" not in tables(app)
    said = "".join(each.proto.body for each in app.get("html"))
    assert said.count("no queries of gone.example in this time") == 3
    assert "nothing matches" not in said
    app = drawn("host", host="10.0.0.1", focus="domain:a.example", every="60")
    assert SELECTED["light"] in tables(app)["askers"].proto.arrow_data.styler.styles


def test_the_hosts_that_ask_are_ranked_anew_for_each_that_comes_into_focus(made: Made) -> None:
    counts = {
        ("10.0.0.1", "a"): 9,
        ("10.0.0.2", "a"): 2,
        ("10.0.0.1", "b"): 3,
        ("10.0.0.2", "b"): 8,
    }
    made.add(
        partial(NOW, host, f"{name}.example", f"{name}.example", count=count)
        for (host, name), count in counts.items()
    )
    app = drawn("host", host="10.0.0.1", every="60")
    assert list(rows(app, "askers")["queries"]) == [9, 2]
    click(app, "own", 1, "domain")
    assert list(rows(app, "askers")["queries"]) == [8, 3]


@pytest.mark.parametrize("focus", ["type:TXT", "response:NXDOMAIN"])
def test_on_a_hosts_page_a_type_or_a_response_shows_what_was_asked_with_it(
    made: Made, focus: str
) -> None:
    kind = {"qtype_name": "TXT", "rcode_name": "NXDOMAIN", "id_resp_h": "10.1.0.9"}
    made.add(
        [
            partial(NOW, "10.0.0.1", "www.a.example", "a.example"),
            partial(NOW, "10.0.0.1", "t.b.example", "b.example", **kind),
            partial(NOW, "10.0.0.2", "t.c.example", "c.example", **kind),
        ]
    )
    app = drawn("host", host="10.0.0.1", focus=focus)
    assert shown(app, "own", "domain") == {"b.example"}
    assert shown(app, "names", "name") == {"t.b.example"}
    assert shown(app, "resolvers", "resolver") == {"10.1.0.9"}
    assert shown(app, "askers", "host") == {"10.0.0.1", "10.0.0.2"}


@pytest.fixture(scope="module")
def changed_once() -> Iterator[Made]:
    """Two windows of 15 minutes: one thing of each kind is gone, and one is new."""
    early, late = NOW - timedelta(minutes=17), NOW - timedelta(minutes=3)
    gone = {"qtype_name": "TXT", "rcode_name": "NXDOMAIN", "id_resp_h": "10.1.0.9"}
    stays = [partial(at, "10.0.0.1", "a.example", "a.example", count=99) for at in (early, late)]
    with running(Made()) as pipeline:
        pipeline.add(
            [
                *stays,
                partial(NOW - timedelta(minutes=40), "10.0.0.1", "a.example", "a.example"),
                partial(NOW, "10.0.0.1", "a.example", "a.example"),
                partial(early, "10.0.0.2", "g.gone.example", "gone.example", count=60, **gone),
                partial(late, "10.0.0.3", "n.new.example", "new.example", count=50),
            ]
        )
        yield pipeline


@pytest.fixture
def changed(changed_once: Made) -> Made:
    """It is the running one."""
    query.use(changed_once)
    return changed_once


GONE = {
    ("host", "queries"): "10.0.0.2",
    ("domain", "queries"): "gone.example",
    ("type", "queries"): "TXT",
    ("response", "queries"): "NXDOMAIN",
    ("resolver", "queries"): "10.1.0.9",
    ("host", "NXDOMAIN"): "10.0.0.2",
}


def label_of(kind: str, value: str, measure: str, then: str) -> str:
    """The item of a row's menu that leads to its records."""
    dot = value.replace(".", "\\." if kind in ("host", "resolver") else r"\[\.\]")
    failed = ["NXDOMAIN"] * (measure == "NXDOMAIN")
    return ", ".join([f"Records of {kind} {dot}", *failed, *([then] if then else [])])


@pytest.mark.parametrize(("kind", "measure"), GONE)
def test_what_is_gone_leads_to_its_records_of_then_and_to_none_of_now(
    changed: Made, kind: str, measure: str
) -> None:
    app, value = drawn(range="15m", every="60"), GONE[kind, measure]
    table = rows(app, "changes")
    [row] = table[(table["what"] == value) & (table["measure"] == measure)].to_dict("records")
    assert (row["before"], row["now"]) == (60, 0)
    choose(app, "changes", label_of(kind, value, measure, ""))
    assert "records" not in tables(app)
    app = drawn(range="15m", every="60")
    choose(app, "changes", label_of(kind, value, measure, "the time before"))
    assert rows(app, "records")["queries"].sum() == 60
    assert app.query_params[kind] == value
    assert ("response" in app.query_params) == (measure == "NXDOMAIN" or kind == "response")


def test_what_is_new_leads_to_its_records_of_now_and_to_none_of_then(changed: Made) -> None:
    label = label_of("domain", "new.example", "queries", "")
    app = drawn(range="15m", every="60")
    choose(app, "changes", label)
    assert rows(app, "records")["queries"].sum() == 50
    app = drawn(range="15m", every="60")
    choose(app, "changes", f"{label}, the time before")
    assert "records" not in tables(app)


def test_of_what_another_host_asks_for_the_records_are_that_hosts(changed: Made) -> None:
    app = drawn("host", host="10.0.0.3", vs="host:10.0.0.1", range="15m", every="60")
    choose(app, "changes", label_of("domain", "a.example", "queries", "another host"))
    assert rows(app, "records")["queries"].sum() == 99
    assert app.query_params["host"] == "10.0.0.1"


@pytest.mark.parametrize(("kind", "measure"), GONE)
def test_a_click_on_what_changed_brings_it_into_focus(
    changed: Made, kind: str, measure: str
) -> None:
    app, value = drawn(range="15m", every="60"), GONE[kind, measure]
    table = rows(app, "changes").reset_index()
    at = table[(table["what"] == value) & (table["measure"] == measure)].index[0]
    click(app, "changes", int(at), "what")
    assert app.query_params["focus"] == f"{kind}:{value}"
    styles = tables(app)["changes"].proto.arrow_data.styler.styles
    assert SELECTED["light"] in styles, "it stays where it was clicked, and is marked"


def test_on_a_hosts_page_its_failures_come_into_focus_and_not_the_host_itself(made: Made) -> None:
    early, late = NOW - timedelta(minutes=17), NOW - timedelta(minutes=3)
    made.add(
        [
            partial(NOW - timedelta(minutes=40), "10.0.0.1", "a.example", "a.example"),
            *(partial(at, "10.0.0.1", "a.example", "a.example", count=99) for at in (early, late)),
            partial(late, "10.0.0.1", "x.example", "x.example", count=60, rcode_name="NXDOMAIN"),
            partial(NOW, "10.0.0.1", "a.example", "a.example"),
        ]
    )
    app = drawn("host", host="10.0.0.1", range="15m", every="60")
    table = rows(app, "changes").reset_index()
    click(app, "changes", int(table[table["measure"] == "NXDOMAIN"].index[0]), "what")
    assert app.query_params["focus"] == "response:NXDOMAIN"
    assert shown(app, "names", "name") == {"x.example"}


OPENED = {
    "host": ("host", {"host": "10.0.0.2"}),
    "domain": ("domains", {"focus": "domain:a.example"}),
    "name": ("domains", {"focus": "name:www.a.example", "level": "name"}),
    "resolver": ("domains", {"focus": "resolver:10.1.0.1"}),
}
"""The page that is opened for each part of a record, and what its URL says."""


def label_of_opening(field: str) -> str:
    """The item of a record's menu."""
    dot = ONE[field].replace(".", "\\." if field in ("host", "resolver") else r"\[\.\]")
    return f"Open {field} {dot}"


def is_opened(app: AppTest, field: str, **kept: str) -> None:
    """The page of one part of the record."""
    page, params = OPENED[field]
    assert app.query_params == {**kept, **params}
    assert next(iter(tables(app))) == ("askers" if page == "host" else "domains")


@pytest.mark.parametrize("field", FIELDS)
def test_a_records_menu_opens_its_host_domain_name_and_resolver(network: Made, field: str) -> None:
    app = drawn("records", every="60")
    choose(app, "records", label_of_opening(field))
    is_opened(app, field, every="60")


@pytest.mark.parametrize("field", FIELDS)
def test_a_raw_records_menu_opens_them_without_what_was_looked_up(
    network: Made, field: str
) -> None:
    network.raw = [
        Record(0, '{"uid":"C0"}'),
        Record(1, '{"uid":"C1"}', **ONE),
    ]
    app = drawn("lookup", every="60", host="10.0.0.2", response="NOERROR", type="-TXT")
    app.button(key="look-up-begin").click().run()
    assert [len(each) for each in rows(app, "raw")[MENU]] == [2, 6]
    choose(app, "raw", label_of_opening(field))
    is_opened(app, field, every="60", type="-TXT")


def test_a_raw_records_menu_means_it_also_where_others_were_found_before_it(
    network: Made,
) -> None:
    network.raw = [Record(2, '{"uid":"C2"}')]
    app = drawn("lookup", every="60")
    app.button(key="look-up-begin").click().run()
    real = rows(app, "raw")[MENU][0][1]
    network.raw = [Record(1, '{"uid":"C1"}'), *network.raw, Record(2, '{"uid":"C3"}')]
    app.button(key="look-up-begin").click().run()
    choose(app, "raw", real)
    assert app.session_state["copy"]["text"] == '{"uid": "C2"}'
    choose(app, "raw", rows(app, "raw")[MENU][2][1])
    assert app.session_state["copy"]["text"] == '{"uid": "C3"}'


def test_a_raw_records_fields_may_be_called_like_what_a_table_adds(network: Made) -> None:
    network.raw = [Record(1, '{"menu":"m","place":"p","\\nmenu":"n","\\nplace":"q"}', **ONE)]
    app = drawn("lookup", every="60")
    app.button(key="look-up-begin").click().run()
    cells = rows(app, "raw").iloc[0].to_dict()
    fields = {"menu": "m", "place": "p", r"\u{a}menu": "n", r"\u{a}place": "q"}
    assert {name: cells[name] for name in fields} == fields
    assert len(cells[MENU]) == 6


def test_fewer_raw_records_than_before_have_no_menus_of_those(network: Made) -> None:
    network.raw = [Record(at, '{"uid":"C"}', **ONE) for at in range(9)]
    app = drawn("lookup", every="60")
    app.button(key="look-up-begin").click().run()
    network.raw = network.raw[:1]
    app.button(key="look-up-begin").click().run()
    choose(app, "raw", label_of_opening("domain"))
    is_opened(app, "domain", every="60")
