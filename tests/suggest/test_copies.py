"""Label one copy: its labels stand as suggestions on the others, each at the right occurrence or not at all."""

from __future__ import annotations

import random
from pathlib import Path

import polars as pl
import pytest
from labelled_corpus import entity, label, new_corpus, read, stance

from corpus_kit.core.layers import Layer
from corpus_kit.corpus import Corpus
from corpus_kit.suggest.models.copies import CopiesSuggester, LabelledCopy, _hash

NAMES = ["Ola Brandt", "Port Sellane", "Vesk Board", "Lake Vesk", "Mirrow Lines", "Zoë Quint", "Velmora"]
VERBS = ["visited", "praised", "sued", "left", "answered", "missed", "joined", "paid"]
THINGS = ["the harbour master", "a night ferry", "eleven fishermen", "the old lighthouse", "two schools", "an eel farm"]
JUNK = ["Home | News | Sport", "Read also: Storm ahead", "Share this page", "Subscribe to our letter", "3 comments"]

Piece = tuple[str, str]
"""A piece of text and the id of the span it is, "" for none."""


def story(draw: random.Random) -> list[list[Piece]]:
    """Sentences in which the same names stand again and again; one in three is short."""
    made = []
    for number in range(24):
        first, second = draw.choice(NAMES), draw.choice(NAMES)
        pieces = [(first, f"{number}a"), (f" {draw.choice(VERBS)} ", ""), (second, f"{number}b")]
        if number % 3:
            tail = f" with {draw.choice(THINGS)} on day {number * 3} of a long {draw.choice(['winter', 'strike'])}"
            pieces.append((tail, ""))
        made.append([*pieces, (".", "")])
    return made


def copy_of(sentences: list[list[Piece]], draw: random.Random) -> list[list[Piece]]:
    """As agencies' customers print it: sentences cut, put in, moved or reworded, other lines around."""
    made = [list(one) for one in sentences]
    if draw.random() < 0.5:
        del made[draw.randrange(18, 24) :]
    for _ in range(draw.randrange(3)):
        del made[draw.randrange(len(made))]
    for _ in range(draw.randrange(3)):
        name = draw.choice(NAMES)
        made.insert(draw.randrange(len(made)), [(f"Our own reporter met {name} {draw.choice(VERBS)} nobody.", "")])
    for _ in range(draw.randrange(3)):
        at = draw.randrange(len(made))
        made[at] = [(text.replace("long", "very long"), span) for text, span in made[at]]
    if draw.random() < 0.3:
        at = draw.randrange(len(made) - 1)
        made[at], made[at + 1] = made[at + 1], made[at]
    return made


def written(sentences: list[list[Piece]], draw: random.Random) -> tuple[str, dict[str, tuple[int, int]]]:
    """The page, and where each span stands in it."""
    text, places = "\n".join(draw.sample(JUNK, draw.randrange(1, 4))) + "\n\n", {}
    for number, sentence in enumerate(sentences):
        for piece, span in sentence:
            if span:
                places[span] = (len(text), len(text) + len(piece))
            text += piece
        text += "\n\n" if number % 4 == 3 else " "
    return text + "\n" + "\n".join(draw.sample(JUNK, 2)) + "\n", places


@pytest.fixture(scope="module")
def layer() -> Layer:
    return Corpus.without(Path()).layers()["entities"]


def test_on_two_hundred_copies_no_span_stands_at_a_wrong_occurrence(layer: Layer) -> None:
    draw = random.Random(40)
    sentences = story(draw)
    text, places = written(sentences, draw)
    source = LabelledCopy("a" * 16, text, True, [(*place, "entities", "ORG") for place in places.values()])
    there = carried = wrong = 0
    for _ in range(200):
        other, truth = written(copy_of(sentences, draw), draw)
        model = CopiesSuggester({"c": [source]}, {_hash(text): "c", _hash(other): "c"})
        found = {(one.start, one.end) for one in model.look(other, layer).proposals}
        there += len(truth)
        carried += len(found & set(truth.values()))
        wrong += len(found - set(truth.values()))
    assert wrong == 0
    assert carried >= 0.75 * there, f"{carried} of {there}"


def test_a_text_of_another_cluster_gets_nothing(layer: Layer) -> None:
    source = LabelledCopy("a" * 16, "Ola.", True, [(0, 3, "entities", "PERSON")], [("gone", "x")])
    model = CopiesSuggester({"c": [source]}, {_hash("Ola."): "c", _hash("Ola!"): "d"})
    assert model.look("Ola!", layer).proposals == [] and model.look("Eel.", layer).proposals == []
    assert [p.value for p in model.look("Ola.", layer).proposals] == ["PERSON"]


@pytest.mark.slow
def test_label_one_page_and_its_copy_gets_the_labels(tmp_path: Path) -> None:
    body = "".join(f"Sentence {n} of the wire story tells how ferry {n} crossed the bay of Sennet. " for n in range(30))
    one = f"Ferry late\n\nOla Brandt of Port Sellane waits.\n\n{body}\n"
    two = f"Harbour Times\n\nFerry late\n\nOla Brandt of Port Sellane waits.\n\n{body}\nRead also: Eels\n"
    settings = "".join(f'[[suggest.models]]\nlayer = "{name}"\nmodel = "copies"\n' for name in ("entities", "stance"))
    corpus = new_corpus(
        tmp_path / "corpus", {"one.txt": one, "two.txt": two, "three.txt": "Quite another page.\n"}, settings
    )
    label(corpus, "entities", {"one.txt": {"ada": [entity(one, "Ola Brandt", "PERSON")]}}, tmp_path)
    label(corpus, "stance", {"one.txt": {"ada": [stance("halvern_pipeline", "neutral")]}}, tmp_path)
    corpus.build()
    ids = dict(read(corpus, "documents", "documents").select("source", "doc_id").iter_rows())
    spans = read(corpus, "suggestions", "suggestions").filter(pl.col("layer") == "entities")
    start = two.index("Ola Brandt")
    assert spans.select("doc_id", "start", "end", "label", "model").rows() == [
        (ids["two.txt"], start, start + 10, "PERSON", "copies")
    ]
    answers = read(corpus, "suggestions", "suggested_choices")
    assert answers.select("doc_id", "control", "value").rows() == [
        (ids["two.txt"], "stance_halvern_pipeline", "neutral")
    ]
    assert corpus.validate().findings == []
