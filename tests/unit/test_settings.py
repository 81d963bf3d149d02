"""Settings are refused with their name, their value and what is allowed, and are documented."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.settings import SettingsError, read_settings, settings_table
from tests.conftest import ROOT

WRONG = {
    ("SOURCE", "rabbit"): "'kafka' or 'logs'",
    ("RETENTION", "a day"): "90s or 24h",
    ("RETENTION", "1s"): "1 minute",
    ("START", "yesterday"): "latest, earliest, retention or an ISO 8601 time",
    ("ROW_BUDGET", "5"): "1000",
    ("TRIGGER", "-1"): "90s or 24h",
    ("KAFKA_TOPICS", "a b"): "pattern",
    ("MASTER", "mesos://x"): "pattern",
    ("DRIVER_MEMORY", "lots"): "pattern",
    ("FIELD_NAMES", "{src: ts}"): "not JSON",
    ("CONFIG", "nowhere.toml"): "no file",
}


@pytest.mark.parametrize(("setting", "value"), WRONG)
def test_a_wrong_value_is_refused_with_its_name_its_value_and_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch, setting: str, value: str
) -> None:
    monkeypatch.setenv(f"ZEEK_LIVE_{setting}", value)
    with pytest.raises(SettingsError) as refused:
        read_settings()
    for part in (f"ZEEK_LIVE_{setting}", value, WRONG[setting, value]):
        assert part in str(refused.value)


def test_a_setting_that_does_not_exist_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZEEK_LIVE_TOPIC", "dns")
    with pytest.raises(SettingsError, match="ZEEK_LIVE_TOPIC is no setting"):
        read_settings()


def test_values_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZEEK_LIVE_RETENTION", "90m")
    monkeypatch.setenv("ZEEK_LIVE_START", "2026-01-02T03:04:05")
    monkeypatch.setenv("ZEEK_LIVE_KAFKA_TOPICS", "zeek, dns")
    settings = read_settings()
    assert settings.retention == timedelta(minutes=90)
    assert settings.start == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert settings.topics == ("zeek", "dns")


def test_a_file_gives_values_and_the_environment_stands_before_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "zeek-live.toml"
    file.write_text('source = "logs"\nrow_budget = 5000\n[field_names]\nsrc = "id.orig_h"\n')
    monkeypatch.setenv("ZEEK_LIVE_CONFIG", str(file))
    monkeypatch.setenv("ZEEK_LIVE_ROW_BUDGET", "7000")
    settings = read_settings()
    assert (settings.source, settings.row_budget) == ("logs", 7000)
    assert settings.field_names == {"src": "id.orig_h"}


def test_secrets_of_the_kafka_client_are_shown_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZEEK_LIVE_KAFKA_OPTIONS", json.dumps({"kafka.sasl.password": "hunter2"}))
    settings = read_settings()
    assert settings.kafka_client["sasl.password"] == "hunter2"
    assert "hunter2" not in repr(settings) + str(settings.shown())
    monkeypatch.setenv("ZEEK_LIVE_KAFKA_OPTIONS", '{"sasl.password": "hunter2"')
    with pytest.raises(SettingsError) as refused:
        read_settings()
    assert "hunter2" not in str(refused.value)
    monkeypatch.setenv("ZEEK_LIVE_KAFKA_OPTIONS", '["hunter2"]')
    with pytest.raises(SettingsError) as refused:
        read_settings()
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('[kafka_option]\n"sasl.password" = "hunter2"\n', "ZEEK_LIVE_KAFKA_OPTION=***"),
        ('"sasl.password" = "hunter2"\n', "ZEEK_LIVE_SASL.PASSWORD=***"),
        ('kafka_options = ["hunter2"]\n', "ZEEK_LIVE_KAFKA_OPTIONS=***"),
        ('row_budget = 5\n[kafka_options]\npassword = "hunter2"\n', "ZEEK_LIVE_ROW_BUDGET=5"),
    ],
)
def test_a_misspelt_setting_in_the_file_is_named_and_its_value_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str, named: str
) -> None:
    file = tmp_path / "zeek-live.toml"
    file.write_text(text)
    monkeypatch.setenv("ZEEK_LIVE_CONFIG", str(file))
    with pytest.raises(SettingsError) as refused:
        read_settings()
    assert named in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_the_readme_has_the_table_of_all_settings() -> None:
    assert settings_table() in (ROOT / "README.md").read_text()
