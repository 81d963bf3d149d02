"""A link to a file of what stands on the screen, made when it is clicked."""

from collections.abc import Callable

import streamlit as st

from pages.shared.look import escaped
from pipeline.downloads import Offer

KEY = "offers"


def file_link(label: str, name: str, media_type: str, make: Callable[[], bytes]) -> None:
    """The link; the session keeps what it leads to, at one address for each name."""
    offers: dict[str, Offer] = st.session_state.setdefault(KEY, {})
    offer = offers.setdefault(name, Offer(name, media_type, make))
    offer.make = make
    st.html(
        f'<a class="file" href="/download/{escaped(offer.address)}" download>{escaped(label)}</a>',
        width="content",
    )
