"""Raw records: Zeek's own behind a number, read again from Kafka or the logs."""

import streamlit as st

from pages.shared import lookups, url
from pages.shared.copy import copier
from pages.shared.look import panel, rows
from pages.shared.refresh import again

SECONDS = 1.0


def step() -> None:
    """One table over the whole page, drawn again while records are found."""
    view = url.view()
    lookup = lookups.of(view)
    with rows(), panel():
        lookups.head(lookup, view)
        if lookup:
            lookups.records(lookup, view, 22)
    copier()
    if reading and lookup and lookup.is_over:
        st.rerun()


lookups.begin_if_asked(url.view())
now = lookups.of(url.view())
reading = now is not None and not now.is_over
again(step, SECONDS if reading else None)
