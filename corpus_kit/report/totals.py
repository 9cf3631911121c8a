"""The facts of all shards added up, one shard at a time.

Memory follows publishers, and twelve bytes a copy; never documents.
"""

from __future__ import annotations

import hashlib
import heapq
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpus_kit.core.parallel.executor import Workers
from corpus_kit.core.progress import Progress, counted
from corpus_kit.core.version import __version__
from corpus_kit.report.shard import EXTREMES, FORMAT, ReportTask, kept_facts, shard_facts

_PER_STRATUM = {"any": 400, "copies": 12}
_USUAL = 8
_CLUSTERS = 6


@dataclass(slots=True)
class Publisher:
    """documents, characters, of which `covered` are suggested to be boilerplate; sample: one of its documents."""

    documents: int = 0
    characters: int = 0
    covered: int = 0
    sample: str = ""


@dataclass(frozen=True, slots=True)
class Clusters:
    """number: of clusters of copies. copies: their documents but the first of each. sizes: documents → clusters.

    largest: the name and the documents of the largest few.
    """

    number: int = 0
    copies: int = 0
    sizes: dict[int, int] = field(default_factory=dict)
    largest: tuple[tuple[str, int], ...] = ()


@dataclass(slots=True)
class Totals:
    """Counts over the corpus, by value. clusters: of copies.

    marked, covered: documents with suggested boilerplate and its characters. strata: as in `shard`, over all shards.
    """

    sums: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    encodings: Counter[str] = field(default_factory=Counter)
    newlines: Counter[str] = field(default_factory=Counter)
    months: Counter[str] = field(default_factory=Counter)
    lengths: Counter[int] = field(default_factory=Counter)
    splits: dict[str, Counter[str]] = field(default_factory=dict)
    publishers: dict[str, Publisher] = field(default_factory=dict)
    clusters: Clusters = Clusters()
    suggested: dict[str, Counter[str]] = field(default_factory=dict)
    boilerplate_labels: Counter[str] = field(default_factory=Counter)
    boilerplate_shares: Counter[int] = field(default_factory=Counter)
    boilerplate_languages: dict[str, Counter[str]] = field(default_factory=dict)
    strata: dict[str, list[str]] = field(default_factory=dict)

    @property
    def documents(self) -> int:
        return self.sums["documents"]

    @property
    def named_publishers(self) -> int:
        return len(self.publishers) - ("" in self.publishers)


def count_shards(tasks: Sequence[ReportTask], workers: Workers, progress: Progress) -> Totals:
    """Count what is not kept from an earlier run, and add everything up."""
    missing = [task for task in tasks if not Path(task.kept).is_file()]
    with counted(progress, "counting", len(missing)) as step:
        for _ in workers.run(shard_facts, missing):
            step.advance()
    return add_up(map(_facts, tasks))


def _facts(task: ReportTask) -> dict[str, Any]:
    """What is kept of a shard, counted again where the file is damaged. Read once: there may be many."""
    facts = kept_facts(task)
    if facts is None:
        shard_facts(task)
        facts = kept_facts(task)
    assert facts is not None
    return facts


def add_up(shards: Iterable[dict[str, Any]]) -> Totals:
    """One `Totals` from the facts of shards, whatever their order of arrival was: callers give them in the table's."""
    made = Totals()
    copies = _Copies()
    ends: dict[str, list[tuple[int, str]]] = {"shortest": [], "longest": []}
    for facts in shards:
        for name in ("documents", "characters"):
            made.sums[name] += facts[name]
        for name in ("languages", "encodings", "newlines", "months"):
            getattr(made, name).update(facts[name])
        made.lengths.update({int(number): n for number, n in facts["lengths"].items()})
        copies.add(facts["copies"])
        for split, counts in facts["splits"].items():
            made.splits.setdefault(split, Counter()).update(counts)
        for layer, counts in facts["suggested"].items():
            made.suggested.setdefault(layer, Counter()).update(counts)
        for name, (documents, characters, covered, sample) in facts["publishers"].items():
            one = made.publishers.setdefault(name, Publisher())
            one.documents += documents
            one.characters += characters
            one.covered += covered
            one.sample = min(filter(None, (one.sample, sample)), key=_order)
        _add_boilerplate(made, facts["boilerplate"])
        for language, (characters, covered) in facts["covered"].items():
            counts = made.boilerplate_languages.setdefault(language, Counter())
            counts.update({"characters": characters, "covered": covered})
        for stratum, ids in facts["strata"].items():
            known = made.strata.get(stratum, [])
            made.strata[stratum] = heapq.nsmallest(_PER_STRATUM.get(stratum, _USUAL), [*known, *ids], key=_order)
        for end, first in (("shortest", heapq.nsmallest), ("longest", heapq.nlargest)):
            ends[end] = first(EXTREMES, [*ends[end], *((n, doc_id) for n, doc_id in facts["extremes"][end])])
    for end, found in ends.items():
        made.strata[end] = [doc_id for _, doc_id in found]
    made.clusters = copies.clusters()
    return made


