"""Which state of an annotation counts, what became of the others, and that the tables follow from the ledger alone."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from ledger_samples import Bench, Json, annotation, doc_id, span, task

TEXT = "Zoë Marsh met Anna Bell in Port Sellane."
OTHER = "The ferry to Velmora was late again."
SERVER: dict[str, Any] = {"server": "http://one 2031", "project": 1}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, {"a": TEXT, "b": OTHER})


def surfaces(made) -> list[str]:
    return sorted(s["surface"] for s in made.spans)


def statuses(made) -> list[str]:
    return sorted(a["status"] for a in made.annotations)


def later(one: Json, *results: Json, day: int = 2) -> Json:
    return one | {"result": list(results), "updated_at": f"2031-03-{day:02d}T10:00:00.000001Z"}


def test_the_latest_change_counts_in_whatever_order_files_arrive(tmp_path: Path) -> None:
    first = annotation(span(TEXT, "Anna Bell"))
    second = later(first, span(TEXT, "Port Sellane", "PLACE"))
    for number, order in enumerate([(first, second), (second, first)]):
        bench = Bench(tmp_path / str(number), {"a": TEXT})
        for one in order:
            bench.bring([task("a", TEXT, one)])
        made = bench.make()
        assert surfaces(made) == ["Port Sellane"]
        assert made.result.answers == {"brought": 2, "spans": 1, "superseded": 1}


def test_of_equal_moments_the_later_file_counts(bench: Bench) -> None:
    one = annotation(span(TEXT, "Anna Bell"))
    bench.bring([task("a", TEXT, one)])
    bench.bring([task("a", TEXT, one | {"result": [span(TEXT, "Zoë Marsh")]})])
    assert surfaces(bench.make()) == ["Zoë Marsh"]


def test_a_skip_is_no_annotation_and_its_prefilled_results_give_no_rows(bench: Bench) -> None:
    bench.bring([task("a", TEXT, annotation(span(TEXT, "Anna Bell"), was_cancelled=True))])
    made = bench.make()
    assert (statuses(made), made.spans) == (["skipped"], [])
    assert made.result.answers == {"brought": 1, "skipped": 1}
    assert "Anna Bell" in made.annotations[0]["payload"]


def test_drafts_are_kept_apart(bench: Bench) -> None:
    draft = {"id": 4, "user": "zoe.marsh@mail.example", "created_username": "Zoë, 7", "annotation": 5}
    draft |= {"result": [span(TEXT, "Zoë Marsh")], "created_at": "2031-03-01T11:00:00Z"}
    bench.bring([task("a", TEXT, annotation(span(TEXT, "Anna Bell"), id=5), drafts=[draft, 17])])
    made = bench.make()
    assert (statuses(made), surfaces(made)) == (["draft", "submitted"], ["Anna Bell"])
    submitted, drafted = sorted(made.annotations, key=lambda a: a["status"] == "draft")
    assert drafted["parent_annotation"] == submitted["annotation_id"]
    assert drafted["annotator"] == submitted["annotator"] == "annotator-01"
    assert made.result.answers == {"brought": 2, "draft": 1, "spans": 1}


def test_a_draft_that_was_submitted_is_no_deleted_annotation(bench: Bench) -> None:
    draft = {"id": 4, "user": 7, "result": [span(TEXT, "Anna Bell")], "created_at": "2031-03-01T11:00:00Z"}
    bench.ledger.append("plain", [task("a", TEXT, drafts=[draft])], **SERVER)
    bench.ledger.append("plain", [task("a", TEXT, annotation(span(TEXT, "Anna Bell")))], **SERVER)
    assert statuses(bench.make()) == ["submitted"]


def test_whole_predictions_are_a_models_annotations_and_bare_ids_are_nothing(bench: Bench) -> None:
    prediction = {"id": 8, "model_version": "rules 1.2", "score": 0.5, "created_at": "2031-03-01T09:00:00Z"}
    prediction |= {"result": [span(TEXT, "Anna Bell", score=0.25)]}
    bench.bring([task("a", TEXT, predictions=[prediction]), task("b", OTHER, predictions=[9])])
    made = bench.make()
    (row,) = made.annotations
    assert (row["origin"], row["annotator"], row["model_version"]) == ("model", None, "rules 1.2")
    assert [(s["origin"], s["score"]) for s in made.spans] == [("model", 0.25)]


def test_ground_truth_and_lead_time_are_kept(bench: Bench) -> None:
    bench.bring([task("a", TEXT, annotation(ground_truth=True, lead_time=12.25), annotation(lead_time=-1))])
    rows = sorted(bench.make().annotations, key=lambda a: not a["ground_truth"])
    assert [(r["ground_truth"], r["lead_time_s"]) for r in rows] == [(True, 12.25), (False, None)]


def test_annotations_without_a_unique_id_get_one_that_stays_and_none_is_swallowed(bench: Bench) -> None:
    def bare(words: str, **more: Any) -> Json:
        made = annotation(span(TEXT, words), **more)
        del made["unique_id"]
        return made

    same_moment = [bare("Anna Bell", id=1), bare("Zoë Marsh", id=2), bare("Port Sellane", by="bo@mail.example", id=3)]
    bench.bring([task("a", TEXT, *same_moment)])
    first = bench.make()
    assert surfaces(first) == ["Anna Bell", "Port Sellane", "Zoë Marsh"]
    changed = [task("a", TEXT, *(one | {"id": one["id"] + 100} for one in same_moment), meta={"again": True})]
    bench.bring(changed, name="again.json")
    again = bench.make()
    assert [a["annotation_id"] for a in again.annotations] == [a["annotation_id"] for a in first.annotations]


def test_an_annotation_gone_from_its_task_or_its_project_is_deleted(bench: Bench) -> None:
    one, two, three = (annotation(span(TEXT, w)) for w in ("Anna Bell", "Zoë Marsh", "Port Sellane"))
    away = annotation(span(OTHER, "Velmora"))
    pull = lambda *tasks, **more: bench.ledger.append("plain", tasks, **SERVER, **more)  # noqa: E731
    pull(task("a", TEXT, one, two, three), task("b", OTHER, away, id=2), complete=True)
    assert statuses(bench.make()) == ["submitted"] * 4
    pull(task("a", TEXT, one, two))
    pull(deleted=[two["unique_id"]])
    made = bench.make()
    assert {a["annotation_id"] for a in made.annotations if a["status"] == "deleted"} == {
        two["unique_id"],
        three["unique_id"],
    }
    assert surfaces(made) == ["Anna Bell", "Velmora"]
    pull(task("a", TEXT, one), complete=True)
    made = bench.make()
    assert surfaces(made) == ["Anna Bell"]
    assert made.result.answers == {"brought": 7, "deleted": 3, "spans": 1, "superseded": 3}


def test_an_old_file_does_not_bring_back_what_was_deleted_but_newer_work_does(bench: Bench) -> None:
    one = annotation(span(TEXT, "Anna Bell"))
    bench.ledger.append("plain", [task("a", TEXT, one)], **SERVER)
    bench.ledger.append("plain", [], deleted=[one["unique_id"]], **SERVER)
    bench.bring([task("a", TEXT, one)])
    assert statuses(bench.make()) == ["deleted"]
    bench.bring([task("a", TEXT, later(one, span(TEXT, "Zoë Marsh")))])
    assert surfaces(bench.make()) == ["Zoë Marsh"]


def test_what_is_gone_on_one_server_lives_on_another(bench: Bench) -> None:
    one = annotation(span(TEXT, "Anna Bell"))
    bench.ledger.append("plain", [task("a", TEXT, one)], **SERVER)
    bench.ledger.append("plain", [task("a", TEXT, one)], server="http://two 2031", project=1)
    bench.ledger.append("plain", [], complete=True, **SERVER)
    assert statuses(bench.make()) == ["submitted"]


def test_a_partial_file_deletes_nothing(bench: Bench) -> None:
    one, two = annotation(span(TEXT, "Anna Bell")), annotation(span(TEXT, "Zoë Marsh"))
    bench.bring([task("a", TEXT, one, two)])
    bench.bring([task("a", TEXT, one)])
    assert statuses(bench.make()) == ["submitted", "submitted"]


def test_one_unique_id_on_two_documents_is_taken_once(bench: Bench) -> None:
    one = annotation(span(TEXT, "Anna Bell"))
    bench.bring([task("a", TEXT, one), task("b", OTHER, one | {"result": [span(OTHER, "Velmora")]})])
    made = bench.make()
    assert (len(made.annotations), [r["reason"] for r in made.rejected]) == (1, ["repeated_annotation"])


def test_what_is_no_annotation_is_rejected(bench: Bench) -> None:
    bench.bring([task("a", TEXT, annotation(span(TEXT, "Anna Bell"))) | {"completions": [17]}])
    assert [r["reason"] for r in bench.make().rejected] == ["malformed_annotation"]


def test_a_row_that_breaks_its_contract_is_rejected_with_all_that_belongs_to_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Contracts may be tightened by the user."""
    import ledger_samples

    from corpus_kit.core.schema.columns import CheckSpec

    known = ledger_samples.contracts()

    def tightened(table: str, check: CheckSpec):
        from dataclasses import replace

        return replace(known[table], checks=(), columns=tuple(
            replace(c, checks=(*c.checks, check)) if c.name == check.column else c for c in known[table].columns
        ))  # fmt: skip

    short = CheckSpec("label", "isin", (("allowed_values", ("PERSON",)),))
    slow = CheckSpec("lead_time_s", "less_than_or_equal_to", (("max_value", 10.0),))
    stricter = known | {"spans": tightened("spans", short), "annotations": tightened("annotations", slow)}
    monkeypatch.setattr(ledger_samples, "contracts", lambda: stricter)
    good = annotation(span(TEXT, "Anna Bell"), span(TEXT, "Port Sellane", "PLACE"))
    bench.bring([task("a", TEXT, good, annotation(span(TEXT, "Zoë Marsh"), lead_time=11.0))])
    made = bench.make()
    assert surfaces(made) == ["Anna Bell"]
    assert [r["reason"] for r in made.rejected] == ["contract"] * 3
    assert made.result.answers == {"brought": 3, "rejected": 2, "spans": 1}


