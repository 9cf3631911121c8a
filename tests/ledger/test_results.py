"""Results become rows: the losses that other converters are known for do not happen here."""

from __future__ import annotations

from pathlib import Path

import pytest
from ledger_samples import Bench, annotation, answer, in_utf16, span, task

TEXT = "Zoë Marsh met Anna Bell of Sellane Ferries.\nThey spoke in Port Sellane."


def rows_of(tmp_path: Path, *results: object, text: str = TEXT, **more: object):
    bench = Bench(tmp_path, {"a": text})
    bench.bring([task("a", text, annotation(*results, **more))])
    return bench.make()


def labels(made) -> list[tuple[str, str]]:
    return [(s["surface"], s["label"]) for s in made.spans]


def test_adjacent_spans_without_a_space_are_two(tmp_path: Path) -> None:
    text = "AnnaBell sails."
    made = rows_of(tmp_path, span(text, "Anna"), span(text, "Bell", "ORG"), text=text)
    assert labels(made) == [("Anna", "PERSON"), ("Bell", "ORG")]


def test_nested_and_overlapping_spans_are_all_kept(tmp_path: Path) -> None:
    made = rows_of(
        tmp_path,
        span(TEXT, "Anna Bell of Sellane Ferries"),
        span(TEXT, "Sellane Ferries", "ORG"),
        span(TEXT, "Bell of Sellane", "PLACE"),
    )
    assert len(labels(made)) == 3


def test_several_labels_on_one_span_are_several_rows(tmp_path: Path) -> None:
    made = rows_of(tmp_path, span(TEXT, "Sellane Ferries", "ORG", "PLACE"))
    assert labels(made) == [("Sellane Ferries", "ORG"), ("Sellane Ferries", "PLACE")]


def test_text_without_spaces_keeps_its_spans(tmp_path: Path) -> None:
    text = "王小明昨天在北京见了李华。"
    made = rows_of(tmp_path, span(text, "王小明"), span(text, "北京", "PLACE"), span(text, "李华"), text=text)
    assert [s["surface"] for s in made.spans] == ["王小明", "北京", "李华"]


def test_two_controls_on_one_region_are_two_rows(tmp_path: Path) -> None:
    made = rows_of(tmp_path, span(TEXT, "Anna Bell"), span(TEXT, "Anna Bell", "glad", control="mood"))
    assert {(s["control"], s["span_id"], s["label"]) for s in made.spans} == {
        ("label", "r14", "PERSON"),
        ("mood", "r14", "glad"),
    }


def test_a_per_region_choice_names_its_region_and_a_document_choice_none(tmp_path: Path) -> None:
    region = span(TEXT, "Anna Bell")
    about = {"id": "r14", "from_name": "role", "to_name": "text", "type": "choices"}
    value = {"start": 14, "end": 23, "choices": ["agent", "patient"]}
    made = rows_of(tmp_path, region, about | {"value": value}, answer("tone", "choices", ["loud"]))
    assert [(c["control"], c["span_id"], c["value"]) for c in made.choices] == [
        ("role", "r14", "agent"),
        ("role", "r14", "patient"),
        ("tone", None, "loud"),
    ]


def test_every_kind_of_answer_has_its_row(tmp_path: Path) -> None:
    made = rows_of(
        tmp_path,
        answer("topic", "taxonomy", [["Sea", "Ferry"], ["Sea"]]),
        answer("quality", "rating", 4),
        answer("count", "number", 2.5),
        answer("note", "textarea", ["first", "second"]),
    )
    assert [(c["kind"], c["value"]) for c in made.choices] == [
        ("taxonomy", "Sea / Ferry"),
        ("taxonomy", "Sea"),
        ("rating", "4"),
        ("number", "2.5"),
        ("text", "first"),
        ("text", "second"),
    ]


def test_relations_keep_direction_and_labels(tmp_path: Path) -> None:
    ends = {"type": "relation", "from_id": "r14", "to_id": "r27"}
    made = rows_of(
        tmp_path,
        {**ends, "direction": "bi", "labels": ["works_for"]},
        {**ends, "direction": "right"},
        span(TEXT, "Anna Bell"),
        span(TEXT, "Sellane Ferries", "ORG"),
    )
    assert [(r["from_span"], r["to_span"], r["direction"], r["label"]) for r in made.relations] == [
        ("r14", "r27", "bi", "works_for"),
        ("r14", "r27", "right", None),
    ]


