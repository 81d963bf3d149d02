"""Settings are refused with their name, their value and what is allowed, and are documented."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pages.shared.pivots import is_public
from pipeline.session import spark_options
from pipeline.settings import Settings, SettingsError, read_settings, settings_table
from pipeline.state import Filter
from tests.conftest import ROOT

PORT = "host:port, with a port from 1 to 65535"
TOPIC = "letters a to z, digits, dots, dashes and underscores"
MASTER = "local[n] with 1 to 9999 threads, local[*], spark://host:port, yarn or k8s://"
MEMORY = "a whole number and k, m or g, such as 1g, and at least 512m"
NOBODY = "nobody has the home directory that it begins with"

WRONG = {
    ("SOURCE", "rabbit"): "'kafka' or 'logs'",
    ("RETENTION", "a day"): "90s or 24h",
    ("RETENTION", "1s"): "1 minute",
    ("RETENTION", "500d"): "400 days",
    ("RETENTION", "99999999999999d"): "too long for a duration",
    ("START", "yesterday"): "latest, earliest, retention or an ISO 8601 time",
    ("ROW_BUDGET", "5"): "greater than or equal to 1000",
    ("TRIGGER", "-1"): "90s or 24h",
    ("MAX_BATCH_RECORDS", "0"): "greater than or equal to 1",
    ("MAX_RECORD_BYTES", "1e9"): "a valid integer",
    ("PRIVATE_SUFFIXES", "github.io"): "a valid boolean",
    ("KAFKA_TOPICS", "a b"): TOPIC,
    ("KAFKA_TOPICS", ""): TOPIC,
    ("KAFKA_TOPICS", "dns,"): TOPIC,
    ("KAFKA_TOPICS", ".."): TOPIC,
    ("KAFKA_TOPICS", "dns,."): TOPIC,
    ("KAFKA_TOPICS", "a" * 250): TOPIC,
    ("START", "1969-12-31T23:59:59Z"): "a time from 1970 on",
    ("KAFKA_SERVERS", ""): PORT,
    ("KAFKA_SERVERS", "nohost"): PORT,
    ("KAFKA_SERVERS", "http://a b"): PORT,
    ("KAFKA_SERVERS", "http://a:9092"): PORT,
    ("KAFKA_SERVERS", "a:9092,b"): PORT,
    ("KAFKA_SERVERS", "a:0"): PORT,
    ("KAFKA_SERVERS", "a:65536"): PORT,
    ("KAFKA_SERVERS", "::1:9092"): PORT,
    ("KAFKA_OPTIONS", "{"): "not JSON",
    ("MASTER", "mesos://x"): MASTER,
    ("MASTER", "local[0]"): MASTER,
    ("MASTER", "local[2,0]"): MASTER,
    ("MASTER", "spark://host"): MASTER,
    ("DRIVER_HOST", ""): "a name or an address of this machine",
    ("WORKER_PYTHON", "/opt/my python"): "a path without blanks, such as /opt",
    ("DRIVER_HOST", "http://me"): "a name or an address of this machine",
    ("DRIVER_MEMORY", "lots"): MEMORY,
    ("DRIVER_MEMORY", "0g"): MEMORY,
    ("DRIVER_MEMORY", "1k"): MEMORY,
    ("DRIVER_MEMORY", "255m"): MEMORY,
    ("FIELD_NAMES", "{src: ts}"): "not JSON",
    ("LOG_DIR", "~nobody-here/logs"): NOBODY,
    ("STATE_DIR", "~nobody-here/state"): NOBODY,
    ("HOST_LABELS", "~nobody-here/hosts"): NOBODY,
    ("PIVOTS", "{whois: x}"): "not JSON",
    ("KNOWN_DOMAINS", "~nobody-here/known"): NOBODY,
    ("WALL_ADDRESSES", "some"): "a valid boolean",
    ("WALL_VIEWS", "{Office: host}"): "not JSON",
    ("WALL_SECONDS", "1"): "greater than or equal to 5",
    ("OPEN", "everybody"): "a valid boolean",
    ("LOGIN_HEADER", "X User"): "a header's name, such as X-Forwarded-User",
    ("LOGIN_PROXIES", "proxy.example"): "an address or a network, such as 10.0.0.5",
    ("LOGIN_PROXIES", "10.0.0.5"): "it and ZEEK_LIVE_LOGIN_HEADER are set together",
    ("TOKENS", "too-short"): "16 or more letters, digits and ._~+/-",
    ("TOKENS", "long-enough-for-all,no blank in it please"): "16 or more letters",
    ("CONFIG", "nowhere.toml"): "no file",
}


def test_every_setting_has_a_value_that_is_refused() -> None:
    assert {setting for setting, _ in WRONG} == {
        *(name.upper() for name in Settings.model_fields),
        "CONFIG",
    }


@pytest.mark.parametrize(("setting", "value"), WRONG)
def test_a_wrong_value_is_refused_with_its_name_its_value_and_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch, setting: str, value: str
) -> None:
    monkeypatch.setenv(f"ZEEK_LIVE_{setting}", value)
    with pytest.raises(SettingsError) as refused:
        read_settings()
    shown = "***" if setting in ("KAFKA_OPTIONS", "TOKENS") else repr(value)
    for part in (f"ZEEK_LIVE_{setting}={shown}", WRONG[setting, value]):
        assert part in str(refused.value)
    for jargon in ("pattern", "Value error"):
        assert jargon not in str(refused.value)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("KAFKA_SERVERS", "a.example:1, b_2:65535,[2001:db8::1]:9092"),
        ("KAFKA_TOPICS", "zeek , dns-2.x_y"),
        ("MASTER", "local"),
        ("MASTER", "local[*]"),
        ("MASTER", "local[16, 3]"),
        ("MASTER", "spark://a:7077,b:7077"),
        ("MASTER", "yarn"),
        ("MASTER", "k8s://https://a:6443"),
        ("DRIVER_HOST", "me.example"),
        ("DRIVER_HOST", "[::1]"),
        ("DRIVER_MEMORY", "512m"),
        ("DRIVER_MEMORY", "1048576k"),
    ],
)
def test_a_value_of_the_right_form_is_taken_as_it_is(
    monkeypatch: pytest.MonkeyPatch, setting: str, value: str
) -> None:
    monkeypatch.setenv(f"ZEEK_LIVE_{setting}", value)
    assert getattr(read_settings(), setting.lower()) == value


@pytest.mark.parametrize("setting", ["STATE_DIR", "LOG_DIR", "HOST_LABELS"])
def test_a_path_may_begin_here_or_at_home_and_is_absolute(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, setting: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/of/zeek")
    for value, path in {
        "some/place": tmp_path / "some/place",
        "~/place": Path("/home/of/zeek/place"),
        "/place": Path("/place"),
    }.items():
        monkeypatch.setenv(f"ZEEK_LIVE_{setting}", value)
        assert getattr(read_settings(), setting.lower()) == path


def test_an_empty_path_is_unset_and_refused_where_logs_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for setting in ("STATE_DIR", "LOG_DIR", "HOST_LABELS"):
        monkeypatch.setenv(f"ZEEK_LIVE_{setting}", "")
    settings = read_settings()
    assert (settings.state_dir, settings.host_labels) == (None, None)
    assert settings.log_dir == Path("/opt/zeek/logs")
    monkeypatch.setenv("ZEEK_LIVE_SOURCE", "logs")
    with pytest.raises(SettingsError) as refused:
        read_settings()
    told = "ZEEK_LIVE_LOG_DIR='' cannot be used: a directory is needed when the source is logs"
    assert told in str(refused.value)


@pytest.mark.parametrize("prefix", ["", "kafka."])
@pytest.mark.parametrize(
    "option",
    [
        "bootstrap.servers",
        "key.deserializer",
        "value.deserializer",
        "auto.offset.reset",
        "enable.auto.commit",
    ],
)
def test_an_option_that_the_program_sets_itself_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, prefix: str, option: str
) -> None:
    options = {"sasl.password": "hunter2", prefix + option: "hunter2"}
    monkeypatch.setenv("ZEEK_LIVE_KAFKA_OPTIONS", json.dumps(options))
    with pytest.raises(SettingsError) as refused:
        read_settings()
    told = f"ZEEK_LIVE_KAFKA_OPTIONS=*** cannot be used: {prefix}{option} is set by this program"
    assert told in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_a_topic_that_is_named_twice_is_read_once_and_one_may_begin_with_a_dot() -> None:
    assert Settings(kafka_topics="dns, .x,dns, a..b").topics == ("dns", ".x", "a..b")


def test_a_setting_that_does_not_exist_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZEEK_LIVE_TOPIC", "dns")
    with pytest.raises(SettingsError, match="ZEEK_LIVE_TOPIC is no setting"):
        read_settings()


def test_a_header_without_its_proxies_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZEEK_LIVE_LOGIN_HEADER", "X-Forwarded-User")
    with pytest.raises(SettingsError, match="ZEEK_LIVE_LOGIN_PROXIES='' cannot be used"):
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


@pytest.mark.parametrize(
    ("written", "start"),
    [
        ("2026-01-02T03:04:05", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05+02:00", datetime(2026, 1, 2, 1, 4, 5, tzinfo=UTC)),
        ("2026-01-02", datetime(2026, 1, 2, tzinfo=UTC)),
        ('"earliest"', "earliest"),
    ],
)
def test_a_start_in_the_file_without_a_zone_is_utc(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, written: str, start: datetime | str
) -> None:
    file = tmp_path / "zeek-live.toml"
    file.write_text(f"start = {written}\n")
    monkeypatch.setenv("ZEEK_LIVE_CONFIG", str(file))
    assert read_settings().start == start


def test_a_path_in_the_file_that_is_no_text_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "zeek-live.toml"
    file.write_text("state_dir = false\n")
    monkeypatch.setenv("ZEEK_LIVE_CONFIG", str(file))
    with pytest.raises(SettingsError, match="ZEEK_LIVE_STATE_DIR=False cannot be used"):
        read_settings()


@pytest.mark.parametrize("written", ["5", "true", "03:04:05"])
def test_a_start_in_the_file_that_is_no_time_is_refused_with_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, written: str
) -> None:
    file = tmp_path / "zeek-live.toml"
    file.write_text(f"start = {written}\n")
    monkeypatch.setenv("ZEEK_LIVE_CONFIG", str(file))
    with pytest.raises(SettingsError, match="an ISO 8601 time") as refused:
        read_settings()
    assert str(refused.value).count("ZEEK_LIVE_START") == 1


def test_secrets_are_shown_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZEEK_LIVE_KAFKA_OPTIONS", json.dumps({"kafka.sasl.password": "hunter2"}))
    monkeypatch.setenv("ZEEK_LIVE_SOURCE", "logs")
    monkeypatch.setenv("ZEEK_LIVE_TOKENS", "hunter2-hunter2-hunter2, hunter2-hunter2-hunter3")
    settings = read_settings()
    assert settings.bearers == ("hunter2-hunter2-hunter2", "hunter2-hunter2-hunter3")
    assert settings.kafka_client["sasl.password"] == "hunter2"
    told = [repr(settings), str(settings.shown()), str(settings.model_dump())]
    told += [settings.model_dump_json(), str(spark_options(settings))]
    assert "hunter2" not in str(told)
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


@pytest.mark.parametrize(
    "address",
    ["http://x.example/{value}", "https://x.example/", "javascript:{value}", "https://{value}"],
)
def test_a_pivot_is_an_address_that_takes_a_value(address: str) -> None:
    with pytest.raises(SettingsError, match=r"x: .* is not https://… with one {value}"):
        read_settings(pivots={"x": address})


@pytest.mark.parametrize(
    ("each", "public"),
    [
        (Filter("domain", "example.com"), True),
        (Filter("name", "www.example.com"), True),
        (Filter("host", "8.8.8.8"), True),
        (Filter("resolver", "10.0.0.53"), False),
        (Filter("host", "fe80::1%eth0"), False),
        (Filter("domain", "(no query)"), False),
        (Filter("name", "wpad"), False),
        (Filter("type", "A"), False),
    ],
)
def test_only_what_others_can_know_is_looked_up(each: Filter, public: bool) -> None:
    assert is_public(each) is public
