"""Hidden checks: documents whose answer is known, and how everybody does on them.

Known is what a reviewer settled (in a review project, or by name in `corpus.toml`) and what somebody marked as ground
truth. No one is held against an answer of their own, nor against one that was settled after they had given theirs: those
documents were looked at because people disagreed, and would count against everybody who took part.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection
from pathlib import Path

import polars as pl

from corpus_kit.agreement.gold.fair import unfair_reviews
from corpus_kit.agreement.judgements import answers, latest_submissions
from corpus_kit.agreement.measures.bootstrap import DECIMALS
from corpus_kit.core.labels import Labels, current_spans, read_label_table, read_labels, trimmed
from corpus_kit.core.records import REVIEW, CheckScore
from corpus_kit.core.storage.folders import read_manifest
from corpus_kit.core.storage.tables import scan

_KNOWN = ["layer", "doc_id", "annotation_id", "annotator", "since"]
_ANSWER = ["layer", "doc_id", "control", "target", "region", "value"]
_MARK = ["layer", "doc_id", "control", "start", "end", "label"]


def known_answers(
    annotations: pl.DataFrame, reviewers: Collection[str] = (), *, stars: bool = True, parties: bool = False
) -> pl.DataFrame:
    """One row per layer and document with a known answer: annotation_id and author of it, `since` when; sorted.

    A review comes before a named reviewer's answer, that before ground truth; of several the latest counts. since: null for
    ground truth, which does not depend on what others had answered. stars: whether ground truth settles. parties: whether
    who answered a document may settle it.
    """
    unfair = unfair_reviews(annotations, reviewers, allow_parties=parties)
    annotations = annotations.join(unfair, on="annotation_id", how="anti")
    named = pl.col("annotator").is_in(list(reviewers))
    rank = (
        pl.when(pl.col("origin") == REVIEW)
        .then(3)
        .when((pl.col("origin") == "human") & named)
        .then(2)
        .when((pl.col("origin") == "human") & pl.col("ground_truth") & stars)
        .then(1)
    )
    submitted = annotations.filter((pl.col("status") == "submitted") & pl.col("annotator").is_not_null())
    found = submitted.with_columns(rank.alias("rank")).filter(pl.col("rank").is_not_null())
    best = found.sort("rank", "updated_at", "annotation_id", nulls_last=False)
    best = best.unique(["layer", "doc_id"], keep="last", maintain_order=True)
    since = pl.when(pl.col("rank") > 1).then("created_at").alias("since")
    return best.with_columns(since).select(_KNOWN).sort("layer", "doc_id")


def hidden_checks(
    out: Path, share: float, reviewers: Collection[str], *, stars: bool = True, parties: bool = False
) -> dict[str, frozenset[str]]:
    """Layer → the documents that everybody is to be given: so many of those with a known answer.

    share: of all documents, which are the tasks of a layer. Which ones, a hash says: the same as long as the same
    answers are known.
    """
    documents = scan(out / "documents", "documents")
    if documents is None or read_manifest(out / "annotations") is None:
        return {}
    wanted = math.ceil(share * documents.select(pl.len()).collect().item())
    chosen = {}
    for (layer,), rows in known_answers(_sound(out).annotations, reviewers, stars=stars, parties=parties).group_by(
        "layer"
    ):
        ids = sorted(rows["doc_id"], key=lambda doc_id: hashlib.sha256(f"{layer} {doc_id}".encode()).digest())
        chosen[str(layer)] = frozenset(ids[:wanted])
    return chosen


def check_scores(
    out: Path, layers: Collection[str], reviewers: Collection[str], *, stars: bool = True, parties: bool = False
) -> list[CheckScore]:
    """Everybody who labelled documents with a known answer, by layer and name; empty before there are annotations."""
    if read_manifest(out / "annotations") is None:
        return []
    labels = _sound(out)
    known = known_answers(labels.annotations, reviewers, stars=stars, parties=parties)
    people = latest_submissions(labels.annotations).join(
        labels.annotations.select("annotation_id", "created_at"), on="annotation_id"
    )
    tried = people.join(
        known.rename({"annotation_id": "known_id", "annotator": "author"}), on=["layer", "doc_id"]
    ).filter(
        pl.col("annotator") != pl.col("author"),
        pl.col("since").is_null() | pl.col("created_at").is_null() | (pl.col("created_at") >= pl.col("since")),
        pl.col("layer").is_in(list(layers)),
    )
    scores = []
    for (layer, annotator), rows in tried.sort("layer", "annotator").group_by(
        "layer", "annotator", maintain_order=True
    ):
        scores.append(_score(str(layer), str(annotator), rows, labels))
    order = {name: i for i, name in enumerate(layers)}
    return sorted(scores, key=lambda s: (order[s.layer], s.annotator))


def _score(layer: str, annotator: str, rows: pl.DataFrame, labels: Labels) -> CheckScore:
    told = {"own": rows["annotation_id"], "known": rows["known_id"]}
    marks = {who: _marks(labels.spans, ids) for who, ids in told.items()}
    given = {who: _answers(labels, ids) for who, ids in told.items()}
    both = marks["own"].join(marks["known"], on=_MARK, how="semi").height
    drawn = marks["own"].height + marks["known"].height
    equal = given["known"].join(given["own"], on=_ANSWER, how="semi", nulls_equal=True).height
    asked = given["known"].height
    return CheckScore(
        layer,
        annotator,
        rows.height,
        marks["known"].height,
        round(2 * both / drawn, DECIMALS) if drawn else None,
        asked,
        round(equal / asked, DECIMALS) if asked else None,
    )


def _marks(spans: pl.DataFrame, ids: pl.Series) -> pl.DataFrame:
    return spans.join(ids.unique().to_frame("annotation_id"), on="annotation_id", how="semi").select(_MARK).unique()


def _answers(labels: Labels, ids: pl.Series) -> pl.DataFrame:
    people = labels.annotations.join(ids.unique().to_frame("annotation_id"), on="annotation_id", how="semi")
    paged = people.select("annotation_id", "annotator", pl.struct("layer", "doc_id").rank("dense").alias("page"))
    return answers(labels.choices, labels.spans, paged).select(_ANSWER)


def _sound(out: Path) -> Labels:
    """Labels on the current texts, without annotations of which a span has no certain place any more."""
    labels, carried = read_labels(out / "annotations"), read_label_table(out / "annotations", "carried")
    stale = carried.filter(pl.col("verdict") == "stale").select("annotation_id").unique()
    annotations = labels.annotations.join(stale, on="annotation_id", how="anti")
    annotations = annotations.filter("complete")  # what could not be read is neither right nor wrong
    return Labels(annotations, trimmed(current_spans(labels.spans, carried)), labels.choices, labels.relations)
