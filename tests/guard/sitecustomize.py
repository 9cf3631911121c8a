"""Read by every Python that a test starts, before anything else: the way to other machines is closed, and tries are noted.

An audit hook sees what any library does with sockets, and costs nothing before one is used.
"""

from __future__ import annotations

import os
import sys

_NOTES = os.environ.get("CORPUS_KIT_TRIED", "")
_HERE = ("localhost", "", "::1", "::", "0.0.0.0")


def _is_here(host: object) -> bool:
    name = host.decode() if isinstance(host, bytes) else str(host or "")
    return name in _HERE or name.startswith("127.") or name == os.uname().nodename


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    if event == "socket.connect":
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else ""  # else the socket of a file
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    if not _is_here(host):
        with open(_NOTES, "a", encoding="utf-8") as file:
            file.write(f"{host} ({' '.join(sys.argv)[:80]})\n")
        raise ConnectionRefusedError(f"a test must not connect to {host}")


if _NOTES:
    sys.addaudithook(_watch)
