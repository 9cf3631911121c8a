"""What people have not settled is marked as unknown in every format; it is never `O`, `content` or "nothing"."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from spacy.lang.xx import MultiLanguage
from spacy.tokens import DocBin

from corpus_kit import Corpus
from corpus_kit.core.storage.folders import read_manifest
from corpus_kit.release.export.conll import write_conll
from corpus_kit.release.export.pieces import aligned
from corpus_kit.release.export.spacy_docs import write_spacy
from corpus_kit.release.export.tokens import LabelledSpan, known_tokens, tag

Places = dict[tuple[str, str], list[tuple[int, int]]]


def _table(release: Path, config: str) -> pl.DataFrame:
    return pl.read_parquet(release / config / "*.parquet")


def _names(release: Path, config: str, column: str) -> list[str]:
    """The names of a ClassLabel, read from the YAML block as a stranger would."""
    import yaml

    block = yaml.safe_load((release / "README.md").read_text(encoding="utf-8").split("---\n")[1])
    info = next(one for one in block["dataset_info"] if one["config_name"] == config)
    dtype = json.loads(json.dumps(next(one for one in info["features"] if one["name"] == column)))
    names = re.search(r'"names": (\{[^}]*\})', json.dumps(dtype))
    assert names
    return [name for _, name in sorted(json.loads(names[1]).items(), key=lambda item: int(item[0]))]


def _places(release: Path, outcome: str) -> Places:
    """(doc_id, layer) → places of the decisions about spans with this outcome, from the gold folder beside it."""
    made: Places = {}
    decisions = pl.read_parquet(release.parent / "gold" / "decisions-*.parquet")
    for row in decisions.filter(pl.col("outcome") == outcome, pl.col("table") == "spans").iter_rows(named=True):
        start, end = row["item"].split(":")[0].split("-")
        made.setdefault((row["doc_id"], row["layer"]), []).append((int(start), int(end)))
    return made


def test_tokens_under_an_open_disagreement_are_not_known(sample_release: Path) -> None:
    open_, gold = _places(sample_release, "open"), _places(sample_release, "gold")
    unknown = 0
    for row in _table(sample_release, "entities").iter_rows(named=True):
        key = (row["doc_id"], "entities")
        doubtful = {
            at
            for a, b in open_.get(key, [])
            if not any(c <= a and b <= d for c, d in gold.get(key, []))
            for at in range(a, b)
        }
        for start, end, known in zip(row["token_starts"], row["token_ends"], row["known"], strict=True):
            assert known is doubtful.isdisjoint(range(start, end)), (row["doc_id"], start, end)
            unknown += not known
    assert unknown > 20, "the sample has disputes about names"


def test_a_line_that_could_be_boilerplate_is_disputed_and_not_content(sample_release: Path) -> None:
    names = _names(sample_release, "boilerplate", "label")
    assert names[0] == "content"
    assert names[-1] == "disputed"
    open_, gold = _places(sample_release, "open"), _places(sample_release, "gold")
    seen = set()
    for row in _table(sample_release, "boilerplate").iter_rows(named=True):
        key, line = (row["doc_id"], "boilerplate"), set(range(row["start"], row["end"]))
        settled = {at for a, b in gold.get(key, []) for at in range(a, b)} & line
        doubtful = {at for a, b in open_.get(key, []) for at in range(a, b)} & line
        name = names[row["label"]]
        if name == "content":
            assert not doubtful or 2 * len(settled | doubtful) <= len(line)
        if name == "disputed":
            assert doubtful
            assert 2 * len(settled | doubtful) > len(line)
        seen.add(name)
    assert {"content", "disputed"} <= seen


def test_documents_name_the_places_in_dispute_and_main_text_what_is_undecided(sample_release: Path) -> None:
    open_ = _places(sample_release, "open")
    for row in _table(sample_release, "documents").iter_rows(named=True):
        found: Places = {}
        for one in row["open_spans"]:
            found.setdefault((row["doc_id"], one["layer"]), []).append((one["start"], one["end"]))
        wanted = {key: sorted(places) for key, places in open_.items() if key[0] == row["doc_id"]}
        assert {key: sorted(places) for key, places in found.items()} == wanted
        undecided = [(one["start"], one["end"]) for one in row["main_undecided"]]
        assert undecided == sorted(set(open_.get((row["doc_id"], "boilerplate"), [])))


def test_conll_and_spacy_say_missing_where_people_disagree(sample_release: Path, tmp_path: Path) -> None:
    manifest = read_manifest(sample_release)
    assert manifest
    write_conll(sample_release, manifest, ["entities"], tmp_path / "conll")
    tags: dict[tuple[str, int], str] = {}
    doc_id = ""
    for file in sorted((tmp_path / "conll" / "entities").glob("*.conll")):
        for line in file.read_text(encoding="utf-8").split("\n"):
            word = line.split(" ")
            if word[0] == "-DOCSTART-":
                doc_id = word[1]
            elif line:
                tags[doc_id, int(word[1])] = word[3]
    write_spacy(sample_release, manifest, ["entities"], "entities", tmp_path / "spacy")
    vocab = MultiLanguage().vocab
    missing: dict[tuple[str, int], bool] = {}
    for file in sorted((tmp_path / "spacy").glob("*.spacy")):
        for doc in DocBin().from_disk(file).get_docs(vocab):
            missing |= {(doc.user_data["doc_id"], token.idx): token.ent_iob == 0 for token in doc}
    checked = 0
    for row in _table(sample_release, "entities").iter_rows(named=True):
        for start, known, number in zip(row["token_starts"], row["known"], row["ner_tags"], strict=True):
            assert (tags[row["doc_id"], start] == "-") is not known
            if number == 0:
                assert missing[row["doc_id"], start] is not known
            checked += not known
    assert checked


def test_a_piece_in_dispute_is_ignored_by_the_loss() -> None:
    text = "Ola Brandt of Port Sellane spoke"
    offsets = [(0, 3), (4, 10), (11, 13), (14, 18), (19, 26), (27, 32)]
    labels, _ = aligned(text, offsets, [LabelledSpan(14, 26, "GPE")], [(0, 10)])
    assert labels == [None, None, "O", "B-GPE", "I-GPE", "O"]


@pytest.mark.parametrize(
    ("open_places", "known"),
    [
        ([], [True] * 5),
        ([(0, 10)], [False, False, True, True, True]),
        ([(14, 26)], [True] * 5),  # the same place is settled
        ([(19, 26)], [True] * 5),  # inside a settled span, which is tagged whatever becomes of it
        ([(11, 26)], [True, True, False, False, False]),  # a longer span would be tagged in place of the settled one
        ([(1, 2)], [False, True, True, True, True]),  # part of a token
    ],
)
def test_only_a_disagreement_that_could_change_a_tag_makes_it_unknown(
    open_places: list[tuple[int, int]], known: list[bool]
) -> None:
    marks = [LabelledSpan(14, 26, "GPE", "1")]
    tagged = tag("Ola Brandt of Port Sellane", marks)
    assert known_tokens(tagged, marks, open_places) == known


def test_a_release_without_disagreements_knows_every_token(tmp_path: Path) -> None:
    from labelled_corpus import FERRY, entity, label, new_corpus

    corpus = new_corpus(tmp_path / "corpus", settings="[suggest]\nboilerplate = false\n")
    names: Any = {"ferry.txt": {"ada": [entity(FERRY, "Port Sellane", "GPE")]}}
    label(corpus, "entities", names, tmp_path)
    Corpus.open(tmp_path / "corpus").build()
    rows = _table(corpus.data / "release", "entities")
    assert rows["known"].explode().all()
    assert _table(corpus.data / "release", "documents")["open_spans"].drop_nulls().list.len().to_list() == [0]
