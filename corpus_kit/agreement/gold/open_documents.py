"""What people are asked to settle: documents with open disagreements, or with labels that deserve a second look.

Read from `data/gold` and `data/annotations`; plain data, which the annotation server's room makes tasks of.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from corpus_kit.agreement.gold.policy import OPEN
from corpus_kit.agreement.judgements import SEPARATOR, answers, directed, latest_submissions, readable, span_keys
from corpus_kit.agreement.review import Suspect
from corpus_kit.core.labels import Labels, current_spans, read_label_table, read_labels
from corpus_kit.core.records import SETTLED, ReviewDocument, ReviewItem, ReviewVersion
from corpus_kit.core.storage.tables import scan

NOTHING = "nothing"
MOST_CHARACTERS = 80
"""Of a span's words, as they are shown."""

Said = tuple[tuple[str, tuple[str, ...]], ...]


def open_documents(out: Path, layers: Iterable[str]) -> dict[str, list[ReviewDocument]]:
    """Layer → its documents with open disagreements, by doc_id. `out/gold` and `out/annotations` are made."""
    decisions = read_label_table(out / "gold", "decisions").filter(pl.col("outcome") == OPEN)
    made = {}
    for layer in layers:
        own = decisions.filter(pl.col("layer") == layer)
        wanted = own["doc_id"].unique().sort().to_list()
        work = _Work.read(out, layer, wanted)
        rows = own.sort("doc_id", "control", "table", "item").partition_by("doc_id", as_dict=True)
        made[layer] = [work.document(d, tuple(work.items(d, rows[(d,)]))) for d in wanted if d in work.texts]
    return made


def suspicious_documents(
    out: Path, layers: Iterable[str], suspects: Sequence[Suspect]
) -> dict[str, list[ReviewDocument]]:
    """Layer → the documents that these labels stand in, by doc_id; each label is one thing to settle."""
    made = {}
    for layer in layers:
        by_document: dict[str, list[ReviewItem]] = defaultdict(list)
        for one in suspects:
            if one.layer == layer:
                by_document[one.doc_id].append(_suspicion(one))
        work = _Work.read(out, layer, sorted(by_document))
        made[layer] = [work.document(d, tuple(by_document[d])) for d in sorted(by_document) if d in work.texts]
    return made


def reviewed_documents(out: Path) -> set[tuple[str, str]]:
    """(layer, doc_id) of what a reviewer has settled."""
    decisions = read_label_table(out / "gold", "decisions")
    decisions = decisions.filter(pl.col("policy") == "reviewer", pl.col("outcome") != OPEN)
    return set(decisions.select("layer", "doc_id").unique().iter_rows())


def _suspicion(one: Suspect) -> ReviewItem:
    place = "" if one.start is None or one.end is None else f" {_place(one.start, one.end, one.surface)}"
    said = (f"{one.label}{place}", (one.annotator or SETTLED,))
    why = f"Rather {one.expected}? {one.evidence[:1].upper()}{one.evidence[1:]}."
    return ReviewItem(one.control, (said,), why)


