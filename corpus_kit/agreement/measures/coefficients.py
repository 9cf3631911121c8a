"""The formulas, as functions of sums.

Every function takes sums over documents with any leading shape (one row for the corpus, one for each resample) and
returns that shape. Where a figure is not defined the answer is NaN; `bootstrap.interval` turns that into a reason.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def ratio(part: Floats, whole: Floats) -> Floats:
    """part / whole, NaN where whole is 0."""
    safe = np.where(whole > 0, whole, 1.0)
    return np.where(whole > 0, part / safe, np.nan)


def _corrected(observed: Floats, expected: Floats) -> Floats:
    """(observed - expected) / (1 - expected): NaN where chance alone would agree always."""
    room = 1.0 - expected
    defined = room > 1e-12
    return np.where(defined, (observed - expected) / np.where(defined, room, 1.0), np.nan)


def cohen_kappa(agree: Floats, first: Floats, second: Floats) -> Floats:
    """Cohen's kappa of two annotators: agreement beyond what their two label distributions give by chance.

    agree: items with the same answer, shape (...). first, second: answers per label of each, shape (..., labels).
    Source: J. Cohen (1960), A coefficient of agreement for nominal scales, Educ. Psychol. Meas. 20(1), 37-46.
    """
    n = first.sum(axis=-1)
    expected = ratio((first * second).sum(axis=-1), n * n)
    return _corrected(ratio(agree, n), expected)


def fleiss_kappa(item_agreement: Floats, items: Floats, marginals: Floats) -> Floats:
    """Fleiss' kappa of many annotators, who need not be the same people on every item.

    item_agreement: sum over items of the share of agreeing pairs of answers, shape (...). items: their number.
    marginals: answers per label, shape (..., labels). With equally many answers on every item this is Fleiss' own
    formula; with missing answers every item keeps its own number of pairs, and all answers count in the marginals.
    Source: J. L. Fleiss (1971), Measuring nominal scale agreement among many raters, Psychol. Bull. 76(5), 378-382.
    """
    shares = ratio(marginals, marginals.sum(axis=-1, keepdims=True))
    return _corrected(ratio(item_agreement, items), (shares * shares).sum(axis=-1))


def alpha_nominal(disagreement: Floats, marginals: Floats) -> Floats:
    """Krippendorff's alpha for unordered labels, any number of annotators, missing answers allowed.

    disagreement: the coincidence matrix off its diagonal, summed, shape (...). marginals: its rows, (..., labels).
    Source: K. Krippendorff (2011), Computing Krippendorff's Alpha-Reliability, section D.
    """
    n = marginals.sum(axis=-1)
    return _alpha(disagreement, n, n * n - (marginals * marginals).sum(axis=-1))


def alpha_interval(disagreement: Floats, n: Floats, total: Floats, squares: Floats) -> Floats:
    """Krippendorff's alpha for numbers: the difference of two answers counts squared.

    disagreement: squared differences weighted by coincidence. n, total, squares: number of paired answers, their sum,
    the sum of their squares. Source as for `alpha_nominal`; the expected part is written by moments, since
    sum over c, k of n_c n_k (c - k)^2 = 2 (n sum n_c c^2 - (sum n_c c)^2).
    """
    return _alpha(disagreement, n, 2.0 * (n * squares - total * total))


def alpha_ordinal(coincidences: Floats) -> Floats:
    """Krippendorff's alpha for ordered labels.

    coincidences: (..., labels, labels), labels in their order. Krippendorff's ordinal difference of c and k,
    (n_c/2 + the counts between + n_k/2)^2, is the squared difference of their mid-ranks; ranks follow each resample.
    Source as for `alpha_nominal`.
    """
    marginals = coincidences.sum(axis=-1)
    n = marginals.sum(axis=-1)
    middle = mid_ranks(marginals)
    squares = (marginals * middle * middle).sum(axis=-1)
    total = (marginals * middle).sum(axis=-1)
    products = ((coincidences @ middle[..., None])[..., 0] * middle).sum(axis=-1)
    return alpha_interval(2.0 * (squares - products), n, total, squares)


def mid_ranks(marginals: Floats) -> Floats:
    """The middle of each label's ranks, counted from the middle of all: shape (..., labels) as given."""
    return np.asarray(np.cumsum(marginals, axis=-1) - marginals / 2.0 - marginals.sum(axis=-1, keepdims=True) / 2.0)


