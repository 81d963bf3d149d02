"""Colours of both themes, in one table; contrast on page and panel is held by a test."""

from typing import Literal

Theme = Literal["light", "dark"]

COLOURS: dict[str, dict[str, str]] = {
    "light": {
        "NXDOMAIN": "#A85A00",
        "SERVFAIL": "#7D0A22",
        "REFUSED": "#5B3A9E",
        "no response": "#142033",
        "other": "#037465",
        "NOERROR": "#7A8FB0",
        "NOERROR text": "#51678C",
        "primary": "#1D5FBF",
        "background": "#FFFFFF",
        "secondary": "#F6F8FA",
        "text": "#1B2430",
        "muted": "#5A6878",
        "border": "#D5DCE5",
        "grid": "#E6EAF0",
    },
    "dark": {
        "NXDOMAIN": "#FDB022",
        "SERVFAIL": "#EB5A5F",
        "REFUSED": "#B79AF2",
        "no response": "#E3EAF3",
        "other": "#5FB8A4",
        "NOERROR": "#5A75A3",
        "NOERROR text": "#8FA8D1",
        "primary": "#5B9DF5",
        "background": "#0E1319",
        "secondary": "#161D27",
        "text": "#DCE3EC",
        "muted": "#93A2B5",
        "border": "#2A3442",
        "grid": "#222C39",
    },
}
"""By theme: one colour a response everywhere, and those of the page."""
