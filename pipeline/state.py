"""What a page shows, as one frozen value, and the same as the URL's parameters."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from typing import Any, Literal, Self

from pipeline.fields import DNS_FIELDS

RANGES = {
    "5m": timedelta(minutes=5),
    "15m": timedelta(minutes=15),
    "1h": timedelta(hours=1),
    "4h": timedelta(hours=4),
    "24h": timedelta(hours=24),
    "all": None,
}
FIELDS = ("host", "domain", "name", "type", "response", "resolver")
REASON = "reason"
"""Why records were rejected: Health looks at one closer, nothing is filtered by it."""
LEVELS = ("name", "domain", "tld")
SORTS = (
    "queries", "host", "domain", "name", "tld", "type", "response", "resolver", "hosts", "domains",
    "names", "resolvers", "nxdomain", "no_response", "rtt_ms", "first", "last", "bucket",
)  # fmt: skip
"""What rows may be ranked by, a leading `-` the other way round; a table without such a column
keeps its own order."""
WORDS_OF_STREAM = ("reason", "sample", "what", "fact", "value")
OF_STREAM = (
    *WORDS_OF_STREAM, "records", "share", "batch_id", "at", "read", "counted", "lag_records",
    "group", "write", "maintain", "source", "plan", "commit",
)  # fmt: skip
"""What Health's tables may be ranked by, its charts as tables too."""
ALL_SORTS = (*SORTS, *OF_STREAM, *DNS_FIELDS)
"""Raw records are ranked by their fields."""
TEXTS = frozenset([*FIELDS, *LEVELS, *WORDS_OF_STREAM, *DNS_FIELDS])
"""Ranked from A on, all others from the largest on."""
INTERVALS = (0, 1, 2, 5, 10, 30, 60)
"""Seconds between refreshes; 0 is a pause."""
NOISE = {
    "no-query": "no query",
    "local": ".local",
    "multicast": "multicast and broadcast resolvers",
    "arpa": "reverse look-ups",
    "netbios": "NetBIOS names",
    "single": "single labels",
    "known": "known domains",
}
"""Each noise switch and what its label says."""
NOISE_AT_START = frozenset(["no-query", "local", "multicast"])
MAX_ROWS = 10_000
MAX_FILTERS = 50
MAX_FILTER_CHARACTERS = 1_100
MAX_UNKNOWN = 10
"""Parameters that are no parameters, each with a sentence of its own."""
MAX_TIME_CHARACTERS = 40
YEARS = range(1970, 2201)
"""Of an absolute range: what lies in them can be added to, and kept in nanoseconds."""


@dataclass(frozen=True)
class Filter:
    """One value of one field, kept (or left out, `exclude`).

    `under`: all below it, not itself; `begins`: all that begin with it and a dot, such as the
    addresses of 10.20 or the domains google of any suffix; both: all with it in the middle.
    """

    field: str
    value: str
    exclude: bool = False
    under: bool = False
    begins: bool = False

    @classmethod
    def from_text(cls, field: str, text: str) -> Self:
        """A leading `-` excludes, `*.` means under, `.*` at the end begins; a backslash takes the
        meaning away.

        >>> Filter.from_text("name", "-*.example.com")
        Filter(field='name', value='example.com', exclude=True, under=True, begins=False)
        >>> Filter.from_text("host", "10.20.*").begins
        True
        """
        exclude = text.startswith("-")
        rest = text.removeprefix("-")
        under = rest.startswith("*.")
        value = rest.removeprefix("*.").removeprefix("\\")
        begins = value.endswith(".*")
        value = re.sub(r"\.\\(\\*)\*$", r".\1*", value[:-2] if begins else value)
        return cls(field, value, exclude, under, begins=begins)

    def to_text(self) -> str:
        """The text from which `from_text` makes the same filter."""
        value = re.sub(r"\.(\\*)\*$", r".\\\1*", self.value)
        if self.value.startswith(("-", "\\")) or "*" in self.value:
            value = "\\" + value
        return "-" * self.exclude + "*." * self.under + value + ".*" * self.begins


def ascends(sort: str) -> bool:
    """Whether what ranks rows has the smallest first: texts from A on, and what is turned round.

    >>> ascends("host"), ascends("-host"), ascends("queries"), ascends("-queries")
    (True, False, False, True)
    """
    return (sort.removeprefix("-") in TEXTS) != sort.startswith("-")


def stray_star(text: str) -> bool:
    """Whether a filter's text has a star that stands for nothing.

    >>> [stray_star(each) for each in ("*foo*", "-*.foo.*", "goog*", "\\\\a*b")]
    [True, False, True, False]
    """
    rest = text.removeprefix("-").removeprefix("*.")
    return not rest.startswith("\\") and "*" in rest.removesuffix(".*")


