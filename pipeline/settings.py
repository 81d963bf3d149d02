"""All settings: one frozen object, from the environment or from one TOML file.

Only this module reads the environment. `docs` on each field is the text of the README's table.
"""

import os
import re
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

PREFIX = "ZEEK_LIVE_"
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class SettingsError(Exception):
    """A setting has a value that cannot be used; the message names both and what is allowed."""


def parse_duration(value: Any) -> Any:
    """Seconds as a number, or a number with a unit.

    >>> parse_duration("15m")
    datetime.timedelta(seconds=900)
    """
    if isinstance(value, timedelta):
        return value
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhd]?)", str(value).strip())
    if not match:
        raise ValueError("a duration is a number and s, m, h or d, such as 90s or 24h")
    return timedelta(seconds=float(match[1]) * UNITS[match[2] or "s"])


def parse_start(value: Any) -> Any:
    """A word, or an ISO 8601 time (without a zone: UTC)."""
    if not isinstance(value, str) or value in ("latest", "earliest", "retention"):
        return value
    try:
        time = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError("latest, earliest, retention or an ISO 8601 time") from None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def parse_list(value: Any) -> Any:
    """A comma separated text as a tuple."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


Duration = Annotated[timedelta, BeforeValidator(parse_duration)]


class Settings(BaseSettings):
    """What a user can choose; see the README for the table made of this."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="forbid", enable_decoding=True
    )

    source: Literal["kafka", "logs"] = Field(
        "kafka", description="where the records come from: `kafka`, or `logs`, a Zeek log directory"
    )
    kafka_servers: str = Field(
        "127.0.0.1:9092", min_length=1, description="`host:port` of the brokers, comma separated"
    )
    kafka_topics: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+(\s*,\s*[A-Za-z0-9._-]+)*$")] = (
        Field("dns", description="topics to read, comma separated; `zeek` is the plugin's own")
    )
    kafka_options: dict[str, SecretStr] = Field(
        default={},
        description="a JSON object of further Kafka client options (TLS, SASL), "
        "each as `security.protocol` or `kafka.security.protocol`; their values are never shown",
    )
    log_dir: Path = Field(
        Path("/opt/zeek/logs"), description="the directory under which Zeek writes and archives"
    )
    start: Annotated[
        Literal["latest", "earliest", "retention"] | datetime, BeforeValidator(parse_start)
    ] = Field(
        "retention",
        description="where to begin when no earlier run says so: `latest`, `earliest`, "
        "`retention` (now less what the table keeps), or an ISO 8601 time",
    )
    state_dir: Path | None = Field(
        None, description="where the table outlives the process; unset: in memory only"
    )
    retention: Duration = Field(
        timedelta(hours=24),
        ge=timedelta(minutes=1),
        le=timedelta(days=400),
        description="how far back the table reaches, from its newest bucket",
    )
    row_budget: int = Field(
        1_000_000,
        ge=1_000,
        le=50_000_000,
        description="rows the table may hold; beyond it the smallest names are folded",
    )
    trigger: Duration = Field(
        timedelta(seconds=1),
        ge=timedelta(0),
        le=timedelta(minutes=10),
        description="pause from the start of one batch to the start of the next",
    )
    max_batch_records: int = Field(
        200_000, ge=1, le=10_000_000, description="records in one batch at most"
    )
    max_record_bytes: int = Field(
        1_000_000, ge=1_000, le=10_000_000, description="a longer record is rejected as too long"
    )
    master: str = Field(
        "local[4]",
        pattern=r"^(local(\[(\d+|\*)(,\s*\d+)?\])?|spark://.+|yarn|k8s://.+)$",
        description="Spark's master: `local[4]`, or the `spark://host:port` of a cluster",
    )
    driver_host: str = Field(
        "127.0.0.1", description="the address at which a cluster's workers reach this process"
    )
    driver_memory: str = Field(
        "1g", pattern=r"^\d+[kmg]$", description="heap of the JVM in this process"
    )
    private_suffixes: bool = Field(
        False,
        description="whether names under private suffixes (`github.io`, `blogspot.com`) "
        "count as registered domains of their own",
    )
    field_names: dict[str, str] = Field(
        default={},
        description="a JSON object of renamed fields: the log's name to Zeek's, "
        'such as `{"src": "id.orig_h"}`',
    )
    host_labels: Path | None = Field(
        None, description="a file of `address-or-network,label` lines, shown beside hosts"
    )

    @model_validator(mode="after")
    def _needs_directory(self) -> "Settings":
        if self.source == "logs" and not str(self.log_dir):
            raise ValueError("log_dir must name a directory when source is logs")
        return self

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics as a tuple."""
        return tuple(parse_list(self.kafka_topics))

    @property
    def kafka_client(self) -> dict[str, str]:
        """Options for a Kafka client, without the prefix `kafka.`. Holds secrets: never print."""
        options = {
            key.removeprefix("kafka."): value.get_secret_value()
            for key, value in self.kafka_options.items()
        }
        return {"bootstrap.servers": self.kafka_servers, **options}

    def shown(self) -> dict[str, str]:
        """Every setting as a text that may be shown: secrets are masked."""
        values = self.model_dump()
        values["kafka_options"] = dict.fromkeys(self.kafka_options, "***")
        return {PREFIX + key.upper(): str(_plain(value)) for key, value in values.items()}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment stands before the file that ZEEK_LIVE_CONFIG names."""
        file = os.environ.get(PREFIX + "CONFIG")
        if file and not Path(file).is_file():
            raise ValueError(f"{PREFIX}CONFIG={file!r} is no file")
        toml = (TomlConfigSettingsSource(settings_cls, Path(file)),) if file else ()
        return (init_settings, env_settings, *toml)


