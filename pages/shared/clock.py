"""The stream's state in words and the age of the newest record, drawn by the browser."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from pipeline.names import shown
from pipeline.status import LATE_AFTER, Status

HERE = Path(__file__).parent
PATIENCE = 2.5
"""Refreshes without an answer after which a wall says that the server is lost: before the third."""


def _component(name: str, inner: str, style: str) -> Any:
    return st.components.v2.component(
        name,
        html=f'<div class="clock" role="status">{inner}</div>',
        css=(HERE / style).read_text(encoding="utf-8"),
        js=(HERE / "clock.js").read_text(encoding="utf-8"),
    )


_mount = _component("zeek_live_clock", "<i></i><b></b><span></span>", "clock.css")
_mount_wall = _component(
    "zeek_live_wall_clock", "<em></em><i></i><b></b><span></span><time></time>", "wallclock.css"
)


def clock(status: Status, zone: ZoneInfo, note: str = "") -> None:
    """State and age now; from here on the browser's clock goes on with them."""
    _mount(key="clock", data=_told(status, zone, note))


def wall_clock(status: Status, zone: ZoneInfo, name: str, every: int) -> None:
    """The same across a wall, under its view's name; a banner while anything is not live."""
    own = {
        "name": shown(name),
        "patience": PATIENCE * every,
        "lost": "the numbers are old",
    }
    _mount_wall(key="wall-clock", data=_told(status, zone) | own)


def _told(status: Status, zone: ZoneInfo, note: str = "") -> dict[str, Any]:
    said = " · ".join(filter(None, [in_words(status, zone), note]))
    return {
        "state": status.state,
        "note": shown(said),
        "age": status.age,
        "hint": shown(". ".join(filter(None, [status.source, why(status, zone), note])), 1_000),
        # Equal data is not drawn again, and the browser's count would start from an old age.
        "at": datetime.now(UTC).isoformat(),
    }


def in_words(status: Status, zone: ZoneInfo) -> str:
    """What stands beside the state.

    catching up: how far behind; no data: since when; starting, stopped: why and since when. How
    late it is, the age tells, unless the lag rises, or the newest record was ahead of the clock.
    """
    is_told = not status.lag_records and (status.age or 0.0) > LATE_AFTER
    if status.state == "live" or (status.state == "late" and is_told):
        return ""
    if status.state == "catching up":
        return f"{status.lag_records:,} records, {status.lag_seconds / 60:.0f} min behind"
    if status.state == "no data" and status.newest:
        last = datetime.now(UTC) - timedelta(seconds=status.silence)
        return f"no new record since {_told_by(zone, last)}"
    return why(status, zone)


def why(status: Status, zone: ZoneInfo) -> str:
    """The reason of a state that gives no numbers, and first, since it may be cut, since when."""
    if status.state not in ("no data", "starting", "stopped") or "since" in status.reason.split():
        return status.reason
    return f"since {_told_by(zone, status.since)}: {status.reason}"


def _told_by(zone: ZoneInfo, time: datetime) -> str:
    local = time.astimezone(zone)
    today = local.date() == datetime.now(zone).date()
    return f"{local:{'%H:%M:%S %Z' if today else '%Y-%m-%d %H:%M:%S %Z'}}"
