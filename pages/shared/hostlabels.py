"""Labels beside hosts, from the file that the setting names."""

from functools import cache
from pathlib import Path

import pandas as pd

from pages.shared.once import once
from pipeline.labels import Labels
from pipeline.query import running


@cache
def _labels(path: Path | None) -> Labels:
    return Labels(path)


def label_of(address: str) -> str:
    """The label of an address, or nothing."""
    return _labels(running().settings.host_labels).of(address)


def label_problems() -> list[str]:
    """A sentence for each line of the file that is left out, and for a file that is not read."""
    label_of("::")  # Any address has the file read, if it has changed.
    return _labels(running().settings.host_labels).problems


def labelled(rows: pd.DataFrame, field: str = "host") -> pd.DataFrame:
    """The rows with a column `label`, where there is a file of labels."""
    if running().settings.host_labels is None:
        return rows
    return _labelled(rows, field, _labels(running().settings.host_labels).version)


@once
def _labelled(rows: pd.DataFrame, field: str, version: int) -> pd.DataFrame:
    """With the labels of that version of the file."""
    return rows.assign(label=[label_of(address) for address in rows[field]])
