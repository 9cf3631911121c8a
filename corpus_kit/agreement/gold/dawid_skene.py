"""Dawid and Skene's model: what is true, and how each annotator errs, estimated together.

Source: A. P. Dawid, A. M. Skene (1979), Maximum likelihood estimation of observer error-rates using the EM algorithm,
J. R. Stat. Soc. C 28(1), 20-28. Equation numbers below are theirs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corpus_kit.agreement.measures.coefficients import Floats

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Fit:
    """posterior: probability of each label for each item, (items, labels). prior: of each label, (labels,).

    confusion: probability that an annotator gives a label (last axis) when another is true (middle axis),
    (annotators, labels, labels). log_likelihood: of the answers, after each round.
    """

    posterior: Floats
    prior: Floats
    confusion: Floats
    log_likelihood: tuple[float, ...]
    converged: bool


def fit(
    item: Ints,
    annotator: Ints,
    label: Ints,
    *,
    shape: tuple[int, int, int],
    smoothing: float = 1.0,
    tolerance: float = 1e-7,
    max_rounds: int = 500,
) -> Fit:
    """Fit by EM, starting from the shares of the votes (3.1): the same answers always give the same fit.

    Parameters
    ----------
    item, annotator, label: one entry for each answer; an annotator may answer an item several times.
    shape: number of items, annotators and labels; every item has an answer.
    smoothing: imaginary answers of each annotator for each true label, spread evenly over the labels. It keeps a label
        somebody never met from counting as impossible; 0 is the paper's maximum likelihood.
    tolerance: EM stops when no posterior moved more than this.
    """
    n_items, _, n_labels = shape
    order = np.lexsort((label, annotator, item))  # So that sums round alike whatever order the answers came in.
    item, annotator, label = item[order], annotator[order], label[order]
    cell = annotator * n_labels + label
    votes = np.bincount(item * n_labels + label, minlength=n_items * n_labels).reshape(n_items, n_labels)
    posterior = votes / votes.sum(axis=1, keepdims=True)
    history: list[float] = []
    for _ in range(max_rounds):
        prior, confusion = _parameters(posterior, item, cell, shape, smoothing)
        moved, likelihood = _posterior(prior, confusion, item, cell, n_items)
        history.append(likelihood)
        step = float(np.abs(moved - posterior).max())
        posterior = moved
        if step < tolerance:
            return Fit(posterior, prior, confusion, tuple(history), True)
    return Fit(posterior, prior, confusion, tuple(history), False)


def _parameters(
    posterior: Floats, item: Ints, cell: Ints, shape: tuple[int, int, int], smoothing: float
) -> tuple[Floats, Floats]:
    """Label frequencies (2.4) and error rates (2.3) from the posteriors."""
    _, n_annotators, n_labels = shape
    counts = np.stack(
        [np.bincount(cell, posterior[item, true], minlength=n_annotators * n_labels) for true in range(n_labels)]
    )
    confusion = counts.reshape(n_labels, n_annotators, n_labels).swapaxes(0, 1) + smoothing / n_labels
    total = confusion.sum(axis=2, keepdims=True)
    # A label no one thinks true of anything an annotator saw leaves their row empty; it multiplies a prior of 0.
    return posterior.mean(axis=0), np.where(total > 0, confusion / np.where(total > 0, total, 1.0), 0.0)


def _posterior(prior: Floats, confusion: Floats, item: Ints, cell: Ints, n_items: int) -> tuple[Floats, float]:
    """Probability of each label for each item (2.5) and the log-likelihood (2.7), in logarithms: products underflow."""
    n_labels = len(prior)
    with np.errstate(divide="ignore"):
        log_prior = np.log(prior)
        log_confusion = np.log(confusion.swapaxes(1, 2).reshape(-1, n_labels))
    evidence = np.stack(
        [np.bincount(item, log_confusion[cell, true], minlength=n_items) for true in range(n_labels)], axis=1
    )
    joint = evidence + log_prior
    top = joint.max(axis=1, keepdims=True)
    odds = np.exp(joint - top)
    total = odds.sum(axis=1, keepdims=True)
    return odds / total, float((top + np.log(total)).sum())
