"""Labels of hosts come from a file that may change, and may be wrong."""

import os
from pathlib import Path

import pytest

from pipeline.labels import Labels, Network

TEXT = """\ufeff# address or network, label
10.20.0.0/16,office
10.20.8.68, dc01
10.20.8.0/24,servers, floor 3
fe80::/10,link local
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "labels.csv"
    path.write_text(TEXT, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("10.20.8.68", "dc01"),
        ("10.20.8.69", "servers, floor 3"),
        ("10.20.9.1", "office"),
        ("fe80::1%eth0", "link local"),
        ("192.0.2.1", ""),
        ("not an address", ""),
        (None, ""),
    ],
)
def test_the_smallest_network_names_a_host(file: Path, host: str | None, expected: str) -> None:
    assert Labels(file).of(host) == expected


def test_a_changed_file_is_read_again(file: Path) -> None:
    labels = Labels(file)
    assert labels.of("192.0.2.1") == ""
    file.write_text("192.0.2.1,lab", encoding="utf-8")
    os.utime(file, ns=(1, 1))
    assert labels.of("192.0.2.1") == "lab"
    assert labels.of("10.20.8.68") == ""


def test_what_was_found_in_a_file_that_has_changed_meanwhile_does_not_stay(file: Path) -> None:
    labels = Labels(file)
    read, networks = labels._file.value, labels._file.value()

    def read_before_another_did() -> list[tuple[Network, str]]:
        labels._file.value = read  # type: ignore[method-assign]
        file.write_text("10.20.0.0/16,lab", encoding="utf-8")
        assert labels.of("10.20.9.1") == "lab"
        return networks

    labels._file.value = read_before_another_did  # type: ignore[method-assign]
    assert [labels.of("10.20.8.68") for _ in range(2)] == ["dc01", "lab"]


def test_a_bad_line_is_named_and_the_others_are_used(file: Path) -> None:
    file.write_text("10.0.0.1,one\n10.0.0.300,bad\n10.0.0.2\n10.0.0.3,\n", encoding="utf-8")
    labels = Labels(file)
    assert labels.of("10.0.0.1") == "one"
    assert [problem.split(": ")[0] for problem in labels.problems] == [
        f"{file}, line {number}, {line!r}"
        for number, line in ((2, "10.0.0.300,bad"), (3, "10.0.0.2"), (4, "10.0.0.3,"))
    ]


def test_a_file_that_is_gone_is_said_and_the_old_labels_stay(file: Path) -> None:
    labels = Labels(file)
    assert labels.of("10.20.8.68") == "dc01"
    away = file.rename(file.with_suffix(".away"))
    assert labels.of("10.20.8.68") == "dc01"
    assert labels.problems == [f"host labels: {file} cannot be read: No such file or directory"]
    away.rename(file)
    assert labels.of("10.20.8.68") == "dc01"
    assert labels.problems == []


def test_without_a_file_there_are_no_labels() -> None:
    assert Labels(None).of("10.0.0.1") == ""
