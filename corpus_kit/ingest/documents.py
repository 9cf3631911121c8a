"""`data/documents` from the raw files: the main job's first half.

Files are grouped into units of neighbours; each unit becomes shards by one pure function, in any process. What the units
cannot know of each other (repeated ids, equal texts, the user's splits) is settled here from small columns, then the
folder is put together from the units' files by hard links.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa

from corpus_kit.core.config import Duplicates, Input, Split
from corpus_kit.core.errors import EnvironmentProblemError, UsageError
from corpus_kit.core.identity import path_ends_shard
from corpus_kit.core.parallel.executor import Workers
from corpus_kit.core.parallel.process import without_collector
from corpus_kit.core.progress import Progress, counted
from corpus_kit.core.records import Rejected
from corpus_kit.core.rejects import Refusals
from corpus_kit.core.schema.contracts import compile_gate
from corpus_kit.core.schema.spec import ContractFile
from corpus_kit.core.storage.folders import link_or_copy, made_folder, remove, write_manifest
from corpus_kit.core.storage.tables import part_name, read_table
from corpus_kit.core.version import __version__
from corpus_kit.dedup.repetition import Places, find_repetition
from corpus_kit.dedup.settings import Recipe as CopyRecipe
from corpus_kit.dedup.settings import Shard
from corpus_kit.ingest.assign import assign, find_moved, patch_shards
from corpus_kit.ingest.batch import (
    IDS_FILE,
    REJECTED_FILE,
    SECONDS_PER_BYTE,
    SHARD_BYTES,
    Recipe,
    Unit,
    UnitTask,
    collision,
    finished_unit,
    read_unit,
    write_unit,
)
from corpus_kit.ingest.discover import Discovered, RawFile, Sidecar, list_files
from corpus_kit.ingest.listing import write_listing
from corpus_kit.ingest.readers import Limits
from corpus_kit.ingest.rows import Fields
from corpus_kit.ingest.sidecar import Metadata, read_metadata
from corpus_kit.ingest.splits import read_splits

Masks: TypeAlias = Callable[[Sequence[Shard], Sequence[Places]], Sequence[Shard]]
"""Takes the shards of documents that have neither cluster nor split yet, and where publishers repeat themselves in each;
gives them back with the spans in which nothing makes a copy."""

# read_sha256: of the shard before it got clusters and splits, which a suggestion does not depend on.
_SHARD_FACTS = ("rows", "bytes", "sha256", "read_sha256", "fingerprint", "last_doc_id")
LINES_FOLDER = "lines"
"""The folder in `.work` where the shards' lines are counted."""
_LEAST_SIZE = 512  # an empty file counts for something too, or a million of them would be one unit


@dataclass(slots=True)
class Ingested:
    """What was made. files, records, documents: counts; records == documents + sum(rejected.values()).

    rejected: reason → count, of records and files. metadata_rejected: reason → count, of metadata rows.
    unchanged_units, units: how much was taken over from the last build. moved: (old source, new source).
    clusters, copies: clusters of copies and the documents in them. splits: side → documents, where there are sides.
    """

    files: int = 0
    records: int = 0
    documents: int = 0
    rejected: dict[str, int] = field(default_factory=dict)
    metadata_rejected: dict[str, int] = field(default_factory=dict)
    ignored: int = 0
    units: int = 0
    unchanged_units: int = 0
    unchanged_documents: int = 0
    vanished: int = 0
    moved: list[tuple[str, str]] = field(default_factory=list)
    clusters: int = 0
    copies: int = 0
    splits: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Made:
    """One unit with its folder and what its unit.json says."""

    unit: Unit
    folder: Path
    facts: dict[str, Any]


