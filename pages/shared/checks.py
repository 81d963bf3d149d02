"""Whether the numbers can be trusted: in a sentence, in figures, in sums."""

from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from pages.shared import stream, url
from pages.shared.columns import theme
from pages.shared.hostlabels import label_problems
from pages.shared.look import Figure, escaped, title, zone_of
from pages.shared.ranks import whole_table
from pipeline import known
from pipeline.charts import COLOURS
from pipeline.ledger import Counters
from pipeline.settings import Settings
from pipeline.state import REASON, View
from pipeline.status import Status, span

number, text = st.column_config.NumberColumn, st.column_config.TextColumn


PAUSED = " The other pages are paused; this one goes on and is of now."
FILTERED = " Of the whole stream: filters are of the other pages."


def sentence(status: Status, counters: Counters, view: View) -> None:
    """The one sentence that says it, and what of the view is not for this page."""
    read, lost = counters.read, sum(_rejected(counters).values())
    words = {
        "live": "Alive, complete and up to date",
        "catching up": f"Alive and catching up, {status.reason or 'behind'}",
        "no data": f"Nothing new arrives: {status.reason}",
        "late": f"Alive, but {status.reason or 'the newest record is old'}",
        "starting": f"Starting: {status.reason}",
        "stopped": f"Stopped: {status.reason}",
    }[status.state].removesuffix(".")
    share = f" ({100 * lost / read:.2g} %)" if lost and read else ""
    what = "lines" if counters.headers else "records"
    count = f"Of {read:,} {what} read, {lost:,} could not be used{share}." if read else ""
    st.html(
        f'<div class="sentence" data-state="{status.state}"><b>{escaped(words)}.</b> '
        f"<span>{count}{PAUSED * (view.at is not None)}{FILTERED * bool(view.filters)}</span></div>"
    )


def _rejected(counters: Counters) -> dict[str, int]:
    return {reason: count for reason, (count, _) in counters.rejected.items()}


def figures(status: Status, counters: Counters, settings: Settings) -> list[Figure]:
    """Lag, rate, age, batch time, rows, restarts."""
    line = COLOURS[theme()]["primary"]
    seconds = [each.seconds for each in status.batches]
    p95 = f"{np.percentile(seconds, 95):.2f} s" if seconds else "–"
    used = 100 * counters.rows / settings.row_budget
    lags = [float(each.lag_records) for each in status.batches]
    reads = [float(each.read) for each in status.batches]
    lag, behind = stream.lag_in_words(status)
    return [
        Figure("Lag", lag, "records in the source, not read", lags, line),
        Figure("Behind", behind, status.source, (), line),
        Figure("Records a second", _rate(status), "over the last batches", reads, line),
        Figure("Newest record", *_newest(status)),
        Figure("Batch time, p95", p95, stream.batches_in_words(len(seconds), "of"), seconds, line),
        Figure("Rows", f"{counters.rows:,}", f"{used:.1f} % of {settings.row_budget:,}"),
        Figure("Restarts", f"{status.restarts:,}", "since the server started"),
    ]


def _newest(status: Status) -> tuple[str, str]:
    """How old the newest record is, or how far ahead, and the state."""
    age = status.age
    if age is None:
        return "–", status.state
    if age <= -1:
        return f"{span(-age)} ahead", f"of this clock · {status.state}"
    return f"{span(max(0.0, age))} old", status.state


def _rate(status: Status) -> str:
    if len(status.batches) < 2:
        return "–"
    seconds = (status.batches[-1].at - status.batches[0].at) / timedelta(seconds=1)
    records = sum(each.read for each in status.batches[1:])
    return f"{records / seconds:,.0f}" if seconds else "–"


def whole_sum(counters: Counters, rows: int) -> None:
    """Read = counted + rejected + other feed + header lines, at all times."""
    others = sum(counters.other_feed.values())
    parts = {
        "counted": counters.counted,
        "rejected": sum(_rejected(counters).values()),
        "other feed": others,
        "header lines": counters.headers,
    }
    missing = counters.read - sum(parts.values())
    title(
        "read = counted + rejected + other feed + header lines",
        "adds up" if missing == 0 else f"{missing:,} records are not accounted for",
    )
    everything = {"read": counters.read, **parts, "difference": missing}
    frame = pd.DataFrame(
        {"what": key, "records": value, "share": 100 * value / max(counters.read, 1)}
        for key, value in everything.items()
    )
    whole_table("sum", frame, {"what": text("Records"), **_counted()}, rows, "", by="what")


