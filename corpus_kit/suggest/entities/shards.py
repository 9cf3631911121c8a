"""Entity suggestions for one shard of documents: pure functions, paths in, paths out."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl

from corpus_kit.core.schema.spec import ContractFile
from corpus_kit.core.storage.folders import keep_note
from corpus_kit.core.storage.tables import iter_batches, read_table, table_of, write_table
from corpus_kit.suggest.build import checked_rows, contract_of
from corpus_kit.suggest.entities.code import errors_of
from corpus_kit.suggest.entities.interface import Loaded, answers
from corpus_kit.suggest.entities.learning import MODEL, NamesModel, names_from
from corpus_kit.suggest.entities.people import read_notes
from corpus_kit.suggest.entities.propagation import Propagation, TextToLabel
from corpus_kit.suggest.entities.records import Occupied, Suggestion, without_overlaps
from corpus_kit.suggest.folder import keep_shard

FACTS = "facts.json"
BATCH = 64
"""Documents that a model gets at a time."""
_SAID = {"doc_id": pl.String, "start": pl.Int64, "end": pl.Int64, "label": pl.String, "score": pl.Float64}
_READ = ("doc_id", "source", "text", "text_sha256", "language")


@dataclass(frozen=True, slots=True)
class Model:
    """A model whose answers are kept. name, version: as rows carry them. labels: its label → the layer's ("" for none)."""

    name: str
    version: str
    labels: tuple[tuple[str, str], ...]
    languages: tuple[str, ...]
    threshold: float

    def speaks(self, language: str) -> bool:
        """Whether the model is asked about documents in this language."""
        return not self.languages or language.replace("_", "-").split("-")[0].lower() in self.languages


