"""Metadata beside the pages: fields by file name, promises verified, rows that fit nothing named."""

from __future__ import annotations

import gzip
import hashlib
import json
from datetime import date
from pathlib import Path

import pytest
from ingest_samples import ROOT, ingest, page, write

from corpus_kit.core.errors import UsageError

SIDECARS = {
    "metadata.csv": "file,outlet,published_on,section\na.txt,The Mirrow Post,2031-10-18,harbour\nsub/b.txt,Ondel Weekly,,\n",
    "metadata.jsonl": '{"file": "a.txt", "outlet": "The Mirrow Post", "published_on": "2031-10-18", "section": "harbour"}\n'
    '\n{"file_name": "./sub\\\\b.txt", "outlet": "Ondel Weekly", "published_on": null}\n',
}


@pytest.mark.parametrize("name", SIDECARS)
def test_a_sidecar_gives_fields_by_file_name_and_is_no_document(name: str, tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", {"a.txt": page(1), "sub/b.txt": page(2), name: SIDECARS[name]})
    made = ingest(raw, tmp_path / "out")
    assert made.rejected == [] and list(made.by_source) == ["a.txt", "sub/b.txt"]
    a, b = made.documents
    assert (a["outlet"], a["published_on"], a["meta"]) == (
        "The Mirrow Post",
        date(2031, 10, 18),
        '{"section":"harbour"}',
    )
    assert (b["outlet"], b["published_on"], b["meta"]) == ("Ondel Weekly", None, None)


def test_a_changed_sidecar_changes_its_documents(tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", {"a.txt": page(1), "metadata.csv": "file,outlet\na.txt,One\n"})
    ingest(raw, tmp_path / "out")
    write(raw, {"metadata.csv": "file,outlet\na.txt,Two\n"})
    assert ingest(raw, tmp_path / "out").documents[0]["outlet"] == "Two"


@pytest.mark.parametrize("row", ["deep.txt", "x/y/deep.txt", "deep.txt.gz", "x/y/deep.txt.gz"])
def test_a_row_may_name_the_path_or_a_name_that_occurs_once(row: str, tmp_path: Path) -> None:
    pages: dict[str, str | bytes] = {
        "x/y/deep.txt.gz": gzip.compress(page(1).encode()),
        "metadata.csv": f"file,outlet\n{row},P\n",
    }
    if row == "deep.txt":
        pages = {"x/y/deep.txt": page(1).encode(), "metadata.csv": pages["metadata.csv"]}
    made = ingest(write(tmp_path / "raw", pages), tmp_path / "out")
    assert made.documents[0]["outlet"] == "P"


def test_a_name_that_occurs_twice_is_matched_to_neither(tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", {"x/a.txt": page(1), "y/a.txt": page(2), "metadata.csv": "file,outlet\na.txt,P\n"})
    made = ingest(raw, tmp_path / "out")
    assert [d["outlet"] for d in made.documents] == [None, None]
    assert made.reasons == [("metadata.csv#1", "metadata_unmatched")]


def test_rows_that_cannot_be_used_are_named_and_count_as_no_record(tmp_path: Path) -> None:
    rows = ["file,outlet", "a.txt,P", "gone.txt,Q", "a.txt,R", "too,many,fields"]
    more = ['{"file": "a', "[1]", '{"outlet": "no file"}', '{"file": 5}', '{"file": "b.txt", "note": "\\ud800"}']
    raw = write(tmp_path / "raw", {"a.txt": page(1), "b.txt": page(2)})
    write(raw, {"metadata.csv": "\n".join(rows), "metadata.jsonl": "\n".join(more)})
    made = ingest(raw, tmp_path / "out")
    assert made.result.records == 2 and made.documents[0]["outlet"] == "P"
    assert made.result.metadata_rejected == {"malformed_metadata": 7, "metadata_unmatched": 1}
    assert ("metadata.csv#2", "metadata_unmatched") in made.reasons
    assert {r["stage"] for r in made.rejected} == {"metadata"}


def test_a_broken_quote_ends_the_sidecar_with_a_refusal(tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", {"a.txt": page(1), "metadata.csv": 'file,outlet\na.txt,P\nb.txt,"Q'})
    made = ingest(raw, tmp_path / "out")
    assert made.documents[0]["outlet"] == "P"
    assert made.reasons == [("metadata.csv#2", "malformed_metadata")]


def test_promised_hash_and_size_are_verified_and_appear_in_no_column(tmp_path: Path) -> None:
    pages = {f"{n}.txt": page(i) for i, n in enumerate("abcd")}
    sha = {n: hashlib.sha256(p.encode()).hexdigest() for n, p in pages.items()}
    size = {n: len(p.encode()) for n, p in pages.items()}
    rows = [
        "file,sha256,bytes",
        f"a.txt,{sha['a.txt'].upper()},{size['a.txt']}",
        f"b.txt,{'0' * 64},{size['b.txt']}",
        f"c.txt,,{size['c.txt'] + 1}",
        "d.txt,,",
    ]
    made = ingest(write(tmp_path / "raw", pages | {"metadata.csv": "\n".join(rows)}), tmp_path / "out")
    assert list(made.by_source) == ["a.txt", "d.txt"]
    assert made.reasons == [("b.txt", "hash_mismatch"), ("c.txt", "hash_mismatch")]
    assert [r["raw_sha256"] for r in made.rejected] == [sha["b.txt"], sha["c.txt"]]
    assert all(d["meta"] is None for d in made.documents)


def test_a_sidecar_may_give_the_id_of_a_page(tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", {"a.txt": page(1), "metadata.csv": "file,id\na.txt,n-17\n"})
    before = ingest(raw, tmp_path / "out").documents[0]
    (raw / "a.txt").rename(raw / "z.txt")
    write(raw, {"metadata.csv": "file,id\nz.txt,n-17\n"})
    after = ingest(raw, tmp_path / "out").documents[0]
    assert before["doc_id"] == after["doc_id"] and after["source"] == "z.txt"
    assert json.loads(after["meta"]) == {"id": "n-17"}, "the id itself is not lost"


def test_a_record_knows_better_than_the_sidecar_of_its_file(tmp_path: Path) -> None:
    lines = '{"text": "One text.", "outlet": "Own"}\n{"text": "Another text."}\n'
    raw = write(tmp_path / "raw", {"a.jsonl": lines, "metadata.csv": "file,outlet\na.jsonl,Given\n"})
    assert [d["outlet"] for d in ingest(raw, tmp_path / "out").documents] == ["Own", "Given"]


def test_several_roots_have_a_sidecar_each_and_a_further_one_names_all(tmp_path: Path) -> None:
    one = write(tmp_path / "north", {"a.txt": page(1), "metadata.csv": "file,outlet\na.txt,N\n"})
    two = write(tmp_path / "south", {"a.txt": page(2), "x/b.txt": page(3), "metadata.csv": "file,outlet\na.txt,S\n"})
    more = write(tmp_path, {"facts.csv": "path,outlet\nsouth/x/b.txt,B\n"}) / "facts.csv"
    made = ingest([one, two], tmp_path / "out", metadata=more)
    assert {s: d["outlet"] for s, d in made.by_source.items()} == {
        "north/a.txt": "N",
        "south/a.txt": "S",
        "south/x/b.txt": "B",
    }
    assert made.rejected == []


def test_named_metadata_inside_the_raw_folder_is_no_document_either(tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", {"a.txt": page(1), "facts.csv": "file,outlet,text\na.txt,P,no document\n"})
    made = ingest(raw, tmp_path / "out", metadata=raw / "facts.csv")
    assert list(made.by_source) == ["a.txt"] and made.documents[0]["outlet"] == "P" and made.rejected == []


def test_a_page_and_its_compressed_copy_keep_their_own_rows(tmp_path: Path) -> None:
    packed = gzip.compress(page(2).encode())
    raw = write(tmp_path / "raw", {"a.txt": page(1), "a.txt.gz": packed, "metadata.csv": "file,outlet\na.txt,P\n"})
    assert ingest(raw, tmp_path / "out").by_source["a.txt"]["outlet"] == "P"


def test_a_metadata_file_that_cannot_be_read_is_a_usage_error(tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", {"a.txt": page(1)})
    with pytest.raises(UsageError, match="cannot be read"):
        ingest(raw, tmp_path / "out", metadata=tmp_path / "facts.csv")


def test_a_metadata_row_that_is_no_text_costs_itself_only(tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", {"a.txt": page(1), "metadata.csv": b"file,title\n\xff\xfe,x\na.txt,A title\n"})
    made = ingest(raw, tmp_path / "out")
    assert made.reasons == [("metadata.csv#1", "malformed_metadata")]
    assert made.documents[0]["title"] == "A title"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("metadata.csv", "file;title;published_on\na.txt;Über die Fähre nach München;2031-10-18\n".encode()),
        ("metadata.csv", "file,title,published_on\na.txt,Über die Fähre nach München,18.10.2031\n".encode("cp1252")),
        (
            "metadata.csv",
            '"file"\t"title"\t"published_on"\r\n"a.txt"\t"Über die Fähre nach München"\t"2031/10/18"\r\n'.encode(
                "utf-16"
            ),
        ),
        ("metadata.csv", "\ufefffile|title|published_on\na.txt|Über die Fähre nach München|20311018\n".encode()),
        (
            "metadata.jsonl",
            '{"file": "a.txt", "title": "Über die Fähre nach München", "published_on": 1950048000, "x": NaN}'.encode(
                "cp1252"
            ),
        ),
    ],
    ids=["semicolon", "cp1252", "tab-utf16", "pipe-bom", "jsonl-cp1252"],
)
def test_metadata_is_read_in_the_dialects_and_codecs_of_data(name: str, content: bytes, tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", {"a.txt": page(1), name: content})
    made = ingest(raw, tmp_path / "out")
    assert made.rejected == []
    assert (made.documents[0]["title"], made.documents[0]["published_on"]) == (
        "Über die Fähre nach München",
        date(2031, 10, 18),
    )


def test_the_real_pages_are_taken_with_their_facts_and_verified(seeds: Path, tmp_path: Path) -> None:
    made = ingest(seeds, tmp_path / "out", metadata=ROOT / "data" / "seeds.csv", language=True)
    assert made.result.documents == 5 and made.rejected == []
    for document in made.documents:
        assert document["text"] == (seeds / document["source"]).read_bytes().decode("utf-8").replace("\r\n", "\n")
        assert document["language"] == "en"
    outlets = [d["outlet"] for d in made.documents]
    assert outlets[:4] == ["Espreso. Global", "ВПК.name", "World Time Todays", "OBOZ.UA"]
    assert made.documents[0]["published_on"] == date(2023, 10, 18)


def test_a_real_page_that_was_altered_is_refused(seeds: Path, tmp_path: Path) -> None:
    names = sorted(p.name for p in seeds.glob("*.txt"))
    raw = write(tmp_path / "raw", {n: (seeds / n).read_bytes() for n in names})
    (raw / names[0]).write_bytes((raw / names[0]).read_bytes().replace(b"a", b"e", 1))
    made = ingest(raw, tmp_path / "out", metadata=ROOT / "data" / "seeds.csv")
    assert made.reasons == [(names[0], "hash_mismatch")] and made.result.documents == 4


def test_a_sidecar_in_a_subfolder_speaks_of_that_folder_and_is_no_document(tmp_path: Path) -> None:
    pages = {"north/a.txt": page(1), "south/a.txt": page(2), "north/metadata.csv": "file,outlet\na.txt,North Post\n"}
    raw = write(tmp_path / "raw", pages)
    run = ingest(raw, tmp_path / "out")
    assert {source: row["outlet"] for source, row in run.by_source.items()} == {
        "north/a.txt": "North Post",
        "south/a.txt": None,
    }
    assert not run.rejected


def test_an_unknown_field_that_is_null_stays_in_meta(tmp_path: Path) -> None:
    line = '{"id": "1", "text": "One page.", "priority": null, "outlet": null, "n": 0}\n'
    raw = write(tmp_path / "raw", {"a.jsonl": line})
    run = ingest(raw, tmp_path / "out")
    assert json.loads(run.documents[0]["meta"]) == {"priority": None, "n": 0}
