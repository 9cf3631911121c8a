"""`learned`: answers about documents, learned from the labels so far, with probabilities that were measured."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import polars as pl

from corpus_kit.core.errors import EnvironmentProblemError
from corpus_kit.core.labelconfig import Control
from corpus_kit.core.labels import read_label_table
from corpus_kit.core.layers import Layer
from corpus_kit.core.storage.tables import iter_batches, parts
from corpus_kit.suggest.models.classify import Classifier, enough, fit_classifier
from corpus_kit.suggest.models.interface import Proposal

NAME = "learned"
RECIPE = 1


@dataclass(frozen=True, slots=True)
class LabelledTexts:
    """Documents with one answer to a question, by doc_id. groups: the cluster of copies that each is in."""

    doc_ids: list[str]
    texts: list[str]
    labels: list[str]
    groups: list[str]


def questions_of(layer: Layer) -> list[Control]:
    """The questions about the document that have one answer of a fixed set."""
    return [
        c
        for c in layer.controls
        if c.kind in ("choices", "taxonomy") and c.labels and not (c.per_region or c.multiple or c.dynamic)
    ]


def learn_layer(data: Path, layer: Layer) -> LearnedSuggester:
    """Learn every question of a layer for which there is enough to learn from.

    Raises:
        EnvironmentProblemError: scikit-learn is missing.
    """
    try:
        library = metadata.version("scikit-learn")
    except metadata.PackageNotFoundError as e:
        raise EnvironmentProblemError(
            "scikit-learn is not installed.", "Run `pip install 'corpus-kit[learned]'`."
        ) from e
    fitted: dict[str, Classifier] = {}
    notes: list[str] = []
    told: list[object] = [RECIPE, library, layer.config_sha256]
    controls = questions_of(layer)
    for control, known in labelled_texts(data, layer, controls).items():
        if not enough(known.labels):
            notes.append(f"{control}: {len(known.labels):,} documents with an answer are too few to learn from.")
            continue
        made = fit_classifier(known.texts, known.labels, known.groups)
        trial = made.trial
        figures = (
            f"{trial.documents:,} documents, right {trial.accuracy:.2f}, the most frequent answer {trial.majority:.2f}, "
            f"calibration error {trial.calibration_error:.3f} on documents it had not seen"
        )
        notes.append(f"{control}: {figures}{'' if trial.helps else '; nothing is suggested, it is no better'}.")
        if trial.helps:
            fitted[control] = made
            told.append([control, [hashlib.sha256(t.encode()).hexdigest() for t in known.texts], known.labels])
    if not controls:
        notes.append(f"The layer '{layer.name}' has no question with one answer of a fixed set.")
    version = hashlib.sha256(json.dumps(told).encode()).hexdigest()[:12]
    return LearnedSuggester(version, fitted, notes)


class LearnedSuggester:
    """What was learned. notes: how well each question was learned, sentences."""

    name = NAME

    def __init__(self, version: str, fitted: dict[str, Classifier], notes: list[str]) -> None:
        self.version, self.fitted, self.notes = version, fitted, notes
        self.labels = sorted({label for one in fitted.values() for label in one.trial.labels})

    def suggest(self, texts: Sequence[str], layer: Layer) -> Iterator[list[Proposal]]:
        """The likeliest answer to each question, with its probability."""
        found = {name: one.chances(texts) for name, one in self.fitted.items()}
        for row in range(len(texts)):
            yield [
                Proposal(name, self.fitted[name].trial.labels[int(chances[row].argmax())], float(chances[row].max()))
                for name, chances in found.items()
            ]


def labelled_texts(data: Path, layer: Layer, controls: Sequence[Control]) -> dict[str, LabelledTexts]:
    """Control → documents whose current text has gold, or one answer that most people gave. Memory: these texts."""
    answers = {control.name: _answers(data, layer.name, control) for control in controls}
    wanted = {doc_id for found in answers.values() for doc_id in found}
    made = {name: LabelledTexts([], [], [], []) for name in answers}
    columns = ("doc_id", "text", "text_sha256", "duplicate_cluster")
    for path in parts(data / "documents", "documents") if wanted else ():
        for batch in iter_batches(path, columns, 256):
            for row in batch.to_pylist():
                for name, found in answers.items():
                    told = found.get(row["doc_id"])
                    if told is not None and told[0] == row["text_sha256"]:
                        known = made[name]
                        known.doc_ids.append(row["doc_id"])
                        known.texts.append(row["text"])
                        known.labels.append(told[1])
                        known.groups.append(row["duplicate_cluster"] or row["doc_id"])
    return made


def _answers(data: Path, layer: str, control: Control) -> dict[str, tuple[str, str]]:
    """doc_id → (hash of the text, answer): gold where there is any, else what more than half of the people said."""
    found: dict[str, tuple[str, str]] = {}
    mine = (pl.col("layer") == layer) & (pl.col("control") == control.name)
    for folder in ("annotations", "gold"):
        people = read_label_table(data / folder, "annotations").filter(pl.col("layer") == layer)
        if folder == "annotations":
            people = people.filter(pl.col("origin") == "human", pl.col("status") == "submitted", "complete")
        choices = read_label_table(data / folder, "choices").filter(mine, pl.col("span_id").is_null())
        said = choices.join(people.select("annotation_id", "text_sha256"), on="annotation_id")
        votes: dict[str, Counter[tuple[str, str]]] = {}
        for doc_id, text, value in said.select("doc_id", "text_sha256", "value").iter_rows():
            votes.setdefault(doc_id, Counter())[text, value] += 1
        for doc_id, each in votes.items():
            (answer, most), *_ = each.most_common(1)
            if 2 * most > each.total() and answer[1] in control.labels:
                found[doc_id] = answer
    return dict(sorted(found.items()))
