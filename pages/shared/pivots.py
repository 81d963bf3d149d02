"""Look-ups elsewhere: links that a click opens, which tell where they lead and nothing more."""

from ipaddress import ip_address
from urllib.parse import quote, urlsplit

import streamlit as st

from pages.shared.search import is_address
from pipeline.query import running
from pipeline.state import Filter


def pivots(each: Filter) -> None:
    """A link for each of the settings' pivots, if the value means something out there."""
    if not is_public(each):
        return
    for name, template in running().settings.pivots.items():
        where = template.replace("{value}", quote(each.value, safe=""))
        host = urlsplit(template).hostname
        st.link_button(name, where, help=f"opens {host}, which learns what you look at")


def is_public(each: Filter) -> bool:
    """Whether others can know it: a name with a dot, or an address of the internet.

    >>> is_public(Filter("host", "10.1.2.3")), is_public(Filter("domain", "example.com"))
    (False, True)
    """
    if is_address(each.value):
        return ip_address(each.value).is_global
    return each.field in ("domain", "name") and "." in each.value and each.value[0] != "("
