"""A file is what its bytes say: names that mislead, records that are wrapped, facts before a text, settings by glob."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from ingest_samples import ingest, page, write

from corpus_kit.core.config import Input
from corpus_kit.core.config.corpus_toml import ProjectConfig
from corpus_kit.core.errors import UsageError
from corpus_kit.ingest.formats.header_block import front_matter
from corpus_kit.ingest.recognise import recognise
from corpus_kit.ingest.rules import make_rules, pattern_of

RECORDS = [{"id": f"r{i}", "text": page(i)} for i in range(5)]
LINES = "\n".join(map(json.dumps, RECORDS))


def parquet() -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(RECORDS), out)
    return out.getvalue()


CONTENTS: dict[str, bytes] = {
    "jsonl": LINES.encode(),
    "json": json.dumps(RECORDS, indent=1).encode(),
    "wet": "".join(f"WARC/1.0\r\nWARC-Type: conversion\r\n\r\n{r['text']}\r\n\r\n" for r in RECORDS).encode(),
    "parquet": parquet(),
}


@pytest.mark.parametrize("name", ["a.txt", "a.json", "a.jsonl", "a.csv", "a.md", "a.dat", "dump", "a.ndjson.bak"])
def test_many_records_are_read_as_such_under_any_name(name: str, tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", {f"{kind}/{name}": content for kind, content in CONTENTS.items()})
    made = ingest(raw, tmp_path / "out", id_scope="file", language=False)
    assert made.rejected == []
    for kind in CONTENTS:
        texts = [d["text"].rstrip("\n") for d in made.documents if d["source"].startswith(f"{kind}/")]
        assert texts == [r["text"].rstrip("\n") for r in RECORDS], kind


@pytest.mark.parametrize("squeeze", [gzip.compress, bz2.compress, lzma.compress, zstandard.compress])
@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz", "a.txt.zst", "a.txt.xz", "a.txt.bz2"])
def test_a_compression_is_what_the_bytes_say(squeeze: Any, name: str, tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", {name: squeeze(page(1).encode()), "b.txt.gz": page(2).encode()})
    made = ingest(raw, tmp_path / "out")
    assert {s: d["text"] for s, d in made.by_source.items()} == {name: page(1), "b.txt.gz": page(2)} | (
        {"a.txt.gz": page(1)} if name == "a.txt.gz" else {}
    )
    assert made.rejected == []


@pytest.mark.parametrize(
    "text",
    [
        "[Music] A page that begins with a bracket.\nIt goes on for a line.",
        "{{Infobox}} A wiki page begins with braces.",
        '{ "not": json at all',
        "[1] A footnote stands first.\n[2] Another.",
        "<3 is no tag, said the mayor.",
        "WARC/ARC files are web archives.",
        "---\nA rule, and then text: it goes on.\n---\nMore.",
        "PK is short for Park.",
        "BZh is a river.",
        "Title: this is a sentence, not a fact.\n\nAnd the page goes on.",
        "a;b;c\n" * 10,
    ],
)
def test_a_page_that_begins_like_something_else_is_a_page(text: str, tmp_path: Path) -> None:
    (made,) = ingest(write(tmp_path / "raw", {"a.txt": text}), tmp_path / "out").documents
    assert made["text"] == text


@pytest.mark.parametrize(
    ("head", "named", "kind"),
    [
        (b"%PDF-1.7\n", "text", "other:.pdf"),
        (b"{\\rtf1\\ansi", "text", "other:.rtf"),
        (b"PK\x03\x04" + b"\0" * 26 + b"word/document.xml", "csv", "other:.docx"),
        (b"PK\x03\x04" + b"\0" * 26 + b"xl/workbook.xml", "csv", "other:.xlsx"),
        (b"PK\x03\x04" + b"\0" * 26 + b"pages/a.txt", "text", "zip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "csv", "other:.doc"),
        (b"<!DOCTYPE html><html>", "text", "html"),
        (b"\xef\xbb\xbf\n  <html lang=en>", "csv", "html"),
        (b"<?xml version='1.0'?>\n<html xmlns='x'>", "text", "html"),
        (b"<!-- saved --><!doctype HTML>", "", "html"),
        ("{'a': 1}".encode("utf-16"), "text", "text"),
        ('{"a": 1}\n{"a": 2}\n'.encode("utf-16"), "text", "jsonl"),
        (b"", "", ""),
        (b"just words", "", ""),
    ],
)
def test_kinds_are_told_by_their_first_bytes(head: bytes, named: str, kind: str) -> None:
    assert recognise(head, named, whole=True) == kind


@pytest.mark.parametrize("suffix", ["docx", "pdf", "xlsx", "rtf", "odt", "epub", "arrow", "sqlite", "xml", "7z"])
def test_what_is_not_read_is_told_with_the_command_that_converts_it(suffix: str, tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", {f"my report.{suffix}": b"x", "a.txt": page(1)})
    made = ingest(raw, tmp_path / "out")
    assert made.reasons == [(f"my report.{suffix}", "unsupported_format")]
    assert f"'my report.{suffix}'" in made.rejected[0]["detail"].partition("convert it: ")[2]
    assert made.result.unsupported[f".{suffix}"].files == 1


def test_a_word_file_under_the_name_of_a_text_is_told_so(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("[Content_Types].xml", "<x/>")
        archive.writestr("word/document.xml", "<x/>")
    made = ingest(write(tmp_path / "raw", {"a.txt": packed.getvalue()}), tmp_path / "out")
    assert made.reasons == [("a.txt", "unsupported_format")] and "pandoc" in made.rejected[0]["detail"]


def test_text_under_an_unknown_suffix_is_read_where_the_settings_say_so(tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", {"a.story": page(1), "x/b.story": page(2), "c.dat": page(3)})
    made = ingest(raw, tmp_path / "out")
    assert [r for _, r in made.reasons] == ["unsupported_format"] * 3
    assert 'glob = "*.story", format = "text"' in made.rejected[0]["detail"]
    made = ingest(raw, tmp_path / "out2", files=[{"glob": "*.story", "format": "text"}])
    assert list(made.by_source) == ["a.story", "x/b.story"]


WRAPPED = {
    "list": lambda rs: {"status": "ok", "total": 5, "articles": rs},
    "deep": lambda rs: {"response": {"meta": {"n": 5}, "docs": rs}},
    "with other lists": lambda rs: {"errors": [], "tags": ["a"], "articles": rs, "sources": [{"name": "x"}]},
    "split": lambda rs: {"columns": ["id", "text"], "index": [0], "data": [[r["id"], r["text"]] for r in rs]},
    "table": lambda rs: {"schema": {"fields": [{"name": "id"}]}, "data": rs},
    "by id": lambda rs: {r["id"]: {"text": r["text"]} for r in rs},
}


@pytest.mark.parametrize("shape", WRAPPED)
def test_records_are_found_in_what_wraps_them(shape: str, tmp_path: Path) -> None:
    made = ingest(write(tmp_path / "raw", {"a.json": json.dumps(WRAPPED[shape](RECORDS))}), tmp_path / "out")
    assert {s: d["text"] for s, d in made.by_source.items()} == {f"a.json#{r['id']}": r["text"] for r in RECORDS}


def test_where_several_lists_could_be_meant_the_settings_say_which(tmp_path: Path) -> None:
    both = {"news": [{"body": "One."}], "ads": [{"body": "Two."}]}
    raw = write(tmp_path / "raw", {"a.json": json.dumps(both)})
    made = ingest(raw, tmp_path / "out")
    assert made.reasons == [("a.json", "malformed_json")]
    assert 'records = "news" or records = "ads"' in made.rejected[0]["detail"]
    rule = {"glob": "*.json", "records": "news", "columns": {"text": "body"}}
    assert [d["text"] for d in ingest(raw, tmp_path / "out2", files=[rule]).documents] == ["One."]


def test_a_list_in_an_object_of_any_size_is_read_record_by_record(tmp_path: Path) -> None:
    records = [{"text": f"{page(i, 3)} {i}"} for i in range(300)]
    content = json.dumps({"meta": {"a": [1, 2]}, "data": {"items": records}, "end": True})
    raw = write(tmp_path / "raw", {"a.json": content})
    limits: dict[str, Any] = {"max_record_bytes": 4000}
    assert ingest(raw, tmp_path / "out", **limits).reasons == [("a.json", "record_too_large")]
    rule = {"glob": "*.json", "records": "data.items"}
    made = ingest(raw, tmp_path / "out2", files=[rule], **limits, language=False)
    assert made.rejected == [] and [d["text"] for d in made.documents] == [r["text"] for r in records]


def test_an_object_with_the_text_is_one_record_whatever_lists_it_has(tmp_path: Path) -> None:
    record = {"text": "A page.", "links": [{"href": "a"}, {"href": "b"}], "authors": [{"n": 1}]}
    (made,) = ingest(write(tmp_path / "raw", {"a.json": json.dumps(record)}), tmp_path / "out").documents
    assert json.loads(made["meta"]) == {k: v for k, v in record.items() if k != "text"}


def test_rows_without_names_are_refused_by_name_of_the_form(tmp_path: Path) -> None:
    made = ingest(write(tmp_path / "raw", {"a.json": '[["1", "A text."], ["2", "B text."]]'}), tmp_path / "out")
    assert made.reasons == [("a.json", "malformed_json")] and "list of lists" in made.rejected[0]["detail"]


@pytest.mark.parametrize("shape", ["array", "object", "lines"])
def test_an_export_of_label_studio_is_no_text(shape: str, tmp_path: Path) -> None:
    task = {"id": 1, "data": {"text": page(1)}, "annotations": [{"result": []}], "predictions": []}
    content = {"array": json.dumps([task]), "object": json.dumps(task), "lines": f"{json.dumps(task)}\n" * 2}[shape]
    raw = write(tmp_path / "raw", {"a.json": content})
    made = ingest(raw, tmp_path / "out")
    assert {reason for _, reason in made.reasons} == {"label_studio_export"}
    columns = {"text": "data.text"}
    assert ingest(raw, tmp_path / "out2", columns=columns).documents[0]["text"] == page(1)


NESTED = {
    "data.text": ({"data": {"text": "A text.", "lang": "en"}}, "A text.", {"data": {"lang": "en"}}),
    "items[].body": ({"items": [{"body": "One."}, {"body": "Two."}]}, "One.\n\nTwo.", {}),
    "a.b[].c.d": ({"a": {"b": [{"c": {"d": "x"}, "e": 1}]}}, "x", {"a": {"b": [{"e": 1}]}}),
    "data.0.text": ({"data": [{"text": "First."}]}, "First.", {"data": [{"text": "First."}]}),
    "data.text ": ({"data.text ": "A name with a dot."}, "A name with a dot.", {}),
    "full_text|text": ({"text": "Short.", "full_text": "Long."}, "Long.", {"text": "Short."}),
    "a|b": ({"b": "Only b."}, "Only b.", {}),
}


@pytest.mark.parametrize("path", NESTED)
def test_a_path_leads_into_nested_fields(path: str, tmp_path: Path) -> None:
    record, text, meta = NESTED[path]
    made = ingest(write(tmp_path / "raw", {"a.jsonl": json.dumps(record)}), tmp_path / "out", columns={"text": path})
    (document,) = made.documents
    assert (document["text"], json.loads(document["meta"] or "{}")) == (text, meta)


def test_known_columns_and_ids_are_read_from_paths_too(tmp_path: Path) -> None:
    record = {"body": "A text.", "meta": {"key": 7, "head": {"line": "H"}, "when": "2031-10-18", "rest": 1}}
    columns = {"text": "body", "id": "meta.key", "title": "meta.head.line", "published_on": "meta.when"}
    raw = write(tmp_path / "raw", {"a.jsonl": json.dumps(record)})
    (made,) = ingest(raw, tmp_path / "out", columns=columns).documents
    assert (made["source"], made["title"], made["published_on"]) == ("a.jsonl#7", "H", date(2031, 10, 18))
    assert json.loads(made["meta"]) == {"meta": {"rest": 1}}


@pytest.mark.parametrize("join", ["\n\n", "\n", " "])
def test_paragraphs_in_a_list_are_joined_where_the_settings_say_so(join: str, tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", {"a.jsonl": json.dumps({"text": ["One.", "Two."]})})
    made = ingest(raw, tmp_path / "out")
    assert made.reasons == [("a.jsonl#1", "text_not_string")] and "join = " in made.rejected[0]["detail"]
    assert ingest(raw, tmp_path / "out2", join=join).documents[0]["text"] == f"One.{join}Two."


FRONT = """---
title: "Ferry vote: a council divides"
author: A. Writer
url: https://velmora.example/2031/10/18/ferry
hostname: velmora.example
sitename: Velmora Courier
date: 2031-10-18
tags:
  - harbour
  - ferry
