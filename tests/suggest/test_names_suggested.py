"""Names that people labelled are suggested elsewhere: rightly, with scores that mean something, never over their work."""

from __future__ import annotations

import json
import random
import shutil
from collections import defaultdict
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from labelled_corpus import entity, label, new_corpus, read, write_settings

from corpus_kit.cli.errors import run
from corpus_kit.cli.main import cli
from corpus_kit.core.progress import Silent
from corpus_kit.core.storage.folders import read_manifest
from corpus_kit.corpus import Corpus
from corpus_kit.ingest import documents
from corpus_kit.suggest.entities.labelled import Labelled, read_labelled
from corpus_kit.suggest.entities.learning import learn, texts_of
from corpus_kit.suggest.entities.people import notes_table, with_boilerplate
from corpus_kit.suggest.entities.propagation import Propagation, TextToLabel

ASK = "[suggest.entities]\nnames = true\n"
PEOPLE_ = ("Odwin Kleister", "Marta Venn", "Ilvara Tessendry", "Севериан Ладогин")
PLACES = ("Kestograd", "Port Sellane", "Marenza")


def planted_pages(count: int) -> dict[str, str]:
    """Pages in which the same people and places stand, and words that only look like them."""
    rng = random.Random(7)
    pages = {}
    for number in range(count):
        person, place = rng.choice(PEOPLE_), rng.choice(PLACES)
        pages[f"{number:02d}.txt"] = (
            f"A day in page {number}\n\nOn day {number} of the fair {person} came to {place} with a cart of apples.\n\n"
            f"They said that {place} had never seen so many, and {person} agreed with all {number + 30} of them.\n\n"
            f"The {place}ian press and the Upper {place} Herald wrote nothing. No one was surprised.\n"
        )
    return pages


def marks(text: str) -> list[dict[str, Any]]:
    found = []
    for names, kind in ((PEOPLE_, "PERSON"), (PLACES, "GPE")):
        for name in names:
            found += [entity(text, name, kind, nth=n) for n in range(text.count(f"{name} "))]
    heralds = [entity(text, f"Upper {place} Herald", "ORG") for place in PLACES if f"Upper {place} Herald" in text]
    inside = {(h["value"]["start"], h["value"]["end"]) for h in heralds}
    return heralds + [
        f for f in found
        if not any(s <= f["value"]["start"] < e for s, e in inside) and not text[f["value"]["end"]].isalpha()
    ]  # fmt: skip


def planted(folder: Path, labelled: int = 20, settings: str = ASK) -> Corpus:
    pages = planted_pages(40)
    corpus = new_corpus(folder / "corpus", pages, settings)
    label(corpus, "entities", {p: {"ada": marks(t)} for p, t in list(pages.items())[:labelled]}, folder)
    corpus.build()
    return corpus


def home(corpus: Corpus) -> Path:
    assert corpus.root is not None
    return corpus.root


def entities(corpus: Corpus) -> pl.DataFrame:
    return read(corpus, "suggestions", "suggestions").filter(pl.col("layer") == "entities")


@pytest.fixture(scope="module")
def planted_corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return planted(tmp_path_factory.mktemp("planted"))


def test_planted_names_are_found_in_the_other_documents_with_precision_of_95_percent(planted_corpus: Corpus) -> None:
    texts = dict(read(planted_corpus, "documents", "documents").select("source", "text").iter_rows())
    ids = dict(read(planted_corpus, "documents", "documents").select("doc_id", "source").iter_rows())
    wanted = {
        (source, m["value"]["start"], m["value"]["end"], m["value"]["labels"][0])
        for source in sorted(texts)[20:]
        for m in marks(texts[source])
    }
    told = {
        (ids[d], *rest) for d, *rest in entities(planted_corpus).select("doc_id", "start", "end", "label").iter_rows()
    }
    assert len(told & wanted) / len(told) >= 0.95
    assert len(told & wanted) / len(wanted) >= 0.8


