"""Pull against a real server: what changed, once, with what is gone; then the tables that come of it."""

from __future__ import annotations

import hashlib
import json
import uuid
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from corpus_samples import Sample, span, tone

from corpus_kit.labelstudio.api.client import LabelStudioClient
from corpus_kit.labelstudio.sync import pull as pull_module
from corpus_kit.ledger.ledger import Ledger

pytestmark = pytest.mark.studio


@pytest.fixture
def pushed(sample: Sample) -> Sample:
    sample.corpus.push()
    return sample


def annotate(sample: Sample, source: str, *results: dict[str, Any], **more: Any) -> str:
    own = str(uuid.uuid4())
    sample.client.create_annotation(sample.task_of(source), {"result": list(results), "unique_id": own, **more})
    return own


def entries(sample: Sample) -> list[Path]:
    return [e.path for e in Ledger(sample.data / "imports").entries()]


def rows(sample: Sample, table: str = "annotations") -> list[dict[str, Any]]:
    sample.tables()
    return pl.read_parquet(sample.data / "annotations" / f"{table}-*.parquet").to_dicts()


def test_work_becomes_rows_and_a_second_pull_appends_nothing(pushed: Sample) -> None:
    own = annotate(pushed, "a.txt", span(0, 3), tone(), lead_time=12.5)
    (first,) = pushed.corpus.pull()
    assert (first.full, first.tasks, first.annotations) == (True, 1, 1)
    before = entries(pushed)
    (second,) = pushed.corpus.pull()
    assert (second.full, second.entry, entries(pushed)) == (False, None, before)
    (row,) = rows(pushed)
    assert (row["annotation_id"], row["status"], row["lead_time_s"]) == (own, "submitted", 12.5)
    assert [r["surface"] for r in rows(pushed, "spans")] == ["Zoë"]
    assert [r["value"] for r in rows(pushed, "choices")] == ["plain"]


def test_the_guidelines_that_people_worked_under_are_kept_with_their_work(pushed: Sample) -> None:
    (name,) = pushed.corpus.layers()
    (pushed.root / "annotation" / name / "guidelines.md").write_text("Version: 7\n\nLook twice.\n", encoding="utf-8")
    annotate(pushed, "a.txt", span(0, 3))
    pushed.corpus.pull()
    kept = {path.name: path.read_bytes() for path in (pushed.data / "imports" / "guidelines").iterdir()}
    sha = hashlib.sha256(b"Version: 7\n\nLook twice.\n").hexdigest()
    assert kept == {f"{name}-{sha}.md": b"Version: 7\n\nLook twice.\n"}
    assert [row["guidelines_sha256"] for row in rows(pushed)] == [sha]


def test_only_what_changed_is_fetched(pushed: Sample) -> None:
    annotate(pushed, "a.txt", span(0, 3))
    pushed.corpus.pull()
    other = annotate(pushed, "b.txt", span(0, 7))
    (pulled,) = pushed.corpus.pull()
    assert (pulled.full, pulled.tasks, pulled.annotations) == (False, 1, 1)
    (task,) = json.loads(entries(pushed)[-1].read_bytes())
    assert [a["unique_id"] for a in task["annotations"]] == [other]
    assert "@" in task["annotations"][0]["completed_by"]["email"], "authors as a snapshot has them"
    assert len({r["annotator"] for r in rows(pushed)}) == 1


def test_an_edit_a_skip_and_a_deletion_are_seen(pushed: Sample) -> None:
    edited, deleted = annotate(pushed, "a.txt", span(0, 3)), annotate(pushed, "b.txt", span(0, 7))
    pushed.corpus.pull()
    by_id = {
        a["unique_id"]: a["id"]
        for t in pushed.client.export_tasks(pushed.project.id, [t["id"] for t in pushed.tasks()])
        for a in t["annotations"]
    }
    pushed.client.transport.change("PATCH", f"/api/annotations/{by_id[edited]}/", {"result": [span(6, 9, "ORG")]})
    pushed.client.transport.change("DELETE", f"/api/annotations/{by_id[deleted]}/")
    skipped = annotate(pushed, "c.txt", span(0, 5), was_cancelled=True)
    (pulled,) = pushed.corpus.pull()
    assert (pulled.full, pulled.deleted) == (False, [deleted])
    assert {r["annotation_id"]: r["status"] for r in rows(pushed)} == {
        edited: "submitted",
        deleted: "deleted",
        skipped: "skipped",
    }
    assert [(r["annotation_id"], r["label"]) for r in rows(pushed, "spans")] == [(edited, "ORG")]


