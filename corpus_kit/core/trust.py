"""What the user allowed: which code of a corpus may run, which server may get the key, and which may be sent texts.

It is kept in the user's own configuration folder and never in a corpus, which may come from a stranger. Code is allowed by
its place and the sha256 of all its files, so that another corpus and changed code ask again.
"""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from corpus_kit.core.errors import EnvironmentProblemError, UsageError

TRUST_FILE = "trust.json"
State = Literal["new", "changed", "trusted"]


@dataclass(frozen=True, slots=True)
class Code:
    """What a model of a corpus runs.

    name: as it is written in `corpus.toml`. place: the module's file or the model's folder. files: path and sha256 of
    all that would run or be loaded, the module's own first.
    """

    name: str
    place: Path
    files: tuple[tuple[Path, str], ...]

    @property
    def sha256(self) -> str:
        """Of all files: their names and contents."""
        told = "\n".join(f"{os.path.relpath(path, self.place.parent)} {sha256}" for path, sha256 in self.files)
        return hashlib.sha256(told.encode("utf-8", "surrogateescape")).hexdigest()

    @property
    def key(self) -> str:
        return f"{self.name} {self.place}"


class TrustStore:
    """The file that keeps it. What cannot be read counts as empty: nothing is allowed by a damaged file."""

    def __init__(self, path: Path | None = None) -> None:
        """path: by default `trust.json` in the user's configuration folder."""
        self.path = path or _default_path()

    def state(self, code: Code) -> State:
        """Whether this code, as it is now, was allowed in this place."""
        kept = self._read()["code"].get(code.key)
        return "new" if kept is None else "trusted" if kept == code.sha256 else "changed"

    def allow(self, codes: Sequence[Code]) -> None:
        """Keep that this code may run."""
        with self._changed() as kept:
            kept["code"] |= {code.key: code.sha256 for code in codes}

    def forget(self, codes: Sequence[Code]) -> None:
        """Code is asked about again."""
        with self._changed() as kept:
            for code in codes:
                kept["code"].pop(code.key, None)

    def gets_the_key(self, origin: str) -> bool:
        """Whether the server at `scheme://host:port` may get the key although only a `corpus.toml` names it."""
        return origin in self._read()["servers"]

    def in_plain_text(self, origin: str) -> bool:
        """Whether the key may go to another machine without encryption."""
        return self._read()["servers"].get(origin) == "plain http"

    def allow_server(self, origin: str, *, plain_http: bool = False) -> None:
        """Keep that this server may get the key."""
        with self._changed() as kept:
            kept["servers"][origin] = "plain http" if plain_http else "key"

    def forget_server(self, origin: str) -> None:
        """The server is asked about again."""
        with self._changed() as kept:
            kept["servers"].pop(origin, None)

    def may_read(self, origin: str) -> bool:
        """Whether the server at `scheme://host:port` may be sent texts of a corpus that names it."""
        return origin in self._read()["readers"]

    def allow_reader(self, origin: str) -> None:
        """Keep that this server may be sent texts."""
        with self._changed() as kept:
            kept["readers"][origin] = "texts"

    def forget_reader(self, origin: str) -> None:
        """The server is asked about again."""
        with self._changed() as kept:
            kept["readers"].pop(origin, None)

    def _read(self) -> dict[str, dict[str, Any]]:
        try:
            kept = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            kept = {}
        parts = {name: kept.get(name) if isinstance(kept, dict) else None for name in ("code", "servers", "readers")}
        return {name: part if isinstance(part, dict) else {} for name, part in parts.items()}

    @contextmanager
    def _changed(self) -> Iterator[dict[str, dict[str, Any]]]:
        """The content, to be changed; afterwards it is written, whole or not at all, for its owner only."""
        from filelock import FileLock

        aside = self.path.with_name(f"{self.path.name}.{uuid.uuid4().hex}")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with FileLock(self.path.with_suffix(".lock")):
                kept = self._read()
                yield kept
                with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as f:
                    json.dump(kept, f, indent=1, sort_keys=True)
                aside.replace(self.path)
        except OSError as e:
            aside.unlink(missing_ok=True)
            raise EnvironmentProblemError(
                f"What you trust cannot be kept in {self.path}: {e.strerror}.",
                "Make that folder writable, or use `--trust` of `build` and `suggest` each time.",
            ) from e


def require_trust(codes: Sequence[Code], store: TrustStore | None = None) -> None:
    """Raises UsageError where some of this code has not been allowed as it is now."""
    store = store or TrustStore()
    for code in codes:
        state = store.state(code)
        if state != "trusted":
            what = "has changed since you trusted it" if state == "changed" else "has not been trusted"
            raise UsageError(
                f"The model {code.name} runs code of this corpus that {what}: {code.place}.",
                "Read it, then allow it with `corpus-kit trust`, or run this once with `--trust`.",
            )


def origin_of(url: str) -> str:
    """Scheme, host and port of an address, by the parser that also sends the requests: what a key belongs to.

    Raises:
        UsageError: It is no address.
    """
    import httpx2  # needed only where a corpus names a server

    try:
        parsed = httpx2.URL(url)
    except httpx2.InvalidURL as e:
        raise UsageError("The server's address cannot be read.", "It looks like this: https://label.example") from e
    port = parsed.port or {"http": 80, "https": 443}.get(parsed.scheme, 0)
    return f"{parsed.scheme}://{parsed.raw_host.decode('ascii').lower()}:{port}"


def _default_path() -> Path:
    import platformdirs  # needed only where a corpus names code or a server

    return platformdirs.user_config_path("corpus-kit") / TRUST_FILE
