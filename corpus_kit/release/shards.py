"""The release's data files as a pure function: document shards in, one Parquet file per split out.

Files are keyed by what they are made from, so a release with one new document writes one file anew.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from corpus_kit.core.columns import SPLITS
from corpus_kit.core.folders import fsync_folder, remove, write_json
from corpus_kit.core.tables import TableWriter, content_fingerprint, file_sha256, read_table

# Columns of `documents` that the release leaves out: the split is the file's, and cluster ids serve the making of it.
NOT_RELEASED = ("split",)
FACTS_FILE = "facts.json"


@dataclass(frozen=True, slots=True)
class GroupTask:
    """One call of `make_group`.

    shards: paths of neighbouring document shards. shard_sha256: of each. schema: the Arrow schema, serialised, with the
    `huggingface` key in its metadata. meta_keys: keys of `meta` that are published. columns: the counted ones.
    """

    shards: tuple[str, ...]
    shard_sha256: tuple[str, ...]
    folder: str
    schema: bytes
    meta_keys: tuple[str, ...]

    @property
    def key(self) -> str:
        parts = [*self.shard_sha256, self.schema.hex(), *self.meta_keys, pa.__version__]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def finished_group(task: GroupTask) -> dict[str, Any] | None:
    """The facts of a group that an earlier build has made, None when there is none."""
    folder = Path(task.folder) / task.key
    try:
        facts: dict[str, Any] = json.loads((folder / FACTS_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return facts if all((folder / f"{split}.parquet").is_file() for split in facts["splits"]) else None


def make_group(task: GroupTask) -> dict[str, Any]:
    """Write `<folder>/<key>/<split>.parquet` for every split that has rows; returns counts for manifest and card."""
    folder = Path(task.folder) / task.key
    aside = folder.with_name(f"{folder.name}.{os.getpid()}.part")
    remove(aside)
    aside.mkdir(parents=True)
    schema = pa.ipc.read_schema(pa.py_buffer(task.schema))
    writers: dict[str, TableWriter] = {}
    sizes: Counter[str] = Counter()
    counts = _Counts()
    for path in task.shards:
        table = read_table(Path(path))
        counts.add(table)
        splits = table["split"].fill_null("train")
        released = _released(table, schema, task.meta_keys)
        for split in pa.compute.unique(splits).to_pylist():
            rows = released.filter(pa.compute.equal(splits, split))
            if split not in writers:
                writers[split] = TableWriter(aside / f"{split}.parquet", schema)
            writers[split].write(rows)
            sizes[split] += _data_bytes(rows)
    facts: dict[str, Any] = {"splits": {}, "counts": counts.as_dict()}
    for split in SPLITS:
        if split in writers:
            writers[split].close()
            path_made = aside / f"{split}.parquet"
            made = read_table(path_made)
            facts["splits"][split] = {
                "rows": made.num_rows,
                "bytes": path_made.stat().st_size,
                "data_bytes": sizes[split],
                "sha256": file_sha256(path_made),
                "fingerprint": content_fingerprint([made]),
            }
    write_json(aside / FACTS_FILE, facts)
    fsync_folder(aside)
    remove(folder)
    aside.rename(folder)
    return facts


def _released(table: pa.Table, schema: pa.Schema, meta_keys: tuple[str, ...]) -> pa.Table:
    """The columns and `meta` keys that are published."""
    index = table.column_names.index("meta")
    column = table["meta"]
    if column.null_count < len(column):
        column = pa.array([_public_meta(m, meta_keys) for m in column.to_pylist()], pa.string())
        table = table.set_column(index, table.schema.field(index), column)
    return table.select(schema.names).cast(schema)


def _public_meta(meta: str | None, keys: tuple[str, ...]) -> str | None:
    if meta is None or not keys:
        return None
    kept = {k: v for k, v in json.loads(meta).items() if k in keys}
    return json.dumps(kept, ensure_ascii=False, sort_keys=True, separators=(",", ":")) if kept else None


def _data_bytes(table: pa.Table) -> int:
    """Size of the rows as Arrow data, counted from the values alone so that it does not depend on buffers."""
    total = 0
    for column in table.columns:
        if pa.types.is_string(column.type):
            total += int(pa.compute.sum(pa.compute.binary_length(column)).as_py() or 0) + 4 * len(column)
        else:
            total += len(column) * max(column.type.bit_width // 8, 1)
    return total


class _Counts:
    """What the card tells of the documents, added up shard by shard."""

    BY_VALUE = ("language", "encoding", "newline")

    def __init__(self) -> None:
        self.values: dict[str, Counter[str]] = {name: Counter() for name in self.BY_VALUE}
        self.totals: Counter[str] = Counter()

    def add(self, table: pa.Table) -> None:
        frame = pl.from_arrow(table.drop_columns(["text", "meta"]))
        assert isinstance(frame, pl.DataFrame)
        for name, counter in self.values.items():
            counter.update(dict(frame[name].value_counts().iter_rows()))
        self.totals.update(
            documents=frame.height,
            characters=int(frame["n_chars"].sum()),
            raw_bytes=int(frame["raw_bytes"].sum()),
            with_title=int(frame["title"].is_not_null().sum()),
            with_date=int(frame["published_on"].is_not_null().sum()),
            with_outlet=int(frame["outlet"].is_not_null().sum()),
            duplicates=int((frame["duplicate_cluster"] != frame["doc_id"]).sum()),
        )

    def as_dict(self) -> dict[str, Any]:
        return {"totals": dict(self.totals), **{k: dict(sorted(v.items())) for k, v in self.values.items()}}
