"""`data/documents` as a whole: shards with their clusters and splits, the list of raw files, the manifest.

The folder is put together from the units' files by hard links. And which documents moved since the last build: a doc_id
that vanished and whose text is there once under a new one.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from corpus_kit.core.errors import EnvironmentProblemError
from corpus_kit.core.parallel.executor import Workers
from corpus_kit.core.progress import Progress
from corpus_kit.core.rejects import Refusals
from corpus_kit.core.storage.folders import link_or_copy, made_folder, read_manifest, write_manifest
from corpus_kit.core.storage.tables import array_of, part_name, parts, read_table
from corpus_kit.ingest.assign import Assignment, columns_of_shards, patch_shards
from corpus_kit.ingest.documents import Ingested, ReadDocuments
from corpus_kit.ingest.listing import write_listing

_SHARD_FACTS = ("rows", "bytes", "sha256", "read_sha256", "fingerprint", "last_doc_id")


def write_documents(
    read: ReadDocuments,
    assignment: Assignment,
    out: Path,
    work: Path,
    *,
    rules: Mapping[str, Any],
    refusals: Refusals,
    workers: Workers,
    progress: Progress,
) -> Ingested:
    """Make `out/documents`, and hand in what was refused.

    Args:
        read: What `read_documents` read.
        assignment: Clusters and splits of these documents.
        out: The folder of the made folders.
        work: `out/.work`, held by this process.
        rules: For the manifest: by which settings copies were found and splits were made.
        refusals: Takes what was refused.
        workers: The processes that write.
        progress: What is reported.
    """
    result = read.counts()
    shards = patch_shards(read.shard_facts, assignment, work, workers, progress)
    result.splits = assignment.split_counts
    try:
        result.moved, result.vanished = find_moved(out / "documents", [folder / s["name"] for folder, s in shards])
    except EnvironmentProblemError:  # what was made last is replaced anyway
        progress.remark("The documents of the last build are damaged: which have moved or vanished since is not known.")
    _put_together(out, work, read, shards, assignment.frozen.path if assignment.frozen else None, rules)
    read.refuse(refusals)
    read.prune()
    return result


def _put_together(
    out: Path,
    work: Path,
    read: ReadDocuments,
    shards: Sequence[tuple[Path, dict[str, Any]]],
    splits: Path | None,
    rules: Mapping[str, Any],
) -> None:
    with made_folder(out / "documents", work) as folder:
        files = []
        for number, (place, shard) in enumerate(shards):
            name = part_name("documents", number)
            link_or_copy(place / shard["name"], folder / name)
            files.append({k: shard[k] for k in _SHARD_FACTS} | {"name": name})
        listing = write_listing(folder / "inputs.sha256", [(m.unit.files, m.facts["sha256"]) for m in read.made])
        inputs: dict[str, Any] = {"raw": listing}
        for sidecar in read.sidecars:
            inputs[sidecar.source] = {"sha256": hashlib.sha256(sidecar.path.read_bytes()).hexdigest()}
        if splits:
            inputs["splits.csv"] = {"sha256": hashlib.sha256(splits.read_bytes()).hexdigest()}
        fingerprint = hashlib.sha256("".join(f["fingerprint"] for f in files).encode()).hexdigest()
        write_manifest(
            folder,
            table="documents",
            rows=sum(f["rows"] for f in files),
            files=files,
            inputs=inputs,
            contract={"version": read.recipe.contract.version, "sha256": read.recipe.contract.sha256},
            libraries=read.recipe.versions,
            **rules,
            fingerprint=fingerprint,
        )


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
