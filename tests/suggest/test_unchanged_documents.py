"""A changed shard: documents that have not changed are not looked at again, and no one can tell from the bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import datasets  # noqa: F401 - many builds, and so each need not start a process that imports it
import numpy as np
import pytest
from authored import authored_pages
from labelled_corpus import write_settings

from corpus_kit.corpus import Corpus
from corpus_kit.ingest import documents
from corpus_kit.suggest import earlier

MENU = "Home\nNews\nSport\nWeather\nSubscribe\nLog in\nCookies\n© 2031 The Sennet Post\n"


@pytest.fixture(autouse=True)
def few_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "SHARD_BYTES", 30_000)


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    folder.mkdir()
    for page in authored_pages():
        (folder / f"{page.name}.txt").write_text(page.text, encoding="utf-8")
    return folder


def made(out: Path) -> dict[str, str]:
    return {
        f"{folder}/{p.name}": hashlib.sha256(p.read_bytes()).hexdigest()
        for folder in ("suggestions", "documents", "release", "report")
        for p in sorted((out / folder).rglob("*"))
        if p.is_file()
    }


def built_anew(raw: Path, tmp_path: Path) -> dict[str, str]:
    out = tmp_path / f"again-{len(list(tmp_path.iterdir()))}"
    Corpus.without(out).build([raw])
    return made(out)


def test_a_new_page_alone_is_looked_at(raw: Path, tmp_path: Path, texts_looked_at: list[str]) -> None:
    corpus = Corpus.without(tmp_path / "out")
    first = corpus.build([raw]).suggested
    assert first is not None and len(texts_looked_at) == first.documents > first.marked > 0, (
        "some have no row to be known by"
    )
    texts_looked_at.clear()
    (raw / "zz-menu.txt").write_text(MENU, encoding="utf-8")
    second = corpus.build([raw]).suggested
    assert second is not None and second.unchanged_shards < second.shards
    assert texts_looked_at == [MENU]
    assert made(tmp_path / "out") == built_anew(raw, tmp_path)


def test_a_changed_a_removed_and_a_moved_page(raw: Path, tmp_path: Path, texts_looked_at: list[str]) -> None:
    corpus = Corpus.without(tmp_path / "out")
    corpus.build([raw])
    changed, removed, moved, *_ = sorted(raw.iterdir())
    texts_looked_at.clear()
    changed.write_text(changed.read_text(encoding="utf-8") + "\nLog out\n", encoding="utf-8")
    removed.unlink()
    moved.rename(raw / "zz-moved.txt")
    corpus.build([raw])
    texts = [path.read_text(encoding="utf-8") for path in (changed, raw / "zz-moved.txt")]
    assert sorted(texts_looked_at) == sorted(texts), "another doc_id is another row"
    assert made(tmp_path / "out") == built_anew(raw, tmp_path)


def test_another_headline_is_looked_at_again(tmp_path: Path, raw: Path, texts_looked_at: list[str]) -> None:
    corpus = Corpus.without(tmp_path / "out")
    corpus.build([raw])
    page = sorted(raw.iterdir())[0]
    text = page.read_text(encoding="utf-8")
    headline = next(line for line in reversed(text.splitlines()) if len(line.split()) > 3)
    (raw / "metadata.csv").write_text(f'file,title\n{page.name},"{headline}"\n', encoding="utf-8")
    texts_looked_at.clear()
    corpus.build([raw])
    assert texts_looked_at == [text], "the same text under another headline"
    assert made(tmp_path / "out") == built_anew(raw, tmp_path)


def test_two_workers_take_over_the_same(
    raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, texts_looked_at: list[str]
) -> None:
    monkeypatch.setattr("corpus_kit.core.parallel.executor.SECONDS_WORTH_A_POOL", 0)
    monkeypatch.setattr(documents, "SHARD_BYTES", 6_000)
    corpus = Corpus.without(tmp_path / "out")
    corpus.build([raw], workers=2)
    for number, page in enumerate(sorted(raw.iterdir())):
        (raw / f"{page.stem}-menu.txt").write_text(f"{MENU}{number}\n", encoding="utf-8")
    assert corpus.build([raw], workers=2).suggested
    assert texts_looked_at == [], "all was done in the other processes"
    assert made(tmp_path / "out") == built_anew(raw, tmp_path)


def test_what_another_recipe_suggested_is_not_taken_over(raw: Path, tmp_path: Path, texts_looked_at: list[str]) -> None:
    Corpus.init(tmp_path / "own")
    own = tmp_path / "own"
    results = []
    for threshold in (0.5, 0.9):
        write_settings(own, f"[suggest]\nthreshold = {threshold}\n")
        (raw / "zz-menu.txt").write_text(f"{MENU}{threshold}\n", encoding="utf-8")
        texts_looked_at.clear()
        results.append(Corpus.open(own).build([raw]).suggested)
        assert len(texts_looked_at) == len(list(raw.iterdir()))
    assert results[0] and results[1] and results[0].total > results[1].total


def test_documents_with_refused_rows_or_labels_left_out_are_counted_again(
    raw: Path, tmp_path: Path, texts_looked_at: list[str]
) -> None:
    Corpus.init(tmp_path / "own")
    config = tmp_path / "own" / "annotation" / "boilerplate" / "config.xml"
    lines = config.read_text(encoding="utf-8").splitlines(keepends=True)
    config.write_text("".join(line for line in lines if 'value="navigation"' not in line), encoding="utf-8")
    corpus = Corpus.open(tmp_path / "own")
    first = corpus.build([raw]).suggested
    assert first is not None and first.left_out["navigation"] > 0
    (raw / "zz-plain.txt").write_text("The council of Sennet Bay met again and went home early.\n", encoding="utf-8")
    second = corpus.build([raw]).suggested
    assert second is not None and second.left_out == first.left_out


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def _forge(path: Path) -> None:
    """The documents of the shard are said to be others."""
    digests = np.load(path)
    np.save(path, np.roll(digests, 1, axis=0) + 1)


@pytest.mark.parametrize(
    ("file", "harm"), [("suggestions.parquet", _truncate), (earlier.DIGESTS, _truncate), (earlier.DIGESTS, _forge)]
)
def test_nothing_is_taken_over_from_a_harmed_shard(
    raw: Path, tmp_path: Path, texts_looked_at: list[str], file: str, harm: Callable[[Path], None]
) -> None:
    corpus = Corpus.without(tmp_path / "out")
    corpus.build([raw])
    for folder in (tmp_path / "out" / ".work" / "suggestions").glob("*/*"):
        (folder / file).chmod(0o644)
        harm(folder / file)
    texts_looked_at.clear()
    (raw / "zz-menu.txt").write_text(MENU, encoding="utf-8")
    corpus.build([raw])
    assert len(texts_looked_at) == len(list(raw.iterdir()))
    assert made(tmp_path / "out") == built_anew(raw, tmp_path)


def test_rows_that_cannot_be_read_any_more_are_made_again(raw: Path, tmp_path: Path) -> None:
    """Harmed after the look at their size: the reader finds it."""
    corpus = Corpus.without(tmp_path / "out")
    corpus.build([raw])
    kept = tmp_path / "out" / ".work" / "suggestions"
    folders = list(kept.glob("*/*"))
    written = earlier.save_earlier(kept, folders)
    digests = np.concatenate([np.load(folder / earlier.DIGESTS) for folder in folders])
    ids = [f"{number:016x}" for number in range(len(digests))]
    known = earlier.rows_of(written, ids, digests, "suggestions.parquet")
    assert sorted(known) == list(range(len(digests)))
    for other in ([[0, 1]], [[1, 0]]):
        unknown = digests + np.array(other, np.uint64)
        assert earlier.rows_of(written, ids, unknown, "suggestions.parquet") == {}, "half a digest is none"
    for folder in folders:
        (folder / "suggestions.parquet").write_bytes(b"no Parquet")
    assert earlier.rows_of(written, ids, digests, "suggestions.parquet") == {}


def test_the_digest_hangs_on_each_part_and_its_place() -> None:
    headline: tuple[str | None, int | None] = ("c", 7)
    one = earlier.digests_of(["a"], ["b"], [headline], [[1, 23]])
    others: list[tuple[str, str, tuple[str | None, int | None], list[int]]] = [
        ("ab", "", headline, [1, 23]),
        ("a", "b", (None, None), [1, 23]),
        ("a", "b", ("null", None), [1, 23]),
        ("a", "b", ("c", 8), [1, 23]),
        ("b", "a", headline, [1, 23]),
        ("a", "b", headline, [12, 3]),
        ("a", "b", headline, []),
    ]
    all_of_them = [one, *(earlier.digests_of([i], [s], [t], [r]) for i, s, t, r in others)]
    assert len({digest.tobytes() for digest in all_of_them}) == 8 and one.shape == (1, 2)
    assert earlier.digests_of([], [], [], []).shape == (0, 2)


def test_a_shard_without_documents_of_before_knows_none(tmp_path: Path) -> None:
    assert earlier.save_earlier(tmp_path, []) == ""
    assert earlier.rows_of("", ["a"], earlier.digests_of(["a"], ["b"], [(None, None)], [[]]), "x") == {}