def read_settings(**values: Any) -> Settings:
    """The settings in force; SettingsError with one sentence a wrong value."""
    _check_names()
    try:
        return Settings(**values)
    except ValidationError as error:
        raise SettingsError("; ".join(_sentence(each) for each in error.errors())) from None
    except (OSError, ValueError) as error:
        raise SettingsError(_unreadable(str(error))) from None


@cache
def current() -> Settings:
    """The settings of this process, read once."""
    return read_settings()


def _check_names() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields} | {PREFIX + "CONFIG"}
    wrong = sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)
    if wrong:
        raise SettingsError(f"{wrong[0]} is no setting; there are {', '.join(sorted(known))}")


def _unreadable(told: str) -> str:
    """A value that is not JSON is told by pydantic-settings without its name's full form."""
    field = re.search(r'value for field "(\w+)"', told)
    if not field:
        return f"settings cannot be read: {told}"
    name = PREFIX + field[1].upper()
    value = "***" if field[1] == "kafka_options" else repr(os.environ.get(name, ""))
    about = Settings.model_fields[field[1]].description
    return f"{name}={value} cannot be used: it is not JSON ({about})"


def _sentence(error: Any) -> str:
    key = str(error["loc"][0]) if error["loc"] else ""
    name = PREFIX + key.upper() if key else "settings"
    field = Settings.model_fields.get(key)
    # A misspelt kafka_options holds secrets too, and so may all settings together.
    is_secret = field is None or key == "kafka_options"
    value = "***" if is_secret else repr(_plain(error["input"]))
    about = f" ({field.description})" if field else ""
    return f"{name}={value} cannot be used: {error['msg']}{about}"


def java_home() -> Path | None:
    """Where JAVA_HOME points, if it is set: not a setting of ours, but of the machine's."""
    home = os.environ.get("JAVA_HOME")
    return Path(home) if home else None


def settings_table() -> str:
    """All settings as a Markdown table: what the README shows, and a test holds it to."""
    rows = [
        f"| `{PREFIX}{name.upper()}` | {_default(field.default)} | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    return "\n".join(["| setting | default | what it is |", "|---|---|---|", *rows])


def _default(value: Any) -> str:
    return "–" if value in (None, {}) else f"`{_plain(value)}`"


def _plain(value: Any) -> Any:
    """A duration in its largest whole unit, as it can be written; any other value as it is."""
    if not isinstance(value, timedelta):
        return value
    seconds = value.total_seconds()
    unit = next((u for u in "dhm" if seconds and seconds % UNITS[u] == 0), "s")
    return f"{seconds / UNITS[unit]:g}{unit}"