def make_recipe(settings: Input, contract: ContractFile) -> Recipe:
    """All that decides how a raw byte becomes a document."""
    import polars
    import pycld2

    builtin = _builtin_columns()
    own = tuple((c.name, str(c.dtype)) for c in contract.columns if c.name not in builtin)
    names = settings.columns
    fields = Fields(names.title, names.published_on, names.outlet, names.url, names.language, own, settings.language)
    versions = {"corpus-kit": __version__, "pyarrow": pa.__version__, "polars": polars.__version__}
    versions |= {"chardet": installed_version("chardet"), "cld2": getattr(pycld2, "__version__", "")}
    return Recipe(
        names.text,
        names.id,
        settings.id_scope,
        fields,
        Limits(settings.max_record_bytes, settings.max_file_bytes),
        contract,
        compile_gate(contract),
        " ".join(f"{k}={v}" for k, v in versions.items()),
    )


def _builtin_columns() -> frozenset[str]:
    from corpus_kit.core.schema.columns import columns_of

    return frozenset(columns_of("documents"))


def build_documents(
    raw: Sequence[str | Path],
    out: Path,
    work: Path,
    recipe: Recipe,
    workers: Workers,
    progress: Progress,
    *,
    refusals: Refusals,
    metadata: Path | None = None,
    splits: Path | None = None,
    duplicates: Duplicates = Duplicates(),  # noqa: B008 (frozen)
    split: Split | None = None,
    masks: Masks | None = None,
    on_new: Callable[[], object] = lambda: None,
) -> Ingested:
    """Make `out/documents` from the raw files and hand in what is refused.

    work: `out/.work`, held by this process. metadata: a sidecar besides those in the raw folders. splits: `splits.csv`.
    duplicates, split: those sections of `corpus.toml`. masks: called once, for the search for copies. on_new: called when
    files turn out to be new, before they are read.
    Raises UsageError (no raw path, no file), IdentityCollisionError, EnvironmentProblemError.
    """
    found = Discovered()
    files = list_files(raw, found)
    sidecars = [*found.sidecars, *([Sidecar("", "", metadata)] if metadata else [])]
    if sidecars:  # else the first files are read while the others are still looked at
        files = iter(list(files))
        if metadata:
            found.files = [f for f in found.files if not _is_same(f, metadata)]
            files = iter(found.files)
    fields = read_metadata(sidecars, found.files)
    units_folder = work / "documents"
    units_folder.mkdir(exist_ok=True)
    for half in units_folder.glob("*.part"):  # of a build that was killed: they take room
        remove(half)
    made = _make_units(_units(files, fields), units_folder, recipe, workers, progress, on_new)
    if not found.files and not found.rejected:
        raise UsageError(
            f"There is no file to read in {', '.join(map(str, raw)) or 'the raw folder'}.",
            "Put raw texts there (.txt, .md, .jsonl, .json, .csv, .parquet, also .gz and .zst) and build again.",
        )
    used = {m.folder.name for m in made}
    ids, checks, texts, owner = _identities(made)
    settled = _settle_repeated(made, (ids, checks, owner), units_folder, recipe, workers, progress)
    if settled is not made:
        made = settled
        ids, _, texts, _ = _identities(made)
    result = _counts(found, fields, made)
    shards = [(m.folder, shard | {"read_sha256": shard["sha256"]}) for m in made for shard in m.facts["shards"]]
    unsettled: Sequence[Shard] = [Shard(folder / s["name"], s["sha256"], rows=s["rows"]) for folder, s in shards]
    copy_recipe, repetition = CopyRecipe(duplicates), None
    if masks:
        repetition = find_repetition(unsettled, work / LINES_FOLDER, copy_recipe, workers, progress)
        unsettled = masks(unsettled, repetition.places)
    assignment = assign(
        unsettled,
        ids,
        texts,
        work / "duplicates",
        copy_recipe,
        split,
        read_splits(splits) if splits else None,
        workers,
        progress,
        repetition,
    )
    shards = patch_shards(shards, assignment, work, workers, progress)
    result.copies, result.clusters = assignment.found.copies, assignment.found.clusters
    result.splits = assignment.split_counts
    try:
        result.moved, result.vanished = find_moved(out / "documents", [folder / s["name"] for folder, s in shards])
    except EnvironmentProblemError:  # what was made last is replaced anyway
        progress.remark("The documents of the last build are damaged: which have moved or vanished since is not known.")
    left_out = hashlib.sha256("".join(s.masked_sha256 for s in unsettled).encode()).hexdigest() if masks else None
    rules = {
        "duplicates": copy_recipe.facts | {"left_out": left_out},
        "split": split.model_dump() if split else None,
    }
    _put_together(out, work, shards, made, recipe, sidecars, splits, rules)
    _refuse(refusals, found, fields, made)
    # Units that were made again without repeated ids are kept too: the next build asks for them first.
    _sweep(units_folder, used | {m.folder.name for m in made})
    return result