def test_rows_keep_the_contract_and_name_a_model_version_that_changes_with_the_labels(
    planted_corpus: Corpus, tmp_path: Path
) -> None:
    rows = entities(planted_corpus)
    texts = dict(read(planted_corpus, "documents", "documents").select("doc_id", "text").iter_rows())
    assert all(texts[d][s:e] == surface for d, s, e, surface in rows.select("doc_id", "start", "end", "surface").rows())
    assert planted_corpus.validate().findings == []
    (version,) = rows["model_version"].unique()
    (about,) = [
        m for m in (read_manifest(planted_corpus.data / "suggestions") or {})["models"] if m["layer"] == "entities"
    ]
    assert (about["model"], about["version"]) == ("corpus-kit-names", version)
    assert set(rows["control"]) == {"entities"}
    fewer = planted(tmp_path, labelled=19)
    assert set(entities(fewer)["model_version"]).isdisjoint({version})


def test_documents_that_people_finished_get_no_suggestions(planted_corpus: Corpus) -> None:
    ids = dict(read(planted_corpus, "documents", "documents").select("source", "doc_id").iter_rows())
    finished = {ids[source] for source in sorted(ids)[:20]}
    assert set(entities(planted_corpus)["doc_id"]) & finished == set()


def test_places_that_people_labelled_on_an_older_text_are_left_alone(planted_corpus: Corpus, tmp_path: Path) -> None:
    root = tmp_path / "corpus"
    shutil.copytree(home(planted_corpus), root)
    page = root / "data" / "raw" / "03.txt"
    page.write_text(
        "Second edition\n\n" + page.read_text("utf-8") + "\nMarta Venn and Marenza again.\n", encoding="utf-8"
    )
    write_settings(root, "[suggest.entities]\nnames = true\nthreshold = 0\n")
    corpus = Corpus.open(root)
    corpus.build()
    (doc_id, text) = (
        read(corpus, "documents", "documents").filter(pl.col("source") == "03.txt")["doc_id", "text"].row(0)
    )
    carried = read(corpus, "annotations", "carried").filter(pl.col("doc_id") == doc_id, pl.col("verdict") != "stale")
    rows = entities(corpus).filter(pl.col("doc_id") == doc_id)
    assert carried.height >= 4
    assert set(rows["surface"]) == {"Marta Venn", "Marenza"}
    for start, end in rows.select("start", "end").iter_rows():
        assert start > text.index("No one was surprised"), "only the new sentence is free"
        assert not carried.filter(pl.col("start") < end, pl.col("end") > start).height


def test_the_same_bytes_whoever_builds_and_wherever(planted_corpus: Corpus, tmp_path: Path, monkeypatch: Any) -> None:
    def made(corpus: Corpus) -> dict[str, bytes]:
        return {p.name: p.read_bytes() for p in sorted((corpus.data / "suggestions").iterdir())}

    root = tmp_path / "elsewhere"
    shutil.copytree(home(planted_corpus), root, ignore=shutil.ignore_patterns(".work", "suggestions"))
    other = Corpus.open(root)
    other.build(workers=2)
    assert made(other) == made(planted_corpus)


def test_nothing_is_done_twice_and_new_labels_redo_what_they_touch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "SHARD_BYTES", 2000)
    corpus = planted(tmp_path)
    first = corpus.build().entities
    assert first is not None and first.suggested.shards > 3
    assert first.suggested.unchanged_shards == first.suggested.shards
    before = entities(corpus)
    write_settings(home(corpus), "[suggest.entities]\nnames = false\n")
    assert Corpus.open(home(corpus)).build().entities is None
    assert entities(corpus).is_empty()
    made = Corpus.open(home(corpus)).suggest("entities").entities
    assert made is not None and made.names_rows == before.height
    assert entities(corpus).equals(before)
    # Boilerplate on its own leaves the names where they are.
    Corpus.open(home(corpus)).suggest("boilerplate")
    assert entities(corpus).equals(before)


