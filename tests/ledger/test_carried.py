"""Texts that changed: nothing that was labelled is lost, and only what is certain is carried along."""

from __future__ import annotations

from pathlib import Path

from ledger_samples import Bench, annotation, doc_id, sha, span, task

OLD = (
    "The harbour council of Sennet Bay met behind closed doors on Monday.\n"
    "Fishermen from both shores said the new tolls would ruin every crew.\n"
    "A spokeswoman for the Velmoran ministry declined to say when ferries would run.\n"
)
LINES = OLD.splitlines(keepends=True)
NEW = "Updated at noon with a statement by the mayor of Port Sellane.\n" + LINES[0] + LINES[2]
WORDS = ("Sennet Bay", "Fishermen", "Velmoran ministry")


def made_on_old(tmp_path: Path) -> Bench:
    bench = Bench(tmp_path, {"a": OLD})
    bench.bring([task("a", OLD, annotation(*(span(OLD, w, "ORG") for w in WORDS)))])
    assert bench.make().carried == []
    bench.put({"a": NEW})
    return bench


def test_spans_on_an_older_text_stay_and_are_carried_where_that_is_certain(tmp_path: Path) -> None:
    made = made_on_old(tmp_path).make()
    assert [(s["surface"], s["start"]) for s in made.spans] == [(w, OLD.index(w)) for w in WORDS]
    assert made.texts == [{"doc_id": doc_id("a"), "text_sha256": sha(OLD), "text": OLD}]
    assert [(c["surface"], c["start"], c["verdict"]) for c in made.carried] == [
        ("Sennet Bay", NEW.index("Sennet Bay"), "shifted"),
        (None, None, "stale"),
        ("Velmoran ministry", NEW.index("Velmoran ministry"), "shifted"),
    ]
    assert made.result.carried == {"shifted": 2, "stale": 1}
    assert all(c["from_text_sha256"] == sha(OLD) and c["text_sha256"] == sha(NEW) for c in made.carried)


def test_when_the_old_text_is_back_nothing_is_carried(tmp_path: Path) -> None:
    bench = made_on_old(tmp_path)
    bench.make()
    bench.put({"a": OLD})
    made = bench.make()
    assert (made.carried, made.texts, len(made.spans)) == ([], [], 3)


def test_skipped_work_on_an_older_text_keeps_its_text_and_carries_nothing(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"a": NEW})
    bench.bring([task("a", OLD, annotation(span(OLD, "Sennet Bay"), was_cancelled=True))])
    made = bench.make()
    assert (made.carried, [t["text"] for t in made.texts]) == ([], [OLD])


def test_work_on_both_texts_of_a_document_stands_side_by_side(tmp_path: Path) -> None:
    bench = made_on_old(tmp_path)
    bench.bring([task("a", NEW, annotation(span(NEW, "Port Sellane", "PLACE"), by="bo@mail.example"))])
    made = bench.make()
    assert sorted(s["surface"] for s in made.spans) == sorted([*WORDS, "Port Sellane"])
    assert len(made.carried) == 3


def test_an_old_text_that_nobody_kept_is_said(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"a": NEW})
    data = {"doc_id": doc_id("a"), "text_sha256": sha(OLD)}
    bench.bring([{"id": 1, "data": data, "annotations": [annotation(span(OLD, "Sennet Bay"))]}])
    assert [r["reason"] for r in bench.make().rejected] == ["unknown_text"]


def test_a_text_that_another_entry_holds_is_used(tmp_path: Path) -> None:
    bench = made_on_old(tmp_path)
    data = {"doc_id": doc_id("a"), "text_sha256": sha(OLD)}
    bare = {"id": 1, "data": data, "annotations": [annotation(span(OLD, "Fishermen"))]}
    bench.bring([bare], name="bare.json")
    assert len(bench.make().spans) == 4