class _Copies:
    """Clusters with how many copies each has, as numbers: a cluster's name is a doc_id, which is one in hexadecimal."""

    def __init__(self) -> None:
        self._names: list[NDArray[np.uint64]] = []
        self._counts: list[NDArray[np.uint32]] = []

    def add(self, copies: Mapping[str, int]) -> None:
        """One shard's: cluster → documents of the shard but the cluster's first."""
        self._names.append(np.fromiter((int(name, 16) for name in copies), np.uint64, len(copies)))
        self._counts.append(np.fromiter(copies.values(), np.uint32, len(copies)))

    def clusters(self) -> Clusters:
        if not any(map(len, self._names)):
            return Clusters()
        names, places = np.unique(np.concatenate(self._names), return_inverse=True)
        counts = np.bincount(places, np.concatenate(self._counts)).astype(np.int64)
        sizes, clusters = np.unique(counts + 1, return_counts=True)
        # Stable: of clusters of one size the one whose name is first.
        largest = np.argsort(-counts, kind="stable")[:_CLUSTERS]
        return Clusters(
            len(names),
            int(counts.sum()),
            dict(zip(sizes.tolist(), clusters.tolist(), strict=True)),
            tuple((f"{int(names[place]):016x}", int(counts[place]) + 1) for place in largest),
        )


def _add_boilerplate(made: Totals, facts: dict[str, Any]) -> None:
    if facts:
        made.sums["marked"] += facts["marked"]
        made.sums["covered"] += facts["covered"]
        made.boilerplate_labels.update(facts["labels"])
        made.boilerplate_shares.update({int(share): n for share, n in facts["shares"].items()})


def shard_tasks(
    data: Path, kept: Path, documents: dict[str, Any], suggestions: dict[str, Any] | None
) -> list[ReportTask]:
    """One task for every file of documents. kept: the folder of what is known from earlier runs.

    The suggestions for a shard are those made from it: their manifest names the shard by its hash.
    """
    made_from = (suggestions or {}).get("inputs", {}).get("documents", {})
    of: dict[str, list[dict[str, Any]]] = {}
    by_layer: dict[str, list[dict[str, Any]]] = {}
    for file in (suggestions or {}).get("files", []):
        by_layer.setdefault(file["layer"], []).append(file)
    for files in by_layer.values():  # every layer has a file for each one of the documents, in their order
        for shard, file in zip(made_from, files, strict=True):
            of.setdefault(shard, []).append(file)
    tasks = []
    for listed in documents["files"]:
        found = of.get(listed["name"], [])
        if found and made_from[listed["name"]]["sha256"] != listed["sha256"]:
            found = []
        key = " ".join([__version__, str(FORMAT), listed["sha256"], *(file["sha256"] for file in found)])
        name = hashlib.sha256(key.encode()).hexdigest()[:32]
        tasks.append(
            ReportTask(
                str(data / "documents" / listed["name"]),
                tuple(str(data / "suggestions" / file["name"]) for file in found),
                str(kept / f"{name}.json"),
            )
        )
    return tasks


def _order(doc_id: str) -> str:
    return doc_id[::-1]
