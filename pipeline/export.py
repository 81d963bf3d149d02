"""What is on the screen as a file: CSV for spreadsheets (no formula runs), JSON for programs."""

import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, Protocol
from zoneinfo import ZoneInfo

import pandas as pd

from pipeline import view as views
from pipeline.cache import Readable
from pipeline.ledger import Counters
from pipeline.names import defang, neutralise, shown
from pipeline.ranking import Listing
from pipeline.records import records
from pipeline.state import MAX_ROWS, View
from pipeline.window import Window

Names = Literal["real", "defanged"]
NAMED = ("host", "domain", "name", "tld", "resolver", "answers")
"""Columns whose texts are names or addresses."""


class Counted(Readable, Protocol):
    """A table that also tells what it rejected."""

    def counters(self) -> Counters:
        """All counters."""

    def samples(self, reason: str) -> list[str]:
        """The last few records rejected for a reason."""


@dataclass(frozen=True)
class Export:
    """The rows of a view, of so many that there are."""

    rows: pd.DataFrame
    of: int

    @property
    def note(self) -> str:
        """A sentence where rows are missing, else empty."""
        count = len(self.rows)
        return "" if count >= self.of else f"The first {count:,} of {self.of:,} rows."


def _listing(listing: Listing) -> tuple[pd.DataFrame, int]:
    return listing.rows, listing.of


def _volume(table: Counted, view: View) -> tuple[pd.DataFrame, int]:
    rows = views.volume(table, view).drop(columns=["y0", "y1"])
    return rows, len(rows)


def _rejected(table: Counted, view: View) -> tuple[pd.DataFrame, int]:
    rejected = table.counters().rejected
    rows = pd.DataFrame(
        [
            {"reason": reason, "records": count, "last_seen": last, "sample": sample}
            for reason, (count, last) in rejected.items()
            for sample in table.samples(reason) or [""]
        ],
        columns=["reason", "records", "last_seen", "sample"],
    )
    rows["last_seen"] = pd.to_datetime(rows["last_seen"], utc=True)
    return rows, len(rows)


VIEWS: dict[str, Callable[[Counted, View], tuple[pd.DataFrame, int]]] = {
    "domains": lambda table, view: _listing(
        views.domains(table, view, view.level, view.n, view.sort, series=False)
    ),
    "names": lambda table, view: _listing(views.names(table, view, view.n, view.sort)),
    "hosts": lambda table, view: _listing(
        views.hosts(table, view, view.n, view.sort, series=False)
    ),
    "types": lambda table, view: _listing(views.types(table, view, view.n)),
    "responses": lambda table, view: _listing(views.responses(table, view, view.n)),
    "resolvers": lambda table, view: _listing(views.resolvers(table, view, view.n, view.sort)),
    "new_domains": lambda table, view: _listing(views.new_domains(table, view, view.n)),
    "records": lambda table, view: _listing(records(table, view, view.n, view.sort)),
    "volume": _volume,
    "rejected": _rejected,
}


def export(table: Counted, view: View, what: str) -> Export:
    """One of VIEWS with the view's filters, range, order and number of rows. KeyError: no such."""
    rows, of = VIEWS[what](table, view)
    return Export(rows.head(MAX_ROWS), of)


def in_zone(made: Export, zone: ZoneInfo) -> Export:
    """The same rows with their times in a zone."""
    times = {
        name: made.rows[name].dt.tz_convert(zone)
        for name in made.rows.select_dtypes("datetimetz").columns
    }
    return replace(made, rows=made.rows.assign(**times))


def to_csv(rows: pd.DataFrame, names: Names = "real") -> bytes:
    """CSV with one line a row: times ISO 8601 with zone, texts inert, no text is a formula."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(rows.columns)
    columns = [[_cell(value, name, names) for value in rows[name]] for name in rows.columns]
    writer.writerows(zip(*columns, strict=True))
    return text.getvalue().encode("utf-8")


def to_json(made: Export, span: Window, names: Names = "real") -> bytes:
    """An object: `from`, `to` (ISO 8601), `of`, `note`, and `rows`, null for what is missing."""
    columns = {
        str(key): [_value(one, str(key), names) for one in made.rows[key]] for key in made.rows
    }
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    facts = {"from": _time(span.start), "to": _time(span.end), "of": made.of, "note": made.note}
    return json.dumps({**facts, "rows": rows}, ensure_ascii=False).encode("utf-8")


def _value(value: Any, column: str, names: Names) -> str | int | float | bool | None:
    """A cell as JSON has it, its text inert."""
    if value is None or value is pd.NaT or (isinstance(value, float) and pd.isna(value)):
        return None
    if isinstance(value, datetime):
        return _time(value)
    if isinstance(value, str):
        return defang(value) if names == "defanged" and column in NAMED else shown(value, 1000)
    plain: int | float | bool = value.item() if hasattr(value, "item") else value
    return round(plain, 3) if isinstance(plain, float) else plain


def _time(time: datetime) -> str:
    return time.isoformat().replace("+00:00", "Z")


def _cell(value: Any, column: str, names: Names) -> str:
    plain = _value(value, column, names)
    if isinstance(plain, str):
        return plain if isinstance(value, datetime) else neutralise(plain)
    return "" if plain is None else f"{plain:.3f}" if isinstance(plain, float) else str(plain)
