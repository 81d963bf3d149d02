"""What is made of a frame that many are shown is made once, and kept as long as the frame."""

from collections.abc import Callable, Hashable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar
from weakref import ref

import pandas as pd

P = ParamSpec("P")
R = TypeVar("R")

LARGEST, MOST = 250, 100
"""Rows of a frame, and frames: a row's cells and menu take some 3 KB, and views of versions that
have passed are kept for a while."""
_MADE: dict[int, tuple[ref[pd.DataFrame], dict[Hashable, Any]]] = {}
"""By where a frame is in memory: a frame has no hash. It leaves as the frame does."""


def once(
    function: Callable[Concatenate[pd.DataFrame, P], R],
) -> Callable[Concatenate[pd.DataFrame, P], R]:
    """Keep what `function(frame, …)` answers: nobody changes it, or the frame, in place."""

    @wraps(function)
    def call(frame: pd.DataFrame, /, *args: P.args, **kwargs: P.kwargs) -> R:
        if len(frame) > LARGEST:
            return function(frame, *args, **kwargs)
        made = _made_of(frame)
        key = (function, args, *sorted(kwargs.items()))
        if key not in made:
            made[key] = function(frame, *args, **kwargs)
        result: R = made[key]
        return result

    return call


def _made_of(frame: pd.DataFrame) -> dict[Hashable, Any]:
    place = id(frame)
    if (known := _MADE.get(place)) is not None:
        return known[1]
    for oldest in list(_MADE)[: 1 - MOST]:
        _MADE.pop(oldest, None)
    made: dict[Hashable, Any] = {}
    # Bound here: the last frames go when the interpreter ends, and all names have gone.
    _MADE[place] = (ref(frame, lambda _, leave=_MADE.pop: leave(place, None)), made)
    return made
