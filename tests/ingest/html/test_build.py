"""HTML files become documents like any other, and every span of them is found again in the file."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import polars as pl

from corpus_kit.corpus import Corpus

PAGE = """<!doctype html><html lang="ru"><head><meta charset="windows-1251">
<title>Паром снова ходит | Вестник Норхавена</title>
<meta property="og:site_name" content="Вестник Норхавена">
<meta property="article:published_time" content="2031-10-18T09:00:00+02:00">
<link rel="canonical" href="https://vestnik.example/parom"></head><body><nav><a href="/">Главная</a></nav>
<h1>Паром снова ходит</h1><p>18 октября 2031</p>
<p>Паром между Норхавеном и островом Суле снова ходит &mdash; впервые за три года,
сообщили в <b>управлении</b> порта.</p></body></html>"""


def build(folder: Path, **files: bytes) -> list[dict[str, Any]]:
    raw = folder / "raw"
    raw.mkdir()
    for name, content in files.items():
        (raw / name.replace("__", ".")).write_bytes(content)
    Corpus.without(folder / "out").build([raw], folder / "out")
    return pl.read_parquet(folder / "out" / "documents" / "*.parquet").sort("source").to_dicts()


def test_a_page_is_a_document_whatever_its_name_says(tmp_path: Path) -> None:
    raw = PAGE.encode("cp1251")
    names = ("a__html", "b__HTM", "c__xhtml", "d__txt")
    documents = build(tmp_path, **dict.fromkeys(names, raw), e__html__gz=gzip.compress(raw))
    assert len(documents) == 5
    for document in documents:
        text = document["text"]
        assert text.startswith("Главная\nПаром снова ходит\n\n18 октября 2031\n\nПаром между Норхавеном")
        assert document["title"] == text[document["title_start"] : document["title_end"]] == "Паром снова ходит"
        assert str(document["published_on"]) == "2031-10-18"
        assert text[document["published_start"] : document["published_end"]] == "18 октября 2031"
        assert (document["outlet"], document["url"]) == ("Вестник Норхавена", "https://vestnik.example/parom")
        assert (document["encoding"], document["language"]) == ("cp1251", "ru")
        found = Corpus.without(tmp_path / "out").locate(document["doc_id"], 8, 13, raw=[tmp_path / "raw"])
        assert raw[found.byte_start : found.byte_end].decode("cp1251") == found.surface == "Паром"
        assert found.paths == ("/html/body/h1[1]",)


def test_a_page_that_shows_nothing_is_refused_and_counted(tmp_path: Path) -> None:
    (document,) = build(
        tmp_path, empty__html=b"<html><script>var a = 'b'</script></html>", page__html=b"<p>A line of text.</p>"
    )
    assert document["source"] == "page.html"
    (refused,) = pl.read_parquet(tmp_path / "out" / "rejected" / "*.parquet").to_dicts()
    assert (refused["source"], refused["reason"]) == ("empty.html", "empty_text")
