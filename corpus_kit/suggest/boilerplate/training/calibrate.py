"""From log-odds to probabilities that mean what they say."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy.optimize import isotonic_regression

from corpus_kit.core.lines.pages import F64

_KNOTS = 48
_EDGE = 0.002  # no line is ever certain


def calibrate(odds: F64, boilerplate: F64) -> tuple[F64, F64]:
    """Knots (log-odds of content, ascending) and the chance of boilerplate at each, for linear interpolation.

    Isotonic regression (Zadrozny & Elkan 2002), thinned to a few knots so that ranks survive and the file stays small.
    boilerplate: share of each line that is boilerplate, 0 to 1.
    """
    order = np.argsort(odds, kind="stable")
    smooth = isotonic_regression(boilerplate[order], increasing=False).x
    edges = np.linspace(0, len(order), _KNOTS + 1).astype(int)
    parts = [(odds[order][a:b].mean(), smooth[a:b].mean()) for a, b in pairwise(edges) if b > a]
    knots = np.array([at for at, _ in parts])
    chances = np.clip(np.array([chance for _, chance in parts]), _EDGE, 1 - _EDGE)
    keep = np.concatenate([[True], np.diff(knots) > 1e-6])
    # A slope too small to matter keeps equal chances in the order of their odds.
    return knots[keep], np.minimum.accumulate(chances[keep]) - 1e-6 * np.arange(keep.sum())


def calibration_error(chance: F64, boilerplate: F64, bins: int = 15) -> float:
    """Expected calibration error over `bins` equal bins of the predicted chance."""
    which = np.minimum((chance * bins).astype(int), bins - 1)
    size = np.bincount(which, minlength=bins)
    gap = np.abs(np.bincount(which, chance, minlength=bins) - np.bincount(which, boilerplate, minlength=bins))
    return float(gap.sum() / max(1, size.sum()))
