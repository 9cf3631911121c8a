"""From raw files to checked shards of documents: the first step of the main job.

Files are grouped into units of neighbours; each unit becomes shards by one pure function, in any process. Repeated ids,
which the units cannot know of each other, are settled here from small columns. `assign` adds clusters and splits,
`assemble` makes `data/documents` of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from corpus_kit.core.config import Input
from corpus_kit.core.errors import UsageError
from corpus_kit.core.identity import path_ends_shard
from corpus_kit.core.parallel.executor import Workers
from corpus_kit.core.parallel.process import without_collector
from corpus_kit.core.progress import Progress, counted
from corpus_kit.core.records import Rejected, Shard
from corpus_kit.core.rejects import Refusals
from corpus_kit.core.schema.contracts import compile_gate
from corpus_kit.core.schema.spec import ContractFile
from corpus_kit.core.storage.folders import remove
from corpus_kit.core.storage.tables import read_table
from corpus_kit.core.version import __version__
from corpus_kit.ingest.batch import (
    IDS_FILE,
    LEAST_SIZE,
    REJECTED_FILE,
    SHARD_BYTES,
    ReadRecipe,
    Unit,
    UnitTask,
    collision,
    finished_unit,
    make_unit,
    read_unit,
    write_unit,
)
from corpus_kit.ingest.discover import Discovered, RawFile, Sidecar, list_files
from corpus_kit.ingest.formats import suffix_of
from corpus_kit.ingest.notes import BuildNotes, add_up
from corpus_kit.ingest.rows import Fields
from corpus_kit.ingest.rules import make_rules
from corpus_kit.ingest.shard import write_shard
from corpus_kit.ingest.sidecar import Metadata, read_metadata

_SECONDS_WORTH_SHARING = 2.0
"""From which on the shards of a unit are left to other processes while this one reads it."""


@dataclass(slots=True)
class NotRead:
    """Files of a kind that is not read. first: the source of the first. advice: the command that converts it."""

    files: int
    first: str
    advice: str


@dataclass(slots=True)
class Ingested:
    """What was made. files, records, documents: counts; records == documents + sum(rejected.values()).

    rejected: reason → count, of records and files. metadata_rejected: reason → count, of metadata rows.
    unchanged_units, units: how much was taken over from the last build. moved: (old source, new source).
    clusters, copies: clusters of copies and the documents in them. splits: side → documents, where there are sides.
    unsupported: suffix → files that are not read. notes: what came to light about the files.
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
    unsupported: dict[str, NotRead] = field(default_factory=dict)
    notes: BuildNotes = field(default_factory=BuildNotes)


