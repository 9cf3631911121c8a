"""Promises that each depend on one line: who made it, when, in which unit, and what a half-lost region keeps."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from ledger_samples import Bench, annotation, answer, doc_id, sha, span, task

from corpus_kit.core.offsets import Span
from corpus_kit.ledger.people import People
from corpus_kit.ledger.readings import UNITS, Reading, ReportedOffsets, Wrong
from corpus_kit.ledger.states import moment

TEXT = "Zoë met Ana in Lima."


def test_an_answer_about_a_region_stays_while_one_of_its_labels_does(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"a": TEXT})
    zoe = span(TEXT, "Zoë", "DRAGON", "PERSON")
    role = answer("role", "choices", ["agent"], id=zoe["id"])
    bench.bring([task("a", TEXT, annotation(zoe, role))])
    made = bench.make()
    assert [(c["value"], c["span_id"]) for c in made.choices] == [("agent", zoe["id"])]
    assert [r["reason"] for r in made.rejected] == ["unknown_label"]


def test_an_export_that_names_the_author_tells_who_made_what_an_older_one_left_unnamed(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"a": TEXT, "b": "Bob."})
    own = annotation(span(TEXT, "Zoë"), by="zoe@x.example")
    unnamed = {key: value for key, value in own.items() if key != "completed_by"}
    bench.bring([task("a", TEXT, unnamed)], "plain", "old.json")
    bench.bring([task("a", TEXT, own), task("b", "Bob.", annotation(by="zoe@x.example"))], "plain", "new.json")
    assert len({a["annotator"] for a in bench.make().annotations}) == 1


def test_a_suggestion_outlives_a_pull_that_brings_only_what_people_did(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"a": TEXT, "b": "Bob."})
    guess = {"id": 1, "model_version": "m", "created_at": "2031-01-01T00:00:00Z", "result": [span(TEXT, "Ana")]}
    where: dict[str, Any] = {"server": "http://s.example", "project": 1, "complete": True}
    bench.ledger.append("plain", [task("a", TEXT, id=1) | {"predictions": [guess]}], **where)
    bench.ledger.append("plain", [task("b", "Bob.", annotation(), id=2)], **where)
    made = bench.make()
    assert [(a["origin"], a["status"]) for a in made.annotations if a["doc_id"] == doc_id("a")] == [
        ("model", "submitted")
    ]


def test_a_moment_without_a_zone_is_utc_wherever_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        found = moment("2031-01-01T10:00:00")
        assert found is not None
        assert found.isoformat() == "2031-01-01T10:00:00+00:00"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_vanished_document_that_turned_up_twice_gets_no_older_work(tmp_path: Path) -> None:
    """Two documents have its text of once; an older text of it belongs to neither for certain."""
    bench = Bench(tmp_path, {"a": TEXT, "b": "Bob sleeps."})
    gone = {"doc_id": doc_id("gone"), "text_sha256": sha("?")}
    tasks = [
        {"id": n, "data": gone | {"text": text}, "annotations": [annotation()]}
        for n, text in enumerate([TEXT, "Bob sleeps.", "Neither of them."])
    ]
    bench.bring(tasks, "plain")
    made = bench.make()
    assert [r["reason"] for r in made.rejected] == ["unmatched_task"]
    assert {a["doc_id"] for a in made.annotations} == {doc_id("a"), doc_id("b")}


def test_a_span_behind_the_end_counts_utf16_units_also_where_it_cuts_a_word() -> None:
    assert Reading("🚀abc").places([ReportedOffsets(3, 5)]) == ([Span(2, 4)], UNITS)


def test_a_span_that_ends_inside_a_line_break_of_two_characters_is_refused() -> None:
    (place,), _ = Reading("a\nb", "a\r\nb").places([ReportedOffsets(0, 2)])
    assert isinstance(place, Wrong)
    assert place.reason == "offsets_out_of_range"


def test_a_picture_of_somebody_is_in_no_payload(tmp_path: Path) -> None:
    people = People(tmp_path / "pseudonyms.json")
    clean = people.without_people("s", {"profile": {"avatar": "/data/avatars/zoe.png", "kept": 1}})
    assert clean == {"profile": {"avatar": None, "kept": 1}}


@pytest.mark.parametrize("known", [True, False], ids=["of an annotator", "of a stranger"])
def test_no_address_is_the_id_of_a_row(tmp_path: Path, known: bool) -> None:
    address = "zoe.quill@example.org"
    bench = Bench(tmp_path, {"a": TEXT})
    results = [span(TEXT, "Zoë", id=address), span(TEXT, "Ana", id="b")]
    results.append(
        {"type": "relation", "from_id": address, "to_id": "b", "direction": "right", "labels": ["works_for"]}
    )
    made_by = address if known else "bob@example.org"
    bench.bring([task("a", TEXT, annotation(*results, by=made_by, unique_id=address))], "plain")
    made = bench.make()
    rows = [*made.spans, *made.relations, *({k: v for k, v in a.items() if k != "payload"} for a in made.annotations)]
    assert len(made.relations) == 1
    assert "@" not in str(rows)
    assert made.rejected == []
