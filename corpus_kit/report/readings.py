"""The documents of the reader as JSON: each text with what gold, every annotator and the models say of it.

Offsets stay code points of the text, end-exclusive, as everywhere; the page converts them where it draws. Spans stand
where they stand in the current text; what has no certain place there, or lies behind the cut, is counted, not dropped
silently.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from corpus_kit.core.identity import publisher_of
from corpus_kit.core.labels import Labels
from corpus_kit.core.layers import Layer, label_sets
from corpus_kit.report.labels import LabelTables, as_rows

GOLD, SUGGESTED = "gold", "suggested"


class Readings:
    """Makes entries. layers: of the corpus. told: all label tables; ids: the documents that will be asked for."""

    def __init__(
        self, layers: Mapping[str, Layer], told: LabelTables, disputed: Mapping[str, set[str]], ids: Sequence[str]
    ):
        self._disputed = disputed
        self.labels = {name: _span_labels(layer) for name, layer in layers.items()}
        wanted = pl.DataFrame({"doc_id": list(ids)}, schema={"doc_id": pl.String})
        people = told.people.join(wanted, on="doc_id", how="semi")
        keys = people.select("annotation_id")
        self._people = _by_document(people)
        self._count = Counter(told.spans.join(keys, on="annotation_id", how="semi")["annotation_id"].to_list())
        self._spans = as_rows(told.here, keys)
        self._choices = as_rows(told.choices, keys)
        self._relations = as_rows(told.relations, keys)
        self._gold = _Gold(told.gold, wanted)

    def entry(self, row: Mapping[str, Any]) -> str:
        """One document as JSON. row: its columns, `text` cut, and the spans `suggested` for it."""
        shown = len(row["text"])
        made: dict[str, Any] = {
            "id": row["doc_id"],
            "source": row["source"],
            "title": row["title"] or "",
            "publisher": publisher_of(row["outlet"], row["url"]) or "",
            "url": row["url"] or "",
            "language": row["language"],
            "published": row["published_on"] or "",
            "split": row["split"] or "",
            "copyOf": row["duplicate_cluster"] if row["duplicate_cluster"] not in (None, row["doc_id"]) else "",
            "text": row["text"],
            "hidden": row["n_chars"] - shown,
            "layers": {name: found for name in self.labels if (found := self._layer(name, row, shown))},
            "disputed": sorted(self._disputed.get(row["doc_id"], ())),
        }
        return json.dumps(made, ensure_ascii=False, separators=(",", ":"))

    def _layer(self, layer: str, row: Mapping[str, Any], shown: int) -> list[dict[str, Any]]:
        """The readings of one layer: gold, people by pseudonym, suggestions by version."""
        readings = []
        doc_id = row["doc_id"]
        for annotation in self._gold.annotations.get(doc_id, ()):
            if annotation["layer"] == layer:
                key = annotation["annotation_id"]
                spans = self._gold.spans.get(key, [])
                readings.append(
                    self._reading(GOLD, GOLD, layer, spans, self._gold.choices.get(key, []), shown)
                    | self._links(self._gold.relations.get(key, []), spans)
                )
        people = [a for a in self._people.get(doc_id, ()) if a["layer"] == layer]
        for annotation in people:
            key = annotation["annotation_id"]
            spans = self._spans.get(key, [])
            if annotation["text_sha256"] != row["text_sha256"]:
                # Made on an older text: only what was carried to this one stands in it.
                spans = [s for s in spans if row["text"][s["start"] : s["end"]] == s["surface"][: shown - s["start"]]]
            reading = self._reading("person", annotation["annotator"], layer, spans, self._choices.get(key, []), shown)
            reading |= self._links(self._relations.get(key, []), spans)
            stale = self._count.get(key, 0) - len(spans)
            readings.append(reading | ({"stale": stale} if stale else {}))
        versions: dict[str, list[dict[str, Any]]] = {}
        for span in row["suggested"]:
            if span["layer"] == layer:
                versions.setdefault(f"{span['model']} {span['model_version']}", []).append(span)
        for version, spans in sorted(versions.items()):
            readings.append(self._reading(SUGGESTED, version, layer, spans, [], shown))
        return readings

    def _reading(
        self,
        kind: str,
        who: str,
        layer: str,
        spans: Sequence[Mapping[str, Any]],
        choices: Sequence[Mapping[str, Any]],
        shown: int,
    ) -> dict[str, Any]:
        known = self.labels[layer]
        drawn = []
        for span in sorted(spans, key=lambda s: (s["start"], -s["end"], s["label"])):
            if span["start"] < shown:
                label = known.setdefault(span["label"], len(known))
                drawn.append([span["start"], min(span["end"], shown), label])
        answers = [
            [choice["control"], choice["target"] or "", choice["value"], choice["span_id"] or ""] for choice in choices
        ]
        made: dict[str, Any] = {"kind": kind, "who": who, "spans": drawn}
        if answers:
            made["answers"] = sorted(answers)
        if len(drawn) < len(spans):
            made["beyond"] = len(spans) - len(drawn)
        return made

    @staticmethod
    def _links(relations: Sequence[Mapping[str, Any]], spans: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Relations as words: from, label, to."""
        words = {span["span_id"]: span["surface"][:60] for span in spans}
        found = [
            [words.get(r["from_span"], "?"), r["label"] or "", words.get(r["to_span"], "?"), r["direction"]]
            for r in relations
        ]
        return {"relations": sorted(found)} if found else {}


class _Gold:
    def __init__(self, gold: Labels, wanted: pl.DataFrame) -> None:
        annotations = gold.annotations.join(wanted, on="doc_id", how="semi")
        keys = annotations.select("annotation_id")
        self.annotations = _by_document(annotations)
        self.spans = as_rows(gold.spans, keys)
        self.choices = as_rows(gold.choices, keys)
        self.relations = as_rows(gold.relations, keys)


def _by_document(annotations: pl.DataFrame) -> dict[str, list[dict[str, Any]]]:
    made: dict[str, list[dict[str, Any]]] = {}
    columns = ["annotation_id", "doc_id", "layer", "annotator", "text_sha256"]
    ordered = annotations.select(columns).sort("doc_id", "layer", "annotator", "annotation_id")
    for row in ordered.iter_rows(named=True):
        made.setdefault(row["doc_id"], []).append(row)
    return made


def _span_labels(layer: Layer) -> dict[str, int]:
    """label → number, in the config's order; labels it no longer has are added as they are met."""
    spanning = {control.name for control in layer.controls if control.kind == "labels"}
    labels = [label for name, known in label_sets(layer).items() if name in spanning for label in known]
    return {label: number for number, label in enumerate(dict.fromkeys(labels))}
