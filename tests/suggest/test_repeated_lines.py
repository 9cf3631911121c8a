"""What a publisher repeats from page to page is suggested to be boilerplate, whoever builds and in whatever order."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from labelled_corpus import write_settings

from corpus_kit.corpus import Corpus
from corpus_kit.ingest import documents
from corpus_kit.suggest.boilerplate import BoilerplateModel

# It could end an article, and nothing on a single page tells that it ends all of them.
REFRAIN = "The Gannet Rock Papers are printed by hand in an edition of ninety copies."
OUTLETS = ("Gannet Rock Papers", "The Sennet Post")
WORDS = "ferry harbour market council library bridge museum station winter summer teacher doctor letter answer".split()


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "SHARD_BYTES", 12_000)


def story(number: int) -> str:
    """An article like no other: sentences of words drawn by a hash."""
    drawn = hashlib.sha256(str(number).encode()).digest() * 4
    words = [WORDS[byte % len(WORDS)] for byte in drawn]
    sentences = [" ".join(words[i : i + 12]).capitalize() + f" on day {number}." for i in range(0, 120, 12)]
    return "\n\n".join(" ".join(sentences[i : i + 2]) for i in range(0, 10, 2))


def page(number: int, refrain: str = REFRAIN) -> str:
    links = "\n".join(f"Read also: {word} and {number + i}" for i, word in enumerate(WORDS[:5]))
    return f"Home\nNews\nSport\nLog in\n\n{story(number)}\n\n{refrain}\n\n{links}\n© 2031 All rights reserved\n"


def records(pages: Mapping[str, tuple[str, str | None]]) -> str:
    """id → text and outlet, as JSON Lines."""
    each = [{"id": name, "text": text, "outlet": outlet} for name, (text, outlet) in pages.items()]
    return "".join(json.dumps({k: v for k, v in one.items() if v}, ensure_ascii=False) + "\n" for one in each)


def raw(folder: Path, **files: Mapping[str, tuple[str, str | None]]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, pages in files.items():
        (folder / f"{name}.jsonl").write_text(records(pages), encoding="utf-8")
    return folder


def many(first: int, count: int, outlet: str | None) -> dict[str, tuple[str, str | None]]:
    return {f"{n:04d}": (page(n), outlet) for n in range(first, first + count)}


def rows(out: Path, table: str = "suggestions") -> list[dict[str, Any]]:
    return [row for path in sorted((out / table).glob("*.parquet")) for row in pq.read_table(path).to_pylist()]


def marked(out: Path, what: str = REFRAIN) -> int:
    """Documents in which a suggestion holds all of `what`."""
    texts = {row["doc_id"]: row["text"] for row in rows(out, "documents")}
    held = {
        row["doc_id"]
        for row in rows(out)
        if row["start"] <= texts[row["doc_id"]].find(what) < texts[row["doc_id"]].find(what) + len(what) <= row["end"]
    }
    return len(held)


def made(out: Path, *tables: str) -> dict[str, str]:
    files = [p for table in tables for p in sorted((out / table).rglob("*")) if p.is_file()]
    return {p.relative_to(out).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_a_line_on_all_pages_of_a_publisher_is_suggested_and_what_strangers_or_printings_share_is_not(
    tmp_path: Path,
) -> None:
    (alone,) = BoilerplateModel.load().suggest([page(0)], 0.5)
    assert not any(one.start <= page(0).find(REFRAIN) < one.end for one in alone), "the test would show nothing"
    strangers = {f"{n:04d}": (page(n, "No one knows who printed this, or for whom."), None) for n in range(100, 140)}
    each_once = {
        f"{n:04d}": (page(n, "Each paper has this once, and none twice."), f"Paper {n}") for n in range(200, 240)
    }
    # Forty printings of one story are one page: its paragraphs are no menu.
    often = {f"{n:04d}": (page(n, "Until tomorrow."), OUTLETS[1]) for n in range(300, 340)}
    often |= {f"{n:04d}": (page(99, f"Printed {n} times."), OUTLETS[1]) for n in range(400, 440)}
    folder = raw(tmp_path / "raw", a=many(0, 40, OUTLETS[0]), b=strangers, c=each_once, d=often)
    Corpus.without(tmp_path / "out").build([folder])
    assert marked(tmp_path / "out", REFRAIN) == 40
    assert marked(tmp_path / "out", "No one knows who printed this, or for whom.") == 0
    assert marked(tmp_path / "out", "Each paper has this once, and none twice.") == 0
    for paragraph in story(99).split("\n\n"):
        assert marked(tmp_path / "out", paragraph) == 0


def test_pages_that_make_a_line_repeated_have_those_before_looked_at_again_and_no_others(
    tmp_path: Path, texts_looked_at: list[str]
) -> None:
    other = {f"{n:04d}": (page(n, refrain=f"Page {story(n)[:20]} ends."), OUTLETS[1]) for n in range(100, 130)}
    folder = raw(tmp_path / "raw", a=many(0, 4, OUTLETS[0]), b=other)
    out = Corpus.without(tmp_path / "out")
    out.build([folder], workers=1)
    assert marked(out.data) == 0 and len(texts_looked_at) == 34
    texts_looked_at.clear()
    out.build([folder], workers=1)
    assert texts_looked_at == []
    raw(folder, c=many(200, 30, OUTLETS[0]))
    out.build([folder], workers=1)
    assert marked(out.data) == 34
    assert len(texts_looked_at) == 34 and not any("Page " in text for text in texts_looked_at)
    Corpus.without(tmp_path / "again").build([folder], workers=2)
    tables = ("suggestions", "documents", "release")
    assert made(out.data, *tables) == made(tmp_path / "again", *tables)
    (folder / "c.jsonl").unlink()
    out.build([folder], workers=1)
    assert marked(out.data) == 0, "what is no longer repeated is no longer suggested"


def test_suggesting_again_without_a_build_gives_the_same_rows(tmp_path: Path) -> None:
    Corpus.init(tmp_path / "own")
    write_settings(tmp_path / "own", "")
    raw(tmp_path / "own" / "data" / "raw", a=many(0, 30, OUTLETS[0]), b=many(100, 10, OUTLETS[1]))
    own = Corpus.open(tmp_path / "own")
    own.build()
    before = made(own.data, "suggestions")
    assert marked(own.data) == 40
    own.suggest("boilerplate")
    assert made(own.data, "suggestions") == before
    write_settings(tmp_path / "own", "[duplicates]\nrepeated_lines = 0\n")
    own = Corpus.open(tmp_path / "own")
    own.suggest("boilerplate")
    assert marked(own.data) == 0, "switched off"


def test_counts_that_were_harmed_are_made_again(tmp_path: Path) -> None:
    folder = raw(tmp_path / "raw", a=many(0, 30, OUTLETS[0]))
    out = Corpus.without(tmp_path / "out")
    out.build([folder])
    before = made(out.data, "suggestions", "documents")
    raw(folder, b=many(50, 2, OUTLETS[0]))
    out.build([folder])
    (folder / "b.jsonl").unlink()
    for number, array in enumerate(sorted((out.data / ".work" / "lines").rglob("*.npy"))):
        content = array.read_bytes()
        array.unlink()
        if number % 3:  # the others are gone
            array.write_bytes(content[: len(content) // 2] if number % 3 == 1 else b"")
    out.build([folder])
    assert made(out.data, "suggestions", "documents") == before
