"""A text-free release holds no text, and whoever has the pages gets the full one back."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import subprocess
import sys
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labelled_corpus import write_settings

from corpus_kit import Corpus
from corpus_kit.core.errors import FindingsError, UsageError
from corpus_kit.release.text_free.columns import as_pieces, of_pieces
from corpus_kit.release.text_free.hydrate import FoundText, TextInMemory, hydrate_release
from corpus_kit.release.text_free.runs import Repeated
from corpus_kit.release.text_free.shingles import sentences, unchanged
from corpus_kit.release.text_free.store import TextStore
from corpus_kit.release.text_free.write import write_text_free

LIMIT = 40


def _texts(release: Path) -> list[FoundText]:
    rows = pl.read_parquet(release / "documents" / "*.parquet").iter_rows(named=True)
    return [FoundText(TextInMemory(r["text"]), r["text_sha256"], r["doc_id"], r["url"], r["source"]) for r in rows]


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _strings(one)
    elif isinstance(value, list):
        yield from (found for one in value for found in _strings(one))


def _content(file: Path) -> Iterator[str]:
    """Every string of a file; the words of a list also joined, as a reader would put tokens together."""
    if file.suffix != ".parquet":
        yield file.read_text(encoding="utf-8")
        return
    for row in pl.read_parquet(file).iter_rows(named=True):
        for value in row.values():
            found = list(_strings(value))
            yield from found
            yield " ".join(found)


def assert_no_run(folder: Path, texts: list[str], limit: int = LIMIT) -> None:
    """Brute force: no window of limit + 1 characters of any text is in any file."""
    windows = {text[at : at + limit + 1] for text in texts for at in range(len(text) - limit)}
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    for file in files:
        for string in _content(file):
            for at in range(len(string) - limit):
                assert string[at : at + limit + 1] not in windows, (file.name, at)


@pytest.fixture(scope="module")
def text_free(sample_release: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("text-free")
    write_text_free(sample_release, folder / "release", folder, LIMIT)
    return folder / "release"


def test_no_file_holds_a_long_run_of_any_text(sample_release: Path, text_free: Path) -> None:
    assert_no_run(text_free, [one.text for one in _texts(sample_release)])


def test_it_loads_with_one_line_and_its_card_says_what_is_missing(text_free: Path, hub_cache: Path) -> None:
    import datasets

    rows = datasets.load_dataset(str(text_free), "entities", split="train", cache_dir=str(hub_cache))
    assert "tokens" not in rows.column_names
    assert rows.features["ner_tags"].feature.names[0] == "O"
    documents = datasets.load_dataset(str(text_free), cache_dir=str(hub_cache))
    assert {"text", "main_text"}.isdisjoint(documents["train"].column_names)
    card = (text_free / "README.md").read_text(encoding="utf-8")
    assert "This release holds no texts." in card
    assert "| `main_text` |" not in card


def test_ones_own_pages_give_the_bytes_of_the_full_release(
    sample_release: Path, text_free: Path, tmp_path: Path
) -> None:
    made = hydrate_release(text_free, _texts(sample_release), tmp_path / "full", tmp_path)
    assert made.identical
    assert made.documents == Counter(exact=20)
    names = sorted(p.relative_to(sample_release).as_posix() for p in sample_release.rglob("*") if p.is_file())
    assert names == sorted(p.relative_to(made.folder).as_posix() for p in made.folder.rglob("*") if p.is_file())  # type: ignore[arg-type, union-attr]
    for name in names:
        assert (tmp_path / "full" / name).read_bytes() == (sample_release / name).read_bytes(), name


def test_without_pages_every_label_is_gone_and_counted(text_free: Path, tmp_path: Path) -> None:
    made = hydrate_release(text_free, [], tmp_path / "full", tmp_path)
    assert +made.documents == Counter(gone=20)
    assert set(+made.labels) == {"gone"}


def _edited(text: str, rng: random.Random) -> tuple[str, dict[int, int], set[int]]:
    """A text with lines taken out, put in or begun differently; where each code point is now; those of untouched lines."""
    made: list[str] = []
    place: dict[int, int] = {}
    untouched: set[int] = set()
    at = old = 0
    for line in text.split("\n"):
        choice = rng.random()
        if choice < 0.05:
            added = f"Inserted note number {rng.random():.6f}."
            made.append(added)
            at += len(added) + 1
        if choice < 0.95 or not line:
            changed = "x" if line and choice > 0.9 else ""
            place.update({old + i: at + len(changed) + i for i in range(len(line))})
            untouched.update(range(old, old + len(line)) if not changed else ())
            made.append(changed + line)
            at += len(changed + line) + 1
        old += len(line) + 1
    return "\n".join(made), place, untouched


@pytest.mark.parametrize("seed", range(3))
def test_labels_in_unchanged_sentences_of_edited_pages_come_back_and_none_is_wrong(
    sample_release: Path, text_free: Path, tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    texts, places, kept = [], {}, {}
    for one in _texts(sample_release):
        text, places[one.doc_id], kept[one.doc_id] = _edited(one.text, rng)
        texts.append(FoundText(TextInMemory(text), hashlib.sha256(text.encode()).hexdigest(), one.doc_id))
    made = hydrate_release(text_free, texts, tmp_path / "full", tmp_path)
    labels = pl.read_parquet(tmp_path / "full" / "carried" / "labels.parquet")
    copies = {one.doc_id: one.text for one in texts}
    back = possible = 0
    for row in labels.iter_rows(named=True):
        doc_id, start, end = row["doc_id"], row["from_start"], row["from_end"]
        unchanged_here = set(range(start, end)) <= kept[doc_id]
        if row["verdict"] != "stale":
            assert row["start"] == places[doc_id].get(start), row
            assert row["surface"] == copies[doc_id][row["start"] : row["end"]]
            assert row["verdict"] == ("exact" if row["start"] == start else "shifted")
            back += unchanged_here
        possible += unchanged_here
    assert back >= 0.95 * possible > 100
    assert made.documents["carried"] == 20 - made.documents["exact"]


def test_of_repeated_sentences_a_copy_that_went_makes_the_others_uncertain() -> None:
    old = sentences("First of all.\nMenu\nMenu\nThe last one.", "salt")
    new = sentences("First of all.\nMenu\nThe last one.", "salt")
    assert [(one.start, one.shift) for one in unchanged(old, new)] == [(0, 0), (24, -5)]


def test_a_title_from_metadata_is_kept_as_places_in_the_text(tmp_path: Path) -> None:
    corpus = Corpus.without(tmp_path / "data")
    title = "The harbour of Velmora is closed for the whole of the winter"
    text = f"Home | News\n{title}\nBecause of ice, said the harbour master."
    rows = [
        {"id": "1", "title": f"{title} - Strait News", "text": text},
        {"id": "2", "text": "Another page, a short one."},
    ]
    raw = tmp_path / "pages.jsonl"
    raw.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    corpus.build([raw], report=False)
    release = tmp_path / "data" / "release"
    write_text_free(release, tmp_path / "free", tmp_path)
    assert_no_run(tmp_path / "free", [text])
    made = hydrate_release(tmp_path / "free", _texts(release), tmp_path / "full", tmp_path)
    assert made.identical


def test_a_title_that_another_page_quotes_is_withheld(tmp_path: Path) -> None:
    corpus = Corpus.without(tmp_path / "data")
    title = "The harbour of Velmora is closed for the whole of the winter"
    rows = [
        {"id": "1", "title": title, "text": "A page about ice."},
        {"id": "2", "text": f"Read also: {title}, and more."},
    ]
    raw = tmp_path / "pages.jsonl"
    raw.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    corpus.build([raw], report=False)
    made = write_text_free(tmp_path / "data" / "release", tmp_path / "free", tmp_path)
    assert made.withheld == 1
    assert_no_run(tmp_path / "free", [row["text"] for row in rows])


def test_a_card_that_quotes_a_page_is_refused_by_name(sample_release: Path, tmp_path: Path) -> None:
    release = Path(shutil.copytree(sample_release, tmp_path / "release"))
    text = _texts(release)[0].text
    with (release / "README.md").open("a", encoding="utf-8") as card:
        card.write("\nFor example: " + max(text.split("\n"), key=len)[:60] + "\n")
    with pytest.raises(FindingsError, match=r"README\.md"):
        write_text_free(release, tmp_path / "free", tmp_path)
    assert not (tmp_path / "free").exists()


def test_hydrate_refuses_a_folder_that_is_no_text_free_release(sample_release: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"recipe\.json"):
        hydrate_release(sample_release, [], tmp_path / "full", tmp_path)


@settings(max_examples=200, deadline=None)
@given(st.text("abc \né𝒳", max_size=200), st.data())
def test_pieces_give_the_string_again_and_hold_no_long_run(text: str, data: st.DataObject) -> None:
    start, end = sorted(data.draw(st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))))
    value = data.draw(st.text("abc", max_size=5)) + text[start:end] + data.draw(st.text("abc", max_size=5))
    pieces = as_pieces(value, text, 10)
    assert of_pieces(json.loads(json.dumps(pieces)), text) == value
    literals = [one for one in pieces if isinstance(one, str)]
    assert not any(one[at : at + 11] in text for one in literals for at in range(len(one) - 10))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text("ab😀", max_size=60), max_size=4), st.lists(st.text("ab😀", max_size=60), max_size=4))
def test_a_repeated_run_is_found_exactly_where_brute_force_finds_one(strings: list[str], texts: list[str]) -> None:
    found = Repeated(10)
    found.publish(strings)
    found.compare(texts)
    for string in strings:
        expected = any(string[at : at + 11] in text for text in texts for at in range(len(string) - 10))
        assert found.repeats(string) is expected


@pytest.mark.slow
def test_the_two_commands_lead_from_a_corpus_to_its_release_and_back(sample: Path, tmp_path: Path) -> None:
    corpus = sample

    def run(*words: str) -> str:
        command = [sys.executable, "-m", "corpus_kit", *words]
        done = subprocess.run(command, cwd=corpus, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    run("build")
    assert "hydrate" in run("export", "--text-free", str(tmp_path / "free"))
    told = run("hydrate", str(tmp_path / "free"), "--from", "data/raw", "--out", str(tmp_path / "full"))
    assert "(100.0%)" in told
    assert "Every file has the bytes of the full release." in told
    assert sorted(path.name for path in tmp_path.iterdir()) == ["corpus", "free", "full"]


def test_texts_stay_on_the_disk_but_for_a_few_row_groups(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [{"doc_id": f"{n:04d}", "text": f"Page {n} " * 500} for n in range(200)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "documents.parquet", row_group_size=10)
    store = TextStore()
    stored = {row["doc_id"]: text for text, row in store.add(tmp_path / "documents.parquet", ["doc_id"])}
    tracemalloc.start()
    for row in [*rows, *reversed(rows)]:
        assert stored[row["doc_id"]].text == row["text"]
        assert len(store._groups) <= 3
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1e6


@pytest.mark.slow
def test_two_thousand_documents_without_a_run_and_back(tmp_path: Path) -> None:
    rng = random.Random(11)
    words = ["".join(rng.choices("aeioulmnrstvkdb", k=rng.randint(2, 9))) for _ in range(3000)]

    def sentence() -> str:
        return " ".join(rng.choices(words, k=rng.randint(5, 14))).capitalize() + "."

    pages: list[Any] = []
    for number in range(2000):
        title = sentence()
        lines = [title, "", *(sentence() for _ in range(rng.randint(4, 9)))]
        quoted = {"teaser": rng.choice(pages)["title"]} if pages and number % 7 == 0 else {}
        pages.append({"id": str(number), "title": title, "text": "\n".join(lines), "section": sentence()} | quoted)
    raw = tmp_path / "raw" / "pages.jsonl"
    raw.parent.mkdir()
    raw.write_text("".join(json.dumps(page) + "\n" for page in pages), encoding="utf-8")
    Corpus.init(tmp_path / "corpus")
    write_settings(tmp_path / "corpus", '[release]\nmeta = ["teaser", "section"]\n')
    corpus = Corpus.open(tmp_path / "corpus")
    corpus.build([raw.parent], report=False)
    full = corpus.data / "release"
    made = corpus.export("text-free", tmp_path / "free")
    assert sum(made.rows["documents"].values()) == 2000
    assert_no_run(tmp_path / "free", [one.text for one in _texts(full)])
    back = corpus.hydrate(tmp_path / "free", [raw.parent], tmp_path / "full")
    assert back.documents["exact"] == 2000
    withheld = json.loads((tmp_path / "free" / "manifest.json").read_text(encoding="utf-8"))["text_free"]["withheld"]
    assert back.identical is (withheld == 0)