def test_a_deleted_task_takes_its_annotations_along(pushed: Sample) -> None:
    gone = annotate(pushed, "a.txt", span(0, 3))
    pushed.corpus.pull()
    pushed.client.delete_task(pushed.task_of("a.txt"))
    (pulled,) = pushed.corpus.pull()
    assert pulled.deleted == [gone]
    assert [r["status"] for r in rows(pushed)] == ["deleted"]
    (again,) = pushed.corpus.pull()
    assert again.entry is None


def test_a_full_pull_tells_deletions_too(pushed: Sample) -> None:
    annotate(pushed, "a.txt", span(0, 3))
    kept = annotate(pushed, "b.txt", span(0, 7))
    pushed.corpus.pull()
    pushed.client.delete_task(pushed.task_of("a.txt"))
    pushed.corpus.pull(full=True)
    assert {r["annotation_id"]: r["status"] for r in rows(pushed)}[kept] == "submitted"
    assert sorted(r["status"] for r in rows(pushed)) == ["deleted", "submitted"]


def test_drafts_come_change_and_go(pushed: Sample) -> None:
    task = pushed.task_of("a.txt")
    pushed.corpus.pull()
    pushed.client.create_draft(task, {"result": [span(0, 3)], "lead_time": 1.0})
    (pulled,) = pushed.corpus.pull()
    assert (pulled.drafts, pulled.full) == (1, False)
    assert [r["status"] for r in rows(pushed)] == ["draft"]
    (same,) = pushed.corpus.pull()
    assert same.entry is None
    (draft,) = pushed.client.export_tasks(pushed.project.id, [task])[0]["drafts"]
    pushed.client.transport.change("DELETE", f"/api/drafts/{draft['id']}/")
    (after,) = pushed.corpus.pull()
    assert after.tasks == 1, "the task is taken again, without its draft"
    assert rows(pushed) == []


def test_without_its_memory_a_pull_ends_in_the_same_tables(pushed: Sample) -> None:
    pushed.suggest([("a.txt", 0, 3, "PERSON"), ("b.txt", 0, 7, "PERSON")])
    pushed.corpus.push()
    annotate(pushed, "a.txt", span(0, 3))
    pushed.corpus.pull()
    annotate(pushed, "b.txt", span(0, 7))
    pushed.corpus.pull()
    before = rows(pushed)
    for memory in (pushed.data / "imports").glob(".pull-*"):
        memory.write_text("{damaged", encoding="utf-8")
    (pulled,) = pushed.corpus.pull()
    assert pulled.full
    assert rows(pushed) == before


def test_a_new_server_with_the_same_tasks_deletes_nothing(pushed: Sample) -> None:
    """The project was made again and is still empty: what the ledger has of the old one stays."""
    kept = annotate(pushed, "a.txt", span(0, 3))
    pushed.corpus.pull()
    pushed.client.delete_project(pushed.project.id)
    pushed.corpus.push()
    other = annotate(pushed, "b.txt", span(0, 7))
    (pulled,) = pushed.corpus.pull()
    assert (pulled.full, pulled.annotations) == (True, 1)
    assert {r["annotation_id"]: r["status"] for r in rows(pushed)} == {kept: "submitted", other: "submitted"}


def test_a_pull_of_a_layer_that_was_never_pushed_says_so(sample: Sample) -> None:
    (pulled,) = sample.corpus.pull()
    assert (pulled.project, pulled.entry, entries(sample)) == (None, None, [])


def test_what_changed_right_before_a_pull_is_looked_at_once_more_and_then_left_alone(
    pushed: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change may become visible a little after the moment it carries."""
    annotate(pushed, "a.txt", span(0, 3))
    pushed.corpus.pull()
    asked: list[list[int]] = []
    export = LabelStudioClient.export_tasks

    def noted(self: LabelStudioClient, project: int, tasks: list[int]) -> list[dict[str, Any]]:
        asked.append(tasks)
        return export(self, project, tasks)

    monkeypatch.setattr(LabelStudioClient, "export_tasks", noted)
    for _ in range(3):
        assert pushed.corpus.pull()[0].entry is None
    assert asked == [[pushed.task_of("a.txt")]]
    monkeypatch.setattr(pull_module, "WORTH_A_SNAPSHOT", 0)
    annotate(pushed, "b.txt", span(0, 7))
    assert [pushed.corpus.pull()[0].full for _ in range(3)] == [True, True, False]