def test_what_no_table_has_a_column_for_is_counted_and_kept_in_payload(tmp_path: Path) -> None:
    made = rows_of(tmp_path, answer("day", "datetime", "2031-03-01", meta={"text": ["a note"]}))
    assert made.result.answers == {"brought": 1, "payload_only": 1}
    assert '"datetime":"2031-03-01"' in made.annotations[0]["payload"]


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (span(TEXT, "Anna Bell", "DRAGON"), "unknown_label"),
        (span(TEXT, "Anna Bell", control="gone"), "unknown_control"),
        (span(TEXT, "Anna Bell", to_name="title"), "unknown_object"),
        (span(TEXT, "Anna Bell", type="choices"), "wrong_type"),
        (span(TEXT, "Anna Bell") | {"value": {"start": 3, "end": 900, "labels": ["PERSON"]}}, "offsets_out_of_range"),
        (span(TEXT, "Anna Bell") | {"value": {"start": -2, "end": 3, "labels": ["PERSON"]}}, "offsets_out_of_range"),
        (span(TEXT, "Anna Bell") | {"value": {"start": 9, "end": 3, "labels": ["PERSON"]}}, "offsets_reversed"),
        (span(TEXT, "Anna Bell") | {"value": {"start": "x", "end": 3, "labels": ["PERSON"]}}, "bad_offsets"),
        (span(TEXT, "Anna Bell") | {"value": {"start": 1, "end": 3, "labels": []}}, "missing_answer"),
        (span(TEXT, "Anna Bell") | {"value": span(TEXT, "Zoë Marsh")["value"] | {"text": "Bell"}}, "offsets_mismatch"),
        (span(TEXT, "Anna Bell") | {"value": None}, "malformed_result"),
        (answer("tone", "choices", ["purple"]), "unknown_label"),
        (answer("tone", "choices", []), "missing_answer"),
        ({"type": "relation", "from_id": "r1", "to_id": "nobody", "direction": "right"}, "unknown_region"),
        ("what is this", "malformed_result"),
        ({"from_name": ["label"], "id": {}, "to_name": 3, "type": "labels", "value": {}}, "unknown_control"),
        (answer("note", "textarea", ["half \ud83d"]), "lone_surrogate"),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_is_rejected_with_its_reason(tmp_path: Path, result: object, reason: str) -> None:
    good = span(TEXT, "Zoë Marsh")
    made = rows_of(tmp_path, result, good)
    assert [r["reason"] for r in made.rejected] == [reason]
    assert labels(made) == [("Zoë Marsh", "PERSON")], "the good result beside it is taken"
    assert made.rejected[0]["annotation_id"] == made.annotations[0]["annotation_id"]


def test_a_good_label_beside_an_unknown_one_is_taken(tmp_path: Path) -> None:
    made = rows_of(tmp_path, span(TEXT, "Anna Bell", "DRAGON", "PERSON"))
    assert labels(made) == [("Anna Bell", "PERSON")]
    assert made.result.answers == {"brought": 2, "rejected": 1, "spans": 1}


def test_the_same_label_twice_on_one_region_is_taken_once(tmp_path: Path) -> None:
    made = rows_of(tmp_path, span(TEXT, "Anna Bell"), span(TEXT, "Anna Bell"))
    assert [r["reason"] for r in made.rejected] == ["repeated_answer"]


def test_answers_about_a_rejected_span_are_rejected_with_it(tmp_path: Path) -> None:
    about = {"id": "r14", "from_name": "role", "to_name": "text", "type": "choices", "value": {"choices": ["agent"]}}
    relation = {"type": "relation", "from_id": "r14", "to_id": "r0", "direction": "right", "labels": []}
    made = rows_of(tmp_path, span(TEXT, "Anna Bell", "DRAGON"), about, relation, span(TEXT, "Zoë Marsh"))
    assert sorted(r["reason"] for r in made.rejected) == ["unknown_label", "unknown_region", "unknown_region"]


def test_origin_tells_manual_accepted_and_edited(tmp_path: Path) -> None:
    made = rows_of(
        tmp_path,
        span(TEXT, "Zoë Marsh", origin="manual"),
        span(TEXT, "Anna Bell", origin="prediction", score=0.75),
        span(TEXT, "Sellane Ferries", "ORG", origin="prediction-changed", score=0.5),
        parent_prediction=3,
        prediction={"id": 3, "model_version": "rules 2", "result": []},
    )
    assert [(s["origin"], s["score"]) for s in made.spans] == [("manual", None), ("accepted", 0.75), ("edited", None)]
    assert made.annotations[0]["model_version"] == "rules 2"


def test_without_an_origin_the_suggestion_tells_what_was_accepted(tmp_path: Path) -> None:
    suggested = [span(TEXT, "Zoë Marsh"), span(TEXT, "Anna Bell", "ORG")]
    results = [dict(span(TEXT, words)) for words in ("Zoë Marsh", "Anna Bell", "Port Sellane")]
    for result in results:
        del result["origin"]
    made = rows_of(tmp_path, *results, parent_prediction=3, prediction={"id": 3, "result": suggested})
    assert [s["origin"] for s in made.spans] == ["accepted", "edited", "manual"]


