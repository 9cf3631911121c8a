"""How a label came about: everybody's answer, the decision, and the worlds that would have decided otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest
from labelled_corpus import PAGES, entity, label, new_corpus

from corpus_kit import Corpus
from corpus_kit.core.errors import UsageError

TEXT = PAGES["ferry.txt"]
BRANDT = TEXT.index("Ola Brandt")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    folder = tmp_path_factory.mktemp("why")
    made = new_corpus(folder / "corpus")
    both = [entity(TEXT, "Ola Brandt", "PERSON"), entity(TEXT, "Port Sellane", "GPE")]
    work = {"ferry.txt": {"ada": both, "ben": both, "cyd": both[1:]}}
    label(made, "entities", work, folder)
    made.build()
    return made


def test_everybody_is_named_with_what_they_marked_also_who_marked_nothing(corpus: Corpus) -> None:
    found = corpus.why("ferry.txt", BRANDT, BRANDT + 3)
    place = f"{BRANDT}-{BRANDT + 10}:PERSON “Ola Brandt”"
    assert {one.annotator: one.items for one in found.said} == {
        "annotator-01": (place,),
        "annotator-02": (place,),
        "annotator-03": (),
    }
    assert all(one.on_current_text for one in found.said)


def test_gold_names_the_worlds_in_which_it_would_not_be(corpus: Corpus) -> None:
    """Two of three marked the name: not all, and without one of the two it is a tie. Nothing else turns it."""
    (brandt,) = corpus.why("ferry.txt", BRANDT, BRANDT + 3).decided
    assert (brandt.outcome, brandt.why) == ("gold", "2 of 3 marked exactly this.")
    assert brandt.lost_in == ("policy unanimous", "without annotator-01", "without annotator-02")
    (sellane,) = [d for d in corpus.why("ferry.txt").decided if d.value == "GPE"]
    assert sellane.lost_in == ()


def test_a_document_is_known_by_its_id_and_by_its_source(corpus: Corpus) -> None:
    by_source = corpus.why("ferry.txt")
    assert corpus.why(by_source.doc_id) == by_source


@pytest.mark.parametrize(("document", "words"), [("gull.txt", "no document"), ("eels.txt", "has labelled eels.txt")])
def test_what_is_not_there_is_one_sentence(corpus: Corpus, document: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        corpus.why(document)


def test_why_changes_nothing(corpus: Corpus) -> None:
    def files() -> dict[Path, bytes]:
        gold = corpus.data / "gold"
        return {path: path.read_bytes() for path in gold.rglob("*") if path.is_file()}

    before = files()
    corpus.why("ferry.txt")
    assert files() == before
