"""The one entry point: `streamlit run dashboard.py` starts the server, and the stream with it."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache

import streamlit as st
from starlette.middleware import Middleware
from streamlit import config

# The modules below take seconds on a busy machine, and there is nothing to end in order yet.
in_order = {each: signal.signal(each, signal.SIG_DFL) for each in (signal.SIGTERM, signal.SIGINT)}

from pages.shared import login
from pipeline import query
from pipeline.access import Access, Gate
from pipeline.jars import JavaMissing
from pipeline.scratch import tidy_up
from pipeline.settings import SettingsError, current
from pipeline.table import TableError
from pipeline.web import ROUTES, SecurityHeaders

# What it writes tells what was asked for by whom.
os.umask(0o077)
logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[None]:
    """The query runs as long as the server, also when no browser ever comes."""
    query.running().start()
    host, port = st.get_option("server.address") or "localhost", st.get_option("server.port")
    sys.stdout.write(f"zeek-live: the dashboard is at http://{host}:{port}\n")
    sys.stdout.flush()
    try:
        yield
    finally:
        await asyncio.to_thread(query.running().stop)
        tidy_up()


try:
    gate = Gate(current(), st.get_option("server.address"), login.configured())
    gate.check()
    query.use(query.Pipeline(current()))
except (SettingsError, JavaMissing, TableError) as error:
    sys.exit(f"zeek-live: {error}")
for each, handler in in_order.items():
    signal.signal(each, handler)

# Streamlit tells each viewer the theme at each refresh, and looks through all its options for it
# six times: a seventh of a busy server's time. Another theme needs another start.
config.get_options_for_section = cache(config.get_options_for_section)

app = st.App(
    "pages/frame.py",
    lifespan=lifespan,
    routes=[*ROUTES, *(login.ROUTES if gate.login else [])],
    middleware=[
        Middleware(SecurityHeaders, allowed_hosts=st.get_option("server.allowedHosts") or ()),
        Middleware(Access, gate=gate),
    ],
)
