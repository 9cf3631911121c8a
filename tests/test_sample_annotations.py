"""The sample annotations (`data/imports/sample-*.json`): exports as Label Studio writes them, of this very corpus."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import polars as pl
import pytest

from corpus_kit import Corpus
from corpus_kit.agreement.measures.bootstrap import Resampling
from corpus_kit.agreement.measures.measured import measure_agreement
from corpus_kit.core.layers import TASK_FIELDS, Layer, load_layers

ROOT = Path(__file__).resolve().parents[1]
LAYERS = ("boilerplate", "entities", "stance")
Json = dict[str, Any]

TASK_KEYS = frozenset(
    "id annotations file_upload drafts predictions data meta created_at updated_at allow_skip inner_id total_annotations "
    "cancelled_annotations total_predictions comment_count unresolved_comment_count last_comment_updated_at project "
    "updated_by comment_authors".split()
)
ANNOTATION_KEYS = frozenset(
    "id completed_by result was_cancelled ground_truth created_at updated_at draft_created_at lead_time prediction "
    "result_count unique_id import_id last_action bulk_created task project updated_by parent_prediction "
    "parent_annotation last_created_by".split()
)


class Made(NamedTuple):
    """The sample corpus built with its annotations. documents: by doc_id."""

    corpus: Corpus
    rejected: dict[str, int]
    documents: dict[str, Json]

    def table(self, name: str) -> pl.DataFrame:
        return pl.read_parquet(self.corpus.data / "annotations" / f"{name}-*.parquet")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("sample")
    shutil.copyfile(ROOT / "corpus.toml", folder / "corpus.toml")
    for name in ("schemas", "annotation", "data/raw"):
        shutil.copytree(ROOT / name, folder / name)
    (folder / "data" / "imports").mkdir()
    for layer in LAYERS:
        shutil.copyfile(_path(layer), folder / "data" / "imports" / _path(layer).name)
    corpus = Corpus.open(folder)
    result = corpus.build()
    documents = pl.read_parquet(corpus.data / "documents" / "*.parquet")
    return Made(corpus, result.rejected, {row["doc_id"]: row for row in documents.iter_rows(named=True)})


@pytest.fixture(scope="module")
def exports() -> dict[str, list[Json]]:
    return {layer: json.loads(_path(layer).read_text(encoding="utf-8")) for layer in LAYERS}


@pytest.fixture(scope="module")
def layers() -> dict[str, Layer]:
    return load_layers(ROOT / "annotation", LAYERS)


def _path(layer: str) -> Path:
    return ROOT / "data" / "imports" / f"sample-{layer}.json"


def _submitted(tasks: list[Json]) -> Iterator[tuple[Json, Json]]:
    yield from ((t, a) for t in tasks for a in t["annotations"] if not a["was_cancelled"])


def _result_lists(task: Json) -> Iterator[list[Json]]:
    """Whoever made them: people (submitted, skipped, drafted) and models (shown, and as snapshots)."""
    yield from (a["result"] for a in task["annotations"])
    yield from (made["result"] for made in [*task["drafts"], *task["predictions"]])
    yield from (a["prediction"]["result"] for a in task["annotations"] if a["prediction"])


def _spans(task: Json) -> Iterator[tuple[str, Json]]:
    """(what is marked, the result) of every span in the task."""
    for results in _result_lists(task):
        for result in results:
            if result["type"] == "labels":
                yield task["data"]["text"][result["value"]["start"] : result["value"]["end"]], result


def _reader(annotation: Json) -> str:
    return str(annotation["completed_by"]["email"])


@pytest.mark.slow
@pytest.mark.parametrize("layer", LAYERS)
def test_every_task_shows_a_document_of_the_corpus_as_built(
    layer: str, exports: dict[str, list[Json]], made: Made
) -> None:
    tasks = exports[layer]
    assert sorted(t["data"]["doc_id"] for t in tasks) == sorted(made.documents)
    for task in tasks:
        row = made.documents[task["data"]["doc_id"]]
        assert tuple(task["data"]) == TASK_FIELDS
        for name in ("text", "text_sha256", "source", "url"):  # the others are guessed, and guesses get better
            assert task["data"][name] == (row[name] or "")
        assert hashlib.sha256(task["data"]["text"].encode()).hexdigest() == row["text_sha256"]


@pytest.mark.parametrize("layer", LAYERS)
def test_the_keys_are_those_of_a_real_export(layer: str, exports: dict[str, list[Json]]) -> None:
    for task in exports[layer]:
        assert task.keys() == TASK_KEYS
        cancelled = [a["was_cancelled"] for a in task["annotations"]]
        assert (task["total_annotations"], task["cancelled_annotations"]) == (cancelled.count(False), sum(cancelled))
        assert task["total_predictions"] == len(task["predictions"])
        for annotation in task["annotations"]:
            assert annotation.keys() == ANNOTATION_KEYS
            assert annotation["result_count"] == len(annotation["result"])
            assert annotation["task"] == task["id"]
            assert "2026-10-12" <= annotation["created_at"] <= annotation["updated_at"] < "2026-11-21"
            assert annotation["updated_at"] <= task["updated_at"]
            assert annotation["lead_time"] > 0


def test_ids_are_unique(exports: dict[str, list[Json]]) -> None:
    tasks = [t for tasks in exports.values() for t in tasks]
    annotations = [a for t in tasks for a in t["annotations"]]
    for ids in ([t["id"] for t in tasks], [a["id"] for a in annotations], [a["unique_id"] for a in annotations]):
        assert len(set(ids)) == len(ids)
    for annotation in annotations:
        assert str(UUID(annotation["unique_id"])) == annotation["unique_id"]
        ids = [r["id"] for r in annotation["result"]]
        assert len(set(ids)) == len(ids) and all(re.fullmatch(r"[\w-]{10}", i) for i in ids)


@pytest.mark.parametrize("layer", LAYERS)
def test_every_answer_is_one_that_the_config_offers(
    layer: str, exports: dict[str, list[Json]], layers: dict[str, Layer]
) -> None:
    for task in exports[layer]:
        for results in _result_lists(task):
            for result in results:
                control = layers[layer].control(result["from_name"])
                assert control is not None
                assert (result["type"], [result["to_name"]]) == (control.kind, list(control.to_name))
                assert set(result["value"][result["type"]]) <= set(control.labels)


@pytest.mark.parametrize("layer", LAYERS)
def test_every_span_lies_in_its_text_without_blanks_at_its_edges(layer: str, exports: dict[str, list[Json]]) -> None:
    told = 0
    for task in exports[layer]:
        for surface, result in _spans(task):
            value = result["value"]
            assert 0 <= value["start"] < value["end"] <= len(task["data"]["text"])
            assert surface == surface.strip()
            told += "text" in value
            assert value.get("text", surface) == surface
    assert (told > 0) == (layer == "boilerplate")  # the config leaves it out; only suggestions come with their text


def test_names_and_evidence_begin_and_end_with_a_word(exports: dict[str, list[Json]]) -> None:
    """As `granularity="word"` selects: no letter or digit goes on beyond an edge that is one."""
    for layer in ("entities", "stance"):
        for task in exports[layer]:
            text = task["data"]["text"]
            for _, result in _spans(task):
                start, end = result["value"]["start"], result["value"]["end"]
                assert not (text[start - 1 : start].isalnum() and text[start].isalnum())
                assert not (text[end - 1].isalnum() and text[end : end + 1].isalnum())


@pytest.mark.parametrize(
    ("source", "surface", "label"),
    [
        ("en/01-halvern-pipeline.txt", "Energy Transit Act of 2029", "LAW"),
        ("en/04-lantern-festival.txt", "17,300 thalers", "MONEY"),  # behind characters beyond U+FFFF
        ("en/04-lantern-festival.txt", "In\u0303aro Belco\u0301vu", "PERSON"),  # decomposed, as the page has it
        ("es/16-gasoducto-halvern.txt", "4 de noviembre", "DATE"),
        ("pl/13-gazociag-halvern.txt", "Urzędu Kontroli Taryf", "ORG"),
        ("ru/07-gazoprovod-halvern.txt", "6,4 млрд талеров", "MONEY"),
        ("uk/10-vstup-draskii.txt", "драскійців", "NORP"),
    ],
)
def test_three_readers_marked_the_same_name(
    source: str, surface: str, label: str, exports: dict[str, list[Json]]
) -> None:
    task = next(t for t in exports["entities"] if t["data"]["source"] == source)
    start = task["data"]["text"].index(surface)
    place = {"start": start, "end": start + len(surface), "labels": [label]}
    people = {_reader(a) for a in task["annotations"] if any(r["value"] == place for r in a["result"])}
    assert len(people) == 3


def test_boilerplate_marks_never_overlap(exports: dict[str, list[Json]]) -> None:
    for _, annotation in _submitted(exports["boilerplate"]):
        places = sorted((r["value"]["start"], r["value"]["end"]) for r in annotation["result"])
        assert all(one[1] <= other[0] for one, other in pairwise(places))


def test_every_target_is_answered_and_evidence_belongs_to_a_side(exports: dict[str, list[Json]]) -> None:
    for _, annotation in _submitted(exports["stance"]):
        results = annotation["result"]
        answers = {r["from_name"]: r["value"]["choices"] for r in results if r["type"] == "choices"}
        assert len(answers) == 3 and all(len(values) == 1 for values in answers.values())
        marks = Counter(r["value"]["labels"][0] for r in results if r["type"] == "labels")
        for target, count in marks.items():
            assert answers[f"stance_{target}"][0] in ("favour", "against")
            assert count <= 3


@pytest.mark.parametrize(
    ("layer", "pages", "languages"), [("boilerplate", 8, 5), ("entities", 8, 5), ("stance", 14, 5)]
)
def test_three_readers_share_pages_in_all_languages_and_two_read_every_page(
    layer: str, pages: int, languages: int, exports: dict[str, list[Json]]
) -> None:
    readers: dict[str, set[str]] = defaultdict(set)
    for task, annotation in _submitted(exports[layer]):
        readers[task["data"]["doc_id"]].add(_reader(annotation))
    assert len(set.union(*readers.values())) == 3
    assert {doc_id for doc_id, who in readers.items() if len(who) >= 2} == {t["data"]["doc_id"] for t in exports[layer]}
    shared = [t["data"] for t in exports[layer] if len(readers[t["data"]["doc_id"]]) == 3]
    assert len(shared) >= pages and len({data["language"] for data in shared}) == languages


def test_the_unusual_is_there_too(exports: dict[str, list[Json]]) -> None:
    """What tables, gold and restore have to bear: each of these was made on purpose."""
    tasks = [t for tasks in exports.values() for t in tasks]
    annotations = [a for t in tasks for a in t["annotations"]]
    skipped = [a for a in annotations if a["was_cancelled"]]
    assert any(a["result"] for a in skipped) and any(not a["result"] for a in skipped)
    assert sum(a["ground_truth"] for a in annotations) == 2
    assert [len(d["result"]) > 0 and d["annotation"] is None for t in tasks for d in t["drafts"]] == [True]
    origins = [{r["origin"] for r in a["result"]} for a in annotations if not a["was_cancelled"]]
    assert {"prediction"} in origins, "a suggestion submitted as it came"
    assert {"prediction", "prediction-changed", "manual"} in origins, "a suggestion that was corrected"
    derived = [a for a in annotations if any(r["origin"] != "manual" for r in a["result"])]
    assert all(a["parent_prediction"] == a["prediction"]["id"] for a in derived)
    values = [[r["value"] for r in a["result"] if r["type"] == "labels"] for a in annotations]
    assert sum(len(v["labels"]) == 2 for marks in values for v in marks) == 1
    assert any(_inside(one, other) for marks in values for one in marks for other in marks), "a mark within a mark"


def _inside(one: Json, other: Json) -> bool:
    wider = other["end"] - other["start"] > one["end"] - one["start"]
    return wider and bool(other["start"] <= one["start"] and one["end"] <= other["end"])


@pytest.mark.parametrize("layer", LAYERS)
def test_no_address_could_be_anybodys(layer: str) -> None:
    found = re.findall(r"[\w.+-]+@[\w.-]+\w", _path(layer).read_text(encoding="utf-8"))
    assert found and all(address.endswith(".example") for address in found)
    assert _path(layer).stat().st_size < 1_500_000


def test_a_build_takes_all_of_them_and_shows_no_address(exports: dict[str, list[Json]], made: Made) -> None:
    assert made.rejected == {}
    annotations, spans, choices = (made.table(name) for name in ("annotations", "spans", "choices"))
    people = annotations.filter(pl.col("origin") == "human")
    tasks = [t for tasks in exports.values() for t in tasks]
    assert people.height == sum(len(t["annotations"]) + len(t["drafts"]) for t in tasks)
    assert people["annotator"].n_unique() == 3
    submitted = people.filter(pl.col("status") == "submitted")
    answers = [r["value"][r["type"]] for tasks in exports.values() for _, a in _submitted(tasks) for r in a["result"]]
    theirs = pl.col("annotation_id").is_in(submitted["annotation_id"].to_list())
    assert spans.filter(theirs).height + choices.filter(theirs).height == sum(len(values) for values in answers)
    for table in (annotations, spans, choices):
        assert b"annotators.example" not in table.write_ndjson().encode()


def test_readers_agree_as_careful_people_do(made: Made) -> None:
    """Neither copies of each other nor strangers: the figures that the card of the sample shows."""
    annotations, spans, choices, relations = map(made.table, ("annotations", "spans", "choices", "relations"))
    documents = pl.read_parquet(made.corpus.data / "documents" / "*.parquet")
    found = measure_agreement(annotations, spans, choices, relations, documents, plan=Resampling(resamples=0)).results
    everybody = [r for r in found if not r.pair and r.label is None]
    exact = {r.control: r.value for r in everybody if r.measure == "span_f1_exact"}
    assert 0.8 < (exact["boilerplate"] or 0) < 0.9
    assert 0.85 < (exact["entities"] or 0) < 0.95
    alphas = [r.value or 0 for r in everybody if r.measure == "alpha_nominal" and r.target is not None]
    assert len(alphas) == 3 and all(0.45 < alpha < 0.7 for alpha in alphas)
