"""The configurations of a release beside `documents`: which there are, and how each is made of documents and labels.

A configuration is a `ConfigSpec`; `build_config` is a pure function of a shard of documents, their labels and the spec.
Which layer becomes which table follows from its config.xml: a layer named `boilerplate` becomes labelled lines, one that
asks about targets text–target–label rows, one that marks spans tokens with tags. `relations` holds those of all layers,
`annotations` every judgement.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from corpus_kit.core.labels import UNREAD
from corpus_kit.core.layers import Layer
from corpus_kit.core.storage.tables import read_table
from corpus_kit.core.vocabulary import BOILERPLATE
from corpus_kit.release.configs.labels import LabelSlice
from corpus_kit.release.configs.nested import ANSWERS, SPANS, Nested
from corpus_kit.release.configs.relations import DESCRIPTIONS as OF_RELATIONS
from corpus_kit.release.configs.relations import RELATIONS as RELATION_ROWS
from corpus_kit.release.configs.relations import UNLABELLED, relation_rows
from corpus_kit.release.configs.training import (
    CONTENT,
    ENTITIES,
    JUDGEMENTS,
    LINES,
    STANCE,
    DocumentLoss,
    bio_names,
    entity_rows,
    judgement_rows,
    line_names,
    line_rows,
    stance_rows,
)
from corpus_kit.release.soft import DESCRIPTIONS as OF_SOFT
from corpus_kit.release.soft import (
    SOFT_LINES,
    SOFT_TARGETS,
    SOFT_TOKENS,
    soft_line_rows,
    soft_target_rows,
    soft_token_rows,
)

DOCUMENTS, ANNOTATIONS, RELATIONS = "documents", "annotations", "relations"
TOKENS, TARGETS, LABELLED_LINES, RELATED, JUDGED = "tokens", "targets", "lines", "relations", "judgements"
SOFT = {TOKENS: "soft_tokens", TARGETS: "soft_targets", LABELLED_LINES: "soft_lines"}
"""Kind of a configuration of gold → kind of the one with everyone's answers to the same questions."""
STALE, NOT_IN_CONFIG, NOT_KNOWN = "stale", "label_not_in_config", "not_known"

LOSSES = pa.schema(
    [
        ("config", pa.string()),
        ("doc_id", pa.string()),
        ("layer", pa.string()),
        ("span_id", pa.string()),
        ("start", pa.int64()),
        ("end", pa.int64()),
        ("label", pa.string()),
        ("reason", pa.string()),
    ]
)

_SCHEMAS = {TOKENS: ENTITIES, TARGETS: STANCE, LABELLED_LINES: LINES, RELATED: RELATION_ROWS, JUDGED: JUDGEMENTS}
_SCHEMAS |= {SOFT[TOKENS]: SOFT_TOKENS, SOFT[TARGETS]: SOFT_TARGETS, SOFT[LABELLED_LINES]: SOFT_LINES}
_CLASS_COLUMN = {TOKENS: "ner_tags", TARGETS: "label", LABELLED_LINES: "label", RELATED: "label"}
_CLASS_COLUMN |= dict.fromkeys(SOFT.values(), "majority")
_DESCRIPTIONS = {
    "doc_id": "The document, as in `documents`.",
    "language": "ISO 639 code; `und` where it is not known.",
    "tokens": "Words and signs, each a slice of the text.",
    "ner_tags": "BIO tag of every token; train only on those that are `known`.",
    "known": "False where an open disagreement could change the token's tag. Mask these tokens (-100), they are not `O`.",
    "token_starts": "First code point of every token in the text.",
    "token_ends": "Code point after the last of every token.",
    "open_disagreements": "Disagreements of this layer that are not settled, and so not among the labels.",
    "text": "The words that the label is of: the document's text, or the line.",
    "target": "What the answer is about.",
    "label": "The adjudicated label.",
    "evidence": "Places in the text that show it: start, end.",
    "support": "Share of the votes behind it, or its probability under Dawid-Skene.",
    "line": "Number of the line in the text, from 0; blank lines are left out.",
    "start": "First code point in the document's text.",
    "end": "Code point after the last.",
    "layer": "The kind of annotation.",
    "annotator": "Pseudonym.",
    "annotation_id": "One person's work on one document.",
    "kind": "`span`, `choice`, `relation`, `none`: looked at and nothing marked, or `unknown`: an answer in `control` that"
    " could not be read.",
    "control": "Name of the control in the layer's config.xml.",
    "span_id": "The region; of a relation, where it begins.",
    "surface": "The characters between start and end.",
    "value": "The label or answer.",
    "to_span": "Of a relation, where it ends.",
}
_DESCRIPTIONS_OF = {
    RELATED: OF_RELATIONS,
    LABELLED_LINES: {"label": "The adjudicated label, or `disputed` where an open disagreement could change it."},
    **dict.fromkeys(SOFT.values(), OF_SOFT),
}


