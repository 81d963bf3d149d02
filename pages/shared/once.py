"""What is made of a frame that many are shown is made once, and kept as long as the frame."""

from collections.abc import Callable, Hashable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar
from weakref import ref

import pandas as pd

P = ParamSpec("P")
R = TypeVar("R")

_MADE: dict[int, tuple[ref[pd.DataFrame], dict[Hashable, Any]]] = {}
"""By where a frame is in memory: a frame has no hash. It leaves as the frame does."""


def once(
    function: Callable[Concatenate[pd.DataFrame, P], R],
) -> Callable[Concatenate[pd.DataFrame, P], R]:
    """Keep what `function(frame, …)` answers: nobody changes it, or the frame, in place."""

    @wraps(function)
    def call(frame: pd.DataFrame, /, *args: P.args, **kwargs: P.kwargs) -> R:
        made = _made_of(frame)
        key = (function, args, *sorted(kwargs.items()))
        if key not in made:
            made[key] = function(frame, *args, **kwargs)
        result: R = made[key]
        return result

    return call


def _made_of(frame: pd.DataFrame) -> dict[Hashable, Any]:
    place = id(frame)
    if place not in _MADE:
        # Bound here: the last frames go when the interpreter ends, and all names have gone.
        _MADE[place] = (ref(frame, lambda _, leave=_MADE.pop: leave(place, None)), {})
    return _MADE[place][1]
