"""The release's data files as a pure function: document shards and labels in, files per configuration and split out.

Files are keyed by what they are made from, so a release with one new document writes one file again.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from corpus_kit.core.storage.folders import kept_facts, kept_folder
from corpus_kit.core.storage.tables import (
    Fingerprint,
    TableWriter,
    array_of,
    file_sha256,
    read_table,
)
from corpus_kit.core.vocabulary import SPLITS
from corpus_kit.release.configs.labels import read_slice
from corpus_kit.release.configs.nested import Nested, with_nested
from corpus_kit.release.configs.spec import DOCUMENTS, LOSSES, ConfigSpec, build_config, counted_labels

# Columns of `documents` that the release leaves out: the split is the file's, and cluster ids serve the making of it.
NOT_RELEASED = ("split",)
FACTS_FILE, LOSSES_FILE = "facts.json", "losses.parquet"
_LAYOUT = "4"  # of what `make_group` writes; groups kept by an older toolkit are made again


@dataclass(frozen=True, slots=True)
class LabelTask:
    """What labels add to a group.

    folder: of the slice, named by its content. schemas: of each configuration, serialised. suggestions: path and sha256 of
    the file of suggestions for each shard of documents; empty where no model looked at them.
    """

    folder: str
    nested: Nested
    configs: tuple[ConfigSpec, ...]
    schemas: tuple[bytes, ...]
    suggestions: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> str:
        parts = [Path(self.folder).name, repr(self.nested), *map(repr, self.configs), *(s.hex() for s in self.schemas)]
        parts += [sha256 for _, sha256 in self.suggestions]
        return "\n".join(parts)


@dataclass(frozen=True, slots=True)
class GroupTask:
    """One call of `make_group`.

    shards: paths of neighbouring document shards. shard_sha256: of each. schema: the Arrow schema, serialised, with the
    `huggingface` key in its metadata, of `documents`. meta_keys: keys of `meta` that are published. labels: None where the
    corpus has none.
    """

    shards: tuple[str, ...]
    shard_sha256: tuple[str, ...]
    folder: str
    schema: bytes
    meta_keys: tuple[str, ...]
    labels: LabelTask | None = None

    @property
    def key(self) -> str:
        parts = [_LAYOUT, *self.shard_sha256, self.schema.hex(), *self.meta_keys, pa.__version__, pl.__version__]
        parts.append(self.labels.key if self.labels else "")
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def finished_group(task: GroupTask) -> dict[str, Any] | None:
    """The facts of a group that an earlier build has made, None when there is none or its files were harmed since."""
    folder = Path(task.folder) / task.key
    return kept_facts(folder / FACTS_FILE)


def make_group(task: GroupTask) -> dict[str, Any]:
    """Write `<folder>/<key>/<configuration>/<split>.parquet` wherever there are rows, and what they could not carry.

    Returns counts for manifest and card.
    """
    folder = Path(task.folder) / task.key
    with kept_folder(folder, FACTS_FILE) as (aside, facts):
        documents = _Config(aside / DOCUMENTS, task.schema)
        labels = read_slice(Path(task.labels.folder)) if task.labels else None
        others = [(spec, _Config(aside / spec.name, raw)) for spec, raw in _configs(task.labels)]
        losses: list[dict[str, Any]] = []
        counts = _Counts()
        for number, path in enumerate(task.shards):
            table = read_table(Path(path))
            counts.add(table)
            splits = pl.Series(table["split"]).fill_null("train")
            if labels is not None and task.labels is not None:
                own = labels.of(pl.DataFrame(table.select(["doc_id"])))
                for spec, config in others:
                    rows, lost = build_config(spec, table, own)
                    config.write(rows, splits.gather(pl.Series(pc.index_in(rows["doc_id"], table["doc_id"]))))
                    losses += lost
                table = with_nested(table, own, task.labels.nested, _suggested(task.labels, number))
            documents.write(_released(table, documents.schema, task.meta_keys), splits)
        facts |= {"counts": counts.as_dict(), "losses": len(losses)}
        made = {config.folder.name: config.close() for config in (documents, *(config for _, config in others))}
        facts["configs"] = {name: splits for name, splits in made.items() if splits}
        facts["labels"] = {config.folder.name: config.values(spec) for spec, config in others}
        with TableWriter(aside / LOSSES_FILE, LOSSES) as writer:
            if losses:
                writer.write(pa.Table.from_pylist(losses, LOSSES))
    return facts


def _suggested(labels: LabelTask, shard: int) -> pl.DataFrame | None:
    if not labels.suggestions:
        return None
    columns = ["doc_id", "text_sha256", "layer", "start", "end"]
    return pl.DataFrame(read_table(Path(labels.suggestions[shard][0]), columns))


def _configs(labels: LabelTask | None) -> list[tuple[ConfigSpec, bytes]]:
    return list(zip(labels.configs, labels.schemas, strict=True)) if labels else []


class _Config:
    """The files of one configuration in a group."""

    def __init__(self, folder: Path, schema: bytes) -> None:
        self.folder = folder
        self.schema: pa.Schema = pa.ipc.read_schema(pa.py_buffer(schema))
        self._writers: dict[str, TableWriter] = {}
        self._fingerprints: dict[str, Fingerprint] = {}
        self._sizes: Counter[str] = Counter()

    def write(self, table: pa.Table, splits: pl.Series) -> None:
        """Rows and the split of each."""
        table = table.cast(self.schema)
        # Compared by Polars: `pyarrow.compute` imports pandas to take a Python value.
        for split in splits.unique(maintain_order=True):
            rows = table.filter((splits == split).to_arrow())
            if split not in self._writers:
                self.folder.mkdir(exist_ok=True)
                self._writers[split] = TableWriter(self.folder / f"{split}.parquet", self.schema)
                self._fingerprints[split] = Fingerprint()
            self._writers[split].write(rows)
            self._fingerprints[split].add(rows)
            self._sizes[split] += _data_bytes(rows)

    def close(self) -> dict[str, Any]:
        """split → facts of its file."""
        made = {}
        for split in SPLITS:
            if split in self._writers:
                writer = self._writers[split]
                writer.close()
                made[split] = {
                    "rows": writer.rows,
                    "bytes": writer.path.stat().st_size,
                    "data_bytes": self._sizes[split],
                    "sha256": file_sha256(writer.path),
                    "fingerprint": self._fingerprints[split].hexdigest(),
                }
        return made

    def values(self, spec: ConfigSpec) -> dict[str, int]:
        """How often each label stands in the configuration, for the card."""
        return counted_labels(spec, [self.folder / f"{split}.parquet" for split in self._writers])


def _released(table: pa.Table, schema: pa.Schema, meta_keys: tuple[str, ...]) -> pa.Table:
    """The columns and `meta` keys that are published."""
    index = table.column_names.index("meta")
    column = table["meta"]
    if column.null_count < len(column):
        column = array_of([_public_meta(m, meta_keys) for m in column.to_pylist()], pa.string())
        table = table.set_column(index, table.schema.field(index), column)
    return table.select(schema.names).cast(schema)


def _public_meta(meta: str | None, keys: tuple[str, ...]) -> str | None:
    if meta is None or not keys:
        return None
    kept = {k: v for k, v in json.loads(meta).items() if k in keys}
    return json.dumps(kept, ensure_ascii=False, sort_keys=True, separators=(",", ":")) if kept else None


def _data_bytes(table: pa.Table) -> int:
    """Size of the rows as Arrow data, counted from the values alone so that it does not depend on buffers."""
    return sum(_column_bytes(column) for column in table.columns)


def _column_bytes(column: pa.ChunkedArray | pa.Array) -> int:
    if pa.types.is_string(column.type):
        characters: int = pc.sum(pc.binary_length(column)).as_py() or 0
        return characters + 4 * len(column)
    if pa.types.is_list(column.type):
        return _column_bytes(pc.list_flatten(column)) + 4 * len(column)
    if pa.types.is_struct(column.type):
        return sum(_column_bytes(pc.struct_field(column, i)) for i in range(column.type.num_fields))
    width: int = max(column.type.bit_width // 8, 1)
    return len(column) * width


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
