"""Raw records: Zeek's own behind a number, read again from Kafka or the logs."""

import streamlit as st

from pages.shared import lookups, url
from pages.shared.copy import copier
from pages.shared.live import at_once
from pages.shared.look import empty, panel, rows
from pages.shared.refresh import again

SECONDS = 1.0


def step() -> None:
    """One table over the whole page, drawn again while records are found."""
    if url.view() != view or url.JUMP in st.session_state:
        st.rerun()
    lookup = lookups.of(view)
    with at_once():
        with rows(), panel():
            lookups.head(lookup, view)
            if lookup:
                lookups.records(lookup, view, 22)
            else:
                empty("nothing read yet", 300, lookups.HINT)
        copier()
    if lookups.is_reading(lookup) != reading:
        st.rerun()


view = url.view()
lookups.begin_if_asked(view)
reading = lookups.is_reading(lookups.of(view))
again(step, SECONDS if reading else None)
