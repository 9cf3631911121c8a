"""The other shapes of the release hold the same rows, and Croissant describes it truly."""

from __future__ import annotations

import json
from pathlib import Path

import datasets
import pytest

from corpus_kit import Corpus
from corpus_kit.core.errors import EnvironmentProblemError, UsageError


def _parquet_rows(release: Path, cache: Path) -> list[dict]:
    return list(datasets.load_dataset(str(release), split="train", cache_dir=str(cache)))


@pytest.mark.slow
def test_arrow_and_jsonl_hold_the_same_rows_as_parquet(sample: Path, hub_cache: Path) -> None:
    corpus = Corpus.open(sample)
    corpus.build()
    rows = _parquet_rows(corpus.data / "release", hub_cache)
    arrow = corpus.export("arrow")
    assert list(datasets.load_from_disk(str(arrow.folder / "documents"))["train"]) == rows
    lines = corpus.export("jsonl")
    read = [json.loads(line) for line in (lines.folder / "documents" / "train.jsonl").open(encoding="utf-8")]
    for row, line in zip(rows, read, strict=True):
        row["published_on"] = row["published_on"] and row["published_on"].isoformat()
        assert row == line


def test_an_export_before_the_first_build_says_what_to_do(sample: Path) -> None:
    with pytest.raises(UsageError) as caught:
        Corpus.open(sample).export("hf")
    assert "corpus-kit build" in caught.value.hint


@pytest.mark.slow
def test_a_release_can_be_written_to_another_folder(sample: Path, tmp_path: Path, hub_cache: Path) -> None:
    corpus = Corpus.open(sample)
    corpus.build()
    made = corpus.export("hf", tmp_path / "elsewhere" / "release")
    assert sum(made.rows["documents"].values()) == 20
    assert list(made.rows) == [
        "documents",
        "annotations",
        *(f"{one}{end}" for one in ("boilerplate", "entities", "stance") for end in ("", "_soft")),
    ]
    assert _parquet_rows(made.folder, hub_cache) == _parquet_rows(corpus.data / "release", hub_cache)


def test_a_second_export_writes_nothing(sample: Path) -> None:
    corpus = Corpus.open(sample)
    corpus.build()
    before = {p: p.stat().st_mtime_ns for p in (corpus.data / "release").rglob("*")}
    assert corpus.export("hf").unchanged
    assert {p: p.stat().st_mtime_ns for p in (corpus.data / "release").rglob("*")} == before


def test_croissant_is_valid_and_yields_the_rows(sample_release: Path) -> None:
    import mlcroissant

    described = mlcroissant.Dataset(jsonld=sample_release / "croissant.json")
    assert not described.metadata.ctx.issues.errors
    records = list(described.records("documents"))
    assert len(records) == 20
    shown = records[0]["documents/doc_id"]
    assert (shown.decode() if isinstance(shown, bytes) else shown) in {
        json.loads(json.dumps(r)) for r in _ids(sample_release)
    }


def _ids(release: Path) -> list[str]:
    import pyarrow.parquet as pq

    return pq.read_table(release / "documents", columns=["doc_id"])["doc_id"].to_pylist()


def test_a_release_that_reads_back_differently_is_refused(sample: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison after writing has teeth: a wrong fingerprint in the manifest stops the export."""
    from corpus_kit.release import build

    honest = build.make_group

    def dishonest(task: object) -> dict:
        facts = honest(task)  # type: ignore[arg-type]
        facts["configs"]["documents"]["train"]["fingerprint"] = "0" * 64
        return facts

    monkeypatch.setattr(build, "make_group", dishonest)
    corpus = Corpus.open(sample)
    with pytest.raises(EnvironmentProblemError, match="reads back differently"):
        corpus.build()
    assert not (corpus.data / "release").exists(), "nothing half-made is left"
