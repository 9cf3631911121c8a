"""Restore against a real server: what the ledger has comes back, once; the lossless round trip."""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from corpus_samples import MakeSample, Sample, span, tone
from generated_work import PEOPLE, generated_work

from corpus_kit.core.errors import UsageError
from corpus_kit.labelstudio.api.client import LabelStudioClient
from corpus_kit.labelstudio.server.environment import StudioEnvironment
from corpus_kit.labelstudio.server.process import start_server
from corpus_kit.labelstudio.sync.restore import server_id
from corpus_kit.ledger.export_json import annotations_in
from corpus_kit.ledger.ledger import Ledger

pytestmark = pytest.mark.studio

ASSIGNED = {
    "id", "task", "project", "created_at", "updated_at", "updated_by", "last_created_by",
    "prediction", "parent_prediction", "parent_annotation",
}  # fmt: skip
"""What the server assigns again; the list in docs/decisions/017-push-pull.md."""


def work_on_server(sample: Sample) -> dict[str, dict[str, Any]]:
    """Every annotation on the server by unique_id, as an export has it."""
    ids = [t["id"] for t in sample.tasks()]
    return {a["unique_id"]: a for t in sample.client.export_tasks(sample.project.id, ids) for a in annotations_in(t)}


def test_restore_brings_back_what_was_lost_and_a_second_restore_writes_nothing(sample: Sample) -> None:
    sample.suggest([("a.txt", 0, 3, "PERSON")])
    sample.corpus.push()
    relation = {"from_id": "r0-3", "to_id": "r8-11", "type": "relation", "direction": "right", "labels": ["met"]}
    own = str(uuid.uuid4())
    first = {"result": [span(0, 3, meta={"text": ["sure"]}), span(8, 11, "ORG"), relation, tone()], "unique_id": own}
    sample.client.create_annotation(sample.task_of("a.txt"), {**first, "ground_truth": True, "lead_time": 7.25})
    skip = {"result": [span(0, 7)], "unique_id": str(uuid.uuid4()), "was_cancelled": True}
    sample.client.create_annotation(sample.task_of("b.txt"), skip)
    sample.client.create_draft(sample.task_of("c.txt"), {"result": [span(6, 13, "ORG")], "lead_time": 1.0})
    sample.corpus.pull()
    sample.tables()
    before, last = work_on_server(sample), sample.corpus.status().layers[0].last_pull
    sample.client.delete_project(sample.project.id)

    (done,) = sample.corpus.restore()
    assert (done.tasks, done.annotations, done.drafts, done.there, done.refused) == (3, 2, 1, 0, [])
    assert any("drafts are yours" in r for r in done.remarks)
    after = work_on_server(sample)
    assert after.keys() == before.keys()
    for one in before:
        assert {k: v for k, v in after[one].items() if k not in ASSIGNED} == {
            k: v for k, v in before[one].items() if k not in ASSIGNED
        }
    tasks = sample.tasks()
    (again,) = sample.corpus.restore()
    assert (again.tasks, again.annotations, again.drafts, again.there) == (0, 0, 0, 3)
    assert sample.tasks() == tasks
    assert sample.corpus.status().layers[0].last_pull == last, "a restore is no pull"
    (pulled,) = sample.corpus.pull()
    assert pulled.entry is None, "what came from the ledger does not go there again"


def test_work_on_an_older_text_comes_back_with_that_text(sample: Sample) -> None:
    sample.corpus.push()
    old = sample.doc("a.txt")["text"]
    sample.client.create_annotation(sample.task_of("a.txt"), {"result": [span(0, 3)], "unique_id": str(uuid.uuid4())})
    sample.corpus.pull()
    sample.write({"a.txt": "Now something else.\n"})
    sample.tables()
    sample.client.delete_project(sample.project.id)
    (done,) = sample.corpus.restore()
    assert (done.tasks, done.annotations) == (2, 1)
    texts = {t["data"]["text"]: t["id"] for t in sample.tasks()}
    assert texts.keys() == {old, "Now something else.\n"}
    (pushed,) = sample.corpus.push()
    assert (pushed.writes, [o.reason for o in pushed.plan.orphaned]) == (0, ["text_changed"])


def test_an_id_that_is_no_uuid_is_hashed_into_one() -> None:
    assert server_id("legacy-7") == server_id("legacy-7") != server_id("legacy-8")
    own = str(uuid.uuid4())
    assert server_id(own) == own == server_id(own.upper())


