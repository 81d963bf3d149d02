"""What a poll draws goes out whole, or not at all."""

from types import SimpleNamespace

import pytest
from streamlit.runtime.scriptrunner import StopException

from pages.shared import clicks, live


class Runner:
    """Of a script, which is told to stop once it has been asked so often."""

    def __init__(self, stops_at: int = 1_000) -> None:
        self._execing, self.asked, self.stops_at = True, 0, stops_at

    def check(self) -> None:
        """As Streamlit looks for a newer click."""
        self.asked += self._execing
        if self._execing and self.asked >= self.stops_at:
            raise StopException


def sent(monkeypatch: pytest.MonkeyPatch, runner: Runner, error: type[Exception]) -> list[int]:
    """What has gone to the browser of three messages, and then an error."""
    out: list[int] = []
    context = SimpleNamespace(_enqueue=out.append, yield_check=runner.check)
    for module in (live, clicks):
        monkeypatch.setattr(module, "get_script_run_ctx", lambda: context)

    def drawn() -> None:
        with live.at_once():
            for message in range(3):
                context._enqueue(message)
                assert not out
            raise error

    with pytest.raises(error):
        drawn()
    context._enqueue(9)
    return out


def test_all_goes_out_together_even_if_an_error_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sent(monkeypatch, Runner(), ValueError) == [0, 1, 2, 9]


def test_a_newer_click_breaks_it_off_and_nothing_goes_out(monkeypatch: pytest.MonkeyPatch) -> None:
    runner = Runner(stops_at=2)
    assert sent(monkeypatch, runner, StopException) == [9]
    assert runner.asked == 2
