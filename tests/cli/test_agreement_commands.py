"""`agreement`, `adjudicate` and `review` on the command line: figures with intervals, reasons, JSON unrounded."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from labelled_corpus import EELS, PSEUDONYM, STRIKE, entities_of_three, entity, label, new_corpus

from corpus_kit import Corpus
from corpus_kit.cli.errors import run
from corpus_kit.cli.main import cli


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    scratch = tmp_path_factory.mktemp("labelled")
    corpus = new_corpus(scratch / "corpus")
    label(corpus, "entities", entities_of_three(), scratch)
    corpus.build()
    return scratch / "corpus"


@pytest.fixture
def here(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = Path(shutil.copytree(made, tmp_path / "corpus"))
    monkeypatch.chdir(folder)
    return folder


def test_agreement_prints_everybody_pairs_labels_and_the_worst_documents(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(cli, ["agreement", "--layer", "entities"]) == 0
    shown = capsys.readouterr().out
    assert "entities: 7 annotations of 3 documents by 3 people; 3 documents by several" in shown
    everybody, pairs = shown.split("entities: pairs")
    assert [line.split()[:2] for line in everybody.splitlines() if line.startswith("span_f1_exact")][:2] == [
        ["span_f1_exact", "all"],
        ["span_f1_exact", "GPE"],
    ]
    assert "annotator-01 & 02  span_f1_exact" in pairs and "GPE" not in pairs.split("everybody with the rest")[0]
    assert "ferry.txt" in shown and "eels.txt" in shown
    assert run(cli, ["agreement", "--layer", "entities", "--labels-of-pairs"]) == 0
    longer = capsys.readouterr().out.split("entities: pairs")[1]
    assert re.search(r"annotator-01 & 02 +span_f1_exact +GPE", longer)


def test_the_agreement_of_the_sample_is_readable_at_80_columns(
    built_sample: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(built_sample)
    assert run(cli, ["agreement"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert len(shown) > 100
    assert [line for line in shown if len(line) > 80] == []
    assert not any("-0.000" in line for line in shown)


def test_a_layer_nobody_labelled_says_so_and_prints_no_nan(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(cli, ["agreement"]) == 0
    shown = capsys.readouterr().out
    assert "stance: 0 annotations of 0 documents by 0 people" in shown
    assert "nan" not in shown.lower().replace("annotator", "")


def test_json_is_one_document_and_unrounded(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(cli, ["agreement", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    values = [f["value"] for f in found["figures"] if f["value"] is not None]
    assert any(value != round(value, 6) for value in values)
    assert {w["layer"] for w in found["work"]} == {"boilerplate", "entities", "stance"}


def test_a_mistyped_layer_is_answered_with_the_likely_one(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(cli, ["agreement", "--layer", "entitis"]) == 2
    assert "Did you mean 'entities'?" in capsys.readouterr().err


def test_adjudicate_prints_what_is_open_and_says_that_a_policy_tried_out_does_not_last(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(cli, ["adjudicate"]) == 0
    told = capsys.readouterr()
    assert "2 disagreements are open" in told.err and "Not redone" in told.err
    row = next(line.split() for line in told.out.splitlines() if line.startswith("entities"))
    assert row == ["entities", "majority", "exact", "3", "2", "0", "3", "2", "1"]
    assert run(cli, ["adjudicate", "--policy", "unanimous", "--json"]) == 0
    told = capsys.readouterr()
    assert "next build keeps to the policy in corpus.toml" in told.err
    assert json.loads(told.out)["open"] > 2


def test_adjudicate_by_a_reviewer_needs_one(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(cli, ["adjudicate", "--policy", "reviewer"]) == 2
    assert "needs a reviewer" in capsys.readouterr().err
    assert run(cli, ["adjudicate", "--policy", "reviewer", "--reviewer", PSEUDONYM["ben"]]) == 0


def test_review_lists_suspects_and_counts_the_rest(
    here: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same word is a person on one page and a place on the other: each speaks against the other."""
    eels, strike = [entity(EELS, "News", "PERSON")], [entity(STRIKE, "News", "GPE")]
    corpus = Corpus.open(here)
    label(corpus, "entities", {"eels.txt": {"cyd": eels}, "strike.txt": {"cyd": strike}}, tmp_path)
    corpus.adjudicate()
    assert run(cli, ["review", "--single", "--limit", "1"]) == 0
    told = capsys.readouterr()
    assert len(told.out.splitlines()) == 2, "a header and one suspect"
    assert "more are suspicious" in told.err
    assert run(cli, ["review", "--single", "--json"]) == 0
    suspects = json.loads(capsys.readouterr().out)
    assert all(one["suspicion"] > 0 for one in suspects)


def test_gold_exports_say_where_they_are_and_what_they_lose(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(cli, ["export", "--strict", "--conll"]) == 0, "this gold loses nothing"
    assert "data/release-conll" in capsys.readouterr().err
    assert run(cli, ["export", "--conll", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["format"], found["losses"]) == ("conll", {})
