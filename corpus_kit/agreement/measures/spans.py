"""Agreement on spans and relations: F1, exact and partial, over all labels and for each.

The unit of both is a mark: a labelled thing on a page. Two people agree on a mark when both made it; how much of it
they share is 1 or 0 in exact F1, and the overlap of their spans in partial F1.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from corpus_kit.agreement.judgements import (
    COLUMNS,
    Readers,
    codes_of,
    directed,
    in_scope,
    latest_submissions,
    need,
    of_people,
    span_keys,
)
from corpus_kit.agreement.measures import coefficients as formula
from corpus_kit.agreement.measures.bootstrap import Resampling, resampled_together
from corpus_kit.agreement.measures.coefficients import Floats
from corpus_kit.agreement.measures.figures import Maker, Scope, hardest, nothing_hard
from corpus_kit.agreement.measures.overlap import boundary_credit, overlap_credit
from corpus_kit.agreement.measures.records import AgreementFigure, Measured
from corpus_kit.core.labels import RELATIONS

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Marks:
    """What several people marked on the pages of a layer: one row for each distinct mark.

    page, label: indices into the pages of `readers` and into `labels`, shape (marks,).
    made: who made it, shape (marks, annotators). start, end: code points; both 0 for relations.
    """

    readers: Readers
    labels: tuple[str, ...]
    page: Ints
    label: Ints
    start: Ints
    end: Ints
    made: NDArray[np.bool_]

    @property
    def cell(self) -> Ints:
        """Number of the (page, label) each mark lies in."""
        return self.page * len(self.labels) + self.label

    def count(self, weights: Floats, chosen: NDArray[np.bool_]) -> Floats:
        """`weights` of the `chosen` marks added up: shape (pages, labels)."""
        n_pages = len(self.readers.doc_ids)
        sums = np.bincount(self.cell[chosen], weights[chosen], minlength=n_pages * len(self.labels))
        return sums.astype(np.float64).reshape(n_pages, len(self.labels))


def span_agreement(
    spans: pl.DataFrame,
    annotations: pl.DataFrame,
    *,
    pairs: bool = True,
    partial: bool = True,
    without: Collection[str] = (),
    plan: Resampling | None = None,
) -> Measured:
    """F1 of spans per layer and control: for everybody (all pairs pooled) and each pair, over all labels and by label.

    `span_f1_exact` counts spans with the same label, start and end. `span_f1_partial` pairs each span with the one of
    the other annotator it overlaps best, where that choice is mutual and the labels are equal, and counts the share of
    the characters of either that both cover (Jaccard): 1 for equal spans, so partial is never below exact. One span is
    paired with one other at most: marking everything with one long span earns little. `boundary_distance` is the mean
    distance of the boundaries of spans so paired, in characters: 0 where they are cut alike.

    spans, annotations: the tables of those names. An annotator without spans counts as having found nothing.
    """
    need(spans, "spans")
    people = latest_submissions(annotations, without=without)
    rows = of_people(spans.select(COLUMNS["spans"]), people)
    parts = []
    for layer, control in rows.select("layer", "control").unique().sort("layer", "control").iter_rows():
        own = rows.filter((pl.col("layer") == layer) & (pl.col("control") == control))
        who, own = in_scope(people.filter(pl.col("layer") == layer), own, control)
        readers = Readers.of(who)
        marks = span_marks(own, readers)
        measures = ("span_f1_exact", "span_f1_partial", "boundary_distance") if partial else ("span_f1_exact",)
        parts.append(measure_marks(marks, measures, Scope(layer, control), plan or Resampling(), pairs=pairs))
    return Measured.joined(parts)


def relation_agreement(
    relations: pl.DataFrame,
    spans: pl.DataFrame,
    annotations: pl.DataFrame,
    *,
    pairs: bool = True,
    without: Collection[str] = (),
    plan: Resampling | None = None,
) -> Measured:
    """`relation_f1` per layer: a relation is the same when label, direction and the extents of both ends are the same.

    A relation read from right to left is that from left to right turned round; one without direction has no first end.
    The labels of the ends do not matter. Several labels on one relation are several relations.
    """
    need(relations, "relations")
    people = latest_submissions(annotations, without=without)
    rows = directed(of_people(relations, people), span_keys(spans))
    parts = []
    for layer in rows["layer"].unique().sort():
        who, own = in_scope(people.filter(pl.col("layer") == layer), rows.filter(pl.col("layer") == layer), RELATIONS)
        readers = Readers.of(who)
        marks = relation_marks(own, readers)
        parts.append(measure_marks(marks, ("relation_f1",), Scope(layer), plan or Resampling(), pairs=pairs))
    return Measured.joined(parts)


def span_marks(rows: pl.DataFrame, readers: Readers) -> Marks:
    """Rows of `spans` with page and annotator as marks."""
    start, end = rows["start"].to_numpy(), rows["end"].to_numpy()
    width = int(end.max() if len(end) else 0) + 1
    labels, page, label, thing, made = _distinct(rows, readers, start * width + end)
    return Marks(readers, labels, page, label, thing // width, thing % width, made)


def relation_marks(rows: pl.DataFrame, readers: Readers) -> Marks:
    """Rows of `directed` with page and annotator as marks."""
    number = rows.select(pl.struct("one", "two", "way").rank("dense").cast(pl.Int64)).to_series().to_numpy()
    labels, page, label, thing, made = _distinct(rows, readers, number)
    return Marks(readers, labels, page, label, np.zeros_like(thing), np.zeros_like(thing), made)


def _distinct(
    rows: pl.DataFrame, readers: Readers, thing: Ints
) -> tuple[tuple[str, ...], Ints, Ints, Ints, NDArray[np.bool_]]:
    """Labels, and page, label, `thing` (what was marked, as a number) and makers of each distinct mark, sorted."""
    label = rows["label"].fill_null("")
    labels = tuple(label.unique().sort().to_list())
    cell = readers.page_of(rows) * len(labels) + codes_of(label, labels)
    order = np.lexsort((thing, cell))
    new = np.ones(len(order), dtype=np.bool_)
    new[1:] = (cell[order][1:] != cell[order][:-1]) | (thing[order][1:] != thing[order][:-1])
    first = order[new]
    made = np.zeros((len(first), len(readers.annotators)), dtype=np.bool_)
    made[np.cumsum(new) - 1, codes_of(rows["annotator"], readers.annotators)[order]] = True
    return labels, cell[first] // max(1, len(labels)), cell[first] % max(1, len(labels)), thing[first], made


def measure_marks(marks: Marks, measures: Collection[str], scope: Scope, plan: Resampling, *, pairs: bool) -> Measured:
    """F1 of each measure for everybody and each pair, and the documents with most marks that only one of two made."""
    readers, first = marks.readers, next(iter(measures))
    excuse = readers.excuse()
    if excuse:
        return Measured((Maker(scope, readers, False, plan).blank(first, excuse),), nothing_hard())
    every = [tuple(range(len(readers.annotators))), *combinations(range(len(readers.annotators)), 2)]
    people = [readers.only(columns) for columns in every]
    sums = [_sums(marks, a, b, measures) for a, b in combinations(range(len(readers.annotators)), 2)]
    sums.insert(0, {name: np.sum([of_pair[name] for of_pair in sums], axis=0) for name in sums[0]})
    apart = (sums[0]["marked"] - 2.0 * sums[0][first]).sum(axis=1)
    shown = len(every) if pairs else 1
    drawn = resampled_together([(people[i].shared, _with_total(sums[i])) for i in range(shown)], plan, readers.group)
    results = []
    for i in range(shown):
        maker = Maker(scope, people[i], i > 0, plan)
        excuse = people[i].excuse()
        results += [maker.blank(first, excuse)] if excuse else _figures(drawn[i], marks, maker, every[i])
    return Measured(tuple(results), hardest(scope, first, readers, apart))


def _with_total(sums: dict[str, Floats]) -> dict[str, Floats]:
    """The sum over labels in front of the labels: (pages, 1 + labels)."""
    return {name: np.column_stack([block.sum(axis=1), block]) for name, block in sums.items()}


def _seen(marks: Marks, readers: Readers, columns: Sequence[int]) -> Ints:
    """Distinct marks that any of these people made on pages two of them worked on, per label."""
    chosen = marks.made[:, list(columns)].any(axis=1) & readers.shared[marks.page]
    return np.bincount(marks.label[chosen], minlength=len(marks.labels))


def _sums(marks: Marks, a: int, b: int, measures: Collection[str]) -> dict[str, Floats]:
    """Per page and label: marks made by either of a pair on the pages both saw, and what is matched of them."""
    both_saw = (marks.readers.saw[:, a] & marks.readers.saw[:, b])[marks.page]
    one, two = marks.made[:, a] & both_saw, marks.made[:, b] & both_saw
    each = np.ones(len(marks.page))
    sums = {"marked": marks.count(each, one) + marks.count(each, two)}
    for measure in measures:
        if measure == "span_f1_partial":
            sums[measure] = marks.count(overlap_credit(marks.cell, marks.start, marks.end, one, two), one)
        elif measure == "boundary_distance":
            partner, apart = boundary_credit(marks.cell, marks.start, marks.end, one, two)
            sums["partners"], sums[measure] = marks.count(partner, one), marks.count(apart, one)
        else:
            sums[measure] = marks.count(each, one & two)
    return sums


def _figures(sums: dict[str, Floats], marks: Marks, maker: Maker, columns: Sequence[int]) -> list[AgreementFigure]:
    seen = _seen(marks, maker.readers, columns)
    results = []
    for measure in [name for name in sums if name not in ("marked", "partners")]:
        for index, label in enumerate([None, *marks.labels]):
            what = "anything" if label is None else repr(label)
            count = int(seen.sum() if label is None else seen[index - 1])
            undefined = f"No one marked {what} on a shared document."
            if measure == "boundary_distance":
                values = formula.ratio(sums[measure][:, index], sums["partners"][:, index])
                count = int(sums["partners"][0, index])
                undefined = f"No two people marked {what} in the same place with the same label."
            else:
                values = formula.f1(sums[measure][:, index], sums["marked"][:, index])
            results.append(maker.figure(measure, values, count, undefined, label))
    return results
