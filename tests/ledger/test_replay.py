"""`build --as-of --without --guidelines --policy --boundary`: a world is what a ledger of only its answers would give.

The other ledger is written here by hand: exports from which the answers are taken out of the JSON.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from labelled_corpus import EELS, FERRY, PSEUDONYM, entities_of_three, entity, label, new_corpus, read
from replayed import copied, only

from corpus_kit import Corpus
from corpus_kit.cli.main import cli
from corpus_kit.core.errors import UsageError
from corpus_kit.core.world import World
from corpus_kit.ledger.ledger import Ledger

SETTINGS = "[suggest]\nboilerplate = false\n[agreement]\nresamples = 20\n"
Task = dict[str, Any]


@pytest.fixture(scope="module")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built corpus without labels."""
    root = tmp_path_factory.mktemp("replay") / "corpus"
    new_corpus(root, settings=SETTINGS)
    return root


@pytest.fixture
def labelled(blank: Path, tmp_path: Path) -> Corpus:
    corpus = copied(blank, tmp_path / "corpus")
    label(corpus, "entities", entities_of_three(), tmp_path)
    corpus.adjudicate()
    return corpus


def _tables(folder: Path) -> dict[str, bytes]:
    """Everything that was made of people's answers; the manifest of annotations names the exports, and is left out."""
    found = {f"annotations/{p.name}": p.read_bytes() for p in (folder / "annotations").glob("*.parquet")}
    return found | {f"gold/{p.name}": p.read_bytes() for p in (folder / "gold").iterdir()}


