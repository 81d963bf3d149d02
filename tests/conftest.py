"""What all tests share: one Spark session, and the real logs where they stand beside the clone."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


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
