"""Named points between source and commit, at which a child ends or fails when it is told to.

They are put around the pipeline's functions in a child of the harness only.
"""

import functools
import importlib
import os
import signal
from collections.abc import Callable
from typing import Any

POINTS = {
    "query begins": ("pipeline.query:Pipeline._started", "before"),
    "batch arrives": ("pipeline.batch:grouped", "before"),
    "grouped": ("pipeline.batch:grouped", "after"),
    "offsets read": ("pipeline.batch:logged_offsets", "after"),
    "before write": ("pipeline.table:Table.add", "before"),
    "rows in transaction": ("pipeline.table:_insert", "after"),
    "ledger in transaction": ("pipeline.ledger:save", "after"),
    "after commit": ("pipeline.table:Table.add", "after"),
    "maintain begins": ("pipeline.table:Table.maintain", "before"),
    "maintain between steps": ("pipeline.table:Table._step", "after"),
    "before the table's checkpoint": ("pipeline.store:Store.checkpoint", "before"),
    "after the table's checkpoint": ("pipeline.store:Store.checkpoint", "after"),
    "before Spark's commit": ("pipeline.query:Pipeline._add", "after"),
    "after Spark's commit": ("pipeline.query:Pipeline._progressed", "before"),
}

armed: dict[str, tuple[str, int]] = {}
"""Point to what to do there, and after how many passes."""


class Harm(Exception):
    """What a point raises that was told to fail."""


def arm(point: str, what: str, passes: int) -> None:
    """Have the process end (`kill`) or fail (`raise`) at a point, once, after so many passes."""
    armed[point] = (what, passes)


def install() -> None:
    """Put the points around the functions."""
    for point, (place, when) in POINTS.items():
        module, _, path = place.partition(":")
        owner: Any = importlib.import_module(module)
        *classes, name = path.split(".")
        for each in classes:
            owner = getattr(owner, each)
        setattr(owner, name, _around(getattr(owner, name), point, when))


def _around(function: Callable[..., Any], point: str, when: str) -> Callable[..., Any]:
    @functools.wraps(function)
    def passing(*arguments: Any, **named: Any) -> Any:
        if when == "before":
            _pass(point)
        result = function(*arguments, **named)
        if when == "after":
            _pass(point)
        return result

    return passing


def _pass(point: str) -> None:
    what, passes = armed.get(point, ("", 0))
    if passes > 0:
        armed[point] = (what, passes - 1)
    elif what == "kill":
        os.killpg(0, signal.SIGKILL)
    elif what == "raise":
        del armed[point]
        raise Harm(f"as told, at: {point}")
