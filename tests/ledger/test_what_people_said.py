"""What people really said: unread is not "no", one person is one person, and a text is found under any key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from gold_samples import Settled, settled
from ledger_samples import CONFIG, Bench, annotation, answer, doc_id, sha, span, task

from corpus_kit.agreement.checks import check_scores, known_answers
from corpus_kit.core.errors import ConfigError
from corpus_kit.core.labelconfig import read_config
from corpus_kit.core.labels import read_labels

TEXT = "Zoë met Ana in Lima and Bob in Rome."
NAMES = """<View><Labels name="label" toName="text"><Label value="PERSON"/><Label value="PLACE"/></Labels>
<Text name="text" value="$text"/></View>"""


def people(*results: list[Any], **more: Any) -> list[dict[str, Any]]:
    """An annotation for each, by people in order."""
    return [
        annotation(*r, completed_by={"id": n, "email": f"p{n}@x.example"}, **more)
        for n, r in enumerate(results, start=1)
    ]


def gold_spans(found: Settled) -> set[tuple[str, str]]:
    return {(s["surface"], s["label"]) for s in found.spans}


# Three values


def test_an_answer_that_could_not_be_read_gives_no_gold_and_says_so(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"a": TEXT}, {"ner": NAMES})
    bench.bring([task("a", TEXT, *people([span(TEXT, "Zoë", "DRAGON")]))], "ner")
    found = settled(bench)
    assert found.annotations == []
    (row,) = found.made.annotations
    assert (row["complete"], row["unread"]) == (False, "label")
    (decision,) = found.decisions
    assert (decision["outcome"], decision["votes"], decision["unknown"], decision["value"]) == ("open", 0, 1, None)
    assert found.gold.layers[0].unknown == 1
    assert found.made.result.incomplete == 1


def test_what_is_not_known_outvotes_nobody(tmp_path: Path) -> None:
    """Two whose answers were lost and one who marked Zoë: one of one, not one of three."""
    bench = Bench(tmp_path, {"a": TEXT}, {"ner": NAMES})
    torn = [span(TEXT, "Zoë", "DRAGON")]
    bench.bring([task("a", TEXT, *people([span(TEXT, "Zoë")], torn, torn))], "ner")
    found = settled(bench)
    assert gold_spans(found) == {("Zoë", "PERSON")}
    (decision,) = [d for d in found.decisions if d["outcome"] == "gold"]
    assert (decision["votes_for"], decision["votes"], decision["unknown"]) == (1, 1, 2)
    assert [a["complete"] for a in found.annotations] == [True]


def test_an_empty_answer_that_was_read_is_still_a_vote_against(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"a": TEXT}, {"ner": NAMES})
    bench.bring([task("a", TEXT, *people([span(TEXT, "Zoë")], [], []))], "ner")
    found = settled(bench)
    assert gold_spans(found) == set()
    assert [a["status"] for a in found.annotations] == ["submitted"]


def test_a_loss_in_one_control_leaves_the_others_known(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"a": TEXT})
    torn = people([span(TEXT, "Zoë", "DRAGON"), answer("tone", "choices", ["loud"])])
    bench.bring([task("a", TEXT, *torn)], "plain")
    found = settled(bench)
    assert [(a["complete"], a["unread"]) for a in found.annotations] == [(False, "label")]
    assert [(c["control"], c["value"]) for c in found.choices] == [("tone", "loud")]


def test_part_of_several_choices_is_not_the_answer(tmp_path: Path) -> None:
    """A region whose second role is unknown has no known role: not `agent` alone."""
    bench = Bench(tmp_path, {"a": TEXT})
    zoe = span(TEXT, "Zoë")
    role = answer("role", "choices", ["agent", "gone"], id=zoe["id"])
    role["value"] |= {"start": 0, "end": 3}
    bench.bring([task("a", TEXT, *people([zoe, role]))], "plain")
    found = settled(bench)
    assert found.choices == []
    assert [d["outcome"] for d in found.decisions if d["control"] == "role"] == ["open"]


def test_an_incomplete_answer_has_no_score_on_hidden_checks(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"a": TEXT}, {"ner": NAMES})
    star, torn, whole = people([span(TEXT, "Zoë")], [span(TEXT, "Zoë", "DRAGON")], [span(TEXT, "Zoë")])
    bench.bring([task("a", TEXT, star | {"ground_truth": True}, torn, whole)], "ner")
    settled(bench)
    assert [(s.annotator, s.spans_f1) for s in check_scores(bench.data, ["ner"], ())] == [("annotator-03", 1.0)]


def test_an_unknown_answer_is_no_disagreement(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"a": TEXT}, {"ner": NAMES})
    both = people([span(TEXT, "Zoë")], [span(TEXT, "Zoë")], [span(TEXT, "Zoë", "DRAGON")])
    bench.bring([task("a", TEXT, *both)], "ner")
    settled(bench)
    told = json.loads((bench.data / "gold" / "agreement.json").read_text(encoding="utf-8"))
    exact = {
        tuple(f["annotators"]): f["value"]
        for f in told["figures"]
        if f["measure"] == "span_f1_exact" and not f["label"]
    }
    assert exact == {("annotator-01", "annotator-02"): 1.0}
    assert told["work"][0]["unknown"] == 1


# People


def test_last_weeks_export_doubles_nobody(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"a": TEXT, "b": "Bob sleeps."}, {"ner": NAMES})
    first = [annotation(span(TEXT, "Zoë"), by=1), annotation(span(TEXT, "Zoë"), by=2)]
    later = annotation(span("Bob sleeps.", "Bob"), by=3)
    bench.bring([task("a", TEXT, *[a | {"completed_by": n} for n, a in enumerate(first, 1)])], "ner", "week1.json")
    second = [a | {"completed_by": n} for n, a in enumerate(first, 1)]
    more = task("b", "Bob sleeps.", later | {"completed_by": 2})
    bench.bring([task("a", TEXT, *second), more], "ner", "week2.json")
    found = settled(bench)
    assert sorted({a["annotator"] for a in found.made.annotations}) == ["annotator-01", "annotator-02"]
    assert [why for _, _, why in found.made.result.merged] == ["2 annotations in common"] * 2


def test_the_same_numbers_of_two_servers_are_two_people(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"a": TEXT, "b": "Bob sleeps."}, {"ner": NAMES})
    bench.bring([task("a", TEXT, annotation(span(TEXT, "Zoë")) | {"completed_by": 1})], "ner", "one.json")
    bench.bring([task("b", "Bob sleeps.", annotation() | {"completed_by": 1})], "ner", "two.json")
    assert {a["annotator"] for a in bench.make().annotations} == {"annotator-01", "annotator-02"}


def test_exports_whose_annotations_have_other_authors_are_not_joined(tmp_path: Path) -> None:
    """After a restore everything is by the restorer: the numbers are of another server."""
    bench = Bench(tmp_path, {"a": TEXT, "b": "Bob sleeps."}, {"ner": NAMES})
    own, mine = annotation(span(TEXT, "Zoë")), annotation()
    bench.bring([task("a", TEXT, own | {"completed_by": 1})], "ner", "one.json")
    bench.bring(
        [task("a", TEXT, own | {"completed_by": 5}), task("b", "Bob sleeps.", mine | {"completed_by": 1})],
        "ner",
        "two.json",
    )
    assert len({a["annotator"] for a in bench.make().annotations}) == 2


def test_a_number_and_the_address_behind_it_are_one_person(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"a": TEXT}, {"ner": NAMES})
    own = annotation(span(TEXT, "Zoë"))
    bench.bring([task("a", TEXT, own | {"completed_by": 4})], "ner", "numbers.json")
    bench.make()
    bench.bring([task("a", TEXT, own | {"completed_by": {"id": 9, "email": "zoe@x.example"}})], "ner", "addresses.json")
    more = annotation(span(TEXT, "Ana"), by="zoe@x.example")
    bench.bring([task("a", TEXT, more)], "ner", "more.json")
    assert {a["annotator"] for a in bench.make().annotations} == {"annotator-01"}


def test_what_somebody_else_changed_carries_both_and_is_no_independent_judgement(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"a": TEXT}, {"ner": NAMES})
    changed, other = people([span(TEXT, "Zoë")], [span(TEXT, "Ana")])
    later = {"updated_by": 2, "updated_at": "2031-03-09T10:20:00Z"}
    bench.bring([task("a", TEXT, changed | later, other | later)], "ner")
    found = settled(bench)
    edited = {a["annotator"]: a["edited_by"] for a in found.made.annotations}
    assert edited == {"annotator-01": "annotator-02", "annotator-02": None}
    assert found.made.result.edited >= 1
    told = json.loads((bench.data / "gold" / "agreement.json").read_text(encoding="utf-8"))
    assert told["work"][0]["edited"] >= 1


# Texts


def test_the_text_is_read_under_the_key_that_the_config_shows(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"a": TEXT}, {"ner": NAMES.replace("$text", "$review")})
    bench.bring([{"id": 1, "data": {"review": TEXT}, "annotations": [annotation(span(TEXT, "Zoë"))]}], "ner")
    assert [s["surface"] for s in bench.make().spans] == ["Zoë"]


def test_a_key_in_nested_data_is_read_too(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"a": TEXT}, {"ner": NAMES.replace("$text", "$meta.text")})
    data = {"meta": {"text": TEXT}, "text": "a teaser"}
    bench.bring([{"id": 1, "data": data, "annotations": [annotation(span(TEXT, "Zoë"))]}], "ner")
    assert [s["surface"] for s in bench.make().spans] == ["Zoë"]


def test_of_several_objects_the_one_that_is_labelled_shows_the_document() -> None:
    xml = """<View><Text name="title" value="$head"/><Text name="body" value="$review"/>
    <Labels name="label" toName="body"><Label value="A"/></Labels></View>"""
    _, objects, _ = read_config(xml, "ner", "config.xml")
    assert {o.name: o.shows_document for o in objects} == {"title": False, "body": True}
    with pytest.raises(ConfigError):
        read_config('<View><Image name="i" value="$image"/></View>', "ner", "config.xml")


def _with_sources(bench: Bench, sources: dict[str, str]) -> None:
    """Give documents the sources that records of a file with ids have."""
    import polars as pl

    file = bench.data / "documents" / "documents-00000.parquet"
    frame = pl.read_parquet(file)
    named = [sources.get(d, s) for d, s in frame.select("doc_id", "source").iter_rows()]
    frame.with_columns(pl.Series("source", named)).write_parquet(file)


def test_of_two_records_with_one_text_the_records_own_id_decides(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"a": TEXT, "b": TEXT}, {"ner": NAMES})
    _with_sources(bench, {doc_id("a"): "docs.jsonl#7", doc_id("b"): "docs.jsonl#8"})
    tasks = [{"id": n, "data": {"id": n, "text": TEXT}, "annotations": [annotation(span(TEXT, "Zoë"))]} for n in (7, 8)]
    bench.bring(tasks, "ner")
    made = bench.make(check=False)
    assert {s["doc_id"] for s in made.spans} == {doc_id("a"), doc_id("b")}
    assert (made.rejected, made.result.same_text) == ([], 0)


def test_the_same_text_in_several_records_is_no_reason_to_refuse(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"a": TEXT, "b": TEXT}, {"ner": NAMES})
    bench.bring([{"id": 1, "data": {"text": TEXT}, "annotations": [annotation(span(TEXT, "Zoë"))]}], "ner")
    made = bench.make()
    assert [s["doc_id"] for s in made.spans] == [min(doc_id("a"), doc_id("b"))]
    assert made.result.same_text == 1


def test_nearly_the_same_text_is_matched_and_the_difference_told(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"a": TEXT}, {"ner": NAMES})
    other = TEXT.replace(" ", "  ", 1).replace("ë", "e\u0308")
    results = [span(other, "Ana"), span(other, "Zoe\u0308  met")]
    bench.bring([{"id": 1, "data": {"text": other}, "annotations": [annotation(*results)]}], "ner")
    made = bench.make()
    assert {(s["surface"], s["start"]) for s in made.spans} == {("Ana", 8), ("Zoë met", 0)}
    assert made.result.nearly == 1
    assert "white space" in made.result.near[0][2]


def test_other_words_are_another_text(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"a": TEXT}, {"ner": NAMES})
    bench.bring([{"id": 1, "data": {"text": TEXT + " And Eve."}, "annotations": [annotation()]}], "ner")
    assert [r["reason"] for r in bench.make().rejected] == ["unmatched_task"]


def test_an_address_in_the_place_of_a_text_is_named_as_the_cause(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"a": TEXT}, {"ner": NAMES.replace('value="$text"', 'value="$text" valueType="url"')})
    bench.bring([{"id": 1, "data": {"text": "https://x.example/d0.txt"}, "annotations": [annotation()]}], "ner")
    (row,) = bench.make().rejected
    assert 'valueType="url"' in row["detail"]


# Spans


def test_two_places_are_two_spans_whatever_their_id(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"a": TEXT}, {"ner": NAMES})
    same = [span(TEXT, "Zoë", id="same"), span(TEXT, "Ana", id="same")]
    bench.bring([task("a", TEXT, annotation(*same))], "ner")
    made = bench.make()
    assert {s["surface"] for s in made.spans} == {"Zoë", "Ana"}
    assert (len({s["span_id"] for s in made.spans}), made.rejected) == (2, [])


FILM = "The film stars Frankie James as X."


def film(words: str) -> list[Any]:
    return [span(FILM, words)]


def test_white_space_at_an_edge_is_no_disagreement_unless_it_is_to_be(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"a": FILM}, {"ner": NAMES})
    bench.bring(
        [task("a", FILM, *people(film("Frankie James"), film(" Frankie James"), film("Frankie James ")))], "ner"
    )
    found = settled(bench)
    assert [(s["start"], s["end"], s["surface"], s["score"]) for s in found.spans] == [(15, 28, "Frankie James", 1.0)]
    assert {s["surface"] for s in found.made.spans} == {"Frankie James", " Frankie James", "Frankie James "}
    kept = settled(bench, edge_white_space="kept")
    assert kept.spans == []


@pytest.mark.parametrize(
    ("text", "counted", "unit"),
    [
        (TEXT, lambda a, b: (a, b - 1), "inclusive ends"),
        ("One\nTwo\nZoë and Ana", lambda a, b: (a + 2, b + 2), "line breaks of two characters"),
        ("Zoë é é Ana", lambda a, b: (a + 3, b + 3), "UTF-8 bytes"),
    ],
)
def test_offsets_of_tools_that_count_otherwise_are_recognised_by_their_words(
    tmp_path: Path, text: str, counted: Any, unit: str
) -> None:
    bench = Bench(tmp_path, {"a": text}, {"ner": NAMES})
    made = span(text, "Ana")
    start, end = counted(made["value"]["start"], made["value"]["end"])
    made["value"] |= {"start": start, "end": end}
    bench.bring([task("a", text, annotation(made))], "ner")
    found = bench.make()
    assert [s["surface"] for s in found.spans] == ["Ana"]
    assert found.result.units == {unit: 1}


def test_offsets_in_line_feeds_of_a_text_with_two_characters_a_break_are_recognised(tmp_path: Path) -> None:
    text = "One\nTwo\nZoë and Ana"
    bench = Bench(tmp_path, {"a": text}, {"ner": NAMES})
    shown = text.replace("\n", "\r\n")
    bench.bring([{"id": 1, "data": {"text": shown}, "annotations": [annotation(span(text, "Ana"))]}], "ner")
    found = bench.make()
    assert [s["surface"] for s in found.spans] == ["Ana"]
    assert found.result.units == {"line breaks of one character": 1}


# Stars


def test_a_star_settles_its_document_the_same_in_gold_and_in_checks(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"a": TEXT}, {"ner": NAMES})
    two, three, star = people([span(TEXT, "Zoë")], [span(TEXT, "Zoë")], [span(TEXT, "Zoë", "PLACE")])
    bench.bring([task("a", TEXT, two, three, star | {"ground_truth": True})], "ner")
    found = settled(bench)
    assert gold_spans(found) == {("Zoë", "PLACE")}
    labels = read_labels(bench.data / "annotations")
    assert known_answers(labels.annotations)["annotator"].to_list() == ["annotator-03"]
    (gold,) = [d for d in found.decisions if d["outcome"] == "gold"]
    assert (gold["policy"], "ground truth" in gold["why"]) == ("reviewer", True)
    as_vote = settled(bench, stars="vote")
    assert gold_spans(as_vote) == {("Zoë", "PERSON")}
    assert known_answers(labels.annotations, stars=False).is_empty()


# Forms of export


def in_form(form: str, tasks: list[Any]) -> str:
    if form == "JSON Lines":
        return "\n".join(json.dumps(t) for t in tasks)
    if form == "tasks":
        return json.dumps({"tasks": tasks})
    if form == "target storage":
        (one,) = tasks
        (made,) = one["annotations"]
        return json.dumps(made | {"task": {"id": 594, "data": one["data"]}})
    if form == "completions":
        return json.dumps(
            [{k: v for k, v in t.items() if k != "annotations"} | {"completions": t["annotations"]} for t in tasks]
        )
    assert form == "JSON_MIN"
    return json.dumps([
        t["data"] | {"id": t["id"], "annotator": 4, "annotation_id": 9, "created_at": "2031-01-01T10:00:00Z"}
        | {"label": [r["value"] for r in a["result"] if r["type"] == "labels"], "tone": "loud"}
        for t in tasks for a in t["annotations"]
    ])  # fmt: skip


@pytest.mark.parametrize("form", ["JSON Lines", "tasks", "target storage", "completions", "JSON_MIN"])
def test_every_form_of_export_is_read(tmp_path: Path, form: str) -> None:
    bench = Bench(tmp_path, {"a": TEXT})
    results = [span(TEXT, "Zoë"), span(TEXT, "Lima", "PLACE"), answer("tone", "choices", ["loud"])]
    bench.bring(in_form(form, [task("a", TEXT, annotation(*results))]), "plain")
    made = bench.make()
    assert {(s["surface"], s["label"]) for s in made.spans} == {("Zoë", "PERSON"), ("Lima", "PLACE")}
    assert [(c["control"], c["value"]) for c in made.choices] == [("tone", "loud")]
    assert made.rejected == []


def test_the_layer_of_a_flat_export_is_told_by_its_spans(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"a": TEXT}, {"ner": NAMES, "other": CONFIG.replace('"label"', '"mark"')})
    flat = {"text": TEXT, "id": 1, "annotator": 4, "annotation_id": 9, "label": [span(TEXT, "Zoë")["value"]]}
    assert bench.bring([flat]).layer == "ner"


# Odd shapes


POISON: dict[str, Any] = {
    "author": {"completed_by": "\ud800"}, "id": {"result": [span(TEXT, "Zoë", id=[])]},
    "origin": {"result": [span(TEXT, "Zoë", origin=[])]},
    "snapshot from": {
        "prediction": {"result": [{"id": "a", "from_name": [], "type": "labels", "value": {}}]}, "parent_prediction": 1,
    },
    "snapshot id": {
        "prediction": {"result": [{"id": ["a"], "type": "labels"}], "model_version": "m"}, "parent_prediction": 1,
    },
    "snapshot model": {"prediction": {"result": [], "model_version": []}, "parent_prediction": 1},
    "result": {"result": {"a": 1}}, "time": {"created_at": [], "updated_at": {}}, "parent": {"parent_annotation": []},
    "star": {"ground_truth": []}, "editor": {"updated_by": [[{}], {"id": []}]}, "unique": {"unique_id": ["x"]},
    "lead": {"lead_time": {"a": 1}}, "from": {"result": [span(TEXT, "Zoë") | {"from_name": {}, "to_name": []}]},
    "labels": {"result": [span(TEXT, "Zoë") | {"value": {"start": 0, "end": 3, "labels": [{"a": []}]}}]},
    "huge": {"result": [span(TEXT, "Zoë") | {"value": {"start": 10**400, "end": 10**401, "labels": ["PERSON"]}}]},
}  # fmt: skip


@pytest.mark.parametrize("shape", POISON)
def test_an_annotation_of_odd_shape_never_stops_a_build(tmp_path: Path, shape: str) -> None:
    from corpus_kit.ledger.outcomes import effects

    bench = Bench(tmp_path, {"a": TEXT}, {"ner": NAMES})
    sound = task("a", TEXT, annotation(span(TEXT, "Bob"), by="sound@x.example"))
    bench.bring([task("a", TEXT, annotation() | POISON[shape]), sound], "ner")
    found = settled(bench)
    assert "Bob" in {s["surface"] for s in found.made.spans}
    effects(bench.data)


@pytest.mark.parametrize("key", ["drafts", "predictions", "annotations", "project", "id", "created_at"])
@pytest.mark.parametrize("value", [1, 1.5, "x", True, {"a": 1}, [[1]], [None]], ids=str)
def test_a_task_of_odd_shape_never_stops_a_build(tmp_path: Path, key: str, value: Any) -> None:
    bench = Bench(tmp_path, {"a": TEXT}, {"ner": NAMES})
    sound = task("a", TEXT, annotation(span(TEXT, "Bob"), by="sound@x.example"))
    bench.bring([task("a", TEXT) | {key: value}, sound], "ner")
    assert "Bob" in {s["surface"] for s in bench.make().spans}
    assert sha(TEXT)
