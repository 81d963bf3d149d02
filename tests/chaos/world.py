"""A child that reads the known stream, and is started again when it ends, as a supervisor would."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

from pipeline.query import JVM_DIED
from tests.chaos.sources import Published
from tests.chaos.stream import Stream
from tests.conftest import ROOT
from tests.server import Key

PATIENCE = 300
LINES, EVERY = 25, 0.05
"""So many lines, so often: 500 records/s while a harm is done."""
State = dict[str, Any]


class ChildEnded(Exception):
    """The child did not answer: it has ended, or is about to."""


class World:
    """A source, the stream that goes into it, and a child whose files lie in `place`."""

    def __init__(self, folder: Path, source: Published, mode: str, seed: int = 1) -> None:
        self.folder = folder
        self.source = source
        self.mode = mode
        """`state`, or `memory` for a table that ends with the process."""
        self.place = folder / "place"
        self.place.mkdir(exist_ok=True)
        self.stream = Stream(seed)
        self.restarts = self.queries = self._restarts = 0
        self.environment: dict[str, str] = {}
        """Of the next child, beside its settings."""
        self.log = folder / "child.log"
        self.feeding = threading.Lock()
        """Held by who writes to the source."""
        self.process: subprocess.Popen[bytes] | None = None
        self._lines: TextIO | None = None

    def __enter__(self) -> "World":
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start a child, and do not wait."""
        ours, theirs = socket.socketpair()
        ours.settimeout(PATIENCE)
        settings = {"start": "earliest", "trigger": 0, "master": "local[2]"} | self.source.settings
        own = {f"ZEEK_LIVE_{name.upper()}": str(value) for name, value in settings.items()}
        own["ZEEK_LIVE_STATE_DIR" if self.mode == "state" else "TMPDIR"] = str(self.place)
        command = [sys.executable, "-m", "tests.chaos.child", str(theirs.fileno())]
        with self.log.open("ab") as log, theirs, ours:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env={**os.environ, **own, **self.environment},
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                pass_fds=[theirs.fileno()], start_new_session=True,
            )  # fmt: skip
            self._lines = ours.makefile("rw")

    def ask(self, name: str, *arguments: object) -> Any:
        """What the child answers."""
        assert self._lines
        try:
            self._lines.write(json.dumps([name, *arguments]) + "\n")
            self._lines.flush()
            return json.loads(self._lines.readline())
        except (OSError, ValueError):
            raise ChildEnded from None

    def look(self) -> State:
        """How the child is doing; one that has ended is started again."""
        with suppress(ChildEnded):
            found: State = self.ask("state")
            self.queries += max(0, found["restarts"] - self._restarts)
            self._restarts = found["restarts"]
            return found
        assert self.process
        ended = self.process.wait(30)
        assert ended in (JVM_DIED, -signal.SIGKILL), f"ended by {ended}: {self.last_words()}"
        self.restart()
        return self.look()

    def restart(self, **environment: str) -> None:
        """Kill what is left of a child, and start another."""
        self.kill()
        self.restarts += 1
        self.environment = environment
        self.start()

    def wait_for_restart(self, before: int) -> None:
        """Until the child was started again."""
        self.wait(lambda now: self.restarts != before, "restart")

    def wait(self, until: Callable[[State], object], what: str) -> State:
        """Look at it until something holds."""
        deadline = time.monotonic() + PATIENCE
        while not until(found := self.look()):
            assert time.monotonic() < deadline, f"no {what}: {found}"
            time.sleep(0.05)
        return found

    def reading(self, chance: random.Random) -> str:
        """Go on at a random moment after a batch has been counted."""
        before = self.look()["done"]
        self.wait(lambda now: now["done"] != before, "record more")
        moment = chance.uniform(0, 1)
        time.sleep(moment)
        return f"{moment:.2f} s after a batch"

    def settle(self) -> State:
        """Until all that was published is in the table, and one more trigger found nothing."""
        self.source.flush()
        total = self.stream.expected.total()
        done = self.wait(lambda now: now["done"] >= total and not now["lag"], f"{total} records")
        return self.wait(lambda now: now["trigger"] != done["trigger"], "trigger after that")

    def counts(self, now: State) -> Counter[Key]:
        """What the child has in its table."""
        found = Counter({tuple(key): count for *key, count in self.ask("counts")})
        return found + rejected(now)

    def refused(self) -> str:
        """What a child says that will not start; "" if it runs."""
        said = len(self.log.read_text(errors="replace"))
        self.start()
        with suppress(ChildEnded):
            self.ask("state")
            return ""
        assert self.process
        assert self.process.wait(30) == 1
        return self.log.read_text(errors="replace")[said:]

    def kill(self) -> None:
        """SIGKILL to the child and all below it."""
        if self.process:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(30)
        if self._lines:
            with suppress(OSError):
                self._lines.close()

    def stop(self) -> None:
        """Let the child end in order."""
        assert self._lines
        assert self.process
        self._lines.close()
        assert self.process.wait(60) == 0, self.last_words()

    def publish(self, count: int) -> None:
        """So many lines of the stream."""
        with self.feeding:
            self.source.publish(self.stream.take(count))

    @contextmanager
    def fed(self) -> Iterator[None]:
        """While this lasts the stream flows."""
        over = threading.Event()

        def feed() -> None:
            while not over.wait(EVERY):
                self.publish(LINES)

        feeder = threading.Thread(target=feed, daemon=True)
        feeder.start()
        try:
            yield
        finally:
            over.set()
            feeder.join()

    def last_words(self) -> str:
        """Of the child."""
        return self.log.read_text(errors="replace")[-2000:]


def rejected(now: State) -> Counter[Key]:
    """Rejected records as keys of their own."""
    return Counter({("rejected", reason): count for reason, count in now["rejected"].items()})
