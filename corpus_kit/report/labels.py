"""What people, models and the adjudication say, as the report tells it: label counts, progress, what was accepted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from corpus_kit.core.labels import Labels, current_spans, read_label_table, read_labels
from corpus_kit.core.layers import Layer, label_sets

_SPAN_KEY = ("control", "start", "end", "label")


@dataclass(frozen=True, slots=True)
class LabelTables:
    """The label tables. people: submitted annotations, of each person, document and layer the latest one.

    spans, choices: of all annotations. here: spans where they stand in the current texts.
    """

    annotations: pl.DataFrame
    people: pl.DataFrame
    spans: pl.DataFrame
    here: pl.DataFrame
    choices: pl.DataFrame
    relations: pl.DataFrame
    gold: Labels


@dataclass(slots=True)
class LabelCount:
    """How often one label of a control was given: by people, in gold, by suggestions."""

    label: str
    people: int = 0
    gold: int = 0
    suggested: int = 0


@dataclass(slots=True)
class ControlLabels:
    """One control of a layer. target: what its answers are about, None for spans."""

    layer: str
    control: str
    target: str | None
    labels: list[LabelCount] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Person:
    """One annotator's work in one layer, in documents; a pseudonym, never a name. answered: which ones are done."""

    layer: str
    annotator: str
    done: int
    skipped: int
    drafts: int
    answered: frozenset[str] = frozenset()


def read_told(data: Path) -> LabelTables:
    """The label tables of `data/annotations` and `data/gold`; empty where they are not made."""
    labels = read_labels(data / "annotations")
    human = labels.annotations.filter((pl.col("origin") == "human") & (pl.col("status") == "submitted"))
    people = (
        human.sort("updated_at", "created_at", "annotation_id", nulls_last=False)
        .unique(["layer", "doc_id", "annotator"], keep="last", maintain_order=True)
        .sort("layer", "doc_id", "annotator")
    )
    carried = read_label_table(data / "annotations", "carried")
    return LabelTables(
        labels.annotations,
        people,
        labels.spans,
        current_spans(labels.spans, carried),
        labels.choices,
        labels.relations,
        read_labels(data / "gold"),
    )


def label_counts(
    told: LabelTables, layers: Mapping[str, Layer], suggested: Mapping[str, Counter[str]]
) -> list[ControlLabels]:
    """The controls that have a fixed set of labels, in the order of the layers and their configs.

    Labels of the config that no one gave are listed with 0; labels that the config no longer has come last.
    """
    mine = told.people.select("annotation_id")
    people = _by_label(told.spans.join(mine, on="annotation_id", how="semi"), "label")
    people.update(_by_label(told.choices.join(mine, on="annotation_id", how="semi"), "value"))
    gold = _by_label(told.gold.spans, "label")
    gold.update(_by_label(told.gold.choices, "value"))
    made = []
    for layer in layers.values():
        spanning = [control for control in layer.controls if control.kind == "labels"]
        for name, known in label_sets(layer).items():
            control = layer.control(name)
            if control is None or control.kind == "relations":
                continue
            by_model = suggested.get(layer.name, Counter()) if spanning[:1] == [control] else Counter()
            sources = [people.get((layer.name, name), {}), gold.get((layer.name, name), {}), by_model]
            extra = sorted({label for source in sources for label in source} - set(known))
            counts = [LabelCount(label, *(source.get(label, 0) for source in sources)) for label in [*known, *extra]]
            made.append(ControlLabels(layer.name, name, control.target, counts))
    return made


def _by_label(frame: pl.DataFrame, column: str) -> dict[tuple[str, str], dict[str, int]]:
    made: dict[tuple[str, str], dict[str, int]] = {}
    for layer, control, label, n in frame.group_by("layer", "control", column).len().iter_rows():
        made.setdefault((layer, control), {})[label] = n
    return made


def progress(told: LabelTables, layers: Mapping[str, Layer]) -> list[Person]:
    """Everybody's documents by state, layer by layer."""
    human = told.annotations.filter((pl.col("origin") == "human") & (pl.col("status") != "deleted"))
    counts = human.group_by("layer", "annotator", "status").agg(pl.col("doc_id").n_unique())
    table: dict[tuple[str, str], dict[str, int]] = {}
    for layer, annotator, status, documents in counts.iter_rows():
        table.setdefault((layer, annotator), {})[status] = documents
    answered: dict[tuple[str, str], set[str]] = {}
    for layer, annotator, doc_id in told.people.select("layer", "annotator", "doc_id").iter_rows():
        answered.setdefault((layer, annotator), set()).add(doc_id)
    return [
        Person(
            layer,
            name,
            done=table[layer, name].get("submitted", 0),
            skipped=table[layer, name].get("skipped", 0),
            drafts=table[layer, name].get("draft", 0),
            answered=frozenset(answered.get((layer, name), ())),
        )
        for layer in layers
        for name in sorted(who for where, who in table if where == layer)
    ]


def by_month(told: LabelTables) -> dict[str, dict[str, int]]:
    """layer → month → annotations submitted in it."""
    months = told.people.with_columns(pl.col("created_at").dt.strftime("%Y-%m").alias("month")).drop_nulls("month")
    made: dict[str, dict[str, int]] = {}
    for layer, month, n in months.group_by("layer", "month").len().sort("layer", "month").iter_rows():
        made.setdefault(layer, {})[month] = n
    return made


def disputed(told: LabelTables) -> dict[str, set[str]]:
    """doc_id → the layers in which people who read the same text answered differently."""
    shared = told.people.filter(pl.len().over("layer", "doc_id", "text_sha256") > 1)
    if shared.is_empty():
        return {}
    ids = shared.select("annotation_id")
    place = pl.concat_str(_SPAN_KEY, separator="\x1f")
    answer = pl.concat_str(["control", "kind", "value"], separator="\x1f")
    said = pl.concat(
        [
            told.spans.join(ids, on="annotation_id", how="semi").select("annotation_id", place.alias("said")),
            told.choices.join(ids, on="annotation_id", how="semi").select("annotation_id", answer.alias("said")),
        ]
    )
    each = said.group_by("annotation_id").agg(pl.col("said").unique().sort().str.join("\x1e"))
    joined = shared.join(each, on="annotation_id", how="left").with_columns(pl.col("said").fill_null(""))
    apart = joined.group_by("layer", "doc_id", "text_sha256").agg(pl.col("said").n_unique()).filter(pl.col("said") > 1)
    made: dict[str, set[str]] = {}
    for layer, doc_id in apart.select("layer", "doc_id").iter_rows():
        made.setdefault(doc_id, set()).add(layer)
    return made


def as_rows(frame: pl.DataFrame, ids: pl.DataFrame) -> dict[str, list[dict[str, Any]]]:
    """annotation_id → its rows, of the annotations in `ids`."""
    made: dict[str, list[dict[str, Any]]] = {}
    for row in frame.join(ids, on="annotation_id", how="semi", maintain_order="left").iter_rows(named=True):
        made.setdefault(row["annotation_id"], []).append(row)
    return made
