"""Krippendorff's alpha for unitizing: how far people cut a text into the same units and label them alike.

The documents at least two people read are laid end to end as one continuum. Each person cuts it into segments: their
spans, and the gaps between them. Where a person's own spans overlap, they are cut at each of their own boundaries and a
piece is valued by the set of labels over it, since the measure knows no overlapping units.

Four coefficients: `alpha_u`, segments and their values; `alpha_u_binary` (|uα), marked or not; `alpha_cu` (cuα), the
values where both marked something; `alpha_ku` ((k)uα), one value among those. Unlike `alpha_characters` a segment is
one thing by chance, too: whole spans are drawn, not characters.

Source: K. Krippendorff, Y. Mathet, S. Bouvry, A. Widlöcher (2016), On the reliability of unitizing textual continua:
further developments, Qual. Quant. 50, 2347-2364, equations 1-13. With more than two observers, the intersections of a
segment with each other observer are squared one observer at a time (equation 10). Every sum is over documents, so the
observers may differ from one to the next.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import combinations, permutations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from corpus_kit.agreement.measures.bootstrap import Resampling, resampled_together
from corpus_kit.agreement.measures.characters import Runs, controls_of, runs
from corpus_kit.agreement.measures.coefficients import Floats
from corpus_kit.agreement.measures.figures import Maker, nothing_hard
from corpus_kit.agreement.measures.records import AgreementFigure, Measured

Ints = NDArray[np.int64]

BLOCKS = ("length", "agreed", "squares", "both_length", "both_agreed", "both_squares")


def unitizing_agreement(
    spans: pl.DataFrame,
    annotations: pl.DataFrame,
    documents: pl.DataFrame,
    *,
    pairs: bool = True,
    without: Collection[str] = (),
    plan: Resampling | None = None,
) -> Measured:
    """The family per layer and control, for everybody and each pair. The arguments are those of `character_agreement`."""
    results: list[AgreementFigure] = []
    for scope, readers, rows, sizes in controls_of(spans, annotations, documents, without):
        if readers.excuse():  # `alpha_characters` says so.
            continue
        found = runs(rows, readers, sizes)
        everybody = range(len(readers.annotators))
        two_of_them = [pair for pair in combinations(everybody, 2) if not readers.only(pair).excuse()] if pairs else []
        parts = [found, *(found.only(pair) for pair in two_of_them)]
        groups = [(part.readers.shared, unit_sums(part)) for part in parts]
        drawn = resampled_together(groups, plan or Resampling(), readers.group)
        for index, (part, sums) in enumerate(zip(parts, drawn, strict=True)):
            results += _figures(part, sums, Maker(scope, part.readers, index > 0, plan or Resampling()))
    return Measured(tuple(results), nothing_hard())


def unit_sums(found: Runs) -> dict[str, Floats]:
    """Per page and value (value 0 is a gap): the sums of the family.

    Returns:
        `length` of each value, `agreed` of it, `squares` of segments (gaps: their lengths); with `both_` the same of what
        both of two people marked. Each of shape (pages, values).
    """
    value, n_values = _values(found)
    n_pages = len(found.readers.doc_ids)
    saw = found.readers.saw[found.page] & found.readers.shared[found.page][:, None]
    others = np.maximum(np.count_nonzero(saw, axis=1) - 1.0, 1.0)
    length = found.length.astype(np.float64)
    out: dict[str, Floats] = {name: np.zeros((n_pages, n_values)) for name in BLOCKS}

    def add(name: str, weights: Floats, page: Ints, of: Ints) -> None:
        cell = page * n_values + of
        out[name] += np.bincount(cell, weights, minlength=n_pages * n_values).reshape(n_pages, n_values)

    for a in range(saw.shape[1]):
        add("length", length * saw[:, a], found.page, value[:, a])
        segment, first = _segments(found, a)
        whole = np.bincount(segment, length * saw[:, a])
        page, of = found.page[first], value[first, a]
        add("squares", np.where(of > 0, whole * whole, whole), page, of)
    for a, b in combinations(range(saw.shape[1]), 2):
        shared = length * (saw[:, a] & saw[:, b]) / others
        alike = value[:, a] == value[:, b]
        add("agreed", 2.0 * shared * alike, found.page, value[:, a])
        both = shared * (value[:, a] > 0) * (value[:, b] > 0)
        add("both_agreed", 2.0 * both * alike, found.page, value[:, a])
    for a, b in permutations(range(saw.shape[1]), 2):
        both = length * (saw[:, a] & saw[:, b] & (value[:, a] > 0) & (value[:, b] > 0))
        add("both_length", both / others, found.page, value[:, a])
        segment, first = _segments(found, a)
        whole = np.bincount(segment, both)
        add("both_squares", whole * whole / others[first], found.page[first], value[first, a])
    return out


def _values(found: Runs) -> tuple[Ints, int]:
    """A number for the set of labels over each run, 0 for none: shape (runs, annotators), and how many there are.

    The first numbers behind 0 are the single labels, in their order.
    """
    count = np.count_nonzero(found.covered, axis=0)
    single = np.where(count == 1, found.covered.argmax(axis=0) + 1, 0)
    several = count > 1
    value = np.where(several, 0, single).astype(np.int64)
    n_values = len(found.labels) + 1
    if several.any():
        distinct, inverse = np.unique(found.sets[several], return_inverse=True)
        value[several] = n_values + inverse
        n_values += len(distinct)
    return value, n_values


def _segments(found: Runs, column: int) -> tuple[Ints, Ints]:
    """The number of one person's segment that each run lies in, and the first run of each segment."""
    starts = found.own_starts[:, column].copy()
    starts[1:] |= found.page[1:] != found.page[:-1]
    starts[:1] = True
    return np.cumsum(starts) - 1, np.flatnonzero(starts)


