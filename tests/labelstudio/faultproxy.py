"""A proxy on 127.0.0.1 that misbehaves on purpose, at chosen requests, before or after the server did its work."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import urlsplit

HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "proxy-connection"}
)


class Fault(Enum):
    """What happens to one request."""

    CUT_BEFORE = "the connection is cut before the server sees the request"
    CUT_AFTER = "the server does it, then the connection is cut without an answer"
    CUT_MIDWAY = "the server does it, then the connection is cut after half of the answer"
    BAD_GATEWAY = "the server does it, and the answer is 502"
    GATEWAY_TIMEOUT = "the server does it, and the answer is 504"
    PAUSE = "the server does not see it, and the answer is 429 with a pause to make"
    REDIRECT = "the server does not see it, and the answer is 301 to another address"
    DELAY = "the server does it, and the answer comes late"


class Seen(NamedTuple):
    """One request that reached the proxy. number: from 1."""

    number: int
    method: str
    path: str
    fault: Fault | None


Choice = Callable[[int, str, str], Fault | None]


class FaultProxy(ThreadingHTTPServer):
    """Forwards to `upstream`; `choose(number, method, path)` says what goes wrong. `seen` lists the requests."""

    daemon_threads = True

    def __init__(self, upstream: str, *, delay: float = 1.0) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = urlsplit(upstream)
        self.delay = delay
        self.seen: list[Seen] = []
        self.choose: Choice = lambda _number, _method, _path: None
        self._counting = threading.Lock()
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def every(self, n: int, fault: Fault, *, method: str | None = None) -> None:
        """From now on, every n-th request (of `method`, if given) suffers `fault`."""
        count = 0

        def choose(number: int, asked: str, path: str) -> Fault | None:
            nonlocal count
            if method not in (None, asked):
                return None
            count += 1
            return fault if count % n == 0 else None

        self.choose = choose

    def once(self, fault: Fault, *, method: str, part: str = "") -> None:
        """The next request of this method whose path contains `part` suffers `fault`; those after it don't."""
        left = [fault]
        self.choose = lambda _number, asked, path: left.pop() if left and asked == method and part in path else None

    def note(self, method: str, path: str) -> Fault | None:
        with self._counting:
            number = len(self.seen) + 1
            fault = self.choose(number, method, path)
            self.seen.append(Seen(number, method, path, fault))
            return fault

    def stop(self) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that was cut off or gave up is what this proxy is for: nothing to report."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FaultProxy

    def forward(self) -> None:
        fault = self.server.note(self.command, self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.close_connection = True
        if fault is Fault.CUT_BEFORE:
            return self.cut()
        if fault is Fault.PAUSE:
            return self.answer(
                429, {"Content-Type": "application/json", "Retry-After": "1"}, b'{"detail": "slow down"}'
            )
        if fault is Fault.REDIRECT:
            return self.answer(301, {"Location": "https://elsewhere.example/"}, b"")
        upstream = http.client.HTTPConnection(
            self.server.upstream.hostname or "", self.server.upstream.port, timeout=120
        )
        headers = {k: v for k, v in self.headers.items() if k.lower() not in HOP_BY_HOP}
        try:
            upstream.request(self.command, self.path, body or None, headers)
            answer = upstream.getresponse()
            if fault is None or fault is Fault.DELAY:
                if fault:
                    time.sleep(self.server.delay)
                return self.pass_on(answer)
            content = answer.read()
            if fault is Fault.CUT_MIDWAY:
                self.head(answer)
                self.wfile.write(content[: len(content) // 2])
                self.wfile.flush()
            elif fault is not Fault.CUT_AFTER:
                status = 502 if fault is Fault.BAD_GATEWAY else 504
                return self.answer(status, {"Content-Type": "text/html"}, b"<html><body>gateway</body></html>")
            return self.cut()
        except (OSError, http.client.HTTPException):
            return self.cut()  # the server itself is gone
        finally:
            upstream.close()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = forward

    def answer(self, status: int, headers: dict[str, str], page: bytes) -> None:
        self.send_response(status)
        for key, value in (headers | {"Content-Length": str(len(page)), "Connection": "close"}).items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(page)

    def head(self, answer: http.client.HTTPResponse) -> None:
        self.send_response(answer.status)
        for key, value in answer.getheaders():
            if key.lower() not in HOP_BY_HOP:
                self.send_header(key, value)
        self.send_header("Connection", "close")
        self.end_headers()

    def pass_on(self, answer: http.client.HTTPResponse) -> None:
        self.head(answer)
        while chunk := answer.read(1 << 16):
            self.wfile.write(chunk)

    def cut(self) -> None:
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
        self.connection.close()

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""
