"""`copies`: what people said of one copy of a document, carried to the others of its cluster.

Spans are carried by the rules for a document whose text changed (`core.offsets.carrying`): a span stands in the other copy
only where it is certain to be the same occurrence. Answers about the document are taken as they are. What is carried is a
suggestion like any other, with its own name and version.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from corpus_kit.core.labels import read_label_table
from corpus_kit.core.layers import Layer
from corpus_kit.core.offsets import project_spans
from corpus_kit.core.storage.tables import iter_batches, parts, scan
from corpus_kit.suggest.models.interface import ANSWERED, Looked, Proposal

NAME = "copies"
RECIPE = 1
CERTAIN = 0.99
"""Score of what is carried: the place is certain, whether this copy's labels would be the same is not quite."""


@dataclass(slots=True)
class LabelledCopy:
    """One copy that people have labelled. spans: start, end, control, label. answers: control, value. about: start, end,
    control, value of answers about spans. settled: whether it is gold."""

    doc_id: str
    text: str
    settled: bool
    spans: list[tuple[int, int, str, str]] = field(default_factory=list)
    answers: list[tuple[str, str]] = field(default_factory=list)
    about: list[tuple[int, int, str, str]] = field(default_factory=list)


class CopiesSuggester:
    """copies: by cluster, the labelled copies, the one that speaks first first. clusters: hash of a text → cluster."""

    name = NAME
    labels: Sequence[str] = ()

    def __init__(self, copies: Mapping[str, Sequence[LabelledCopy]], clusters: Mapping[str, str]) -> None:
        self._copies, self._clusters = copies, clusters
        told = [
            [c, one.doc_id, _hash(one.text), one.spans, one.answers, one.about]
            for c in sorted(copies)
            for one in copies[c]
        ]
        self.version = hashlib.sha256(json.dumps([RECIPE, told]).encode()).hexdigest()[:12]
        count = sum(map(len, copies.values()))
        self.notes = [f"Labelled copies: {count:,} in {len(copies):,} clusters."]

    def suggest(self, texts: Sequence[str], layer: Layer) -> Iterator[list[Proposal]]:
        """What is carried to each text."""
        for text in texts:
            yield self.look(text, layer).proposals

    def look(self, text: str, layer: Layer) -> Looked:
        """What is carried to a text; nothing where it is no copy of a labelled one, or is labelled itself."""
        digest = _hash(text)
        made = Looked(key=f"{self.version} {digest}")
        sources = self._copies.get(self._clusters.get(digest, ""), ())
        if not sources:
            return made
        made.proposals = carried_labels(sources[0], text, layer)
        return made


def carried_labels(source: LabelledCopy, text: str, layer: Layer) -> list[Proposal]:
    """What is said of one copy, where it certainly stands in another one's text."""
    known = {control.name for control in layer.controls}
    made = [Proposal(control, value, CERTAIN) for control, value in source.answers if control in known]
    placed = [*source.spans, *source.about]
    for (_, _, control, value), one in zip(
        placed, project_spans(source.text, text, [p[:2] for p in placed]), strict=True
    ):
        if one.start is not None and one.end is not None and control in known:
            made.append(Proposal(control, value, CERTAIN, one.start, one.end))
    return made


def read_copies(data: Path, layer: Layer) -> CopiesSuggester:
    """The labelled copies of every cluster. Memory: their texts and labels, and a hash of every document in a cluster."""
    documents = scan(data / "documents", "documents")
    if documents is None:
        return CopiesSuggester({}, {})
    columns = documents.select("doc_id", "text_sha256", "duplicate_cluster")
    several = columns.filter(
        pl.len().over("duplicate_cluster") > 1, pl.col("duplicate_cluster").is_not_null()
    ).collect()
    found = _labelled(data, layer, several)
    by_cluster: dict[str, list[LabelledCopy]] = defaultdict(list)
    for path in parts(data / "documents", "documents") if found else ():
        for batch in iter_batches(path, ("doc_id", "text", "duplicate_cluster"), 256):
            for row in batch.to_pylist():
                if row["doc_id"] in found:
                    copy = found[row["doc_id"]]
                    copy.text = row["text"]
                    by_cluster[row["duplicate_cluster"]].append(copy)
    for copies in by_cluster.values():
        copies.sort(key=lambda one: (not one.settled, one.doc_id))
    clusters = dict(several.select("text_sha256", "duplicate_cluster").iter_rows())
    return CopiesSuggester(dict(sorted(by_cluster.items())), clusters)


def _labelled(data: Path, layer: Layer, documents: pl.DataFrame) -> dict[str, LabelledCopy]:
    """What is known of these documents on their current texts: gold, else what more than half of the people say."""
    found: dict[str, LabelledCopy] = {}
    for folder in ("annotations", "gold"):
        people = read_label_table(data / folder, "annotations").filter(pl.col("layer") == layer.name)
        if folder == "annotations":
            people = people.filter(pl.col("origin") == "human", pl.col("status") == "submitted", "complete")
        people = people.join(documents, on=["doc_id", "text_sha256"], how="semi")
        voters = dict(people.group_by("doc_id").len().iter_rows())
        if not voters:
            continue
        mine = people.select("annotation_id")
        spans = read_label_table(data / folder, "spans").join(mine, on="annotation_id")
        choices = read_label_table(data / folder, "choices").join(mine, on="annotation_id")
        choices = choices.filter(pl.col("kind").is_in(list(ANSWERED.values())))
        about = choices.filter(pl.col("span_id").is_not_null())
        about = about.join(
            spans.select("annotation_id", "span_id", "start", "end").unique(), on=["annotation_id", "span_id"]
        )
        here = {doc_id: LabelledCopy(doc_id, "", folder == "gold") for doc_id in voters}
        for doc_id, *one in _by_most(spans, voters, ["start", "end", "control", "label"]):
            here[doc_id].spans.append((*one,))
        for doc_id, *one in _by_most(choices.filter(pl.col("span_id").is_null()), voters, ["control", "value"]):
            here[doc_id].answers.append((*one,))
        for doc_id, *one in _by_most(about, voters, ["start", "end", "control", "value"]):
            here[doc_id].about.append((*one,))
        found |= here
    return found


def _by_most(rows: pl.DataFrame, voters: Mapping[str, int], key: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """doc_id and key of what more than half of a document's annotations say, sorted."""
    votes = rows.group_by("doc_id", *key).agg(pl.col("annotation_id").n_unique().alias("votes")).sort("doc_id", *key)
    for doc_id, *rest, n in votes.iter_rows():
        if 2 * n > voters[doc_id]:
            yield doc_id, *rest


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
