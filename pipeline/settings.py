"""All settings: one frozen object, from the environment or from one TOML file.

Only this module reads the environment. `docs` on each field is the text of the README's table.
"""

import os
import re
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from pipeline.wall import read_views

PREFIX = "ZEEK_LIVE_"
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
BYTES = {"k": 2**10, "m": 2**20, "g": 2**30}
LOGS = Path("/opt/zeek/logs")

TOPIC = r"(?!\.{1,2}(?![A-Za-z0-9._-]))[A-Za-z0-9._-]{1,249}"
HOST = r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])"
THREADS = r"\[([1-9][0-9]{0,3}|\*)(\s*,\s*[1-9][0-9]{0,3})?\]"
TOKEN = r"[A-Za-z0-9._~+/-]{16,}=*"
MASTER = rf"local({THREADS})?|spark://{HOST}:[0-9]+(,{HOST}:[0-9]+)*|yarn|k8s://\S+"

OWN_OPTIONS = (
    "bootstrap.servers",
    "key.deserializer",
    "value.deserializer",
    "auto.offset.reset",
    "enable.auto.commit",
    "enable.partition.eof",
    "isolation.level",
)
"""Options of a Kafka client that this program sets itself."""
SECRET = ("kafka_options", "tokens")
"""Fields whose values are shown nowhere."""


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
    try:
        return timedelta(seconds=float(match[1]) * UNITS[match[2] or "s"])
    except OverflowError:
        raise ValueError("too long for a duration, which is such as 90s or 24h") from None


def parse_start(value: Any) -> Any:
    """A word, or an ISO 8601 time (without a zone: UTC), as a text or as TOML has it.

    >>> parse_start(datetime(2026, 1, 2)) == parse_start("2026-01-02T00:00:00Z")
    True
    """
    if value in ("latest", "earliest", "retention"):
        return value
    try:
        time = datetime.fromisoformat(str(value))
    except ValueError:
        raise ValueError("latest, earliest, retention or an ISO 8601 time") from None
    time = time if time.tzinfo else time.replace(tzinfo=UTC)
    if time.timestamp() < 0:
        raise ValueError("a time from 1970 on")
    return time


def parse_list(value: Any) -> Any:
    """A comma separated text as a tuple."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def parse_path(value: Any) -> Any:
    """An absolute path, out of one that begins at `~` or here; an empty text is none.

    >>> parse_path("state") == Path.cwd() / "state", parse_path("")
    (True, None)
    """
    if not isinstance(value, str | Path):
        return value
    if value == "":
        return None
    try:
        return Path(value).expanduser().absolute()
    except RuntimeError:
        raise ValueError("nobody has the home directory that it begins with") from None


def parse_log_dir(value: Any, info: ValidationInfo) -> Any:
    """A path; it may be empty where no logs are read."""
    if value != "":
        return parse_path(value)
    if info.data.get("source") == "logs":
        raise ValueError("a directory is needed when the source is logs")
    return LOGS


def parse_servers(value: Any) -> Any:
    """Brokers, each with its port.

    >>> parse_servers("a.example:9092, [::1]:9092")
    'a.example:9092, [::1]:9092'
    """
    for server in str(value).split(","):
        match = re.fullmatch(rf"{HOST}:([0-9]{{1,5}})", server.strip())
        if not match or not 1 <= int(match[2]) <= 65535:
            raise ValueError("each broker is host:port, with a port from 1 to 65535")
    return value


def parse_memory(value: Any) -> Any:
    """A size in the JVM's words.

    >>> parse_memory("512m")
    '512m'
    """
    match = re.fullmatch("([0-9]{1,9})([kmg])", str(value))
    if not match or int(match[1]) * BYTES[match[2]] < 512 * BYTES["m"]:
        raise ValueError("a whole number and k, m or g, such as 1g, and at least 512m")
    return value


def others_options(options: dict[str, SecretStr]) -> dict[str, SecretStr]:
    """The options, if none is this program's own."""
    for key in options:
        if key.removeprefix("kafka.") in OWN_OPTIONS:
            raise ValueError(f"{key} is set by this program and must be left out")
    return options


def networks(value: str, info: ValidationInfo) -> str:
    """The proxies, if each is an address or a network, and there are some where they are needed."""
    for each in parse_list(value):
        try:
            ip_network(each)
        except ValueError:
            raise ValueError("each is an address or a network, such as 10.0.0.5") from None
    if bool(value) != bool(info.data.get("login_header")):
        raise ValueError(f"it and {PREFIX}LOGIN_HEADER are set together, or neither is")
    return value


