"""What is copied is whole, and times have what tells them apart."""

from datetime import UTC, datetime, timedelta

import pytest

from pages.shared.columns import columns
from pages.shared.copy import whole
from pipeline.state import View

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize("value", ["a." * 400 + "example", '{"query":"' + "\\x01" * 300 + '"}'])
def test_a_long_value_is_copied_to_its_end(value: str) -> None:
    assert whole(value).replace("[.]", ".") == value


@pytest.mark.parametrize(
    ("view", "form"),
    [
        (View(range="1h"), "HH:mm:ss"),
        (View(range="24h"), "MM-DD HH:mm"),
        (View(start=NOON, end=NOON + timedelta(minutes=10)), "HH:mm:ss"),
        (View(start=NOON, end=NOON + timedelta(days=1)), "MM-DD HH:mm"),
    ],
)
def test_times_show_days_only_where_there_may_be_several(view: View, form: str) -> None:
    assert columns(view, "last")["last"]["type_config"]["format"] == form
