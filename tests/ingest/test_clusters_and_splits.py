"""Equal texts are one cluster, kept and never dropped; the user's splits win where they do not contradict that."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ingest_samples import ingest, page, write

from corpus_kit.core.errors import UsageError
from corpus_kit.ingest import documents


@pytest.mark.parametrize("shard_bytes", [8 << 20, 1])
def test_equal_texts_share_the_smallest_doc_id_and_are_all_kept(
    shard_bytes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "SHARD_BYTES", shard_bytes)
    raw = write(tmp_path / "raw", {"a.txt": page(1), "b.txt": page(2), "c.txt": page(1).replace("\n", "\r\n")})
    write(raw, {"d.jsonl": json.dumps({"text": page(1)})})
    made = ingest(raw, tmp_path / "out")
    same = [made.by_source[s] for s in ("a.txt", "c.txt", "d.jsonl#1")]
    assert {d["duplicate_cluster"] for d in same} == {min(d["doc_id"] for d in same)}
    assert made.by_source["b.txt"]["duplicate_cluster"] == made.by_source["b.txt"]["doc_id"]
    assert made.result.documents == 4
    again = ingest(raw, tmp_path / "out")
    assert again.documents == made.documents and again.result.unchanged_units == again.result.units


def test_a_cluster_dissolves_when_its_texts_part(tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", {"a.txt": page(1), "b.txt": page(1)})
    ingest(raw, tmp_path / "out")
    write(raw, {"b.txt": page(2)})
    made = ingest(raw, tmp_path / "out")
    assert all(d["duplicate_cluster"] == d["doc_id"] for d in made.documents)
    assert list((tmp_path / "out" / ".work" / "patched").iterdir()) == []


def splits_file(folder: Path, rows: dict[str, str]) -> Path:
    lines = ["doc_id,split", *(f"{k},{v}" for k, v in rows.items())]
    return write(folder, {"splits.csv": "\n".join(lines) + "\n"}) / "splits.csv"


def test_listed_documents_keep_their_side_and_the_others_have_none(tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", {f"{n}.txt": page(i) for i, n in enumerate("abc")})
    ids = {s: d["doc_id"] for s, d in ingest(raw, tmp_path / "out").by_source.items()}
    splits = splits_file(tmp_path, {ids["a.txt"]: "test", ids["b.txt"]: "train", "0" * 16: "validation"})
    made = ingest(raw, tmp_path / "out", splits=splits)
    assert [d["split"] for d in made.documents] == ["test", "train", None]
    assert [d["split"] for d in ingest(raw, tmp_path / "out").documents] == [None] * 3


def test_equal_texts_on_two_sides_are_refused_naming_both(tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", {"a.txt": page(1), "b.txt": page(1)})
    one, two = (d["doc_id"] for d in ingest(raw, tmp_path / "out").documents)
    splits = splits_file(tmp_path, {one: "train", two: "test"})
    with pytest.raises(UsageError) as caught:
        ingest(raw, tmp_path / "out", splits=splits)
    assert one in caught.value.message and two in caught.value.message and "splits.csv" in caught.value.message
    assert "leaks" in caught.value.hint
    same_side = splits_file(tmp_path, {one: "test", two: "test"})
    assert [d["split"] for d in ingest(raw, tmp_path / "out", splits=same_side).documents] == ["test", "test"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("id,split\nx,train\n", "no columns doc_id and split"),
        ("", "no columns doc_id and split"),
        ("doc_id,split\nx,dev\n", "line 2: 'dev' is no split"),
        ("doc_id,split\nx\n", "line 2: '' is no split"),
        ("doc_id,split\nx,train\ny,test\nx,test\n", "line 4: x is named twice"),
        (b"doc_id,split\n\xff,train\n", "is not UTF-8"),
    ],
)
def test_a_splits_file_that_cannot_be_used_names_its_line(content: str | bytes, says: str, tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", {"a.txt": page(1)})
    write(tmp_path, {"splits.csv": content})
    with pytest.raises(UsageError, match=says) as caught:
        ingest(raw, tmp_path / "out", splits=tmp_path / "splits.csv")
    assert caught.value.hint
    assert not (tmp_path / "out" / "documents").exists()