def hard_to_guess(tokens: SecretStr | None) -> SecretStr | None:
    """The tokens, if each is of a form that a header can carry, and long enough."""
    for each in parse_list(tokens.get_secret_value() if tokens else ""):
        if not re.fullmatch(TOKEN, each):
            raise ValueError("each token is of 16 or more letters, digits and ._~+/-")
    return tokens


def https_templates(pivots: dict[str, str]) -> dict[str, str]:
    """The pivots, if each is an address that takes a value."""
    for name, address in pivots.items():
        if not re.fullmatch(r"https://[^\s{}/]+/[^\s{}]*\{value\}[^\s{}]*", address):
            raise ValueError(f"{name}: {address!r} is not https://… with one {{value}} in its path")
    return pivots


def named_views(views: dict[str, str]) -> dict[str, str]:
    """The views of a wall, if each can be read."""
    read_views(views)
    return views


def _of_form(pattern: str, allowed: str) -> BeforeValidator:
    def checked(value: Any) -> Any:
        if not re.fullmatch(pattern, str(value)):
            raise ValueError(allowed)
        return value

    return BeforeValidator(checked)


Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
OptionalPath = Annotated[Path | None, BeforeValidator(parse_path)]


class Settings(BaseSettings):
    """What a user can choose; see the README for the table made of this."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="forbid", enable_decoding=True
    )

    source: Literal["kafka", "logs"] = Field(
        "kafka", description="where the records come from: `kafka`, or `logs`, a Zeek log directory"
    )
    kafka_servers: Annotated[str, BeforeValidator(parse_servers)] = Field(
        "127.0.0.1:9092", description="`host:port` of the brokers, comma separated"
    )
    kafka_topics: Annotated[
        str,
        _of_form(
            rf"{TOPIC}(\s*,\s*{TOPIC})*",
            "a topic's name has 249 characters at most: letters a to z, digits, dots, dashes and "
            "underscores",
        ),
    ] = Field("dns", description="topics to read, comma separated; `zeek` is the plugin's own")
    kafka_options: Annotated[dict[str, SecretStr], AfterValidator(others_options)] = Field(
        default={},
        description="a JSON object of further Kafka client options (TLS, SASL), "
        "each as `security.protocol` or `kafka.security.protocol`; their values are never shown",
    )
    log_dir: Annotated[Path, BeforeValidator(parse_log_dir)] = Field(
        LOGS, description="the directory under which Zeek writes and archives"
    )
    start: Annotated[
        Literal["latest", "earliest", "retention"] | datetime, BeforeValidator(parse_start)
    ] = Field(
        "retention",
        description="where to begin when no earlier run says so: `latest`, `earliest`, "
        "`retention` (now less what the table keeps), or an ISO 8601 time",
    )
    state_dir: OptionalPath = Field(
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
    master: Annotated[
        str,
        _of_form(
            MASTER,
            "local, local[n] with 1 to 9999 threads, local[*], spark://host:port, yarn or k8s://…",
        ),
    ] = Field(
        "local[4]",
        description="Spark's master: `local[4]`, or the `spark://host:port` of a cluster",
    )
    driver_host: Annotated[str, _of_form(HOST, "a name or an address of this machine")] = Field(
        "127.0.0.1", description="the address at which a cluster's workers reach this process"
    )
    worker_python: Annotated[
        str, _of_form(r"\S*", "a path without blanks, such as /opt/zeek-live/.venv/bin/python")
    ] = Field(
        "",
        description="the Python of a cluster's workers, as a path that holds on each of them and "
        "here; unset: the path of the one that runs this process",
    )
    driver_memory: Annotated[str, BeforeValidator(parse_memory)] = Field(
        "1g", description="heap of the JVM in this process"
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
    host_labels: OptionalPath = Field(
        None, description="a file of `address-or-network,label` lines, shown beside hosts"
    )
    known_domains: OptionalPath = Field(
        None, description="a file with a domain on each line, which one noise switch hides"
    )
    pivots: Annotated[dict[str, str], AfterValidator(https_templates)] = Field(
        default={},
        description="a JSON object of look-ups elsewhere, a name to an address that holds "
        '`{value}`, such as `{"VirusTotal": "https://www.virustotal.com/gui/search/{value}", '
        '"whois": "https://whois.example/?q={value}"}`; '
        "opened by a click only",
    )
    wall_addresses: bool = Field(
        False,
        description="whether a wall shows addresses in full, and the labels of hosts; "
        "else as `10.20.x.x`",
    )
    wall_views: Annotated[dict[str, str], AfterValidator(named_views)] = Field(
        default={},
        description="a JSON object of what a wall shows by turns: a name to the query string of "
        'a page, such as `{"Failures": "range=4h&response=NXDOMAIN"}`',
    )
    wall_seconds: int = Field(30, ge=5, le=86_400, description="how long each of them is shown")
    open: bool = Field(
        False,
        description="whether everybody may look who reaches an address that is not of this machine "
        "only; else a login is needed there",
    )
    login_header: Annotated[
        str, _of_form("[A-Za-z0-9-]*", "a header's name, such as X-Forwarded-User")
    ] = Field("", description="the header in which a reverse proxy names who has logged in there")
    login_proxies: Annotated[str, AfterValidator(networks)] = Field(
        "",
        validate_default=True,
        description="addresses or networks of the proxies that set it, comma separated",
    )
    tokens: Annotated[SecretStr | None, AfterValidator(hard_to_guess)] = Field(
        None,
        description="what programs and walls show instead of a login, comma separated: "
        "`Authorization: Bearer …`, or once `/?wall&token=…`; never shown",
    )

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics, each once."""
        return tuple(dict.fromkeys(parse_list(self.kafka_topics)))

    @property
    def kafka_client(self) -> dict[str, str]:
        """Options for a Kafka client, without the prefix `kafka.`. Holds secrets: never print."""
        names = (key.removeprefix("kafka.") for key in self.kafka_options)
        options = dict(zip(names, self.kafka_secrets, strict=True))
        return {"bootstrap.servers": self.kafka_servers, **options}

    @property
    def kafka_secrets(self) -> tuple[str, ...]:
        """The values of these options, for what must not say them."""
        return tuple(value.get_secret_value() for value in self.kafka_options.values())

    @property
    def proxies(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The proxies whose header counts."""
        return tuple(ip_network(each) for each in parse_list(self.login_proxies))

    @property
    def bearers(self) -> tuple[str, ...]:
        """The tokens, one by one: never print."""
        return tuple(parse_list(self.tokens.get_secret_value() if self.tokens else ""))

    def shown(self) -> dict[str, str]:
        """Every setting as a text that may be shown: secrets are masked."""
        values = self.model_dump()
        values["kafka_options"] = dict.fromkeys(self.kafka_options, "***")
        values["tokens"] = ["***"] * len(self.bearers)
        return {PREFIX + key.upper(): str(plain(value)) for key, value in values.items()}

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
    value = "***" if field[1] in SECRET else repr(os.environ.get(name, ""))
    about = Settings.model_fields[field[1]].description
    return f"{name}={value} cannot be used: it is not JSON ({about})"


def _sentence(error: Any) -> str:
    key = str(error["loc"][0]) if error["loc"] else ""
    name = PREFIX + key.upper() if key else "settings"
    field = Settings.model_fields.get(key)
    # A misspelt one may hold secrets too, and so may all settings together.
    is_secret = field is None or key in SECRET
    value = "***" if is_secret else repr(plain(error["input"]))
    about = f" ({field.description})" if field else ""
    told = error["msg"].removeprefix("Value error, ")
    return f"{name}={value} cannot be used: {told}{about}"


def java_home() -> Path | None:
    """Where JAVA_HOME points, if it is set: not a setting of ours, but of the machine's."""
    home = os.environ.get("JAVA_HOME")
    return Path(home) if home else None


def python_path(*first: Path) -> str:
    """PYTHONPATH with these before what the machine has in it."""
    known = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    return os.pathsep.join(dict.fromkeys([*map(str, first), *filter(None, known)]))


def settings_table() -> str:
    """All settings as a Markdown table: what the README shows, and a test holds it to."""
    rows = [
        f"| `{PREFIX}{name.upper()}` | {_default(field.default)} | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    return "\n".join(["| setting | default | what it is |", "|---|---|---|", *rows])


def _default(value: Any) -> str:
    return "–" if value in (None, {}, "") else f"`{plain(value)}`"


def plain(value: Any) -> Any:
    """A duration in its largest whole unit, as it can be written; any other value as it is."""
    if not isinstance(value, timedelta):
        return value
    seconds = value.total_seconds()
    unit = next((u for u in "dhm" if seconds and seconds % UNITS[u] == 0), "s")
    return f"{seconds / UNITS[unit]:g}{unit}"
