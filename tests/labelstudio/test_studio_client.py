"""The client against a real server: what is asked comes back whole, in order, and once."""

from __future__ import annotations

import json
import re
import time
import uuid
from pathlib import Path

import httpx2
import pytest
from faultproxy import Fault, FaultProxy
from studio_samples import CONFIG, TEXT, put, span, task

from corpus_kit.core.errors import ServiceError, UsageError
from corpus_kit.doctor import examine
from corpus_kit.labelstudio.api import client as client_module
from corpus_kit.labelstudio.api.batches import pack
from corpus_kit.labelstudio.api.client import LabelStudioClient, Project
from corpus_kit.labelstudio.api.problems import OutcomeUnknownError, RefusedError, UnreachableError
from corpus_kit.labelstudio.server.process import StudioServer, free_port

pytestmark = pytest.mark.studio


def doc_ids(client: LabelStudioClient, project: Project) -> list[str]:
    return [t["data"]["doc_id"] for t in client.tasks(project.id)]


def test_the_server_is_the_pinned_one(client: LabelStudioClient, studio: StudioServer) -> None:
    assert client.version() == "1.23.2"
    assert client.account()["email"] == studio.login.email


def test_a_project_keeps_its_settings_and_is_found_by_its_exact_title(client: LabelStudioClient) -> None:
    title = f"demo: {uuid.uuid4().hex[:8]}"
    made = [client.create_project(title, CONFIG, instruction="<p>Read.</p>", overlap=2) for _ in range(2)]
    other = client.create_project(f"{title} two", CONFIG)
    try:
        found = client.find_projects(title)
        assert found == made, "titles aren't unique on the server: both, the oldest first, and not the longer title"
        assert (found[0].config, found[0].instruction, found[0].overlap) == (CONFIG, "<p>Read.</p>", 2)
        changed = client.update_project(made[0].id, overlap=3, sampling="Uniform sampling")
        assert (changed.overlap, changed.sampling, changed.instruction) == (3, "Uniform sampling", "<p>Read.</p>")
        assert client.project(made[0].id) == changed
    finally:
        for project in (*made, other):
            client.delete_project(project.id)
    assert client.find_projects(title) == []


def test_a_config_is_checked_before_it_is_used(client: LabelStudioClient) -> None:
    assert client.config_problem(CONFIG) == ""
    assert "nowhere" in client.config_problem(CONFIG.replace('toName="text"', 'toName="nowhere"'))


def test_ids_come_in_the_order_of_the_tasks(client: LabelStudioClient, project: Project) -> None:
    names = [f"d{i}" for i in range(7)]
    batches = list(pack((task(n) for n in names), most_tasks=3))
    assert [(b.start, b.count) for b in batches] == [(0, 3), (3, 3), (6, 1)]
    ids = [i for b in batches for i in client.import_batch(project.id, b)]
    assert {t["id"]: t["data"]["doc_id"] for t in client.tasks(project.id)} == dict(zip(ids, names, strict=True))
    assert next(client.tasks(project.id))["data"]["text"] == TEXT


def test_batches_keep_to_their_bytes() -> None:
    tasks = [task(f"d{i}") for i in range(20)]
    batches = list(pack(tasks, most_bytes=500))
    assert max(len(b.body) for b in batches) <= 520
    assert [t for b in batches for t in json.loads(b.body)] == tasks


def test_a_bad_task_refuses_its_whole_batch(client: LabelStudioClient, project: Project) -> None:
    with pytest.raises(RefusedError) as told:
        put(client, project, task("good"), {"data": {"doc_id": "no text"}})
    assert told.value.status == 400
    assert doc_ids(client, project) == []


def test_a_lone_surrogate_never_leaves(client: LabelStudioClient, project: Project) -> None:
    with pytest.raises(UsageError, match="surrogate"):
        put(client, project, {"data": {"doc_id": "x", "text": "a\ud800b"}})


