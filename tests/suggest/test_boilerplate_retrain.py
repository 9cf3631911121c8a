"""Learning from the user's own gold."""

from __future__ import annotations

import pytest
from authored import authored_pages

from corpus_kit.core.errors import UsageError
from corpus_kit.suggest.boilerplate import BoilerplateModel, retrain

MODEL = BoilerplateModel.load()
FOOTER = "Our volunteers read every letter and answer most of them within a fortnight, weather permitting."


def _gold(turned: bool = False) -> list[tuple[str, list[tuple[int, int]]]]:
    """The authored pages, each ending in the same sentence, which people marked."""
    gold = []
    for page in authored_pages():
        text = f"{page.text}\n\n{FOOTER}"
        gold.append((text, [*page.boilerplate_spans(), (len(text) - len(FOOTER), len(text))]))
    return gold[::-1] if turned else gold


def test_a_line_people_mark_on_every_page_is_marked_on_the_next() -> None:
    model = retrain(_gold(), MODEL)
    page = "\n\n".join(
        [
            "The orchard wall fell down in the night, and by morning nine sheep stood among the apple trees.",
            "No one in Upper Tarn admitted to owning them, although one answered to the name of Gerald.",
            FOOTER,
        ]
    )
    before, after = MODEL.predict([page])[0][-1].score, model.predict([page])[0][-1].score
    assert after > max(before, 0.5)


def test_gold_that_keeps_bulleted_lines_makes_bullets_less_suspect() -> None:
    stem = "Recipes of the week from the kitchen in Upper Tarn, as our readers sent them to us last month."
    lists = [
        "\n".join([stem, *(f"  • {word} soup with barley" for word in ("Leek", "Nettle", "Beet", f"No. {n}"))])
        for n in range(40)
    ]
    model = retrain([(text, []) for text in lists], MODEL)
    before = sum(line.score for line in MODEL.predict(lists[:1])[0][1:])
    after = sum(line.score for line in model.predict(lists[:1])[0][1:])
    assert after < before


def test_the_order_of_the_gold_does_not_change_the_version() -> None:
    assert retrain(_gold(), MODEL).version == retrain(_gold(turned=True), MODEL).version


def test_a_retrained_model_survives_its_file_and_names_its_base() -> None:
    model = retrain(_gold(), MODEL)
    assert model.version.startswith(f"{MODEL.version}+")
    again = BoilerplateModel.from_bytes(model.to_bytes())
    assert again.sha256 == model.sha256
    texts = [text for text, _ in _gold()]
    assert again.predict(texts) == model.predict(texts)


def test_retraining_starts_from_the_trees_and_not_from_an_earlier_correction() -> None:
    once = retrain(_gold(), MODEL)
    assert retrain(_gold(), once).sha256 == once.sha256


def test_nothing_to_learn_from_is_said() -> None:
    with pytest.raises(UsageError, match="no gold"):
        retrain([], MODEL)
