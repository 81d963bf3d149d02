"""Domains that people know and may hide: a file with one on each line."""

import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pipeline.enrich import registered_domain
from pipeline.watched import Watched, lines_of

NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")


@dataclass(frozen=True)
class Known:
    """Domains by how they are found: as a row's registered domain, or as the end of its name."""

    registered: tuple[str, ...] = ()
    endings: tuple[str, ...] = ()

    def condition(self, params: dict[str, Any]) -> str:
        """A condition over dns_counts that holds for what is known; its values go to `params`."""
        parts = []
        if self.registered:
            parts.append("registered_domain IN (SELECT unnest($known::VARCHAR[]))")
            params["known"] = list(self.registered)
        if self.endings:
            # One automaton for all of them, whatever their number.
            parts.append("regexp_matches(query, $known_endings)")
            params["known_endings"] = rf"(^|\.)({'|'.join(map(re.escape, self.endings))})$"
        return f"({' OR '.join(parts)})" if parts else "FALSE"


def read_known(text: str, path: str, private_suffixes: bool = False) -> tuple[Known, list[str]]:
    """The domains of a file, and a sentence for each line left out.

    >>> read_known("Example.com\\nwww.example.org", "known.txt")[0].endings
    ('www.example.org',)
    """
    registered, endings, problems = [], [], []
    for number, line in lines_of(text):
        domain = line.lower().rstrip(".").removeprefix("*.")
        if len(domain) > 253 or not NAME.fullmatch(domain):
            problems.append(f"{path}, line {number}, {line[:80]!r}: no domain")
        elif registered_domain(domain, private_suffixes) == domain:
            registered.append(domain)
        else:
            endings.append(domain)
    return Known(tuple(registered), tuple(endings)), problems


_files = [Watched(None, read_known, "known domains")]


def use(path: Path | None, private_suffixes: bool = False) -> None:
    """Make a file the one that this process reads; None: nothing is known."""
    parse = partial(read_known, private_suffixes=private_suffixes)
    made = Watched(path, parse, "known domains")
    made.version = _files[0].version + 1
    _files[:] = [made]


def known() -> Known:
    """What is known now."""
    return _files[0].value()


def version() -> int:
    """Another number whenever something else is known."""
    known()
    return _files[0].version


def problems() -> list[str]:
    """A sentence for each line that is left out, and for a file that cannot be read."""
    return _files[0].problems
