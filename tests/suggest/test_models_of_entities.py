"""Models as suggesters: exact places in any text, labels as corpus.toml maps them, and a sentence for what is wrong."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labelled_corpus import FERRY, entity, label, new_corpus, read

from corpus_kit.cli.errors import run
from corpus_kit.cli.main import cli
from corpus_kit.core.errors import ConfigError, EnvironmentProblemError, UsageError
from corpus_kit.core.storage.folders import read_manifest
from corpus_kit.corpus import Corpus
from corpus_kit.suggest.entities.interface import answers
from corpus_kit.suggest.entities.loading import label_mapping, load_suggester
from corpus_kit.suggest.entities.windows import Piece, spans_of, windows

TEXT = "🚢 Zoë\u0308 Brandt of Port Sellane met Ola Brandt.\r\n\n𝔅 Velmora — Port Sellane\n"


def entities(corpus: Corpus) -> pl.DataFrame:
    return read(corpus, "suggestions", "suggestions").filter(pl.col("layer") == "entities")


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A spaCy pipeline on the disk that marks three names."""
    import spacy

    nlp = spacy.blank("xx")
    ruler: Any = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "PER", "pattern": "Ola Brandt"}, {"label": "GPE", "pattern": "Port Sellane"}])
    ruler.add_patterns([{"label": "BOAT", "pattern": "Ferry"}])
    folder = tmp_path_factory.mktemp("spacy") / "tiny"
    nlp.to_disk(folder)
    return folder


def with_model(folder: Path, spec: str, more: str = "") -> Corpus:
    return new_corpus(folder / "corpus", settings=f'[[suggest.entities.models]]\nmodel = "{spec}"\n{more}')


def test_a_spacy_pipeline_suggests_in_every_build_and_is_asked_once(
    pipeline: Path, tmp_path: Path, capsys: Any
) -> None:
    mapping = '[suggest.entities.models.labels]\nPER = "PERSON"\n'
    corpus = with_model(tmp_path, f"spacy:{pipeline}", mapping)
    rows = entities(corpus).sort("doc_id", "start")
    assert sorted(rows.select("surface", "label").rows()) == [("Ola Brandt", "PERSON"), ("Port Sellane", "GPE")]
    (version,) = set(rows["model_version"])
    assert version.startswith("spacy:tiny@") and str(tmp_path) not in version
    (about,) = [m for m in read_manifest(corpus.data / "suggestions")["models"] if m["layer"] == "entities"]  # type: ignore[index]
    assert (about["model"], about["version"], about["labels"]["PER"]) == ("spacy:tiny", version, "PERSON")
    again = corpus.build().entities
    assert again is not None and [m.asked for m in again.models] == [0]
    assert again.suggested.left_out == {"BOAT": 2}
    assert run(cli, ["suggest", "entities", "--corpus", str(corpus.root)]) == 0
    assert "2 BOAT" in capsys.readouterr().err


def test_what_people_labelled_wins_over_a_model_and_finished_documents_are_left_alone(
    pipeline: Path, tmp_path: Path
) -> None:
    corpus = with_model(tmp_path, f"spacy:{pipeline}", '[suggest.entities.models.labels]\nPER = "PERSON"\n')
    assert entities(corpus).height == 2
    label(corpus, "entities", {"ferry.txt": {"ada": [entity(FERRY, "Ola Brandt", "PERSON")]}}, tmp_path)
    corpus.build()
    assert entities(corpus).is_empty()


def test_another_model_file_is_another_version(pipeline: Path, tmp_path: Path) -> None:
    import shutil

    before = load_suggester(f"spacy:{pipeline}", None, trusted=True).model_version
    copy = tmp_path / "tiny"
    shutil.copytree(pipeline, copy)
    assert load_suggester(f"spacy:{copy}", None, trusted=True).model_version == before
    meta = json.loads((copy / "meta.json").read_text())
    (copy / "meta.json").write_text(json.dumps(meta | {"description": "another"}))
    assert load_suggester(f"spacy:{copy}", None, trusted=True).model_version != before


# Windows and pieces