def test_restore_asks_for_tables_that_know_the_whole_ledger(sample: Sample) -> None:
    sample.corpus.push()
    sample.client.create_annotation(sample.task_of("a.txt"), {"result": [span(0, 3)]})
    sample.corpus.pull()
    with pytest.raises(UsageError, match="have not been made"):
        sample.corpus.restore()


@pytest.mark.slow
def test_after_a_restore_everybody_is_still_the_author_of_their_work(sample: Sample) -> None:
    """Also where a later pull brings what the restorer gave the server; and no one's pseudonym changes."""
    add_people(sample.client)
    people = {u["email"]: u["id"] for u in sample.client.transport.get("/api/users/")}
    sample.suggest([("a.txt", 0, 3, "PERSON")])
    sample.corpus.push()
    (prediction,) = sample.client.predictions(sample.task_of("a.txt"))
    own = {"a.txt": str(uuid.uuid4()), "b.txt": str(uuid.uuid4())}
    made = {"result": prediction["result"], "parent_prediction": prediction["id"], "completed_by": people[PEOPLE[1]]}
    sample.client.create_annotation(sample.task_of("a.txt"), made | {"unique_id": own["a.txt"]})
    other = {"result": [span(0, 7)], "unique_id": own["b.txt"], "completed_by": people[PEOPLE[0]]}
    sample.client.create_annotation(sample.task_of("b.txt"), other)
    sample.corpus.pull()
    before, spans = rows(sample), rows(sample, "spans")
    assert {r["origin"] for r in spans} == {"accepted", "manual"}
    names = json.loads((sample.data / "pseudonyms.json").read_text())["people"]
    assert {r["annotation_id"]: r["annotator"] for r in before} == {
        own["a.txt"]: names[PEOPLE[1]],
        own["b.txt"]: names[PEOPLE[0]],
    }
    sample.client.delete_project(sample.project.id)
    (account,) = [u for u in sample.client.transport.get("/api/users/") if u["email"] == PEOPLE[1]]
    sample.client.transport.change("DELETE", f"/api/users/{account['id']}/")  # she has left the team
    (done,) = sample.corpus.restore()
    assert (done.annotations, done.there, done.refused) == (2, 0, [])
    assert any("1 annotations are by people who have no account" in r for r in done.remarks)
    (pulled,) = sample.corpus.pull(full=True)
    assert pulled.annotations == 2
    after = rows(sample)
    moved = {"updated_at", "payload"}
    assert [{k: v for k, v in r.items() if k not in moved} for r in after] == [
        {k: v for k, v in r.items() if k not in moved} for r in before
    ]
    assert rows(sample, "spans") == spans
    people_now = json.loads((sample.data / "pseudonyms.json").read_text())["people"]
    assert names.items() <= people_now.items()

    # And from there into the next server: the restorer is not taken for the author.
    add_people(sample.client)
    sample.client.delete_project(sample.project.id)
    (again,) = sample.corpus.restore()
    assert (again.annotations, again.remarks) == (2, [])
    authors = {u["id"]: u["email"] for u in sample.client.transport.get("/api/users/")}
    assert {one: authors[a["completed_by"]] for one, a in work_on_server(sample).items()} == {
        own["a.txt"]: PEOPLE[1],
        own["b.txt"]: PEOPLE[0],
    }


def rows(sample: Sample, table: str = "annotations") -> list[dict[str, Any]]:
    sample.tables()
    return pl.read_parquet(sample.data / "annotations" / f"{table}-*.parquet").to_dicts()


@pytest.mark.parametrize("full", [False, True])
def test_what_is_deleted_on_the_new_server_is_deleted(sample: Sample, full: bool) -> None:
    sample.corpus.push()
    gone, kept = str(uuid.uuid4()), str(uuid.uuid4())
    for source, own in (("a.txt", gone), ("b.txt", kept)):
        sample.client.create_annotation(sample.task_of(source), {"result": [span(0, 3)], "unique_id": own})
    sample.corpus.pull()
    sample.tables()
    sample.client.delete_project(sample.project.id)
    sample.corpus.restore()
    assert {r["status"] for r in rows(sample)} == {"submitted"}
    sample.client.transport.change("DELETE", f"/api/annotations/{work_on_server(sample)[gone]['id']}/")
    (pulled,) = sample.corpus.pull(full=full)
    assert pulled.deleted == [gone]
    assert {r["annotation_id"]: r["status"] for r in rows(sample)} == {gone: "deleted", kept: "submitted"}
    assert sample.corpus.pull(full=full)[0].entry is None
    assert [r["annotation_id"] for r in rows(sample, "spans")] == [kept]
    (again,) = sample.corpus.restore()
    assert (again.annotations, again.there) == (0, 1), "what was deleted does not come back"


