"""What people call their hosts: a file of lines `address-or-network,label`."""

import ipaddress
from pathlib import Path

from pipeline.watched import Watched, lines_of

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
MAX_LABEL = 100
MOST_REMEMBERED = 100_000


class Labels:
    """The labels of a file, which is read again when it has changed. No path: no labels."""

    def __init__(self, path: Path | None) -> None:
        self._file = Watched(path, read_labels, "host labels")
        self._known: tuple[list[tuple[Network, str]], dict[str, str]] = ([], {})
        """The file's networks, and the labels found among them and no others."""

    @property
    def problems(self) -> list[str]:
        """A sentence for each line that is left out, and for a file that cannot be read."""
        return self._file.problems

    @property
    def version(self) -> int:
        """It rises when the file has changed."""
        self._file.value()
        return self._file.version

    def of(self, host: str | None) -> str:
        """The label of the smallest network that holds the host; empty where there is none."""
        networks = self._file.value()
        if not host:
            return ""
        # Another thread may put others in its place, so it is read once.
        of, found = self._known
        if of is not networks or len(found) > MOST_REMEMBERED:
            found = {}
            self._known = networks, found
        if host not in found:
            found[host] = _find(host, networks)
        return found[host]


def read_labels(text: str, path: str) -> tuple[list[tuple[Network, str]], list[str]]:
    """Networks with their labels, the smallest first, and a sentence for each line left out.

    >>> read_labels("10.0.0.0/8,office", "labels.csv")
    ([(IPv4Network('10.0.0.0/8'), 'office')], [])
    """
    networks: list[tuple[Network, str]] = []
    problems: list[str] = []
    for number, line in lines_of(text):
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
