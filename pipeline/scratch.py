"""What a run needs on disk while it goes on: one folder, which goes with it."""

import atexit
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

import psutil

PREFIX = "zeek-live-"


@cache
def scratch() -> Path:
    """This process's own; those of processes that were killed, and could not tidy up, go first."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*"):
        if _is_left_behind(folder):
            shutil.rmtree(folder, ignore_errors=True)
    own = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    atexit.register(tidy_up)
    return own


def tidy_up() -> None:
    """Remove it now: a process that a signal ends runs nothing at its exit."""
    shutil.rmtree(scratch(), ignore_errors=True)


def _is_left_behind(folder: Path) -> bool:
    pid = folder.name.removeprefix(PREFIX).partition("-")[0]
    try:
        is_ours = folder.lstat().st_uid == os.getuid()
    except FileNotFoundError:
        return False
    if not (is_ours and pid.isdecimal()):
        return False
    return int(pid) == os.getpid() or not psutil.pid_exists(int(pid))
