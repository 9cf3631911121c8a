"""What is the same for every corpus and slow to compute, kept in the user's own cache folder for the next command.

What becomes code again is kept here and never in a corpus's folder, which may come from a stranger.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

_DIGEST = hashlib.sha256().digest_size


def kept_bytes(folder: Path | str, made_from: str, suffix: str, make: Callable[[], bytes]) -> bytes:
    """What `make` returns, from an earlier command where it was kept and is whole.

    folder: a folder, or the name of one in the user's cache. made_from: all that can change a byte of it. suffix: of the
    file, with its dot. A damaged file is made again; where the folder cannot be written, nothing is kept.
    """
    kept = read_kept(folder, made_from, suffix)
    if kept is None:
        kept = make()
        keep_bytes(folder, made_from, suffix, kept)
    return kept


def read_kept(folder: Path | str, made_from: str, suffix: str) -> bytes | None:
    """What an earlier command kept, None where it did not or the file is damaged. Parameters as for `kept_bytes`."""
    with contextlib.suppress(OSError):
        content = _file(folder, made_from, suffix).read_bytes()
        if hashlib.sha256(content[_DIGEST:]).digest() == content[:_DIGEST]:
            return content[_DIGEST:]
    return None


def keep_bytes(folder: Path | str, made_from: str, suffix: str, content: bytes) -> None:
    """Keep it for the next command; nothing happens where the folder cannot be written."""
    kept = _file(folder, made_from, suffix)
    with contextlib.suppress(OSError):
        kept.parent.mkdir(parents=True, exist_ok=True)
        aside = kept.with_suffix(f".{os.getpid()}")
        aside.write_bytes(hashlib.sha256(content).digest() + content)
        aside.replace(kept)


def _file(folder: Path | str, made_from: str, suffix: str) -> Path:
    place = folder if isinstance(folder, Path) else _users() / folder
    return place / f"{hashlib.sha256(made_from.encode()).hexdigest()[:32]}{suffix}"


def _users() -> Path:
    import platformdirs  # needed by none that names a folder

    return platformdirs.user_cache_path("corpus-kit")
