"""Push against a real server: once, again, after changes; what is refused, and what is left alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from corpus_samples import CONFIG, PAGES, MakeSample, Sample, span, tone

from corpus_kit.core.errors import ConfigError, EnvironmentProblemError, UsageError
from corpus_kit.corpus import Corpus
from corpus_kit.labelstudio.api.batches import pack
from corpus_kit.labelstudio.api.client import LabelStudioClient
from corpus_kit.labelstudio.sync.instruction import instruction
from corpus_kit.labelstudio.sync.server_context import exclusive_lock
from corpus_kit.pipeline.sync import server_context

pytestmark = pytest.mark.studio


def config(sample: Sample, text: str) -> None:
    (sample.root / "annotation" / "names" / "config.xml").write_text(text, encoding="utf-8")


def shown(sample: Sample, task: int) -> list[tuple[str, list[tuple[int, int, str]]]]:
    """A task's predictions as (version, spans)."""
    return [
        (p["model_version"], [(r["value"]["start"], r["value"]["end"], r["value"]["labels"][0]) for r in p["result"]])
        for p in sample.client.predictions(task)
    ]


def test_a_second_push_writes_nothing(sample: Sample) -> None:
    sample.suggest([("a.txt", 0, 3, "PERSON"), ("c.txt", 6, 20, "ORG")])
    (first,) = sample.corpus.push()
    assert (first.created, first.settings) == (3, True)
    before = sample.tasks()
    assert len(before) == 3
    (second,) = sample.corpus.push()
    assert (second.writes, second.plan.writes, second.plan.unchanged) == (0, 0, 3)
    assert sample.tasks() == before
    assert shown(sample, sample.task_of("c.txt")) == [("names-1", [(6, 20, "ORG")])]


def test_the_labeling_stream_shows_the_suggestions(sample: Sample) -> None:
    """The server offers the predictions of the project's own model version only; push keeps it on the current one."""
    sample.suggest([("a.txt", 0, 3, "PERSON")])
    sample.corpus.push()
    sample.suggest([("a.txt", 8, 11, "PERSON")], version="names-2")
    (pushed,) = sample.corpus.push()
    assert pushed.replaced == 1
    task = sample.task_of("a.txt")
    assert shown(sample, task) == [("names-2", [(8, 11, "PERSON")])]
    path = f"/api/projects/{sample.project.id}/next/"
    offered = sample.client.transport.get(path)
    while offered["id"] != task:
        sample.client.create_annotation(offered["id"], {"result": []})
        offered = sample.client.transport.get(path)
    assert [p["model_version"] for p in offered["predictions"]] == ["names-2"]


def test_new_changed_and_withdrawn_are_told_apart(sample: Sample) -> None:
    sample.suggest([("a.txt", 0, 3, "PERSON"), ("b.txt", 0, 7, "PERSON")])
    sample.corpus.push()
    before = {t["data"]["source"]: t for t in sample.tasks()}
    sample.client.update_task(sample.task_of("c.txt"), {**before["c.txt"]["data"], "mine": "kept", "title": "spoilt"})
    sample.write({**PAGES, "d.txt": "A new page.\n"})
    sample.suggest([("a.txt", 0, 3, "PERSON")])
    (plan,) = sample.corpus.push(dry_run=True)
    assert plan.writes == 0
    assert (len(plan.plan.create), len(plan.plan.update), len(plan.plan.replace)) == (1, 1, 1)
    (pushed,) = sample.corpus.push()
    assert (pushed.created, pushed.updated, pushed.replaced, pushed.plan.unchanged) == (1, 1, 1, 1)
    after = {t["data"]["source"]: t for t in sample.tasks()}
    assert after["a.txt"] == before["a.txt"]
    assert after["c.txt"]["data"] == {**before["c.txt"]["data"], "mine": "kept"}
    assert shown(sample, after["b.txt"]["id"]) == [("withdrawn", [])], (
        "the server shows no other version than the project's"
    )
    assert sample.corpus.push()[0].writes == 0