@dataclass(slots=True)
class UnitFacts:
    """One unit with its folder and what its unit.json says."""

    unit: Unit
    folder: Path
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ReadDocuments:
    """All raw files as checked shards below `.work/documents`, before anything is known of the corpus as a whole.

    Attributes:
        recipe: How they were read.
        found: The files and what was refused of them.
        metadata: Fields of the sidecars.
        sidecars: Where these are.
        made: The units in source order.
        ids: (documents,) doc_ids as numbers, in the order of the shards' rows.
        texts: (documents,) the first 64 bits of each text_sha256.
        folder: Of the units.
        used: Names of the units' folders that the next build may ask for.
    """

    recipe: ReadRecipe
    found: Discovered
    metadata: Metadata
    sidecars: tuple[Sidecar, ...]
    made: list[UnitFacts]
    ids: NDArray[np.uint64]
    texts: NDArray[np.uint64]
    folder: Path
    used: set[str]

    @property
    def shard_facts(self) -> list[tuple[Path, dict[str, Any]]]:
        """(folder, facts) of every shard. read_sha256: of the shard before it gets clusters and splits."""
        return [(m.folder, s | {"read_sha256": s["sha256"]}) for m in self.made for s in m.facts["shards"]]

    @property
    def shards(self) -> list[Shard]:
        """The shards as the other rooms take them."""
        return [Shard(folder / s["name"], s["sha256"], rows=s["rows"]) for folder, s in self.shard_facts]

    @property
    def has_new_units(self) -> bool:
        """Whether any file was read in this build."""
        return not all(m.facts["reused"] for m in self.made)

    def counts(self) -> Ingested:
        """What was read and refused."""
        rejected = Counter(r.reason for r in self.found.rejected)
        for m in self.made:
            rejected.update(m.facts["rejected"])
        reused = [m for m in self.made if m.facts["reused"]]
        return Ingested(
            files=len(self.found.files) + len(self.found.rejected),
            records=len(self.found.rejected) + sum(m.facts["records"] for m in self.made),
            documents=sum(m.facts["documents"] for m in self.made),
            rejected=dict(sorted(rejected.items())),
            metadata_rejected=dict(sorted(Counter(r.reason for r in self.metadata.rejected).items())),
            ignored=self.found.ignored,
            units=len(self.made),
            unchanged_units=len(reused),
            unchanged_documents=sum(m.facts["documents"] for m in reused),
            unsupported=_unsupported(self.found.rejected),
            notes=add_up(m.facts.get("notes", {}) for m in self.made),
        )

    def refuse(self, refusals: Refusals) -> None:
        """Hand in all refusals of this stage, in source order."""
        early: list[Rejected] = sorted(self.found.rejected, key=lambda r: r.source or "") + self.metadata.rejected
        refusals.add(early)
        for m in self.made:
            if m.facts["rejected"]:
                refusals.add(read_table(m.folder / REJECTED_FILE))

    def prune(self) -> None:
        """Remove the units of earlier builds that nothing refers to any more."""
        for folder in self.folder.iterdir():
            if folder.name not in self.used:
                remove(folder)


def make_recipe(settings: Input, contract: ContractFile) -> ReadRecipe:
    """All that decides how a raw byte becomes a document."""
    import polars
    import pycld2

    builtin = _builtin_columns()
    own = tuple((c.name, str(c.dtype)) for c in contract.columns if c.name not in builtin)
    fields = Fields(own, settings.language)
    versions = {"corpus-kit": __version__, "pyarrow": pa.__version__, "polars": polars.__version__}
    versions |= {"chardet": installed_version("chardet"), "cld2": getattr(pycld2, "__version__", "")}
    return ReadRecipe(
        make_rules(settings),
        settings.id_scope,
        fields,
        contract,
        compile_gate(contract),
        " ".join(f"{k}={v}" for k, v in versions.items()),
    )


def _builtin_columns() -> frozenset[str]:
    from corpus_kit.core.schema.columns import columns_of

    return frozenset(columns_of("documents"))


def read_documents(
    raw: Sequence[str | Path],
    work: Path,
    recipe: ReadRecipe,
    workers: Workers,
    progress: Progress,
    *,
    metadata: Path | None = None,
) -> ReadDocuments:
    """List the raw files and read them, or take them over from the last build where nothing changed.

    Args:
        raw: Folders, globs and files.
        work: `data/.work`, held by this process.
        recipe: All that decides how a raw byte becomes a document.
        workers: The processes that read.
        progress: What is reported.
        metadata: A sidecar besides those in the raw folders.

    Raises:
        UsageError: A raw path does not exist, or there is no file.
        IdentityCollisionError: Two records get one doc_id.
    """
    found = Discovered()
    files = list_files(raw, found, recipe.rules.named)
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
    made = _make_units(_units(files, fields), units_folder, recipe, workers, progress)
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
    # Units that were made again without repeated ids are kept too: the next build asks for them first.
    used |= {m.folder.name for m in made}
    return ReadDocuments(recipe, found, fields, tuple(sidecars), made, ids, texts, units_folder, used)


def _is_same(file: RawFile, path: Path) -> bool:
    return Path(file.location).name == path.name and Path(file.location).resolve() == path.resolve()