def _alpha(disagreement: Floats, n: Floats, expected: Floats) -> Floats:
    """1 - D_o / D_e with D_o = disagreement / n and D_e = expected / (n (n - 1))."""
    defined = expected > 1e-9 * np.maximum(n, 1.0)
    return np.where(defined, 1.0 - (n - 1.0) * disagreement / np.where(defined, expected, 1.0), np.nan)


def alpha_weighted(disagreement: Floats, marginals: Floats, distance: Floats) -> Floats:
    """Krippendorff's alpha for any distance between answers, such as the ratio scale's or MASI between label sets.

    disagreement: coincidences times distance, summed, shape (...). marginals: answers by value, shape (..., values).
    distance: between values, shape (values, values). Source as for `alpha_nominal`.
    """
    expected = ((marginals @ distance) * marginals).sum(axis=-1)
    return _alpha(disagreement, marginals.sum(axis=-1), expected)


def weighted_kappa(agree: Floats, first: Floats, second: Floats, weights: Floats) -> Floats:
    """Cohen's weighted kappa of two annotators: near misses on an ordered scale count as partial agreement.

    agree: the weights of the pairs of answers given, summed, shape (...). first, second: as for `cohen_kappa`.
    weights: of each pair of values, 1 on the diagonal, shape (values, values).
    Source: J. Cohen (1968), Weighted kappa: nominal scale agreement with provision for scaled disagreement or partial
    credit, Psychol. Bull. 70(4), 213-220.
    """
    n = first.sum(axis=-1)
    expected = ratio(((first @ weights) * second).sum(axis=-1), n * n)
    return _corrected(ratio(agree, n), expected)


def gwet_ac(agree: Floats, items: Floats, shares: Floats, answered: Floats, weights: Floats) -> Floats:
    """Gwet's AC1 (identity weights) or AC2 of any number of annotators, missing answers allowed.

    Chance is the share of answers that are hard, not that of the marginals squared: it stays low where nearly all
    answers are alike, where kappa and alpha fall to 0 with hardly a disagreement.

    agree: sum over items with two answers or more of their weighted share of agreeing pairs, shape (...). items: their
    number. shares: each value's share of the answers to an item, summed over items, shape (..., values). answered: the
    number of items with an answer. weights: shape (values, values).
    Source: K. L. Gwet (2008), Computing inter-rater reliability and its variance in the presence of high agreement,
    Br. J. Math. Stat. Psychol. 61(1), 29-48; (2014), Handbook of Inter-Rater Reliability, 4th ed., ch. 4-5.
    """
    values = weights.shape[0]
    if values < 2:
        return np.full(np.shape(agree), np.nan)
    prevalence = ratio(shares, answered[..., None])
    chance = weights.sum() / (values * (values - 1)) * (prevalence * (1.0 - prevalence)).sum(axis=-1)
    return _corrected(ratio(agree, items), chance)


def f1(matched: Floats, marked: Floats) -> Floats:
    """F1 of two annotators, either taken as the truth: 2 matched / (marked by one + marked by the other).

    As the unmarked rest of a text grows, kappa over spans tends to this figure.
    Source: G. Hripcsak, A. S. Rothschild (2005), Agreement, the F-measure, and reliability in information retrieval,
    J. Am. Med. Inform. Assoc. 12(3), 296-298.
    """
    return ratio(2.0 * matched, marked)