def test_a_labelled_text_that_changed_keeps_its_task_and_the_new_one_is_prefilled(sample: Sample) -> None:
    sample.corpus.push()
    old = {name: sample.task_of(name) for name in PAGES}
    sample.client.create_annotation(old["a.txt"], {"result": [span(0, 3)]})
    sample.client.create_draft(old["c.txt"], {"result": [span(6, 13, "ORG")], "lead_time": 1.0})
    sample.corpus.pull()
    sample.write({name: f"Updated. {text}" for name, text in PAGES.items()})
    sample.tables()
    (pushed,) = sample.corpus.push()
    assert (pushed.created, pushed.out, pushed.removed) == (3, 1, 0), "a.txt is done, c.txt is begun"
    assert {(o.task, o.reason, o.work) for o in pushed.plan.orphaned} == {
        (old["a.txt"], "text_changed", 1),
        (old["c.txt"], "text_changed", 0),
    }
    assert old["a.txt"] in {t["id"] for t in sample.tasks()}
    new = sample.task_of("a.txt")
    assert new != old["a.txt"]
    assert shown(sample, new) == [("carried", [(9, 12, "PERSON")])]
    assert sample.corpus.push()[0].writes == 0


def test_what_the_server_would_swallow_wrongly_is_refused_with_the_reason(sample: Sample) -> None:
    sample.suggest(
        [("a.txt", 0, 3, "PERSON"), ("a.txt", 4, 5, "ANIMAL"), ("b.txt", 0, 999, "ORG"), ("c.txt", 3, 3, "ORG")]
    )
    (pushed,) = sample.corpus.push()
    assert pushed.created == 3
    assert sorted((f.code, f.row) for f in pushed.plan.refused) == sorted(
        [
            ("unknown_label", f"doc_id={sample.doc('a.txt')['doc_id']}"),
            ("bad_offsets", f"doc_id={sample.doc('b.txt')['doc_id']}"),
            ("bad_offsets", f"doc_id={sample.doc('c.txt')['doc_id']}"),
        ]
    )
    assert shown(sample, sample.task_of("a.txt")) == [("names-1", [(0, 3, "PERSON")])]
    assert sample.corpus.push()[0].writes == 0


def test_suggestions_for_another_text_are_refused(sample: Sample) -> None:
    sample.suggest([("a.txt", 0, 3, "PERSON")])
    sample.write({**PAGES, "a.txt": "Zoë is elsewhere.\n"})
    (pushed,) = sample.corpus.push(dry_run=True)
    assert [f.code for f in pushed.plan.refused] == ["other_text"]


def test_a_label_in_use_cannot_disappear_and_others_can(sample: Sample) -> None:
    sample.corpus.push()
    task = sample.task_of("a.txt")
    sample.client.create_annotation(task, {"result": [span(0, 3), tone("angry")]})
    without_org = CONFIG.replace('<Label value="ORG"/>', '<Label value="PLACE"/>')
    config(sample, without_org)
    (pushed,) = sample.corpus.push()
    assert pushed.plan.settings == ["config"]
    assert sample.project.config == without_org
    config(sample, without_org.replace('<Label value="PERSON"/>', ""))
    with pytest.raises(ConfigError, match=rf"'PERSON' is no longer a label of 'label': task {task} "):
        sample.corpus.push()
    config(sample, without_org.replace("names_tone", "names_mood"))
    with pytest.raises(ConfigError, match=f"'names_tone' is no longer in the config: task {task} "):
        sample.corpus.push(dry_run=True)
    assert sample.project.config == without_org


def test_a_config_nobody_can_use_is_refused_before_anything_is_sent(sample: Sample) -> None:
    config(sample, CONFIG.replace('value="$text"', 'value="$text" value2="<"'))
    with pytest.raises(ConfigError):
        sample.corpus.push()
    assert sample.client.find_projects(f"{sample.root.name}: names") == []


