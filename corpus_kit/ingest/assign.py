"""What only the whole corpus can say of a document: which cluster of copies it is in, and its split.

Both are patched into the shards concerned; a shard whose documents have no copy and no split is left as it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from corpus_kit.core.config import Split
from corpus_kit.core.parallel.executor import Workers
from corpus_kit.core.progress import Progress, counted
from corpus_kit.core.storage.folders import keep_note, kept_note, note_name, remove
from corpus_kit.core.storage.tables import array_of, content_fingerprint, file_sha256, read_table, write_table
from corpus_kit.ingest.documents import ReadDocuments
from corpus_kit.ingest.splits import NAMES, ListedSplits, split_documents

SECONDS_PER_BYTE = 1 / 150e6
"""What writing a shard again takes, roughly, per byte of its raw files."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """ids, clusters, splits: per document in the shards' order, doc_ids as numbers and codes of `splits.NAMES`.
    bounds: (shards + 1,) each shard's first document. frozen: `splits.csv`, None without one."""

    ids: NDArray[np.uint64]
    clusters: NDArray[np.uint64]
    splits: NDArray[np.uint8]
    bounds: NDArray[np.int64]
    frozen: ListedSplits | None

    def concerns(self, shard: int) -> bool:
        """Whether anything in a shard differs from the default: own cluster, no split."""
        rows = slice(int(self.bounds[shard]), int(self.bounds[shard + 1]))
        return bool((self.clusters[rows] != self.ids[rows]).any() or self.splits[rows].any())

    @property
    def split_counts(self) -> dict[str, int]:
        """Side → documents; empty where nothing is split."""
        counts = np.bincount(self.splits, minlength=len(NAMES)).tolist()
        return {str(name): counts[code] for code, name in enumerate(NAMES) if name and counts[code]}

    def of(self, shard: int) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
        rows = slice(int(self.bounds[shard]), int(self.bounds[shard + 1]))
        return self.clusters[rows], self.splits[rows]


@dataclass(frozen=True, slots=True)
class Patch:
    """One call of `patch_shard`. sha256: of the shard. clusters, splits: as in `Assignment`, of its rows."""

    shard: str
    sha256: str
    folder: str
    clusters: NDArray[np.uint64]
    splits: NDArray[np.uint8]


def assign(
    read: ReadDocuments, clusters: NDArray[np.uint64], rule: Split | None, frozen: ListedSplits | None
) -> Assignment:
    """The splits of all documents, given their clusters.

    Args:
        read: The documents.
        clusters: (documents,) the smallest doc_id of each one's cluster, in the order of the shards' rows.
        rule: `[split]` of `corpus.toml`.
        frozen: `splits.csv`.

    Raises:
        UsageError: `splits.csv` puts copies on two sides.
    """
    shards = read.shards
    bounds = np.cumsum([0, *(s.rows for s in shards)])
    splits = split_documents(read.ids, clusters, [s.path for s in shards], rule, frozen)
    return Assignment(read.ids, clusters, splits, bounds, frozen)


def patch_shards(
    shards: Sequence[tuple[Path, dict[str, Any]]],
    assignment: Assignment,
    work: Path,
    workers: Workers,
    progress: Progress,
) -> list[tuple[Path, dict[str, Any]]]:
    """The shards, (folder, facts), with clusters and splits written in; those that need neither are left as they are."""
    patches = work / "patched"
    tasks = [
        (index, Patch(str(folder / shard["name"]), shard["sha256"], str(patches), *assignment.of(index)))
        for index, (folder, shard) in enumerate(shards)
        if assignment.concerns(index)
    ]
    made = list(shards)
    used = set()
    known = {index: kept_note(_target(patch)) for index, patch in tasks}
    new = [(index, patch) for index, patch in tasks if known[index] is None]
    size = sum(shards[index][1]["bytes"] for index, _ in new)
    with counted(progress, "assigning", len(new)) as step:
        for number, facts in workers.run(patch_shard, [p for _, p in new], size * SECONDS_PER_BYTE):
            known[new[number][0]] = facts
            step.advance()
    for index, found in known.items():
        assert found is not None
        made[index] = (patches, made[index][1] | found)
        used |= {found["name"], note_name(Path(found["name"])).name}
    if patches.is_dir():
        for file in patches.iterdir():
            if file.name not in used:
                remove(file)
    return made


def patch_shard(patch: Patch) -> dict[str, Any]:
    """Write a shard again with its clusters and splits; its name is a hash of what went in, so it is found again."""
    target = _target(patch)
    table = read_table(Path(patch.shard))
    for column, values in (
        ("duplicate_cluster", [f"{cluster:016x}" for cluster in patch.clusters.tolist()]),
        ("split", [NAMES[code] for code in patch.splits.tolist()]),
    ):
        index = table.column_names.index(column)
        table = table.set_column(index, table.schema.field(index), array_of(values, pa.string()))
    target.parent.mkdir(parents=True, exist_ok=True)
    write_table(target, table)
    facts = {"name": target.name, "sha256": file_sha256(target), "fingerprint": content_fingerprint([table])}
    keep_note(target, facts)
    return facts


def _target(patch: Patch) -> Path:
    what = hashlib.sha256(patch.sha256.encode())
    what.update(pa.__version__.encode())
    what.update(patch.clusters.astype("<u8").tobytes())
    what.update(patch.splits.tobytes())
    return Path(patch.folder) / f"{what.hexdigest()[:32]}.parquet"


def columns_of_shards(shards: Sequence[Path]) -> tuple[NDArray[np.uint64], NDArray[np.uint64], NDArray[np.int64]]:
    """(doc_id, first 64 bits of text_sha256) of all documents, and each shard's first one."""
    ids: list[NDArray[np.uint64]] = [np.empty(0, np.uint64)]
    texts: list[NDArray[np.uint64]] = [np.empty(0, np.uint64)]
    bounds = [0]
    for path in shards:
        table = read_table(path, ["doc_id", "text_sha256"])
        ids.append(_hex_to_uint64(table["doc_id"]))
        texts.append(_hex_to_uint64(table["text_sha256"]))
        bounds.append(bounds[-1] + table.num_rows)
    return np.concatenate(ids), np.concatenate(texts), np.array(bounds, np.int64)


def _hex_to_uint64(column: pa.ChunkedArray) -> NDArray[np.uint64]:
    """The first 16 hex digits of every value as a number."""
    digits = "".join(v[:16] for v in column.to_pylist())
    return np.frombuffer(bytes.fromhex(digits), ">u8").astype(np.uint64)
