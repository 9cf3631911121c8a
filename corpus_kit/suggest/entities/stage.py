"""The entity rows of `data/suggestions`: names that people labelled, found again, and what models say.

What a model said of a shard, and the rows of a shard, are kept in `.work/entities/` under keys of all they were made from:
a model is asked about a document once, and new labels do not ask it again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import regex

from corpus_kit.core.labelconfig import Control
from corpus_kit.core.layers import Layer
from corpus_kit.core.parallel.executor import Workers
from corpus_kit.core.progress import Progress, counted
from corpus_kit.core.rejects import Refusals
from corpus_kit.core.schema.contracts import compile_gate
from corpus_kit.core.schema.spec import ContractFile
from corpus_kit.core.storage.folders import kept_note, note_name, read_manifest, remove
from corpus_kit.core.storage.tables import read_table
from corpus_kit.core.version import __version__
from corpus_kit.suggest.build import Suggested, finished_shard
from corpus_kit.suggest.entities.code import errors_of
from corpus_kit.suggest.entities.entity_request import EntityRequest
from corpus_kit.suggest.entities.interface import Loaded
from corpus_kit.suggest.entities.labelled import read_labelled
from corpus_kit.suggest.entities.learning import MODEL, NamesModel, learn, save_names
from corpus_kit.suggest.entities.loading import label_mapping, load_suggester
from corpus_kit.suggest.entities.people import boilerplate_files, digests, notes_table, with_boilerplate
from corpus_kit.suggest.entities.shards import EntityRecipe, EntityTask, Model, ask_model, entity_shard
from corpus_kit.suggest.folder import put_layer, summed

WORK = "entities"


@dataclass(slots=True)
class Asked:
    """One model. asked: documents' shards it was asked about again. rows: suggestions that became rows."""

    spec: str
    model: str
    version: str
    device: str
    asked: int
    rows: int = 0


@dataclass(slots=True)
class EntitiesMade:
    """suggested: the counts, with `left_out` by the model's label. names: how many are looked for; documents: how many they
    were learned from; None where people's names were not asked for. names_rows: suggestions of names."""

    suggested: Suggested
    names: int | None = None
    documents: int | None = None
    names_rows: int = 0
    models: list[Asked] = field(default_factory=list)


def marking(layer: Layer) -> Control | None:
    """The control that marks spans of the document's text; of several the one with the most labels."""
    text = layer.text_object.name
    able = [c for c in layer.controls if c.kind == "labels" and text in c.to_name]
    return max(able, key=lambda c: len(c.labels), default=None)


def build_entities(
    out: Path,
    work: Path,
    layer: Layer,
    control: Control,
    contract: ContractFile,
    wish: EntityRequest,
    workers: Workers,
    progress: Progress,
    refusals: Refusals,
) -> EntitiesMade:
    """Put the layer's rows into `out/suggestions`, and hand in what breaks the contract.

    Memory: people's labels, the names, and one shard of documents per worker. Raises what loading a model raises, and
    ConfigError for labels that do not exist.
    """
    kept = work / WORK
    (kept / "said").mkdir(parents=True, exist_ok=True)
    files = [(f["name"], f["sha256"]) for f in (read_manifest(out / "documents") or {"files": []})["files"]]
    labelled = read_labelled(out, layer.name, control.name)
    notes = notes_table(out, labelled)
    notes.write_parquet(kept / "notes.parquet")
    names: NamesModel | None = None
    if wish.names:
        names = learn(out / "documents", with_boilerplate(out, labelled, notes), progress)
        save_names(names, kept / "names.json")
    known = None if control.dynamic else control.labels
    models, asked, said = [], [], []
    for one in wish.models:
        loaded = load_suggester(one.model, wish.root, trusted=wish.trusted)
        with errors_of(one.model, loaded.code):
            labels, name, version = loaded.suggester.labels, loaded.suggester.name, loaded.model_version
        mapping = label_mapping(one.model, labels, one.labels, layer.name, known)
        model = Model(name, version, tuple(sorted(mapping.items())), one.languages, one.threshold)
        answers, new = _ask(loaded, model, out / "documents", files, kept / "said", progress)
        models.append(model)
        said.append(answers)
        asked.append(Asked(one.model, name, version, loaded.device, new))
    recipe = EntityRecipe(
        layer.name,
        control.name,
        known,
        str(kept / "names.json") if names and names.names else "",
        names.version if names and names.names else "",
        wish.threshold,
        tuple(models),
        contract,
        compile_gate(contract),
        _versions(),
    )
    tasks = _tasks(out, kept, files, recipe, said, digests(notes, [out / "documents" / name for name, _ in files]))
    facts, new = _run(tasks, workers, progress)
    _put(out, work, layer, recipe, contract, tasks, facts)
    _clean(kept, tasks)
    for task, one_facts in zip(tasks, facts, strict=True):
        if one_facts["rejected"]:
            refusals.add(read_table(Path(task.folder) / "rejected.parquet"))
    return _made(facts, new, names, asked)


