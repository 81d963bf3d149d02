"""The stream's state in words and the age of the newest record, drawn by the browser."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import streamlit as st

from pipeline.names import shown
from pipeline.status import LATE_AFTER, Status

HERE = Path(__file__).parent
_mount = st.components.v2.component(
    "zeek_live_clock",
    html='<div class="clock" role="status"><i></i><b></b><span></span></div>',
    css=(HERE / "clock.css").read_text(encoding="utf-8"),
    js=(HERE / "clock.js").read_text(encoding="utf-8"),
)


def clock(status: Status, zone: ZoneInfo, note: str = "") -> None:
    """State and age now; from here on the browser's clock goes on with them."""
    _mount(
        key="clock",
        data={
            "state": status.state,
            "note": shown(note or in_words(status, zone)),
            "age": status.age,
            "hint": shown(f"{status.source}. {why(status, zone)}", 1_000),
            # Equal data is not drawn again, and the browser's count would start from an old age.
            "at": datetime.now(UTC).isoformat(),
        },
    )


def in_words(status: Status, zone: ZoneInfo) -> str:
    """What stands beside the state.

    catching up: how far behind; no data, starting, stopped: why and since when. How late it is,
    the age tells, unless the newest record was ahead of the clock.
    """
    if status.state == "live" or (status.state == "late" and (status.age or 0.0) > LATE_AFTER):
        return ""
    if status.state == "catching up":
        return f"{status.lag_records:,} records, {status.lag_seconds / 60:.0f} min behind"
    return why(status, zone)


def why(status: Status, zone: ZoneInfo) -> str:
    """The reason of a state that gives no numbers, and first, since it may be cut, since when."""
    if status.state not in ("no data", "starting", "stopped") or "since" in status.reason.split():
        return status.reason
    began = status.since.astimezone(zone)
    today = began.date() == datetime.now(zone).date()
    return f"since {began:{'%H:%M:%S %Z' if today else '%Y-%m-%d %H:%M:%S %Z'}}: {status.reason}"
