"""Files that sessions offer: made when a browser comes for them, at an address that nobody guesses.

Streamlit's own are deleted by the runs of other sessions, on a busy server before a browser has
come for them.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import quote
from weakref import WeakValueDictionary

_OFFERED: "WeakValueDictionary[str, Offer]" = WeakValueDictionary()
"""A session that ends takes its offers with it."""


@dataclass(eq=False)
class Offer:
    """A file, for as long as somebody keeps this object."""

    name: str
    media_type: str
    make: Callable[[], bytes]
    address: str = field(default_factory=lambda: secrets.token_urlsafe(16))

    def __post_init__(self) -> None:
        _OFFERED[self.address] = self

    @property
    def disposition(self) -> str:
        """What tells a browser to keep it, under its name."""
        return f"attachment; filename*=utf-8''{quote(self.name)}"


def offered(address: str) -> Offer | None:
    """The file at an address; None if nobody offers it any more.

    >>> held = Offer("a.csv", "text/csv", lambda: b"a")
    >>> offered(held.address) is held, offered("elsewhere")
    (True, None)
    """
    return _OFFERED.get(address)