---

The council met.
"""


@pytest.mark.parametrize("name", ["a.txt", "a.md"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_front_matter_gives_facts_and_is_no_text(name: str, end: str, tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", {name: FRONT.replace("\n", end).encode()})
    (made,) = ingest(raw, tmp_path / "out").documents
    assert made["text"] == "The council met.\n"
    assert made["title"] == "Ferry vote: a council divides" and made["published_on"] == date(2031, 10, 18)
    assert made["outlet"] == "Velmora Courier" and made["url"] == "https://velmora.example/2031/10/18/ferry"
    assert json.loads(made["meta"]) == {
        "author": "A. Writer",
        "hostname": "velmora.example",
        "tags": ["harbour", "ferry"],
    }


def test_a_fence_that_never_closes_or_holds_no_facts_is_text() -> None:
    assert front_matter("---\ntitle: x\nno end") is None
    assert front_matter("---\nJust a line between rules\n---\nText") is None
    assert front_matter("---\nspeaker: A\n---\nText") is None, "no key that describes a document"
    assert front_matter("---\n" + "title: x\n" * 5000 + "---\nText") is None, "far too long"


def test_labels_before_a_text_are_read_where_the_settings_say_so(tmp_path: Path) -> None:
    text = (
        "Title: Ferry late again\nDate: 18/10/2031\nSource: Velmora Courier\n\nThe council met.\nNote: it was long.\n"
    )
    raw = write(tmp_path / "raw", {"a.txt": text})
    assert ingest(raw, tmp_path / "out").documents[0]["text"] == text
    (made,) = ingest(raw, tmp_path / "out2", files=[{"glob": "*.txt", "header_block": "lines"}]).documents
    assert made["text"] == "The council met.\nNote: it was long.\n"
    assert (made["title"], made["published_on"], made["outlet"]) == (
        "Ferry late again",
        date(2031, 10, 18),
        "Velmora Courier",
    )


NEXIS = """
                               {n} of 2 DOCUMENTS


                            The Velmora Courier

                       October 18, 2031 Saturday
                             First Edition

