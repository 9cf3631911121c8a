"""What models suggested for documents whose tasks did not show it: `data/held-back`, written by `push`.

Suggestions of a document go once somebody has finished it, so what a person was not shown has to be kept until their answer
can be compared with it. A later push replaces what is kept of a document only by newer suggestions.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from corpus_kit.core.storage.folders import write_whole

FOLDER = "held-back"


@dataclass(frozen=True, slots=True)
class HeldBack:
    """Of one document, on one text. result: as Label Studio writes results."""

    doc_id: str
    text_sha256: str
    model_version: str
    result: list[dict[str, Any]]


def keep_held_back(data: Path, layer: str, found: Iterable[HeldBack]) -> None:
    """Add what is held back now; nothing is written where nothing changes. Memory: of all documents held out."""
    before = read_held_back(data, layer)
    after = before | {one.doc_id: one for one in found}
    if after != before:
        path = _file(data, layer)
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = [json.dumps(asdict(after[doc_id]), ensure_ascii=False, sort_keys=True) for doc_id in sorted(after)]
        write_whole(path, ("\n".join(lines) + "\n").encode())


def read_held_back(data: Path, layer: str) -> dict[str, HeldBack]:
    """By doc_id; lines that are damaged are passed over."""
    found: dict[str, HeldBack] = {}
    try:
        lines = _file(data, layer).read_text(encoding="utf-8").split("\n")
    except (OSError, ValueError):
        return found
    for line in lines:
        try:
            one = HeldBack(**json.loads(line))
        except (ValueError, TypeError):
            continue
        found[one.doc_id] = one
    return found


def _file(data: Path, layer: str) -> Path:
    return data / FOLDER / f"{layer}.jsonl"