def alpha_u(sums: dict[str, Floats]) -> Floats:
    """uα, equation 5: sums of shape (..., values)."""
    total, squares = sums["length"].sum(-1), sums["squares"].sum(-1)
    observed = total - sums["agreed"].sum(-1)
    return _alpha(observed, total, squares, total * total - (sums["length"] ** 2).sum(-1))


def alpha_binary(sums: dict[str, Floats]) -> Floats:
    """|uα, equation 6: gaps against everything that is marked."""
    total, squares = sums["length"].sum(-1), sums["squares"].sum(-1)
    gap = sums["length"][..., 0]
    return _alpha(gap - sums["agreed"][..., 0], total, squares, gap * (total - gap))


def alpha_cu(sums: dict[str, Floats]) -> Floats:
    """cuα, equation 11: the values of what both marked."""
    total, squares = sums["both_length"].sum(-1), sums["both_squares"].sum(-1)
    observed = total - sums["both_agreed"].sum(-1)
    return _alpha(observed, total, squares, total * total - (sums["both_length"] ** 2).sum(-1))


def alpha_ku(sums: dict[str, Floats], value: int) -> Floats:
    """(k)uα, equation 13: one value among what both marked."""
    total = sums["both_length"].sum(-1)
    own, agreed, squares = (sums[f"both_{name}"][..., value] for name in ("length", "agreed", "squares"))
    below = own * own * (total - own)
    defined = below > 1e-9
    return np.where(defined, 1.0 - (own - agreed) * (own * total - squares) / np.where(defined, below, 1.0), np.nan)


def _alpha(observed: Floats, total: Floats, squares: Floats, apart: Floats) -> Floats:
    """1 - D_o / D_e with D_e = total · apart / (total² - squares)."""
    pairs = total * total - squares
    below = total * apart
    defined = (below > 1e-9) & (pairs > 1e-9)
    return np.where(defined, 1.0 - observed * pairs / np.where(defined, below, 1.0), np.nan)


def _figures(found: Runs, sums: dict[str, Floats], maker: Maker) -> list[AgreementFigure]:
    n_items = int(np.count_nonzero(_pieces(found)))
    nothing = "Every part of the texts has the same label, or none: agreement beyond chance is not defined."
    unlike = "No two labels are to be told apart where two people marked something: agreement on labels is not defined."
    results = [
        maker.figure("alpha_u", alpha_u(sums), n_items, nothing),
        maker.figure("alpha_u_binary", alpha_binary(sums), n_items, nothing),
    ]
    if len(found.labels) > 1:
        results.append(maker.figure("alpha_cu", alpha_cu(sums), n_items, unlike))
        for index, label in enumerate(found.labels):
            only = f"{label!r} is all that two people marked in the same place, or no part of it: no figure."
            results.append(maker.figure("alpha_ku", alpha_ku(sums, index + 1), n_items, only, label))
    return results


def _pieces(found: Runs) -> NDArray[np.bool_]:
    """Where somebody's marked segment starts on a page that several read: shape (runs, annotators)."""
    saw = found.readers.saw[found.page] & found.readers.shared[found.page][:, None]
    return np.asarray(found.own_starts & saw & found.covered.any(axis=0))
