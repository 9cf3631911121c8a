"""Every format, plain and compressed, gives the same documents; a bad record costs itself only; no field is lost."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from ingest_samples import ingest, page, write

from corpus_kit.ingest.json_values import RejectedValue, parse_json

RECORDS = [{"id": f"r{i}", "text": page(i), "section": "harbour", "words": i} for i in range(3)]


def as_csv(records: list[dict[str, Any]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(records[0]))
    writer.writeheader()
    writer.writerows(records)
    return out.getvalue().encode()


def as_parquet(records: list[dict[str, Any]]) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(records), out)
    return out.getvalue()


MANY: dict[str, Callable[[list[dict[str, Any]]], bytes]] = {
    "jsonl": lambda rs: "".join(json.dumps(r) + "\n" for r in rs).encode(),
    "ndjson": lambda rs: "\r\n".join(json.dumps(r, ensure_ascii=False) for r in rs).encode(),
    "json": lambda rs: json.dumps(rs, indent=1).encode(),
    "csv": as_csv,
    "parquet": as_parquet,
}
SQUEEZE: dict[str, Callable[[bytes], bytes]] = {
    "": lambda b: b,
    ".gz": gzip.compress,
    ".zst": lambda b: zstandard.ZstdCompressor().compress(b),
}


@pytest.mark.parametrize("compression", SQUEEZE)
@pytest.mark.parametrize("suffix", MANY)
def test_every_format_gives_the_same_documents(suffix: str, compression: str, tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", {f"a.{suffix}{compression}": SQUEEZE[compression](MANY[suffix](RECORDS))})
    made = ingest(raw, tmp_path / "out")
    assert made.rejected == []
    assert [d["text"] for d in made.documents] == [r["text"] for r in RECORDS]
    assert [d["source"].split("#")[1] for d in made.documents] == ["r0", "r1", "r2"]
    number = str if suffix == "csv" else int
    assert [json.loads(d["meta"]) for d in made.documents] == [
        {"section": "harbour", "words": number(i)} for i in range(3)
    ]
    assert {d["encoding"] for d in made.documents} == {"utf-8"}


@pytest.mark.parametrize("compression", SQUEEZE)
@pytest.mark.parametrize("suffix", ["txt", "md", "TXT"])
def test_a_page_is_one_document_whatever_it_is_packed_in(suffix: str, compression: str, tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", {f"a.{suffix}{compression}": SQUEEZE[compression](page(1).encode())})
    (made,) = ingest(raw, tmp_path / "out").documents
    assert made["text"] == page(1) and made["meta"] is None
    assert made["raw_bytes"] == len(page(1).encode()) and made["raw_sha256"] == made["text_sha256"]
    assert made["source"] == f"a.{suffix}{compression}"


def test_several_gzip_members_and_zstandard_frames_are_one_text(tmp_path: Path) -> None:
    halves = page(1)[:300].encode(), page(1)[300:].encode()
    raw = write(
        tmp_path / "raw",
        {
            "a.txt.gz": b"".join(map(gzip.compress, halves)) + bytes(64),
            "b.txt.zst": b"".join(map(zstandard.compress, halves)),
        },
    )
    made = ingest(raw, tmp_path / "out")
    assert [d["text"] for d in made.documents] == [page(1)] * 2


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.txt.gz", b"\x00\x01no gzip at all", "malformed_compression"),
        ("a.txt.zst", b"\x00\x01no zstandard at all", "malformed_compression"),
        ("a.txt.gz", gzip.compress(page(1).encode(), mtime=0)[:-8] + b"\xff" * 8, "malformed_compression"),
        ("a.txt.gz", b"", "truncated"),
        ("a.jsonl", b"", "empty_text"),
        ("a.jsonl", b"\n \n\n", "empty_text"),
        ("a.json", b"[]", "empty_text"),
        ("a.json", b"", "malformed_json"),
        ("a.json", b"\xff\xff[]", "undecodable"),
        ("a.csv", b"", "empty_text"),
        ("a.csv", b"id,text\n", "empty_text"),
        ("a.csv", b"text,text\none,two\n", "malformed_csv"),
        ("a.jsonl", codecs.BOM_UTF16_LE + b"{\x00\xd8\xd8\xd8\xd8", "undecodable"),
        ("a.parquet", as_parquet([{"text": "x"}])[:-20], "malformed_parquet"),
        ("a.docx", b"word", "unsupported_format"),
        ("noname", b"word", "unsupported_format"),
        ("a.gz", gzip.compress(b"x", mtime=0), "unsupported_format"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_refusal(name: str, content: bytes, reason: str, tmp_path: Path) -> None:
    made = ingest(write(tmp_path / "raw", {name: content, "good.txt": page(1)}), tmp_path / "out")
    assert made.reasons == [(name, reason)]
    assert list(made.by_source) == ["good.txt"]


GOOD = '{"text": "One good line of a harbour report."}'


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "malformed_json"),
        ("[1]", "malformed_json"),
        ('"text"', "malformed_json"),
        ("null", "malformed_json"),
        ('{"text": NaN}', "malformed_json"),
        ('{"text": "x", "n": 1e999}', "malformed_json"),
        ('{"text": "x", "n": ' + "9" * 5000 + "}", "malformed_json"),
        ('{"text": "x", "text": "y"}', "malformed_json"),
        ('{"text": "x", "n": ' + "[" * 100_000 + "]" * 100_000 + "}", "malformed_json"),
        ('{"body": "x"}', "missing_text"),
        ("{}", "missing_text"),
        ('{"text": null}', "text_not_string"),
        ('{"text": false}', "text_not_string"),
        ('{"text": ["x"]}', "text_not_string"),
        ('{"text": "  \\n "}', "empty_text"),
        ('{"text": "a\\u0000b"}', "nul_character"),
        ('{"text": "a\\ud800b"}', "lone_surrogate"),
        ('{"text": "x", "note": "a\\ud800b"}', "lone_surrogate"),
        ('{"text": "x", "note\\udfff": 1}', "lone_surrogate"),
        ('{"text": "x", "id": "a\\ud800b"}', "lone_surrogate"),
        ('{"text": "x", "title": "a\\ud800b"}', "lone_surrogate"),
        ('{"a\\ud800": 1}', "missing_text"),
    ],
)
def test_a_bad_line_costs_itself_only(line: str, reason: str, tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", {"a.jsonl": f"{GOOD}\n{line}\n{GOOD}\n", "b.json": f"[{GOOD}]"})
    made = ingest(raw, tmp_path / "out")
    assert made.reasons == [("a.jsonl#2", reason)]
    assert list(made.by_source) == ["a.jsonl#1", "a.jsonl#3", "b.json#1"]


@pytest.mark.parametrize("field", ["note", "id", "title"])
def test_half_a_surrogate_pair_in_any_field_is_refused_in_json_files_too(field: str, tmp_path: Path) -> None:
    text = f'[{GOOD}, {{"text": "x", "{field}": "a\\ud800b"}}]'
    made = ingest(write(tmp_path / "raw", {"a.json": text}), tmp_path / "out")
    assert made.reasons == [("a.json#2", "lone_surrogate")]


@pytest.mark.parametrize("depth", [200, 900, 960, 990])
def test_deep_nesting_is_kept_or_refused_but_never_stops_the_build(depth: int, tmp_path: Path) -> None:
    nested = '{"text": "x", "n": ' + "[" * depth + "]" * depth + "}"
    made = ingest(write(tmp_path / "raw", {"a.jsonl": f"{GOOD}\n{nested}\n", "b.json": nested}), tmp_path / "out")
    assert {r for _, r in made.reasons} <= {"malformed_json"}
    assert "a.jsonl#1" in made.by_source


def test_undecodable_bytes_cost_their_line_only(tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", {"a.jsonl": GOOD.encode() + b'\n{"text": "\xff\xfe"}\n' + GOOD.encode()})
    made = ingest(raw, tmp_path / "out")
    assert made.reasons == [("a.jsonl#2", "undecodable")] and made.result.documents == 2


def test_lines_before_the_damage_of_a_compressed_file_are_kept(tmp_path: Path) -> None:
    lines = "".join(json.dumps({"text": page(i, 30)}) + "\n" for i in range(200)).encode()
    raw = write(tmp_path / "raw", {"a.jsonl.gz": gzip.compress(lines, mtime=0)[:-20]})
    made = ingest(raw, tmp_path / "out")
    assert made.reasons == [("a.jsonl.gz", "truncated")]
    assert made.result.documents >= 100


@pytest.mark.parametrize("row", ["r1,one,more\n", "r1\n"])
def test_a_csv_row_of_another_length_costs_itself_only(row: str, tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", {"a.csv": f"id,text\nr0,A good row.\n{row}\nr2,Another good row.\n"})
    made = ingest(raw, tmp_path / "out")
    assert made.reasons == [("a.csv#2", "malformed_csv")]
    assert list(made.by_source) == ["a.csv#r0", "a.csv#r2"]


def test_an_empty_csv_cell_is_no_text_and_no_field(tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", {"a.csv": "text,note\nA good row.,\n,a note\n"})
    made = ingest(raw, tmp_path / "out")
    assert made.reasons == [("a.csv#2", "empty_text")]
    assert made.documents[0]["meta"] is None


@pytest.mark.parametrize(
    ("bom", "codec"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
)
@pytest.mark.parametrize("suffix", ["jsonl", "json"])
def test_json_with_a_byte_order_mark_is_read(suffix: str, bom: bytes, codec: str, tmp_path: Path) -> None:
    text = MANY[suffix]([{"text": "Паром знову запізнився 🚢"}]).decode()
    raw = write(tmp_path / "raw", {f"a.{suffix}": bom + text.encode(codec)})
    (made,) = ingest(raw, tmp_path / "out").documents
    assert made["text"] == "Паром знову запізнився 🚢"


def test_utf16_lines_longer_than_a_chunk_are_whole(tmp_path: Path) -> None:
    records = [{"id": i, "text": "Паром 🚢 " * 40_000} for i in range(3)]
    content = "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records).encode("utf-16")
    made = ingest(write(tmp_path / "raw", {"a.jsonl": content}), tmp_path / "out")
    assert [d["text"] for d in made.documents] == [r["text"] for r in records]


def test_a_csv_in_cp1251_is_recognised(tmp_path: Path) -> None:
    text = "Паром в Сеннетскую бухту снова опоздал, и смотритель гавани принёс извинения жителям нижнего города. "
    rows = "id,text\r\n" + "".join(f'{i},"{text * 3}"\r\n' for i in range(5))
    made = ingest(write(tmp_path / "raw", {"a.csv": rows.encode("cp1251")}), tmp_path / "out")
    assert [(d["text"], d["encoding"]) for d in made.documents] == [(text * 3, "cp1251")] * 5


def test_a_csv_row_that_is_not_utf8_costs_itself_only(tmp_path: Path) -> None:
    rows = b"id,text\n" + b"".join(b"%d,%s\n" % (i, b"A good row. " * 200) for i in range(60)) + b"z,\xff\xfe\n"
    made = ingest(write(tmp_path / "raw", {"a.csv": rows}), tmp_path / "out")
    assert made.reasons == [("a.csv#61", "undecodable")]
    assert made.result.documents == 60


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity", "1e400", '{"a":1,"a":1}', "", "01", "[1,]", "tru"])
def test_what_is_not_json_is_refused(word: str) -> None:
    with pytest.raises(RejectedValue) as caught:
        parse_json(word)
    assert caught.value.reason == "malformed_json"
