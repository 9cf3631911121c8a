"""Which document a task belongs to: by its doc_id, its own id with the same text, its text, at last by nearly its text.

Near is a text that differs in white space, in the form of its characters (NFKC) or in soft hyphens and zero-width
characters only; and, where the task names the document by the record's own id, one of which most lines are the same.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from corpus_kit.core.layers import Layer
from corpus_kit.core.offsets import BOM, normalise_newlines
from corpus_kit.core.storage.tables import parts, read_table
from corpus_kit.ledger.export_json import Json
from corpus_kit.ledger.nearly import bare, difference, same_lines

OWN_KEYS = ("id", "uid", "record_id", "source", "file", "file_name", "filename", "url")
"""Keys of a task's data that may name its document."""
OWN_ID, SAME_TEXT = "own id", "same text"
MOSTLY = 0.8
_ADDRESS = re.compile(r"(?:https?|s3|gs|azure-blob|file)://\S+|/data/\S+")


class Documents:
    """doc_id and text_sha256 of all documents, some 60 bytes each, and the shard each lies in."""

    def __init__(self, folder: Path) -> None:
        self.shards = parts(folder, "documents")
        columns = [read_table(p, ["doc_id", "text_sha256", "source", "url"]) for p in self.shards]
        ids = [_numbers(c["doc_id"].to_pylist()) for c in columns]
        hashes = [_bytes(c["text_sha256"].to_pylist()) for c in columns]
        every = np.concatenate([np.array([], np.uint64), *ids])
        shas = np.concatenate([np.array([], "V32"), *hashes])
        shard = np.repeat(np.arange(len(ids), dtype=np.int32), [len(i) for i in ids])
        order = np.argsort(every, kind="stable")
        self._ids, self._shas, self._shard = every[order], shas[order], shard[order]
        self._names = _Names([c.select(["doc_id", "source", "url"]) for c in columns])
        self._near: _Names | None = None
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

    def named(self, name: str) -> list[str]:
        """The documents that a record's own id, a source, a file's name or an address names."""
        return self._names.find(name)

    def near(self, text: str) -> list[str]:
        """The documents whose current text is this one but for white space and the form of its characters."""
        if self._near is None:  # every text is read, once, and only where a task found no document
            self._near = _Names([])
            for shard in self.shards:
                rows = read_table(shard, ["doc_id", "text"])
                self._near.add((bare(t.as_py()), d.as_py()) for t, d in zip(rows["text"], rows["doc_id"], strict=True))
            self._near.finish()
        return self._near.find(bare(text))

    def text_of(self, doc_id: str) -> str | None:
        """The current text of one document."""
        if self._at(doc_id) is None:
            return None
        rows = read_table(self.shards[self.shard_of(doc_id)], ["doc_id", "text"])
        found = rows.filter(pc.equal(rows["doc_id"], doc_id))
        return str(found["text"][0].as_py()) if len(found) else None

    def _at(self, doc_id: str) -> int | None:
        number = np.uint64(int(doc_id, 16))
        at = int(np.searchsorted(self._ids, number))
        return at if at < len(self._ids) and self._ids[at] == number else None


class _Names:
    """Names of documents as 64-bit hashes, sorted: 16 bytes a name."""

    def __init__(self, tables: Sequence[Any]) -> None:
        self._pairs: list[tuple[int, int]] = []
        for table in tables:
            for row in table.to_pylist():
                source, url = row["source"], row["url"]
                path, _, own = source.partition("#")
                names = {source, path.rpartition("/")[2], own, url or ""} - {""}
                self.add((name, row["doc_id"]) for name in sorted(names))
        self.finish()

    def add(self, named: Iterable[tuple[str, str]]) -> None:
        self._pairs += [(_hash64(name), int(doc_id, 16)) for name, doc_id in named]

    def finish(self) -> None:
        self._pairs.sort()
        pairs = np.array(self._pairs or [(0, 0)], dtype=np.uint64)[: len(self._pairs)]
        self._hashes, self._ids = pairs[:, 0].copy(), pairs[:, 1].copy()
        self._pairs = []

    def find(self, name: str) -> list[str]:
        key = np.uint64(_hash64(name))
        low, high = np.searchsorted(self._hashes, key, "left"), np.searchsorted(self._hashes, key, "right")
        return sorted({f"{int(i):016x}" for i in self._ids[low:high]})


@dataclass(slots=True)
class Match:
    """Where a task belongs.

    doc_id: None where it belongs nowhere (yet); `reason` and `detail` then say why. own_id: the doc_id it names itself.
    text: the document's text as it was then, None where the task does not carry it. shown: what the task held, where
    that has other newlines. how: "" where id or text are plain; "own id", "same text" of several documents, or what is
    different in a text that is nearly that of the document.
    """

    doc_id: str | None
    own_id: str | None
    text_sha256: str | None
    text: str | None = None
    shown: str | None = None
    reason: str = ""
    detail: str = ""
    how: str = ""


