"""Gold for other libraries, read back by those libraries: what the loss report does not name is equal."""

from __future__ import annotations

import builtins
import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import datasets
import nltk
import polars as pl
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from labelled_corpus import EELS, FERRY, STRIKE, Work, entity, junk, label, new_corpus, read, stance
from nltk.corpus.reader import ConllCorpusReader
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from corpus_kit import Corpus
from corpus_kit.core.errors import EnvironmentProblemError, FindingsError, UsageError
from corpus_kit.release.export.pieces import IGNORED, aligned
from corpus_kit.release.export.spacy_docs import spelled, whole_tokens
from corpus_kit.release.export.tokens import LabelledSpan, tokenize, untag

WIDE = "🧑‍🧑‍🧒 Dévik\u00a0Orlő met 金山 in Ōsaka.\nNo\u2028more.\n"

Span = tuple[str, int, int, str]
"""doc_id, start, end, label"""


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    scratch = tmp_path_factory.mktemp("exports")
    corpus = new_corpus(
        scratch / "corpus", {"ferry.txt": FERRY, "eels.txt": EELS, "strike.txt": STRIKE, "wide.txt": WIDE}
    )
    ids = dict(read(corpus, "documents", "documents").select("source", "doc_id").iter_rows())
    (scratch / "corpus" / "splits.csv").write_text(f"doc_id,split\n{ids['strike.txt']},test\n")
    long = entity(FERRY, "Ola Brandt of Port Sellane", "PERSON")
    work: Work = {
        "ferry.txt": {"ada": [long, entity(FERRY, "Port Sellane", "GPE"), entity(FERRY, "Bra", "ORG", nth=1)]},
        "eels.txt": {"ada": []},
        "strike.txt": {"ada": [entity(STRIKE, "Velmora", "GPE"), entity(STRIKE, "Monday", "DATE")]},
        "wide.txt": {"ada": [entity(WIDE, "Dévik\u00a0Orlő", "PERSON"), entity(WIDE, "金山", "GPE")]},
    }
    label(corpus, "entities", work, scratch)
    label(corpus, "boilerplate", {"ferry.txt": {"ada": [junk(FERRY, "Read also: Eels", "related_links")]}}, scratch)
    label(corpus, "stance", {"strike.txt": {"ada": [stance("teachers_strike", "favour")]}}, scratch)
    corpus.build()
    return corpus


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny byte-level tokenizer, as those of many models: several pieces may be bytes of one character."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    made.train_from_iterator([FERRY, EELS], trainers.BpeTrainer(vocab_size=300, initial_alphabet=alphabet))
    folder = tmp_path_factory.mktemp("tokenizer")
    made.save(str(folder / "tokenizer.json"))
    return folder


def _gold(corpus: Corpus, layer: str) -> set[Span]:
    rows = read(corpus, "gold", "spans").filter(pl.col("layer") == layer)
    return set(rows.select("doc_id", "start", "end", "label").iter_rows())


