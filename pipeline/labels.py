"""What people call their hosts: a file of lines `address-or-network,label`."""

import ipaddress
from pathlib import Path
from threading import Lock

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
MAX_LABEL = 100


class Labels:
    """The labels of a file, which is read again when it has changed. No path: no labels."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = Lock()
        self._seen: tuple[int, int] | None = None
        self._networks: list[tuple[Network, str]] = []
        self._found: dict[str, str] = {}
        self.problems: list[str] = []
        """A sentence for each line that is left out, and for a file that cannot be read."""

    def of(self, host: str | None) -> str:
        """The label of the smallest network that holds the host; empty where there is none."""
        if self._path is None or not host:
            return ""
        with self._lock:
            self._refresh(self._path)
            if host not in self._found:
                if len(self._found) > 100_000:
                    self._found.clear()
                self._found[host] = _find(host, self._networks)
            return self._found[host]

    def _refresh(self, path: Path) -> None:
        try:
            status = path.stat()
            seen = (status.st_mtime_ns, status.st_size)
            if seen == self._seen:
                return
            text = path.read_text(encoding="utf-8-sig", errors="replace")
        except OSError as error:
            self.problems = [f"host labels: {path} cannot be read: {error.strerror}"]
            self._seen = None
            return
        self._seen = seen
        self._networks, self.problems = read_labels(text, str(path))
        self._found = {}


def read_labels(text: str, path: str) -> tuple[list[tuple[Network, str]], list[str]]:
    """Networks with their labels, the smallest first, and a sentence for each line left out.

    >>> read_labels("10.0.0.0/8,office", "labels.csv")
    ([(IPv4Network('10.0.0.0/8'), 'office')], [])
    """
    networks: list[tuple[Network, str]] = []
    problems: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        address, comma, label = (part.strip() for part in line.partition(","))
        try:
            if not (comma and label):
                raise ValueError("a line is address-or-network,label")
            networks.append((ipaddress.ip_network(address, strict=False), label[:MAX_LABEL]))
        except ValueError as error:
            problems.append(f"{path}, line {number}, {line[:80]!r}: {error}")
    return sorted(networks, key=lambda each: -each[0].prefixlen), problems


def _find(host: str, networks: list[tuple[Network, str]]) -> str:
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return ""
    return next((label for network, label in networks if address in network), "")