def _ask(
    loaded: Loaded, model: Model, documents: Path, files: Sequence[tuple[str, str]], kept: Path, progress: Progress
) -> tuple[list[Path], int]:
    """Files of what the model says of each shard, and how many shards it was asked about. It runs in this process: it
    fills the machine, or its GPU, by itself."""
    key = json.dumps([model.name, model.version, model.languages, __version__])
    paths = [kept / f"{hashlib.sha256(f'{key} {sha256}'.encode()).hexdigest()[:32]}.parquet" for _, sha256 in files]
    to_do = [i for i, path in enumerate(paths) if kept_note(path) is None]
    with counted(progress, model.name, len(to_do)) as step:
        for i in to_do:
            ask_model(loaded, model, documents / files[i][0], paths[i])
            step.advance()
    return paths, len(to_do)


def _tasks(
    out: Path,
    kept: Path,
    files: Sequence[tuple[str, str]],
    recipe: EntityRecipe,
    said: Sequence[Sequence[Path]],
    notes: Sequence[str],
) -> list[EntityTask]:
    boilerplate = boilerplate_files(out)
    tasks = []
    for number, (name, sha256) in enumerate(files):
        clutter, clutter_sha256 = boilerplate.get(name, ("", ""))
        key = f"{recipe.key} {sha256} {notes[number]} {clutter_sha256}"
        folder = kept / hashlib.sha256(key.encode()).hexdigest()[:32]
        answers = tuple(str(paths[number]) for paths in said)
        shard = str(out / "documents" / name)
        tasks.append(EntityTask(shard, str(folder), recipe, answers, str(kept / "notes.parquet"), str(clutter)))
    return tasks


def _run(tasks: Sequence[EntityTask], workers: Workers, progress: Progress) -> tuple[list[dict[str, Any]], int]:
    made = [finished_shard(Path(task.folder)) for task in tasks]
    to_do = [index for index, facts in enumerate(made) if facts is None]
    with counted(progress, "entities", len(to_do)) as step:
        for number, facts in workers.run(entity_shard, [tasks[i] for i in to_do]):
            made[to_do[number]] = facts
            step.advance()
    return [facts for facts in made if facts is not None], len(to_do)


def _put(
    out: Path,
    work: Path,
    layer: Layer,
    recipe: EntityRecipe,
    contract: ContractFile,
    tasks: Sequence[EntityTask],
    facts: Sequence[dict[str, Any]],
) -> None:
    common = {"layer": layer.name, "control": recipe.control}
    models: list[dict[str, Any]] = []
    if recipe.names_version:
        models.append({"model": MODEL, "version": recipe.names_version, "threshold": recipe.threshold, **common})
    for model in recipe.models:
        about = {"labels": dict(model.labels), "languages": model.languages, "threshold": model.threshold}
        models.append({"model": model.name, "version": model.version, **about, **common})
    about = {
        "by_label": summed(facts, "labels"),
        "left_out": summed(facts, "left_out"),
        "config_sha256": layer.config_sha256,
        "models": models,
        "contract": {"version": contract.version, "sha256": contract.sha256},
        "libraries": recipe.versions,
    }
    put_layer(out, work, layer.name, [(_rows_of(t), f) for t, f in zip(tasks, facts, strict=True)], about)


def _rows_of(task: EntityTask) -> Path:
    return Path(task.folder) / "suggestions.parquet"


def _made(facts: Sequence[dict[str, Any]], new: int, names: NamesModel | None, asked: list[Asked]) -> EntitiesMade:
    by_model = summed(facts, "by_model")
    for one in asked:
        one.rows = by_model.get(one.version, 0)
    suggested = Suggested(
        documents=sum(f["documents"] for f in facts),
        marked=sum(f["marked"] for f in facts),
        rows=summed(facts, "labels"),
        left_out=summed(facts, "left_out"),
        rejected=summed(facts, "rejected"),
        shards=len(facts),
        unchanged_shards=len(facts) - new,
    )
    if names is None:
        return EntitiesMade(suggested, models=asked)
    rows = by_model.get(names.version, 0)
    return EntitiesMade(suggested, len(names.names), names.documents, rows, asked)


def _clean(kept: Path, tasks: Sequence[EntityTask]) -> None:
    """Rows of older keys go. What models said stays: they are slow."""
    used = {Path(task.folder).name for task in tasks} | {"said", "notes.parquet", "names.json"}
    for path in kept.iterdir():
        if path.name not in used:
            remove(path)
    used = {name for task in tasks for path in task.said for name in (Path(path).name, note_name(Path(path)).name)}
    if used:
        for path in (kept / "said").iterdir():
            if path.name not in used:
                remove(path)


def _versions() -> str:
    versions = {
        "corpus-kit": __version__,
        "polars": pl.__version__,
        "pyarrow": pa.__version__,
        "regex": regex.__version__,
    }
    return " ".join(f"{k}={v}" for k, v in versions.items())
