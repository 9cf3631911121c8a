"""The ledger's tasks on the way to their documents: spread over files by doc_id, so that one file's worth fits in memory."""

from __future__ import annotations

import marshal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from corpus_kit.ledger.export_json import Json

BUCKET_BYTES = 16 << 20
MOST_BUCKETS = 256  # files that are open at once
_LENGTH = 8


@dataclass(slots=True)
class LedgerRecord:
    """One task of one entry, matched to its document.

    entry: index of the entry. number: the task's place in it from 1. task_id: its id on its server.
    own_id: the doc_id it names itself. text: None where the document's current text or another record has it.
    annotations, drafts, predictions: JSON. whole_drafts, whole_predictions: what is not there is no more.
    review: whoever worked on it saw what others had answered.
    """

    entry: int
    number: int
    task_id: int | None
    doc_id: str
    own_id: str | None
    text_sha256: str
    text: str | None
    shown: str | None
    annotations: list[Json]
    drafts: list[Json]
    predictions: list[Json]
    whole_drafts: bool
    whole_predictions: bool
    review: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """The current text of a document whose annotations were made on another one, or did not bring it."""

    doc_id: str
    text_sha256: str
    text: str


class Partitions:
    """Buckets of records. Marshal, because it is the fastest way to write what json.loads gives, and read it back."""

    def __init__(self, folder: Path, expected_bytes: int) -> None:
        self.count = 1
        while self.count < MOST_BUCKETS and self.count * BUCKET_BYTES < expected_bytes:
            self.count *= 2
        folder.mkdir(parents=True, exist_ok=True)
        self._paths = [folder / f"bucket-{i:03d}" for i in range(self.count)]
        self._files: list[BinaryIO] = [p.open("wb") for p in self._paths]

    def __enter__(self) -> Partitions:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file, path in zip(self._files, self._paths, strict=True):
            file.close()
            path.unlink(missing_ok=True)

    def put(self, item: LedgerRecord | Text) -> None:
        fields = tuple(getattr(item, name) for name in item.__slots__)
        content = marshal.dumps((isinstance(item, LedgerRecord), fields))
        file = self._files[int(item.doc_id[:4], 16) * self.count >> 16]
        file.write(len(content).to_bytes(_LENGTH, "little"))
        file.write(content)

    def buckets(self) -> Iterator[list[LedgerRecord | Text]]:
        """Every bucket's items in the order they came; buckets follow each other by doc_id."""
        for file in self._files:
            file.close()
        for path in self._paths:
            with path.open("rb") as file:
                yield list(_items(file))
            path.unlink()


def _items(file: BinaryIO) -> Iterator[LedgerRecord | Text]:
    while head := file.read(_LENGTH):
        content: tuple[bool, tuple[Any, ...]] = marshal.loads(file.read(int.from_bytes(head, "little")))
        is_record, fields = content
        yield LedgerRecord(*fields) if is_record else Text(*fields)
