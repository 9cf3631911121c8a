"""`splits.csv`: the sides of all documents written down, so that later builds keep to them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corpus_kit.core.errors import UsageError
from corpus_kit.core.storage.folders import aside_of, cleanup_on_error, read_manifest
from corpus_kit.core.storage.tables import fsync_path, parts, read_table
from corpus_kit.core.vocabulary import SPLITS


@dataclass(frozen=True, slots=True)
class FrozenSplits:
    """path: the file. rows: split → documents."""

    path: Path
    rows: dict[str, int]


def freeze_splits(documents: Path, target: Path) -> FrozenSplits:
    """Write doc_id and split of every document to `target`, in the order of doc_ids.

    documents: the made folder. A document without a side is written into `train`, where the release puts it.
    Raises UsageError before the first build, and where no document has a side.
    """
    if read_manifest(documents) is None:
        raise UsageError("There are no documents whose splits could be frozen.", "Run `corpus-kit build` first.")
    ids: list[NDArray[np.bytes_]] = [np.empty(0, "S16")]
    codes: list[NDArray[np.uint8]] = [np.empty(0, np.uint8)]
    named = False
    numbers = {name: code for code, name in enumerate(SPLITS)}
    for path in parts(documents, "documents"):
        table = read_table(path, ["doc_id", "split"])
        named = named or table["split"].null_count < table.num_rows
        ids.append(np.array(table["doc_id"].to_pylist(), "S16"))
        codes.append(np.array([numbers[s or SPLITS[0]] for s in table["split"].to_pylist()], np.uint8))
    if not named:
        raise UsageError("No document has a split.", "Add a section [split] to corpus.toml and build again.")
    all_ids, all_codes = np.concatenate(ids), np.concatenate(codes)
    aside = aside_of(target)
    counts: Counter[str] = Counter()
    with cleanup_on_error(aside), aside.open("x", encoding="utf-8", newline="\n") as file:
        file.write("doc_id,split\n")
        for index in np.argsort(all_ids).tolist():
            name = SPLITS[all_codes[index]]
            file.write(f"{all_ids[index].decode()},{name}\n")
            counts[name] += 1
    fsync_path(aside)
    aside.replace(target)
    fsync_path(target.parent)
    return FrozenSplits(target, {name: counts[name] for name in SPLITS if counts[name]})
