"""What a page looks at closer: a focus is a filter's text that narrows its own panels only."""

from dataclasses import replace

from pipeline.names import shown
from pipeline.state import Filter, View


def of_row(level: str, value: str) -> Filter:
    """The filter that a row stands for; a TLD is all domains under it.

    >>> of_row("tld", "uk").to_text()
    '*.uk'
    """
    if level == "tld":
        return Filter("domain", value, under=not value.startswith("("))
    return Filter(level, value)


def of_text(text: str) -> Filter:
    """A filter from `field:value`, as a focus is written in the URL."""
    field, _, value = text.partition(":")
    return Filter.from_text(field, value)


def in_focus(view: View, *fields: str) -> Filter | None:
    """The view's focus, if it is on one of these fields."""
    if view.focus and view.focus[0] in fields:
        return Filter.from_text(*view.focus)
    return None


def looking_at(view: View, each: Filter) -> View:
    """The view of that focus alone."""
    return replace(view.without(each.field), filters=(*view.without(each.field).filters, each))


def one_host(view: View) -> str | None:
    """The one host that a host's page is of: the first that a filter names in full."""
    named = (
        f for f in view.filters if f.field == "host" and not (f.exclude or f.under or f.begins)
    )
    return next((each.value for each in named), None)


def put(view: View, each: Filter) -> View:
    """The view with that focus."""
    return replace(view, focus=(each.field, each.to_text()))


def words(each: Filter, limit: int = 60) -> str:
    """The focus as inert text, such as `bbc.co.uk` or `all under .uk`."""
    text = shown(each.value, limit)
    text += ".*" * each.begins
    return f"all under .{text}" if each.under else text
