"""The driver: which documents of a corpus are copies of each other, as one number per document.

It holds some 60 bytes a document and 20 a pair; everything else stays in files.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from corpus_kit.core.components import components
from corpus_kit.core.hashing import mixed
from corpus_kit.core.parallel.executor import Workers
from corpus_kit.core.progress import Progress
from corpus_kit.core.records import Shard
from corpus_kit.core.storage.folders import keep_note, kept_note, note_name
from corpus_kit.dedup.lines import LINES, PAGES
from corpus_kit.dedup.pairs import band_tasks, distinct_pairs, pair_bands
from corpus_kit.dedup.repetition import Repetition, prune, repeated_keys, run_counted
from corpus_kit.dedup.scan import SPANS, ScanTask, scan_shard, scanned, sign_shard
from corpus_kit.dedup.settings import DedupRecipe
from corpus_kit.dedup.shingles import I64, U64
from corpus_kit.dedup.state import (
    ARRAYS,
    drop_corrupt,
    link_array,
    note_arrays,
    open_array,
    readable,
    save_array,
    save_listing,
)
from corpus_kit.dedup.verify import (
    PAIRS_PER_TASK,
    ShingleTask,
    VerifyTask,
    shingles_file,
    verify_pairs,
    write_shingles,
)

T = TypeVar("T")
_REPEATED, _VERDICTS, _CLUSTERS = "repeated.npy", "verdicts.npy", "clusters.npy"
_VERDICT = np.dtype([("pair", "<u8"), ("similarity", "<f8")])

# What the steps take, roughly: reading a document for the first time, and everything after that.
_SECONDS_PER_SCANNED, _SECONDS_PER_DOCUMENT = 3e-4, 3e-5


@dataclass(slots=True)
class DuplicateResult:
    """What was found. documents: read. repeated_lines: left out. scanned: shards read now. signed: documents signed again
    because their repeated lines changed. candidates: pairs that share a band. verified: those compared now.
    copies: documents in clusters of two and more. clusters: how many of these there are."""

    documents: int = 0
    repeated_lines: int = 0
    scanned: int = 0
    signed: int = 0
    candidates: int = 0
    verified: int = 0
    copies: int = 0
    clusters: int = 0


@dataclass(slots=True)
class _Search:
    """One search under way. ids, texts: (documents,) doc_id and 64 bits of the text's hash. listing: file that names the
    folders of all tasks."""

    tasks: list[ScanTask]
    folder: Path
    scratch: Path
    recipe: DedupRecipe
    workers: Workers
    progress: Progress
    ids: U64
    texts: U64
    listing: str
    found: DuplicateResult = field(default_factory=DuplicateResult)

    def run(
        self, label: str, function: Callable[[T], int], tasks: Sequence[T], per_document: float = _SECONDS_PER_DOCUMENT
    ) -> int:
        seconds = per_document * len(self.ids)
        return run_counted(label, function, tasks, self.workers, self.progress, seconds)


def find_copies(
    shards: Sequence[Shard],
    ids: U64,
    texts: U64,
    work: Path,
    recipe: DedupRecipe,
    workers: Workers,
    progress: Progress,
    repetition: Repetition | None = None,
) -> tuple[U64, DuplicateResult]:
    """(documents,) the smallest doc_id of each document's cluster, its own where it has no copy.

    ids, texts: doc_id and the first 64 bits of text_sha256 as numbers, in the order of the shards' rows. work: a folder
    that is kept between builds. repetition: what `find_repetition` found in the same shards, where it has looked.
    """
    if not recipe.settings.near or ids.size == 0:
        return _clusters(ids, _equal_texts(texts), DuplicateResult(documents=len(ids)))
    folder = work / recipe.key
    folder.mkdir(parents=True, exist_ok=True)
    prune(work, {folder.name})
    fingerprint = _fingerprint(shards, recipe)
    known = _known_result(folder, fingerprint)
    if known is not None:
        return known
    note_name(folder / _CLUSTERS).unlink(missing_ok=True)
    drop_corrupt(folder)
    scratch = folder / f"scratch-{uuid.uuid4().hex}"  # not the one that a straggler of a killed run may still write to
    scratch.mkdir()
    counted = [str(path) for path in repetition.folders] if repetition else [""] * len(shards)
    tasks = [
        ScanTask(str(s.path), str(folder / s.key), recipe, str(folder / _REPEATED), str(s.masked or ""), counted=lines)
        for s, lines in zip(shards, counted, strict=True)
    ]
    if repetition:
        link_array(repetition.repeated, folder / _REPEATED)
    listing = save_listing(scratch / "shards.txt", [t.folder for t in tasks])
    search = _Search(tasks, folder, scratch, recipe, workers, progress, ids, texts, listing)
    search.found.documents = len(ids)
    _scan(search)
    _find_repeated_lines(search, known=repetition is not None)
    search.found.signed = search.run("signing", sign_shard, search.tasks)
    edges = _near_copies(search)
    clusters, found = _clusters(ids, edges, search.found)
    save_array(folder / _CLUSTERS, clusters)
    keep_note(folder / _CLUSTERS, {"fingerprint": fingerprint, "found": asdict(found)})
    own = {_REPEATED, _VERDICTS, _CLUSTERS, ARRAYS, note_name(Path(_CLUSTERS)).name}
    prune(folder, {Path(t.folder).name for t in tasks} | own)
    for task in search.tasks:
        prune(Path(task.folder), {LINES, PAGES, SPANS, task.signed})
    note_arrays(folder)
    return clusters, found


def _fingerprint(shards: Sequence[Shard], recipe: DedupRecipe) -> str:
    text = repr([[s.key for s in shards], recipe.settings.model_dump_json(), recipe.key])
    return hashlib.sha256(text.encode()).hexdigest()


def _known_result(folder: Path, fingerprint: str) -> tuple[U64, DuplicateResult] | None:
    """What the last build found, when it read the same shards under the same settings."""
    result = kept_note(folder / _CLUSTERS)
    if result is None or result["fingerprint"] != fingerprint:
        return None
    found = DuplicateResult(**result["found"])
    found.scanned = found.signed = found.verified = 0
    return np.array(open_array(folder / _CLUSTERS)), found


def _scan(search: _Search) -> None:
    # Two shards may be the same bytes only where both are empty; then one of them is scanned.
    new = {t.folder: t for t in search.tasks if not scanned(t)}
    share = len(new) / max(len(search.tasks), 1)
    search.run("scanning", scan_shard, list(new.values()), share * _SECONDS_PER_SCANNED)
    search.found.scanned = len(new)


def _find_repeated_lines(search: _Search, known: bool) -> None:
    """known: whether they were looked for before."""
    if not known:
        folders = [Path(t.folder) for t in search.tasks]
        least = search.recipe.settings.repeated_lines
        keys = repeated_keys(folders, search.listing, search.scratch, least, search.run)
        save_array(search.folder / _REPEATED, keys)
    repeated = open_array(search.folder / _REPEATED)
    search.found.repeated_lines = len(repeated)
    name = f"signed-{hashlib.sha256(repeated.tobytes()).hexdigest()[:16]}.npy"
    search.tasks = [replace(task, signed=name) for task in search.tasks]


def _near_copies(search: _Search) -> I64:
    """Edges between documents with equal or similar texts."""
    equal = _equal_texts(search.texts)
    masks = [np.array(open_array(f"{t.folder}/{t.signed}")[0]) for t in search.tasks]
    sizes = np.array([len(shard) for shard in masks])
    content = mixed(search.texts ^ mixed(np.concatenate(masks)))
    verdicts = _load_verdicts(search)
    edges, labels = equal, ""
    asked: U64 = np.empty(0, np.uint64)
    for number in (1, 2):
        own = search.listing, search.tasks[0].signed, len(search.ids), search.recipe.settings.bands
        tasks = band_tasks(*own, labels, str(search.scratch))
        search.run(f"pairing, round {number}", pair_bands, tasks)
        pairs = distinct_pairs(np.concatenate([open_array(t.target) for t in tasks]))
        pairs, keys = _distinct(pairs, search.texts, content)
        search.found.candidates += len(pairs)
        verdicts = _verify(search, pairs, keys, sizes, verdicts)
        asked = np.union1d(asked, keys)
        similar = verdicts["similarity"][np.searchsorted(verdicts["pair"], keys)] >= search.recipe.settings.threshold
        edges = np.concatenate((edges, pairs[similar]))
        if number == 1:
            labels = str(search.scratch / "labels.npy")
            save_array(labels, components(len(search.ids), edges))
    # Verdicts no one asked for belong to documents that are no more.
    save_array(search.folder / _VERDICTS, verdicts[np.searchsorted(verdicts["pair"], asked)])
    return edges


def _distinct(pairs: I64, texts: U64, content: U64) -> tuple[I64, U64]:
    """Pairs of different texts, each once for all documents with the same text and the same lines left out."""
    pairs = pairs[texts[pairs[:, 0]] != texts[pairs[:, 1]]]
    a, b = content[pairs[:, 0]], content[pairs[:, 1]]
    keys = mixed(mixed(np.minimum(a, b)) ^ np.maximum(a, b))
    keys, first = np.unique(keys, return_index=True)
    return pairs[first], keys


def _load_verdicts(search: _Search) -> NDArray[np.void]:
    path = search.folder / _VERDICTS
    return np.array(open_array(path)) if readable(path) else np.empty(0, _VERDICT)


def _verify(search: _Search, pairs: I64, keys: U64, sizes: I64, verdicts: NDArray[np.void]) -> NDArray[np.void]:
    """The verdicts with those of all pairs that had none."""
    place = np.minimum(np.searchsorted(verdicts["pair"], keys), max(len(verdicts) - 1, 0))
    unknown = verdicts["pair"][place] != keys if len(verdicts) else np.ones(len(keys), np.bool_)
    pairs, keys = pairs[unknown], keys[unknown]
    if len(keys) == 0:
        return verdicts
    bounds = np.concatenate(([0], np.cumsum(sizes)))
    wanted = _write_shingles(search, pairs, bounds)
    located = _located(pairs, bounds, wanted)
    order = np.lexsort((located[:, 3], located[:, 2], located[:, 1], located[:, 0]))
    path = str(search.scratch / "located.npy")
    save_array(path, located[order])
    last, folder = len(order), str(search.scratch)
    tasks = [
        VerifyTask(path, n, min(n + PAIRS_PER_TASK, last), folder, f"{folder}/similar-{n:010d}.npy")
        for n in range(0, last, PAIRS_PER_TASK)
    ]
    search.found.verified += search.run("comparing", verify_pairs, tasks)
    made = np.empty(len(keys), _VERDICT)
    made["pair"] = keys[order]
    made["similarity"] = np.concatenate([open_array(t.target) for t in tasks])
    together = np.concatenate((verdicts, made))
    return together[np.argsort(together["pair"], kind="stable")]


def _write_shingles(search: _Search, pairs: I64, bounds: I64) -> I64:
    """Write the shingles of all documents of these pairs, shard by shard; returns the documents, sorted."""
    wanted = np.unique(pairs)
    path = str(search.scratch / "wanted.npy")
    save_array(path, wanted)
    cuts, folder = np.searchsorted(wanted, bounds).tolist(), str(search.scratch)
    tasks = [
        ShingleTask(task, path, cuts[n], cuts[n + 1], int(bounds[n]), shingles_file(folder, n))
        for n, task in enumerate(search.tasks)
        if cuts[n] < cuts[n + 1]
    ]
    search.run("reading candidates", write_shingles, tasks)
    return wanted


def _located(pairs: I64, bounds: I64, wanted: I64) -> I64:
    """(n, 4) shard and place in its shingles of both sides. wanted: the documents that have shingles, sorted."""
    firsts = np.searchsorted(wanted, bounds)
    columns = []
    for side in (0, 1):
        shard = np.searchsorted(bounds, pairs[:, side], side="right") - 1
        columns += [shard, np.searchsorted(wanted, pairs[:, side]) - firsts[shard]]
    return np.stack(columns, axis=1)


def _equal_texts(texts: U64) -> I64:
    """An edge from every text to the next equal one."""
    order = np.argsort(texts, kind="stable")
    same = texts[order][1:] == texts[order][:-1]
    return np.stack((order[:-1][same], order[1:][same]), axis=1).astype(np.int64)


def _clusters(ids: U64, edges: I64, found: DuplicateResult) -> tuple[U64, DuplicateResult]:
    roots = components(len(ids), edges)
    smallest = ids.copy()
    np.minimum.at(smallest, roots, ids)
    sizes = np.bincount(roots, minlength=len(ids))
    found.copies, found.clusters = int(sizes[sizes > 1].sum()), int((sizes > 1).sum())
    result: Any = smallest[roots]
    return result, found
