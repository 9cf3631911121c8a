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
    """For each span of `one`, the Jaccard overlap with its mutual best span of `two` in the same cell; 0 where none.

    cell, start, end: all spans, shape (spans,). one, two: which of them each person made, same shape.
    Best is the largest overlap, then the smaller start, then the smaller end; the rule is the same for both sides, so
    swapping them gives the same sum. A span without characters counts as one character long.
    """
    credit = np.zeros(len(cell))
    width = int(end.max(initial=0)) + 2
    left = cell * width + start
    right = np.maximum(cell * width + end, left + 1)
    mine, theirs = np.flatnonzero(one), np.flatnonzero(two)
    order = np.lexsort((right[theirs], left[theirs]))
    theirs = theirs[order]
    if not len(mine) or not len(theirs):
        return credit
    i, j = _meeting(left[mine], right[mine], left[theirs], right[theirs])
    i, j = mine[i], theirs[j]
    shared = np.minimum(right[i], right[j]) - np.maximum(left[i], left[j])
    jaccard = shared / (right[i] - left[i] + right[j] - left[j] - shared)
    best = _best(i, jaccard, left[j], right[j]) & _best(j, jaccard, left[i], right[i])
    credit[i[best]] = jaccard[best]
    return credit


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
