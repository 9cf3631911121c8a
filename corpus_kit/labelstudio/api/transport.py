"""HTTP to a Label Studio server: who we are, what is tried again, and what an answer means.

A GET, PUT, PATCH or DELETE may be sent again: doing it twice is doing it once. A POST is sent again only when it
surely never arrived (no connection was made) or when the server says it did nothing (429); otherwise its outcome is
unknown and the caller is told so. Why this and not the SDK's client: `docs/decisions/015-label-studio-server.md`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Any, TypeVar

import httpx2
from pydantic import TypeAdapter
from tenacity import RetryCallState, Retrying, retry_if_exception
from tenacity.wait import wait_exponential_jitter

from corpus_kit.core.errors import EnvironmentProblemError, ServiceError, UsageError
from corpus_kit.labelstudio.api.problems import (
    RefusedError,
    UnreachableError,
    outcome_unknown,
    refused,
    unreachable,
)
from corpus_kit.labelstudio.api.shapes import ACCESS, shaped
from corpus_kit.labelstudio.api.wire import checked_address, encoded, has_md5, is_loopback, json_of

Params = Mapping[str, str | int | list[int]]
ATTEMPTS = 5
CONNECT_SECONDS, READ_SECONDS = 10.0, 180.0
PASSING = frozenset({429, 500, 502, 503, 504})
"""500 is among them for a repeatable request: SQLite answers so while another writer holds its lock."""
NEVER_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)
LONGEST_PAUSE = 60.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class AnswerLimits:
    """How much a server may answer.

    answer_bytes, export_bytes: after decompression, of one answer and of a downloaded export. seconds: until an answer is
    whole, however slowly it comes. export_seconds: until an export is made, and until it is downloaded.
    """

    answer_bytes: int = 256 << 20
    export_bytes: int = 64 << 30
    seconds: float = 900.0
    export_seconds: float = 3600.0


ERROR_BYTES = 1 << 16
"""What is read of an answer that is an error; its words are shortened anyway."""


class Transport:
    """One server, one account.

    Parameters
    ----------
    url: the server's address with its base path, http or https.
    token: a legacy token or a personal access token (a JWT, exchanged for short-lived access tokens).
    timeout: seconds to wait for an answer's next byte.
    first_wait: seconds before the second attempt; later waits double, with jitter, up to 10 s.
    limits: how much the server may answer.

    Raises
    ------
    UsageError: an address that isn't one, or an empty token.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        timeout: float = READ_SECONDS,
        first_wait: float = 0.5,
        limits: AnswerLimits | None = None,
    ) -> None:
        self.url = checked_address(url)
        self.limits = limits or AnswerLimits()
        self._token = token.strip()
        if not self._token or not self._token.isascii() or any(c.isspace() for c in self._token):
            raise UsageError("LABEL_STUDIO_API_KEY isn't a token.", "Copy it from Account & Settings on the server.")
        self._access = ""
        self._paused = 0.0
        self._first_wait = first_wait
        self._http = httpx2.Client(
            base_url=self.url + "/",
            timeout=httpx2.Timeout(timeout, connect=CONNECT_SECONDS),
            # A proxy from the environment is for the world outside, and cannot reach this machine's loopback.
            trust_env=not is_loopback(self.url),
            # The server sends a session cookie; sending it back would put CSRF checks before the token.
            follow_redirects=False,  # the key belongs to this server
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )

    def __repr__(self) -> str:
        return f"Transport({self.url!r})"

    def close(self) -> None:
        self._http.close()

    def get(self, path: str, params: Params | None = None) -> Any:
        """The JSON of a GET; a body that was cut short counts as no answer and is asked for again."""

        def once() -> Any:
            found = json_of(self._send("GET", path, params, None))
            if found is None:
                raise UnreachableError(f"{self.url} gave an empty answer.", "Run the command again.")
            return found

        return self._repeat(once, _is_passing)

    def read(self, path: str, shape: TypeAdapter[Any], params: Params | None = None) -> Any:
        """The JSON of a GET, held against the shape that it must have.

        Raises:
            NotLabelStudioError: It has another one.
        """
        return shaped(self.get(path, params), shape, self.url)

    def change(
        self, method: str, path: str, body: Any = None, params: Params | None = None, *, repeatable: bool = True
    ) -> Any:
        """The JSON answer (None for an empty one) to PUT, PATCH or DELETE; sent again after a passing failure.

        A DELETE of what is gone is done: a lost answer would otherwise make its repetition an error. `repeatable` False
        treats it like a POST.
        """
        try:
            return self._write(method, path, encoded(body), params, repeatable)
        except RefusedError as e:
            if method == "DELETE" and e.status == 404:
                return None
            raise

    def post(
        self, path: str, body: Any = None, params: Params | None = None, *, repeatable: bool = False, read: bool = True
    ) -> Any:
        """The JSON answer to a POST. `body`: JSON data, or bytes that are JSON already.

        repeatable: this POST changes nothing, or a second one is refused by the server (409): treat it like a GET.
        read: False when only the status matters.

        Raises
        ------
        OutcomeUnknownError: it was sent, and no answer came, or one of 5xx.
        """
        return self._write("POST", path, body if isinstance(body, bytes) else encoded(body), params, repeatable, read)

    def _write(
        self, method: str, path: str, content: bytes | None, params: Params | None, repeatable: bool, read: bool = True
    ) -> Any:
        def once() -> Any:
            response = self._send(method, path, params, content)
            return json_of(response) if read else None

        if repeatable:
            return self._repeat(once, _is_passing)
        try:
            return self._repeat(once, _is_surely_undone)
        except RefusedError as e:
            if e.status >= 500:
                raise outcome_unknown(method, path, f"{e.status} {e.detail}".strip()) from e
            raise
        except UnreachableError as e:
            if isinstance(e.__cause__, NEVER_SENT):
                raise
            raise outcome_unknown(method, path, e.message.rstrip(".")) from e

    def download(self, path: str, target: Path, md5: str, params: Params | None = None) -> None:
        """Stream a file to `target`, complete or not at all; a broken transfer goes on where it stopped.

        The server sends neither a length nor an end mark, so that a cut looks like the end: `md5` (hex) decides.
        """
        part = target.with_name(f"{target.name}.part")
        try:
            part.unlink(missing_ok=True)
            self._repeat(lambda: self._download_rest(path, part, md5, params), _is_passing)
            part.replace(target)
        except OSError as e:
            raise EnvironmentProblemError(
                f"Cannot write {target}: {e.strerror}.", "Check the disk and its rights."
            ) from e
        finally:
            part.unlink(missing_ok=True)

    def _download_rest(self, path: str, part: Path, md5: str, params: Params | None) -> None:
        have = part.stat().st_size if part.exists() else 0
        headers = self._headers() | ({"Range": f"bytes={have}-"} if have else {})
        try:
            with self._http.stream("GET", path.lstrip("/"), params=params, headers=headers) as response:
                if response.status_code == 401 and self._renewed():
                    raise UnreachableError("An access token ran out during a download.", "Run the command again.")
                if not response.is_success and response.status_code != 416:  # 416: nothing beyond what we have
                    raise refused("GET", path, self._whole(response), self._secrets)
                if response.is_success:
                    more = response.status_code == 206
                    with part.open("ab" if more else "wb") as f:
                        most = self.limits.export_bytes - (have if more else 0)
                        for chunk in self._bounded(response, most, self.limits.export_seconds):
                            f.write(chunk)
        except httpx2.HTTPError as e:
            raise unreachable(self.url, e, self._secrets) from e
        if not has_md5(part, md5):
            if part.stat().st_size == have:  # not short but wrong: from the start next time
                part.unlink()
            raise UnreachableError("A download ended too early.", "Run again; a proxy may be cutting it off.")

    @property
    def _secrets(self) -> tuple[str, ...]:
        return (self._token, self._access)

    def _send(self, method: str, path: str, params: Params | None, content: bytes | None) -> httpx2.Response:
        """One request, its answer if it is a success; an access token that ran out is renewed once."""
        for last in (False, True):
            headers = self._headers()
            if content is not None:
                headers["Content-Type"] = "application/json"
            try:
                with self._http.stream(
                    method, path.lstrip("/"), params=params, content=content, headers=headers
                ) as answer:
                    response = self._whole(answer)
            except httpx2.HTTPError as e:
                raise unreachable(self.url, e, self._secrets) from e
            if response.is_success:
                return response
            if last or response.status_code != 401 or not self._renewed():
                break
        raise refused(method, path, response, self._secrets)

    def _headers(self) -> dict[str, str]:
        if not _is_jwt(self._token):
            return {"Authorization": f"Token {self._token}"}
        return {"Authorization": f"Bearer {self._access}"}

    def _renewed(self) -> bool:
        """Whether there was an access token to renew, and it was."""
        if not self._access:
            return False
        self._access = self._exchange()
        return True

    def _exchange(self) -> str:
        path = "api/token/refresh/"
        try:
            with self._http.stream("POST", path, json={"refresh": self._token}) as answer:
                response = self._whole(answer)
        except httpx2.HTTPError as e:
            raise unreachable(self.url, e, self._secrets) from e
        if not response.is_success:
            raise refused("POST", f"/{path}", response, self._secrets)
        return str(shaped(json_of(response), ACCESS, self.url)["access"])

    def _whole(self, answer: httpx2.Response) -> httpx2.Response:
        """An answer with its content, within the limits; of an error only the beginning is read."""
        content = bytearray()
        most = self.limits.answer_bytes if answer.is_success else None
        for chunk in self._bounded(answer, most, self.limits.seconds):
            content += chunk
            if most is None and len(content) >= ERROR_BYTES:
                del content[ERROR_BYTES:]
                break
        coded = ("content-encoding", "content-length", "transfer-encoding")
        headers = [(name, value) for name, value in answer.headers.multi_items() if name.lower() not in coded]
        return httpx2.Response(answer.status_code, headers=headers, content=bytes(content), request=answer.request)

    def _bounded(self, answer: httpx2.Response, most: int | None, seconds: float) -> Iterator[bytes]:
        """The decompressed bytes of an answer, until there are too many or they take too long."""
        assert isinstance(answer.stream, httpx2.SyncByteStream)
        # Time is looked at where bytes arrive: what a decompressor swallows takes time, too.
        answer.stream = _Timed(answer.stream, self.url, seconds)
        got = 0
        for chunk in answer.iter_bytes():
            got += len(chunk)
            if most is not None and got > most:
                raise ServiceError(
                    f"{self.url} answered with more than {most >> 20:,} MiB, which is the limit.",
                    "Check LABEL_STUDIO_URL; for so large a project raise the limits below [label_studio] in corpus.toml.",
                )
            yield chunk

    def _repeat(self, once: Callable[[], T], again: Callable[[BaseException], bool]) -> T:
        if _is_jwt(self._token) and not self._access:
            self._access = self._attempts(self._exchange, _is_passing)
        return self._attempts(once, again)

    def _attempts(self, once: Callable[[], T], again: Callable[[BaseException], bool]) -> T:
        backoff = wait_exponential_jitter(multiplier=self._first_wait, max=10, jitter=self._first_wait / 2)
        retrying = Retrying(
            retry=retry_if_exception(again),
            # A server may ask for a pause before every single answer: all pauses of a command together have an end.
            stop=lambda state: state.attempt_number >= ATTEMPTS or self._paused > self.limits.seconds,
            wait=lambda state: self._pause(max(backoff(state), _pause_asked_for(state))),
            reraise=True,
        )
        return retrying(once)

    def _pause(self, seconds: float) -> float:
        """A pause of so many seconds, or of what is left of them all; counted."""
        seconds = min(seconds, self.limits.seconds)
        self._paused += seconds
        return seconds


class _Timed(httpx2.SyncByteStream):
    """The bytes of an answer as they arrive, for so many seconds."""

    def __init__(self, stream: httpx2.SyncByteStream, url: str, seconds: float) -> None:
        self._stream, self._url, self._seconds = stream, url, seconds
        self._end = time.monotonic() + seconds

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._stream:
            yield chunk
            if time.monotonic() > self._end:
                raise ServiceError(
                    f"{self._url} did not finish its answer within {self._seconds:.0f} s.",
                    "Check the server and the network, then run the command again.",
                )

    def close(self) -> None:
        self._stream.close()


def _is_passing(error: BaseException) -> bool:
    return isinstance(error, UnreachableError) or (isinstance(error, RefusedError) and error.status in PASSING)


def _is_surely_undone(error: BaseException) -> bool:
    if isinstance(error, RefusedError):
        return error.status == 429
    return isinstance(error, UnreachableError) and isinstance(error.__cause__, NEVER_SENT)


def _pause_asked_for(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    return min(error.pause, LONGEST_PAUSE) if isinstance(error, RefusedError) else 0.0


def _is_jwt(token: str) -> bool:
    return token.count(".") == 2
