"""Every span of a document is found again in the bytes of its file; where it is not, there is a reason."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_kit.cli.errors import run
from corpus_kit.cli.main import cli
from corpus_kit.corpus import Corpus
from corpus_kit.ingest.html import read_html
from corpus_kit.ingest.locate import locate_span

PAGE = b"<!doctype html><body><h1>Ferry runs again</h1><p>Fish &amp; <b>chips</b> for all</p><p>x</p>"


@settings(max_examples=60, deadline=None)
@given(
    st.text(st.sampled_from("aЖ—𝒳 \n\r"), min_size=1, max_size=20).filter(str.strip),
    st.sampled_from(["utf-8", "utf-16-le", "gb18030"]),
)
def test_every_character_of_plain_text_is_where_it_is_said_to_be(written: str, encoding: str) -> None:
    raw = written.encode(encoding)
    text = written.replace("\r\n", "\n").replace("\r", "\n")
    for at, char in enumerate(text):
        found = locate_span(raw, text, encoding, at, at + 1)
        assert found is not None
        there = raw[found.start : found.end].decode(encoding)
        assert there == char or (char == "\n" and there in ("\r", "\r\n"))


@pytest.mark.parametrize(
    ("surface", "there", "paths"),
    [
        ("Ferry", b"Ferry", ("/html/body/h1[1]",)),
        ("Fish & chips", b"Fish &amp; <b>chips", ("/html/body/p[1]",)),
        ("all\n\nx", b"all</p><p>x", ("/html/body/p[1]", "/html/body/p[2]")),
    ],
)
def test_a_span_of_a_page_has_its_bytes_and_elements(surface: str, there: bytes, paths: tuple[str, ...]) -> None:
    text = read_html(PAGE).text
    start = text.index(surface)
    found = locate_span(PAGE, text, "utf-8", start, start + len(surface))
    assert found is not None
    assert (PAGE[found.start : found.end], found.paths) == (there, paths)
    assert locate_span(PAGE, text, "utf-8", text.index("\n\n"), text.index("\n\n") + 2) is None
    assert locate_span(PAGE, "another text", "utf-8", 0, 3) is None


def test_documents_are_located_or_there_is_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[Any]
) -> None:
    Corpus.init(tmp_path)
    raw = tmp_path / "data" / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    plain = "Паром снова ходит.\r\nПервый рейс — в субботу.\r\n".encode()
    (raw / "plain.txt.gz").write_bytes(gzip.compress(plain))
    (raw / "many.jsonl").write_text('{"id": "a", "text": "A line of text."}\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    corpus = Corpus.open(".")
    corpus.build(report=False)
    documents = pl.read_parquet(tmp_path / "data" / "documents" / "*.parquet").sort("source").to_dicts()
    start = documents[1]["text"].index("рейс")
    found = corpus.locate(documents[1]["doc_id"], start, start + 4)
    assert (found.byte_start, found.byte_end) == (plain.index("рейс".encode()), plain.index("рейс".encode()) + 8)
    assert "one of many" in str(corpus.locate(documents[0]["doc_id"], 0, 6).reason)
    capsys.readouterr()
    assert run(cli, ["locate", "plain.txt.gz", str(start), str(start + 4), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["byte_start"] == found.byte_start
    assert run(cli, ["locate", "plain.txt.gz", str(start), str(start + 4)]) == 0
    assert capsys.readouterr().out.split("\t")[1:] == [str(found.byte_start), f"{found.byte_end}\n"]
    assert run(cli, ["locate", "plain.txt.gz", "1", "2300"]) == run(cli, ["locate", "no-such-document", "1", "2"]) == 2
    (raw / "plain.txt.gz").write_bytes(gzip.compress(b"Something else."))
    assert corpus.locate("plain.txt.gz", 0, 5).byte_start is None
    (raw / "plain.txt.gz").unlink()
    assert "not there" in str(corpus.locate("plain.txt.gz", 0, 5).reason)
