"""Answers about documents that are probably slips come first, each with what speaks against it."""

from __future__ import annotations

import random

import numpy as np
import pytest

from corpus_kit.agreement.doubt import OutOfSample, doubtful
from corpus_kit.suggest.models.classify import fit_classifier

LABELS = ("against", "favour", "neutral")


def out_of(chances: list[list[float]], given: str) -> OutOfSample:
    return OutOfSample([f"d{n}" for n in range(len(chances))], list(given), list("ab"), np.array(chances), 0.9)


def test_an_answer_is_in_doubt_only_where_the_model_is_as_sure_of_another_as_it_usually_is_of_that() -> None:
    # By hand: usual of a = (0.9 + 0.7 + 0.2) / 3 = 0.6, usual of b = (0.8 + 0.4) / 2 = 0.6.
    found = out_of([[0.9, 0.1], [0.7, 0.3], [0.2, 0.8], [0.2, 0.8], [0.6, 0.4]], "aaabb")
    doubts = doubtful(found)
    assert doubts["d2"] == {"a": ("b", 0.8, 0.2)}
    assert doubts["d4"] == {"b": ("a", 0.6, 0.4)}
    assert "a" not in doubts["d0"] and doubts["d0"] == {"b": ("a", 0.9, 0.1)}


def test_where_it_is_sure_of_nothing_nothing_is_in_doubt() -> None:
    assert doubtful(out_of([[0.5, 0.5], [0.9, 0.1], [0.1, 0.9]], "bab")).get("d0") is None


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_four_of_five_planted_flips_stand_in_the_first_tenth(seed: int) -> None:
    draw = random.Random(seed)
    texts, truth = [], []
    for _ in range(600):
        side = draw.choice(LABELS)
        words = [f"{side}{draw.randrange(25)}" if draw.random() < 0.3 else f"w{draw.randrange(300)}" for _ in range(40)]
        texts.append(" ".join(words))
        truth.append(side)
    flips = set(draw.sample(range(600), 48))
    given = [draw.choice([x for x in LABELS if x != t]) if n in flips else t for n, t in enumerate(truth)]
    ids = [f"{n:04d}" for n in range(600)]
    trial = fit_classifier(texts, given, ids).trial
    doubts = doubtful(OutOfSample(ids, given, trial.labels, trial.chances, trial.accuracy))
    ranked = sorted(
        (np.log(told[1]) - np.log(told[2]), int(doc))
        for doc, each in doubts.items()
        for answer, told in each.items()
        if answer == given[int(doc)]
    )[::-1][:60]
    found = sum(number in flips for _, number in ranked)
    assert found >= 0.8 * len(flips) and found >= 0.6 * len(ranked), f"{found} of {len(flips)} in {len(ranked)}"
