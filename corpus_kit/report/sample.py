"""Which documents the reader shows: a few hundred, the same ones for the same corpus, something of every kind among them.

Kinds take turns, so that a small budget of bytes leaves out some of each rather than one kind whole.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from corpus_kit.core.storage.folders import read_checked_json, write_checked_json
from corpus_kit.core.storage.tables import array_of, iter_batches, read_table
from corpus_kit.report.totals import Totals

MOST_DOCUMENTS = 400
MOST_CHARACTERS = 12_000
"""Of one text; what is cut is said where it is cut."""

_PUBLISHERS = 60
_COLUMNS = (
    "doc_id source title text text_sha256 published_on outlet url language n_chars split duplicate_cluster".split()
)
_SUGGESTION = "doc_id layer control start end label score model model_version".split()


@dataclass(frozen=True, slots=True)
class SampleChoice:
    """doc_ids by what they are to show, the most telling first."""

    disputed: Sequence[str] = ()
    labelled: Sequence[str] = ()
    refused: Sequence[str] = ()


def choose(totals: Totals, wanted: SampleChoice, most: int = MOST_DOCUMENTS) -> list[str]:
    """At most `most` doc_ids in the order of their turn: whatever is cut off the end, every kind is at the front."""
    largest = sorted(totals.publishers.items(), key=lambda item: (-item[1].documents, item[0]))[:_PUBLISHERS]
    kinds: list[Sequence[str]] = [wanted.disputed, wanted.refused, wanted.labelled]
    kinds += [ids for name, ids in sorted(totals.strata.items()) if name != "any"]
    kinds += [[one.sample for _, one in largest], totals.strata.get("any", [])]
    return list(_first(most, _turns(kinds)))


def _turns(kinds: Iterable[Sequence[str]]) -> Iterator[str]:
    waiting = [iter(kind) for kind in kinds]
    while waiting:
        still = []
        for kind in waiting:
            doc_id = next(kind, None)
            if doc_id is not None:
                yield doc_id
                still.append(kind)
        waiting = still


def _first(most: int, ids: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for doc_id in ids:
        if doc_id not in seen:
            seen.add(doc_id)
            yield doc_id
        if len(seen) == most:
            return


@dataclass(frozen=True, slots=True)
class ReportShard:
    """One file of documents, those of the suggestions for it, and where what was read of both is kept."""

    documents: Path
    suggestions: tuple[Path, ...]
    kept: Path


def read_documents(ids: Sequence[str], shards: Sequence[ReportShard]) -> dict[str, dict[str, Any]]:
    """doc_id → its columns, `text` cut to `MOST_CHARACTERS`, and the `suggested` spans, in the order of `ids`.

    Unknown ids are left out. What was read of a shard is kept beside its facts, so a text is taken from the table once.
    Memory: the sample and a batch of rows.
    """
    wanted = set(ids)
    found: dict[str, dict[str, Any]] = {}
    for shard in shards:
        found |= {doc_id: row for doc_id, row in read_checked_json(shard.kept).items() if doc_id in wanted}
    # A document that was read nowhere is most likely in a shard of which nothing was read, so these are asked first.
    for shard in sorted(shards, key=lambda shard: shard.kept.exists()):
        missing = array_of(sorted(wanted - found.keys()), pa.string())
        if len(missing) == 0:
            break
        here = read_table(shard.documents, ["doc_id"])["doc_id"]
        some = here.filter(pc.is_in(here, value_set=missing)).to_pylist()
        if some:
            made = _read(shard, some)
            write_checked_json(
                shard.kept, {k: v for k, v in read_checked_json(shard.kept).items() if k in wanted} | made
            )
            found |= made
            # Arrow keeps what it freed for the next shard, in each of its threads: more memory the more shards there are.
            pa.default_memory_pool().release_unused()
    return {doc_id: found[doc_id] for doc_id in ids if doc_id in found}


def _read(shard: ReportShard, ids: Sequence[str]) -> dict[str, Any]:
    wanted = array_of(ids, pa.string())
    made: dict[str, Any] = {}
    for batch in iter_batches(shard.documents, _COLUMNS, rows=1024):
        for row in batch.filter(pc.is_in(batch.column("doc_id"), value_set=wanted)).to_pylist():
            text = row["text"]
            row["text"] = text[:MOST_CHARACTERS]
            row["published_on"] = row["published_on"].isoformat() if row["published_on"] else None
            made[row["doc_id"]] = row | {"suggested": []}
    for suggestions in shard.suggestions:
        for batch in iter_batches(suggestions, _SUGGESTION, rows=65536):
            for row in batch.filter(pc.is_in(batch.column("doc_id"), value_set=wanted)).to_pylist():
                made[row["doc_id"]]["suggested"].append(row)
    return made


def fit(entries: Mapping[str, str], budget: int) -> dict[str, str]:
    """As many of the entries (doc_id → JSON), in their order, as `budget` bytes hold; one that is too large is skipped."""
    taken, size = {}, 0
    for doc_id, entry in entries.items():
        length = len(entry.encode())
        if size + length <= budget:
            taken[doc_id] = entry
            size += length
    return taken


def refused_documents(rejected: Sequence[Path], most: int = 20) -> list[str]:
    """Documents some of whose records or labels were refused, the same ones every time. rejected: files of the table."""
    found: set[str] = set()
    for path in rejected:
        for batch in iter_batches(path, ["doc_id"], rows=65536):
            some = batch.column("doc_id").drop_null().unique().to_pylist()
            found = set(heapq.nsmallest(most, found.union(some), key=lambda doc_id: doc_id[::-1]))
    return sorted(found, key=lambda doc_id: doc_id[::-1])
