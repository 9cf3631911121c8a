"""`learned`: better than the most frequent answer, and its probabilities mean what they say."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from labelled_corpus import label, new_corpus, read, stance

from corpus_kit.core.errors import EnvironmentProblemError
from corpus_kit.corpus import Corpus
from corpus_kit.suggest.models.classify import calibration_error, enough, fit_classifier

LABELS = ("against", "favour", "neutral")


def simulated(seed: int, documents: int, *, told: float = 0.08) -> tuple[list[str], list[str]]:
    """Texts of 40 made-up words, of which each speaks for the document's side with probability `told`; one label in eight
    is drawn at random, so no one can be right always."""
    draw = np.random.default_rng(seed)
    common = [f"word{n}" for n in range(400)]
    texts, labels = [], []
    for _ in range(documents):
        side = int(draw.choice(3, p=[0.25, 0.25, 0.5]))
        words = [
            f"{LABELS[side]}{draw.integers(30)}" if draw.random() < told else common[draw.integers(400)]
            for _ in range(40)
        ]
        texts.append(" ".join(words))
        labels.append(LABELS[side] if draw.random() > 0.125 else LABELS[int(draw.integers(3))])
    return texts, labels


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_on_a_simulated_corpus_it_beats_the_majority_and_its_scores_are_calibrated(seed: int) -> None:
    texts, labels = simulated(seed, 500)
    made = fit_classifier(texts, labels, [str(n) for n in range(500)])
    fresh, truth = simulated(seed + 100, 3000)
    chances = made.chances(fresh)
    right = np.array([made.trial.labels[i] == t for i, t in zip(chances.argmax(axis=1), truth, strict=True)])
    majority = max(truth.count(one) for one in LABELS) / len(truth)
    assert right.mean() > majority + 0.15
    assert expected_calibration_error(chances.max(axis=1), right) <= 0.05
    assert abs(made.trial.accuracy - right.mean()) < 0.06 and made.trial.calibration_error < 0.06
    assert np.allclose(chances.sum(axis=1), 1)


def expected_calibration_error(confidence: Any, right: Any) -> float:
    """By hand: ten bins, each one's distance by its share."""
    total = 0.0
    for low in np.arange(0, 1, 0.1):
        inside = [i for i, c in enumerate(confidence) if low <= c < low + 0.1 or (low > 0.85 and c == 1.0)]
        if inside:
            distance = abs(
                sum(confidence[i] for i in inside) / len(inside) - sum(right[i] for i in inside) / len(inside)
            )
            total += distance * len(inside) / len(confidence)
    return float(total)


def test_words_that_say_nothing_are_told_to_say_nothing() -> None:
    texts, _ = simulated(3, 200, told=0.0)
    labels = ["favour" if n % 3 else "against" for n in range(200)]
    made = fit_classifier(texts, labels, [str(n) for n in range(200)])
    assert not made.trial.helps
    assert made.chances(texts[:5]).max() < 0.8


def test_copies_of_a_document_are_never_on_both_sides() -> None:
    """Forty documents, five copies of each, labels by chance: to know a copy's label would make it right nearly always."""
    texts, _ = simulated(4, 40, told=0.0)
    draw = np.random.default_rng(5)
    labels = [LABELS[int(draw.integers(2))] for _ in range(40)]
    copies = [(text, told, str(n)) for n, (text, told) in enumerate(zip(texts, labels, strict=True)) for _ in range(5)]
    made = fit_classifier(*map(list, zip(*copies, strict=True)))
    assert made.trial.accuracy < 0.75


def test_calibration_error_by_hand() -> None:
    confidence, right = np.array([0.95, 0.95, 0.55, 0.55]), np.array([True, False, True, True])
    assert calibration_error(confidence, right) == pytest.approx(0.5 * 0.45 + 0.5 * 0.45)


def test_how_much_is_enough() -> None:
    assert enough(["a"] * 16 + ["b"] * 4)
    assert not enough(["a"] * 17 + ["b"] * 3) and not enough(["a"] * 10 + ["b"] * 9) and not enough([])


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """Sixty pages, forty of them labelled by two people who agree but for one."""
    folder = tmp_path_factory.mktemp("learned")
    texts, labels = simulated(7, 60, told=0.4)
    pages = {f"{n:02d}.txt": f"Page {n}\n\n{text}.\n" for n, text in enumerate(texts)}
    settings = '[[suggest.models]]\nlayer = "stance"\nmodel = "learned"\nthreshold = 0.0\n'
    made = new_corpus(folder / "corpus", pages, settings)
    work = {}
    for n, value in enumerate(labels[:40]):
        other = value if n else "unclear"
        work[f"{n:02d}.txt"] = {"ada": [stance("teachers_strike", value)], "ben": [stance("teachers_strike", other)]}
    label(made, "stance", work, folder)
    made.build()
    return made


@pytest.mark.slow
def test_unlabelled_documents_get_answers_and_a_rebuild_the_same_bytes(corpus: Corpus) -> None:
    rows = read(corpus, "suggestions", "suggested_choices")
    sources = dict(read(corpus, "documents", "documents").select("doc_id", "source").iter_rows())
    assert sorted(sources[d] for d in rows["doc_id"]) == [f"{n:02d}.txt" for n in range(40, 60)]
    assert set(rows["control"]) == {"stance_teachers_strike"}
    _, labels = simulated(7, 60, told=0.4)
    truth = {f"{n:02d}.txt": value for n, value in enumerate(labels)}
    right = sum(truth[sources[d]] == v for d, v in rows.select("doc_id", "value").iter_rows())
    assert right > 20 * max(labels[40:].count(one) for one in LABELS) / 20
    before = {p.name: p.read_bytes() for p in (corpus.data / "suggestions").iterdir()}
    corpus.build()
    assert {p.name: p.read_bytes() for p in (corpus.data / "suggestions").iterdir()} == before
    made = corpus.suggest("stance").models
    assert made is not None and any("39 documents, right" in note for note in made[0].notes)
    assert any("stance_halvern_pipeline: 0 documents" in note for note in made[0].notes)


@pytest.mark.slow
def test_without_the_library_the_sentence_says_what_to_install(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.feature_extraction.text", None)
    with pytest.raises(EnvironmentProblemError, match="scikit-learn is not installed"):
        corpus.suggest("stance")
