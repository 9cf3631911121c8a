"""The shards of `data/annotations`: rows of six tables, checked against their contracts and written together."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

import polars as pl

from corpus_kit.core.identity import ends_shard
from corpus_kit.core.labels import RELATIONS, UNREAD
from corpus_kit.core.schema.contracts import CheckedFrame, Contract
from corpus_kit.core.storage.tables import TableWriter, arrow_schema, content_fingerprint, file_sha256, part_name

TABLES = ("annotations", "spans", "choices", "relations", "texts", "carried")
SHARD_BYTES = 8 << 20
BATCH_BYTES = 4 << 20
_MOST_BYTES = 16 * SHARD_BYTES

Row = tuple[Any, ...]
Reject = Callable[[str, Mapping[str, Any], str], None]
"""table, the row, what it failed"""


class Shards:
    """Takes the rows of one document after another, by doc_id, and cuts where a hash of the doc_id says so.

    Use as a context. Rows are checked and written in batches of some megabytes, whole documents each, so memory does
    not grow with a shard.
    """

    def __init__(self, folder: Path, contracts: Mapping[str, Contract], reject: Reject) -> None:
        self.folder, self.contracts, self.reject = folder, contracts, reject
        self.rows: Counter[str] = Counter()
        self.files: list[dict[str, Any]] = []
        self._pending: dict[str, list[Row]] = {name: [] for name in TABLES}
        self._batch = self._size = self._number = 0
        self._open: dict[str, _Part] = {}

    def __enter__(self) -> Shards:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with ExitStack() as stack:
            for part in self._open.values():
                stack.push(part.writer)
        self._open = {}

    def add(self, doc_id: str, rows: Mapping[str, list[Row]], size: int) -> None:
        """All rows of one document; size: bytes they take, roughly."""
        for name, some in rows.items():
            self._pending[name].extend(some)
        self._batch += size
        self._size += size
        if ends_shard(doc_id, size, SHARD_BYTES) or self._size > _MOST_BYTES:
            self._end_shard()
        elif self._batch > BATCH_BYTES:
            self._write()

    def finish(self) -> list[dict[str, Any]]:
        """End the last shard; there is always one, so that every table exists. Facts of the files for the manifest."""
        if any(self._pending.values()) or self._open or not self._number:
            self._end_shard()
        return self.files

    def _end_shard(self) -> None:
        self._write()
        for name, part in self._open.items():
            self.files.append(part.close())
            self.rows[name] += part.writer.rows
        self._open, self._size, self._number = {}, 0, self._number + 1

    def _write(self) -> None:
        lost: set[str] = set()
        broken: dict[str, set[str]] = {}
        frames = {name: self._sound(name, self._pending[name], lost, broken) for name in TABLES}
        frames["annotations"] = _with_unread(frames["annotations"], broken)
        for name, frame in frames.items():
            if name not in self._open:
                path = self.folder / part_name(name, self._number)
                self._open[name] = _Part(path, self.contracts[name])
            self._open[name].write(frame)
        self._pending, self._batch = {name: [] for name in TABLES}, 0

    def _sound(self, name: str, rows: list[Row], lost: set[str], broken: dict[str, set[str]]) -> pl.DataFrame:
        """The rows that keep their contract.

        lost: annotations that broke theirs, whose rows go with them. broken: annotation → controls with a row that did.
        """
        contract = self.contracts[name]
        frame = pl.DataFrame(rows, schema=contract.columns, orient="row")
        if lost and "annotation_id" in frame.columns:
            gone = pl.col("annotation_id").is_in(sorted(lost))
            for row in frame.filter(gone).iter_rows(named=True):
                self.reject(name, row, "its annotation broke the contract of annotations")
            frame = frame.filter(~gone)
        checked = contract.check(frame)
        self._refuse(name, frame, checked, lost, broken)
        return checked.valid

    def _refuse(
        self, name: str, frame: pl.DataFrame, checked: CheckedFrame, lost: set[str], broken: dict[str, set[str]]
    ) -> None:
        why: dict[int, list[str]] = {}
        for failure in checked.failures:
            if failure.row_index is None:
                raise RuntimeError(f"the rows of {name} do not have the contract's columns: {failure}")
            why.setdefault(failure.row_index, []).append(str(failure))
        for index, reasons in why.items():
            row = frame.row(index, named=True)
            self.reject(name, row, "; ".join(reasons))
            if name == "annotations":
                lost.add(row["annotation_id"])
            elif name in ("spans", "choices", "relations"):
                broken.setdefault(row["annotation_id"], set()).add(row.get("control", RELATIONS))


def _with_unread(annotations: pl.DataFrame, broken: dict[str, set[str]]) -> pl.DataFrame:
    """Annotations of which a row broke its contract are not complete."""
    if not broken:
        return annotations
    unread = [
        UNREAD.join(sorted({*(known.split(UNREAD) if known else ()), *broken.get(own, ())})) or None
        for own, known in annotations.select("annotation_id", "unread").iter_rows()
    ]
    told = pl.Series("unread", unread, pl.String)
    return annotations.with_columns(told, told.is_null().alias("complete"))


class _Part:
    """One table of one shard while it is written."""

    def __init__(self, path: Path, contract: Contract) -> None:
        self._schema = arrow_schema(contract.columns)
        self._fingerprint = hashlib.sha256()
        self.writer = TableWriter(path, self._schema)

    def write(self, frame: pl.DataFrame) -> None:
        table = frame.to_arrow().cast(self._schema)
        self._fingerprint.update(content_fingerprint([table]).encode())
        self.writer.write(table)

    def close(self) -> dict[str, Any]:
        """Facts for the manifest."""
        self.writer.close()
        path = self.writer.path
        facts = {"name": path.name, "rows": self.writer.rows, "bytes": path.stat().st_size}
        return facts | {"sha256": file_sha256(path), "fingerprint": self._fingerprint.hexdigest()}
