"""Agreement on spans, character by character.

The units are the characters of the documents at least two people worked on. What a person says of a character is the
set of labels they laid over it, or none; alpha is Krippendorff's nominal alpha over these answers, and for a label the
alpha of covered or not. Boundaries thus cost as much as they are long, and nested spans need no matching.

Nothing is done per character: between two boundaries of anybody's spans nothing changes, so a run of characters is one
answer as many times as it is long. Characters of a document are not independent; the interval draws documents.

Source: K. Krippendorff (2011), Computing Krippendorff's Alpha-Reliability, with characters as units. It is not the
alpha for unitizing of Krippendorff et al. (2016), On the reliability of unitizing textual continua, Qual. Quant. 50,
which weighs whole segments.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from corpus_kit.agreement.judgements import COLUMNS, Readers, codes_of, in_scope, latest_submissions, need, of_people
from corpus_kit.agreement.measures import coefficients as formula
from corpus_kit.agreement.measures.bootstrap import Resampling, resampled_together
from corpus_kit.agreement.measures.coefficients import Floats
from corpus_kit.agreement.measures.figures import Maker, Scope, hardest, nothing_hard, per_page
from corpus_kit.agreement.measures.records import AgreementFigure, Measured
from corpus_kit.core.errors import UsageError

Ints = NDArray[np.int64]
DENSE_AFTER = 30
"""Label sets are kept as bits of one number, which is made dense again before the bits run out."""


@dataclass(frozen=True, slots=True)
class Runs:
    """Runs of characters between two boundaries, and what each person laid over them.

    page, length: shape (runs,), pages ascending. covered: shape (labels, runs, annotators).
    sets: number of the label set, shape (runs, annotators); equal numbers are equal sets.
    own_starts: where a boundary of the person's own spans lies at the start of a run, shape (runs, annotators).
    """

    readers: Readers
    labels: tuple[str, ...]
    page: Ints
    length: Ints
    covered: NDArray[np.bool_]
    sets: Ints
    own_starts: NDArray[np.bool_]

    def only(self, columns: Sequence[int]) -> Runs:
        chosen = list(columns)
        return Runs(
            self.readers.only(chosen),
            self.labels,
            self.page,
            self.length,
            self.covered[:, :, chosen],
            self.sets[:, chosen],
            self.own_starts[:, chosen],
        )


def character_agreement(
    spans: pl.DataFrame,
    annotations: pl.DataFrame,
    documents: pl.DataFrame,
    *,
    pairs: bool = True,
    without: Collection[str] = (),
    plan: Resampling | None = None,
) -> Measured:
    """`alpha_characters` per layer and control, for everybody and each pair, over label sets and for each label.

    spans, annotations: the tables. documents: doc_id, text_sha256 and n_chars of every text that was annotated: the
    documents table, with older texts added where they are to count. Annotations on other texts are left out.
    """
    parts = []
    for scope, readers, rows, sizes in controls_of(spans, annotations, documents, without):
        parts.append(measure_runs(runs(rows, readers, sizes), scope, plan or Resampling(), pairs=pairs))
    return Measured.joined(parts)


def controls_of(
    spans: pl.DataFrame, annotations: pl.DataFrame, documents: pl.DataFrame, without: Collection[str] = ()
) -> Iterator[tuple[Scope, Readers, pl.DataFrame, Ints]]:
    """Each control that marks spans: its scope, who read what, its spans with page and annotator, characters of each page.

    Args: as for `character_agreement`.
    """
    need(spans, "spans")
    need(documents, "documents")
    lengths = documents.select("doc_id", "text_sha256", "n_chars").unique()
    on_these = annotations.join(lengths, on=["doc_id", "text_sha256"], how="semi")
    people = latest_submissions(on_these, without=without)
    rows = of_people(spans.select(COLUMNS["spans"]), people)
    for layer, control in rows.select("layer", "control").unique().sort("layer", "control").iter_rows():
        chosen = rows.filter((pl.col("layer") == layer) & (pl.col("control") == control))
        own, chosen = in_scope(people.filter(pl.col("layer") == layer), chosen, control)
        sizes = (
            own.join(annotations.select("annotation_id", "text_sha256"), on="annotation_id")
            .join(lengths, on=["doc_id", "text_sha256"])
            .unique("page")
            .sort("page")["n_chars"]
        )
        yield Scope(layer, control), Readers.of(own), chosen, sizes.to_numpy().astype(np.int64)


def runs(rows: pl.DataFrame, readers: Readers, sizes: Ints) -> Runs:
    """Cut the pages at every boundary. rows: spans with page and annotator; sizes: characters of each page.

    Raises `UsageError` for a span that reaches beyond its text.
    """
    page, start, end = readers.page_of(rows), rows["start"].to_numpy(), rows["end"].to_numpy()
    outside = np.flatnonzero((end > sizes[page]) | (start < 0))
    if len(outside):
        row = rows.row(int(outside[0]), named=True)
        raise UsageError(
            f"A span of {row['annotation_id']} reaches to {row['end']}, beyond its text.", "Run `corpus-kit validate`."
        )
    base = np.concatenate([[0], np.cumsum(sizes)])
    cuts = np.unique(np.concatenate([base, base[page] + start, base[page] + end]))
    first, last = np.searchsorted(cuts, base[page] + start), np.searchsorted(cuts, base[page] + end)
    labels = tuple(rows["label"].unique().sort().to_list())
    label, who = codes_of(rows["label"], labels), codes_of(rows["annotator"], readers.annotators)
    shape = (len(cuts), len(readers.annotators))
    covered = np.zeros((len(labels), shape[0] - 1, shape[1]), dtype=np.bool_)
    sets = np.zeros((shape[0] - 1, shape[1]), dtype=np.int64)
    for index in range(len(labels)):
        mine = label == index
        step = np.bincount(first[mine] * shape[1] + who[mine], minlength=shape[0] * shape[1])
        step -= np.bincount(last[mine] * shape[1] + who[mine], minlength=shape[0] * shape[1])
        covered[index] = np.cumsum(step.reshape(shape), axis=0)[:-1] > 0
        sets = sets * 2 + covered[index]
        if index % DENSE_AFTER == DENSE_AFTER - 1:
            sets = np.unique(sets, return_inverse=True)[1].reshape(sets.shape)
    sets = np.unique(sets, return_inverse=True)[1].reshape(sets.shape)
    lies_on = np.searchsorted(base, cuts[:-1], side="right") - 1
    own_starts = np.zeros(shape, dtype=np.bool_)
    some = last > first
    own_starts[first[some], who[some]] = own_starts[last[some], who[some]] = True
    return Runs(readers, labels, lies_on, np.diff(cuts), covered, sets, own_starts[:-1])


def measure_runs(found: Runs, scope: Scope, plan: Resampling, *, pairs: bool) -> Measured:
    """Alpha for everybody and each pair, and the documents with most characters people differ on."""
    name, readers = "alpha_characters", found.readers
    excuse = readers.excuse()
    if excuse:
        return Measured((Maker(scope, readers, False, plan).blank(name, excuse),), nothing_hard())
    two_of_them = combinations(range(len(readers.annotators)), 2) if pairs else ()
    groups = [found, *(found.only(pair) for pair in two_of_them)]
    sums = [_sums(group) for group in groups]
    drawn = resampled_together([(g.readers.shared, s) for g, s in zip(groups, sums, strict=True)], plan, readers.group)
    results = []
    for index, group in enumerate(groups):
        maker = Maker(scope, group.readers, index > 0, plan)
        excuse = group.readers.excuse()
        results += [maker.blank(name, excuse)] if excuse else _figures(group, drawn[index], maker)
    return Measured(tuple(results), hardest(scope, name, readers, sums[0]["disagreement"][:, 0]))


def _sums(found: Runs) -> dict[str, Floats]:
    """Per page: characters, disagreement and marginals of the label sets, and of each label covered or not."""
    saw = found.readers.saw[found.page] & found.readers.shared[found.page][:, None]
    people = np.count_nonzero(saw, axis=1).astype(np.float64)
    others = np.maximum(people - 1.0, 1.0)
    n_sets = int(found.sets.max(initial=0)) + 1
    n_pages, weight = len(found.readers.doc_ids), found.length.astype(np.float64)
    marginals = np.zeros(n_pages * n_sets)
    for column in range(saw.shape[1]):
        cell = found.page * n_sets + found.sets[:, column]
        marginals += np.bincount(cell, weight * saw[:, column], minlength=len(marginals))
    apart = np.zeros(len(weight))
    for a, b in combinations(range(saw.shape[1]), 2):
        apart += 2.0 * (saw[:, a] & saw[:, b] & (found.sets[:, a] != found.sets[:, b]))
    having = np.stack([np.count_nonzero(layer & saw, axis=1) for layer in found.covered], axis=1).astype(np.float64)
    rows: dict[str, Floats] = {
        "characters": np.where(people > 0, weight, 0.0)[:, None],
        "disagreement": (weight * apart / others)[:, None],
        "label_marginals": weight[:, None, None] * np.stack([having, people[:, None] - having], axis=2),
        "label_disagreement": (weight / others)[:, None] * 2.0 * having * (people[:, None] - having),
    }
    sums = {name: per_page(block, found.page, n_pages) for name, block in rows.items()}
    return sums | {"marginals": marginals.reshape(n_pages, n_sets)}


def _figures(found: Runs, sums: dict[str, Floats], maker: Maker) -> list[AgreementFigure]:
    n_items = int(sums["characters"][0, 0])
    alpha = formula.alpha_nominal(sums["disagreement"][:, 0], sums["marginals"])
    alike = "Every character compared has the same labels, or none: agreement beyond chance is not defined."
    results = [maker.figure("alpha_characters", alpha, n_items, alike)]
    for index, label in enumerate(found.labels):
        alpha = formula.alpha_nominal(sums["label_disagreement"][:, index], sums["label_marginals"][:, index])
        alike = f"{label!r} covers every character compared, or none: agreement beyond chance is not defined."
        results.append(maker.figure("alpha_characters", alpha, n_items, alike, label))
    return results
