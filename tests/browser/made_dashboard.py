"""`streamlit run` this: the pages over a table made by hand, which grows by a batch a second."""

import os
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

import streamlit as st  # noqa: E402
from starlette.middleware import Middleware  # noqa: E402

from pipeline import query  # noqa: E402
from pipeline.web import ROUTES, SecurityHeaders  # noqa: E402
from tests.made import Made, busy, network  # noqa: E402

GROWS = os.environ.get("MADE_GROWS", "1") == "1"


def grow(made: Made, stop: threading.Event) -> None:
    """A few records a second, until told to stop."""
    hosts = network(seed=7)
    while not stop.wait(1):
        now = datetime.now(UTC)
        made.add(hosts.rows(now - timedelta(seconds=10), 10, a_bucket=3))


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[None]:
    """The table grows while the server runs."""
    stop = threading.Event()
    thread = threading.Thread(target=grow, args=(query.running(), stop))
    if GROWS:
        thread.start()
    yield
    stop.set()
    if GROWS:
        thread.join()
    query.running().table.close()


query.use(busy())
app = st.App(
    str(ROOT / "pages" / "frame.py"),
    lifespan=lifespan,
    routes=ROUTES,
    middleware=[Middleware(SecurityHeaders)],
)
