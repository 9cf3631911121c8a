"""`report --compare`: every change between two releases is found, named once, and nothing else is."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import Any

import pytest
from browsers import open_page
from labelled_corpus import EELS, PAGES, entities_of_three, entity, label, new_corpus, read

from corpus_kit import Corpus
from corpus_kit.core.errors import UsageError

OTHER = "Another page about a bridge that is to be fixed before the winter comes to Velmora and its villages.\n"


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Corpus, Path]:
    """A corpus, and its release before: a page came, one went, one has another text, one a tie that was settled,
    one another publisher, one another side."""
    folder, scratch = tmp_path_factory.mktemp("compared"), tmp_path_factory.mktemp("exports")
    pages = dict(PAGES) | {"gone.txt": OTHER, "kept.txt": "A page no one touches.\n", "titled.txt": "Another page.\n"}
    corpus = new_corpus(folder / "corpus", pages)
    label(corpus, "entities", entities_of_three(), scratch)
    corpus.build()
    before = folder / "before"
    shutil.copytree(corpus.data / "release", before)
    raw = corpus.data / "raw"
    (raw / "gone.txt").unlink()
    (raw / "came.txt").write_text(OTHER.replace("bridge", "tunnel under the strait"), encoding="utf-8")
    (raw / "strike.txt").write_text(PAGES["strike.txt"].replace("Monday", "Tuesday"), encoding="utf-8")
    (raw / "metadata.csv").write_text("file,outlet\ntitled.txt,Strait News\n", encoding="utf-8")
    ids = dict(read(corpus, "documents", "documents").select("source", "doc_id").iter_rows())
    (folder / "corpus" / "splits.csv").write_text(f"doc_id,split\n{ids['kept.txt']},test\n", encoding="utf-8")
    board = [entity(EELS, "Lake Vesk", "LOC"), entity(EELS, "Vesk Board", "ORG")]
    label(corpus, "entities", {"eels.txt": {"cyd": board}}, scratch)
    corpus.build()
    return corpus, before


def rows_of(corpus: Corpus) -> list[dict[str, str]]:
    with (corpus.data / "report" / "changes.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_kind_of_change_is_found_and_nothing_else(changed: tuple[Corpus, Path]) -> None:
    import polars as pl

    corpus, before = changed
    made = corpus.report(compare=before)
    rows = rows_of(corpus)
    names: dict[str, str] = {}
    for release in (before, corpus.data / "release"):
        for file in sorted(release.glob("documents/*.parquet")):
            names.update(pl.read_parquet(file, columns=["doc_id", "source"]).iter_rows())
    found = {(names[row["doc_id"]], row["change"]) for row in rows}
    assert found == {
        ("came.txt", "added"),
        ("gone.txt", "removed"),
        ("strike.txt", "text"),
        ("eels.txt", "labels"),
        ("titled.txt", "metadata"),
        ("kept.txt", "split"),
    }
    counted = {kind: sum(row["change"] == kind for row in rows) for kind in made.changes}
    assert made.changes == counted
    assert sum(counted.values()) == len(rows)


def test_the_other_way_round_what_came_went(changed: tuple[Corpus, Path], tmp_path: Path) -> None:
    from corpus_kit.report.compare import compare, open_release

    corpus, before = changed
    forth = compare(open_release(before), open_release(corpus.data / "release"))
    back = compare(open_release(corpus.data / "release"), open_release(before))
    assert forth.counts["added"] == back.counts["removed"]
    assert forth.total == back.total
    assert [(name, old, new) for name, new, old in back.sizes] == list(forth.sizes)


def test_a_release_compared_with_itself_has_not_changed(changed: tuple[Corpus, Path], tmp_path: Path) -> None:
    corpus, _ = changed
    made = corpus.report(tmp_path / "same.html", compare=corpus.data / "release")
    assert made.changes == {}
    assert "no change" in made.path.read_text(encoding="utf-8")
    assert (tmp_path / "same-changes.csv").read_text(encoding="utf-8") == "doc_id,change,where,detail\n"


def test_a_comparison_is_made_once_and_the_next_build_leaves_it_out(changed: tuple[Corpus, Path]) -> None:
    corpus, before = changed
    first = corpus.report(compare=before)
    page = first.path.read_text(encoding="utf-8")
    again = corpus.report(compare=before)
    assert (again.unchanged, again.changes) == (True, first.changes)
    assert str(before) not in page
    assert not corpus.report().unchanged
    assert not (corpus.data / "report" / "changes.csv").exists()


def test_what_is_no_release_is_refused(changed: tuple[Corpus, Path], tmp_path: Path) -> None:
    corpus, _ = changed
    for folder in (tmp_path, corpus.data / "documents", tmp_path / "nowhere"):
        with pytest.raises(UsageError, match="is no release"):
            corpus.report(compare=folder)


@pytest.mark.browser
def test_the_changes_are_on_the_page(changed: tuple[Corpus, Path], chromium: Any, tmp_path: Path) -> None:
    from selenium.webdriver.common.by import By

    corpus, before = changed
    page = open_page(chromium, corpus.report(tmp_path / "page.html", compare=before).path)
    section = page.find_element(By.ID, "changes")
    assert "+ added" in section.text and "− removed" in section.text and "rows came" in section.text
    assert len(section.find_elements(By.CSS_SELECTOR, "svg.chart")) >= 2
    page.execute_script("document.querySelector('#changes a').click()")
    assert page.execute_script("return document.activeElement.id") == "document"
    assert page.get_log("browser") == []
