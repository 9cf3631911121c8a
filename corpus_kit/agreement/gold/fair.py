"""Whose answers in a review project settle nothing: of who is no reviewer, and of who is a party to the dispute."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import polars as pl

from corpus_kit.core.config import AdjudicationSettings
from corpus_kit.core.labels import Labels
from corpus_kit.core.records import REVIEW


def unfair_reviews(
    annotations: pl.DataFrame, reviewers: Collection[str] = (), *, allow_parties: bool = False
) -> pl.DataFrame:
    """Submitted answers of review projects that are left out: annotation_id, layer, doc_id, annotator.

    A party is who answered the same document in the labeling project. Where `reviewers` names somebody, no one else
    settles anything; otherwise a reviewer is whoever opens the review project.
    """
    columns = ["annotation_id", "layer", "doc_id", "annotator"]
    submitted = annotations.filter((pl.col("status") == "submitted") & pl.col("annotator").is_not_null())
    reviews = submitted.filter(pl.col("origin") == REVIEW).select(columns)
    own = submitted.filter(pl.col("origin") == "human").select("layer", "doc_id", "annotator").unique()
    parties = reviews.join(own, on=["layer", "doc_id", "annotator"], how="semi")
    left_out = reviews.clear() if allow_parties else parties
    if reviewers:
        left_out = pl.concat([left_out, reviews.filter(~pl.col("annotator").is_in(list(reviewers)))])
    return left_out.unique(maintain_order=True)


def fair(labels: Labels, settings: AdjudicationSettings) -> tuple[Labels, pl.DataFrame]:
    """Labels without the answers that settle nothing, and those."""
    unfair = unfair_reviews(labels.annotations, settings.reviewers, allow_parties=settings.allow_parties)
    if unfair.is_empty():
        return labels, unfair
    return replace(labels, annotations=labels.annotations.join(unfair, on="annotation_id", how="anti")), unfair