STARS = "a * stands for whole labels, at the front or at the end: *.example.com, example.*, 10.20.*"


@dataclass(frozen=True)
class View:
    """Everything that decides what stands on a page. Times are aware, UTC."""

    range: str = "1h"
    start: datetime | None = None
    end: datetime | None = None
    filters: tuple[Filter, ...] = ()
    hidden: frozenset[str] = NOISE_AT_START
    at: int | None = None
    focus: tuple[str, str] | None = None
    level: Literal["name", "domain", "tld"] = "domain"
    n: int | None = 25
    """Rows of a table; None is all, up to MAX_ROWS."""
    sort: str = ""
    """What ranks rows, of ALL_SORTS; empty is each table's own order."""
    vs: str = "before"
    """What changes are against: the window before, `day`, or `host:10.1.2.3`."""
    tz: Literal["utc", "local"] = "utc"
    every: int = 5
    charts: Literal["drawn", "tables"] = "drawn"
    names: Literal["defanged", "real"] = "defanged"
    """How the page's files have names."""
    wall: bool = False

    def selected(self) -> "View":
        """What decides which records are counted, the rest as at the start: the cache's key."""
        return View(
            range="" if self.start else self.range,
            start=self.start,
            end=self.end,
            filters=tuple(sorted(set(self.filters), key=repr)),
            hidden=self.hidden,
            at=self.at,
        )

    def ranked(self) -> "View":
        """What decides the order of rows, whenever they are looked at."""
        return replace(self.selected(), at=None)

    def only(self, field: str, value: str) -> "View":
        """This view of one value of a field, whatever values of the field it had."""
        others = self.without(field).filters
        return replace(self, filters=(*others, Filter(field, value)))

    def without(self, *fields: str) -> "View":
        """This view of all values of these fields, but for those that it excludes."""
        kept = tuple(f for f in self.filters if f.exclude or f.field not in fields)
        return replace(self, filters=kept)

    def filtered(self, added: Filter) -> "View":
        """This view with one filter more; its opposite goes."""
        opposite = replace(added, exclude=not added.exclude)
        kept = tuple(f for f in self.filters if f not in (added, opposite))
        return replace(self, filters=(*kept, added))

    def unfiltered(self, *gone: Filter) -> "View":
        """This view without these filters; with none named, without any."""
        return replace(self, filters=tuple(f for f in self.filters if gone and f not in gone))

    def to_params(self) -> dict[str, list[str]]:
        """The URL's parameters; what is as at the start is left out."""
        params: dict[str, list[str]] = {}
        if self.start and self.end:
            params["from"], params["to"] = [_iso(self.start)], [_iso(self.end)]
        elif self.range != START.range:
            params["range"] = [self.range]
        for each in self.filters:
            params.setdefault(each.field, []).append(each.to_text())
        if self.hidden != NOISE_AT_START:
            params["show"] = _show(self.hidden)
        if self.focus:
            params["focus"] = [":".join(self.focus)]
        return params | self._settings()

    def _settings(self) -> dict[str, list[str]]:
        texts = {
            "level": self.level,
            "n": "all" if self.n is None else str(self.n),
            "sort": self.sort,
            "vs": self.vs,
            "tz": self.tz,
            "every": str(self.every),
            "charts": self.charts,
            "names": self.names,
        }
        at_start = {"level": "domain", "n": "25", "sort": ""}
        at_start |= {"vs": "before", "tz": "utc", "every": "5", "charts": "drawn"}
        at_start |= {"names": "defanged"}
        params = {key: [text] for key, text in texts.items() if text != at_start[key]}
        if self.at is not None:
            params["at"] = [str(self.at)]
        if self.wall:
            params["wall"] = [""]
        return params


START = View()


def from_params(params: Mapping[str, Iterable[str]]) -> tuple[View, list[str]]:
    """The view that the URL's parameters name, and a sentence for each that is not understood."""
    problems: list[str] = []
    values: dict[str, Any] = {}
    texts = {key: [str(text) for text in many] for key, many in params.items()}
    unknown = [key for key in texts if key not in (*READERS, *FIELDS)]
    problems += [_unknown(key[:40]) for key in unknown[:MAX_UNKNOWN]]
    if (more := len(unknown) - MAX_UNKNOWN) > 0:
        problems.append(f"{more:,} more are no parameters")
    for key, many in texts.items():
        if key in READERS and many:
            try:
                values |= READERS[key](many)
            except ValueError as error:
                problems.append(f"{key}={many[-1][:80]} is not understood: {error}")
    values["filters"] = _filters(texts, problems)
    if bool(values.get("start")) != bool(values.get("end")):
        problems.append("from and to go together: both or none")
        values["start"] = values["end"] = None
    elif values.get("start") and values["start"] >= values["end"]:
        problems.append("from must lie before to")
        values["start"] = values["end"] = None
    return View(**values), problems


