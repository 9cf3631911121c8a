"""Documents whose record went somewhere else: a doc_id that vanished and whose text stands once under a new one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from corpus_kit.core.folders import read_manifest
from corpus_kit.core.tables import array_of, parts, read_table
from corpus_kit.ingest.assign import columns_of_shards


def find_moved(previous: Path, current: Sequence[Path]) -> tuple[list[tuple[str, str]], int]:
    """((old source, new source) of moved documents, how many others are gone).

    previous: `documents` of the last build. current: the shards of this one. Shards that are the same file in both hold the
    same documents and are not read; of the others 16 bytes a document are held, and the rows of those that are gone.
    """
    if read_manifest(previous) is None:
        return [], 0
    old_files = parts(previous, "documents")
    kept = {p.stat().st_ino for p in old_files} & {p.stat().st_ino for p in current}
    old_files = [p for p in old_files if p.stat().st_ino not in kept]
    new_files = [p for p in current if p.stat().st_ino not in kept]
    before, _, old_bounds = columns_of_shards(old_files)
    after, texts, new_bounds = columns_of_shards(new_files)
    gone = ~np.isin(before, after)
    if not gone.any():
        return [], 0
    vanished = list(_rows(old_files, old_bounds, gone))
    wanted = np.array([int(r["text_sha256"][:16], 16) for r in vanished], np.uint64)
    fresh: dict[str, list[str]] = {}
    for row in _rows(new_files, new_bounds, ~np.isin(after, before) & np.isin(texts, wanted)):
        fresh.setdefault(row["text_sha256"], []).append(row["source"])
    often = Counter(r["text_sha256"] for r in vanished)
    moved = [
        (r["source"], fresh[r["text_sha256"]][0])
        for r in vanished
        if often[r["text_sha256"]] == 1 and len(fresh.get(r["text_sha256"], ())) == 1
    ]
    return moved, len(vanished) - len(moved)


def _rows(files: Sequence[Path], bounds: NDArray[np.int64], chosen: NDArray[np.bool_]) -> Iterator[dict[str, Any]]:
    """text_sha256 and source of the chosen documents, in order."""
    for number, path in enumerate(files):
        here = np.flatnonzero(chosen[bounds[number] : bounds[number + 1]])
        if here.size:
            yield from read_table(path, ["text_sha256", "source"]).take(array_of(here, pa.int64())).to_pylist()