def test_an_id_that_is_no_uuid_is_kept_over_import_restore_and_pull(sample: Sample, tmp_path: Path) -> None:
    doc = sample.doc("a.txt")
    old = {"unique_id": "legacy-7", "result": [span(0, 3)], "completed_by": 5, "created_at": "2021-01-01T10:00:00Z"}
    export = [{"id": 1, "data": {"doc_id": doc["doc_id"], "text": doc["text"]}, "annotations": [old]}]
    (tmp_path / "old.json").write_text(json.dumps(export), encoding="utf-8")
    sample.corpus.import_([tmp_path / "old.json"], layer="names")
    (before,) = rows(sample)
    (done,) = sample.corpus.restore()
    assert (before["annotation_id"], done.annotations) == ("legacy-7", 1)
    assert work_on_server(sample).keys() == {server_id("legacy-7")}
    sample.corpus.pull(full=True)
    (after,) = rows(sample)
    told = ("annotation_id", "annotator", "created_at", "status")
    assert [after[k] for k in told] == [before[k] for k in told]
    (again,) = sample.corpus.restore()
    assert (again.annotations, again.there) == (0, 1)
    number = work_on_server(sample)[server_id("legacy-7")]["id"]
    sample.client.transport.change("DELETE", f"/api/annotations/{number}/")
    sample.corpus.pull()
    assert [(r["annotation_id"], r["status"]) for r in rows(sample)] == [("legacy-7", "deleted")]


@pytest.fixture(scope="module")
def second(
    studio_pins: StudioEnvironment, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[LabelStudioClient, str]]:
    """Another, empty server."""
    data = tmp_path_factory.mktemp("second") / "data"
    with (
        start_server(data, print, environment=studio_pins) as server,
        LabelStudioClient(server.url, server.login.token) as made,
    ):
        yield made, server.login.token


@pytest.mark.slow
def test_the_round_trip_is_lossless(
    make_corpus: MakeSample, second: tuple[LabelStudioClient, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """At least 300 generated annotations: pull, restore into an empty server, pull: the same ids and payloads."""
    pages, work = generated_work()
    sample = make_corpus(pages=pages)
    empty, token = second
    for there in (sample.client, empty):
        add_people(there)
    sample.corpus.push()
    people = {u["email"]: u["id"] for u in sample.client.transport.get("/api/users/")}
    tasks = {t["data"]["source"]: t["id"] for t in sample.tasks()}
    for source, annotation in work:
        body = annotation | {"completed_by": people[annotation["completed_by"]]}
        assert sample.client.create_annotation(tasks[source], body)
    sample.corpus.pull(full=True)
    sample.tables()
    before = pulled_annotations(sample.data)
    rows = pl.read_parquet(sample.data / "annotations" / "annotations-*.parquet")
    assert len(before) == len(work) >= 300
    assert rows.height == len(before)

    monkeypatch.setenv("LABEL_STUDIO_URL", empty.transport.url)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", token)
    (done,) = sample.corpus.restore()
    assert (done.annotations, done.refused, done.remarks) == (len(work), [], [])
    for entry in (sample.data / "imports").iterdir():
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    sample.corpus.pull(full=True)
    after = pulled_annotations(sample.data)
    assert after.keys() == before.keys()
    for one in before:
        assert after[one] == before[one]


def add_people(client: LabelStudioClient) -> None:
    known = {u["email"] for u in client.transport.get("/api/users/")}
    for email in PEOPLE:
        if email not in known:
            client.transport.post("/api/users/", {"email": email, "username": email, "first_name": "", "last_name": ""})


def pulled_annotations(data: Path) -> Mapping[str, dict[str, Any]]:
    """The ledger's annotations by id without what the server assigns; people by their address."""
    found = {}
    for entry in Ledger(data / "imports").entries():
        for task in json.loads(entry.path.read_bytes()):
            for a in task["annotations"]:
                kept = {k: v for k, v in a.items() if k not in ASSIGNED}
                found[a["unique_id"]] = kept | {"completed_by": a["completed_by"]["email"]}
    return found
