"""How far two answers are apart: tables of distances between values, and of weights for partial agreement."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def ratio(numbers: Sequence[float]) -> Floats:
    """Krippendorff's difference of a ratio scale, ((c - k) / (c + k))², for numbers that are not negative.

    Two zeros are equal. Source: K. Krippendorff (2011), Computing Krippendorff's Alpha-Reliability, section E.

    Returns:
        shape (values, values).
    """
    number = np.asarray(numbers, dtype=np.float64)
    total = number[:, None] + number[None, :]
    return np.asarray(((number[:, None] - number[None, :]) / np.where(total > 0, total, 1.0)) ** 2)


def jaccard(held: Floats) -> Floats:
    """1 - |A ∩ B| / |A ∪ B| of label sets.

    Args:
        held: which set holds which label, 0 or 1, shape (sets, labels); no set is empty.

    Source: P. Jaccard (1912), The distribution of the flora in the alpine zone, New Phytologist 11(2), 37-50.

    Returns:
        shape (sets, sets).
    """
    both, either = _overlap(held)
    return np.asarray(1.0 - both / either)


def masi(held: Floats) -> Floats:
    """1 - Jaccard × monotonicity: the weight is 1 for equal sets, 2/3 where one contains the other, 1/3 where both
    share a label and each has one of its own, 0 where nothing is shared.

    Source: R. Passonneau (2006), Measuring agreement on set-valued items (MASI) for semantic and pragmatic annotation,
    LREC 2006. Args and returns as for `jaccard`.
    """
    both, either = _overlap(held)
    size = held.sum(axis=1)
    contained = both == np.minimum(size[:, None], size[None, :])
    weight = np.where(both == either, 1.0, np.where(contained, 2 / 3, np.where(both > 0, 1 / 3, 0.0)))
    return np.asarray(1.0 - both / either * weight)


def _overlap(held: Floats) -> tuple[Floats, Floats]:
    both = held @ held.T
    size = held.sum(axis=1)
    return both, size[:, None] + size[None, :] - both


def agreement_weights(positions: Sequence[float], power: int) -> Floats:
    """1 - (|c - k| / range)^power: 1 on the diagonal, 0 for the two answers that are furthest apart.

    Args:
        positions: of the values on their scale. power: 1 linear, 2 quadratic.

    Source: J. Cohen (1968), Weighted kappa, Psychol. Bull. 70(4), 213-220.

    Returns:
        shape (values, values).
    """
    place = np.asarray(positions, dtype=np.float64)
    apart = np.abs(place[:, None] - place[None, :])
    widest = float(apart.max(initial=0.0))
    return np.asarray(1.0 - (apart / (widest if widest > 0 else 1.0)) ** power)