def _everything(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_without_somebody(labelled: Corpus, tmp_path: Path) -> None:
    before = _everything(labelled.data)
    labelled.build(out=tmp_path / "world", report=False, world=World(without=PSEUDONYM["ben"]))
    assert _everything(labelled.data) == before
    other = only(labelled, tmp_path / "other", lambda a: a["completed_by"]["email"] != "ben@people.example")
    made = _tables(tmp_path / "world")
    assert made == _tables(other.data) and made != _tables(labelled.data)
    assert set(read(other, "annotations", "annotations")["annotator"]) == {PSEUDONYM["ada"], PSEUDONYM["cyd"]}


@pytest.mark.slow
def test_as_of_a_day_takes_younger_answers_out(labelled: Corpus, tmp_path: Path) -> None:
    """Cyd's answers are of 3 January."""
    labelled.build(out=tmp_path / "world", report=False, world=World(as_of="2031-01-02"))
    other = only(labelled, tmp_path / "other", lambda a: a["updated_at"] < "2031-01-03")
    assert _tables(tmp_path / "world") == _tables(other.data)


def _pulled(corpus: Corpus, answers: list[Task], **about: Any) -> None:
    """One pull of one task about the ferry."""
    row = read(corpus, "documents", "documents").filter(source="ferry.txt").row(0, named=True)
    data = {name: row[name] for name in ("doc_id", "text", "text_sha256")}
    task = {"id": 1, "data": data, "annotations": answers, "predictions": [], "drafts": []}
    Ledger(corpus.data / "imports").append("entities", [task], server="http://one.example", project=1, **about)


def _answer(name: str, number: int, day: str, words: str, made: str = "") -> Task:
    return {
        "id": number,
        "unique_id": f"00000000-0000-5000-8000-{number:012d}",
        "completed_by": {"id": number, "email": f"{name}@people.example"},
        "created_at": f"{made or day}T08:00:00Z",
        "updated_at": f"{day}T09:00:00Z",
        "was_cancelled": False,
        "ground_truth": False,
        "result": [entity(FERRY, words, "PERSON")],
    }


@pytest.mark.slow
def test_as_of_a_day_brings_back_what_was_changed_or_deleted_later(blank: Path, tmp_path: Path) -> None:
    early = [_answer("ada", 1, "2031-01-01", "Ola Brandt"), _answer("ben", 2, "2031-01-02", "Brandt")]
    late = [_answer("ada", 1, "2031-02-01", "Brandt", made="2031-01-01")]  # changed; Ben's is deleted
    both, first = copied(blank, tmp_path / "both"), copied(blank, tmp_path / "first")
    _pulled(both, early)
    _pulled(both, late)
    both.adjudicate()
    _pulled(first, early)
    first.adjudicate()
    assert read(both, "annotations", "annotations")["status"].to_list() == ["submitted", "deleted"]
    assert (both.data / "pseudonyms.json").read_bytes() == (first.data / "pseudonyms.json").read_bytes()
    both.build(out=tmp_path / "world", report=False, world=World(as_of="2031-01-31"))
    assert _tables(tmp_path / "world") == _tables(first.data)
    assert read(first, "annotations", "spans")["surface"].to_list() == ["Ola Brandt", "Brandt"]


@pytest.mark.slow
def test_under_one_text_of_the_guidelines(blank: Path, tmp_path: Path) -> None:
    """A later pull that brings an old answer again does not make it one of the newer guidelines."""
    ada, ben = _answer("ada", 1, "2031-01-01", "Ola Brandt"), _answer("ben", 2, "2031-02-02", "Brandt")
    both, first = copied(blank, tmp_path / "both"), copied(blank, tmp_path / "first")
    _pulled(both, [ada], guidelines_sha256="a" * 64)
    _pulled(both, [ada, ben], guidelines_sha256="b" * 64)
    both.adjudicate()
    assert read(both, "annotations", "annotations").sort("annotator")["guidelines_sha256"].to_list() == [
        "a" * 64,
        "b" * 64,
    ]
    _pulled(first, [ada], guidelines_sha256="a" * 64)
    first.adjudicate()
    shutil.copy(both.data / "pseudonyms.json", first.data / "pseudonyms.json")
    first.adjudicate()
    both.build(out=tmp_path / "world", report=False, world=World(guidelines="a" * 12))
    assert _tables(tmp_path / "world") == _tables(first.data)
    with pytest.raises(UsageError, match=r"No layer had guidelines of version '9.9'"):
        both.build(out=tmp_path / "none", report=False, world=World(guidelines="9.9"))


@pytest.mark.slow
def test_policy_and_boundary_are_those_of_adjudicate(labelled: Corpus, tmp_path: Path) -> None:
    other = copied(labelled.data.parent, tmp_path / "other")
    other.adjudicate("unanimous", "union")
    labelled.build(out=tmp_path / "world", report=False, world=World(policy="unanimous", boundary="union"))
    assert _tables(tmp_path / "world") == _tables(other.data)


@pytest.mark.slow
def test_several_at_once(labelled: Corpus, tmp_path: Path) -> None:
    world = World(as_of="2031-01-02", without=PSEUDONYM["ada"], policy="unanimous")
    labelled.build(out=tmp_path / "world", report=False, world=world)
    other = only(labelled, tmp_path / "other", lambda a: a["completed_by"]["email"] == "ben@people.example")
    other.adjudicate("unanimous")
    assert _tables(tmp_path / "world") == _tables(other.data)
    manifest = json.loads((tmp_path / "world" / "annotations" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["world"] == {"as_of": "2031-01-02", "without": PSEUDONYM["ada"], "policy": "unanimous"}
    answers = manifest["answers"]
    assert answers["brought"] == answers["spans"] + answers["left_out"]
    assert EELS in (labelled.data / "raw" / "eels.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--without", "annotator-02"], "does not replace the one that is"),
        (["--without", "annotator-12", "--out", "w"], "There is no annotator 'annotator-12'"),
        (["--as-of", "last week", "--out", "w"], "is no day and no moment"),
        (["--guidelines", "7.0", "--out", "w"], "No layer had guidelines of version '7.0'"),
    ],
)
def test_what_cannot_be_is_said(
    labelled: Corpus, monkeypatch: pytest.MonkeyPatch, options: list[str], told: str
) -> None:
    monkeypatch.chdir(labelled.data.parent)
    found = CliRunner().invoke(cli, ["build", "--no-report", *options])
    assert isinstance(found.exception, UsageError)
    assert told in str(found.exception)
