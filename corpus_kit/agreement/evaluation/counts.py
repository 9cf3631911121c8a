"""MarkCounts of two sets of marks, document by document and label by label, from which F1 follows.

Exact: same place and label. Partial: each mark is paired with the one it overlaps best, where that choice is mutual and the
labels are equal, and counts with the Jaccard overlap of their characters, as in the agreement of people. Soft: a mark
counts with the share of people who made it, so that one that half of them made is half right (compare Uma et al. 2021,
"Learning from Disagreement", JAIR 72, section 5).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from corpus_kit.agreement.measures.coefficients import Floats
from corpus_kit.agreement.measures.overlap import best_pairs
from corpus_kit.core.scoring import MARK

_KEY = list(MARK)
_WEIGHT = "weight"


@dataclass(frozen=True, slots=True)
class CountFrame:
    """documents: sorted doc_ids, one row of every count. labels: the columns after the first, which is their sum."""

    documents: tuple[str, ...]
    labels: tuple[str, ...]

    def count(self, marks: pl.DataFrame, weights: Floats | None = None) -> Floats:
        """`weights` of marks added up, shape (documents, 1 + labels); each mark is 1 without weights."""
        width = len(self.labels)
        if marks.is_empty() or not width:
            return np.zeros((len(self.documents), 1 + width))
        cell = self._cells(marks)
        sums = np.bincount(cell, weights, minlength=len(self.documents) * width).astype(np.float64)
        each = sums.reshape(len(self.documents), width)
        return np.column_stack([each.sum(axis=1), each])

    def _cells(self, marks: pl.DataFrame) -> NDArray[np.int64]:
        document = marks["doc_id"].cast(pl.Enum(self.documents)).to_physical().to_numpy().astype(np.int64)
        label = marks["label"].cast(pl.Enum(self.labels)).to_physical().to_numpy().astype(np.int64)
        return np.asarray(document * len(self.labels) + label)

    def overlaps(self, one: pl.DataFrame, two: pl.DataFrame) -> Floats:
        """For each mark of `one`, the Jaccard overlap with its partner in `two`; 0 without one."""
        both = pl.concat([one.select(_KEY), two.select(_KEY)])
        credit = np.zeros(one.height)
        if one.is_empty() or two.is_empty():
            return credit
        first = np.arange(both.height) < one.height
        i, _, jaccard = best_pairs(self._cells(both), both["start"].to_numpy(), both["end"].to_numpy(), first, ~first)
        credit[i] = jaccard
        return credit


@dataclass(frozen=True, slots=True)
class MarkCounts:
    """Shape (documents, 1 + labels) each; the first column is over all labels.

    matched, partial: of `found` marks, those that are right. found: by who is scored. wanted: in the reference.
    masked: marks that touch a place in dispute, shape (documents,); they are in none of the others.
    """

    matched: Floats
    partial: Floats
    found: Floats
    wanted: Floats
    masked: Floats

    def __add__(self, other: MarkCounts) -> MarkCounts:
        return MarkCounts(*(getattr(self, name) + getattr(other, name) for name in MarkCounts.__slots__))


def compare(
    frame: CountFrame, found: pl.DataFrame, wanted: pl.DataFrame, disputed: pl.DataFrame | None = None
) -> MarkCounts:
    """Count what two sets of distinct marks share.

    Args:
        frame: The documents and labels that both are in.
        found: Marks of who is scored.
        wanted: Marks of the reference, with a column `weight` for soft counts.
        disputed: Places (doc_id, start, end) about which nothing is settled: a mark of `found` that touches one and is
            not wanted is left out.
    """
    weighted = _WEIGHT in wanted.columns
    reference = wanted if weighted else wanted.with_columns(pl.lit(1.0).alias(_WEIGHT))
    hit = found.join(reference.select(*_KEY, _WEIGHT), on=_KEY, how="left", maintain_order="left")
    nothing = pl.Series("masked", [False] * hit.height, pl.Boolean)
    masked = nothing if disputed is None or disputed.is_empty() else touching(hit, disputed)
    masked = masked & hit[_WEIGHT].is_null()
    hidden, hit = hit.filter(masked), hit.filter(~masked)
    return MarkCounts(
        frame.count(hit, hit[_WEIGHT].fill_null(0.0).to_numpy()),
        frame.count(hit, frame.overlaps(hit, reference)) if not weighted else np.zeros_like(frame.count(hit)),
        frame.count(hit),
        frame.count(reference, reference[_WEIGHT].to_numpy()),
        frame.count(hidden)[:, 0],
    )


def touching(marks: pl.DataFrame, places: pl.DataFrame) -> pl.Series:
    """Whether each mark shares a character with one of the places in its document."""
    numbered = marks.select("doc_id", "start", "end").with_row_index("row")
    there = places.select("doc_id", pl.col("start").alias("from"), pl.col("end").alias("to")).unique()
    met = numbered.join(there, on="doc_id").filter((pl.col("start") < pl.col("to")) & (pl.col("from") < pl.col("end")))
    return numbered["row"].is_in(met["row"].unique().implode())


def shares(said: pl.DataFrame, asked: pl.DataFrame, scope: list[str]) -> pl.DataFrame:
    """Every mark that someone made, with the share of those asked who made it as `weight`.

    Args:
        said: annotator and mark. A person with several answers to one question gives each an equal part.
        asked: annotator and the columns of `scope`.
        scope: `doc_id`, or a place as well.
    """
    people = asked.group_by(scope).agg(pl.col("annotator").n_unique().alias("people"))
    part = pl.lit(1.0) if scope == ["doc_id"] else 1.0 / pl.len().over("annotator", *scope)
    made = said.unique().with_columns(part.alias("part")).join(people, on=scope)
    return made.group_by(_KEY).agg((pl.col("part").sum() / pl.col("people").first()).alias(_WEIGHT)).sort(_KEY)
