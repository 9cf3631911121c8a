"""What the report has read and counted of a shard is kept: asked for more, that shard is read again, and no other one."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from corpus_kit.core.parallel.executor import Workers
from corpus_kit.core.progress import Silent
from corpus_kit.core.storage.folders import read_manifest
from corpus_kit.corpus import Corpus
from corpus_kit.ingest import documents
from corpus_kit.report import sample
from corpus_kit.report.sample import ReportShard, read_documents
from corpus_kit.report.totals import count_shards, shard_tasks


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    (folder / "raw").mkdir()
    for n in range(24):
        text = f"Ferry {n} of Sennet Bay\n\nIt left the pier at {n} o'clock and came back with {n * 7} passengers.\n"
        (folder / "raw" / f"{n:02d}.txt").write_text(text, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(documents, "SHARD_BYTES", 4_000)
        Corpus.without(folder / "out").build([folder / "raw"], report=False)
    return folder / "out"


def shards_of(built: Path, kept: Path) -> list[ReportShard]:
    kept.mkdir(exist_ok=True)
    manifest = read_manifest(built / "documents")
    assert manifest is not None and len(manifest["files"]) >= 3
    names = [file["name"] for file in manifest["files"]]
    return [ReportShard(built / "documents" / name, (), kept / f"{name}.sample.json") for name in names]


def ids_of(shard: ReportShard) -> list[str]:
    return list(pq.read_table(shard.documents)["doc_id"].to_pylist())


def test_more_documents_of_a_shard_that_was_read_before_are_found(built: Path, tmp_path: Path) -> None:
    shards = shards_of(built, tmp_path / "kept")
    every = [ids_of(shard) for shard in shards]
    few = [ids[0] for ids in every[1:]]
    assert list(read_documents(few, shards)) == few
    all_of_them = [doc_id for ids in every for doc_id in ids][::-1]
    found = read_documents([*all_of_them, "0" * 16], shards)
    assert list(found) == all_of_them, "in the order they were asked for, and none that does not exist"
    for row in (row for shard in shards for row in pq.read_table(shard.documents).to_pylist()):
        shown = found[row["doc_id"]]
        assert (shown["text"], shown["source"], shown["title"]) == (row["text"], row["source"], row["title"])
        assert (shown["n_chars"], shown["suggested"]) == (len(row["text"]), [])


def test_only_the_shard_that_is_new_is_read(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shards = shards_of(built, tmp_path / "kept")
    ids = [ids_of(shard)[0] for shard in shards]
    before = read_documents(ids, shards)
    shards[-2].kept.unlink()
    opened: list[str] = []
    real = sample.read_table
    monkeypatch.setattr(sample, "read_table", lambda path, *more: opened.append(path.name) or real(path, *more))
    assert read_documents(ids, shards) == before
    assert opened == [shards[-2].documents.name]
    assert read_documents(ids, shards) == before and len(opened) == 1


@pytest.mark.parametrize("harm", ["", "{", '{"documents": 1}', None])
def test_counts_of_a_shard_that_were_harmed_or_lost_are_made_again(
    built: Path, tmp_path: Path, harm: str | None
) -> None:
    (tmp_path / "kept").mkdir(exist_ok=True)
    manifest = read_manifest(built / "documents")
    assert manifest is not None
    tasks = shard_tasks(built, tmp_path / "kept", manifest, read_manifest(built / "suggestions") or {})
    before = count_shards(tasks, Workers(1), Silent())
    assert before.documents == 24
    for task in tasks[1:]:
        Path(task.kept).unlink() if harm is None else Path(task.kept).write_text(harm, encoding="utf-8")
    assert count_shards(tasks, Workers(1), Silent()) == before
