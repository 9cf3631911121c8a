"""All formats, in all compressions, whole and damaged: the same texts, and records read = documents + rejected."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
import tarfile
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from ingest_samples import Run, ingest, page, write

COUNT = 40
TEXTS = [page(i) for i in range(COUNT)]
Made = Callable[[list[str]], bytes]


def _rows(texts: list[str]) -> list[dict[str, Any]]:
    return [{"id": f"r{i}", "text": text, "section": "harbour"} for i, text in enumerate(texts)]


def _csv(delimiter: str = ",", codec: str = "utf-8", end: str = "\r\n") -> Made:
    def made(texts: list[str]) -> bytes:
        out = io.StringIO(newline="")
        writer = csv.DictWriter(out, ["id", "text", "section"], delimiter=delimiter, lineterminator=end)
        writer.writeheader()
        writer.writerows(_rows(texts))
        return out.getvalue().encode(codec)

    return made


def _parquet(texts: list[str]) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(_rows(texts)), out, row_group_size=10, compression="none", use_dictionary=False)
    return out.getvalue()


def _wet(texts: list[str]) -> bytes:
    parts = [b"WARC/1.0\r\nWARC-Type: warcinfo\r\nContent-Length: 4\r\n\r\ninfo\r\n\r\n"]
    for number, text in enumerate(texts):
        body = text.encode()
        head = f"WARC/1.0\r\nWARC-Type: conversion\r\nWARC-Target-URI: https://p.example/{number}\r\n"
        parts.append(
            f"{head}Content-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body + b"\r\n\r\n"
        )
    return b"".join(parts)


def _warc(texts: list[str]) -> bytes:
    parts = []
    for number, text in enumerate(texts):
        body = text.encode()
        chunked = number % 2  # every second page comes in chunks
        http = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n"
        if chunked:
            half = len(body) // 2
            pieces = b"".join(b"%x\r\n%s\r\n" % (len(b), b) for b in (body[:half], body[half:]) if b)
            http += b"Transfer-Encoding: chunked\r\n\r\n" + pieces + b"0\r\n\r\n"
        else:
            http += b"\r\n" + body
        head = f"WARC/1.1\r\nWARC-Type: response\r\nWARC-Target-URI: https://p.example/{number}\r\n"
        head += f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(http)}\r\n\r\n"
        parts.append(head.encode() + http + b"\r\n\r\n")
    return b"".join(parts)


FORMATS: dict[str, Made] = {
    "jsonl": lambda texts: "".join(json.dumps(r) + "\n" for r in _rows(texts)).encode(),
    "ndjson": lambda texts: "\r\n".join(json.dumps(r, ensure_ascii=False) for r in _rows(texts)).encode(),
    "json": lambda texts: json.dumps(_rows(texts)).encode(),
    "indented.json": lambda texts: json.dumps(_rows(texts), indent=2).encode(),
    "wrapped.json": lambda texts: json.dumps({"status": "ok", "data": {"items": _rows(texts)}}).encode(),
    "columns.json": lambda texts: json.dumps(
        {name: {str(i): row[name] for i, row in enumerate(_rows(texts))} for name in ("id", "text", "section")}
    ).encode(),
    "split.json": lambda texts: json.dumps(
        {"columns": ["id", "text"], "data": [[r["id"], r["text"]] for r in _rows(texts)]}
    ).encode(),
    "index.json": lambda texts: json.dumps({str(i): r for i, r in enumerate(_rows(texts))}).encode(),
    "pretty.json": lambda texts: "\n".join(json.dumps(r, indent=1) for r in _rows(texts)).encode(),
    "csv": _csv(),
    "semicolon.csv": _csv(";"),
    "utf16.csv": _csv("\t", "utf-16"),
    "cr.csv": lambda texts: _csv(end="\r")([text.replace("\n", " ") for text in texts]),
    "tsv": _csv("\t", end="\n"),
    "parquet": _parquet,
    "wet": _wet,
    "warc": _warc,
}
COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "": lambda b: b,
    ".gz": lambda b: gzip.compress(b, mtime=0),
    ".zst": lambda b: zstandard.ZstdCompressor(write_checksum=True).compress(b),
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
}


def holds(made: Run) -> Run:
    """Nothing is lost and nothing is made up."""
    result = made.result
    assert result.records == result.documents + sum(result.rejected.values())
    assert len(made.documents) == result.documents
    assert len(made.rejected) == sum(result.rejected.values())
    return made


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_every_format_in_every_compression_gives_the_same_texts(compression: str, tmp_path: Path) -> None:
    squeeze = COMPRESSIONS[compression]
    raw = write(tmp_path / "raw", {f"{n}/a.{n}{compression}": squeeze(make(TEXTS)) for n, make in FORMATS.items()})
    made = holds(ingest(raw, tmp_path / "out", id_scope="file", language=False))
    assert made.rejected == []
    found: dict[str, list[str]] = {}
    for document in made.documents:
        found.setdefault(document["source"].split("/")[0], []).append(document["text"])
    wanted = dict.fromkeys(FORMATS, TEXTS) | {"cr.csv": [text.replace("\n", " ") for text in TEXTS]}
    assert found == wanted


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_an_archive_is_a_folder(compression: str, tmp_path: Path) -> None:
    files = {f"pages/{i}.txt": text.encode() for i, text in enumerate(TEXTS)}
    files |= {"data/a.csv": FORMATS["csv"](TEXTS), "data/b.jsonl.gz": gzip.compress(FORMATS["jsonl"](TEXTS))}
    files |= {
        "__MACOSX/._a.txt": b"junk",
        ".hidden/a.txt": b"junk",
        "data/c.docx": b"PK\x03\x04word/",
        "empty.txt": b"",
    }
    packed, taped = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    with tarfile.open(fileobj=taped, mode="w") as tape:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tape.addfile(info, io.BytesIO(content))
    raw = write(
        tmp_path / "raw",
        {"x.zip": packed.getvalue(), f"y.tar{compression}": COMPRESSIONS[compression](taped.getvalue())},
    )
    made = holds(ingest(raw, tmp_path / "out", id_scope="file", language=False))
    tar = f"y.tar{compression}"
    assert made.reasons == [
        (f"{name_of}/{name}", reason)
        for name_of in ("x.zip", tar)
        for name, reason in (("data/c.docx", "unsupported_format"), ("empty.txt", "empty_text"))
    ]
    sources = {d["source"]: d["text"] for d in made.documents}
    for name_of in ("x.zip", tar):
        assert [sources[f"{name_of}/pages/{i}.txt"] for i in range(COUNT)] == TEXTS
        assert [sources[f"{name_of}/data/a.csv#r{i}"] for i in range(COUNT)] == TEXTS
        assert [sources[f"{name_of}/data/b.jsonl.gz#r{i}"] for i in range(COUNT)] == TEXTS


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("damage", ["cut", "zeros", "noise", "junk before", "junk behind"])
def test_damage_costs_what_it_hits_and_is_counted(damage: str, compression: str, tmp_path: Path) -> None:
    squeeze = COMPRESSIONS[compression]
    raw = tmp_path / "raw"
    for name, make in FORMATS.items():
        content = make(TEXTS)
        whole = squeeze(content) if damage in ("cut", "noise") and compression else content
        middle = len(whole) // 2
        changed = {
            "cut": whole[:middle],
            "zeros": whole[:middle] + bytes(30) + whole[middle + 30 :],
            "noise": whole[:middle]
            + bytes((b ^ 0xA5) | 0x80 for b in whole[middle : middle + 20])
            + whole[middle + 20 :],
            "junk before": b"\xfe\xfe junk \n" + whole,
            "junk behind": whole + b"\n\xff\xfe junk",
        }[damage]
        write(raw, {f"{name}/a.{name}{compression}": changed if whole is not content else squeeze(changed)})
    made = holds(ingest(raw, tmp_path / "out", id_scope="file", language=False))
    known = set(TEXTS) | {text.replace("\n", " ") for text in TEXTS}
    made_up = [d["source"] for d in made.documents if d["text"] not in known]
    hit = {d["source"].split("/")[0] for d in made.documents if d["text"] not in known}
    # Damage within a text that stays text cannot be seen, and hits one record of a file; behind the damage a stream that
    # is compressed may give anything until its checksum.
    assert len(made_up) == len(hit) or (damage == "noise" and compression)
    refused = {r["source"].split("/")[0] for r in made.rejected}
    count = Counter(d["source"].split("/")[0] for d in made.documents if d["text"] in known)
    unharmed = {name for name, texts in count.items() if texts == COUNT}  # a head that is not used was hit
    assert refused | hit | unharmed == set(FORMATS)
    assert made.result.notes.lost.places > 0


def test_damage_in_the_middle_of_plain_files_costs_one_record_only(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    names = [n for n in FORMATS if n not in ("wrapped.json", "columns.json", "split.json", "index.json", "utf16.csv")]
    for name in names:
        content = FORMATS[name](TEXTS)
        place = content.index(b"Report 20.0") if name != "parquet" else content.index(b"Report 20.0") - 40
        write(raw, {f"{name}/a.{name}": content[:place] + bytes(3) + content[place + 3 :]})
    made = holds(ingest(raw, tmp_path / "out", id_scope="file", language=False))
    count = {n: sum(d["source"].startswith(f"{n}/") for d in made.documents) for n in names}
    assert {n: c for n, c in count.items() if n not in ("parquet", "pretty.json")} == {
        n: COUNT - 1 for n in names if n not in ("parquet", "pretty.json")
    }
    assert count["parquet"] >= COUNT - 10, "a row group has ten rows"
