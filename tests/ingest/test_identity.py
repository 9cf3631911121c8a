"""A doc_id says where a record came from; it survives whatever does not change that."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from ingest_samples import ingest, page, write

from corpus_kit.core import identity
from corpus_kit.core.errors import IdentityCollisionError
from corpus_kit.core.identity import by_id, by_path, by_text, ends_shard, path_ends_shard


def ids(made_documents: list[dict[str, object]]) -> dict[object, object]:
    return {d["source"]: d["doc_id"] for d in made_documents}


def jsonl(*records: dict[str, object]) -> str:
    return "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records)


def test_a_changed_text_keeps_its_doc_id(tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", {"a.txt": page(1), "b.jsonl": jsonl({"id": "x", "text": page(2)})})
    before = ingest(raw, tmp_path / "out")
    write(raw, {"a.txt": page(3), "b.jsonl": jsonl({"id": "x", "text": page(4)})})
    after = ingest(raw, tmp_path / "out")
    assert ids(before.documents) == ids(after.documents)
    assert {d["text_sha256"] for d in before.documents}.isdisjoint(d["text_sha256"] for d in after.documents)


def test_compression_keeps_the_doc_ids(tmp_path: Path) -> None:
    lines = jsonl({"text": page(2)}, {"text": page(3)}).encode()
    plain = ingest(write(tmp_path / "a", {"x/a.txt": page(1), "b.jsonl": lines}), tmp_path / "out1")
    packed = {"x/a.txt.gz": gzip.compress(page(1).encode()), "b.jsonl.zst": zstandard.compress(lines)}
    squeezed = ingest(write(tmp_path / "b", packed), tmp_path / "out2")
    assert [d["doc_id"] for d in plain.documents] == [d["doc_id"] for d in squeezed.documents]
    assert [d["source"] for d in squeezed.documents] == ["b.jsonl.zst#1", "b.jsonl.zst#2", "x/a.txt.gz"]


def test_a_record_inserted_before_keeps_the_doc_ids_of_the_others(tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", {"a.jsonl": jsonl({"text": page(1)}, {"text": page(2)}, {"text": page(1)})})
    before = ingest(raw, tmp_path / "out")
    write(raw, {"a.jsonl": jsonl({"text": page(9)}, {"text": page(1)}, {"text": page(2)}, {"text": page(1)})})
    after = ingest(raw, tmp_path / "out")
    assert [d["doc_id"] for d in after.documents][1:] == [d["doc_id"] for d in before.documents]
    assert len({d["doc_id"] for d in before.documents}) == 3, "equal texts of one file are told apart"


def test_an_explicit_id_survives_renaming_its_file_and_moving_in_it(tmp_path: Path) -> None:
    one: dict[str, object] = {"id": "n-1", "text": page(1)}
    two: dict[str, object] = {"id": 2, "text": page(2)}
    before = ingest(write(tmp_path / "a", {"old.jsonl": jsonl(one, two)}), tmp_path / "o1")
    after = ingest(write(tmp_path / "b", {"new/name.json": json.dumps([two, one])}), tmp_path / "o2")
    assert ids(before.documents) == {
        "old.jsonl#n-1": after.documents[1]["doc_id"],
        "old.jsonl#2": after.documents[0]["doc_id"],
    }
    assert [d["source"] for d in after.documents] == ["new/name.json#2", "new/name.json#n-1"]


def test_ids_that_are_unique_in_their_file_only_need_id_scope_file(tmp_path: Path) -> None:
    pages = {f"{n}.jsonl": jsonl({"id": 1, "text": page(i)}) for i, n in enumerate("ab")}
    raw = write(tmp_path / "raw", pages)
    corpus = ingest(raw, tmp_path / "o1")
    assert corpus.reasons == [("b.jsonl#1", "duplicate_id")]
    assert "a.jsonl#1" in corpus.rejected[0]["detail"]
    assert ingest(raw, tmp_path / "o2", id_scope="file").result.documents == 2


def test_several_roots_carry_their_names(tmp_path: Path) -> None:
    one = write(tmp_path / "north", {"a.txt": page(1)})
    two = write(tmp_path / "south", {"a.txt": page(2), "b.jsonl": jsonl({"id": "1", "text": page(3)})})
    write(one, {"b.jsonl": jsonl({"id": "1", "text": page(4)})})
    made = ingest([one, two], tmp_path / "out")
    assert list(made.by_source) == ["north/a.txt", "north/b.jsonl#1", "south/a.txt", "south/b.jsonl#1"]
    assert len({d["doc_id"] for d in made.documents}) == 4
    other_order = ingest([two, one], tmp_path / "out2")
    assert other_order.documents == made.documents


@pytest.mark.parametrize("value", [True, 1.5, "", "  ", [1], {"a": 1}])
def test_an_id_that_is_none_is_refused(value: object, tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", {"a.jsonl": jsonl({"id": value, "text": page(1)}, {"id": None, "text": page(2)})})
    made = ingest(raw, tmp_path / "out")
    assert made.reasons == [("a.jsonl#1", "bad_id")]
    assert list(made.by_source) == ["a.jsonl#2"], "null is the same as no id"


def test_the_field_of_the_id_is_set_in_corpus_toml(tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", {"a.jsonl": jsonl({"uid": "u7", "id": 3, "text": page(1)})})
    made = ingest(raw, tmp_path / "out", columns={"id": "uid"})
    assert made.documents[0]["source"] == "a.jsonl#u7"
    assert made.documents[0]["meta"] == '{"id":3}'


def short_digests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ids of one hex digit, so that two of 17 records must collide; the check still tells them apart."""
    monkeypatch.setattr(identity, "HEX_DIGITS", 16)
    real = identity._identity

    def short(*parts: str) -> identity.Identity:
        made = real(*parts)
        return identity.Identity(made.doc_id[0] * 16, made.check)

    monkeypatch.setattr(identity, "_identity", short)


