"""A server on a Zeek log directory; what is done to it is in tests/chaos."""

from pathlib import Path

from tests.server import Server


def test_a_directory_that_is_not_there_is_said_and_waited_for(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    with Server(tmp_path, source="logs", log_dir=logs, start="earliest") as server:
        server.wait(lambda: str(logs) in server.reason(), "word of the directory")
        logs.mkdir()
        (logs / "dns.log").write_text('{"ts":1521911720.5,"id.orig_h":"10.0.0.1","query":"a.b"}\n')
        server.wait_for_records(1)
