"""A summary's figures as cells of the strip: how much, how it changed, beside what."""

from pages.shared.columns import theme
from pages.shared.look import Figure
from pipeline import figures
from pipeline.charts import COLOURS

LABELS = {
    "queries": "Queries",
    "hosts": "Hosts",
    "domains": "Domains",
    "names": "Names",
    "resolvers": "Resolvers",
    "new_domains": "New domains",
    "nxdomain": "NXDOMAIN",
    "no_response": "No response",
    "rtt_ms": "Mean rtt",
}
SHARES = ("nxdomain", "no_response")
ALARMING_POINTS = 1.0
"""So many percentage points more of a failure are shown in its colour."""


RATE = "Per second of the complete bars, from the oldest record kept on"


def cells(summary: figures.Summary, why: str) -> list[Figure]:
    """The strip; `why` says why nothing is compared."""
    return [_cell(each, summary, why) for each in summary.figures.values()]


def _cell(figure: figures.Figure, summary: figures.Summary, why: str) -> Figure:
    colours = COLOURS[theme()]
    hue = {"nxdomain": colours["NXDOMAIN"], "no_response": colours["no response"]}
    rate = _rate(figure, summary)
    parts = [_change(figure), rate, _beside(figure)]
    return Figure(
        label=LABELS[figure.name],
        value=_value(figure.name, figure.value),
        note=" · ".join(part for part in parts if part) or "–",
        hint=". ".join(filter(None, [f"not compared: {why}" if why else "", RATE * bool(rate)])),
        leads_to=figure.name,
        series=figure.series,
        hue=hue.get(figure.name, colours["primary"]),
        alarming=figure.name == "nxdomain" and (figure.change or 0) >= ALARMING_POINTS,
    )


def _value(name: str, value: float | None) -> str:
    if value is None:
        return "–"
    if name in SHARES:
        return f"{value:.1f} %"
    return f"{value:.0f} ms" if name == "rtt_ms" else f"{value:,.0f}"


def _change(figure: figures.Figure) -> str:
    """Shares change in points, queries in percent of what they were, counts by their number."""
    change, before = figure.change, figure.before
    if change is None or before is None:
        return "– not compared"
    if figure.name in SHARES:
        return _signed(change, " pp", 1)
    if figure.name == "queries" and before and change > 9 * before:
        return _signed((change + before) / before, " ×")
    if figure.name == "queries" and before:
        return _signed(100 * change / before, " %", 1)
    return _signed(change, " ms" if figure.name == "rtt_ms" else "")


def _signed(change: float, unit: str, digits: int = 0) -> str:
    """What rounds to nothing has not changed.

    >>> _signed(-0.04, " pp", 1), _signed(1234.5, "")
    ('= 0.0 pp', '▲ 1,234')
    """
    change = round(change, digits)
    sign = "▲" if change > 0 else "▼" if change < 0 else "="
    return f"{sign} {abs(change):,.{digits}f}{unit}"


def _rate(figure: figures.Figure, summary: figures.Summary) -> str:
    # Where a figure stands beside another there is no room for its rate.
    if figure.name != "queries" or figure.beside is not None or summary.per_second is None:
        return ""
    rate = summary.per_second
    return f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.1f}/s"


def _beside(figure: figures.Figure) -> str:
    if figure.beside is None:
        return ""
    kind = "all" if figure.name in (*SHARES, "rtt_ms") else "median"
    return f"{kind} {_value(figure.name, figure.beside)}"
