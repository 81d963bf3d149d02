"""Child processes that end with their parent, whatever ends it."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

import psutil


def spawn(
    command: Sequence[str | Path], log: Path, cwd: Path | None = None
) -> subprocess.Popen[bytes]:
    """Start a command in a process group of its own; what it says goes to `log`."""
    # Also when the parent is killed: it then has no time to end its children.
    tied = ["setpriv", "--pdeathsig", "TERM", "--"] if shutil.which("setpriv") else []
    with log.open("wb") as out:
        return subprocess.Popen(
            [*tied, *command],
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def end(process: subprocess.Popen[bytes], patience: float) -> None:
    """Ask a process to end; after `patience` seconds end its whole group."""
    if process.poll() is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)
    kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """End a process and its group at once."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def write_pid(file: Path, pid: int) -> None:
    """Note who runs, and since when: a number alone may belong to another process later."""
    file.write_text(f"{pid} {psutil.Process(pid).create_time()}\n")


def running_pid(file: Path) -> int | None:
    """The process noted in a pid file, if it is still that process."""
    with contextlib.suppress(OSError, ValueError, psutil.NoSuchProcess):
        pid, since = file.read_text().split()
        process = psutil.Process(int(pid))
        if process.create_time() == float(since) and process.status() != psutil.STATUS_ZOMBIE:
            return int(pid)
    return None


def end_stale(file: Path) -> bool:
    """End what an earlier run left behind; whether there was something."""
    pid = running_pid(file)
    if pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        psutil.wait_procs([psutil.Process(pid)] if psutil.pid_exists(pid) else [], timeout=5)
    file.unlink(missing_ok=True)
    return pid is not None


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_taken(port: int) -> bool:
    """Whether a loopback port cannot be listened on."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def last_line(log: Path) -> str:
    """The last line with something on it, cut: the reason why a process ended, as a rule."""
    with contextlib.suppress(OSError):
        lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
        return lines[-1][:300] if lines else "it said nothing"
    return "it said nothing"
