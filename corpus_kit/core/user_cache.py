"""What is the same for every corpus and slow to compute, kept in the user's own cache folder for the next command."""

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
    place = folder if isinstance(folder, Path) else _users() / folder
    kept = place / f"{hashlib.sha256(made_from.encode()).hexdigest()[:32]}{suffix}"
    with contextlib.suppress(OSError):
        content = kept.read_bytes()
        if hashlib.sha256(content[_DIGEST:]).digest() == content[:_DIGEST]:
            return content[_DIGEST:]
    made = make()
    with contextlib.suppress(OSError):
        place.mkdir(parents=True, exist_ok=True)
        aside = kept.with_suffix(f".{os.getpid()}")
        aside.write_bytes(hashlib.sha256(made).digest() + made)
        aside.replace(kept)
    return made


def _users() -> Path:
    import platformdirs  # needed by none that names a folder

    return platformdirs.user_cache_path("corpus-kit")
