"""What a harm is: a function that is done to a world while the stream flows.

It returns its particulars in a few words, and fails by an AssertionError.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

from tests.chaos.world import World

Act = Callable[[World, random.Random], str]


class Untried(Exception):
    """This machine lacks what the harm needs; the message names it."""


@dataclass(frozen=True)
class Harm:
    """A harm, and how often it is done to what."""

    name: str
    act: Act
    sources: str = "kafka logs"
    modes: str = "state memory"
    times: int = 1
    """In each world of the long version."""
    short: str = ""
    """The sources of the short version that it is done to."""

    @property
    def sentence(self) -> str:
        """What it does."""
        return str(self.act.__doc__)