def test_listing_goes_page_by_page(
    client: LabelStudioClient, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(client, project, *(task(f"d{i}") for i in range(5)))
    monkeypatch.setattr(client_module, "PAGE_TASKS", 2)
    assert doc_ids(client, project) == [f"d{i}" for i in range(5)]
    asked = [f"d{i}" for i in (4, 1)] + ["absent"]
    monkeypatch.setattr(client_module, "QUERY_CHARACTERS", 8)
    assert {t["data"]["doc_id"] for t in client.tasks_of(project.id, asked)} == {"d1", "d4"}


def test_a_page_survives_the_deletion_of_tasks_before_it(
    client: LabelStudioClient, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = put(client, project, *(task(f"d{i}") for i in range(6)))
    monkeypatch.setattr(client_module, "PAGE_TASKS", 2)
    listing = client.tasks(project.id)
    seen = [next(listing)["id"], next(listing)["id"]]
    client.delete_tasks(project.id, ids[:2])
    assert seen + [t["id"] for t in listing] == ids


def test_what_changed_since_is_found(client: LabelStudioClient, project: Project) -> None:
    ids = put(client, project, task("d0"), task("d1"), task("d2"))
    latest = max(t["updated_at"] for t in client.tasks(project.id, ("id", "updated_at")))
    assert list(client.tasks_changed_since(project.id, latest)) == []
    client.create_annotation(ids[1], {"result": [span()]})
    assert [t["id"] for t in client.tasks_changed_since(project.id, latest)] == ids[1:2]
    (annotation,) = client.export_tasks(project.id, ids[1:2])[0]["annotations"]
    path = f"/api/annotations/{annotation['id']}/"
    for method, body in (("PATCH", {"result": []}), ("DELETE", None)):
        (before,) = client.tasks_changed_since(project.id, latest)
        client.transport.change(method, path, body)
        assert [t["id"] for t in client.tasks_changed_since(project.id, before["updated_at"])] == ids[1:2], method


def test_a_draft_changes_no_task_and_is_found_all_the_same(client: LabelStudioClient, project: Project) -> None:
    ids = put(client, project, task("d0"), task("d1"))
    latest = max(t["updated_at"] for t in client.tasks(project.id, ("id", "updated_at")))
    client.create_draft(ids[1], {"result": [span()], "lead_time": 1.0})
    assert list(client.tasks_changed_since(project.id, latest)) == []
    assert [t["id"] for t in client.tasks_with_drafts(project.id)] == ids[1:]


def test_the_server_gives_a_deleted_tasks_id_to_a_new_one(client: LabelStudioClient, project: Project) -> None:
    """Why tasks are known by `doc_id` and text hash, and why a deletion is never sent again blindly."""
    (first,) = put(client, project, task("d0"))
    client.delete_task(first)
    assert put(client, project, task("d1")) == [first]


def test_a_deletion_whose_answer_is_lost_is_not_sent_again(
    shaky: LabelStudioClient, faults: FaultProxy, project: Project
) -> None:
    ids = put(shaky, project, task("d0"), task("d1"))
    faults.once(Fault.CUT_AFTER, method="DELETE")
    with pytest.raises(OutcomeUnknownError):
        shaky.delete_task(ids[0])
    faults.once(Fault.BAD_GATEWAY, method="POST")
    with pytest.raises(OutcomeUnknownError):
        shaky.delete_tasks(project.id, ids[1:])
    assert doc_ids(shaky, project) == []
    assert len([s for s in faults.seen if s.fault]) == 2


def test_predictions_come_and_are_changed_where_they_are(client: LabelStudioClient, project: Project) -> None:
    made = {"model_version": "m1", "score": 0.5, "result": [span(score=0.25)]}
    ids = put(client, project, task("d0", predictions=[made]), task("d1"))
    client.create_predictions(project.id, [{"task": ids[1], **made}])
    for one in ids:
        (found,) = client.predictions(one)
        assert (found["model_version"], found["score"], found["result"]) == ("m1", 0.5, [span(score=0.25)])
    (first,) = client.predictions(ids[0])
    client.update_prediction(first["id"], {"model_version": "m2", "score": None, "result": []})
    (after,) = client.predictions(ids[0])
    assert (after["id"], after["model_version"], after["score"], after["result"]) == (first["id"], "m2", None, [])
    assert [p["model_version"] for p in client.predictions(ids[1])] == ["m1"]


def test_a_prediction_the_server_would_swallow_is_an_error(client: LabelStudioClient, project: Project) -> None:
    (only,) = put(client, project, task("d0"))
    with pytest.raises(ServiceError, match="took 0 of 1"):
        client.create_predictions(
            project.id, [{"task": only, "model_version": "m1", "result": [span(label="UNKNOWN")]}]
        )
    assert client.predictions(only) == []


def test_an_annotation_keeps_its_unique_id_and_unknown_keys(client: LabelStudioClient, project: Project) -> None:
    ids = put(client, project, task("d0"), task("d1"))
    kept = {
        "unique_id": str(uuid.uuid4()),
        "ground_truth": True,
        "lead_time": 2.5,
        "result": [span(origin="manual", meta={"text": ["sure"]}, never_heard_of={"a": [1, None]})],
    }
    skip = {"unique_id": str(uuid.uuid4()), "was_cancelled": True, "result": [span()]}
    assert client.create_annotation(ids[0], kept) is True
    assert client.create_annotation(ids[0], kept) is False, "a repeat is refused by the server"
    assert client.create_annotation(ids[1], skip) is True
    client.create_draft(ids[1], {"result": [span(4, 5)], "lead_time": 1.0})
    first, second = client.export_tasks(project.id, ids)
    (annotation,) = first["annotations"]
    (detail,) = client.transport.get(f"/api/tasks/{ids[0]}/")["annotations"]
    assert "unique_id" not in detail, "why exports are read, not tasks"
    assert {key: annotation[key] for key in kept} == kept
    (skipped,) = second["annotations"]
    assert (skipped["was_cancelled"], skipped["unique_id"]) == (True, skip["unique_id"])
    assert [d["result"] for d in second["drafts"]] == [[span(4, 5)]]
    assert client.export_tasks(project.id, [ids[0], 10**9])[0]["id"] == ids[0], "what is gone is absent"


def test_a_deleted_task_is_gone_and_deleting_it_again_is_done(client: LabelStudioClient, project: Project) -> None:
    ids = put(client, project, task("d0"), task("d1"), task("d2"))
    client.delete_task(ids[0])
    client.delete_task(ids[0])
    client.delete_tasks(project.id, ids[:2])
    assert doc_ids(client, project) == ["d2"]


def test_new_data_keeps_the_annotations(client: LabelStudioClient, project: Project) -> None:
    (only,) = put(client, project, task("d0"))
    client.create_annotation(only, {"result": [span()]})
    client.update_task(only, {**task("d0")["data"], "outlet": "new"})
    (found,) = client.export_tasks(project.id, [only])
    assert (found["data"]["outlet"], len(found["annotations"])) == ("new", 1)


@pytest.mark.parametrize("fault", [None, Fault.CUT_MIDWAY, Fault.CUT_BEFORE, Fault.BAD_GATEWAY])
def test_a_snapshot_is_whole(
    fault: Fault | None, shaky: LabelStudioClient, faults: FaultProxy, project: Project, tmp_path: Path
) -> None:
    made = {"model_version": "m1", "result": [span()]}
    ids = put(shaky, project, *(task(f"d{i}", predictions=[made]) for i in range(40)))
    shaky.create_annotation(ids[0], {"result": [span()]})
    if fault:
        faults.once(fault, method="GET", part="/download")
    shaky.snapshot(project.id, tmp_path / "all.json")
    found = json.loads((tmp_path / "all.json").read_bytes())
    assert [t["id"] for t in found] == ids
    assert found[0]["annotations"][0]["completed_by"]["email"]
    assert found[39]["predictions"][0]["result"] == [span()]
    assert list(tmp_path.iterdir()) == [tmp_path / "all.json"]
    tries = [s for s in faults.seen if "/download" in s.path]
    assert len(tries) == (2 if fault else 1)
    shaky.snapshot(project.id, tmp_path / "annotated.json", annotated_only=True)
    assert [t["id"] for t in json.loads((tmp_path / "annotated.json").read_bytes())] == ids[:1]


@pytest.mark.parametrize("fault", [Fault.CUT_AFTER, Fault.CUT_MIDWAY, Fault.BAD_GATEWAY, Fault.GATEWAY_TIMEOUT])
def test_an_import_whose_answer_is_lost_is_not_sent_again(
    fault: Fault, shaky: LabelStudioClient, faults: FaultProxy, project: Project
) -> None:
    faults.once(fault, method="POST")
    with pytest.raises(OutcomeUnknownError) as told:
        put(shaky, project, task("d0"), task("d1"))
    assert "may or may not" in told.value.message
    assert len(faults.seen) == 1
    assert doc_ids(shaky, project) == ["d0", "d1"], "it was done, and once"


def test_a_slow_answer_to_an_import_is_an_unknown_outcome(
    faults: FaultProxy, studio: StudioServer, project: Project
) -> None:
    faults.once(Fault.DELAY, method="POST")
    with (
        LabelStudioClient(faults.url, studio.login.token, timeout=0.5) as hasty,
        pytest.raises(OutcomeUnknownError, match="in time"),
    ):
        put(hasty, project, task("d0"))
    with LabelStudioClient(studio.url, studio.login.token) as patient:
        assert doc_ids(patient, project) == ["d0"]


@pytest.mark.parametrize(
    "fault", [Fault.CUT_BEFORE, Fault.CUT_AFTER, Fault.CUT_MIDWAY, Fault.BAD_GATEWAY, Fault.GATEWAY_TIMEOUT]
)
def test_reading_goes_on_through_every_second_failure(
    fault: Fault, shaky: LabelStudioClient, faults: FaultProxy, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(shaky, project, *(task(f"d{i}") for i in range(5)))
    monkeypatch.setattr(client_module, "PAGE_TASKS", 2)
    faults.every(2, fault)
    assert doc_ids(shaky, project) == [f"d{i}" for i in range(5)]


@pytest.mark.parametrize("fault", [Fault.CUT_BEFORE, Fault.CUT_AFTER, Fault.GATEWAY_TIMEOUT])
def test_an_annotation_with_a_unique_id_is_made_once_through_lost_answers(
    fault: Fault, shaky: LabelStudioClient, faults: FaultProxy, project: Project
) -> None:
    (only,) = put(shaky, project, task("d0"))
    faults.once(fault, method="POST")
    shaky.create_annotation(only, {"unique_id": str(uuid.uuid4()), "result": [span()]})
    assert len(shaky.export_tasks(project.id, [only])[0]["annotations"]) == 1


def test_a_pause_the_server_asks_for_is_made(shaky: LabelStudioClient, faults: FaultProxy, project: Project) -> None:
    faults.once(Fault.PAUSE, method="POST")
    began = time.monotonic()
    put(shaky, project, task("d0"))
    assert time.monotonic() - began >= 1
    assert doc_ids(shaky, project) == ["d0"]


def test_a_redirect_is_told_and_not_followed(shaky: LabelStudioClient, faults: FaultProxy) -> None:
    faults.once(Fault.REDIRECT, method="GET")
    with pytest.raises(RefusedError, match=r"https://elsewhere\.example/") as told:
        shaky.account()
    assert "LABEL_STUDIO_URL" in told.value.hint


def test_settings_are_set_through_lost_answers(shaky: LabelStudioClient, faults: FaultProxy, project: Project) -> None:
    faults.once(Fault.CUT_AFTER, method="PATCH")
    assert shaky.update_project(project.id, overlap=4).overlap == 4


def test_a_personal_access_token_works_and_is_renewed(studio: StudioServer) -> None:
    legacy = {"Authorization": f"Token {studio.login.token}"}
    pat = httpx2.post(f"{studio.url}/api/token/", headers=legacy, json={}, trust_env=False).json()["token"]
    with LabelStudioClient(studio.url, pat, first_wait=0.02) as client:
        assert client.account()["email"] == studio.login.email
        client.transport._access = "run.out.long-ago"
        assert client.account()["email"] == studio.login.email
    with LabelStudioClient(studio.url, f"{pat[:-4]}AAAA", first_wait=0.02) as client:
        with pytest.raises(RefusedError) as told:
            client.account()
        assert told.value.status == 401
        assert pat[:-4] not in f"{told.value.message}{told.value.hint}{told.value!r}{client!r}"


def test_a_wrong_token_is_named_and_not_shown(studio: StudioServer) -> None:
    wrong = "feedfacefeedfacefeedfacefeedfacefeedface"
    with LabelStudioClient(studio.url, wrong) as client, pytest.raises(RefusedError) as told:
        client.account()
    assert told.value.status == 401
    assert "LABEL_STUDIO_API_KEY" in told.value.hint
    assert wrong not in f"{told.value!r}{told.value.message}{told.value.hint}{client!r}{client.transport!r}"


def test_a_wrong_base_path_is_named(studio: StudioServer) -> None:
    with LabelStudioClient(f"{studio.url}/wrong", studio.login.token) as client, pytest.raises(RefusedError) as told:
        client.account()
    assert told.value.status == 404
    assert "<" not in told.value.message, "no HTML page in a message"
    assert "LABEL_STUDIO_URL" in told.value.hint


def test_a_server_that_is_down_is_named() -> None:
    address = f"http://127.0.0.1:{free_port()}"
    with LabelStudioClient(address, "t" * 40, first_wait=0.01) as client:
        with pytest.raises(UnreachableError, match=address):
            client.account()
        with pytest.raises(UnreachableError, match=address):
            client.create_project("demo", CONFIG)


@pytest.mark.parametrize(
    "address", ["localhost:8080", "ftp://studio.invalid", "", "http://", "http://me:pass@h.invalid"]
)
def test_an_address_that_isnt_one_is_named_without_its_password(address: str) -> None:
    with pytest.raises(UsageError, match="LABEL_STUDIO_URL") as told:
        LabelStudioClient(address, "t" * 40)
    assert "pass@" not in told.value.message


@pytest.mark.parametrize("token", ["", " ", "two words", "tökén"])
def test_a_token_that_isnt_one_is_named_and_not_shown(token: str) -> None:
    with pytest.raises(UsageError, match="LABEL_STUDIO_API_KEY") as told:
        LabelStudioClient("http://127.0.0.1:1", token)
    assert not token.strip() or token not in told.value.message


def test_a_proxy_for_the_world_outside_does_not_stand_before_this_machine(
    studio: StudioServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    with LabelStudioClient(studio.url, studio.login.token) as client:
        assert client.version()


def test_the_bulk_way_of_predictions_changes_no_task(client: LabelStudioClient, project: Project) -> None:
    """So a listing by `updated_at` cannot tell which suggestions are there."""
    (only,) = put(client, project, task("d0"))
    (before,) = client.tasks(project.id, ("id", "updated_at"))
    client.create_predictions(project.id, [{"task": only, "model_version": "m1", "result": [span()]}])
    assert list(client.tasks(project.id, ("id", "updated_at"))) == [before]


def test_an_import_takes_a_suggestion_with_an_unknown_label(client: LabelStudioClient, project: Project) -> None:
    """The server doesn't check it there, so whoever pushes has to."""
    bad = {"model_version": "m1", "result": [span(label="UNKNOWN")]}
    (only,) = put(client, project, task("d0", predictions=[bad]))
    assert [p["result"] for p in client.predictions(only)] == [bad["result"]]


def test_a_unique_id_that_is_no_uuid_is_refused(client: LabelStudioClient, project: Project) -> None:
    (only,) = put(client, project, task("d0"))
    with pytest.raises(RefusedError, match="not a valid UUID"):
        client.create_annotation(only, {"unique_id": "mine", "result": []})


def test_a_title_is_3_to_50_characters(client: LabelStudioClient) -> None:
    for title in ("ab", "x" * 51):
        with pytest.raises(RefusedError, match="title"):
            client.create_project(title, CONFIG)


def test_doctor_says_what_an_accepted_key_may_do(
    studio: StudioServer, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABEL_STUDIO_URL", studio.url)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", studio.login.token)
    found = {check.name: check for check in examine(tmp_path)}["server key"]
    assert found.ok and re.fullmatch(r"accepted; it sees [1-9]\d* projects and may make new ones", found.detail)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", "0" * 40)
    assert not {check.name: check for check in examine(tmp_path)}["server key"].ok