@dataclass(frozen=True, slots=True)
class EntityRecipe:
    """All that decides what is suggested, but for the documents and what people say of them.

    names: path of the learned names, empty without; names_version of them. labels: of the control, None where it takes any.
    """

    layer: str
    control: str
    labels: tuple[str, ...] | None
    names: str
    names_version: str
    threshold: float
    models: tuple[Model, ...]
    contract: ContractFile
    gate: bytes
    versions: str

    @property
    def key(self) -> str:
        """Changes with everything here that can change a row."""
        models = [[m.name, m.version, m.labels, m.languages, m.threshold] for m in self.models]
        parts = [self.layer, self.control, self.labels, self.names_version, self.threshold, models]
        return hashlib.sha256(json.dumps([*parts, self.contract.sha256, self.versions]).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class EntityTask:
    """One call of `entity_shard`. said: for each model the file of its answers. notes: see `people`. boilerplate: the file
    of suggestions for these documents, or empty."""

    shard: str
    folder: str
    recipe: EntityRecipe
    said: tuple[str, ...]
    notes: str
    boilerplate: str


def ask_model(loaded: Loaded, languages: Model, shard: Path, target: Path) -> None:
    """Write what a model says of a shard of documents, in its own labels. Memory: one batch of texts and all spans."""
    columns: dict[str, list[Any]] = {name: [] for name in _SAID}
    for ids, texts in _batches(shard, languages):
        with errors_of(loaded.spec, loaded.code):
            found = answers(loaded.suggester, texts)
        for doc_id, spans in zip(ids, found, strict=True):
            for span in spans:
                for name, value in zip(_SAID, (doc_id, *span), strict=True):
                    columns[name].append(value)
    target.parent.mkdir(parents=True, exist_ok=True)
    write_table(target, table_of(columns, _SAID))
    keep_note(target, {})


def _batches(shard: Path, model: Model) -> Iterator[tuple[list[str], list[str]]]:
    for batch in iter_batches(shard, ["doc_id", "text", "language"], BATCH):
        rows = [row for row in batch.to_pylist() if model.speaks(row["language"])]
        if rows:
            yield [row["doc_id"] for row in rows], [row["text"] for row in rows]


def entity_shard(task: EntityTask) -> dict[str, Any]:
    """Suggestions for one shard, checked and written; returns the content of its `facts.json`."""
    recipe = task.recipe
    documents = read_table(Path(task.shard), _READ).to_pylist()
    contract = contract_of(recipe.contract, recipe.gate)
    unmapped: Counter[str] = Counter()
    rows, sources = _rows(task, documents, unmapped)
    table = table_of({name: [row[name] for row in rows] for name in contract.columns}, contract.columns)
    table, rejected = checked_rows(table, sources, contract)
    by_model = dict(sorted(Counter(table["model_version"].to_pylist()).items()))
    about: dict[str, Any] = {
        "documents": len(documents),
        "by_model": by_model,
        "left_out": dict(sorted(unmapped.items())),
    }
    return keep_shard(Path(task.folder), FACTS, table, rejected, **about)


def _rows(
    task: EntityTask, documents: Sequence[dict[str, Any]], unmapped: Counter[str]
) -> tuple[list[dict[str, Any]], list[str]]:
    """The rows in the documents' order and each one's source. Names of people come before what models say, these in the
    order of `corpus.toml`; nothing overlaps."""
    recipe = task.recipe
    notes = read_notes(Path(task.notes), Path(task.boilerplate) if task.boilerplate else None, _ids(documents))
    said = [_said(Path(path), model, unmapped) for path, model in zip(task.said, recipe.models, strict=True)]
    names = _propagation(recipe.names, recipe.names_version, recipe.threshold) if recipe.names else None
    documents = [document for document in documents if not notes[document["doc_id"]].finished]
    pages = [
        TextToLabel(document["text"], document["language"], about.taken, about.clutter)
        for document in documents
        for about in (notes[document["doc_id"]],)
    ]
    named = names.suggest(pages) if names is not None else [[] for _ in pages]
    rows: list[dict[str, Any]] = []
    sources: list[str] = []
    for document, own in zip(documents, named, strict=True):
        doc_id = document["doc_id"]
        occupied = Occupied(notes[doc_id].taken)
        found: list[tuple[Suggestion, str, str]] = [(one, MODEL, recipe.names_version) for one in own]
        for one in own:
            occupied.take(one.start, one.end)
        for model, by_document in zip(recipe.models, said, strict=True):
            made = without_overlaps(by_document.get(doc_id, ()))
            found += [(one, model.name, model.version) for one in made if occupied.take(one.start, one.end)]
        for one, name, version in sorted(found):
            rows.append(_row(document, recipe, one, name, version))
            sources.append(document["source"])
    return rows, sources


def _row(document: dict[str, Any], recipe: EntityRecipe, one: Suggestion, model: str, version: str) -> dict[str, Any]:
    place = (document["doc_id"], document["text_sha256"], recipe.layer, recipe.control, *one[:3], version)
    return {
        "suggestion_id": hashlib.sha256(json.dumps(place).encode()).hexdigest()[:32],
        "doc_id": document["doc_id"],
        "layer": recipe.layer,
        "control": recipe.control,
        "start": one.start,
        "end": one.end,
        "label": one.label,
        "surface": document["text"][one.start : one.end],
        "score": one.score,
        "model": model,
        "model_version": version,
        "text_sha256": document["text_sha256"],
    }


def _said(path: Path, model: Model, unmapped: Counter[str]) -> dict[str, list[Suggestion]]:
    """A model's answers by document, in the layer's labels; what has no counterpart there is counted."""
    labels = dict(model.labels)
    made: dict[str, list[Suggestion]] = {}
    for row in read_table(path).to_pylist():
        ours = labels.get(row["label"])
        if ours is None:
            unmapped[row["label"]] += 1
        elif ours and row["score"] >= model.threshold:
            made.setdefault(row["doc_id"], []).append(Suggestion(row["start"], row["end"], ours, row["score"]))
    return made


def _ids(documents: Sequence[dict[str, Any]]) -> list[str]:
    return [document["doc_id"] for document in documents]


@lru_cache(maxsize=1)
def _propagation(path: str, version: str, threshold: float) -> Propagation:
    """One per process: its automata are made once."""
    model: NamesModel = names_from(Path(path), version)
    return Propagation(model.names, model.words, model.calibration, threshold)
