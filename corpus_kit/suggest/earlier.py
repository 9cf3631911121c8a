"""Documents that are as they were in a shard that is not: their suggestions are taken over, one by one.

A new page makes another shard of its some hundred neighbours, and may make a line repeated on its publisher's other pages.
What was made of the shards before is still kept while the new ones are looked at. What is suggested for a page depends on
nothing but that page, its repeated lines and the recipe.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from corpus_kit.core.errors import EnvironmentProblemError
from corpus_kit.core.storage.tables import read_table

DIGESTS = "documents.npy"
"""In the folder of a shard: the digests of its documents."""
Digests: TypeAlias = NDArray[np.uint64]
Rows: TypeAlias = list[dict[str, Any]]
_BYTES = 16


def digests_of(
    doc_ids: Sequence[str],
    texts_sha256: Sequence[str],
    headlines: Sequence[tuple[str | None, int | None]],
    repeated: Sequence[Sequence[int]],
) -> Digests:
    """(documents, 2) 128 bits of all that a suggestion and its row depend on, the recipe aside. headlines: each text's
    title and where it begins. repeated: code points at which repeated lines start."""
    each = zip(doc_ids, texts_sha256, headlines, repeated, strict=True)
    joined = b"".join([hashlib.sha256(json.dumps(one).encode()).digest()[:_BYTES] for one in each])
    return np.frombuffer(joined, "<u8").astype(np.uint64).reshape(-1, 2)


def save_earlier(work: Path, folders: Iterable[Path]) -> str:
    """Write down what documents the folders of shards have suggestions for; returns the file's path, empty for none.

    work: where the file goes, and in which the folders are. Memory: twenty bytes a document.
    """
    read = {folder.relative_to(work).as_posix(): _read(folder / DIGESTS) for folder in folders}
    each = {name: digests for name, digests in read.items() if digests is not None}
    if not each:
        return ""
    digests, names = np.concatenate(list(each.values())), list(each)
    owners = np.repeat(np.arange(len(names), dtype=np.uint32), [len(one) for one in each.values()])
    order = np.argsort(digests[:, 0], kind="stable")
    path = work / f"earlier-{uuid.uuid4().hex}.npz"  # not the one that a straggler of a killed run may still read
    np.savez(path, digests=digests[order], owners=owners[order], names=np.array(names))
    return str(path)


def _read(path: Path) -> Digests | None:
    """None for a harmed file: its documents are looked at again."""
    try:
        digests: Digests = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return digests if digests.dtype == np.uint64 and digests.ndim == 2 and digests.shape[1] == 2 else None


def rows_of(earlier: str, doc_ids: Sequence[str], digests: Digests, file: str) -> dict[int, Rows]:
    """Position → rows, of the documents that were looked at before.

    earlier: what `save_earlier` returned. file: name of the Parquet file of rows in a shard's folder.
    """
    if not earlier:
        return {}
    known = _load(earlier)
    place = np.minimum(np.searchsorted(known.digests[:, 0], digests[:, 0]), len(known.digests) - 1)
    same = np.flatnonzero((known.digests[place] == digests).all(axis=1))
    owners = known.owners[place[same]]
    found: dict[int, Rows] = {}
    for owner in np.unique(owners).tolist():
        try:
            rows = _by_document(Path(earlier).parent / known.names[owner] / file)
        except EnvironmentProblemError:
            continue  # it was harmed since: those documents are looked at again
        found |= {position: rows.get(doc_ids[position], []) for position in same[owners == owner].tolist()}
    return found


def _by_document(path: Path) -> dict[str, Rows]:
    made: dict[str, Rows] = {}
    for row in read_table(path).to_pylist():
        made.setdefault(row["doc_id"], []).append(row)
    return made


@dataclass(frozen=True, slots=True)
class _Earlier:
    """digests: (documents, 2), sorted by the first number. owners: of each, an index into `names`, the folders."""

    digests: Digests
    owners: NDArray[np.uint32]
    names: list[str]


@lru_cache(maxsize=1)
def _load(path: str) -> _Earlier:
    """Read once per process."""
    with np.load(path, allow_pickle=False) as stored:
        return _Earlier(stored["digests"], stored["owners"], stored["names"].tolist())
