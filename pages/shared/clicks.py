"""No click is lost to another one that comes while it is being heard."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache, wraps
from typing import Any

from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.script_requests import (
    RerunData,
    ScriptRequests,
    ScriptRequestType,
)
from streamlit.runtime.state import SessionState

RERUN = ScriptRequestType.RERUN


@cache
def hear_out() -> None:
    """Have Streamlit run each callback to its end, from now on in this process.

    Wherever a script looks into the session or sends something, Streamlit goes over to a newer
    click if there is one. In a callback that loses the click which it was called for, since no
    browser tells of one twice.
    """
    hear = SessionState.on_script_will_rerun

    @wraps(hear)
    def heard_out(self: SessionState, *args: Any, **kwargs: Any) -> None:
        with undisturbed():
            hear(self, *args, **kwargs)

    SessionState.on_script_will_rerun = heard_out  # type: ignore[method-assign]
    _stay_clicked()


def _stay_clicked() -> None:
    """A click that waits to be heard stays one when a part of the page asks to be drawn again by
    itself meanwhile: Streamlit makes one request of both, of the later one's kind."""
    join = ScriptRequests._request_rerun_locked

    @wraps(join)
    def joined(self: ScriptRequests, new_data: RerunData) -> bool:
        waits = self._state is RERUN and not self._rerun_data.is_auto_rerun
        is_heard = join(self, new_data)
        if waits:
            self._rerun_data = replace(self._rerun_data, is_auto_rerun=False)
        return is_heard

    ScriptRequests._request_rerun_locked = joined  # type: ignore[method-assign]


def is_clicked() -> bool:
    """Whether a click has come that nobody has heard yet."""
    context = get_script_run_ctx()
    requests: Any = context and context.script_requests
    # There is no public way: whoever asks the requests takes what they hold.
    return bool(requests) and requests._state is RERUN and not requests._rerun_data.is_auto_rerun


@contextmanager
def undisturbed() -> Iterator[None]:
    """Nothing that is looked into or sent meanwhile goes over to a newer click."""
    context = get_script_run_ctx()
    assert context is not None
    # There is no public way: of the runner, this is what it asks before it looks for a newer click.
    runner: Any = context.yield_check.__self__  # type: ignore[attr-defined]
    runner._execing = False
    try:
        yield
    finally:
        runner._execing = True