def test_a_dry_run_makes_nothing(sample: Sample) -> None:
    (pushed,) = sample.corpus.push(dry_run=True)
    assert (len(pushed.plan.create), pushed.plan.settings, pushed.writes) == (3, ["create"], 0)
    assert sample.client.find_projects(f"{sample.root.name}: names") == []


def test_duplicates_go_and_strangers_and_orphans_stay(sample: Sample, client: LabelStudioClient) -> None:
    sample.corpus.push()
    (task,) = [t for t in sample.tasks() if t["data"]["source"] == "a.txt"]
    copies: list[dict[str, Any]] = [{"data": task["data"], "meta": task["meta"]}, {"data": {"text": "by hand"}}]
    (batch,) = pack(copies)
    client.import_batch(sample.project.id, batch)
    sample.write({name: text for name, text in PAGES.items() if name != "b.txt"})
    (pushed,) = sample.corpus.push()
    assert (pushed.out, pushed.removed) == (1, 0)
    assert sorted(o.reason for o in pushed.plan.orphaned) == ["document_gone", "foreign"]
    assert task["id"] in {t["id"] for t in sample.tasks()}, "the first of the two stays"
    assert sample.corpus.push()[0].writes == 0


def test_overlap_sampling_and_order_come_from_the_corpus(make_corpus: MakeSample) -> None:
    settings = '[label_studio]\noverlap = 3\nsampling = "uniform"\norder = "source"\nbatch_tasks = 2\n'
    pages = {f"{name}.txt": f"Page {name}.\n" for name in "cabed"}
    sample = make_corpus(pages=pages, settings=settings)
    sample.corpus.push()
    assert (sample.project.overlap, sample.project.sampling) == (3, "Uniform sampling")
    assert [t["data"]["source"] for t in sample.tasks()] == sorted(pages)


def test_the_shipped_guidelines_come_back_from_the_server_letter_for_letter(client: LabelStudioClient) -> None:
    root = Path(__file__).resolve().parents[2] / "annotation"
    for file in sorted(root.glob("*/guidelines.md")):
        wanted = instruction(file.read_text(encoding="utf-8"))
        assert "<h1>" in wanted
        project = client.create_project(f"t {file.parent.name}", CONFIG, instruction=wanted)
        try:
            assert project.instruction == wanted
        finally:
            client.delete_project(project.id)


def test_guidelines_become_the_few_tags_the_server_keeps() -> None:
    text = "# A & B\n\nOne **two** `<b>`\nthree.\n\n- four\n  more\n- five\n\n## Six #\n1. seven\n"
    assert instruction(text) == (
        "<h1>A &amp; B</h1><br><p>One <strong>two</strong> <code>&lt;b&gt;</code> three.</p><br>"
        "<p>• four more<br>• five</p><br><h2>Six</h2><br><p>1. seven</p>"
    )
    assert instruction(None) == ""


def test_two_pushes_at_once_are_told_apart(sample: Sample) -> None:
    with (
        exclusive_lock(sample.data, "push"),
        pytest.raises(EnvironmentProblemError, match="Another push, pull or restore of this corpus is at work: push"),
    ):
        sample.corpus.pull()


def test_a_title_the_server_would_not_take_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "c"
    Corpus.init(root)
    (root / "corpus.toml").write_text(f'name = "{"n" * 45}"\nlayers = ["boilerplate"]\n', encoding="utf-8")
    with pytest.raises(ConfigError, match="at most 50 characters"):
        server_context(Corpus.open(root), "push").chosen(None)


def test_an_unknown_layer_is_a_usage_error(sample: Sample) -> None:
    with pytest.raises(UsageError, match="Did you mean 'names'"):
        sample.corpus.push("name")


def test_a_layer_with_template_text_is_refused_before_anything_is_sent(sample: Sample) -> None:
    guide = sample.root / "annotation" / "names" / "guidelines.md"
    guide.write_text("# Names\n\n[write: what a name is]\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"line 3 of annotation/names/guidelines\.md still has to be written"):
        sample.corpus.push(dry_run=True)
    assert sample.client.find_projects(f"{sample.root.name}: names") == []
