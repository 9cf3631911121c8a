"""What a model learns from a release of simulated gold, and how it scores there, against the truth that only the test knows.

Two people mark invented names. One of them overlooks most organisations, so these are open disagreements: a fifth of all
true name tokens and more. A release that marks them as unknown costs next to nothing; one that calls them `O` does.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from labelled_corpus import entity, label, new_corpus, read

from corpus_kit import Corpus

Names = list[tuple[int, int, str]]
"""start, end, label"""
DOCUMENTS = 200
SPLIT = "[split]\ntrain = 0.6\nvalidation = 0.0\ntest = 0.4\n"
_SYLLABLES = "ba do fi gru hel ir ka lum mo nes or pav quo ri sta tul ve wo yan zi".split()
_SENTENCES = {
    "PERSON": ["Mayor {} opened the fair.", "The singer {} was late again.", "No one had told Captain {} about it."],
    "GPE": ["It rained in {} all week.", "The road to {} stays closed.", "Trains from {} run on Sunday."],
    "ORG": ["The board of {} met twice.", "Workers at {} went home early.", "Shares of {} fell a little."],
    "": ["The fair was full.", "Bread was cheap in May.", "A dog slept on the road.", "Captain and crew went home."],
}

_UNCLEAR = ["People spoke of {} for days.", "So much about {} then.", "Not again, said {} today."]
"""Sentences in which a name may be of any kind."""


def _invented(seed: int) -> tuple[str, Names]:
    """A page of twelve sentences and the names in it."""
    chance = random.Random(seed)
    text, names = f"Notes of day {seed}\n", []
    for _ in range(12):
        kind = chance.choice(["PERSON", "GPE", "ORG", "ORG", ""])
        words = [
            "".join(chance.choices(_SYLLABLES, k=chance.randint(2, 3))).title() for _ in range(chance.randint(1, 2))
        ]
        said = _SENTENCES[kind] if not kind or chance.random() < 0.9 else _UNCLEAR
        before, braces, after = chance.choice(said).partition("{}")
        name = " ".join(words) if braces else ""
        if kind:
            names.append((len(text) + len(before), len(text) + len(before) + len(name), kind))
        text += before + name + after + "\n"
    return text, names


def _marked(text: str, names: Names, misses: Mapping[str, float], chance: random.Random) -> list[dict[str, Any]]:
    seen = [(start, end, kind) for start, end, kind in names if chance.random() >= misses[kind]]
    return [entity(text, text[a:b], kind, nth=text[:a].count(text[a:b])) for a, b, kind in seen]


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Corpus, dict[str, Names]]:
    """The built corpus, and the true names by doc_id."""
    folder: Path = tmp_path_factory.mktemp("simulated")
    pages = {f"page-{seed}.txt": _invented(seed) for seed in range(DOCUMENTS)}
    corpus = new_corpus(folder / "corpus", {name: text for name, (text, _) in pages.items()}, SPLIT)
    careful = {"PERSON": 0.02, "GPE": 0.02, "ORG": 0.02}
    hasty = {"PERSON": 0.02, "GPE": 0.02, "ORG": 0.65}
    chance = random.Random(17)
    work = {
        name: {"ada": _marked(text, names, careful, chance), "ben": _marked(text, names, hasty, chance)}
        for name, (text, names) in pages.items()
    }
    label(corpus, "entities", work, folder)
    corpus.build(report=False)
    documents = read(corpus, "documents", "documents")
    return corpus, {doc_id: pages[source][1] for doc_id, source in documents.select("doc_id", "source").iter_rows()}


def _rows(corpus: Corpus, split: str) -> list[dict[str, Any]]:
    import datasets

    folder = str(corpus.data / "release")
    cache = str(corpus.data.parent / "cache")
    found = datasets.load_dataset(folder, "entities", split=split, cache_dir=cache)
    names = found.features["ner_tags"].feature.names
    return [row | {"tags": [names[tag] for tag in row["ner_tags"]]} for row in found]


def _true_tags(row: Mapping[str, Any], names: Names) -> list[str]:
    tags = []
    for start in row["token_starts"]:
        inside = [(a, kind) for a, b, kind in names if a <= start < b]
        tags.append("O" if not inside else f"{'B' if inside[0][0] == start else 'I'}-{inside[0][1]}")
    return tags


def _features(tokens: Sequence[str]) -> list[dict[str, float]]:
    padded = ["<", "<", *tokens, ">", ">"]
    return [
        {f"{at}={word.lower()}": 1.0 for at in (-2, -1, 1, 2) for word in [padded[i + 2 + at]]}
        | {f"title{at}": float(padded[i + 2 + at].istitle()) for at in (-1, 0, 1)}
        for i in range(len(tokens))
    ]


def _model(rows: Sequence[Mapping[str, Any]], tags: Sequence[Sequence[str]], masks: Sequence[Sequence[bool]]) -> Any:
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    inputs, wanted = [], []
    for row, own, known in zip(rows, tags, masks, strict=True):
        for features, tag, keep in zip(_features(row["tokens"]), own, known, strict=True):
            if keep:
                inputs.append(features)
                wanted.append(tag)
    return make_pipeline(DictVectorizer(), LogisticRegression(max_iter=300)).fit(inputs, wanted)


def _spans(row: Mapping[str, Any], tags: Sequence[str]) -> set[tuple[str, int, int, str]]:
    found: list[list[Any]] = []
    for tag, start, end in zip(tags, row["token_starts"], row["token_ends"], strict=True):
        if tag[0] == "I" and found and found[-1][3] == tag[2:] and start - found[-1][2] <= 1:
            found[-1][2] = end
        elif tag != "O":
            found.append([row["doc_id"], start, end, tag[2:]])
    return {tuple(one) for one in found}


def _f1(found: set[Any], wanted: set[Any]) -> float:
    return 2 * len(found & wanted) / (len(found) + len(wanted))


@pytest.mark.slow
def test_training_and_scoring_with_the_masks_loses_next_to_nothing(
    simulated: tuple[Corpus, dict[str, Names]], tmp_path: Path
) -> None:
    corpus, truth = simulated
    train, test = _rows(corpus, "train"), _rows(corpus, "test")
    true_tags = [_true_tags(row, truth[row["doc_id"]]) for row in train]
    named = [
        (tag, known)
        for row, tags in zip(train, true_tags, strict=True)
        for tag, known in zip(tags, row["known"], strict=True)
        if tag != "O"
    ]
    assert sum(not known for _, known in named) / len(named) > 0.21, "so much of the names is in dispute"

    everything = [[True] * len(row["tokens"]) for row in train]
    models = {
        "truth": _model(train, true_tags, everything),
        "masked": _model(train, [row["tags"] for row in train], [row["known"] for row in train]),
        "open is O": _model(train, [row["tags"] for row in train], everything),
    }
    wanted = {(row["doc_id"], *name) for row in test for name in truth[row["doc_id"]]}
    found = {
        how: {span for row in test for span in _spans(row, list(model.predict(_features(row["tokens"]))))}
        for how, model in models.items()
    }
    f1 = {how: _f1(spans, wanted) for how, spans in found.items()}
    assert 0.85 < f1["truth"] < 0.98, "neither hopeless nor without a challenge"
    assert f1["masked"] >= f1["truth"] - 0.02
    assert f1["open is O"] < f1["truth"] - 0.1

    # The same model, scored on the release.
    file = tmp_path / "predictions.jsonl"
    file.write_text(
        "".join(
            json.dumps({"doc_id": d, "start": a, "end": b, "label": kind}) + "\n"
            for d, a, b, kind in sorted(found["masked"])
        )
    )
    (made,) = corpus.evaluate(file, "entities")
    released = {span for row in test for span in _spans(row, row["tags"])}
    assert made.scores[0].value == pytest.approx(f1["masked"], abs=0.02)
    assert _f1(found["masked"], released) < f1["masked"] - 0.1