@dataclass(frozen=True, slots=True)
class _Work:
    """The judgements of some documents in one layer, on their current texts, and what of them is gold."""

    layer: str
    texts: Mapping[str, str]
    people: Mapping[str, pl.DataFrame]
    labels: Labels
    gold: Labels
    given: pl.DataFrame

    @classmethod
    def read(cls, out: Path, layer: str, doc_ids: Sequence[str]) -> _Work:
        here = (pl.col("layer") == layer) & pl.col("doc_id").is_in(pl.Series([list(doc_ids)], dtype=pl.List(pl.String)))
        labels, gold = _chosen(read_labels(out / "annotations"), here), _chosen(read_labels(out / "gold"), here)
        spans = current_spans(labels.spans, read_label_table(out / "annotations", "carried"))
        labels = Labels(labels.annotations, spans, labels.choices, labels.relations)
        people = latest_submissions(labels.annotations, edited=True)
        texts: dict[str, str] = {}
        found = scan(out / "documents", "documents")
        if found is not None:
            wanted = pl.col("doc_id").is_in(pl.Series([list(doc_ids)], dtype=pl.List(pl.String)))
            texts = dict(found.filter(wanted).select("doc_id", "text_sha256").collect().iter_rows())
        by_document = {str(key[0]): rows for key, rows in people.group_by("doc_id", maintain_order=True)}
        return cls(layer, texts, by_document, labels, gold, answers(labels.choices, spans, people))

    def document(self, doc_id: str, items: tuple[ReviewItem, ...]) -> ReviewDocument:
        people = self.people.get(doc_id)
        authors = [] if people is None else people.select("annotator", "annotation_id").iter_rows()
        versions = [_version(name, self.labels, annotation_id) for name, annotation_id in authors]
        settled = self.gold.annotations.filter(pl.col("doc_id") == doc_id)["annotation_id"]
        versions.append(_version(SETTLED, self.gold, settled[0]) if settled.len() else ReviewVersion(SETTLED))
        return ReviewDocument(self.layer, doc_id, self.texts[doc_id], items, tuple(versions))

    # What is open, in words

    def items(self, doc_id: str, decisions: pl.DataFrame) -> Iterator[ReviewItem]:
        by_table = {str(key[0]): rows for key, rows in decisions.group_by("table", maintain_order=True)}
        if "choices" in by_table:
            yield from self._choices(doc_id, by_table["choices"])
        if "spans" in by_table:
            yield from self._spans(doc_id, by_table["spans"])
        if "relations" in by_table:
            yield from self._relations(doc_id, by_table["relations"])

    def _spans(self, doc_id: str, decisions: pl.DataFrame) -> Iterator[ReviewItem]:
        """One item where open spans of a control overlap: it is one question what stands there."""
        drawn = self.labels.spans.join(self.people[doc_id], on="annotation_id")
        unknown, decisions = decisions.filter(pl.col("item") == ""), decisions.filter(pl.col("item") != "")
        yield from (ReviewItem(control, (), why) for control, why in unknown.select("control", "why").iter_rows())
        for (control,), rows in decisions.group_by("control", maintain_order=True):
            marks = drawn.filter(pl.col("control") == control).select("start", "end", "label", "surface", "annotator")
            for start, end, why in _stretches(rows.select("item", "why").iter_rows()):
                near = marks.filter((pl.col("start") < end) & (pl.col("end") > start)).sort("start", "end", "label")
                said: dict[str, list[str]] = defaultdict(list)
                for a, b, label, surface, name in near.iter_rows():
                    said[f"{label} {_place(a, b, surface)}"].append(name)
                yield ReviewItem(str(control), self._with_nothing(doc_id, said), why)

    def _choices(self, doc_id: str, decisions: pl.DataFrame) -> Iterator[ReviewItem]:
        """One item for each question, whichever of its labels are open."""
        given = self.given.filter(pl.col("doc_id") == doc_id)
        for (control,), rows in decisions.group_by("control", maintain_order=True):
            of = given.filter(pl.col("control") == control)
            for (target, region), same in of.sort("target", "region").group_by("target", "region", maintain_order=True):
                question = " ".join(part for part in (target, region) if part)
                why = rows.filter(
                    (pl.col("item") == question) | pl.col("item").str.starts_with(f"{question} ".lstrip())
                )["why"]
                if why.len():
                    told = same.select("value", "annotator").sort("value", "annotator").iter_rows()
                    said: dict[str, list[str]] = defaultdict(list)
                    for value, name in told:
                        said[readable(value) if SEPARATOR in value else value].append(name)
                    yield ReviewItem(question or str(control), _said(said), why[0])

    def _relations(self, doc_id: str, decisions: pl.DataFrame) -> Iterator[ReviewItem]:
        spans = self.labels.spans.filter(pl.col("doc_id") == doc_id)
        surface = dict(
            spans.select(pl.format("{}-{}", "start", "end"), "surface").unique(maintain_order=True).iter_rows()
        )
        drawn = directed(self.labels.relations.join(self.people[doc_id], on="annotation_id"), span_keys(spans))
        said: dict[str, list[str]] = defaultdict(list)
        for one, two, way, label, name in (
            drawn.select("one", "two", "way", "label", "annotator").sort(pl.all(), nulls_last=True).iter_rows()
        ):
            ends = [f"“{_short(surface.get(at, at))}” {at}" for at in (one, two)]
            said[f"{ends[0]} {'→' if way == 'right' else '–'} {ends[1]} {label or ''}".strip()].append(name)
        yield ReviewItem("relations", self._with_nothing(doc_id, said), decisions["why"][0])

    def _with_nothing(self, doc_id: str, said: Mapping[str, list[str]]) -> Said:
        """With those who marked nothing there: that is an answer too."""
        silent = set(self.people[doc_id]["annotator"]) - {name for names in said.values() for name in names}
        return _said(dict(said) | ({NOTHING: sorted(silent)} if silent else {}))


def _said(said: Mapping[str, Sequence[str]]) -> Said:
    return tuple((answer, tuple(dict.fromkeys(names))) for answer, names in said.items())


def _stretches(rows: Iterable[tuple[str, str]]) -> list[tuple[int, int, str]]:
    """Open spans that overlap as one stretch: start, end, why."""
    read = []
    for item, why in rows:
        first, _, behind = item.partition(":")[0].partition("-")
        read.append((int(first), int(behind), why))
    out: list[tuple[int, int, str]] = []
    for start, end, why in sorted(read):
        if out and start < out[-1][1]:
            begin, last, told = out.pop()
            out.append((begin, max(last, end), told if why in told else f"{told} {why}"))
        else:
            out.append((start, end, why))
    return out


def _version(name: str, labels: Labels, annotation_id: str) -> ReviewVersion:
    mine = pl.col("annotation_id") == annotation_id

    def rows(frame: pl.DataFrame, *columns: str) -> tuple[Any, ...]:
        return tuple(frame.filter(mine).select(columns).sort(columns, nulls_last=True).iter_rows())

    return ReviewVersion(
        name,
        rows(labels.spans, "control", "span_id", "start", "end", "label"),
        rows(labels.choices, "control", "span_id", "kind", "value"),
        rows(labels.relations, "from_span", "to_span", "direction", "label"),
    )


def _chosen(labels: Labels, here: pl.Expr) -> Labels:
    return Labels(*(getattr(labels, name).filter(here) for name in Labels.__slots__))


def _place(start: int, end: int, surface: str | None) -> str:
    return f"“{_short(surface or '')}” {start}-{end}"


def _short(surface: str) -> str:
    words = " ".join(surface.split())
    return words if len(words) <= MOST_CHARACTERS else words[: MOST_CHARACTERS - 1] + "…"
