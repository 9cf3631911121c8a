"""What servers answered, in `data/calls`: one file for each question, so that no text is sent twice.

A file holds what came back and no text of a document, key or clock. No build removes it: it cost time and perhaps money.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from corpus_kit.core.storage.folders import write_whole

FOLDER = "calls"


@dataclass(frozen=True, slots=True)
class KeptCall:
    """One answer. answer: the words of the model. refusal: its words where it refused. finish: why it ended.
    tokens_in, tokens_out: as the server counts them, or at most so many where it does not."""

    answer: str
    refusal: str
    finish: str
    tokens_in: int
    tokens_out: int


class CallStore:
    """The answers of one model in one layer. version: of the model with its prompt; another one asks again."""

    def __init__(self, data: Path, layer: str, version: str) -> None:
        self.folder = data / FOLDER / layer / version

    def get(self, key: str) -> KeptCall | None:
        """What was answered; None where nothing was, or the file was harmed."""
        try:
            told: Any = json.loads(self._file(key).read_text(encoding="utf-8"))
            return KeptCall(**told) if isinstance(told, dict) else None
        except (OSError, ValueError, TypeError, RecursionError):
            return None

    def keep(self, key: str, call: KeptCall) -> None:
        path = self._file(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        # Escapes: an answer may hold half of a surrogate pair.
        write_whole(path, (json.dumps(asdict(call), sort_keys=True, indent=1) + "\n").encode("ascii"))

    def _file(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.json"