def _unknown(key: str) -> str:
    known = (*FIELDS, *READERS)
    alike = get_close_matches(key, known, 1)
    hint = f"did you mean {alike[0]}?" if alike else f"there are {', '.join(known)}"
    return f"{key} is no parameter: {hint}"


def _filters(texts: Mapping[str, list[str]], problems: list[str]) -> tuple[Filter, ...]:
    """No more than a query can bear; a sentence is added for what is left out."""
    named = [(field, text) for field in FIELDS for text in texts.get(field, [])]
    read = [Filter.from_text(field, text) for field, text in named[:MAX_FILTERS]]
    problems += [f"{each.field}={each.to_text()} has no value" for each in read if not each.value]
    stray = {text for _, text in named[:MAX_FILTERS] if stray_star(text)}
    problems += [f"{text[:80]}: {STARS}" for text in sorted(stray)]
    kept = tuple(each for each in read if 0 < len(each.value) <= MAX_FILTER_CHARACTERS)
    if len(named) > MAX_FILTERS:
        problems.append(f"{len(named):,} filters are too many: the first {MAX_FILTERS} are kept")
    if any(len(each.value) > MAX_FILTER_CHARACTERS for each in read):
        problems.append(f"a filter has {MAX_FILTER_CHARACTERS:,} characters at most")
    return kept


def _iso(time: datetime) -> str:
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(_with_plus(text))
        time = (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("a time is ISO 8601, such as 2026-01-31T12:00:00Z") from None
    if time.year not in YEARS:
        raise ValueError(f"a time lies in the years {YEARS[0]} to {YEARS[-1]}")
    return time


def _with_plus(text: str) -> str:
    """A plus that was not encoded arrives as a space."""
    if len(text) > MAX_TIME_CHARACTERS:
        raise ValueError("too long for a time")
    return re.sub(r"^([^\sT]+T[^\sT]+) (\d\d:?\d\d)$", r"\1+\2", text)


def _one_of(text: str, allowed: Iterable[str]) -> str:
    if text not in allowed:
        raise ValueError("it may be " + ", ".join(allowed))
    return text


def _sort(text: str) -> str:
    if text.removeprefix("-") not in ALL_SORTS:
        raise ValueError("it may be a column, such as queries, or -queries the other way round")
    return text


def _number(text: str, least: int, most: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 20 and least <= int(text) <= most):
        raise ValueError(f"a number from {least} to {most}")
    return int(text)


def _show(hidden: frozenset[str]) -> list[str]:
    if not hidden:
        return ["all"]
    shown = [key for key in NOISE if key in NOISE_AT_START - hidden]
    return shown + ["-" + key for key in NOISE if key in hidden - NOISE_AT_START]


def _hidden(texts: list[str]) -> frozenset[str]:
    hidden = set(NOISE_AT_START)
    for text in texts:
        key = _one_of(text.removeprefix("-"), ["all", *NOISE])
        keys = set(NOISE) if key == "all" else {key}
        hidden = hidden | keys if text.startswith("-") else hidden - keys
    return frozenset(hidden)


def _focus(text: str) -> tuple[str, str]:
    field, colon, value = text.partition(":")
    if not (colon and value):
        raise ValueError("a focus is field:value, such as host:10.1.2.3")
    return _one_of(field, (*FIELDS, REASON)), value


def _versus(text: str) -> str:
    if text.startswith("host:") and 5 < len(text) <= MAX_FILTER_CHARACTERS:
        return text
    if text not in ("before", "day"):
        raise ValueError("it may be before, day, or host: and an address")
    return text


READERS: dict[str, Any] = {
    "range": lambda many: {"range": _one_of(many[-1], RANGES)},
    "from": lambda many: {"start": _time(many[-1])},
    "to": lambda many: {"end": _time(many[-1])},
    "show": lambda many: {"hidden": _hidden(many)},
    "focus": lambda many: {"focus": _focus(many[-1])},
    "level": lambda many: {"level": _one_of(many[-1], LEVELS)},
    "n": lambda many: {"n": None if many[-1] == "all" else _number(many[-1], 1, MAX_ROWS)},
    "sort": lambda many: {"sort": _sort(many[-1])},
    "vs": lambda many: {"vs": _versus(many[-1])},
    "tz": lambda many: {"tz": _one_of(many[-1], ["utc", "local"])},
    "every": lambda many: {"every": int(_one_of(many[-1], [str(s) for s in INTERVALS]))},
    "charts": lambda many: {"charts": _one_of(many[-1], ["drawn", "tables"])},
    "names": lambda many: {"names": _one_of(many[-1], ["defanged", "real"])},
    "at": lambda many: {"at": _number(many[-1], 0, 2**62)},
    "wall": lambda many: {"wall": True},
}