def bytes_of(bench: Bench) -> dict[str, str]:
    folder = bench.data / "annotations"
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir())}


def test_independent_files_give_the_same_bytes_in_any_order(tmp_path: Path) -> None:
    """Independent: no annotation is in two of them. The pseudonym file is made by the first build."""
    people = ("zoe@mail.example", "bo@mail.example", "ada@mail.example")
    files = [
        [task("a", TEXT, annotation(span(TEXT, "Anna Bell"), by=by, created_at=f"2031-03-{9 - n:02d}T10:00:00Z"))]
        for n, by in enumerate(people)
    ]
    made = []
    for number, order in enumerate([(0, 1, 2), (2, 0, 1), (1, 2, 0)]):
        bench = Bench(tmp_path / str(number), {"a": TEXT})
        for n in order:
            bench.bring(files[n], name=f"{n}.json")
        bench.make()
        made.append(bytes_of(bench))
    assert made[0] == made[1] == made[2]


def test_unchanged_inputs_are_not_redone_and_any_change_is_seen(bench: Bench) -> None:
    bench.bring([task("a", TEXT, annotation(span(TEXT, "Anna Bell"), span(TEXT, "Bell", "DRAGON")))])
    first, before = bench.make(), bytes_of(bench)
    again = bench.make()
    assert (first.result.unchanged, again.result.unchanged) == (False, True)
    assert (again.rejected, again.result.answers, bytes_of(bench)) == (first.rejected, first.result.answers, before)
    bench.put({"a": TEXT + " More.", "b": OTHER})
    assert not bench.make().result.unchanged
    bench.bring([task("b", OTHER, annotation(span(OTHER, "Velmora")))])
    assert not bench.make().result.unchanged
    (bench.data / "annotations" / "spans-00000.parquet").unlink()
    assert not bench.make().result.unchanged


