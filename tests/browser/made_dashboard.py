"""`streamlit run` this: the pages over a table made by hand, of the kind that MADE names."""

import os
import sys
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

import streamlit as st  # noqa: E402
from starlette.middleware import Middleware  # noqa: E402

from pipeline import query  # noqa: E402
from pipeline.status import Status  # noqa: E402
from pipeline.web import ROUTES, SecurityHeaders  # noqa: E402
from tests.made import SOURCE, Made, busy, network, partial  # noqa: E402

KIND = os.environ.get("MADE", "growing")
"""growing, or still; slow to pin, and growing; laboured to read, and growing by new domains; empty;
stopped; or a day, of which there are its first two hours."""

GROWING = ("growing", "slow", "laboured")


def made(kind: str) -> Made:
    """The pipeline that the pages show."""
    if kind in ("growing", "still"):
        return busy()
    if kind == "slow":
        return slow()
    if kind == "laboured":
        return laboured()
    pipeline, now = Made(), datetime.now(UTC)
    if kind.startswith("20"):
        start = datetime.fromisoformat(f"{kind}T00:00:00+00:00")
        later = (start + timedelta(hours=2) - now) / timedelta(minutes=1)
        pipeline.add(network().rows(start, 7200), minutes=later)
    if kind == "empty":
        reason = f"no records yet from {SOURCE}, connected 12 s ago"
        pipeline.now = Status("no data", reason, now, SOURCE)
    if kind == "stopped":
        pipeline = busy()
        reason = "broker 127.0.0.1:9092 does not answer since 13:20:11 UTC"
        pipeline.now = replace(pipeline.now, state="stopped", reason=reason, restarts=3)
    return pipeline


def slow() -> Made:
    """One whose table takes half a second to pin a version, as behind a large batch."""
    pipeline = busy()
    pin = pipeline.table.pin
    pipeline.table.pin = lambda version: (time.sleep(0.5), pin(version))[1]  # type: ignore[method-assign]
    return pipeline


def laboured() -> Made:
    """One whose table takes a moment for each answer, as while the stream catches up."""
    pipeline = busy()
    read, seconds = pipeline.table.read, float(os.environ.get("MADE_LABOUR", "0.05"))
    pipeline.table.read = lambda *args: (time.sleep(seconds), read(*args))[1]  # type: ignore[method-assign]
    return pipeline


def grow(pipeline: Made, stop: threading.Event) -> None:
    """A few records a second, until told to stop."""
    hosts = network(seed=7)
    while not stop.wait(1):
        now = datetime.now(UTC)
        pipeline.add(hosts.rows(now - timedelta(seconds=10), 10, a_bucket=3))
        if KIND == "laboured":
            new = f"at-{now:%H-%M-%S}.example"
            pipeline.add([partial(now, "10.20.0.1", new, new)])


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[None]:
    """The table grows while the server runs."""
    stop = threading.Event()
    thread = threading.Thread(target=grow, args=(query.running(), stop))
    if KIND in GROWING:
        thread.start()
    yield
    stop.set()
    if KIND in GROWING:
        thread.join()
    query.running().table.close()


query.use(made(KIND))
app = st.App(
    str(ROOT / "pages" / "frame.py"),
    lifespan=lifespan,
    routes=ROUTES,
    middleware=[Middleware(SecurityHeaders)],
)
