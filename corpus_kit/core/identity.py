"""Where a record came from, as a `doc_id` that survives a re-scrape which changes the text.

`doc_id` is the first 16 hex digits of a sha256 over the record's place: its own id; else its path without compression
suffix; in a file of many records without ids, the text's hash and its occurrence within the file.

And who published it.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple
from urllib.parse import urlsplit

HEX_DIGITS = 16
_SEPARATOR = "\x1f"  # occurs in no path and no sensible id, so that ("a", "b") and ("ab", "") differ


class Identity(NamedTuple):
    """doc_id: 16 hex digits. check: the next 16 digits, which tell a repeated identity from a hash collision."""

    doc_id: str
    check: str


class ExplicitIds:
    """Identities of the records of one file that bring their own ids, as `by_id` gives them."""

    def __init__(self, root: str, path: str, scope: str) -> None:
        self._before = _SEPARATOR.join(("id", root, path if scope == "file" else "", ""))

    def of(self, explicit_id: str) -> Identity:
        """Identity of the record with this id."""
        digest = hashlib.sha256((self._before + explicit_id).encode("utf-8", "surrogatepass")).hexdigest()
        return Identity(digest[:HEX_DIGITS], digest[HEX_DIGITS : 2 * HEX_DIGITS])


def by_id(root: str, path: str, explicit_id: str, scope: str) -> Identity:
    """Identity of a record that brings its own id, unique in the corpus or (scope "file") within its file."""
    return _identity("id", root, path if scope == "file" else "", explicit_id)


def by_path(root: str, path: str) -> Identity:
    """Identity of the only record of a file; `path` is without compression suffix, so that gzip changes nothing."""
    return _identity("path", root, path)


def by_text(root: str, path: str, text_sha256: str, occurrence: int) -> Identity:
    """Identity of a record without id in a file of many; `occurrence` counts equal texts in the file from 0."""
    return _identity("text", root, path, text_sha256, str(occurrence))


def _identity(*parts: str) -> Identity:
    digest = hashlib.sha256(_SEPARATOR.join(parts).encode("utf-8", "surrogatepass")).hexdigest()
    return Identity(digest[:HEX_DIGITS], digest[HEX_DIGITS : 2 * HEX_DIGITS])


def path_ends_shard(root: str, path: str, size: int, shard_bytes: int) -> bool:
    """`ends_shard` for the document of a file, by fewer steps: it is asked of every file of a corpus in turn."""
    digest = hashlib.sha256(_SEPARATOR.join(("path", root, path)).encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[: HEX_DIGITS // 2], "big") < (size << 4 * HEX_DIGITS) // shard_bytes


def ends_shard(doc_id: str, size: int, shard_bytes: int) -> bool:
    """Whether a document is the last of its shard.

    The hash decides with odds size / shard_bytes, so shards hold `shard_bytes` on average, and a document that comes,
    goes or changes moves no boundary but its own.
    """
    return int(doc_id, 16) < (size << 4 * HEX_DIGITS) // shard_bytes


def publisher_of(outlet: str | None, url: str | None) -> str | None:
    """The publisher, None where neither field tells."""
    if outlet and outlet.strip():
        return outlet.strip()
    try:
        return urlsplit(url).hostname or None if url else None
    except ValueError:  # an address like http://[broken is no address
        return None
