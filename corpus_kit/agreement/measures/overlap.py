"""Which spans of two people overlap, without a loop over spans or documents.

All cells (a document and a label) are laid on one line, one after the other, so that spans of different cells cannot
meet; overlaps are then two binary searches a span.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from corpus_kit.agreement.measures.coefficients import Floats

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


def overlap_credit(cell: Ints, start: Ints, end: Ints, one: Mask, two: Mask) -> Floats:
    """For each span of `one`, the Jaccard overlap with its partner (`best_pairs`) of `two`; 0 where none."""
    credit = np.zeros(len(cell))
    i, _, jaccard = best_pairs(cell, start, end, one, two)
    credit[i] = jaccard
    return credit


def boundary_credit(cell: Ints, start: Ints, end: Ints, one: Mask, two: Mask) -> tuple[Floats, Floats]:
    """For each span of `one`, whether it has a partner (`best_pairs`), and how far their two boundaries are apart.

    Returns:
        1 or 0, and the mean of the two distances in characters; both of shape (spans,).
    """
    partner, apart = np.zeros(len(cell)), np.zeros(len(cell))
    i, j, _ = best_pairs(cell, start, end, one, two)
    partner[i] = 1.0
    apart[i] = (np.abs(start[i] - start[j]) + np.abs(end[i] - end[j])) / 2.0
    return partner, apart


def best_pairs(cell: Ints, start: Ints, end: Ints, one: Mask, two: Mask) -> tuple[Ints, Ints, Floats]:
    """Spans of `one` and `two` in the same cell that are each other's best: their indices, and their Jaccard overlap.

    cell, start, end: all spans, shape (spans,). one, two: which of them each person made, same shape.
    Best is the largest overlap, then the smaller start, then the smaller end; the rule is the same for both sides, so
    swapping them gives the same pairs. A span without characters counts as one character long.
    """
    width = int(end.max(initial=0)) + 2
    left = cell * width + start
    right = np.maximum(cell * width + end, left + 1)
    mine, theirs = np.flatnonzero(one), np.flatnonzero(two)
    order = np.lexsort((right[theirs], left[theirs]))
    theirs = theirs[order]
    if not len(mine) or not len(theirs):
        nothing = np.zeros(0, dtype=np.int64)
        return nothing, nothing, np.zeros(0)
    i, j = _meeting(left[mine], right[mine], left[theirs], right[theirs])
    i, j = mine[i], theirs[j]
    shared = np.minimum(right[i], right[j]) - np.maximum(left[i], left[j])
    jaccard = shared / (right[i] - left[i] + right[j] - left[j] - shared)
    best = _best(i, jaccard, left[j], right[j]) & _best(j, jaccard, left[i], right[i])
    return i[best], j[best], jaccard[best]


def _meeting(left: Ints, right: Ints, other_left: Ints, other_right: Ints) -> tuple[Ints, Ints]:
    """Index pairs of spans that share a character; the other spans are sorted by their left end."""
    # The furthest right end so far never falls, so it can be searched even where spans of one person are nested.
    first = np.searchsorted(np.maximum.accumulate(other_right), left, side="right")
    count = np.maximum(np.searchsorted(other_left, right, side="left") - first, 0)
    i = np.repeat(np.arange(len(left)), count)
    j = np.arange(len(i)) - np.repeat(np.cumsum(count) - count, count) + np.repeat(first, count)
    meet = other_right[j] > left[i]
    return i[meet], j[meet]


def _best(of: Ints, score: Floats, left: Ints, right: Ints) -> Mask:
    """Which pairs are the best of their span `of`: highest score, then smallest left, then smallest right."""
    order = np.lexsort((right, left, -score, of))
    first = np.ones(len(of), dtype=np.bool_)
    first[1:] = of[order][1:] != of[order][:-1]
    chosen = np.zeros(len(of), dtype=np.bool_)
    chosen[order[first]] = True
    return chosen
