"""`multiverse`, and the rows of other worlds that `why` asks for."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpus_kit.core.errors import UsageError
from corpus_kit.core.progress import Progress, Silent
from corpus_kit.core.rejects import Refusals
from corpus_kit.core.storage.folders import made_folder, read_manifest, work_folder, write_json, write_manifest
from corpus_kit.core.vocabulary import MULTIVERSE_FILE, MULTIVERSE_FOLDER
from corpus_kit.core.workspace import Workspace
from corpus_kit.core.world import World
from corpus_kit.pipeline.adjudicate import annotation_sources, gold_sources, replay_of, take_in_the_ledger

if TYPE_CHECKING:
    from corpus_kit.agreement.gold.build import GoldSources
    from corpus_kit.agreement.multiverse import Multiverse
    from corpus_kit.agreement.why import Why
    from corpus_kit.agreement.worlds import WorldSources

_WORLDS = "worlds"


def multiverse(workspace: Workspace, layer: str | None, progress: Progress) -> Multiverse:
    """See `Corpus.multiverse`. Of all layers it is kept in `data/multiverse`, where the report finds it."""
    from corpus_kit.agreement.multiverse import grid_on_disk
    from corpus_kit.agreement.multiverse import multiverse as measure

    with work_folder(workspace.data) as work:
        take_in_the_ledger(workspace, work, progress)
        sources = gold_sources(workspace, workspace.data, work, layer)
        if read_manifest(workspace.data / "annotations") is None:
            raise UsageError(
                "There are no annotations yet.",
                "Bring them with `corpus-kit pull` or `import`, then `corpus-kit build`.",
            )
        settings = workspace.config.multiverse
        grid = grid_on_disk(sources, settings)  # before the ledger is read for every day
        made = measure(sources, grid, settings.tolerance, world_rows(workspace, work), progress)
        if layer is None:
            _keep(workspace, sources, work, made.as_dict())
    return made


def why(workspace: Workspace, document: str, start: int | None, end: int | None, layer: str | None) -> Why:
    """See `Corpus.why`."""
    from corpus_kit.agreement.why import Elsewhere, explain

    with work_folder(workspace.data) as work:
        take_in_the_ledger(workspace, work, Silent())
        sources = gold_sources(workspace, workspace.data, work, layer)
        return explain(
            sources, document, start, end, Elsewhere(workspace.config.multiverse, world_rows(workspace, work))
        )


def world_rows(workspace: Workspace, work: Path) -> WorldSources:
    """The tables of annotations on every day of `[multiverse]`, made of the ledger where they are not there yet."""
    from corpus_kit.agreement.worlds import WorldSources

    settings = workspace.config.multiverse
    imports, layers = workspace.data / "imports", workspace.layers()
    folders = {"": workspace.data / "annotations"}
    for day in settings.as_of:
        folders[day] = _replayed(workspace, World(as_of=day), work / _WORLDS / day)
    named = {
        version: replay_of(World(guidelines=version), imports, layers).guidelines for version in settings.guidelines
    }
    return WorldSources(folders, named)


def _replayed(workspace: Workspace, world: World, place: Path) -> Path:
    from corpus_kit.ledger.annotations import build_annotations

    own = place / ".work"
    own.mkdir(parents=True, exist_ok=True)
    sources = replace(annotation_sources(workspace, workspace.data, own, world), target=place / "annotations")
    with Refusals(place, own) as refusals:
        build_annotations(sources, refusals, Silent())
    return place / "annotations"


def _keep(workspace: Workspace, sources: GoldSources, work: Path, made: dict[str, Any]) -> None:
    facts = json.dumps(made, ensure_ascii=False, sort_keys=True)
    with made_folder(workspace.data / MULTIVERSE_FOLDER, work) as folder:
        write_json(folder / MULTIVERSE_FILE, made)
        write_manifest(
            folder,
            inputs={
                "annotations": (read_manifest(workspace.data / "annotations") or {}).get("fingerprint"),
                "documents": (read_manifest(workspace.data / "documents") or {}).get("fingerprint"),
                "adjudication": json.loads(sources.adjudication.model_dump_json()),
            },
            fingerprint=hashlib.sha256(facts.encode()).hexdigest(),
        )
