"""What only the whole corpus can say of a document: which cluster of equal texts it is in, and its split.

Clusters here are exact: documents whose text_sha256 is equal. Splits come from `splits.csv`; a document that it does not
name has none, and the release puts it into `train`.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from corpus_kit.core.columns import SPLITS
from corpus_kit.core.errors import UsageError
from corpus_kit.core.tables import content_fingerprint, file_sha256, read_table, write_table


@dataclass(slots=True)
class Assignment:
    """Per shard (index → doc_id → value), only what differs from the default: own cluster, no split."""

    clusters: dict[int, dict[str, str]] = field(default_factory=dict)
    splits: dict[int, dict[str, str]] = field(default_factory=dict)

    def concerns(self, shard: int) -> bool:
        return shard in self.clusters or shard in self.splits

    def of(self, shard: int) -> tuple[dict[str, str], dict[str, str]]:
        return self.clusters.get(shard, {}), self.splits.get(shard, {})


@dataclass(frozen=True, slots=True)
class Patch:
    """One call of `patch_shard`."""

    shard: str
    folder: str
    clusters: dict[str, str]
    splits: dict[str, str]


def assign(shards: Sequence[Path], splits: Path | None) -> Assignment:
    """Clusters of equal texts and the user's splits for all shards.

    Raises UsageError for a `splits.csv` that cannot be used or puts equal texts on two sides.
    """
    made = Assignment()
    wanted = read_splits(splits) if splits else {}
    ids, texts, owner = _columns(shards)
    if len(ids) == 0:
        return made
    order = np.argsort(texts, kind="stable")
    same = texts[order][1:] == texts[order][:-1]
    # Runs of equal hashes; a document alone with its text is no run and keeps its own id as its cluster.
    starts = np.flatnonzero(np.concatenate(([True], ~same)))
    ends = np.append(starts[1:], len(texts))
    for begin, end in zip(starts.tolist(), ends.tolist(), strict=True):
        if end - begin < 2:
            continue
        members = order[begin:end]
        smallest = f"{int(ids[members].min()):016x}"
        sides: dict[str, str] = {}
        for member in members.tolist():
            doc_id = f"{int(ids[member]):016x}"
            made.clusters.setdefault(int(owner[member]), {})[doc_id] = smallest
            if doc_id in wanted:
                sides.setdefault(wanted[doc_id], doc_id)
        if len(sides) > 1:
            (one, a), (other, b) = list(sides.items())[:2]
            raise UsageError(
                f"{splits}: {a} is in '{one}' and {b} is in '{other}', but their texts are the same.",
                "Put both on one side, or the release leaks from one split into the other.",
            )
    if wanted:
        for doc, shard in zip(ids.tolist(), owner.tolist(), strict=True):
            doc_id = f"{doc:016x}"
            if doc_id in wanted:
                made.splits.setdefault(shard, {})[doc_id] = wanted[doc_id]
    return made


def read_splits(path: Path) -> dict[str, str]:
    """`splits.csv`: doc_id → split. Raises UsageError with the line that is wrong."""
    made: dict[str, str] = {}
    with path.open(encoding="utf-8-sig", newline="") as handle:
        rows = csv.DictReader(handle)
        if not {"doc_id", "split"} <= set(rows.fieldnames or ()):
            raise UsageError(f"{path} has no columns doc_id and split.", "Write it with `export --freeze-splits`.")
        for row in rows:
            doc_id, split = row["doc_id"], row["split"]
            if split not in SPLITS:
                raise UsageError(
                    f"{path}, line {rows.line_num}: '{split}' is no split.", f"Accepted: {', '.join(SPLITS)}."
                )
            if made.setdefault(doc_id, split) != split:
                raise UsageError(f"{path}, line {rows.line_num}: {doc_id} is named twice.", "Keep one of the lines.")
    return made


def patch_shard(patch: Patch) -> dict[str, Any]:
    """Write a shard anew with its clusters and splits; its name is a hash of what went in, so it is done once."""
    source = Path(patch.shard)
    what = repr([file_sha256(source), sorted(patch.clusters.items()), sorted(patch.splits.items())])
    name = f"{hashlib.sha256(what.encode()).hexdigest()[:32]}.parquet"
    target = Path(patch.folder) / name
    table = read_table(source)
    ids = table["doc_id"].to_pylist()
    for column, values in (
        ("duplicate_cluster", [patch.clusters.get(i, i) for i in ids]),
        ("split", [patch.splits.get(i) for i in ids]),
    ):
        index = table.column_names.index(column)
        table = table.set_column(index, table.schema.field(index), pa.array(values, pa.string()))
    if not target.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        write_table(target, table)
    return {"name": name, "sha256": file_sha256(target), "fingerprint": content_fingerprint([table])}


def _columns(shards: Sequence[Path]) -> tuple[Any, Any, Any]:
    """(doc_id, first 64 bits of text_sha256, index of the shard) of all documents."""
    ids, texts, owner = [], [], []
    for index, path in enumerate(shards):
        table = read_table(path, ["doc_id", "text_sha256"])
        ids.append(_hex_to_uint64(table["doc_id"]))
        texts.append(_hex_to_uint64(table["text_sha256"]))
        owner.append(np.full(table.num_rows, index, np.int32))
    if not ids:
        return np.array([], np.uint64), np.array([], np.uint64), np.array([], np.int32)
    return np.concatenate(ids), np.concatenate(texts), np.concatenate(owner)


def _hex_to_uint64(column: pa.ChunkedArray) -> Any:
    """The first 16 hex digits of every value as a number."""
    digits = "".join(v[:16] for v in column.to_pylist())
    return np.frombuffer(bytes.fromhex(digits), ">u8").astype(np.uint64)
