"""What stands in the tests where a server would reach the world outside."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress


class WayOut:
    """Stands where the server's way out of the machine would be; notes the first line of all that tries to leave."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return
            with caller, suppress(OSError):
                caller.settimeout(2)
                self.lines.append(caller.recv(4096).split(b"\r\n")[0].decode("latin-1"))

    def close(self) -> None:
        self._listener.close()