def test_without_labels_nothing_is_suggested_and_the_command_says_so(tmp_path: Path, capsys: Any) -> None:
    corpus = new_corpus(tmp_path / "corpus", planted_pages(2), ASK)
    assert entities(corpus).is_empty()
    assert run(cli, ["suggest", "entities", "--corpus", str(corpus.root)]) == 0
    assert "no one has labelled any yet" in capsys.readouterr().err
    assert run(cli, ["suggest", "entities", "--json", "--corpus", str(corpus.root)]) == 0
    assert json.loads(capsys.readouterr().out)["total"] == 0


@pytest.fixture(scope="module")
def sample(built_sample: Path) -> Corpus:
    return Corpus.open(built_sample)


def simulated(corpus: Corpus, splits: int = 16) -> dict[float, list[bool]]:
    """Score → whether gold has that very span with that label, over documents whose gold was hidden, in several halvings.
    Places where people did not agree have no gold, and are not counted."""
    full = read_labelled(corpus.data, "entities", "entities")
    full = with_boilerplate(corpus.data, full, notes_table(corpus.data, full))
    texts = {d: (text, language) for d, text, language in texts_of(corpus.data / "documents", full.answers)}
    scored: dict[float, list[bool]] = defaultdict(list)
    for seed in range(splits):
        ids = sorted(full.answers)
        random.Random(seed).shuffle(ids)
        shown = set(ids[: len(ids) // 2])
        surfaces = {name: docs & shown for name, docs in full.surfaces.items() if docs & shown}
        model = learn(corpus.data / "documents", Labelled({d: full.answers[d] for d in shown}, surfaces), Silent())
        names = Propagation(model.names, model.words, model.calibration, 0.5)
        for doc_id in ids[len(ids) // 2 :]:
            answer = full.answers[doc_id]
            for one in names.suggest([TextToLabel(*texts[doc_id], boilerplate=answer.boilerplate)])[0]:
                right = one[:3] in answer.spans
                if right or not any(s < one.end and one.start < e for s, e in answer.unsure):
                    scored[one.score].append(right)
    return scored


def test_simulated_labelling_of_the_sample_corpus_gives_precision_of_95_percent_at_the_default_threshold(
    sample: Corpus,
) -> None:
    scored = simulated(sample)
    threshold = sample.config.suggest.entities.threshold
    told = [right for score, rights in scored.items() if score >= threshold for right in rights]
    assert len(told) > 500
    assert sum(told) / len(told) >= 0.95


def test_a_score_is_about_the_share_that_turns_out_right(sample: Corpus) -> None:
    """With ten documents to learn from, to a tenth; expected calibration error over bins of a tenth."""
    bins: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for score, rights in simulated(sample).items():
        bins[min(int(score * 10), 9)] += [(score, right) for right in rights]
    total = sum(map(len, bins.values()))
    error = (
        sum(abs(sum(score for score, _ in told) - sum(right for _, right in told)) for told in bins.values()) / total
    )
    assert error < 0.1


def test_an_inconsistently_labelled_name_scores_lower(tmp_path: Path) -> None:
    pages = {f"{n}.txt": f"Page {n}\n\nWe saw that Vesk and also Marenza were calm on day {n}.\n" for n in range(12)}
    corpus = new_corpus(tmp_path / "corpus", pages, "[suggest.entities]\nnames = true\nthreshold = 0\n")
    work = {
        p: {"ada": [entity(t, "Marenza", "GPE")] + ([entity(t, "Vesk", "LOC")] if int(p[:-4]) % 2 else [])}
        for p, t in list(pages.items())[:8]
    }
    label(corpus, "entities", work, tmp_path)
    corpus.build()
    scores = dict(entities(corpus).select("surface", "score").iter_rows())
    assert scores["Vesk"] < 0.75 < scores["Marenza"]