class Matcher:
    """Matches tasks, and remembers which vanished documents turned up under another doc_id."""

    def __init__(self, documents: Documents) -> None:
        self.documents = documents
        self._found: dict[str, set[str]] = defaultdict(set)

    def match(self, task: Json, layer: Layer | None = None) -> Match:
        """The task's document. An unknown doc_id whose text stands nowhere may be found by `again`, after all tasks.

        layer: whose config says under which key the task holds the text.
        """
        data = task["data"]
        own_id = _doc_id(data.get("doc_id"))
        current = self.documents.sha256_of(own_id) if own_id else None
        text = text_in(data, layer)
        if not isinstance(text, str) or not text:
            return self._without_text(data, own_id, current)
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
        named = self._named(data)
        equal = self._equal(Match(None, own_id, sha, text), named) or self._equal(
            Match(None, own_id, kept_sha, kept, shown), named
        )
        if equal is not None:
            return equal
        if own_id:
            return Match(
                None, own_id, kept_sha, kept, shown, "unmatched_task", "no document has its doc_id or its text"
            )
        return self._nearly(kept, kept_sha, shown, named, layer)

    def _without_text(self, data: Mapping[str, Any], own_id: str | None, current: str | None) -> Match:
        """A task that holds no text: by its doc_id, else by an id of its own that names one document."""
        claimed = data.get("text_sha256")
        if current is not None and (claimed is None or _is_sha(claimed)):
            return Match(own_id, own_id, claimed or current)
        named = self._named(data)
        if len(named) == 1:
            return Match(named[0], own_id, self.documents.sha256_of(named[0]), how=OWN_ID)
        return Match(None, own_id, None, reason="unmatched_task", detail="the task holds no text")

    def _equal(self, task: Match, named: list[str]) -> Match | None:
        """The task with the document that has its text; of several, the one that an id of the task names."""
        found = self.documents.with_text(task.text_sha256 or "")
        chosen = [doc_id for doc_id in found if doc_id in named] if len(found) > 1 else found
        if len(chosen) == 1:
            if task.own_id:
                self._found[task.own_id].add(chosen[0])
            return replace(task, doc_id=chosen[0], how=OWN_ID if len(found) > 1 else "")
        # The answer is about the text, whichever of its records the task was made of.
        return replace(task, doc_id=found[0], how=SAME_TEXT) if found else None

    def _named(self, data: Mapping[str, Any]) -> list[str]:
        """The documents that an id of the task's data names, by the first key that names any."""
        for key in OWN_KEYS:
            value = data.get(key)
            if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
                found = self.documents.named(str(value))
                if found:
                    return found
        return []

    def _nearly(self, text: str, sha: str, shown: str | None, named: list[str], layer: Layer | None) -> Match:
        """A document whose text is nearly this one."""
        found = self.documents.near(text)
        chosen = [doc_id for doc_id in found if doc_id in named] or found
        if chosen:
            current = self.documents.text_of(chosen[0]) or ""
            how = difference(current, text)  # the answer is about the document's text; offsets are converted
            return Match(chosen[0], None, self.documents.sha256_of(chosen[0]), None, shown or text, how=how)
        if len(named) == 1:
            current = self.documents.text_of(named[0]) or ""
            if same_lines(current, text) >= MOSTLY:
                return Match(named[0], None, sha, text, shown, how=difference(current, text))
        detail = "no document has its text"
        if (layer is not None and layer.text_object.by_address) or _ADDRESS.fullmatch(text.strip()):
            detail = (
                'the task holds an address (valueType="url"), not the text behind it: give the tasks the text itself'
            )
        return Match(None, None, sha, text, shown, "unmatched_task", detail)

    def again(self, own_id: str | None) -> str | None:
        """The document that another task of the same vanished doc_id was found to be, if it is one only."""
        found = self._found.get(own_id or "", set())
        return next(iter(found)) if len(found) == 1 else None

    @property
    def moved(self) -> dict[str, str]:
        """Vanished doc_id → where its text stands now."""
        return {old: next(iter(new)) for old, new in sorted(self._found.items()) if len(new) == 1}


def text_in(data: Mapping[str, Any], layer: Layer | None) -> Any:
    """The text in a task's data: under the key that the layer's config shows, else under `text`."""
    value: Any = data
    for part in (layer.text_key if layer else "text").split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return data.get("text") if value is None else value


def _hash64(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest())


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
