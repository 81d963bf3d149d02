"""What several modules of unit tests share."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from pipeline import known, query
from pipeline.metrics import Metrics
from pipeline.status import Status
from pipeline.table import Table
from pipeline.web import LIMITER
from tests.unit.logged import KNOWN
from tests.unit.table_rows import T0, batch, row


@pytest.fixture(scope="module")
def one_record() -> Iterator[None]:
    """One record of one host, in a table in memory, as what runs."""
    table = Table(None, timedelta(days=1), 1_000_000)
    table.add(batch(0, [row()]), T0)
    status = Status("live", "since a while", datetime(2026, 1, 1, tzinfo=UTC), "dns")
    made = SimpleNamespace(table=table, counters=table.counters, status=lambda: status)
    made.metrics = Metrics(made)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(query, "_running", [made])
        yield
    table.close()


@pytest.fixture
def asked_for_the_first_time() -> None:
    """Nobody has asked for rows before."""
    LIMITER.storage.reset()


@pytest.fixture(scope="module")
def known_domains(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The file of known domains that a noise switch hides."""
    path = tmp_path_factory.mktemp("known") / "known.txt"
    path.write_text(KNOWN, encoding="utf-8")
    known.use(path)
    yield
    known.use(None)
