"""A link to a file of what stands on the screen, made when it is clicked."""

from collections.abc import Callable

import streamlit as st

from pipeline.downloads import Offer

KEY = "offers"


def file_link(label: str, name: str, media_type: str, make: Callable[[], bytes]) -> None:
    """The link; the session keeps what it leads to, at one address for each name."""
    offers: dict[str, Offer] = st.session_state.setdefault(KEY, {})
    offer = offers.setdefault(name, Offer(name, media_type, make))
    offer.make = make
    # Nothing in it was observed on the network: labels are this program's own words.
    link = f'<a class="file" href="/download/{offer.address}" download>{label}</a>'
    st.html(link, width="content")