@dataclass(frozen=True, slots=True)
class ConfigSpec:
    """name: of the configuration and its folder. kind: how it is made. layer: "" for all. labels: in config.xml's order.

    controls: the controls whose spans count. targets: what is asked about. class_names: column → names of its ClassLabel.
    """

    name: str
    kind: str
    layer: str = ""
    labels: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()

    @property
    def schema(self) -> pa.Schema:
        return _SCHEMAS[self.kind]

    @property
    def class_names(self) -> dict[str, list[str]]:
        if self.kind not in _CLASS_COLUMN:
            return {}
        names = {TOKENS: bio_names(self.labels), LABELLED_LINES: line_names(self.labels)}
        names |= {SOFT[TOKENS]: bio_names(self.labels), SOFT[LABELLED_LINES]: [CONTENT, *self.labels]}
        return {_CLASS_COLUMN[self.kind]: names.get(self.kind, list(self.labels))}

    @property
    def descriptions(self) -> dict[str, str]:
        told = _DESCRIPTIONS | _DESCRIPTIONS_OF.get(self.kind, {})
        return {name: told[name] for name in self.schema.names}


def plan_configs(
    layers: Mapping[str, Layer], gold: Mapping[str, Any] | None, annotations: Mapping[str, Any] | None, suggested: bool
) -> tuple[list[ConfigSpec], Nested]:
    """The configurations that labels call for, and the columns they add to `documents`.

    gold, annotations: the manifests of those folders, None where there are none. suggested: whether there are
    suggestions.
    """
    having = {row["layer"] for row in (gold or {}).get("layers", []) if row["documents"]}
    specs = [spec for name, layer in layers.items() if name in having and (spec := _spec(name, layer))]
    shapes = tuple((s.layer, ANSWERS if s.kind == TARGETS else SPANS) for s in specs)
    related = [
        layers[row["layer"]]
        for row in (gold or {}).get("layers", [])
        if row.get("relations") and row["layer"] in layers
    ]
    if related:
        drawn = [c for layer in related for c in layer.controls if c.kind == "relations"]
        specs.append(ConfigSpec(RELATIONS, RELATED, labels=(*_labels(drawn), UNLABELLED)))
    specs += _soft_specs(layers, gold)
    if (annotations or {}).get("annotations", {}).get("submitted"):
        specs.append(ConfigSpec(ANNOTATIONS, JUDGED))
    return specs, Nested(BOILERPLATE in having or (suggested and BOILERPLATE in layers), shapes)


def _spec(name: str, layer: Layer) -> ConfigSpec | None:
    config = f"{name}_gold" if name in (DOCUMENTS, ANNOTATIONS, RELATIONS) else name
    marking = [c for c in layer.controls if c.kind == "labels"]
    asking = [c for c in layer.controls if c.kind == "choices" and c.target is not None and not c.per_region]
    if asking and name != BOILERPLATE:
        targets = tuple(dict.fromkeys(c.target for c in asking if c.target))
        return ConfigSpec(config, TARGETS, name, _labels(asking), tuple(c.name for c in asking), targets)
    if not marking:
        return None
    kind = LABELLED_LINES if name == BOILERPLATE else TOKENS
    return ConfigSpec(config, kind, name, _labels(marking), tuple(c.name for c in marking))


def _soft_specs(layers: Mapping[str, Layer], gold: Mapping[str, Any] | None) -> list[ConfigSpec]:
    """`<layer>_soft` for every layer in which anything was decided or is open."""
    rows = (gold or {}).get("layers", [])
    worked = {row["layer"] for row in rows if row["documents"] or row["open"] or row["none"]}
    made = []
    for name, layer in layers.items():
        spec = _spec(name, layer) if name in worked else None
        if spec is not None and spec.kind in SOFT:
            made.append(replace(spec, name=f"{name}_soft", kind=SOFT[spec.kind]))
    return made


