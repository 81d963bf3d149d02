"""What is on the screen as a file: CSV for spreadsheets (no formula runs), JSON for programs."""

import csv
import io
import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

import pandas as pd

from pipeline.names import defang, neutralise, shown
from pipeline.screen import CHARTS, PAGES, VIEWS, Counted, as_table
from pipeline.state import View
from pipeline.window import Window

Names = Literal["real", "defanged"]
NAMED = (
    "host", "domain", "name", "tld", "resolver", "answers", "type", "response", "sample",
    "value",
)  # fmt: skip
"""Columns whose texts are names or addresses, or whatever a record had instead."""
DRAWN = ("per_bar", "y0", "y1", "x0", "x1", "total", "rank")
"""Columns that say where something is drawn."""


@dataclass(frozen=True)
class Export:
    """The rows of a view, of so many that there are."""

    rows: pd.DataFrame
    of: int
    shown: int
    sort: str = ""
    """What ranks them."""

    @property
    def note(self) -> str:
        """A sentence where rows are missing, else empty."""
        return "" if self.shown >= self.of else f"The first {self.shown:,} of {self.of:,} rows."


def export(table: Counted, view: View, what: str, page: str = "") -> Export:
    """What a panel of a page shows; of no page, one of VIEWS. KeyError: there is no such."""
    listing = (PAGES[page] if page else VIEWS)[what](table, view)
    rows, is_chart = listing.rows, what in CHARTS or listing.stacked_by
    rows = as_table(rows, view)[0] if is_chart and view.charts == "tables" else rows
    rows = rows.drop(columns=list(DRAWN), errors="ignore")
    return Export(rows, listing.of, listing.shown, listing.sort)


def in_zone(rows: pd.DataFrame, zone: ZoneInfo) -> pd.DataFrame:
    """The same rows with their times in a zone."""
    times = rows.select_dtypes("datetimetz").columns
    return rows.assign(**{name: rows[name].dt.tz_convert(zone) for name in times})


def to_csv(
    rows: pd.DataFrame, names: Names = "real", note: str = "", named: Collection[str] = NAMED
) -> bytes:
    """CSV with one line a row: times ISO 8601 with zone, texts inert, no text is a formula.

    A note, such as that rows are missing, is the first cell of a last line; `named` are the columns
    that hold names.
    """
    defanged = named if names == "defanged" else ()
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([neutralise(str(name)) for name in rows.columns])
    columns = [[_cell(value, name in defanged) for value in rows[name]] for name in rows.columns]
    writer.writerows(zip(*columns, strict=True))
    if note:
        writer.writerow([note, *[""] * (len(columns) - 1)])
    return text.getvalue().encode("utf-8")


def to_json(made: Export, span: Window, names: Names = "real", stream: str = "") -> bytes:
    """An object: `from`, `to` (ISO 8601), `of`, `note`, `stream` (its state), `sort` (what ranks
    these rows, which may have no such column as was asked for), and `rows`, null for what is
    missing."""
    columns = {
        str(key): [_value(one, names == "defanged" and key in NAMED) for one in made.rows[key]]
        for key in made.rows
    }
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    facts = {"from": _time(span.start), "to": _time(span.end), "of": made.of, "note": made.note}
    facts |= {"stream": stream, "sort": made.sort}
    return json.dumps({**facts, "rows": rows}, ensure_ascii=False).encode("utf-8")


def _value(value: Any, defanged: bool) -> str | int | float | bool | None:
    """A cell as JSON has it, its text inert."""
    if value is None or value is pd.NaT or (isinstance(value, float) and pd.isna(value)):
        return None
    if isinstance(value, datetime):
        return _time(value)
    if isinstance(value, str):
        return (defang if defanged else shown)(value, 1000)
    plain: int | float | bool = value.item() if hasattr(value, "item") else value
    return round(plain, 3) if isinstance(plain, float) else plain


def _time(time: datetime) -> str:
    return time.isoformat().replace("+00:00", "Z")


def _cell(value: Any, defanged: bool) -> str:
    plain = _value(value, defanged)
    if isinstance(plain, str):
        return plain if isinstance(value, datetime) else neutralise(plain)
    return "" if plain is None else f"{plain:.3f}" if isinstance(plain, float) else str(plain)