def _is_same(file: RawFile, path: Path) -> bool:
    return Path(file.location).name == path.name and Path(file.location).resolve() == path.resolve()


def _units(files: Iterable[RawFile], metadata: Metadata) -> Iterator[Unit]:
    """Cut the sorted files into runs. A cut stands where the hash of a path says so, so a new file moves no other."""
    run: list[RawFile] = []
    size = 0
    for file in files:
        run.append(file)
        weight = max(file.size, _LEAST_SIZE)
        size += weight
        if size > 16 * SHARD_BYTES or path_ends_shard(file.root, file.path, weight, SHARD_BYTES):
            yield _unit(run, metadata)
            run, size = [], 0
    if run:
        yield _unit(run, metadata)


def _unit(files: list[RawFile], metadata: Metadata) -> Unit:
    known = metadata.fields
    return Unit(tuple(files), {f.source: known[f.source] for f in files if f.source in known} if known else {})


def _make_units(
    units: Iterator[Unit] | list[Unit],
    folder: Path,
    recipe: Recipe,
    workers: Workers,
    progress: Progress,
    on_new: Callable[[], object] = lambda: None,
) -> list[_Made]:
    """Every unit's result, in order: from the last build where nothing changed, else made now."""
    recipe_key = recipe.key
    made: list[_Made | None] = []
    tasks: list[UnitTask] = []
    places: list[int] = []
    begun: dict[int, Future[dict[str, Any]]] = {}
    with without_collector():  # what a listing makes stays
        for unit in units:
            place = folder / unit.key(recipe_key)
            facts = finished_unit(place, unit.files)
            made.append(_Made(unit, place, facts | {"reused": True}) if facts else None)
            if facts is None:
                if not tasks:
                    on_new()
                task = UnitTask(unit, recipe, str(place))
                if (future := workers.begin(read_unit, write_unit, task)) is not None:
                    begun[len(tasks)] = future
                tasks.append(task)
                places.append(len(made) - 1)
    with counted(progress, "reading", sum(len(t.unit.files) for t in tasks)) as step:
        sizes = [sum(max(f.size, _LEAST_SIZE) for f in t.unit.files) for t in tasks]
        # The large ones first, so that in the end no process waits for one of them.
        order = sorted(range(len(tasks)), key=lambda i: -sizes[i])
        in_order = [tasks[i] for i in order]
        ahead = {index: begun[i] for index, i in enumerate(order) if i in begun}
        seconds = sum(sizes) * SECONDS_PER_BYTE
        for index, facts in workers.run_halves(read_unit, write_unit, in_order, seconds, ahead):
            task = in_order[index]
            made[places[order[index]]] = _Made(task.unit, Path(task.folder), facts)
            step.advance(len(task.unit.files))
    return [m for m in made if m is not None]


