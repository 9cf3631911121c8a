"""What people say of every document in one layer: gold where there is any, else what most of them marked."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from corpus_kit.core.labels import current_spans, read_label_table
from corpus_kit.core.storage.tables import scan
from corpus_kit.suggest.entities.evidence import Answer

LONGEST = 120
"""Code points of a name; what is longer is a sentence that somebody marked."""
_KEY = ("doc_id", "start", "end", "label")


@dataclass(slots=True)
class Labelled:
    """answers: by doc_id, of documents somebody has finished or whose labels were carried to the current text. surfaces:
    name → the documents in which it is labelled."""

    answers: dict[str, Answer] = field(default_factory=dict)
    surfaces: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))


def read_labelled(out: Path, layer: str, control: str) -> Labelled:
    """The labels of one control in the made folders below `out`. Memory follows the labels; no text is read."""
    documents = scan(out / "documents", "documents")
    if documents is None:
        return Labelled()
    current = documents.select("doc_id", pl.col("text_sha256").alias("current")).collect()
    mine = pl.col("layer") == layer
    people = read_label_table(out / "annotations", "annotations").filter(
        mine, pl.col("origin") == "human", pl.col("status") == "submitted"
    )
    people = people.join(current, on="doc_id").with_columns(here=pl.col("text_sha256") == pl.col("current"))
    if people.is_empty():
        return Labelled()
    marked = _marked(out, people, mine & (pl.col("control") == control))
    settled = _gold(out, mine, control, current)
    finished = dict(people.group_by("doc_id").agg(pl.col("here").any()).iter_rows())
    return _put_together(finished, marked, settled)


def _marked(out: Path, people: pl.DataFrame, which: pl.Expr) -> pl.DataFrame:
    """Spans of people where they stand in the current text, with the share of those who finished it that marked them."""
    spans = read_label_table(out / "annotations", "spans").filter(which)
    carried = read_label_table(out / "annotations", "carried").filter(which)
    spans = spans.join(people.select("annotation_id", "here"), on="annotation_id")
    moved = carried.select("annotation_id").unique().with_columns(moved=True)
    spans = spans.join(moved, on="annotation_id", how="left").filter(pl.col("here") | pl.col("moved"))
    stood = current_spans(spans.drop("here", "moved"), carried)
    voters = people.group_by("doc_id").agg(pl.col("annotation_id").n_unique().alias("voters"))
    votes = stood.group_by(*_KEY, "surface").agg(pl.col("annotation_id").n_unique().alias("votes"))
    return votes.join(voters, on="doc_id").with_columns(share=pl.col("votes") / pl.col("voters"))


def _gold(out: Path, mine: pl.Expr, control: str, current: pl.DataFrame) -> dict[str, list[tuple[int, int, str, str]]]:
    """Settled spans of documents that have gold for their current text."""
    gold = read_label_table(out / "gold", "annotations").filter(mine).join(current, on="doc_id")
    found: dict[str, list[tuple[int, int, str, str]]] = {
        doc_id: [] for doc_id in gold.filter(pl.col("text_sha256") == pl.col("current"))["doc_id"].to_list()
    }
    spans = read_label_table(out / "gold", "spans").filter(mine & (pl.col("control") == control))
    for doc_id, *span in spans.select(*_KEY, "surface").iter_rows():
        if doc_id in found:
            found[doc_id].append(tuple(span))
    return found


def _put_together(
    finished: dict[str, bool], marked: pl.DataFrame, settled: dict[str, list[tuple[int, int, str, str]]]
) -> Labelled:
    made = Labelled()
    by_document: dict[str, list[tuple[int, int, str, str, float]]] = defaultdict(list)
    for doc_id, *span, share in marked.select(*_KEY, "surface", "share").iter_rows():
        by_document[doc_id].append((*span, share))
    for doc_id in sorted(finished):
        rows = by_document[doc_id]
        agreed = settled.get(doc_id)
        if agreed is None:
            agreed = [(start, end, label, surface) for start, end, label, surface, share in rows if share > 0.5]
        places = {(start, end) for start, end, *_ in agreed}
        unsure = {(start, end) for start, end, *_ in rows} - places
        spans = sorted({(start, end, label) for start, end, label, _ in agreed})
        made.answers[doc_id] = Answer(doc_id, tuple(spans), tuple(sorted(unsure)), finished[doc_id])
        for _, _, _, surface in agreed:
            if name := _name(surface):
                made.surfaces[name].add(doc_id)
    return made


def _name(surface: str) -> str:
    """A surface as a name to look for; "" for what is none: too long, of several lines, or without a letter or digit."""
    name = surface.strip()
    usable = 2 <= len(name) <= LONGEST and name.count("\n") <= 1 and any(c.isalnum() for c in name)
    return name if usable else ""
