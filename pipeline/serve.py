"""`make run`: `streamlit run dashboard.py`, once it is sure that it can listen where it is to.

Streamlit finds out before any of our code is loaded, and says neither which setting it was nor, of
an address, anything but a trace.
"""

import argparse
import os
import socket
import sys
import tomllib
from pathlib import Path

CONFIG = Path(".streamlit/config.toml")
SERVE = (sys.executable, "-m", "streamlit", "run", "dashboard.py")


def why_not(address: str, port: int) -> str:
    """Why nobody can listen there, as a sentence; empty if one can."""
    try:
        family, kind, _, _, place = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
    except socket.gaierror:
        return f"there is no address {address!r} here: set --server.address to one of this machine"
    except OSError as error:
        said = f"cannot listen on {address}, port {port} ({error.strerror})"
        return f"{said}: free it, or choose another by --server.port or --server.address"
    return ""


def place(arguments: list[str]) -> tuple[str, int]:
    """Address and port as flags, the environment and .streamlit/config.toml have them."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    configured = tomllib.loads(CONFIG.read_text(encoding="utf-8"))["server"]
    for key in ("address", "port"):
        default = os.environ.get(f"STREAMLIT_SERVER_{key.upper()}", configured[key])
        parser.add_argument(f"--server.{key}", default=str(default))
    address, port = vars(parser.parse_known_args(arguments)[0]).values()
    # What is no number at all, Streamlit refuses by itself.
    return address, int(port) if port.isdecimal() else 0


def main() -> None:
    """Say what is wrong and exit with 1, or serve."""
    if reason := why_not(*place(sys.argv[1:])):
        sys.exit(f"zeek-live: {reason}")
    os.execv(SERVE[0], [*SERVE, *sys.argv[1:]])


if __name__ == "__main__":
    main()
