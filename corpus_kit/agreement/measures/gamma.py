"""Gamma: agreement on where units are and what they are, after the best alignment of everybody's units.

γ = 1 - observed / expected disorder. Observed is the disorder of the best alignment (`alignment`), over the mean number of
units a person made. Expected is the same for random annotations, drawn as in section 4.3 of the paper for one continuum:
each person of a random annotation takes the units of a real one, moved round the text by a random distance, and two that
take the same person's are at least the mean length of a unit apart.

A corpus is many short continua. Their disorders are added up, each times its mean number of units, and γ is one minus the
ratio of the sums; the number of random annotations is spread over the documents, so that all of them together give the
expected disorder its precision.

Source: Y. Mathet, A. Widlöcher, J.-P. Métivier (2015), The unified and holistic method gamma (γ) for inter-annotator
agreement measure and alignment, Comput. Linguist. 41(3), 437-479.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Collection, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from corpus_kit.agreement.judgements import Readers, codes_of
from corpus_kit.agreement.measures.alignment import Dissimilarity, align
from corpus_kit.agreement.measures.bootstrap import Resampling, resampled
from corpus_kit.agreement.measures.characters import controls_of
from corpus_kit.agreement.measures.coefficients import Floats, ratio
from corpus_kit.agreement.measures.figures import Maker, nothing_hard
from corpus_kit.agreement.measures.records import Measured

Ints = NDArray[np.int64]

SAMPLES = 400
"""Random annotations in all; at least `FEWEST` for each document."""

FEWEST = 3

CROWDED = "Too many people marked too much in the same place to align all of it."

TOLERANCE = 0.005
"""How far off γ may be at most where a text was too crowded to prove its alignment the best."""


def gamma_agreement(
    spans: pl.DataFrame,
    annotations: pl.DataFrame,
    documents: pl.DataFrame,
    *,
    without: Collection[str] = (),
    plan: Resampling | None = None,
) -> Measured:
    """γ of everybody per layer and control. The arguments are those of `character_agreement`."""
    plan = plan or Resampling()
    results = []
    for scope, readers, rows, sizes in controls_of(spans, annotations, documents, without):
        if readers.excuse():  # `alpha_characters` says so.
            continue
        maker = Maker(scope, readers, False, plan)
        units = units_of(rows, readers)
        try:
            table = page_disorders(units, sizes, readers, plan.seed)
        except OverflowError:
            results.append(maker.blank("gamma", CROWDED))
            continue
        if table[:, 2].sum() > TOLERANCE * table[:, 1].sum():
            results.append(maker.blank("gamma", CROWDED))
            continue
        disorder = {"observed": table[:, 0], "expected": table[:, 1]}
        sums = resampled(disorder, plan, groups=readers.group[readers.shared])
        n_items = sum(len(own) for page in np.flatnonzero(readers.shared) for own in units[page])
        nothing = "No one marked anything on a shared document."
        results.append(maker.figure("gamma", gamma(sums["observed"], sums["expected"]), n_items, nothing))
    return Measured(tuple(results), nothing_hard())


def units_of(rows: pl.DataFrame, readers: Readers) -> list[list[Ints]]:
    """For each page the units of each of its readers: rows of start, end and the number of the label, sorted."""
    labels = rows["label"].unique().sort().to_list()
    table = np.column_stack(
        [
            readers.page_of(rows),
            codes_of(rows["annotator"], readers.annotators),
            rows["start"].to_numpy(),
            rows["end"].to_numpy(),
            codes_of(rows["label"], labels),
        ]
    )
    table = np.unique(table, axis=0)
    cell = table[:, 0] * len(readers.annotators) + table[:, 1]
    bounds = np.searchsorted(cell, np.arange(readers.saw.size + 1))
    return [
        [
            table[bounds[at] : bounds[at + 1], 2:]
            for who in np.flatnonzero(saw).tolist()
            for at in [page * len(readers.annotators) + who]
        ]
        for page, saw in enumerate(readers.saw)
    ]


def page_disorders(units: Sequence[Sequence[Ints]], sizes: Ints, readers: Readers, seed: int) -> Floats:
    """Observed and expected disorder of each page that several read, and their gap, shape (shared pages, 3)."""
    shared = np.flatnonzero(readers.shared).tolist()
    samples = max(FEWEST, math.ceil(SAMPLES / max(1, len(shared))))
    pages = [
        disorders(units[page], int(sizes[page]), samples, (seed, zlib.crc32(readers.doc_ids[page].encode())))
        for page in shared
    ]
    return np.array(pages, dtype=np.float64).reshape(len(pages), 3)


def gamma(observed: Floats, expected: Floats) -> Floats:
    """1 - observed / expected, sums over documents of any shape."""
    return 1.0 - ratio(observed, expected)


def disorders(
    units: Sequence[Ints],
    length: int,
    samples: int,
    seed: Sequence[int],
    dissimilarity: Dissimilarity = Dissimilarity(),  # noqa: B008 (frozen)
) -> tuple[float, float, float]:
    """Observed and expected disorder of one text, both times the mean number of units a person made; and the gap, how
    much lower the sum of them might be.

    Args:
        units: of each reader. length: characters of the text. samples: random annotations.

    Raises:
        OverflowError: see `align`.
    """
    count = sum(len(one) for one in units)
    if not count:
        return 0.0, 0.0, 0.0
    observed = align(units, dissimilarity)
    rng = np.random.default_rng(list(seed))
    drawn, gap = [], observed.gap
    for _ in range(samples):
        random = random_units(units, length, rng)
        made = sum(len(one) for one in random)
        if made:
            aligned = align(random, dissimilarity)
            drawn.append(aligned.disorder / made)
            gap += aligned.gap / samples
    # The mean number of units cancels but for the division by people, which both sides share.
    return observed.disorder, count * (sum(drawn) / len(drawn) if drawn else 1.0), gap


def random_units(units: Sequence[Ints], length: int, rng: np.random.Generator) -> list[Ints]:
    """One random annotation: for each person somebody's units, moved round the text."""
    people = len(units)
    everything = np.concatenate(units)
    mean_length = float((everything[:, 1] - everything[:, 0]).mean())
    length = max(length, int(everything[:, 1].max()))
    taken = rng.integers(0, people, size=people)
    moved: list[tuple[int, float]] = []
    for who in taken.tolist():
        shift = 0.0
        for _ in range(20):
            shift = float(rng.random() * length)
            near = [abs(shift - other) for one, other in moved if one == who]
            if all(min(d, length - d) >= mean_length for d in near):
                break
        moved.append((who, shift))
    out = []
    for who, shift in moved:
        own = units[who].copy()
        start = (own[:, 0] + int(shift)) % length
        own[:, 1] += start - own[:, 0]
        own[:, 0] = start
        out.append(own)
    return out
