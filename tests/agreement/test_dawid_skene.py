"""Dawid and Skene's model on their own data, and where majority voting fails."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from agreement_tables import ANNOTATIONS, CHOICES, RELATIONS, SPANS, annotation, choice, table

from corpus_kit.agreement import Policy
from corpus_kit.agreement.gold.adjudicate import adjudicate
from corpus_kit.agreement.gold.dawid_skene import Fit, fit

# Dawid and Skene (1979), table 1: 45 patients; the first anaesthetist judged each three times, four others once.
ANAESTHETISTS = """
1111111 3334334 1122122 2223121 2223222 2223322 1222111 3333433 2222223 2322223 4444444 2223343 1111111 2223212 1211111
1112111 1111111 1111111 2222221 2221322 2222222 2222221 2223222 2212222 1111111 1111111 2322222 1111111 1111111 1121121
1111111 3333233 1111111 2222222 2223232 4334343 2212232 2323233 3333432 1111111 1111111 1212111 2322222 1211111 2222222
""".split()
JUDGE = [0, 0, 0, 1, 2, 3, 4]


def paper() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    item = np.repeat(np.arange(45), 7)
    return item, np.tile(JUDGE, 45), np.array([int(c) - 1 for patient in ANAESTHETISTS for c in patient])


def slowly(rounds: int, smoothing: float = 0.0) -> tuple[list[list[float]], list[float], list[list[list[float]]]]:
    """The paper's equations (2.3)-(2.5) with plain loops: posteriors, class frequencies, error rates."""
    item, judge, label = paper()
    n = [[[0.0] * 4 for _ in range(5)] for _ in range(45)]
    for i, k, c in zip(item, judge, label, strict=True):
        n[i][k][c] += 1
    posterior = [[sum(n[i][k][c] for k in range(5)) / 7 for c in range(4)] for i in range(45)]
    for _ in range(rounds):
        prior = [sum(p[c] for p in posterior) / 45 for c in range(4)]
        rates = [[[0.0] * 4 for _ in range(4)] for _ in range(5)]
        for k in range(5):
            for true in range(4):
                given = [sum(posterior[i][true] * n[i][k][c] for i in range(45)) for c in range(4)]
                given = [g + smoothing / 4 for g in given]
                rates[k][true] = [g / sum(given) for g in given]
        for i in range(45):
            joint = list(prior)
            for true in range(4):
                for k in range(5):
                    for c in range(4):
                        joint[true] *= rates[k][true][c] ** n[i][k][c]
            posterior[i] = [j / sum(joint) for j in joint]
    return posterior, prior, rates


def fitted(**options: float) -> Fit:
    return fit(*paper(), shape=(45, 5, 4), **options)  # type: ignore[arg-type]


def test_the_anaesthetists_give_the_papers_class_frequencies_and_error_rates() -> None:
    found = fitted(smoothing=0.0)
    assert found.converged
    assert found.prior.round(2).tolist() == [0.40, 0.42, 0.11, 0.07]
    assert found.confusion[0, :3].round(2).tolist() == [[0.89, 0.11, 0, 0], [0.07, 0.88, 0.05, 0], [0, 0.34, 0.66, 0]]


def test_it_equals_the_equations_worked_out_with_loops() -> None:
    posterior, prior, rates = slowly(60)
    found = fit(*paper(), shape=(45, 5, 4), smoothing=0.0, tolerance=0.0, max_rounds=60)
    np.testing.assert_allclose(found.posterior, posterior, atol=1e-9)
    np.testing.assert_allclose(found.prior, prior, atol=1e-9)
    np.testing.assert_allclose(found.confusion, rates, atol=1e-9)
    assert not found.converged


def test_one_imaginary_answer_is_spread_over_the_labels_unless_said_otherwise() -> None:
    posterior, _, rates = slowly(60, smoothing=1.0)
    found = fit(*paper(), shape=(45, 5, 4), tolerance=0.0, max_rounds=60)
    np.testing.assert_allclose(found.posterior, posterior, atol=1e-9)
    np.testing.assert_allclose(found.confusion, rates, atol=1e-9)


def test_the_likelihood_never_falls() -> None:
    history = fitted(smoothing=0.0).log_likelihood
    assert len(history) > 3
    assert all(later >= earlier - 1e-9 for earlier, later in pairwise(history))


def test_the_order_of_the_answers_does_not_show() -> None:
    for seed in range(5):
        mixed = np.random.default_rng(seed).permutation(45 * 7)
        item, judge, label = (column[mixed] for column in paper())
        assert np.array_equal(fit(item, judge, label, shape=(45, 5, 4)).posterior, fitted().posterior)


SKILL = [0.96, 0.94, 0.4, 0.35, 0.3, 0.3, 0.3]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_it_recovers_the_truth_where_majority_does_not(seed: int) -> None:
    """Two careful annotators, five who mostly guess among four labels and leave out a fifth."""
    rng = np.random.default_rng(seed)
    labels = ["against", "favour", "none", "unclear"]
    made, chosen, truth = [], [], {}
    for d in range(1000):
        doc_id = f"{d:016x}"
        truth[doc_id] = str(rng.choice(labels, p=[0.4, 0.3, 0.2, 0.1]))
        for a, skill in enumerate(SKILL):
            if a > 1 and rng.random() < 0.2:
                continue
            made.append(annotation(doc_id, f"a{a}"))
            wrong = [x for x in labels if x != truth[doc_id]]
            chosen.append(choice(made[-1], truth[doc_id] if rng.random() < skill else str(rng.choice(wrong))))
    tables = table(made, ANNOTATIONS), table([], SPANS), table(chosen, CHOICES), table([], RELATIONS)

    def right(policy: str) -> float:
        gold = dict(adjudicate(*tables, Policy(policy)).choices.select("doc_id", "value").iter_rows())
        return sum(gold.get(d) == t for d, t in truth.items()) / len(truth)

    plurality = pl.DataFrame(chosen).group_by("doc_id").agg(pl.col("value").mode().sort().first())
    most_votes = dict(plurality.iter_rows())
    assert sum(most_votes[d] == t for d, t in truth.items()) / len(truth) <= 0.90
    assert right("majority") <= 0.90
    assert right("dawid-skene") >= 0.95