def _settle_repeated(
    made: list[_Made],
    identities: tuple[Any, Any, Any],
    folder: Path,
    recipe: Recipe,
    workers: Workers,
    progress: Progress,
) -> list[_Made]:
    """Ids that stand in several units: the first in source order keeps them, the later units are made without.

    identities: doc_id, check and index of the unit of all documents.
    """
    ids, checks, owner = identities
    order = np.argsort(ids, kind="stable")
    same = np.flatnonzero(ids[order][1:] == ids[order][:-1])
    if same.size == 0:
        return made
    repeated: dict[int, dict[str, str]] = {}
    first_of: dict[int, int] = {}
    for position in same.tolist():
        earlier, later = int(order[position]), int(order[position + 1])
        first = first_of.get(int(ids[earlier]), earlier)
        first_of[int(ids[earlier])] = first
        doc_id = f"{int(ids[later]):016x}"
        kept = _source_of(made[int(owner[first])], doc_id)
        if checks[first] != checks[later]:
            raise collision(doc_id, kept, _source_of(made[int(owner[later])], doc_id))
        repeated.setdefault(int(owner[later]), {})[doc_id] = kept
    units = [replace(made[index].unit, repeated=ids) for index, ids in sorted(repeated.items())]
    settled = list(made)
    for index, again in zip(sorted(repeated), _make_units(units, folder, recipe, workers, progress), strict=True):
        settled[index] = again
    return settled


def _identities(made: list[_Made]) -> tuple[Any, Any, Any, Any]:
    """(doc_id, check, beginning of text_sha256, index of the unit) of all documents as numpy arrays: 28 bytes a document."""
    each = [np.load(m.folder / IDS_FILE) for m in made] or [np.empty((0, 3), np.uint64)]
    owner = np.repeat(np.arange(len(each), dtype=np.int32), [len(e) for e in each])
    return *np.ascontiguousarray(np.concatenate(each).T), owner


def _source_of(made: _Made, doc_id: str) -> str:
    import pyarrow.compute as pc

    for shard in made.facts["shards"]:
        table = read_table(made.folder / shard["name"], ["doc_id", "source"])
        index = pc.index(table["doc_id"], doc_id).as_py()
        if index >= 0:
            return str(table["source"][index].as_py())
    raise AssertionError(f"{doc_id} is in no shard of its unit")


def _counts(found: Discovered, metadata: Metadata, made: list[_Made]) -> Ingested:
    rejected = Counter(r.reason for r in found.rejected)
    for m in made:
        rejected.update(m.facts["rejected"])
    reused = [m for m in made if m.facts["reused"]]
    return Ingested(
        files=len(found.files) + len(found.rejected),
        records=len(found.rejected) + sum(m.facts["records"] for m in made),
        documents=sum(m.facts["documents"] for m in made),
        rejected=dict(sorted(rejected.items())),
        metadata_rejected=dict(sorted(Counter(r.reason for r in metadata.rejected).items())),
        ignored=found.ignored,
        units=len(made),
        unchanged_units=len(reused),
        unchanged_documents=sum(m.facts["documents"] for m in reused),
    )


def _put_together(
    out: Path,
    work: Path,
    shards: list[tuple[Path, dict[str, Any]]],
    made: list[_Made],
    recipe: Recipe,
    sidecars: Sequence[Sidecar],
    splits: Path | None,
    rules: dict[str, Any],
) -> None:
    with made_folder(out / "documents", work) as folder:
        files = []
        for number, (place, shard) in enumerate(shards):
            name = part_name("documents", number)
            link_or_copy(place / shard["name"], folder / name)
            files.append({k: shard[k] for k in _SHARD_FACTS} | {"name": name})
        listing = write_listing(folder / "inputs.sha256", [(m.unit.files, m.facts["sha256"]) for m in made])
        inputs: dict[str, Any] = {"raw": listing}
        for sidecar in sidecars:
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
            contract={"version": recipe.contract.version, "sha256": recipe.contract.sha256},
            libraries=recipe.versions,
            **rules,
            fingerprint=fingerprint,
        )


def _refuse(refusals: Refusals, found: Discovered, metadata: Metadata, made: list[_Made]) -> None:
    """Hand in all refusals of this stage, in source order."""
    early: list[Rejected] = sorted(found.rejected, key=lambda r: r.source or "") + metadata.rejected
    refusals.add(early)
    for m in made:
        if m.facts["rejected"]:
            refusals.add(read_table(m.folder / REJECTED_FILE))


def _sweep(units: Path, used: set[str]) -> None:
    """Remove the units of earlier builds that nothing refers to any more."""
    for folder in units.iterdir():
        if folder.name not in used:
            remove(folder)