def _lost(folder: Path, layer: str) -> set[Span]:
    with (folder / "losses.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["layer"] == layer]
    return {(r["doc_id"], int(r["start"]), int(r["end"]), r["label"]) for r in rows}


def _texts(corpus: Corpus) -> dict[str, str]:
    return dict(read(corpus, "documents", "documents").select("doc_id", "text").iter_rows())


def test_conll_read_by_another_reader_gives_the_gold_without_the_losses(
    labelled: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = labelled.export("conll", tmp_path / "conll").folder
    monkeypatch.setattr(nltk.data, "path", [str(folder)])  # NLTK reads only where it was told to
    reader = ConllCorpusReader(
        str(folder / "entities"), ["train.conll", "test.conll"], ("words", "ignore", "pos", "chunk"), encoding="utf-8"
    )
    found: set[Span] = set()
    for words in _documents(_lines(folder)):
        doc_id, rows = words
        tokens = [(int(row[1]), int(row[2])) for row in rows]
        text = _texts(labelled)[doc_id]
        assert all(text[a:b] == row[0] for (a, b), row in zip(tokens, rows, strict=True))
        found |= {(doc_id, m.start, m.end, m.label) for m in untag(tokens, [row[3] for row in rows])}
    lost = _lost(folder, "entities")
    assert found | lost == _gold(labelled, "entities") and not found & lost
    ours = [(row[0], row[3]) for _, rows in _documents(_lines(folder)) for row in rows]
    assert [(word, tag) for word, _, tag in reader.iob_words()] == ours


def _lines(folder: Path) -> Iterator[list[str]]:
    for split in ("train", "test"):
        for line in (folder / "entities" / f"{split}.conll").read_text(encoding="utf-8").split("\n"):
            if line:
                columns = line.split(" ")
                assert len(columns) == 4
                yield columns


def _documents(lines: Iterator[list[str]]) -> list[tuple[str, list[list[str]]]]:
    made: list[tuple[str, list[list[str]]]] = []
    for columns in lines:
        if columns[0] == "-DOCSTART-":
            made.append((columns[1], []))
        else:
            made[-1][1].append(columns)
    return made


def test_spacy_documents_have_the_text_and_the_nested_gold(labelled: Corpus, tmp_path: Path) -> None:
    folder = labelled.export("spacy", tmp_path / "spacy").folder
    nlp = spacy.blank("xx")
    docs = [d for s in ("train", "test") for d in DocBin().from_disk(folder / f"{s}.spacy").get_docs(nlp.vocab)]
    texts = _texts(labelled)
    assert {d.user_data["doc_id"]: d.text for d in docs} == texts
    for layer in ("entities", "boilerplate"):
        found = {
            (d.user_data["doc_id"], s.start_char, s.end_char, s.label_)
            for d in docs
            if layer in d.spans
            for s in d.spans[layer]
        }
        lost = _lost(folder, layer)
        assert found | lost == _gold(labelled, layer) and not found & lost
    named = {e.text for d in docs for e in d.ents}
    assert "Ola Brandt of Port Sellane" in named and "Port Sellane" not in named, "entities do not overlap"
    assert [d.cats for d in docs if d.cats] == [{"teachers_strike=favour": 1.0}]


@given(st.text(max_size=60))
def test_words_and_blanks_spell_any_text_to_the_character(text: str) -> None:
    words, spaces = spelled(text, whole_tokens(text))
    assert Doc(Vocab(), words=words, spaces=spaces).text == text


@given(st.text(max_size=60))
def test_no_token_holds_anything_that_a_reader_takes_for_a_blank(text: str) -> None:
    assert all(text[a:b].split() == [text[a:b]] for a, b in tokenize(text))
    covered = {i for a, b in tokenize(text) for i in range(a, b)}
    assert all(text[i].isspace() for i in range(len(text)) if i not in covered)


def test_pieces_of_a_tokenizer_carry_the_gold_without_the_losses(
    labelled: Corpus, tokenizer: Path, tmp_path: Path
) -> None:
    folder = labelled.export("pieces", tmp_path / "pieces", tokenizer=str(tokenizer)).folder
    names = {int(k): v for k, v in json.loads((folder / "entities.labels.json").read_text()).items()}
    files = {split: str(folder / "entities" / f"{split}.parquet") for split in ("train", "test")}
    loaded = datasets.load_dataset("parquet", data_files=files, cache_dir=str(tmp_path / "cache"))
    assert names[0] == "O" and names[1] == "B-PERSON", "numbers are those of the release's ClassLabel"
    cut = Tokenizer.from_file(str(tokenizer / "tokenizer.json"))
    found: set[Span] = set()
    for row in [*loaded["train"], *loaded["test"]]:
        text = _texts(labelled)[row["doc_id"]]
        assert row["input_ids"] == cut.encode(text).ids
        kept = [i for i, number in enumerate(row["labels"]) if number != IGNORED]
        places = [_trimmed(text, row["starts"][i], row["ends"][i]) for i in kept]
        marks = untag(places, [names[row["labels"][i]] for i in kept])
        found |= {(row["doc_id"], m.start, m.end, m.label) for m in marks}
    lost = _lost(folder, "entities")
    assert found | lost == _gold(labelled, "entities") and not found & lost
    assert any(text.startswith("🧑") for text in _texts(labelled).values()), "one character, many pieces"


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())


def test_pieces_that_are_bytes_of_one_character_are_tagged_as_one() -> None:
    labels, tagged = aligned(
        "a 🧑 b", [(0, 0), (0, 1), (1, 3), (2, 3), (2, 3), (3, 5), (0, 0)], [LabelledSpan(2, 3, "X")]
    )
    assert labels == [None, "O", "B-X", "I-X", "I-X", "O", None]
    assert tagged.losses == []


def test_a_span_that_cuts_a_piece_is_a_loss() -> None:
    labels, tagged = aligned("Velmora", [(0, 7)], [LabelledSpan(0, 3, "GPE")])
    assert labels == ["O"] and [loss.reason for loss in tagged.losses] == ["cuts_token"]


@pytest.mark.parametrize("format", ["conll", "spacy", "pieces"])
def test_strict_refuses_and_writes_nothing(labelled: Corpus, tokenizer: Path, tmp_path: Path, format: str) -> None:
    with pytest.raises(FindingsError, match="entities: 1 "):
        labelled.export(format, tmp_path / "out", tokenizer=str(tokenizer), strict=True)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("format", ["conll", "spacy", "pieces"])
def test_the_same_gold_gives_the_same_files(labelled: Corpus, tokenizer: Path, tmp_path: Path, format: str) -> None:
    made = [labelled.export(format, tmp_path / n, tokenizer=str(tokenizer)).folder for n in ("one", "two")]
    contents = [{p.relative_to(f): p.read_bytes() for p in f.rglob("*") if p.is_file()} for f in made]
    assert contents[0] == contents[1] and len(contents[0]) > 2


@pytest.mark.parametrize(("format", "library"), [("spacy", "spacy"), ("pieces", "tokenizers")])
def test_a_missing_library_is_named_with_the_way_to_install_it(
    labelled: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: str, library: str
) -> None:
    honest = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.split(".")[0] == library:
            raise ImportError(name)
        return honest(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(EnvironmentProblemError) as caught:
        labelled.export(format, tmp_path / "out", tokenizer=str(tmp_path))
    assert f"pip install 'corpus-kit[{library}]'" in caught.value.hint
    assert not (tmp_path / "out").exists()


def test_a_folder_without_a_tokenizer_is_a_usage_error(labelled: Corpus, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no tokenizer\.json"):
        labelled.export("pieces", tmp_path / "out", tokenizer=str(tmp_path))


def test_without_gold_the_error_says_where_it_comes_from(tmp_path: Path) -> None:
    corpus = new_corpus(tmp_path / "corpus", {"a.txt": "One page.\n"})
    with pytest.raises(UsageError, match="no gold") as caught:
        corpus.export("conll")
    assert "corpus-kit pull" in caught.value.hint