ASTRAL = "🚀🚀 Anna Bell 👩‍👩‍👧 met زينب in Port Sellane.\nThe 𝒩ew  ferry was late."


def test_emoji_and_right_to_left_keep_their_offsets(tmp_path: Path) -> None:
    made = rows_of(tmp_path, *(span(ASTRAL, w) for w in ("Anna Bell", "👩‍👩‍👧", "زينب", "𝒩ew  ferry")), text=ASTRAL)
    assert [s["surface"] for s in made.spans] == ["Anna Bell", "👩‍👩‍👧", "زينب", "𝒩ew  ferry"]
    assert made.result.converted == 0


def test_an_old_exports_utf16_offsets_are_converted_exactly_and_reported(tmp_path: Path) -> None:
    words = ("Anna Bell", "👩‍👩‍👧", "زينب", "Port Sellane")
    made = rows_of(tmp_path, *(in_utf16(ASTRAL, span(ASTRAL, w)) for w in words), text=ASTRAL)
    assert tuple(s["surface"] for s in made.spans) == words
    assert made.result.converted == 1


def test_the_labeling_pages_own_quirks_still_are_evidence(tmp_path: Path) -> None:
    """It writes a literal backslash-n for a line break and one space for two."""
    told = span(ASTRAL, "Sellane.\nThe 𝒩ew  ferry")
    quirky = told | {"value": told["value"] | {"text": "Sellane.\\nThe 𝒩ew ferry"}}
    for result in (quirky, in_utf16(ASTRAL, quirky)):
        made = rows_of(tmp_path / str(result["value"]["start"]), result, text=ASTRAL)
        assert [s["surface"] for s in made.spans] == ["Sellane.\nThe 𝒩ew  ferry"]


def test_without_value_text_code_points_are_taken_and_only_the_end_tells_otherwise(tmp_path: Path) -> None:
    last = "late."
    bare = span(ASTRAL, last)
    del bare["value"]["text"]
    assert [s["surface"] for s in rows_of(tmp_path / "1", bare, text=ASTRAL).spans] == [last]
    old = in_utf16(ASTRAL, bare)
    assert [s["surface"] for s in rows_of(tmp_path / "2", old, text=ASTRAL).spans] == [last]


def test_a_wrong_suggestion_does_not_turn_good_code_points_into_utf16(tmp_path: Path) -> None:
    """A model's span behind the end fits when counted in UTF-16; the other spans' words say that nothing else does."""
    wrong = span(ASTRAL, "late.")
    wrong["value"] |= {"start": len(ASTRAL) - 2, "end": len(ASTRAL) + 2}
    names = [span(ASTRAL, w) for w in ("Anna Bell", "Port Sellane")]
    for result in (wrong, *names):
        del result["value"]["text"]
    made = rows_of(tmp_path, wrong, *names, text=ASTRAL)
    assert [s["surface"] for s in made.spans] == ["Anna Bell", "Port Sellane"]
    assert [r["reason"] for r in made.rejected] == ["offsets_out_of_range"]
    assert "as code points" in made.rejected[0]["detail"]
    assert "as UTF-16 units" in made.rejected[0]["detail"]


def test_a_suggestion_that_told_the_wrong_words_is_taken_by_its_offsets(tmp_path: Path) -> None:
    told = span(TEXT, "Anna Bell", origin="prediction")
    told["value"]["text"] = "something the model made up"
    assert labels(rows_of(tmp_path, told)) == [("Anna Bell", "PERSON")]


def test_in_a_mixed_annotation_each_span_needs_its_own_evidence(tmp_path: Path) -> None:
    silent = span(ASTRAL, "زينب")
    del silent["value"]["text"]
    made = rows_of(
        tmp_path, span(ASTRAL, "Anna Bell"), in_utf16(ASTRAL, span(ASTRAL, "Port Sellane")), silent, text=ASTRAL
    )
    assert [s["surface"] for s in made.spans] == ["Anna Bell", "Port Sellane"]
    assert [r["reason"] for r in made.rejected] == ["offsets_ambiguous"]


def test_a_task_with_windows_line_breaks_finds_its_document_and_its_places(tmp_path: Path) -> None:
    shown = "\ufeff" + TEXT.replace("\n", "\r\n")
    bench = Bench(tmp_path, {"a": TEXT})
    results = [span(shown, "Port Sellane", "PLACE"), span(shown, "Ferries.\r\nThey", "ORG")]
    bench.bring([{"id": 1, "data": {"text": shown}, "annotations": [annotation(*results)]}])
    made = bench.make()
    assert [s["surface"] for s in made.spans] == ["Port Sellane", "Ferries.\nThey"]
