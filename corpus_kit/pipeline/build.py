"""The main job, as a straight line: raw files → documents and suggestions → annotations → gold → release, card, report.

    list and read → find repeated lines → suggest boilerplate → find copies → split → documents
    → suggestions → annotations of the ledger → gold → names → release → report

Each step is one call into one room; its result is what the next step takes. `Corpus.build` is the way in.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpus_kit.core.config.template import CARD_FILE
from corpus_kit.core.errors import UsageError
from corpus_kit.core.parallel.executor import SECONDS_WORTH_A_POOL, open_workers
from corpus_kit.core.progress import Progress
from corpus_kit.core.records import Shard
from corpus_kit.core.rejects import Refusals
from corpus_kit.core.storage.folders import drop_folder, read_manifest, work_folder
from corpus_kit.core.storage.step import one_step
from corpus_kit.core.workspace import Workspace
from corpus_kit.core.world import AS_IT_IS, World
from corpus_kit.dedup.find import find_copies
from corpus_kit.dedup.repetition import LINES_FOLDER, find_repetition
from corpus_kit.dedup.settings import DedupRecipe as CopyRecipe
from corpus_kit.ingest.assemble import write_documents
from corpus_kit.ingest.assign import assign
from corpus_kit.ingest.batch import SECONDS_PER_BYTE
from corpus_kit.ingest.discover import is_much
from corpus_kit.ingest.documents import Ingested, make_recipe, read_documents
from corpus_kit.ingest.notes import for_manifest
from corpus_kit.ingest.splits import read_splits
from corpus_kit.pipeline.adjudicate import adjudicate_all, refresh_annotations
from corpus_kit.pipeline.models import check_models, keep_models
from corpus_kit.pipeline.report import report_on
from corpus_kit.pipeline.results import BuildResult
from corpus_kit.pipeline.run import Run
from corpus_kit.pipeline.suggest import (
    boilerplate_suggester,
    names_wanted,
    suggest_boilerplate,
    suggest_names,
    write_boilerplate,
)
from corpus_kit.release.build import Released, ReleaseInput, build_release
from corpus_kit.release.card import refresh_card
from corpus_kit.release.datasets_subprocess import DatasetsSubprocess
from corpus_kit.release.recheck import Opened

if TYPE_CHECKING:
    from corpus_kit.suggest.build import Suggesting


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """What `Corpus.build` was called with; its parameters are explained there."""

    raw: tuple[str | Path, ...] = ()
    out: str | Path | None = None
    workers: int | None = 1
    metadata: str | Path | None = None
    cluster: str | None = None
    report: bool = True
    trust: bool = False
    world: World = AS_IT_IS


def build(workspace: Workspace, options: BuildOptions, progress: Progress) -> BuildResult:
    """Run every step. Raises the errors of `core.errors`."""
    data = Path(options.out).absolute() if options.out is not None else workspace.data
    raw = list(options.raw) or [workspace.raw_folder()]
    _refuse_nested(data, raw)
    if options.world.choices():
        _check_replay(workspace, data)
    names = names_wanted(workspace, trust=options.trust)
    names.check_trust()  # before any work
    check_models(workspace, trusted=options.trust)
    roots = [Path(os.path.abspath(source)) for source in raw]
    with (
        work_folder(data) as work,
        open_workers(options.workers, options.cluster, work, roots) as workers,
        DatasetsSubprocess() as datasets,
        one_step(data, work),
    ):
        if not (work / "documents").is_dir() and is_much(raw, SECONDS_WORTH_A_POOL / SECONDS_PER_BYTE):
            # A first build: the processes load what they need while files are listed.
            workers.start("corpus_kit.ingest.batch")
        run = Run(workspace, data, work, workers, progress, options.world)
        with Refusals(data, work) as refusals:
            suggester = boilerplate_suggester(run)
            metadata = Path(options.metadata) if options.metadata else workspace.metadata_file()
            ingested = build_documents(run, raw, metadata, suggester, datasets, refusals)
            suggested = write_boilerplate(run, suggester, refusals)
            annotated = refresh_annotations(workspace, data, work, refusals, progress, options.world)
            gold = adjudicate_all(run)
            entities = suggest_names(run, names, refusals)
            models = keep_models(run, trusted=options.trust, refusals=refusals)
            refusals.finish()
        result = BuildResult(data, ingested, annotated, gold, suggested=suggested, entities=entities, models=models)
        if ingested.documents:
            result.release, result.release_folder = _release(run, datasets), data / "release"
        elif read_manifest(data / "release") is not None:
            drop_folder(data / "release", work)  # it would show documents that are no more
        result.report = _report(run, wanted=options.report)
    return result


def build_documents(
    run: Run,
    raw: Sequence[str | Path],
    metadata: Path | None,
    suggester: Suggesting | None,
    datasets: DatasetsSubprocess,
    refusals: Refusals,
) -> Ingested:
    """`data/documents`: what is suggested to be boilerplate makes no document a copy of another."""
    work, workers, progress, config = run.work, run.workers, run.progress, run.workspace.config
    recipe = make_recipe(config.input, run.workspace.contract("documents"))
    read = read_documents(raw, work, recipe, workers, progress, metadata=metadata)
    if read.has_new_units and not Opened(work):
        datasets.start()  # a release will be checked with `datasets`, whose import takes seconds: it begins here
    copy_recipe, shards, repetition = CopyRecipe(config.duplicates), read.shards, None
    if suggester is not None:
        repetition = find_repetition(shards, work / LINES_FOLDER, copy_recipe, workers, progress)
        shards = suggest_boilerplate(suggester, shards, repetition)
    clusters, found = find_copies(
        shards, read.ids, read.texts, work / "duplicates", copy_recipe, workers, progress, repetition
    )
    splits = run.workspace.splits_file()
    assignment = assign(read, clusters, config.split, read_splits(splits) if splits else None)
    rules: dict[str, Any] = {
        "duplicates": copy_recipe.facts | {"left_out": _left_out(shards) if suggester is not None else None},
        "split": config.split.model_dump() if config.split else None,
        **for_manifest(read.counts().notes),
    }
    made = write_documents(
        read, assignment, run.data, work, rules=rules, refusals=refusals, workers=workers, progress=progress
    )
    return replace(made, copies=found.copies, clusters=found.clusters)


def _left_out(shards: Sequence[Shard]) -> str:
    """What of the texts was left out of the search for copies."""
    return hashlib.sha256("".join(shard.masked_sha256 for shard in shards).encode()).hexdigest()


def _release(run: Run, datasets: DatasetsSubprocess) -> Released:
    """`data/release`, and what it says on the corpus's own card."""
    workspace, target = run.workspace, run.data / "release"
    layers, contract = workspace.released_layers(run.data), workspace.contract("documents")
    config = workspace.config
    source = ReleaseInput(
        run.data, run.work, config.about, config.release.meta, contract, *workspace.card_text(), layers
    )
    released = build_release(source, target, run.workers, run.progress, aside=datasets)
    if workspace.root and run.data == workspace.data and (workspace.root / CARD_FILE).is_file():
        refresh_card(workspace.root / CARD_FILE, target)
    return released


def _report(run: Run, *, wanted: bool) -> Path | None:
    """`data/report`, also where no document was accepted: it says why. Not wanted, an older one goes."""
    if wanted:
        return report_on(run).path
    from corpus_kit.report.build import remove_report

    remove_report(run.data, run.work)
    return None


def _check_replay(workspace: Workspace, data: Path) -> None:
    """Another world is made beside the corpus, never in the place of its own folders."""
    if workspace.root is None:
        raise UsageError("Without a corpus there is no ledger to replay.", "Name one: `--corpus DIR`.")
    if data.resolve() == workspace.data.resolve():
        raise UsageError(
            "A replay makes the corpus as it would be under other rules, so it does not replace the one that is.",
            "Name a folder for it: `--out DIR`.",
        )


def _refuse_nested(data: Path, raw: Sequence[str | Path]) -> None:
    """What is made must not be read as raw in the next build."""
    for source in raw:
        path = Path(os.path.abspath(source))
        if path.is_dir() and (data == path or path in data.parents):
            raise UsageError(
                f"The out folder {data} lies in the raw folder {path}.", "Name an out folder beside the raw folder."
            )