@pytest.mark.parametrize("shard_bytes", [8 << 20, 1])
def test_a_hash_collision_stops_the_build(shard_bytes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    short_digests(monkeypatch)
    # In one unit, or every file in a unit of its own.
    monkeypatch.setattr("corpus_kit.ingest.documents.SHARD_BYTES", shard_bytes)
    raw = write(tmp_path / "raw", {f"{i:02d}.txt": page(i) for i in range(17)})
    with pytest.raises(IdentityCollisionError, match=r"'\d\d.txt' and '\d\d.txt' both get the doc_id") as caught:
        ingest(raw, tmp_path / "out")
    assert caught.value.hint
    assert not (tmp_path / "out" / "documents").exists()


def test_duplicate_ids_across_units_keep_the_first_in_source_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corpus_kit.ingest.documents.SHARD_BYTES", 1)
    pages = {
        f"{n}.jsonl": jsonl({"id": "same", "text": page(i)}, {"id": n, "text": page(10 + i)})
        for i, n in enumerate("abc")
    }
    raw = write(tmp_path / "raw", pages)
    made = ingest(raw, tmp_path / "out")
    assert made.result.units == 3
    assert made.reasons == [("b.jsonl#1", "duplicate_id"), ("c.jsonl#1", "duplicate_id")]
    assert [r["detail"] for r in made.rejected] == ["first seen as a.jsonl#same"] * 2
    assert list(made.by_source) == ["a.jsonl#same", "a.jsonl#a", "b.jsonl#b", "c.jsonl#c"]
    calls: list[object] = []
    monkeypatch.setattr("corpus_kit.ingest.documents.read_unit", calls.append)
    again = ingest(raw, tmp_path / "out")
    assert calls == [], "a second build finds units with repeated ids again, too"
    assert again.documents == made.documents and again.reasons == made.reasons


def test_a_page_and_its_compressed_copy_are_one_identity(tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", {"a.txt": page(1), "a.txt.gz": gzip.compress(page(1).encode())})
    made = ingest(raw, tmp_path / "out")
    assert made.reasons == [("a.txt.gz", "duplicate_id")]


PART = st.text(min_size=1, max_size=12).filter(lambda s: "\x1f" not in s)


@given(PART, PART, PART)
def test_kinds_roots_and_paths_never_share_an_identity(root: str, path: str, other: str) -> None:
    made = {by_path(root, path), by_id(root, path, other, "file"), by_id(root, path, other, "corpus")}
    made |= {by_text(root, path, other, 0), by_text(root, path, other, 1), by_path("", path), by_path(path, root)}
    assert len(made) == (6 if root == path else 7)
    assert all(len(i.doc_id) == 16 and int(i.doc_id, 16) >= 0 and i.doc_id != i.check for i in made)


@given(PART, st.integers(1, 10**6), st.integers(1, 10**7))
def test_a_document_as_large_as_a_shard_always_ends_it(name: str, size: int, shard_bytes: int) -> None:
    doc_id = by_path("", name).doc_id
    assert ends_shard(doc_id, shard_bytes, shard_bytes)
    if ends_shard(doc_id, size, shard_bytes):
        assert ends_shard(doc_id, size + 1, shard_bytes), "a larger document ends its shard sooner"


def test_shards_hold_what_they_should_on_average() -> None:
    ends = sum(ends_shard(by_path("", f"{i}.txt").doc_id, 6000, 60_000) for i in range(20_000))
    assert 1800 < ends < 2200


@given(st.text(), st.text(), st.integers(1, 1 << 24))
def test_the_short_way_to_a_shard_s_end_is_the_long_one(root: str, path: str, size: int) -> None:
    assert path_ends_shard(root, path, size, 1 << 21) == ends_shard(by_path(root, path).doc_id, size, 1 << 21)
