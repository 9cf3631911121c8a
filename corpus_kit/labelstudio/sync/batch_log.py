"""`data/pushes.jsonl`: which documents each push sent, in which order and why, so that it can be told and repeated.

A line is written before the tasks are made: when a push with a limit is interrupted, the next one finishes its batch before
it begins another. A push that sends nothing writes nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpus_kit.core.errors import UsageError, did_you_mean
from corpus_kit.core.storage.folders import read_manifest
from corpus_kit.core.vocabulary import ORDERS, OrderName

FILE = "pushes.jsonl"


@dataclass(frozen=True, slots=True)
class PushBatch:
    """In which order documents are sent, and how many more of them. limit: None for all."""

    order: OrderName = "as-is"
    seed: int = 0
    limit: int | None = None

    def __post_init__(self) -> None:
        if self.order not in ORDERS:
            near = did_you_mean(str(self.order), list(ORDERS))
            raise UsageError(f"'{self.order}' is no order of documents.{near}", f"Accepted: {', '.join(ORDERS)}.")
        if self.limit is not None and self.limit < 1:
            raise UsageError(f"A limit of {self.limit} sends nothing.", "Give a number of tasks, 1 or more.")


def unfinished(data: Path, title: str, turn: PushBatch, missing: Sequence[str]) -> list[str]:
    """Of the last batch with these flags, what is still missing on the server, in its order; empty when it arrived whole."""
    for line in reversed(_lines(data)):
        if line["project"] == title:
            if line["limit"] is None or [line["order"], line["seed"], line["limit"]] != [
                turn.order,
                turn.seed,
                turn.limit,
            ]:
                return []
            wanted = set(missing)
            return [doc_id for doc_id in line["doc_ids"] if doc_id in wanted]
    return []


def append_batch(data: Path, title: str, layer: str, turn: PushBatch, doc_ids: Sequence[str]) -> None:
    """Append one line: what is about to be sent, and the fingerprints of the tables that decide the order."""
    made = {name: (read_manifest(data / name) or {}).get("fingerprint") for name in ("documents", "suggestions")}
    line = {"project": title, "layer": layer, "order": turn.order, "seed": turn.seed, "limit": turn.limit}
    text = json.dumps({**line, "made_from": made, "doc_ids": list(doc_ids)}, ensure_ascii=False) + "\n"
    with (data / FILE).open("a", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _lines(data: Path) -> list[dict[str, Any]]:
    """The lines that are whole; a torn last one was never acted on."""
    try:
        text = (data / FILE).read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    found = []
    for line in text.splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found
