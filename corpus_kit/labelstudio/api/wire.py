"""The forms of what goes over the wire: addresses, JSON out, JSON in, checksums."""

from __future__ import annotations

import hashlib
import ipaddress
import json
from pathlib import Path
from typing import Any

import httpx2

from corpus_kit.core.errors import UsageError
from corpus_kit.labelstudio.api.problems import UnreachableError


def checked_address(url: str, named_by: str = "LABEL_STUDIO_URL") -> str:
    """The server's address without a trailing slash, query or fragment.

    Args:
        url: The address as it was given.
        named_by: Where it comes from, for the sentence.

    Raises:
        UsageError: It isn't one, or it carries a password; the message doesn't repeat it.
    """
    hint = "Set LABEL_STUDIO_URL to the server's address, for instance http://127.0.0.1:8080."
    try:
        parsed = httpx2.URL(url.strip())
    except httpx2.InvalidURL as e:
        raise UsageError(f"{named_by} isn't an address.", hint) from e
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise UsageError(f"{named_by} isn't an address that starts with http:// or https://.", hint)
    if parsed.userinfo:
        raise UsageError(f"{named_by} has a user name or password in it.", "Take it out; the token is enough.")
    return str(parsed.copy_with(query=None, fragment=None)).rstrip("/")


def goes_in_plain_text(url: str) -> bool:
    """Whether a key sent there could be read on the way: plain http to another machine."""
    return httpx2.URL(url).scheme == "http" and not is_loopback(url)


def is_loopback(url: str) -> bool:
    """Whether an address is on this machine."""
    host = httpx2.URL(url).host
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def encoded(body: Any) -> bytes | None:
    """A request's JSON in UTF-8; what would poison a project (lone surrogates) or isn't JSON (NaN) is refused here.

    Raises
    ------
    UsageError: the data has no UTF-8 or no JSON form.
    """
    if body is None:
        return None
    try:
        return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8")
    except UnicodeEncodeError as e:
        raise UsageError("A text has a lone surrogate, which no server can store.", "Repair the source file.") from e
    except ValueError as e:
        raise UsageError(f"A value can't be sent as JSON: {e}.", "Scores must be finite numbers.") from e


def json_of(response: httpx2.Response) -> Any:
    """The answer's JSON, None for an empty body.

    Raises
    ------
    UnreachableError: it isn't JSON: another page answered, or the body was cut short.
    """
    if not response.content:
        return None
    try:
        return response.json()
    except (ValueError, RecursionError) as e:
        address = f"{response.url.scheme}://{response.url.netloc.decode('ascii')}"
        raise UnreachableError(
            f"{address} answered with something that isn't Label Studio's JSON.",
            "Check LABEL_STUDIO_URL: another page or a login form answers there, or the answer was cut short.",
        ) from e


def has_md5(file: Path, md5: str) -> bool:
    """Whether a file's content has this MD5 (hex), the sum the server keeps of a snapshot."""
    with file.open("rb") as f:
        return hashlib.file_digest(f, lambda: hashlib.md5(usedforsecurity=False)).hexdigest() == md5