def _labels(controls: Sequence[Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(label for control in controls for label in control.labels))


def build_config(spec: ConfigSpec, documents: pa.Table, labels: LabelSlice) -> tuple[pa.Table, list[dict[str, Any]]]:
    """The rows of one configuration, ordered as the documents, and its losses (rows of `LOSSES`).

    documents: a shard (doc_id, language, text). labels: of these documents.
    """
    if spec.kind == JUDGED:
        return _judged(spec, labels)
    if spec.kind == RELATED:
        return _related(spec, documents, labels)
    if spec.kind in SOFT.values():
        return _soft(spec, documents, labels), []
    here = pl.col("layer") == spec.layer
    ours = here & pl.col("control").is_in(list(spec.controls))
    gold = labels.gold.filter(here)
    having = pa.array(gold["doc_id"].to_list(), pa.string())
    wanted = documents.filter(pc.is_in(documents["doc_id"], having))
    rows = wanted.select(["doc_id", "language", "text"]).to_pylist()
    opened = dict(labels.open.filter(here).select("doc_id", "open").iter_rows())
    known = pl.col("label").is_in(list(spec.labels))
    spans = labels.gold_spans.filter(ours)
    losses = _lost(spec, NOT_IN_CONFIG, spans.filter(~known))
    if spec.kind == TARGETS:
        choices = labels.gold_choices.filter(ours & pl.col("value").is_in(list(spec.labels)))
        table, more = stance_rows(rows, choices, labels.gold_spans.filter(here), spec.labels)
    else:
        make = entity_rows if spec.kind == TOKENS else line_rows
        table, more = make(rows, spans.filter(known), spec.labels, opened, _open_places(labels.open_spans.filter(ours)))
    losses += [_not_known(spec, d, spec.layer) for d in labels.unknown.filter(here)["doc_id"].to_list()]
    return table, losses + [_loss(spec, one) for one in more]


def _open_places(open_spans: pl.DataFrame) -> dict[str, list[tuple[int, int]]]:
    """doc_id → (start, end) of the spans that are in dispute."""
    made: dict[str, list[tuple[int, int]]] = {}
    for doc_id, start, end in open_spans.select("doc_id", "start", "end").iter_rows():
        made.setdefault(doc_id, []).append((start, end))
    return made


def _judged(spec: ConfigSpec, labels: LabelSlice) -> tuple[pa.Table, list[dict[str, Any]]]:
    people = labels.annotations
    table = judgement_rows(people, labels.spans, labels.choices, labels.relations)
    torn = people.filter(pl.col("unread").is_not_null()).select("doc_id", "layer", "unread")
    losses = [
        _not_known(spec, doc_id, layer, control)
        for doc_id, layer, told in torn.iter_rows()
        for control in told.split(UNREAD)
    ]
    return table, _lost(spec, STALE, labels.stale) + losses


def _not_known(spec: ConfigSpec, doc_id: str, layer: str, control: str = "") -> dict[str, Any]:
    """A document of which an answer could not be read: neither gold nor "nothing"."""
    place: dict[str, Any] = {"span_id": None, "start": None, "end": None, "label": control or None}
    return {"config": spec.name, "doc_id": doc_id, "layer": layer, **place, "reason": NOT_KNOWN}


def _soft(spec: ConfigSpec, documents: pa.Table, labels: LabelSlice) -> pa.Table:
    here = pl.col("layer") == spec.layer
    people = labels.latest.filter(here)
    ours = here & pl.col("control").is_in(list(spec.controls))
    worked = pa.array(people["doc_id"].unique().to_list(), pa.string())
    rows = documents.filter(pc.is_in(documents["doc_id"], worked)).select(["doc_id", "language", "text"]).to_pylist()
    if spec.kind == SOFT[TARGETS]:
        choices = labels.choices.filter(ours & pl.col("span_id").is_null() & pl.col("target").is_not_null())
        return soft_target_rows(rows, people, choices, spec.labels, spec.targets)
    spans = labels.spans.filter(ours & pl.col("label").is_in(list(spec.labels)))
    if spec.kind == SOFT[TOKENS]:
        return soft_token_rows(rows, people, spans, spec.labels)
    return soft_line_rows(rows, people, spans, spec.class_names["majority"])


def _related(spec: ConfigSpec, documents: pa.Table, labels: LabelSlice) -> tuple[pa.Table, list[dict[str, Any]]]:
    having = pa.array(labels.gold_relations["doc_id"].unique().to_list(), pa.string())
    wanted = documents.filter(pc.is_in(documents["doc_id"], having))
    rows = wanted.select(["doc_id", "language", "text"]).to_pylist()
    table, losses = relation_rows(rows, labels.gold_relations, labels.gold_spans, spec.labels)
    return table, [{"config": spec.name, **one} for one in losses]


def _loss(spec: ConfigSpec, one: DocumentLoss) -> dict[str, Any]:
    mark = one.loss.mark
    place = {"span_id": mark.span_id, "start": mark.start, "end": mark.end, "label": mark.label}
    return {"config": spec.name, "doc_id": one.doc_id, "layer": spec.layer, **place, "reason": one.loss.reason}


def _lost(spec: ConfigSpec, reason: str, spans: pl.DataFrame) -> list[dict[str, Any]]:
    columns = ["doc_id", "layer", "span_id", "start", "end", "label"]
    return [{"config": spec.name, **row, "reason": reason} for row in spans.select(columns).iter_rows(named=True)]


def counted_labels(spec: ConfigSpec, files: Sequence[Path]) -> dict[str, int]:
    """Label → how often it stands in these files: spans for tokens (their B- tags), rows otherwise; absent ones are 0.

    Empty for configurations without labels and for soft ones, whose labels are shares.
    """
    if not spec.class_names or spec.kind in SOFT.values():
        return {}
    ((column, names),) = spec.class_names.items()
    found = [pl.DataFrame(read_table(file, [column]))[column] for file in files]
    counts: Counter[int] = Counter()
    for values in found:
        flat = values.explode() if values.dtype == pl.List else values
        counts.update(dict(flat.drop_nulls().value_counts().iter_rows()))
    if spec.kind == TOKENS:
        return {name[2:]: counts[i] for i, name in enumerate(names) if name.startswith("B-")}
    return {name: counts[i] for i, name in enumerate(names)}
