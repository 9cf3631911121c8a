"""One question to a server that speaks OpenAI's protocol: `POST …/chat/completions`.

Why this and not the `openai` package: `docs/decisions/054-models-of-any-layer.md`.
"""

from __future__ import annotations

import ipaddress
import json
import os
import re
import time
from dataclasses import dataclass
from typing import Any

import httpx2

from corpus_kit.core.errors import ServiceError, UsageError
from corpus_kit.core.trust import TrustStore, origin_of
from corpus_kit.suggest.models.calls import KeptCall

KEY_VARIABLE = "CORPUS_KIT_LLM_KEY"
LARGEST_ANSWER = 4 << 20
PASSING = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
_SPEC = re.compile(r"llm:(?P<model>.+?)@(?P<url>https?://[^@\s]+)")


@dataclass(frozen=True, slots=True)
class ModelAddress:
    """`llm:MODEL@URL` taken apart. origin: scheme, host and port. plain_http: to another machine without encryption."""

    model: str
    url: str
    origin: str
    plain_http: bool


class NoAnswerError(Exception):
    """The server gave nothing that can be kept: it may do so when it is asked again."""


def address_of(spec: str) -> ModelAddress:
    """Take the spelling of a model on a server apart.

    Raises:
        UsageError: It is not written so.
    """
    found = _SPEC.fullmatch(spec)
    if found is None:
        raise UsageError(
            f"'{spec}' names no model on a server.",
            f"Write llm:MODEL@http://HOST:PORT/v1, without user name or password; the key is read from {KEY_VARIABLE}.",
        )
    url = found["url"].rstrip("/")
    origin = origin_of(url)
    return ModelAddress(found["model"], url, origin, origin.startswith("http:") and not _is_here(url))


def require_reader(address: ModelAddress, store: TrustStore | None = None) -> None:
    """Raises UsageError where the user has not allowed to send texts to this server."""
    if not (store or TrustStore()).may_read(address.origin):
        raise UsageError(
            f"The server {address.origin} would be sent texts of this corpus, and you have not allowed it.",
            "Read what corpus.toml says below [[suggest.models]], then allow it with `corpus-kit trust`.",
        )


class ChatServer:
    """One server and one model on it. timeout: seconds until an answer is whole. No redirect is followed, no cookie kept,
    and a proxy is used for other machines only."""

    def __init__(self, address: ModelAddress, timeout: float) -> None:
        self.address, self.timeout = address, timeout
        key = self._key = os.environ.get(KEY_VARIABLE, "").strip()
        self._http = httpx2.Client(
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=httpx2.Timeout(timeout, connect=min(timeout, 10.0)),
            trust_env=not _is_here(address.url),
            follow_redirects=False,
        )

    def ask(self, body: dict[str, Any], most_in: int, most_out: int) -> KeptCall:
        """Ask once.

        Args:
            body: The request, without the model.
            most_in, most_out: Tokens to count where the server does not tell.

        Raises:
            NoAnswerError: Nothing usable came; asking again may help.
            ServiceError: The server refuses such a request, so asking again does not help.
        """
        status, content = self._exchange({"model": self.address.model, **body})
        if status in PASSING:
            raise NoAnswerError(f"status {status}")
        if status != 200:
            raise ServiceError(
                f"{self.address.origin} refuses the request with status {status}: {_words_of(content, self._key)}.",
                f"Check the model's name and address in corpus.toml, and {KEY_VARIABLE} where the server wants a key.",
            )
        return _kept(content, most_in, most_out)

    def _exchange(self, body: dict[str, Any]) -> tuple[int, bytes]:
        end = time.monotonic() + self.timeout
        content = bytearray()
        try:
            with self._http.stream("POST", f"{self.address.url}/chat/completions", json=body) as response:
                for chunk in response.iter_bytes():
                    content += chunk
                    if len(content) > LARGEST_ANSWER:
                        raise NoAnswerError(f"more than {LARGEST_ANSWER >> 20} MiB")
                    if time.monotonic() > end:  # however slowly it drips
                        raise NoAnswerError(f"nothing whole in {self.timeout:g} s")
                return response.status_code, bytes(content)
        except httpx2.HTTPError as e:
            raise NoAnswerError(type(e).__name__) from e


def _kept(content: bytes, most_in: int, most_out: int) -> KeptCall:
    try:
        told = json.loads(content)
        choice = told["choices"][0]
        message = choice["message"]
        answer, refusal = message.get("content"), message.get("refusal")
        usage = told.get("usage")
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError) as e:
        raise NoAnswerError("an answer of another protocol") from e
    if not isinstance(answer, str | None) or not isinstance(refusal, str | None) or (answer is None and not refusal):
        raise NoAnswerError("an answer without words")
    finish = choice.get("finish_reason")
    usage = usage if isinstance(usage, dict) else {}
    return KeptCall(
        answer or "",
        refusal or "",
        finish if isinstance(finish, str) and len(finish) < 40 else "",
        _tokens(usage.get("prompt_tokens"), most_in),
        _tokens(usage.get("completion_tokens"), most_out),
    )


def _tokens(told: Any, most: int) -> int:
    return told if isinstance(told, int) and not isinstance(told, bool) and 0 <= told <= most else most


def _words_of(content: bytes, key: str) -> str:
    """The beginning of what a server says, for a terminal, without the key."""
    words = content[:60_000].decode("utf-8", "replace")
    words = (words.replace(key, "[key]") if key else words)[:600]
    return " ".join("".join(c if c.isprintable() else " " for c in words).split())[:200] or "no words"


def _is_here(url: str) -> bool:
    host = httpx2.URL(url).host
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
