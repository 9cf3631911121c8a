"""`import --from` and `export` for other tools, through the public face: texts, people, labels and losses arrive."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import labelled_corpus as made
import polars as pl
import pytest

from corpus_kit import Corpus
from corpus_kit.core.errors import UsageError

TEXT = "Zoë 🚀 met Ana in Lima.\n"
ADA = "T1\tPERSON 0 3\tZoë\nT2\tPERSON 10 13\tAna\nA1\tSure T1 yes\n#1\tAnnotatorNotes T1\tnot sure\nQ broken\n"
BEN = "T1\tPERSON 0 3\tZoë\nT2\tGPE 17 21\tLima\n"


@pytest.fixture
def brat(tmp_path: Path) -> Path:
    for who, ann in (("ada", ADA), ("ben", BEN)):
        folder = tmp_path / "brat" / who
        folder.mkdir(parents=True)
        (folder / "page.txt").write_text(TEXT, encoding="utf-8")
        (folder / "page.ann").write_text(ann, encoding="utf-8")
    return tmp_path / "brat"


def test_files_of_another_tool_bring_texts_people_and_labels(tmp_path: Path, brat: Path) -> None:
    Corpus.init(tmp_path / "corpus")
    corpus = Corpus.open(tmp_path / "corpus")
    (told,) = corpus.import_([brat], "entities", source="brat")
    assert (told.tasks, told.annotations, told.documents, told.new) == (2, 2, 1, True)
    corpus.build(report=False)
    spans = made.read(corpus, "annotations", "spans")
    assert sorted(spans.select("start", "end", "label", "surface").rows()) == [
        (0, 3, "PERSON", "Zoë"), (0, 3, "PERSON", "Zoë"), (10, 13, "PERSON", "Ana"), (17, 21, "GPE", "Lima"),
    ]  # fmt: skip
    people = made.read(corpus, "annotations", "annotations")
    assert sorted(people["annotator"]) == ["annotator-01", "annotator-02"]
    rejected = pl.read_parquet(corpus.data / "rejected" / "pull-00000.parquet")
    assert sorted(rejected["reason"]) == ["malformed_result", "unknown_control"]
    assert "not sure" in "".join(people["payload"])


def test_the_ledger_keeps_the_bytes_of_every_file(tmp_path: Path, brat: Path) -> None:
    Corpus.init(tmp_path / "corpus")
    corpus = Corpus.open(tmp_path / "corpus")
    corpus.import_([brat], "entities", source="brat")
    (archive,) = (corpus.data / "imports").glob("*.zip")
    with zipfile.ZipFile(archive) as opened:
        kept = {info.filename: opened.read(info) for info in opened.infolist()}
    assert kept == {f"brat/{p.relative_to(brat).as_posix()}": p.read_bytes() for p in brat.rglob("page.*")}
    (again,) = corpus.import_([brat], "entities", source="brat")
    assert not again.new
    assert len(list((corpus.data / "imports").glob("*.zip"))) == 1


def test_texts_that_are_documents_already_are_not_brought_again(tmp_path: Path, brat: Path) -> None:
    corpus = made.new_corpus(tmp_path / "corpus", {"page.txt": TEXT})
    (told,) = corpus.import_([brat], "entities", source="brat")
    assert told.documents == 0
    corpus.build(report=False)
    assert made.read(corpus, "annotations", "spans")["doc_id"].n_unique() == 1


def test_documents_that_are_not_built_yet_are_asked_for(tmp_path: Path, brat: Path) -> None:
    Corpus.init(tmp_path / "corpus")
    (tmp_path / "corpus" / "data" / "raw" / "a.txt").write_text("Something.\n", encoding="utf-8")
    with pytest.raises(UsageError, match="not built yet"):
        Corpus.open(tmp_path / "corpus").import_([brat], "entities", source="brat")


@pytest.mark.slow
def test_an_export_for_another_tool_comes_back_as_it_went(tmp_path: Path) -> None:
    """People's folders of an export, imported into another corpus, give the same spans there."""
    corpus = made.new_corpus(tmp_path / "one")
    made.label(corpus, "entities", made.entities_of_three(), tmp_path)
    corpus.build(report=False)
    wanted = made.read(corpus, "annotations", "spans").select("start", "end", "label", "surface").rows()
    for form in ("brat", "doccano", "prodigy", "w3c"):
        folder = corpus.export(form).folder
        assert {p.name for p in (folder / "entities").iterdir()} == {"gold", *made.PSEUDONYM.values()}
        assert (folder / "losses.csv").is_file()
        other = made.new_corpus(tmp_path / form)
        people = sorted(p for p in (folder / "entities").iterdir() if p.name != "gold")
        other.import_(people, "entities", source=form)
        other.build(report=False)
        found = made.read(other, "annotations", "spans").select("start", "end", "label", "surface").rows()
        assert sorted(found) == sorted(wanted), form
        assert made.read(other, "annotations", "annotations")["annotator"].n_unique() == 3, form


def test_tasks_of_label_studio_hold_what_each_person_said(tmp_path: Path) -> None:
    corpus = made.new_corpus(tmp_path / "one")
    made.label(corpus, "entities", made.entities_of_three(), tmp_path)
    corpus.build(report=False)
    folder = corpus.export("label-studio").folder / "entities"
    lines = [
        json.loads(line) for p in folder.glob("annotator-*/tasks.jsonl") for line in p.read_text("utf-8").splitlines()
    ]
    spans = [r["value"] for task in lines for a in task["annotations"] for r in a["result"]]
    assert len(spans) == made.read(corpus, "annotations", "spans").height
    assert all(any(v["text"] in task["data"]["text"] for task in lines) for v in spans)


def test_what_is_not_settled_or_could_not_be_read_is_told_and_never_written_as_nothing(
    built_sample: Path, tmp_path: Path
) -> None:
    """One work of the release has an answer that could not be read; open places are those of `documents`."""
    import shutil

    from corpus_kit.core.storage.folders import read_manifest
    from corpus_kit.release.export.interchange import write_tool

    release = Path(shutil.copytree(built_sample / "data" / "release", tmp_path / "release"))
    file = release / "annotations" / "test-00000-of-00001.parquet"
    rows = pl.read_parquet(file, hive_partitioning=False)
    torn = rows.filter(pl.col("layer") == "entities").row(0, named=True)
    own = pl.col("annotation_id") == torn["annotation_id"]
    unread = pl.DataFrame([torn | {"kind": "unknown", "start": None, "end": None, "value": None}], schema=rows.schema)
    pl.concat([rows.filter(~own), unread]).write_parquet(file)
    manifest = read_manifest(release)
    assert manifest is not None
    losses = write_tool("brat", release, manifest, tmp_path / "brat")
    unknown = [loss for loss in losses if loss.reason == "not_known"]
    assert [(loss.doc_id, loss.span_id, loss.label) for loss in unknown] == [
        (torn["doc_id"], torn["annotator"], torn["control"])
    ]
    assert not list((tmp_path / "brat" / "entities" / torn["annotator"]).glob(f"*{torn['doc_id']}*"))
    documents = pl.read_parquet(release / "documents" / "*.parquet")["open_spans"].drop_nulls().to_list()
    wanted = sorted((one["layer"], one["start"], one["end"], one["label"]) for places in documents for one in places)
    disputed = [loss for loss in losses if loss.reason == "disputed"]
    assert sorted((loss.layer, loss.start, loss.end, loss.label) for loss in disputed) == wanted
    assert len(wanted) > 30
