"""The way from pages to weights: alignment, variations, calibration, and a training run in small."""

from __future__ import annotations

import json
import random
from dataclasses import asdict

import numpy as np
import pytest
from authored import authored_pages

from corpus_kit.suggest.boilerplate import BoilerplateModel
from corpus_kit.suggest.boilerplate.training import augment
from corpus_kit.suggest.boilerplate.training.align import keep_labels
from corpus_kit.suggest.boilerplate.training.calibrate import calibrate, calibration_error
from corpus_kit.suggest.boilerplate.training.dataset import precision_recall
from corpus_kit.suggest.boilerplate.training.fit import MODEL_VERSION, Settings, fold_of, train

PAGES: list[augment.Page] = [
    [
        (line, -1.0 if kept is None else float(kept))
        for line, kept in zip(page.text.split("\n"), page.content, strict=True)
    ]
    for page in authored_pages()
]


def _content_words(page: augment.Page) -> str:
    return "".join("".join(text.split()) for text, label in page if label >= 0.5)


def test_main_text_rendered_otherwise_is_found_line_by_line() -> None:
    for page in authored_pages():
        wanted = [
            (line if "ı" in line else line.upper()).replace(
                ",", " , "
            )  # Turkish capitals do not lower to what they were
            for line, kept in zip(page.text.split("\n"), page.content, strict=True)
            if kept
        ]
        labels = keep_labels(page.text, "  ".join(wanted))
        for label, kept in zip(labels, page.content, strict=True):
            assert label == -1.0 or (label >= 0.5) is bool(kept)


def test_a_stray_common_word_in_a_menu_is_not_main_text() -> None:
    text = "The shop\nAll about the boat\n\nThe boat sank because no one had told the crew about the hole."
    *menu, article = keep_labels(text, "The boat sank because no one had told the crew about the hole.")
    assert menu == [0.0, 0.0, -1.0]
    assert article > 0.9


@pytest.mark.parametrize(
    "step", [augment.rebullet, augment.respace, augment.glue, augment.wrap, augment.torn, augment.strip_clutter]
)
def test_a_variation_of_the_rendering_keeps_every_word_of_the_article(step: augment.Step) -> None:
    for seed in range(20):
        for page in PAGES:
            if step is augment.rebullet and any(label >= 0.5 and text[:1].isspace() for text, label in page):
                continue
            assert _content_words(step(page, random.Random(seed))) == _content_words(page)


def test_spliced_clutter_is_boilerplate_and_changes_no_line_of_the_article() -> None:
    stock = augment.Stock(PAGES)
    for seed in range(20):
        for page in PAGES:
            longer = augment.splice(page, random.Random(seed), stock)
            assert _content_words(longer) == _content_words(page)
            assert len(longer) > len(page)


def test_a_flooded_article_keeps_its_beginning_and_drowns_in_clutter() -> None:
    stock = augment.Stock(PAGES)
    for seed in range(20):
        for page in PAGES:
            flooded = augment.flood(page, random.Random(seed), stock)
            assert _content_words(page).startswith(_content_words(flooded))
            assert _content_words(flooded)
            assert sum(label < 0.5 for _, label in flooded) >= 60


def test_the_same_seed_gives_the_same_variations() -> None:
    stock = augment.Stock(PAGES)
    one, other = ([augment.vary(p, random.Random(7), stock) for p in PAGES] for _ in range(2))
    assert one == other


def test_calibrated_chances_mean_what_they_say_and_keep_the_order() -> None:
    rng = np.random.default_rng(1)
    odds = rng.normal(0, 3, 20_000)
    truth = (rng.random(20_000) < 1 / (1 + np.exp(odds / 2))).astype(np.float64)  # the model was twice too sure
    knots, chances = calibrate(odds, truth)
    assert np.all(np.diff(chances) < 0)
    assert calibration_error(np.interp(odds, knots, chances), truth) < 0.02
    assert calibration_error(1 / (1 + np.exp(odds)), truth) > 0.05


def test_shingles_count_repetitions_and_pages_of_three_words() -> None:
    assert precision_recall("a b c", "a b c") == (1.0, 1.0)
    precision, recall = precision_recall("a b c d a b c d", "a b c d")
    assert recall == 1.0
    assert precision == pytest.approx(1 / 5)


def test_a_host_is_always_in_one_fold() -> None:
    assert fold_of("www.Example.org") == fold_of("example.org")
    assert {fold_of(f"host{n}.example") for n in range(100)} == set(range(5))


def test_the_packaged_weights_say_what_they_were_made_of() -> None:
    """Training them again takes minutes, so this holds them to the settings and the data of the command."""
    model = BoilerplateModel.load()
    made_of = json.loads(model.made_of)
    assert model.version == MODEL_VERSION
    assert made_of["settings"] == json.loads(json.dumps(asdict(Settings()))), "the settings changed: train again"
    assert made_of["data"]["pages"] == 784
    assert len(model.passes) == len(Settings().members())
    assert model.company == Settings().company
    for first, second in model.passes:
        assert len(first.column) == Settings().first_trees
        assert len(second.column) == Settings().second_trees


def test_members_differ_and_a_fold_is_judged_by_models_that_never_saw_it() -> None:
    """Pages of a fold that are nonsense must not change the model that judges it."""
    small = Settings(
        first_trees=4, second_trees=4, depth=3, copies=0
    )  # what is drawn for variations depends on all pages
    pages, nonsense = PAGES * 2, [[(text, 1.0 - y if y >= 0 else y) for text, y in page] for page in PAGES]
    folds = [at >= len(PAGES) for at in range(len(pages))]
    found = train(pages, [int(one) for one in folds], small)
    other = train([*PAGES, *nonsense], [int(one) for one in folds], small)
    assert len({first.leaves.tobytes() for first, _ in found.model.passes}) == len(small.members()) > 1
    judges, others = found.folds[1], other.folds[1]
    assert [first.leaves.tobytes() for first, _ in judges.passes] == [one.leaves.tobytes() for one, _ in others.passes]
    assert found.folds[0].to_bytes() != other.folds[0].to_bytes()


def test_training_twice_gives_the_same_bytes() -> None:
    small = Settings(first_trees=4, second_trees=4, depth=3)
    pages = PAGES * 2
    folds = [at % 2 for at in range(len(pages))]
    one, other = (train(pages, folds, small).model for _ in range(2))
    assert one.to_bytes() == other.to_bytes()
