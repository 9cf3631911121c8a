"""A small classifier of texts: words and pairs of words, logistic regression, and probabilities that were measured.

Its probabilities are calibrated on documents it has not seen: out of five folds, copies of a document in one, come scores
for all; from these a slope and a share of the base rates are chosen by log loss (temperature scaling: Guo, Pleiss, Sun and
Weinberger, ICML 2017; the share bounds how sure it may be). Where it is no better than the most frequent answer it says so.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpus_kit.core.errors import EnvironmentProblemError

Floats = NDArray[np.float64]
FOLDS = 5
LEAST_DOCUMENTS, LEAST_OF_A_LABEL = 20, 4
MOST_WORDS = 50_000
READ_CHARACTERS = 20_000
BINS = 10
_SLOPES = np.round(np.geomspace(0.25, 4.0, 17), 4)
_SHARES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5)
_WORD = r"(?u)[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]|[^\W\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]+"


@dataclass(frozen=True, slots=True)
class Trial:
    """How a classifier did on documents it had not seen.

    documents: it learned from. accuracy: of its likeliest answer. majority: of the most frequent answer in its place.
    calibration_error: expected calibration error of the likeliest answers in ten bins. labels: in order. chances: shape
    (documents, labels), out of fold and calibrated.
    """

    documents: int
    accuracy: float
    majority: float
    calibration_error: float
    labels: tuple[str, ...]
    chances: Floats

    @property
    def helps(self) -> bool:
        """Whether it is better than always giving the most frequent answer."""
        return self.accuracy > self.majority


@dataclass(frozen=True, slots=True)
class Classifier:
    """A fitted classifier. trial: how well it does. slope, share: of its calibration; base: base rates of the labels."""

    trial: Trial
    model: Any
    slope: float
    share: float
    base: Floats

    def chances(self, texts: Sequence[str]) -> Floats:
        """Calibrated probabilities, shape (texts, labels)."""
        raw = _scores(self.model, texts, self.trial.labels)
        return calibrated(raw, self.slope, self.share, self.base)


def enough(labels: Sequence[str]) -> bool:
    """Whether there is enough to learn from and to judge it by."""
    counts = Counter(labels)
    frequent = sum(n for n in counts.values() if n >= LEAST_OF_A_LABEL)
    return frequent >= LEAST_DOCUMENTS and sum(n >= LEAST_OF_A_LABEL for n in counts.values()) >= 2


def fit_classifier(texts: Sequence[str], labels: Sequence[str], groups: Sequence[str]) -> Classifier:
    """Learn labels of texts.

    Args:
        texts, labels: One of each for every document.
        groups: Documents of one group are copies of each other; they are never on both sides.

    Raises:
        EnvironmentProblemError: scikit-learn is missing.
    """
    trial_labels = tuple(sorted(set(labels)))
    number = {label: i for i, label in enumerate(trial_labels)}
    truth = np.array([number[label] for label in labels])
    shares = (np.bincount(truth, minlength=len(number)) + 0.5) / (len(truth) + 0.5 * len(number))
    base = shares.astype(np.float64)
    fold = np.array([hashlib.blake2b(g.encode(), digest_size=4).digest()[0] % FOLDS for g in groups])
    raw = np.tile(base, (len(texts), 1))
    for held in range(FOLDS):
        test, train = np.flatnonzero(fold == held), np.flatnonzero(fold != held)
        if len(test) and len(set(truth[train])) > 1:
            model = _fit([texts[i] for i in train], [labels[i] for i in train])
            raw[test] = _scores(model, [texts[i] for i in test], trial_labels)
    slope, share = _calibration(raw, truth, base)
    chances = calibrated(raw, slope, share, base)
    likeliest = chances.argmax(axis=1)
    trial = Trial(
        len(texts),
        float((likeliest == truth).mean()),
        float(np.bincount(truth).max() / len(truth)),
        calibration_error(chances.max(axis=1), likeliest == truth),
        trial_labels,
        chances,
    )
    return Classifier(trial, _fit(list(texts), list(labels)), slope, share, base)


def calibrated(raw: Floats, slope: float, share: float, base: Floats) -> Floats:
    """Probabilities made flatter or steeper, and mixed with the base rates; shape (texts, labels)."""
    powered = np.log(np.clip(raw, 1e-9, 1.0)) * slope
    powered = np.exp(powered - powered.max(axis=1, keepdims=True))
    return np.asarray((1 - share) * powered / powered.sum(axis=1, keepdims=True) + share * base)


def calibration_error(confidence: Floats, right: NDArray[np.bool_]) -> float:
    """Expected calibration error: mean distance of confidence and accuracy in ten bins of equal width, by their size
    (Naeini, Cooper and Hauskrecht, AAAI 2015)."""
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    distances = [
        abs(confidence[bins == b].mean() - right[bins == b].mean()) * (bins == b).mean() for b in np.unique(bins)
    ]
    return float(sum(distances))


def _calibration(raw: Floats, truth: NDArray[np.int64], base: Floats) -> tuple[float, float]:
    """Slope and share with the least log loss."""
    rows = np.arange(len(truth))

    def loss(slope: float, share: float) -> float:
        return float(-np.log(calibrated(raw, slope, share, base)[rows, truth]).mean())

    return min(
        ((float(slope), share) for slope in _SLOPES for share in _SHARES),
        key=lambda pair: (round(loss(*pair), 9), pair),
    )


def _fit(texts: Sequence[str], labels: Sequence[str]) -> Any:
    try:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
    except ImportError as e:
        raise EnvironmentProblemError(
            "scikit-learn is not installed.", "Run `pip install 'corpus-kit[learned]'`."
        ) from e
    words = TfidfVectorizer(
        token_pattern=_WORD, ngram_range=(1, 2), sublinear_tf=True, max_features=MOST_WORDS, preprocessor=_prepared
    )
    return make_pipeline(words, LogisticRegression(C=10.0, max_iter=500)).fit(list(texts), list(labels))


def _prepared(text: str) -> str:
    return re.sub(r"\d", "0", text[:READ_CHARACTERS].casefold())


def _scores(model: Any, texts: Sequence[str], labels: Sequence[str]) -> Floats:
    """Probabilities in the order of `labels`; 0 for labels that the model has not met."""
    made = np.zeros((len(texts), len(labels)))
    if len(texts):
        made[:, [labels.index(label) for label in model.classes_]] = model.predict_proba(list(texts))
    return made
