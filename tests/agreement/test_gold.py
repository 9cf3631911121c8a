"""`data/gold`: what people settled, ties left open, every decision on record, the same bytes every time."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pytest
from labelled_corpus import (
    EELS,
    FERRY,
    PSEUDONYM,
    entities_of_three,
    entity,
    junk,
    label,
    new_corpus,
    read,
    stance,
    write_settings,
)

from corpus_kit import Corpus
from corpus_kit.agreement.gold.build import labels_on_current_texts
from corpus_kit.core.errors import ConfigError, FindingsError, UsageError
from corpus_kit.core.labels import Labels
from corpus_kit.core.schema.columns import columns_of


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """Read only."""
    scratch = tmp_path_factory.mktemp("labelled")
    corpus = new_corpus(scratch / "corpus")
    label(corpus, "entities", entities_of_three(), scratch)
    targets = {"halvern_pipeline": "favour", "draskia_accession": "neutral"}
    answers = [stance(t, v) for t, v in targets.items()]
    other = [stance("halvern_pipeline", "favour"), stance("draskia_accession", "against")]
    label(corpus, "stance", {"ferry.txt": {"ada": answers, "ben": other}}, scratch)
    corpus.build()
    return corpus


@pytest.fixture
def own(labelled: Corpus, tmp_path: Path) -> Corpus:
    """A copy to change."""
    assert labelled.root
    return Corpus.open(shutil.copytree(labelled.root, tmp_path / "corpus"))


def _spans(corpus: Corpus) -> set[tuple[str, str]]:
    return set(read(corpus, "gold", "spans").select("surface", "label").iter_rows())


def test_a_build_makes_gold_of_what_more_than_half_marked(labelled: Corpus) -> None:
    assert _spans(labelled) == {("Ola Brandt", "PERSON"), ("Port Sellane", "GPE"), ("Lake Vesk", "LOC")}
    support = dict(read(labelled, "gold", "spans").select("surface", "score").iter_rows())
    assert support == {"Ola Brandt": 2 / 3, "Port Sellane": 1.0, "Lake Vesk": 1.0}


def test_a_tie_is_an_open_disagreement_and_never_gold(labelled: Corpus) -> None:
    decisions = read(labelled, "gold", "decisions")
    opened = decisions.filter(pl.col("outcome") == "open")
    start = EELS.index("Vesk Board")
    assert set(opened["item"]) == {f"{start}-{start + 10}:ORG", f"{start}-{start + 10}:GPE", "draskia_accession"}
    assert opened["value"].null_count() == 3
    assert set(read(labelled, "gold", "choices").select("target", "value").iter_rows()) == {
        ("halvern_pipeline", "favour")
    }


def test_every_decision_names_the_annotations_that_voted_for_it(labelled: Corpus) -> None:
    people = dict(read(labelled, "annotations", "annotations").select("annotation_id", "annotator").iter_rows())
    start = FERRY.index("Ola Brandt")
    row = (
        read(labelled, "gold", "decisions").filter(pl.col("item") == f"{start}-{start + 10}:PERSON").row(0, named=True)
    )
    assert [people[i] for i in json.loads(row["inputs"])] and (row["votes_for"], row["votes"]) == (2, 3)
    assert {people[i] for i in json.loads(row["inputs"])} == {PSEUDONYM["ada"], PSEUDONYM["ben"]}


def test_documents_in_which_people_found_nothing_have_gold_too(labelled: Corpus) -> None:
    """Otherwise a page without names would be taken for a page no one read."""
    found = _status(labelled, "entities")
    assert found == {"eels.txt": "draft", "ferry.txt": "submitted", "strike.txt": "submitted"}


def _status(corpus: Corpus, layer: str) -> dict[str, str]:
    documents = read(corpus, "documents", "documents").select("doc_id", "source")
    gold = read(corpus, "gold", "annotations").filter(pl.col("layer") == layer)
    return dict(gold.join(documents, on="doc_id").select("source", "status").sort("source").iter_rows())


def test_gold_keeps_every_contract_and_points_into_the_current_text(labelled: Corpus) -> None:
    report = labelled.validate()
    assert report.findings == []
    assert {t.table for t in report.tables if t.rows} >= {
        "gold/annotations", "gold/spans", "gold/choices", "gold/decisions",
    }  # fmt: skip


def test_gold_is_not_made_again_when_nothing_changed(own: Corpus) -> None:
    before = {p.name: p.stat().st_mtime_ns for p in (own.data / "gold").iterdir()}
    result = own.build()
    assert result.gold and result.gold.unchanged
    assert own.adjudicate().unchanged
    assert {p.name: p.stat().st_mtime_ns for p in (own.data / "gold").iterdir()} == before


def test_the_same_annotations_give_the_same_bytes(own: Corpus, labelled: Corpus) -> None:
    shutil.rmtree(own.data / "gold")
    own.adjudicate()
    assert _bytes(own.data / "gold") == _bytes(labelled.data / "gold")


def _bytes(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir()}


def test_a_new_label_makes_gold_anew(own: Corpus, tmp_path: Path) -> None:
    label(own, "entities", {"strike.txt": {"cyd": [entity(_text(own, "strike.txt"), "Velmora", "GPE")]}}, tmp_path)
    result = own.build()
    assert result.gold and not result.gold.unchanged
    assert ("Velmora", "GPE") not in _spans(own), "one of three is no majority"
    row = read(own, "gold", "decisions").filter(pl.col("why").str.contains("of 3")).filter(pl.col("value") == "GPE")
    assert row.height


def _text(corpus: Corpus, source: str) -> str:
    return str(read(corpus, "documents", "documents").filter(pl.col("source") == source)["text"][0])


def test_another_policy_can_be_tried_and_the_next_build_returns_to_the_file(own: Corpus) -> None:
    made = own.adjudicate("unanimous")
    assert {layer.policy for layer in made.layers} == {"unanimous"}
    assert _spans(own) == {("Port Sellane", "GPE"), ("Lake Vesk", "LOC")}
    own.build()
    assert ("Ola Brandt", "PERSON") in _spans(own)


def test_a_reviewer_settles_what_was_open(own: Corpus) -> None:
    made = own.adjudicate(reviewers=[PSEUDONYM["ben"]])
    assert ("Vesk Board", "GPE") in _spans(own)
    assert made.open == 0
    assert dict(read(own, "gold", "choices").select("target", "value").iter_rows())["draskia_accession"] == "against"


def test_under_the_policy_reviewer_only_reviewed_documents_have_gold(own: Corpus) -> None:
    own.adjudicate("reviewer", reviewers=[PSEUDONYM["cyd"]])
    assert _status(own, "entities") == {"ferry.txt": "submitted"}
    assert _spans(own) == {("Port Sellane", "GPE")}


def test_a_layer_may_have_a_policy_of_its_own(own: Corpus) -> None:
    _settings(own, '[adjudication.layers.entities]\npolicy = "unanimous"\nmin_votes = 3\n')
    made = Corpus.open(own.root or "").build().gold
    assert made and {g.layer: g.policy for g in made.layers} == {
        "boilerplate": "majority", "entities": "unanimous", "stance": "majority",
    }  # fmt: skip
    assert _spans(own) == {("Port Sellane", "GPE")}
    assert _status(own, "entities").keys() == {"ferry.txt"}, "three votes are needed"


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('[adjudication]\npolicy = "majorty"\n', "adjudication.policy"),
        ('[adjudication.layers.entities]\npolcy = "majority"\n', "polcy"),
        ("[agreement]\nresamples = -1\n", "agreement.resamples"),
    ],
)
def test_a_wrong_setting_is_named(own: Corpus, lines: str, words: str) -> None:
    _settings(own, lines)
    with pytest.raises(ConfigError, match=words):
        Corpus.open(own.root or "")


def _settings(corpus: Corpus, lines: str) -> None:
    assert corpus.root
    write_settings(corpus.root, lines)


def test_a_mistyped_policy_is_answered_with_the_likely_one(own: Corpus) -> None:
    with pytest.raises(UsageError, match="majorty") as caught:
        own.adjudicate("majorty")
    assert "majority" in caught.value.hint
    with pytest.raises(UsageError, match="needs a reviewer"):
        own.adjudicate("reviewer")


def test_without_annotations_the_error_says_where_they_come_from(tmp_path: Path) -> None:
    corpus = new_corpus(tmp_path / "corpus", {"a.txt": "One page.\n"})
    assert not (corpus.data / "gold").exists()
    for command in (corpus.adjudicate, corpus.agreement, corpus.review):
        with pytest.raises(UsageError, match=r"There (are no annotations|is no gold)"):
            command()


def test_gold_that_breaks_a_tightened_contract_is_refused_whole(own: Corpus) -> None:
    assert own.root
    contract = own.root / "schemas" / "spans.yaml"
    text = contract.read_text(encoding="utf-8")
    contract.write_text(text.replace("accepted, edited, model, gold]", "accepted, edited, model]"), encoding="utf-8")
    before = _bytes(own.data / "gold")
    with pytest.raises(FindingsError, match="breaks a contract"):
        own.adjudicate("unanimous")
    assert _bytes(own.data / "gold") == before


def test_spans_made_on_an_older_text_become_gold_where_they_stand_now(own: Corpus) -> None:
    assert own.root
    (own.root / "data" / "raw" / "ferry.txt").write_text("A new first line\n" + FERRY, encoding="utf-8")
    own.build()
    text = _text(own, "ferry.txt")
    found = read(own, "gold", "spans").filter(pl.col("surface") == "Port Sellane").row(0, named=True)
    assert text[found["start"] : found["end"]] == "Port Sellane"
    assert own.validate().findings == []


def test_gold_holds_no_name_address_or_time_of_an_annotator(labelled: Corpus) -> None:
    content = b"".join(_bytes(labelled.data / "gold").values())
    for word in ("people.example", "ada@", "2031-01-0"):
        assert word.encode() not in content
    annotations = read(labelled, "gold", "annotations")
    for column in ("annotator", "created_at", "updated_at", "lead_time_s"):
        assert annotations[column].null_count() == annotations.height


def test_agreement_is_measured_per_layer_label_and_pair_and_says_who_was_left_out(own: Corpus) -> None:
    found = own.agreement()
    exact = {f.annotators: f for f in found.figures if f.measure == "span_f1_exact" and f.pair and f.label is None}
    ada_ben = exact[PSEUDONYM["ada"], PSEUDONYM["ben"]]
    assert ada_ben.value == pytest.approx(2 * 3 / (5 + 4)), "three of nine marks in each direction are the same"
    labels = {f.label for f in found.figures if f.measure == "span_f1_exact" and not f.pair}
    assert labels >= {None, "PERSON", "GPE", "LOC", "ORG"}
    assert {f.target for f in found.figures if f.layer == "stance"} >= {"halvern_pipeline", "draskia_accession"}
    work: Mapping[str, object] = {w.layer: w.by_people for w in found.work}
    assert work == {"boilerplate": {}, "entities": {"2": 2, "3": 1}, "stance": {"2": 1}}
    _settings(own, f'[adjudication]\nreviewers = ["{PSEUDONYM["cyd"]}"]\n')
    reviewed = Corpus.open(own.root or "").agreement("entities")
    assert reviewed.left_out == (PSEUDONYM["cyd"],)
    assert {f.layer for f in reviewed.figures} == {"entities"}
    assert all(PSEUDONYM["cyd"] not in f.annotators for f in reviewed.figures)


def test_a_figure_that_cannot_be_had_says_why(own: Corpus, tmp_path: Path) -> None:
    label(own, "boilerplate", {"ferry.txt": {"ada": [junk(FERRY, "Home | News | Sport", "navigation")]}}, tmp_path)
    own.build()
    figures = own.agreement("boilerplate").figures
    assert figures and all(f.value is None and "needs two people" in f.reason for f in figures)


def test_the_documents_that_hurt_most_come_first_with_their_source(labelled: Corpus) -> None:
    worst = [h for h in labelled.agreement("entities").hurting if h.measure == "span_f1_exact"]
    assert {h.source for h in worst} == {"ferry.txt", "eels.txt"}
    assert [h.disagreement for h in worst] == sorted((h.disagreement for h in worst), reverse=True)


def test_the_second_look_names_a_label_that_contradicts_the_rest(own: Corpus, tmp_path: Path) -> None:
    text = _text(own, "strike.txt")
    pages = {"strike.txt": {"ada": [entity(text, "Velmora", "PERSON")]}}
    label(own, "entities", pages, tmp_path)
    raw = (own.root or Path()) / "data" / "raw"
    for number in range(4):
        (raw / f"more-{number}.txt").write_text(f"Page {number}: Velmora is a town.\n", encoding="utf-8")
    own.build()
    more = {f"more-{n}.txt": {"ada": [entity(f"Page {n}: Velmora is a town.\n", "Velmora", "GPE")]} for n in range(4)}
    label(own, "entities", more, tmp_path)
    own.build()
    first = own.review("entities", gold=False)[0]
    assert (first.surface, first.label, first.expected, first.annotator) == (
        "Velmora", "PERSON", "GPE", PSEUDONYM["ada"],
    )  # fmt: skip


def test_everybody_is_measured_against_the_rest(labelled: Corpus) -> None:
    found = labelled.agreement("entities")
    exact = {
        (f.annotators, f.value, f.n_items)
        for f in found.figures
        if f.measure == "span_f1_exact" and f.pair and not f.label
    }
    ada = next(p for p in found.people if p.annotator == PSEUDONYM["ada"] and p.measure == "span_f1_exact")
    hers = [(value, n) for people, value, n in exact if PSEUDONYM["ada"] in people and value is not None]
    assert (ada.pairs, ada.n_items) == (len(hers), sum(n for _, n in hers)) and len(hers) == 2
    assert ada.value == pytest.approx(sum(v * n for v, n in hers) / ada.n_items)


def test_a_review_of_a_text_that_changed_under_it_settles_nothing(tmp_path: Path) -> None:
    """One of its spans has no certain place any more: the whole answer is about another text."""

    def rows(table: str, *given: dict[str, object]) -> pl.DataFrame:
        dtypes = columns_of(table)
        return pl.DataFrame([dict.fromkeys(dtypes) | one for one in given], schema=dtypes, orient="row")

    made: list[dict[str, object]] = [
        {"annotation_id": name, "doc_id": "d", "layer": "entities", "origin": origin, "annotator": "annotator-01"}
        for name, origin in (("stale review", "review"), ("sound review", "review"), ("stale answer", "human"))
    ]
    where = {"doc_id": "d", "layer": "entities", "control": "entities", "span_id": "s", "label": "PERSON"}
    marks: list[dict[str, object]] = [
        {"annotation_id": one["annotation_id"], "start": 0, "end": 3} | where for one in made
    ]
    carried = [mark | {"verdict": "stale" if "stale" in str(mark["annotation_id"]) else "exact"} for mark in marks]
    (tmp_path / "annotations").mkdir()
    rows("carried", *carried).write_parquet(tmp_path / "annotations" / "carried-00000.parquet")
    spans = rows("spans", *marks)
    labels = Labels(rows("annotations", *made), spans, rows("choices"), rows("relations"))
    here = labels_on_current_texts(
        tmp_path / "annotations", labels, pl.DataFrame({"doc_id": ["d"], "text_sha256": ["t"]})
    )
    assert set(here.annotations["annotation_id"]) == {"sound review", "stale answer"}


def test_a_label_whose_words_stand_nowhere_else_is_no_suspect(tmp_path: Path) -> None:
    """Most marks are GPE, so by their number alone LOC would be unlikely; but nothing speaks against this one."""
    own = new_corpus(tmp_path / "corpus")
    towns = [entity(FERRY, word, "GPE") for word in ("Port Sellane", "Ferry", "News", "Sport")]
    lake = [entity(EELS, "Lake Vesk", "LOC")]
    label(own, "entities", {"ferry.txt": {"ada": towns}, "eels.txt": {"ada": lake}}, tmp_path)
    own.adjudicate()
    assert own.review("entities") == []