def _counted() -> dict[str, Any]:
    return {
        "records": number("Count", format="localized"),
        "share": number("Share", format="%.3f%%"),
    }


def reasons(counters: Counters, view: View, rows: int) -> None:
    """A row for each reason why records were not counted."""
    many = sum(_rejected(counters).values())
    kinds = len(counters.rejected)
    said = f"{many:,} record{'s' * (many != 1)} for {kinds} reason{'s' * (kinds != 1)}"
    title("Rejected", said)
    frame = pd.DataFrame(
        {
            "reason": reason,
            "records": count,
            "share": 100 * count / max(counters.read, 1),
            "last": last,
        }
        for reason, (count, last) in _by_count(counters).items()
    )
    last = st.column_config.DatetimeColumn(
        "Last seen", format="MM-DD HH:mm:ss", timezone=str(zone_of(view))
    )
    columns = {"reason": text("Reason"), **_counted(), "last": last}
    whole_table(
        "reasons", frame, columns, rows, "no record was rejected",
        by="reason", picked=[_reason(view, counters)], focus=view.focus, on_pick=_pick,
    )  # fmt: skip


def _by_count(counters: Counters) -> dict[str, tuple[int, datetime]]:
    return dict(sorted(counters.rejected.items(), key=lambda item: -item[1][0]))


def _reason(view: View, counters: Counters) -> str | None:
    field, value = view.focus or ("", "")
    return value if field == REASON and value in counters.rejected else None


def _pick(reason: str, _column: str) -> None:
    url.change(focus=(REASON, reason))


def samples(kept: Any, counters: Counters, view: View, rows: int) -> None:
    """The last few records of the reason that is looked at, or of each: the last of each first."""
    picked = _reason(view, counters)
    which = f"of “{picked}”" if picked else "of each reason"
    title("Samples of rejected records", f"the last {which}, cut at 1,000 characters")
    last = [
        [(reason, sample) for sample in reversed(kept.samples(reason))]
        for reason in _by_count(counters)
        if picked in (None, reason)
    ]
    # A reason after the other, those of the first would fill what is seen of the table.
    in_turn = [each for turn in zip_longest(*last) for each in turn if each]
    frame = pd.DataFrame(in_turn, columns=["reason", "sample"])
    # Two may be alike.
    frame["nth"] = frame.groupby(["reason", "sample"]).cumcount()
    columns = {"reason": text("Reason", width=130), "sample": text("Record", width=600)}
    whole_table(
        "samples", frame, columns, rows, "nothing to look at",
        by="sample", rows_by=tuple(frame), ranking=picked,
    )  # fmt: skip


def kept(status: Status, counters: Counters, settings: Settings, view: View, rows: int) -> None:
    """What the table keeps, what it gave up, and what happened to the query."""
    zone = zone_of(view)

    def at(time: datetime | None) -> str:
        return f"{time.astimezone(zone):%Y-%m-%d %H:%M:%S}" if time else "–"

    title("Kept", "in the table, and what happened to the query")
    facts = {
        "retention": f"{span(settings.retention.total_seconds())} back from the newest bucket",
        "oldest bucket": at(counters.oldest),
        "newest record": at(counters.newest),
        "rows of budget": f"{counters.rows:,} of {settings.row_budget:,}",
        "folded into (other)": f"{counters.folded:,} records, totals exact",
        "evicted": f"{counters.evicted:,} records, older than retention",
        "state since": f"{status.state}, {at(status.since)}",
        "last trigger": at(status.last_trigger),
        "restarts": f"{status.restarts:,}",
    }
    for what, found in (("host labels", label_problems()), ("known domains", known.problems())):
        more = f" (and {len(found) - 1:,} more)" if len(found) > 1 else ""
        facts |= {what: found[0] + more} if found else {}
    notes = {f"note {place}": note for place, note in enumerate(reversed(status.notes), 1)}
    _facts("kept", facts | notes, "Fact", rows)


def settings_in_force(settings: Settings, rows: int) -> None:
    """Every setting; secrets are masked."""
    title("Settings in force", "from the environment or the file it names; secrets masked")
    _facts("settings", settings.shown(), "Setting", rows)


def _facts(key: str, facts: dict[str, str], label: str, rows: int) -> None:
    frame = pd.DataFrame({"fact": list(facts), "value": list(facts.values())})
    columns = {"fact": text(label, width=240), "value": text("Value")}
    whole_table(key, frame, columns, rows, "", by="fact")
