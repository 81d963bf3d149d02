"""A text file of the user's that is read again when it has changed."""

from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class Watched(Generic[T]):
    """What `parse(text, path)` makes of a file, and its problems, one sentence each.

    Without a path it is what an empty file gives. While the file cannot be read, the last holds.
    """

    def __init__(
        self, path: Path | None, parse: Callable[[str, str], tuple[T, list[str]]], what: str
    ) -> None:
        self._path, self._parse, self._what = path, parse, what
        self._lock = Lock()
        self._seen: tuple[int, int] | None = None
        self._value, self.problems = parse("", "")
        self.version = 0
        """Rises whenever the file was read anew."""

    def value(self) -> T:
        """What the file says now."""
        with self._lock:
            if self._path is not None:
                self._refresh(self._path)
            return self._value

    def _refresh(self, path: Path) -> None:
        try:
            status = path.stat()
            seen = (status.st_mtime_ns, status.st_size)
            if seen == self._seen:
                return
            text = path.read_text(encoding="utf-8-sig", errors="replace")
        except OSError as error:
            self.problems = [f"{self._what}: {path} cannot be read: {error.strerror}"]
            self._seen = None
            return
        self._value, self.problems = self._parse(text, str(path))
        self._seen = seen
        self.version += 1


def lines_of(text: str) -> list[tuple[int, str]]:
    """The lines that say something, with their numbers; `#` begins a comment.

    >>> lines_of("a\\n\\n# b\\nc")
    [(1, 'a'), (4, 'c')]
    """
    lines = enumerate((line.strip() for line in text.splitlines()), start=1)
    return [(number, line) for number, line in lines if line and not line.startswith("#")]
