"""How probable it is that people would give a mention its name's label: a small logistic regression.

It starts from constants, which hold where there are no labels to learn from, and moves away from them as the corpus's own
labels say otherwise (ridge regression towards a prior; Le Cessie and Van Houwelingen, Applied Statistics 41(1), 1992). Its
examples are all mentions in finished documents, each judged by the labels of the other documents only, so that the score of
a suggestion is the share of such suggestions that turn out right.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from corpus_kit.suggest.entities.context import FEATURES
from corpus_kit.suggest.entities.evidence import MentionExample

USUAL, WEIGHT = 0.8, 1.0
"""Before any mention was counted, a name is worth this much, and as much as this many mentions."""
PRIOR = {
    "": 0.0, "consistency": 1.0, "mentions": 0.3, "inflected": -0.2, "in_boilerplate": -4.0, "after_capital": -2.0,
    "after_first_word": -0.2, "after_linked_capital": -2.0, "after_number": -2.0, "after_lower": 0.0, "before_capital": -2.0,
    "before_linked_capital": -2.0, "before_number": -1.5, "before_lower": 0.0, "possessive": -0.5, "with_digits": -1.0,
    "one_word": -0.3, "no_capital": -0.5, "beside_name_word": -1.0,
}  # fmt: skip
"""Weights without labels to learn from; `""` is the constant."""
RIDGE = 1.0
ROUNDS = 50


@dataclass(frozen=True, slots=True)
class Calibration:
    """weights: of the constant, consistency, mentions, and each of `FEATURES`. examples: how many it was fitted to."""

    weights: tuple[float, ...]
    examples: int = 0

    def score(self, k: int, n: int, holds: Iterable[int]) -> float:
        """The probability that a mention has its name's label, four decimals. k, n, holds: see `MentionExample`."""
        a = self.weights
        z = a[0] + a[1] * _consistency(k, n) + a[2] * math.log1p(n) + sum(a[3 + i] for i in holds)
        return round(1 / (1 + math.exp(-max(-30.0, min(30.0, z)))), 4)


def fit(examples: Iterable[MentionExample]) -> Calibration:
    """The weights that explain the examples best, held back towards `PRIOR`."""
    seen = Counter(examples)
    start = np.array(list(PRIOR.values()))
    if not seen:
        return Calibration(tuple(start.tolist()))
    ordered = sorted(seen)
    x = np.array([_row(example) for example in ordered])
    y = np.array([example.right for example in ordered], float)
    times = np.array([seen[example] for example in ordered], float)
    weights = start.copy()
    for _ in range(ROUNDS):  # Newton's method; the function is convex, and far from flat thanks to the ridge
        p = 1 / (1 + np.exp(-np.clip(x @ weights, -30, 30)))
        slope = x.T @ (times * (p - y)) + RIDGE * (weights - start)
        bend = (x * (times * p * (1 - p))[:, None]).T @ x + RIDGE * np.eye(len(start))
        step = np.linalg.solve(bend, slope)
        weights -= step * min(1.0, 4.0 / max(float(np.abs(step).max()), 1e-12))
        if float(np.abs(step).max()) < 1e-9:
            break
    # Fewer digits than the last bits in which machines differ.
    return Calibration(tuple(round(float(w), 6) for w in weights), seen.total())


def _row(example: MentionExample) -> Sequence[float]:
    held = [0.0] * len(FEATURES)
    for i in example.holds:
        held[i] = 1.0
    return [1.0, _consistency(example.k, example.n), math.log1p(example.n), *held]


def _consistency(k: int, n: int) -> float:
    """Log odds of a label: of n mentions k had it."""
    share = (k + USUAL * WEIGHT) / (n + WEIGHT)
    return math.log(share / (1 - share))