def test_the_tables_lie_by_document_in_shards_that_others_do_not_move(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corpus_kit.ledger.shards.SHARD_BYTES", 3000)
    monkeypatch.setattr("corpus_kit.ledger.partitions.BUCKET_BYTES", 4000)
    texts = {f"d{n}": f"{n}: {TEXT}" for n in range(60)}
    bench = Bench(tmp_path, texts)
    bench.bring([task(name, t, annotation(span(t, "Anna Bell")), id=n) for n, (name, t) in enumerate(texts.items())])
    made, before = bench.make(), bytes_of(bench)
    shards = [n for n in before if n.startswith("spans-")]
    assert len(shards) > 5
    ids = [a["doc_id"] for a in made.annotations]
    assert ids == sorted(ids)
    bench.put(texts | {"new": OTHER})
    bench.bring([task("new", OTHER, annotation(span(OTHER, "Velmora")))])
    bench.make()
    after = bytes_of(bench)
    lost = {before[n] for n in shards} - set(after.values())
    assert len(lost) <= 1, "only the shard of the new document"
    assert doc_id("new") in {a["doc_id"] for a in bench.make().annotations}


def test_an_older_folder_that_was_put_back_is_not_taken_for_the_newest(tmp_path: Path) -> None:
    """A build that is killed puts `data/annotations` back, but not what `.work` says of it."""
    import shutil

    text = "Ola Brandt of Port Sellane waits."
    bench = Bench(tmp_path, {"a": text})
    bench.bring([task("a", text, annotation(span(text, "Brandt", "PERSON")))], "plain", "one.json")
    bench.make()
    shutil.copytree(bench.data / "annotations", tmp_path / "before")
    bench.bring(
        [task("a", text, annotation(span(text, "Port Sellane", "PLACE"), by="bo@mail.example"))], "plain", "two.json"
    )
    assert len(bench.make().spans) == 2
    shutil.rmtree(bench.data / "annotations")
    shutil.copytree(tmp_path / "before", bench.data / "annotations")
    assert len(bench.make().spans) == 2