def _units(files: Iterable[RawFile], metadata: Metadata) -> Iterator[Unit]:
    """Cut the sorted files into runs. A cut stands where the hash of a path says so, so a new file moves no other."""
    run: list[RawFile] = []
    size = 0
    for file in files:
        run.append(file)
        weight = max(file.size, LEAST_SIZE)
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
    recipe: ReadRecipe,
    workers: Workers,
    progress: Progress,
) -> list[UnitFacts]:
    """Every unit's result, in order: from the last build where nothing changed, else made now."""
    recipe_key = recipe.key
    made: list[UnitFacts | None] = []
    tasks: list[UnitTask] = []
    places: list[int] = []
    begun: dict[int, Future[dict[str, Any]]] = {}
    with without_collector():  # what a listing makes stays
        for unit in units:
            place = folder / unit.key(recipe_key)
            facts = finished_unit(place, unit.files)
            made.append(UnitFacts(unit, place, facts | {"reused": True}) if facts else None)
            if facts is None:
                task = UnitTask(unit, recipe, str(place))
                small = task.seconds < _SECONDS_WORTH_SHARING
                if small and (future := workers.begin(read_unit, write_unit, task)) is not None:
                    begun[len(tasks)] = future
                tasks.append(task)
                places.append(len(made) - 1)
    with counted(progress, "reading", sum(len(t.unit.files) for t in tasks)) as step:
        seconds = [task.seconds for task in tasks]
        # The large ones first, so that in the end no process waits for one of them.
        order = sorted(range(len(tasks)), key=lambda i: -seconds[i])
        shared = _shared(order, seconds, workers.on_this_machine)
        rest = order[len(shared) :]
        ahead = {index: begun[i] for index, i in enumerate(rest) if i in begun}
        others = workers.run_halves(
            read_unit, write_unit, [tasks[i] for i in rest], sum(seconds[i] for i in rest), ahead
        )
        for i, facts in (
            *((i, workers.while_making(write_shard, partial(make_unit, tasks[i]))) for i in shared),
            *((rest[index], facts) for index, facts in others),
        ):
            task = tasks[i]
            made[places[i]] = UnitFacts(task.unit, Path(task.folder), facts)
            step.advance(len(task.unit.files))
    return [m for m in made if m is not None]


def _shared(order: list[int], seconds: list[float], processes: int) -> list[int]:
    """The first of the tasks, where they are too few and too large to give each process its own."""
    large = [i for i in order if seconds[i] >= _SECONDS_WORTH_SHARING]
    return large if processes and len(large) < 2 * processes else []


def _settle_repeated(
    made: list[UnitFacts],
    identities: tuple[Any, Any, Any],
    folder: Path,
    recipe: ReadRecipe,
    workers: Workers,
    progress: Progress,
) -> list[UnitFacts]:
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


def _identities(made: list[UnitFacts]) -> tuple[Any, Any, Any, Any]:
    """(doc_id, check, beginning of text_sha256, index of the unit) of all documents as numpy arrays: 28 bytes a document."""
    each = [np.load(m.folder / IDS_FILE) for m in made] or [np.empty((0, 3), np.uint64)]
    owner = np.repeat(np.arange(len(each), dtype=np.int32), [len(e) for e in each])
    return *np.ascontiguousarray(np.concatenate(each).T), owner


def _source_of(made: UnitFacts, doc_id: str) -> str:
    import pyarrow.compute as pc

    for shard in made.facts["shards"]:
        table = read_table(made.folder / shard["name"], ["doc_id", "source"])
        index = pc.index(table["doc_id"], doc_id).as_py()
        if index >= 0:
            return str(table["source"][index].as_py())
    raise AssertionError(f"{doc_id} is in no shard of its unit")


def _unsupported(rejected: Sequence[Rejected]) -> dict[str, NotRead]:
    by_suffix: dict[str, NotRead] = {}
    for row in sorted(rejected, key=lambda row: row.source or ""):
        if row.reason == "unsupported_format" and row.source:
            suffix = suffix_of(row.source)
            if suffix in by_suffix:
                by_suffix[suffix].files += 1
            else:
                by_suffix[suffix] = NotRead(1, row.source, row.detail.partition("; ")[2] or row.detail)
    return dict(sorted(by_suffix.items()))