Ferry is late again, round {n}

BYLINE: A. Writer

SECTION: NEWS; Pg. 3

LENGTH: 12 words


The ferry was late again on Saturday, said the harbour office.

The council met.

LOAD-DATE: October 19, 2031

LANGUAGE: ENGLISH

Copyright 2031 Velmora Press
"""


def test_an_export_of_nexis_is_read_by_its_preset(tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", {"a.txt": "\n".join(NEXIS.format(n=n) for n in (1, 2))})
    made = ingest(raw, tmp_path / "out", files=[{"glob": "*.txt", "preset": "nexis"}])
    assert made.rejected == [] and len(made.documents) == 2
    for document in made.documents:
        assert document["outlet"] == "The Velmora Courier" and document["published_on"] == date(2031, 10, 18)
        assert document["text"].startswith("The ferry was late again on Saturday")
        assert json.loads(document["meta"])["byline"] == "A. Writer"


PRESETS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "news-please": (
        "a.json",
        json.dumps(
            {"maintext": "T.", "title": "H", "date_publish": "2031-10-18 10:00:00", "source_domain": "v.example"}
            | {"url": "https://v.example/a", "language": "en", "authors": ["A"], "text": None}
        ),
        {"text": "T.", "title": "H", "published_on": date(2031, 10, 18), "outlet": "v.example", "language": "en"},
    ),
    "trafilatura": (
        "a.json",
        json.dumps(
            {"text": "T.", "title": "H", "date": "2031-10-18", "sitename": "Courier", "hostname": "v.example"}
            | {"source": "https://v.example/a", "source-hostname": "Courier", "fingerprint": "ab12"}
        ),
        {
            "text": "T.",
            "title": "H",
            "published_on": date(2031, 10, 18),
            "outlet": "Courier",
            "url": "https://v.example/a",
        },
    ),
    "mediacloud": (
        "a.csv",
        "stories_id,publish_date,title,url,language,media_name,text\n9,2031-10-18,H,https://v.example/a,en,Courier,T.\n",
        {"text": "T.", "title": "H", "published_on": date(2031, 10, 18), "outlet": "Courier", "source": "a.csv#9"},
    ),
    "twitter": (
        "a.jsonl",
        json.dumps({"id": 9007199254740993, "id_str": "9007199254740993", "full_text": "T.", "text": "cut"})[:-1]
        + ', "created_at": "Sat Oct 18 10:00:00 +0000 2031", "lang": "in"}',
        {"text": "T.", "published_on": date(2031, 10, 18), "language": "id", "source": "a.jsonl#9007199254740993"},
    ),
    "reddit": (
        "a.ndjson",
        json.dumps(
            {"id": "k1", "body": "T.", "created_utc": 1950048000, "subreddit": "velmora", "permalink": "/r/v/1"}
        ),
        {
            "text": "T.",
            "published_on": date(2031, 10, 18),
            "outlet": "velmora",
            "url": "/r/v/1",
            "source": "a.ndjson#k1",
        },
    ),
    "semeval": (
        "a.txt",
        'ID\tTarget\tTweet\tStance\n7\tFerry\tThe "new" ferry is late\tAGAINST\n8\tFerry\t"Late" again\tFAVOR\n',
        {"text": 'The "new" ferry is late', "source": "a.txt#7"},
    ),
}


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_read_what_well_known_tools_write(preset: str, tmp_path: Path) -> None:
    name, content, wanted = PRESETS[preset]
    raw = write(tmp_path / "raw", {name: content})
    made = ingest(raw, tmp_path / "out", files=[{"glob": name, "preset": preset}])
    assert made.rejected == []
    assert {column: made.documents[0][column] for column in wanted} == wanted


def test_every_line_or_every_match_is_a_record_where_the_settings_say_so(tmp_path: Path) -> None:
    lines = "first text\n\nsecond text\r\nthird text"
    parts = "## One\nA text.\n\n## Two\nB text.\n"
    raw = write(tmp_path / "raw", {"a.txt": lines, "b.txt": parts, "c.txt": "lead\n" + parts})
    rules = [{"glob": "a.txt", "records": "lines"}, {"glob": "*.txt", "records": "^## "}]
    made = ingest(raw, tmp_path / "out", files=rules)
    assert [(s, d["text"]) for s, d in made.by_source.items()] == [
        ("a.txt#1", "first text"),
        ("a.txt#3", "second text"),
        ("a.txt#4", "third text"),
        ("b.txt#1", "## One\nA text.\n\n"),
        ("b.txt#2", "## Two\nB text.\n"),
        ("c.txt#1", "lead\n"),
        ("c.txt#2", "## One\nA text.\n\n"),
        ("c.txt#3", "## Two\nB text.\n"),
    ]


@pytest.mark.parametrize("sign", ["\t", ";", "|", ","])
def test_a_page_that_is_a_table_is_asked_about(sign: str, tmp_path: Path) -> None:
    rows = "".join(f"{i}{sign}Ferry{sign}The ferry is late again {i}{sign}AGAINST\n" for i in range(80))
    prose = "".join(f"The ferry, which is late{', again' * (i % 3)}, came at ten; so it goes.\n" for i in range(80))
    raw = write(tmp_path / "raw", {"a.txt": rows, "b.txt": prose})
    made = ingest(raw, tmp_path / "out")
    assert made.result.documents == 2
    assert [source for source, _ in made.result.notes.odd] == ["a.txt"]
    assert "80 lines of one shape" in made.result.notes.odd[0][1]


@pytest.mark.parametrize(
    ("glob", "path", "matches"),
    [
        ("*.csv", "a.csv", True),
        ("*.csv", "x/y/a.csv", True),
        ("x/*.csv", "x/a.csv", True),
        ("x/*.csv", "x/y/a.csv", False),
        ("x/**", "x/y/a.csv", True),
        ("**/y/*.csv", "y/a.csv", True),
        ("*.{csv,tsv}", "a.tsv", True),
        ("a?.txt", "ab.txt", True),
        ("[!a]*.txt", "ab.txt", False),
        ("a.b", "aXb", False),
    ],
)
def test_globs_are_those_of_a_shell(glob: str, path: str, matches: bool) -> None:
    assert bool(pattern_of(glob).fullmatch(path)) is matches


def test_the_first_entry_that_matches_counts_and_presets_give_way_to_settings() -> None:
    files = [
        {"glob": "a.csv", "preset": "semeval", "delimiter": ";", "columns": {"text": "body"}},
        {"glob": "*.csv", "encoding": "latin-1"},
    ]
    rules = make_rules(Input.model_validate({"files": files, "columns": {"title": "head"}}))
    one, two, other = rules.of("x/a.csv"), rules.of("b.csv"), rules.of("c.txt")
    assert (one.delimiter, one.quote, one.text, one.columns["title"]) == (";", "", "body", "head")
    assert (two.encoding, two.text, other.encoding) == ("iso8859-1", "text", "")


@pytest.mark.parametrize(
    "entry",
    [
        'glob = "a"\ndelimiter = ";;"',
        'glob = "a"\nencoding = "utf-99"',
        'glob = "a"\nrecords = "("',
        'glob = "a"\ndate_format = "dmy"',
        'glob = "a"\npreset = "lexis"',
        'glob = ""',
        'format = "csv"',
        'glob = "a"\ncolum = "x"',
    ],
)
def test_an_entry_that_cannot_be_used_is_refused(entry: str) -> None:
    import tomllib

    with pytest.raises(ValueError, match="validation error"):
        ProjectConfig.model_validate(tomllib.loads(f"[[input.files]]\n{entry}\n"))


def test_a_records_source_is_its_alone(tmp_path: Path) -> None:
    lines = ['{"id": "2", "text": "One."}', '{"text": "Two."}', '{"text": "Three."}', '{"id": 3, "text": "Four."}']
    made = ingest(write(tmp_path / "raw", {"a.jsonl": "\n".join(lines)}), tmp_path / "out")
    sources = [d["source"] for d in made.documents]
    assert len(set(sources)) == 4 and sources[0] == "a.jsonl#2"


def test_an_archive_that_leads_out_of_itself_is_refused(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in ("../evil.txt", "/etc/evil.txt", "ok/good.txt"):
            archive.writestr(name, page(1))
    made = ingest(write(tmp_path / "raw", {"a.zip": packed.getvalue()}), tmp_path / "out")
    assert [reason for _, reason in made.reasons] == ["bad_file_name", "bad_file_name"]
    assert list(made.by_source) == ["a.zip/ok/good.txt"]


def test_an_archive_bomb_is_refused(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.jsonl", b"0" * (100 << 20))
        archive.writestr("b.txt", page(1))
    made = ingest(write(tmp_path / "raw", {"a.zip": packed.getvalue()}), tmp_path / "out", max_record_bytes=200 << 20)
    assert made.reasons == [("a.zip/a.jsonl", "decompression_bomb")]
    assert list(made.by_source) == ["a.zip/b.txt"]


def test_settings_given_as_words_are_checked() -> None:
    from corpus_kit.core.config import input_with

    made = input_with(Input(), {"text": "body"}, {"delimiter": "\\t", "header": "false", "max_record_bytes": "1 MiB"})
    assert made.columns.text == "body" and made.max_record_bytes == 1 << 20
    assert (made.files[0].glob, made.files[0].delimiter, made.files[0].header) == ("**", "\t", False)
    for columns, given in (({"txt": "a"}, {}), ({}, {"delim": ";"}), ({}, {"header": "maybe"})):
        with pytest.raises(UsageError):
            input_with(Input(), columns, given)


def test_a_list_of_strings_is_a_list_of_texts(tmp_path: Path) -> None:
    texts = [page(i) for i in range(3)]
    made = ingest(write(tmp_path / "raw", {"a.json": json.dumps([*texts, 5])}), tmp_path / "out", language=False)
    assert [d["text"] for d in made.documents] == texts
    assert [(r["source"], r["reason"]) for r in made.rejected] == [("a.json#4", "malformed_json")]


def test_a_comma_too_many_or_between_lines_loses_nothing(tmp_path: Path) -> None:
    records = [json.dumps({"id": f"r{i}", "text": page(i)}) for i in range(4)]
    contents = {
        "array.json": "[" + ",".join(records) + ",\n]",
        "lines.json": ",\n".join(records),
        "end.json": ",\n".join(records) + ",\n",
    }
    made = ingest(write(tmp_path / "raw", contents), tmp_path / "out", language=False, id_scope="file")
    assert made.rejected == []
    for name in contents:
        assert [d["text"] for d in made.documents if d["source"].startswith(name)] == [page(i) for i in range(4)]


def test_one_bad_record_among_records_one_after_another_costs_itself_and_its_bytes(tmp_path: Path) -> None:
    bad = '{"id": "r1", "text": "two" oops}'
    content = '{"id": "r0", "text": "One."},\n' + bad + ',\n{"id": "r2", "text": "Three."}'
    made = ingest(write(tmp_path / "raw", {"a.json": content}), tmp_path / "out", language=False)
    assert [d["text"] for d in made.documents] == ["One.", "Three."]
    assert [(r["source"], r["reason"]) for r in made.rejected] == [("a.json#2", "malformed_json")]
    assert (made.result.notes.lost.rows, made.result.notes.lost.bytes) == (1, len(bad + ",\n"))


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.json"])
def test_a_record_of_exactly_the_limit_is_taken_and_one_byte_more_is_not(tmp_path: Path, name: str) -> None:
    records = [{"id": "r0", "text": page(0)}, {"id": "r1", "text": page(1)}]
    lines = [json.dumps(record, separators=(",", ":")) for record in records]
    largest = max(len(line) for line in lines)
    contents = {
        "a.csv": "id,text\n" + "".join(f'{r["id"]},"{r["text"]}"\n' for r in records),
        "a.jsonl": "\n".join(lines),
        "a.json": f"[{','.join(lines)}]",
    }
    raw = write(tmp_path / "raw", {name: contents[name]})
    assert ingest(raw, tmp_path / "out", language=False, max_record_bytes=largest).rejected == []
    smaller = ingest(raw, tmp_path / "out2", language=False, max_record_bytes=largest - 1)
    assert {r["reason"] for r in smaller.rejected} == {"record_too_large"}
    assert len(smaller.rejected) == sum(len(line) == largest for line in lines)
