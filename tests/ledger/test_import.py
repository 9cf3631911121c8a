"""Import: any export since 1.0 finds its layer and its documents; what belongs nowhere is rejected, not lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ledger_samples import CONFIG, Bench, annotation, answer, doc_id, span, task

from corpus_kit import Corpus
from corpus_kit.cli.errors import run
from corpus_kit.cli.main import cli
from corpus_kit.core.errors import UsageError

TEXT = "Zoë Marsh met Anna Bell in Port Sellane."
OTHER = "The ferry to Velmora was late again."


def surfaces(made) -> list[str]:
    return [s["surface"] for s in made.spans]


def test_an_export_of_version_one_with_completions_is_read(tmp_path: Path) -> None:
    """Label Studio 1.0: `completions`, moments as seconds, authors as text, no unique_id, no updated_at."""
    old = {
        "id": 12, "created_at": 1930298400, "created_username": " Zoë Marsh, zoe.marsh@mail.example, 7", "lead_time": 3,
        "honeypot": True, "result": [span(TEXT, "Anna Bell") | {"origin": "manual"}],
    }  # fmt: skip
    skipped = {"id": 13, "skipped": True, "created_at": 1930298500, "result": [span(TEXT, "Zoë Marsh")]}
    bench = Bench(tmp_path, {"a": TEXT})
    bench.bring([{"id": 3, "data": {"text": TEXT}, "completions": [old, skipped], "predictions": []}])
    made = bench.make()
    assert surfaces(made) == ["Anna Bell"]
    rows = {a["status"]: a for a in made.annotations}
    assert rows["submitted"]["created_at"].isoformat() == "2031-03-03T10:00:00+00:00"
    assert rows["submitted"]["ground_truth"]
    assert set(rows) == {"submitted", "skipped"}
    assert rows["submitted"]["annotator"] != rows["skipped"]["annotator"]


def test_one_task_that_is_no_list_is_read(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"a": TEXT})
    bench.bring(json.dumps(task("a", TEXT, annotation(span(TEXT, "Anna Bell")))))
    assert surfaces(bench.make()) == ["Anna Bell"]


def test_tasks_are_matched_by_doc_id_else_by_their_text(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"a": TEXT, "b": OTHER})
    by_text = {"id": 2, "data": {"text": OTHER, "doc_id": 17}, "annotations": [annotation(span(OTHER, "Velmora"))]}
    without_text = {"id": 3, "data": {"doc_id": doc_id("b")}, "annotations": [annotation(span(OTHER, "ferry"))]}
    bench.bring([task("a", TEXT, annotation(span(TEXT, "Anna Bell"))), by_text, without_text])
    assert {(s["doc_id"], s["surface"]) for s in bench.make().spans} == {
        (doc_id("a"), "Anna Bell"),
        (doc_id("b"), "Velmora"),
        (doc_id("b"), "ferry"),
    }


def test_tasks_of_no_document_are_rejected_whole(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"a": TEXT, "b": OTHER})
    nowhere = task("z", "Unknown words.", annotation(span("Unknown words.", "words"), span("Unknown words.", "words")))
    bench.bring([nowhere, {"id": 4, "data": {"url": "x"}, "annotations": [annotation()]}])
    made = bench.make()
    assert made.annotations == []
    assert [r["reason"] for r in made.rejected] == ["unmatched_task", "unmatched_task"]
    assert made.result.answers == {"brought": 2, "rejected": 2}
    assert made.result.unmatched_tasks == 2
    assert any("words" in r["payload"] for r in made.rejected)


def test_a_document_that_comes_back_gets_its_labels_from_the_ledger(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"b": OTHER})
    bench.bring([task("a", TEXT, annotation(span(TEXT, "Anna Bell")))])
    assert bench.make().result.unmatched_tasks == 1
    bench.put({"a": TEXT, "b": OTHER})
    made = bench.make()
    assert (surfaces(made), made.rejected) == (["Anna Bell"], [])


def test_a_moved_document_keeps_its_labels_also_those_on_its_older_text(tmp_path: Path) -> None:
    older = TEXT + " Read also: tides."
    bench = Bench(tmp_path, {"new/place": TEXT})
    old = task("old/place", older, annotation(span(older, "Port Sellane", "PLACE")))
    bench.bring([old, task("old/place", TEXT, annotation(span(TEXT, "Anna Bell")))])
    made = bench.make()
    assert made.result.moved == [(doc_id("old/place"), doc_id("new/place"))]
    assert {s["doc_id"] for s in made.spans} == {doc_id("new/place")}
    assert sorted(surfaces(made)) == ["Anna Bell", "Port Sellane"]


ENTITIES = CONFIG
STANCE = """<View><Choices name="stance_ferry" toName="text"><Choice value="favour"/><Choice value="against"/></Choices>
<Labels name="label" toName="text"><Label value="ferry"/></Labels><Text name="text" value="$text"/></View>"""


@pytest.fixture
def two(tmp_path: Path) -> Bench:
    return Bench(tmp_path, {"a": TEXT}, {"entities": ENTITIES, "stance": STANCE})


def test_the_layer_is_recognised_by_controls_and_labels(two: Bench) -> None:
    assert two.bring([task("a", TEXT, annotation(span(TEXT, "Anna Bell")))]).layer == "entities"
    assert two.bring([task("a", TEXT, annotation(span(TEXT, "Anna Bell", "ferry")))]).layer == "stance"
    assert two.bring([task("a", TEXT, annotation(answer("stance_ferry", "choices", ["against"])))]).layer == "stance"
    made = two.make()
    assert [(c["target"], c["value"]) for c in made.choices] == [("ferry", "against")]


@pytest.mark.parametrize("results", [[], [span(TEXT, "Anna Bell", control="elsewhere")]])
def test_a_layer_that_cannot_be_told_is_asked_for_by_name(two: Bench, results: list[object]) -> None:
    with pytest.raises(UsageError, match=r"Layers: entities, stance\.") as refused:
        two.bring([task("a", TEXT, annotation(*results))])
    assert "--layer" in refused.value.hint
    assert two.bring([task("a", TEXT, annotation(*results))], layer="stance").layer == "stance"


def test_an_unknown_layer_is_refused_with_those_there_are(two: Bench) -> None:
    with pytest.raises(UsageError, match="Did you mean 'stance'") as refused:
        two.bring([task("a", TEXT, annotation())], layer="stanse")
    assert "entities, stance" in refused.value.hint


def test_work_of_a_layer_that_is_gone_is_rejected_and_stays_in_the_ledger(two: Bench) -> None:
    two.bring([task("a", TEXT, annotation(span(TEXT, "Anna Bell", "ferry")))])
    stance = two.layers.pop("stance")
    assert [r["reason"] for r in two.make().rejected] == ["unknown_layer"]
    two.layers["stance"] = stance
    assert surfaces(two.make()) == ["Anna Bell"]


def test_from_a_mailed_file_to_sound_tables_on_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And no address of anybody is printed or made on the way."""
    Corpus.init(tmp_path / "news", stance_targets=["Halvern pipeline"])
    monkeypatch.chdir(tmp_path / "news")
    Path("data/raw/a.txt").write_text(TEXT, encoding="utf-8")
    results = [span(TEXT, "Anna Bell", control="entities"), span(TEXT, "Zoë Marsh", "DRAGON", control="entities")]
    nowhere = {"id": 9, "data": {"text": "?"}, "annotations": [annotation(by="bo@other.example")]}
    tasks = [{"id": 1, "data": {"text": TEXT}, "annotations": [annotation(*results)]}, nowhere]
    Path("mailed.json").write_text(json.dumps(tasks), encoding="utf-8")
    assert run(cli, ["import", "mailed.json", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0] | {"entry": ""} == {
        "file": "mailed.json", "layer": "entities", "entry": "", "new": True, "tasks": 2, "annotations": 2,
        "documents": 0, "made_layer": False,
    }  # fmt: skip
    assert run(cli, ["import", "mailed.json"]) == 0
    assert "known already" in capsys.readouterr().out
    assert run(cli, ["build"]) == 0
    told = capsys.readouterr()
    assert "unmatched_task" in told.out
    assert "Unmatched: 1 task " in told.err
    assert run(cli, ["build", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["annotations"]["unchanged"]
    assert made["annotations"]["answers"] == {"brought": 2, "rejected": 1, "spans": 1}
    assert run(cli, ["validate"]) == 0
    manifest = json.loads(Path("data/rejected/manifest.json").read_text())
    assert manifest["by_reason"] == {"unknown_label": 1, "unmatched_task": 1}
    assert manifest["stages"]["pull"] == 2
    made_files = [p for p in Path("data").rglob("*") if p.is_file() and p.parts[1] not in ("imports", ".work")]
    for path in made_files:
        if path.name != "pseudonyms.json":
            assert b"mail.example" not in path.read_bytes(), path
    assert "@" not in told.out + told.err


def test_status_counts_what_was_rejected_also_of_a_file_that_was_laid_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LABEL_STUDIO_URL", raising=False)
    root = tmp_path / "news"
    Corpus.init(root, stance_targets=["Halvern pipeline"])
    (root / "data" / "raw" / "a.txt").write_text(TEXT, encoding="utf-8")
    results = [span(TEXT, "Anna Bell", control="entities"), span(TEXT, "Zoë Marsh", "DRAGON", control="entities")]
    tasks = [{"id": 1, "data": {"text": TEXT}, "annotations": [annotation(*results)]}]
    (root / "data" / "imports").mkdir(exist_ok=True)
    (root / "data" / "imports" / "sample-a.json").write_text(json.dumps(tasks), encoding="utf-8")
    Corpus.open(root).build()
    told = {one.layer: (one.labelled, one.rejected) for one in Corpus.open(root).status().layers}
    assert told == {"boilerplate": (0, 0), "entities": (1, 1), "stance": (0, 0)}


def test_without_a_ledger_there_is_no_folder_of_annotations(tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "a.txt").write_text(TEXT)
    assert Corpus.without(tmp_path / "out").build([tmp_path / "pages"]).annotated is None
    assert not (tmp_path / "out" / "annotations").exists()
