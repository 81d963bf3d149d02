"""What befalls a file: kills, a second process, a full disk, damage. All of a batch, or nothing."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from pipeline.store import FILE_NAME
from pipeline.table import Resume, Table, TableDamaged, TableError, TableFull, TableLocked
from tests.conftest import filled, flip
from tests.unit.table_rows import T0, batch, row

ROOT = Path(__file__).parents[2]
HOUR = timedelta(hours=1)

BEGIN = """
import os, signal, sys
from datetime import timedelta
from pathlib import Path
import pipeline.table as module
from pipeline.table import Table
from tests.conftest import filled
from tests.unit.table_rows import T0, batch, row

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

def rows(number):
    return [row(number, 2, query=f"n{number}-{n}.example.com") for n in range(50)]

table = Table(Path(sys.argv[1]), timedelta(hours=1), 1_000)
"""


@contextmanager
def child(code: str, folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """A process of its own that opens the table in `folder` and goes on with `code`."""
    command = [sys.executable, "-c", BEGIN + textwrap.dedent(code), str(folder)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, text=True, **pipes) as process:
        yield process
        process.kill()


def killed(code: str, folder: Path) -> None:
    """Run such a process, which must end by killing itself."""
    with child(code, folder) as process:
        assert process.wait(60) == -signal.SIGKILL


def open_table(folder: Path) -> Table:
    return Table(folder, HOUR, 1_000)


def assert_whole(table: Table, batches: int) -> None:
    """So many batches of 100 records are in it, and the ledger says the same."""
    resume = table.resume()
    assert (None if resume is None else resume.batch_id) == (batches - 1 if batches else None)
    rows = table.read("SELECT coalesce(sum(count), 0) AS n FROM dns_counts")
    assert rows["n"].to_pylist() == [100 * batches]
    assert (table.counters().read, table.counters().counted) == (100 * batches, 100 * batches)


@pytest.mark.parametrize(
    ("dies", "batches"),
    [
        ("save = module.ledger.save; module.ledger.save = die", 1),  # rows in, ledger not
        ("module.ledger.save = lambda db, state: (save(db, state), die())", 1),  # before commit
        ("module.roll.incoming = die", 1),  # before the rows
        ("table.add(batch(1, rows(1)), T0); die()", 2),  # after commit
    ],
)
def test_a_kill_within_add_leaves_all_of_a_batch_or_nothing(
    dies: str, batches: int, tmp_path: Path
) -> None:
    code = f"""
    table.add(batch(0, rows(0)), T0)
    save = module.ledger.save
    {dies}
    table.add(batch(1, rows(1)), T0)
    """
    killed(code, tmp_path)
    table = open_table(tmp_path)
    assert_whole(table, batches)
    replayed = [row(1, 2, query=f"n1-{n}.example.com") for n in range(50)]
    assert table.add(batch(1, replayed), T0) is (batches == 1)
    assert_whole(table, 2)
    table.close()


@pytest.mark.parametrize(
    "dies",
    [
        "module.roll.fold = die",
        "rewrite = module.roll.rewrite; module.roll.rewrite = lambda *_: (rewrite(*_), die())",
        "module.ledger.save = die",
        "table._store.checkpoint = die",
    ],
)
def test_a_kill_within_maintain_changes_no_total(dies: str, tmp_path: Path) -> None:
    code = f"""
    for number in range(30):
        table.add(batch(number, rows(number)), T0)
    {dies}
    table.maintain()
    table.maintain()  # in no haste any more
    """
    killed(code, tmp_path)
    table = open_table(tmp_path)
    assert_whole(table, 30)
    table.maintain()
    assert_whole(table, 30)
    assert table.counters().rows <= 1_000
    table.close()


def test_a_kill_at_any_moment_leaves_whole_batches(tmp_path: Path) -> None:
    """Killed as the fortieth batch is reported, in the middle of what comes after it."""
    code = """
    number = table.resume().batch_id + 1 if table.resume() else 0
    while True:
        table.add(batch(number, rows(number % 60)), T0)
        if number % 7 == 0:
            table.maintain()
        print(number, flush=True)
        number += 1
    """
    reported = 0
    for _ in range(3):
        with child(code, tmp_path) as process:
            assert process.stdout is not None
            for line in process.stdout:
                if int(line) >= reported + 40:
                    break
        table = open_table(tmp_path)
        resume = table.resume()
        assert resume is not None
        assert resume.batch_id >= reported + 40
        assert_whole(table, resume.batch_id + 1)
        reported = resume.batch_id
        table.close()


def test_a_kill_while_the_file_is_made_leaves_none_that_would_be_refused(tmp_path: Path) -> None:
    code = """
    table.close()
    module._create = die
    Table(Path(sys.argv[1]) / "new", timedelta(hours=1), 1_000)
    """
    killed(code, tmp_path)
    table = open_table(tmp_path / "new")
    assert_whole(table, 0)
    table.close()


def test_a_second_process_is_refused_and_told_which_is_the_first(tmp_path: Path) -> None:
    with child("print('open', flush=True); input()", tmp_path) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        with pytest.raises(TableLocked, match=rf"in use by process {process.pid}"):
            open_table(tmp_path)
    open_table(tmp_path).close()


def test_a_file_that_another_program_has_open_is_refused(tmp_path: Path) -> None:
    open_table(tmp_path).close()
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); input()"
    command = [sys.executable, "-c", code, str(tmp_path / FILE_NAME)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "open\n"
        with pytest.raises(TableLocked, match=rf"in use by process {other.pid}"):
            open_table(tmp_path)
        other.kill()


def test_a_full_disk_is_said_and_the_next_add_works_when_there_is_room(small_disk: Path) -> None:
    table = open_table(small_disk)
    table.add(batch(0, [row(0, 100)]), T0)
    before = (table.counters(), table.version, table.resume())
    ballast = filled(small_disk)
    with pytest.raises(TableFull, match=r"has 0 MB free and 32 MB are needed"):
        table.add(batch(1, [row(1, 100)]), T0)
    with pytest.raises(TableFull):
        table.maintain()
    assert (table.counters(), table.version, table.resume()) == before
    assert_whole(table, 1)
    ballast.unlink()
    assert table.add(batch(1, [row(1, 100)]), T0)
    assert_whole(table, 2)
    table.close()


def test_a_write_that_fails_for_good_is_undone_and_the_table_opened_again(tmp_path: Path) -> None:
    """The disk looks roomy, and still no file can grow: the database ends, and is reopened."""
    code = """
    import json, resource
    from pipeline.table import TableFull
    for number in range(3):
        table.add(batch(number, rows(number)), T0)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    log = Path(sys.argv[1]) / "zeek-live.duckdb.wal"
    resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size + 100, limit[1]))
    count = "SELECT sum(count) AS n FROM dns_counts"
    try:
        table.add(batch(3, rows(3)), T0)
    except TableFull as error:
        seen = [str(error), table.read(count)["n"][0].as_py(), table.counters().read]
    resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    added = table.add(batch(3, rows(3)), T0)
    print(json.dumps([*seen, added, table.read(count)["n"][0].as_py()]))
    table.close()
    """
    with child(code, tmp_path) as process:
        output, _ = process.communicate(timeout=60)
    message, *figures = json.loads(output)
    assert "has no room" in message
    assert figures == [300, 300, True, 400]
    table = open_table(tmp_path)
    assert_whole(table, 4)
    table.close()


def test_a_checkpoint_that_ends_the_database_loses_nothing(tmp_path: Path) -> None:
    """DuckDB refuses all use of it until it is opened again, which readers need not wait for."""
    code = """
    import json, resource
    from pipeline.table import TableFull
    for number in range(3):
        table.add(batch(number, rows(number)), T0)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    checkpoint = table._store.checkpoint
    def checkpoint_on_a_full_disk():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limit[1]))
        try:
            checkpoint()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    table._store.checkpoint = checkpoint_on_a_full_disk
    count = "SELECT sum(count) AS n FROM dns_counts"
    try:
        table.maintain()
    except TableFull as error:
        seen = [str(error), table.read(count)["n"][0].as_py()]
    added = table.add(batch(3, rows(3)), T0)
    print(json.dumps([*seen, added, table.read(count)["n"][0].as_py()]))
    """
    with child(code, tmp_path) as process:
        output, _ = process.communicate(timeout=60)
    message, *figures = json.loads(output)
    assert "FATAL" in message
    assert figures == [300, True, 400]


@pytest.mark.parametrize(
    "damage",
    [
        lambda file: flip(file, 0, 0.01),
        lambda file: flip(file, 0.2, 0.4),
        lambda file: flip(file, 0.5, 0.9),
        lambda file: os.truncate(file, file.stat().st_size // 2),
        lambda file: os.truncate(file, 0),
        lambda file: file.write_text("SQLite format 3"),
    ],
)
def test_a_damaged_file_is_refused_and_left_as_it_is(
    damage: Callable[[Path], None], tmp_path: Path
) -> None:
    table = open_table(tmp_path)
    for number in range(20):
        names = [row(n, query=f"n{number}-{n}.example.com") for n in range(300)]
        table.add(batch(number, names), T0)
    table.close()
    file = tmp_path / FILE_NAME
    damage(file)
    left = file.read_bytes()
    with pytest.raises(TableDamaged, match=r"cannot be used: .* Move it"):
        open_table(tmp_path)
    assert file.read_bytes() == left


def test_a_table_that_is_closed_leaves_nothing_in_its_log(tmp_path: Path) -> None:
    table = open_table(tmp_path)
    table.add(batch(0, [row(0, 100)]), T0)
    assert (tmp_path / f"{FILE_NAME}.wal").stat().st_size
    table.close()
    assert not (tmp_path / f"{FILE_NAME}.wal").exists()


def test_a_damaged_file_and_its_log_are_refused_and_both_left_as_they_are(tmp_path: Path) -> None:
    """DuckDB itself, when it closes a file, would write the log into it, and remove the log."""
    code = """
    table.add(batch(0, rows(0)), T0)
    table.maintain()
    table.add(batch(1, rows(1)), T0)
    die()
    """
    killed(code, tmp_path)
    file = tmp_path / FILE_NAME
    with duckdb.connect(str(file)) as other:
        other.execute("PRAGMA disable_checkpoint_on_shutdown")
        other.execute("UPDATE dns_counts SET count = 1")
    left = {each: each.read_bytes() for each in tmp_path.glob(f"{FILE_NAME}*")}
    assert len(left) == 2
    with pytest.raises(TableDamaged, match="its rows hold"):
        open_table(tmp_path)
    assert left == {each: each.read_bytes() for each in tmp_path.glob(f"{FILE_NAME}*")}


def test_a_file_of_another_program_or_version_is_refused(tmp_path: Path) -> None:
    file = tmp_path / FILE_NAME
    with duckdb.connect(str(file)) as other:
        other.execute("CREATE TABLE things (a INTEGER)")
    with pytest.raises(TableDamaged, match="ledger does not exist"):
        open_table(tmp_path)
    file.unlink()
    open_table(tmp_path).close()
    with duckdb.connect(str(file)) as other:
        other.execute("UPDATE ledger SET schema = 99")
    with pytest.raises(TableDamaged, match="its schema is 99, and this version reads 1"):
        open_table(tmp_path)


def test_rows_that_disagree_with_the_ledger_are_refused(tmp_path: Path) -> None:
    table = open_table(tmp_path)
    table.add(batch(0, [row(0, 100)]), T0)
    table.close()
    with duckdb.connect(str(tmp_path / FILE_NAME)) as other:
        other.execute("DELETE FROM dns_counts")
    with pytest.raises(TableDamaged, match="its rows hold 0 records and its ledger 100"):
        open_table(tmp_path)


def test_a_lost_log_is_as_if_its_batches_had_not_been_read(tmp_path: Path) -> None:
    """The ledger goes with the rows: the source reads them once more."""
    code = """
    table.add(batch(0, rows(0)), T0)
    table.maintain()
    table.add(batch(1, rows(1)), T0)
    die()
    """
    killed(code, tmp_path)
    (tmp_path / f"{FILE_NAME}.wal").unlink()
    table = open_table(tmp_path)
    assert table.resume() == Resume("q", 0, {"dns": {"0": 0}})
    assert_whole(table, 1)
    table.close()


def test_a_damaged_log_is_refused_and_said_to_hold_only_the_last_batches(tmp_path: Path) -> None:
    killed("table.add(batch(0, rows(0)), T0); die()", tmp_path)
    flip(tmp_path / f"{FILE_NAME}.wal", 0.5, 0.51)
    with pytest.raises(TableDamaged, match=r"\.wal cannot be used: .* Move it away"):
        open_table(tmp_path)


def test_a_state_directory_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(TableError, match="cannot be used"):
        open_table(tmp_path / "file" / "state")


def test_hundreds_of_rounds_with_readers_leave_the_file_as_small_as_one(tmp_path: Path) -> None:
    """Rows come and are evicted; open results or unreclaimed row groups would make it grow."""
    table = Table(tmp_path, timedelta(seconds=100), 100_000)
    stop = threading.Event()

    def read() -> None:
        while not stop.wait(0.02):
            table.read("SELECT query, sum(count) FROM dns_counts GROUP BY 1 ORDER BY 2 LIMIT 9")

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    groups, sizes = [], []
    rows = [row(0, query=f"n{n}.example.com") for n in range(300)]
    for number in range(500):
        times = {"bucket": T0 + timedelta(seconds=10 * number)}
        table.add(batch(number, [each | times for each in rows]), T0 + 2 * HOUR)
        if number % 10 == 9:
            table.maintain()
            sql = "SELECT count(DISTINCT row_group_id) AS n FROM pragma_storage_info('dns_counts')"
            groups.append(table.read(sql)["n"][0].as_py())
            sizes.append((tmp_path / FILE_NAME).stat().st_size)
    stop.set()
    for reader in readers:
        reader.join()
    table.close()
    assert max(groups[-20:]) <= max(groups[:20])
    assert max(sizes[-20:]) <= 1.5 * max(sizes[:20])
