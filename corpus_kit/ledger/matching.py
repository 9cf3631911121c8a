"""Which document a task belongs to: by its doc_id, else by the hash of its text."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpus_kit.core.offsets import BOM, normalise_newlines
from corpus_kit.core.storage.tables import parts, read_table
from corpus_kit.ledger.export_json import Json


class Documents:
    """doc_id and text_sha256 of all documents, some 60 bytes each, and the shard each lies in."""

    def __init__(self, folder: Path) -> None:
        self.shards = parts(folder, "documents")
        columns = [read_table(p, ["doc_id", "text_sha256"]) for p in self.shards]
        ids = [_numbers(c["doc_id"].to_pylist()) for c in columns]
        hashes = [_bytes(c["text_sha256"].to_pylist()) for c in columns]
        every = np.concatenate([np.array([], np.uint64), *ids])
        shas = np.concatenate([np.array([], "V32"), *hashes])
        shard = np.repeat(np.arange(len(ids), dtype=np.int32), [len(i) for i in ids])
        order = np.argsort(every, kind="stable")
        self._ids, self._shas, self._shard = every[order], shas[order], shard[order]
        heads = np.frombuffer(self._shas.tobytes(), ">u8")[::4].astype(np.uint64)
        self._by_sha = np.argsort(heads, kind="stable")
        self._heads = heads[self._by_sha]

    def sha256_of(self, doc_id: str) -> str | None:
        """The current text's hash, None for an unknown document."""
        at = self._at(doc_id)
        return None if at is None else bytes(self._shas[at]).hex()

    def shard_of(self, doc_id: str) -> int:
        at = self._at(doc_id)
        assert at is not None
        return int(self._shard[at])

    def with_text(self, sha256: str) -> list[str]:
        """The documents whose current text has this hash."""
        head = np.uint64(int(sha256[:16], 16))
        low, high = np.searchsorted(self._heads, head, "left"), np.searchsorted(self._heads, head, "right")
        found = [int(i) for i in self._by_sha[low:high] if bytes(self._shas[i]).hex() == sha256]
        return sorted(f"{int(self._ids[i]):016x}" for i in found)

    def _at(self, doc_id: str) -> int | None:
        number = np.uint64(int(doc_id, 16))
        at = int(np.searchsorted(self._ids, number))
        return at if at < len(self._ids) and self._ids[at] == number else None


@dataclass(slots=True)
class Match:
    """Where a task belongs.

    doc_id: None where it belongs nowhere (yet); `reason` and `detail` then say why. own_id: the doc_id it names itself.
    text: the document's text as it was then, None where the task does not carry it. shown: what the task held, where
    that has other newlines.
    """

    doc_id: str | None
    own_id: str | None
    text_sha256: str | None
    text: str | None = None
    shown: str | None = None
    reason: str = ""
    detail: str = ""


class Matcher:
    """Matches tasks, and remembers which vanished documents turned up under another doc_id."""

    def __init__(self, documents: Documents) -> None:
        self.documents = documents
        self._found: dict[str, set[str]] = defaultdict(set)

    def match(self, task: Json) -> Match:
        """The task's document. An unknown doc_id whose text stands nowhere may be found by `again`, after all tasks."""
        data = task["data"]
        own_id = _doc_id(data.get("doc_id"))
        current = self.documents.sha256_of(own_id) if own_id else None
        text = data.get("text")
        if not isinstance(text, str) or not text:
            claimed = data.get("text_sha256")
            if current is not None and (claimed is None or _is_sha(claimed)):
                return Match(own_id, own_id, claimed or current)
            return Match(None, own_id, None, reason="unmatched_task", detail="the task holds no text")
        try:
            sha = hashlib.sha256(text.encode()).hexdigest()
        except UnicodeEncodeError as e:
            detail = f"U+{ord(text[e.start]):04X} at character {e.start} of the task's text"
            return Match(None, own_id, None, reason="lone_surrogate", detail=detail)
        if current == sha:
            return Match(own_id, own_id, sha, text)
        kept, kept_sha = text, sha
        if "\r" in text or text.startswith(BOM):
            kept = normalise_newlines(text)[0]
            kept_sha = hashlib.sha256(kept.encode()).hexdigest()
        shown = text if kept is not text else None
        if current is not None:
            return Match(own_id, own_id, kept_sha, kept, shown)
        for candidate, candidate_text, candidate_shown in ((sha, text, None), (kept_sha, kept, shown)):
            found = self.documents.with_text(candidate)
            if len(found) == 1:
                if own_id:
                    self._found[own_id].add(found[0])
                return Match(found[0], own_id, candidate, candidate_text, candidate_shown)
            if found:
                detail = f"its text is that of {', '.join(found[:5])}"
                return Match(None, own_id, candidate, candidate_text, candidate_shown, "ambiguous_task", detail)
        detail = "no document has its doc_id or its text" if own_id else "no document has its text"
        return Match(None, own_id, kept_sha, kept, shown, "unmatched_task", detail)

    def again(self, own_id: str | None) -> str | None:
        """The document that another task of the same vanished doc_id was found to be, if it is one only."""
        found = self._found.get(own_id or "", set())
        return next(iter(found)) if len(found) == 1 else None

    @property
    def moved(self) -> dict[str, str]:
        """Vanished doc_id → where its text stands now."""
        return {old: next(iter(new)) for old, new in sorted(self._found.items()) if len(new) == 1}


def _doc_id(value: Any) -> str | None:
    if not isinstance(value, str) or len(value) != 16 or value.strip("0123456789abcdef"):
        return None
    return value


def _is_sha(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 64 and not value.strip("0123456789abcdef")


def _numbers(doc_ids: list[str]) -> NDArray[np.uint64]:
    return np.frombuffer(bytes.fromhex("".join(doc_ids)), ">u8").astype(np.uint64)


def _bytes(hashes: list[str]) -> NDArray[Any]:
    return np.frombuffer(bytes.fromhex("".join(hashes)), "V32")
