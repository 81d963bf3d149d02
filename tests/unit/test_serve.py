"""An address that nobody can listen on is refused in a sentence, before Streamlit tries."""

import socket
import subprocess
import sys

import pytest

from pipeline.serve import place, why_not


def served(*flags: str) -> "subprocess.CompletedProcess[str]":
    """`make run` with flags."""
    command = [sys.executable, "-m", "pipeline.serve", *flags]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_a_port_in_use_is_named_with_the_setting_that_changes_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = served("--server.port", str(port))
    assert told.returncode == 1
    assert told.stderr == (
        f"zeek-live: cannot listen on 127.0.0.1, port {port} (Address already in use): "
        "free it, or choose another by --server.port or --server.address\n"
    )


def test_an_address_that_is_none_is_named_with_its_setting() -> None:
    assert "set --server.address" in why_not("no such host.invalid", 8501)
    assert "cannot listen on 192.0.2.1" in why_not("192.0.2.1", 8501)
    assert why_not("127.0.0.1", 0) == why_not("localhost", 0) == ""


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ([], ("127.0.0.1", 8501)),
        (["--server.port=8777"], ("127.0.0.1", 8777)),
        (["--server.address", "0.0.0.0", "--theme.base=dark"], ("0.0.0.0", 8501)),
        (["--server.port=banana"], ("127.0.0.1", 0)),
    ],
)
def test_flags_go_before_what_the_configuration_says(
    flags: list[str], expected: tuple[str, int]
) -> None:
    assert place(flags) == expected


def test_the_environment_goes_before_what_the_configuration_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STREAMLIT_SERVER_PORT", "8888")
    assert place([]) == ("127.0.0.1", 8888)
    assert place(["--server.port", "8777"]) == ("127.0.0.1", 8777)