@given(st.integers(1, 400), st.integers(2, 60), st.integers(0, 30))
def test_windows_cover_every_piece_once_and_the_answers_come_from_inside(count: int, size: int, stride: int) -> None:
    stride = min(stride, size // 2)
    cut = list(windows(count, size, stride))
    covered = [i for _, _, counted, stop in cut for i in range(counted, stop)]
    assert covered == list(range(count))
    for begin, end, counted, stop in cut:
        assert begin <= counted < stop <= end and end - begin <= size


@given(st.integers(1, 400), st.integers(2, 60), st.integers(0, 30))
def test_of_two_windows_that_share_a_piece_the_one_answers_in_which_it_is_farther_from_the_edge(
    count: int, size: int, stride: int
) -> None:
    stride = min(stride, size // 2)
    cut = list(windows(count, size, stride))
    for (_, end, _, stop), (begin, _, counted, _) in pairwise(cut):
        assert end - begin == stride and stop == counted
        for piece in range(begin, end):
            after, before = piece - begin, end - 1 - piece  # pieces seen before it by the second, after it by the first
            assert before >= after if piece < stop else after >= before - 1


_WORDS = st.lists(st.text(st.sampled_from("aЖ一🚀e\u0301"), min_size=1, max_size=4), min_size=1, max_size=8)


@given(_WORDS, st.data())
def test_spans_are_whole_words_in_code_points_wherever_the_pieces_are_cut(words: list[str], data: Any) -> None:
    text = " ".join(words)
    labels = data.draw(st.lists(st.sampled_from(["O", "B-A", "I-A", "B-B"]), min_size=len(words), max_size=len(words)))
    pieces, at, spaced = [], 0, data.draw(st.booleans())
    for word, told in zip(words, labels, strict=True):
        cut = data.draw(st.integers(1, len(word)))
        lead = 1 if spaced and at else 0
        pieces.append(Piece(at - lead, at + cut, told, 0.5))
        if cut < len(word):
            pieces.append(Piece(at + cut, at + len(word), told.replace("B-", "I-"), 0.9))
        at += len(word) + 1
    made = spans_of(pieces, text)
    assert all(
        0 <= s.start < s.end <= len(text) and text[s.start : s.end].strip() == text[s.start : s.end] for s in made
    )
    assert all(a.end <= b.start for a, b in pairwise(made))
    marked = {i for s in made for i in range(s.start, s.end) if text[i] != " "}
    wanted, at = set(), 0
    for word, told in zip(words, labels, strict=True):
        wanted |= set(range(at, at + len(word))) if told != "O" else set()
        at += len(word) + 1
    assert marked == wanted


# Transformers


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny BERT with random weights and a WordPiece vocabulary of single characters, on the disk."""
    reason = "Transformers and PyTorch are not installed: pip install 'corpus-kit[transformers]'"
    try:
        import torch
        from transformers import BertConfig, BertForTokenClassification, BertTokenizerFast
    except ImportError:
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("bert") / "tiny-bert"
    letters = sorted({c for c in TEXT + FERRY if not c.isspace()} | set("abcdefghijklmnopqrstuvwxyz"))
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{c}" for c in letters), "port", "##t"]
    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(dict.fromkeys(vocabulary)), encoding="utf-8")
    BertTokenizerFast(str(folder / "vocab.txt"), do_lower_case=False, model_max_length=32).save_pretrained(folder)
    torch.manual_seed(5)
    names = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
    config = BertConfig(
        vocab_size=len(dict.fromkeys(vocabulary)), hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=16, max_position_embeddings=32, id2label=dict(enumerate(names)),
        label2id={n: i for i, n in enumerate(names)}, initializer_range=2.0,
    )  # fmt: skip
    BertForTokenClassification(config).save_pretrained(folder)
    return folder


@pytest.mark.slow
def test_a_token_classifier_suggests_exact_words_of_long_texts_and_the_same_twice(classifier: Path) -> None:
    loaded = load_suggester(f"transformers:{classifier}", None, trusted=True)
    texts = [TEXT * 12, "", "🚢", FERRY, "x" * 300]
    found = answers(loaded.suggester, texts)
    assert any(found[0]) and loaded.device in ("cpu", "cuda", "mps")
    assert sorted(loaded.suggester.labels) == ["LOC", "PER"]
    for text, spans in zip(texts, found, strict=True):
        for span in spans:
            assert text[span.start : span.end].strip() == text[span.start : span.end] != ""
            assert span.start == 0 or not (text[span.start - 1].isalnum() and text[span.start].isalnum())
            assert span.end == len(text) or not (text[span.end - 1].isalnum() and text[span.end].isalnum())
    assert answers(load_suggester(f"transformers:{classifier}", None, trusted=True).suggester, texts) == found
    one_by_one = [answers(loaded.suggester, [text])[0] for text in texts]
    assert [[s[:3] for s in spans] for spans in one_by_one] == [[s[:3] for s in spans] for spans in found]


@settings(max_examples=15)
@given(st.text(st.sampled_from("aZ é\u0301🚢𝔅一\n.ж"), max_size=80))
def test_any_text_gets_spans_of_its_own_code_points(classifier: Path, text: str) -> None:
    for span in answers(_loaded(str(classifier)), [text])[0]:
        assert 0 <= span.start < span.end <= len(text)


_CACHE: dict[str, Any] = {}


def _loaded(folder: str) -> Any:
    if folder not in _CACHE:
        _CACHE[folder] = load_suggester(f"transformers:{folder}", None, trusted=True).suggester
    return _CACHE[folder]


@pytest.mark.slow
def test_a_token_classifier_in_the_build_records_its_revision(classifier: Path, tmp_path: Path) -> None:
    mapping = '[suggest.entities.models.labels]\nPER = "PERSON"\nLOC = "LOC"\n'
    corpus = with_model(tmp_path, f"transformers:{classifier}", f"threshold = 0.0\n{mapping}")
    rows = entities(corpus)
    assert rows.height and set(rows["label"]) <= {"PERSON", "LOC"}
    assert {v.split("@")[0] for v in rows["model_version"]} == {"transformers:tiny-bert"}
    assert corpus.validate().findings == []


# A suggester of one's own, and what is wrong


class Fixed:
    """Says what it was made to say."""

    name, version, labels = "fixed", "1", ("PERSON",)

    def __init__(self, *spans: tuple[int, int, str, float]) -> None:
        self.spans = spans

    def suggest(self, texts: Sequence[str]) -> list[tuple[tuple[int, int, str, float], ...]]:
        return [self.spans for _ in texts]


@pytest.mark.parametrize("span", [(0, 9, "PERSON", 0.5), (3, 3, "PERSON", 0.5), (0, 2, "", 0.5), (0, 2, "PERSON", 1.5)])
def test_an_answer_that_cannot_be_a_span_stops_with_a_sentence(span: tuple[int, int, str, float]) -> None:
    with pytest.raises(EnvironmentProblemError, match="'fixed' gave an answer that cannot be used"):
        answers(Fixed(span), ["four"])
    assert answers(Fixed((0, 4, "PERSON", 0.5)), ["a b "]) == [[(0, 3, "PERSON", 0.5)]]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("spacey:x", "Did you mean 'spacy'"),
        ("spacy:", "names no model"),
        ("spacy:no_such_pipeline", "There is no spaCy pipeline"),
        ("python:nothing_of_the_kind:X", "There is no Python module"),
        ("python:json:Decoder", "has no 'Decoder'. Did you mean"),
        ("python:json:JSONDecoder", "it has no name, version, labels, suggest"),
    ],
)
def test_a_wrong_model_name_gets_a_sentence_and_the_next_step(spec: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as e:
        load_suggester(spec, None, trusted=True)
    assert e.value.hint


def test_a_missing_extra_names_the_command_that_mends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(EnvironmentProblemError) as e:
        load_suggester("transformers:whatever", None, trusted=True)
    assert "pip install 'corpus-kit[transformers]'" in e.value.hint
    monkeypatch.setitem(sys.modules, "spacy", None)
    monkeypatch.setitem(sys.modules, "spacy.about", None)
    with pytest.raises(EnvironmentProblemError) as e:
        load_suggester("spacy:whatever", None, trusted=True)
    assert "pip install 'corpus-kit[spacy]'" in e.value.hint


def test_a_label_that_is_none_is_refused_with_the_one_that_was_meant() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'PERSON'"):
        label_mapping("spacy:x", ["PER"], {"PER": "PERSN"}, "entities", ["PERSON", "ORG"])
    with pytest.raises(ConfigError, match="Did you mean 'PER'"):
        label_mapping("spacy:x", ["PER"], {"PERR": "PERSON"}, "entities", ["PERSON", "ORG"])
    assert label_mapping("m", ["PER", "ORG"], {"PER": ""}, "entities", ["ORG"]) == {"PER": "", "ORG": "ORG"}
