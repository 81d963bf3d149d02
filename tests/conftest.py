"""What all tests share: one Spark session, one Kafka, and the real logs beside the clone."""

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from pipeline.demo.broker import Broker
from pipeline.jars import JarsMissing, broker_classpath

ROOT = Path(__file__).parents[1]

# Far from UTC, and no whole hours: a time that is taken for local shows.
os.environ["TZ"] = "America/St_Johns"
time.tzset()

# The broker's JVM has ended before its second compiler pays.
os.environ.setdefault("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1")

# No test may fail for a machine that is busy; `make fuzz` draws at length.
settings.register_profile("unhurried", deadline=None, max_examples=50)
settings.register_profile("fuzz", deadline=None, max_examples=3_000)
settings.load_profile("unhurried")


GROUPS = {"app": "unit", "unit": "unit", "browser": "browser", "kafka": "broker"}
GROUPS |= {"streaming": "broker", "browser/test_hostile": "broker", "browser/test_live": "broker"}
GROUPS |= {"browser/test_login": "wall", "browser/test_wall": "wall"}
"""By folder, or by folder and module; all others share nothing."""


class ByGroup(LoadScopeScheduling):
    """Groups, each with what its tests share: three run side by side, and who is done first goes on
    with another."""

    def _split_scope(self, nodeid: str) -> str:
        place = nodeid.partition("::")[0].removeprefix("tests/").removesuffix(".py")
        return GROUPS.get(place) or GROUPS.get(place.partition("/")[0], nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByGroup:
    """xdist's own groups need a mark that pytest 9.2 does not let it write down."""
    return ByGroup(config, log)


def missing(what: str) -> None:
    """Skip by name on a laptop; in CI nothing may be missing."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is missing, and CI=true allows no skip")
    pytest.skip(f"{what} is missing")


@pytest.fixture(scope="session")
def sample_logs() -> Path:
    """The folder of real Zeek logs."""
    folder = Path(os.environ.get("ZEEK_SAMPLE_DIR", ROOT.parent / "shared" / "logs"))
    if not folder.is_dir():
        missing(f"folder of real logs {folder}")
    return folder


@pytest.fixture(scope="session")
def spark() -> Iterator["object"]:
    """One real session for the suite, as the pipeline makes it."""
    from pipeline.session import start_session
    from pipeline.settings import Settings

    os.environ["PYSPARK_PYTHON"] = sys.executable
    session = start_session(Settings(master="local[2]"))
    yield session
    session.stop()


@pytest.fixture(scope="session")
def broker_jars() -> None:
    """For tests that start a broker of their own."""
    try:
        broker_classpath()
    except JarsMissing as error:
        missing(f"Kafka ({error})")


@pytest.fixture(scope="session")
def broker(broker_jars: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The `bootstrap.servers` of a running Kafka."""
    with Broker(tmp_path_factory.mktemp("kafka")) as running:
        yield running.servers


@pytest.fixture
def new_topic(broker: str) -> Callable[..., str]:
    """Makes a topic with a name of its own: `new_topic(partitions=2)` returns the name."""
    from confluent_kafka.admin import AdminClient
    from confluent_kafka.cimpl import NewTopic

    def make(partitions: int = 2) -> str:
        name = f"dns-{uuid.uuid4().hex[:8]}"
        admin = AdminClient({"bootstrap.servers": broker})
        admin.create_topics([NewTopic(name, partitions, 1)])[name].result(30)
        return name

    return make


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 MB of its own."""
    if not mounted(tmp_path, 64):
        missing("the right to mount a file system")
    yield tmp_path
    subprocess.run(["umount", str(tmp_path)], check=True)


def mounted(folder: Path, megabytes: int) -> bool:
    """Whether a small file system could be mounted there."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    return os.geteuid() == 0 and not subprocess.run(mount, capture_output=True).returncode


def filled(folder: Path) -> Path:
    """A file that takes all the room that is left."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(2**20)):
            pass
    return ballast


def flip(file: Path, begin: float, end: float) -> None:
    """Invert the bytes between two shares of the file's length."""
    data = bytearray(file.read_bytes())
    damaged = slice(int(len(data) * begin), int(len(data) * end))
    data[damaged] = bytes(byte ^ 0xFF for byte in data[damaged])
    file.write_bytes(data)
