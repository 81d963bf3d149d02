"""The stream's state in words and the age of the newest record, drawn by the browser."""

from datetime import UTC, datetime
from pathlib import Path

import streamlit as st

from pipeline.status import Status

HERE = Path(__file__).parent
_mount = st.components.v2.component(
    "zeek_live_clock",
    html='<div class="clock" role="status"><i></i><b></b><span></span></div>',
    css=(HERE / "clock.css").read_text(encoding="utf-8"),
    js=(HERE / "clock.js").read_text(encoding="utf-8"),
)


def clock(status: Status, note: str = "") -> None:
    """State and age now; from here on the browser's clock goes on with them."""
    now = datetime.now(UTC)
    age = (now - status.newest).total_seconds() if status.newest else None
    _mount(
        key="clock",
        data={
            "state": status.state,
            "note": note or in_words(status),
            "age": age,
            "hint": f"{status.source}. {status.reason}",
            # Equal data is not drawn again, and the browser's count would start from an old age.
            "at": now.isoformat(),
        },
    )


def in_words(status: Status) -> str:
    """What stands beside the state.

    catching up: how far behind; no data, stopped: why. How late it is, the age tells.
    """
    if status.state in ("live", "late"):
        return ""
    if status.state == "catching up":
        return f"{status.lag_records:,} records, {status.lag_seconds / 60:.0f} min behind"
    return status.reason
