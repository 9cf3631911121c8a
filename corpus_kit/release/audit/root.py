"""One hash over every document and its labels, the same whatever files the rows are in; and the seal of a manifest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

GOLD = "gold_"
SEAL = "seal"


def label_root(rows: Iterable[Mapping[str, Any]]) -> str:
    """sha256 over (doc_id, text_sha256, labels) of all documents, sorted by doc_id.

    Args:
        rows: of the configuration `documents`, with doc_id, text_sha256 and the columns `gold_<layer>`.

    Returns:
        64 hexadecimal digits. Order, files and texts do not matter: a text-free release has the root of the full one.
    """
    digests = []
    for row in rows:
        labels = {name: value for name, value in row.items() if name.startswith(GOLD) and value is not None}
        told = json.dumps([row["doc_id"], row["text_sha256"], labels], ensure_ascii=False, sort_keys=True)
        digests.append((row["doc_id"], hashlib.sha256(told.encode("utf-8", "surrogatepass")).digest()))
    whole = hashlib.sha256()
    for _, digest in sorted(digests):
        whole.update(digest)
    return whole.hexdigest()


def documents_of(folder: Path, manifest: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The rows that `label_root` reads, from the files of a release."""
    facts = manifest["configs"]["documents"]
    columns = ["doc_id", "text_sha256", *(name for name in facts["columns"] if name.startswith(GOLD))]
    for files in facts["splits"].values():
        for one in files:
            with pq.ParquetFile(folder / one["name"]) as file:
                for batch in file.iter_batches(columns=columns):
                    yield from batch.to_pylist()


def seal_of(manifest: Mapping[str, Any]) -> str:
    """sha256 of a manifest without its seal and the name of the toolkit, in canonical JSON."""
    kept = {key: value for key, value in manifest.items() if key not in (SEAL, "toolkit")}
    return hashlib.sha256(json.dumps(kept, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
