"""Known domains come from a file that may change, and may be wrong."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline import known
from pipeline import view as views
from pipeline.state import View
from tests.unit.dns_rows import ByHand, Row

HIDING = View(range="all", hidden=frozenset(["known"]))
TABLE = ByHand(
    Row(0, domain="example.com", name="www.example.com", count=1),
    Row(0, domain="myexample.com", name="myexample.com", count=2),
    Row(0, domain="example.org", name="api.example.org", count=4),
    Row(0, domain="example.org", name="x.api.example.org", count=8),
    Row(0, domain="example.org", name="myapi.example.org", count=16),
    Row(0, domain="bbc.co.uk", name="bbc.co.uk", count=32),
    Row(0, domain=None, name=None, folded=4, count=64),
)


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    """A file that is in use, and nothing in it yet."""
    path = tmp_path / "known.txt"
    path.touch()
    known.use(path)
    yield path
    known.use(None)


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("example.com", 1),
        ("# ours\n\n*.Example.COM.\n", 1),
        ("api.example.org", 12),
        ("co.uk", 32),
        ("example.com\nbbc.co.uk\napi.example.org", 45),
        ("", 0),
    ],
)
def test_a_domain_is_known_with_all_below_it_at_the_edges_of_labels(
    file: Path, text: str, hidden: int
) -> None:
    file.write_text(text)
    assert views.hidden(TABLE, HIDING).total == hidden
    assert views.domains(TABLE, HIDING).queries == 127 - hidden


def test_a_file_that_changes_is_read_again_by_views_that_were_kept(file: Path) -> None:
    assert views.hidden(TABLE, HIDING).total == 0
    file.write_text("example.com")
    os.utime(file, ns=(1, 1))
    assert views.hidden(TABLE, HIDING).total == 1
    file.unlink()
    assert views.hidden(TABLE, HIDING).total == 1
    assert known.problems() == [f"known domains: {file} cannot be read: No such file or directory"]


def test_a_line_that_is_no_domain_is_named_and_left_out(file: Path) -> None:
    file.write_text("example.com\nhttp://example.org/\na..b\n-x.com\n.*\n")
    assert views.hidden(TABLE, HIDING).total == 1
    told = [problem.removeprefix(f"{file}, ") for problem in known.problems()]
    assert told == [
        "line 2, 'http://example.org/': no domain",
        "line 3, 'a..b': no domain",
        "line 4, '-x.com': no domain",
        "line 5, '.*': no domain",
    ]
