"""What a poll draws goes out whole, or not at all."""

from types import SimpleNamespace

import pytest
from streamlit.runtime.scriptrunner import RerunData, StopException
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequests

from pages.shared import clicks, live
from pages.shared.onscreen import OnScreen, Order


class Runner:
    """Of a script, which is told to stop once it has been asked so often."""

    def __init__(self, stops_at: int = 1_000) -> None:
        self._execing, self.asked, self.stops_at = True, 0, stops_at

    def check(self) -> None:
        """As Streamlit looks for a newer click."""
        self.asked += self._execing
        if self._execing and self.asked >= self.stops_at:
            raise StopException


def sent(
    monkeypatch: pytest.MonkeyPatch,
    screen: OnScreen,
    runner: Runner,
    error: type[Exception],
    click: RerunData | None = None,
) -> list[int]:
    """What has gone to the browser of a table, of three messages, and then an error."""
    out: list[int] = []
    requests = ScriptRequests()
    context = SimpleNamespace(
        _enqueue=out.append, yield_check=runner.check, script_requests=requests
    )
    monkeypatch.setattr(live, "on_screen", lambda: screen)
    for module in (live, clicks):
        monkeypatch.setattr(module, "get_script_run_ctx", lambda: context)

    def drawn() -> None:
        with live.at_once():
            screen.drawing.orders["hosts"] = Order(values=["10.0.0.1"])
            for message in range(3):
                context._enqueue(message)
                assert not out
                assert screen.order("hosts").values != ["10.0.0.1"]
            if click:
                requests.request_rerun(click)
            raise error

    with pytest.raises(error):
        drawn()
    context._enqueue(9)
    return out


def test_all_goes_out_together_even_if_an_error_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = OnScreen()
    assert sent(monkeypatch, screen, Runner(), ValueError) == [0, 1, 2, 9]
    assert screen.order("hosts").values == ["10.0.0.1"]


def test_a_newer_click_breaks_it_off_and_nothing_goes_out(monkeypatch: pytest.MonkeyPatch) -> None:
    screen, runner = OnScreen(), Runner(stops_at=2)
    assert sent(monkeypatch, screen, runner, StopException) == [9]
    assert screen.order("hosts").values == []
    assert runner.asked == 2


@pytest.mark.parametrize("by_itself", [False, True])
def test_a_click_that_came_before_it_was_sent_means_what_was_there_before(
    monkeypatch: pytest.MonkeyPatch, by_itself: bool
) -> None:
    screen = OnScreen(orders={"hosts": Order(values=["10.0.0.2"])})
    click = RerunData(fragment_id="tables", is_auto_rerun=by_itself)
    sent(monkeypatch, screen, Runner(), ValueError, click)
    assert screen.order("hosts").values == (["10.0.0.1"] if by_itself else ["10.0.0.2"])
    screen.draws()
    assert screen.order("hosts").values == ["10.0.0.1"]


@pytest.mark.parametrize(
    ("asked", "clicked"), [([True], False), ([False], True), ([False, True, True], True)]
)
def test_a_click_that_waits_stays_one_when_a_poll_joins_it(
    monkeypatch: pytest.MonkeyPatch, asked: list[bool], clicked: bool
) -> None:
    clicks.hear_out()
    requests = ScriptRequests()
    context = SimpleNamespace(script_requests=requests)
    monkeypatch.setattr(clicks, "get_script_run_ctx", lambda: context)
    for number, by_itself in enumerate(asked):
        requests.request_rerun(RerunData(fragment_id=f"{number}", is_auto_rerun=by_itself))
    assert clicks.is_clicked() == clicked
