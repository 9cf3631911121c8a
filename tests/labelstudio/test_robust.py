"""Whatever is cut, delayed or killed: run again, and the end state is that of an undisturbed run."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import uuid
from pathlib import Path
from typing import Any

import pytest
from corpus_samples import MakeSample, Sample, make_sample, span
from faultproxy import Fault, FaultProxy
from killing import command, kill_at

from corpus_kit.core.errors import ServiceError
from corpus_kit.labelstudio.api.client import LabelStudioClient
from corpus_kit.labelstudio.server.environment import StudioEnvironment
from corpus_kit.labelstudio.server.process import StudioServer, start_server
from corpus_kit.labelstudio.sync import push as push_module

pytestmark = pytest.mark.studio

PAGES = {f"p{n}.txt": f"Page {n}: Zoë 🚀 met ACME.\n" for n in range(7)}
SETTINGS = "[label_studio]\nbatch_tasks = 2\n"
SUGGESTED = [(name, 8, 11, "PERSON") for name in list(PAGES)[:4]]


def end_state(sample: Sample) -> list[tuple[Any, ...]]:
    """What a push leaves on the server: per task its data, notes and predictions, without ids and moments."""
    project = sample.project
    found = sorted(
        (
            task["data"]["source"],
            task["data"],
            task["meta"],
            [(p["model_version"], p["result"]) for p in sample.client.predictions(task["id"])],
        )
        for task in sample.client.tasks(project.id, ("id", "data", "meta"))
    )
    return [*found, (project.config, project.instruction, project.overlap)]


@pytest.fixture
def disturbed(make_corpus: MakeSample, faults: FaultProxy, monkeypatch: pytest.MonkeyPatch) -> Sample:
    """A corpus that reaches its server through the misbehaving proxy, and does not wait long."""
    sample = make_corpus(pages=PAGES, settings=SETTINGS)
    sample.suggest(SUGGESTED)
    monkeypatch.setenv("LABEL_STUDIO_URL", faults.url)
    monkeypatch.setattr(push_module, "WAITS", (0.0, 0.05, 0.1))
    return sample


def until_done(sample: Sample, attempts: int = 12) -> None:
    for _ in range(attempts):
        try:
            sample.corpus.push()
            return
        except ServiceError:
            continue
    raise AssertionError("the push never got through")


SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    "fault",
    [
        Fault.CUT_AFTER,
        pytest.param(Fault.CUT_BEFORE, marks=SLOW),
        pytest.param(Fault.BAD_GATEWAY, marks=SLOW),
        pytest.param(Fault.CUT_MIDWAY, marks=SLOW),
    ],
)
def test_every_third_change_going_wrong_ends_like_an_undisturbed_push(
    disturbed: Sample, faults: FaultProxy, fault: Fault
) -> None:
    faults.every(3, fault, method="POST")
    until_done(disturbed)
    assert sum(s.fault is fault for s in faults.seen) >= 2
    faults.choose = lambda _number, _method, _path: None
    state = end_state(disturbed)
    assert [s[0] for s in state[:-1]] == sorted(PAGES)
    (again,) = disturbed.corpus.push()
    assert again.writes == 0
    assert end_state(disturbed) == state


def test_an_import_that_outlives_its_connection_is_waited_for(
    disturbed: Sample, faults: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gateway gives up while the server still works: what arrives a moment later is not sent again."""
    monkeypatch.setattr(push_module, "WAITS", (0.0, 0.2, 0.4, 0.8, 1.6))
    faults.once(Fault.GATEWAY_TIMEOUT, method="POST", part="/import")
    disturbed.corpus.push()
    imports = [s for s in faults.seen if s.method == "POST" and "/import?" in s.path]
    assert len(imports) == 4, "seven tasks in batches of two, none sent twice"
    assert len(disturbed.tasks()) == len(PAGES)


def test_replaced_suggestions_survive_lost_answers(disturbed: Sample, faults: FaultProxy) -> None:
    disturbed.corpus.push()
    disturbed.suggest([(name, 0, 4, "ORG") for name in PAGES], version="names-2")
    faults.every(2, Fault.CUT_AFTER, method="POST")
    until_done(disturbed)
    faults.choose = lambda _number, _method, _path: None
    assert disturbed.corpus.push()[0].writes == 0
    for state in end_state(disturbed)[:-1]:
        assert [(version, len(result)) for version, result in state[3]] == [("names-2", 1)]


@pytest.mark.slow
def test_a_pull_with_cut_answers_brings_the_same(disturbed: Sample, faults: FaultProxy) -> None:
    disturbed.corpus.push()
    for name in PAGES:
        disturbed.client.create_annotation(disturbed.task_of(name), {"result": [span(8, 11)]})
    faults.every(3, Fault.CUT_MIDWAY)
    (pulled,) = disturbed.corpus.pull()
    assert (pulled.tasks, pulled.annotations) == (7, 7)
    assert disturbed.corpus.pull()[0].entry is None


@pytest.mark.slow
def test_a_push_killed_at_any_request_and_run_again_ends_like_an_undisturbed_one(
    disturbed: Sample, faults: FaultProxy, studio: StudioServer
) -> None:
    until_done(disturbed)
    undisturbed = end_state(disturbed)
    number = killed = 0
    while True:
        number += 1
        for project in disturbed.client.find_projects(f"{disturbed.root.name}: names"):
            disturbed.client.delete_project(project.id)
        running: list[subprocess.Popen[bytes]] = []
        kill_at(faults, number, running)
        running.append(command(disturbed, "push", faults.url, studio.login.token))
        if running[0].wait() == 0:
            break
        assert running[0].returncode == -signal.SIGKILL
        killed += 1
        faults.choose = lambda _number, _method, _path: None
        disturbed.corpus.push()
        assert end_state(disturbed) == undisturbed, f"killed at request {number}"
        assert disturbed.corpus.push()[0].writes == 0
    assert killed >= 8


@pytest.mark.slow
def test_a_push_killed_while_older_texts_leave_ends_like_an_undisturbed_one(
    disturbed: Sample, faults: FaultProxy, studio: StudioServer
) -> None:
    """Out of the queue, out of the project, suggestions changed: whatever request is the last, the end is the same."""
    pages = {name: f"Updated. {text}" for name, text in list(PAGES.items())[:2]}
    toml = disturbed.root / "corpus.toml"
    toml.write_text(toml.read_text("utf-8") + "open_hours = 0\n", encoding="utf-8")

    def start() -> None:
        faults.choose = lambda _number, _method, _path: None
        for project in disturbed.client.find_projects(f"{disturbed.root.name}: names"):
            disturbed.client.delete_project(project.id)
        disturbed.write(dict(list(PAGES.items())[:3]))
        disturbed.suggest(SUGGESTED[:3])
        disturbed.corpus.push()
        disturbed.write(pages | {"p2.txt": PAGES["p2.txt"]})
        disturbed.suggest([("p0.txt", 0, 4, "ORG"), ("p2.txt", 0, 4, "ORG")], version="names-2")

    start()
    for _ in range(3):
        disturbed.corpus.push()
    undisturbed = end_state(disturbed)
    assert [state[0] for state in undisturbed[:-1]] == ["p0.txt", "p1.txt", "p2.txt"]
    number = killed = 0
    while True:
        number += 1
        start()
        running: list[subprocess.Popen[bytes]] = []
        kill_at(faults, number, running)
        running.append(command(disturbed, "push", faults.url, studio.login.token))
        if running[0].wait() == 0:
            break
        killed += 1
        faults.choose = lambda _number, _method, _path: None
        for _ in range(3):
            disturbed.corpus.push()
        assert end_state(disturbed) == undisturbed, f"killed at request {number}"
        assert disturbed.corpus.push()[0].writes == 0
    assert killed >= 8


@pytest.mark.slow
def test_a_pull_killed_at_any_request_and_run_again_brings_everything_once(
    disturbed: Sample, faults: FaultProxy, studio: StudioServer
) -> None:
    disturbed.corpus.push()
    for name in PAGES:
        disturbed.client.create_annotation(disturbed.task_of(name), {"result": [span(8, 11)]})
    number = killed = 0
    while True:
        number += 1
        for left in list((disturbed.data / "imports").glob("*")):
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        running: list[subprocess.Popen[bytes]] = []
        kill_at(faults, number, running)
        running.append(command(disturbed, "pull", faults.url, studio.login.token))
        if running[0].wait() == 0:
            break
        killed += 1
        faults.choose = lambda _number, _method, _path: None
        disturbed.corpus.pull()
        made = disturbed.tables()
        assert made is not None
        assert made.annotations == {"submitted": 7}, f"killed at request {number}"
    assert killed >= 5


def test_a_push_beside_a_push_is_told_to_wait_and_nothing_comes_twice(
    disturbed: Sample, faults: FaultProxy, studio: StudioServer
) -> None:
    """The first is held in the middle of its writing; the second reaches the server by itself."""
    held, release = threading.Event(), threading.Event()

    def choose(_number: int, method: str, path: str) -> Fault | None:
        if method == "POST" and "/import?" in path and not held.is_set():
            held.set()
            release.wait(60)
        return None

    faults.choose = choose
    first = command(disturbed, "push", faults.url, studio.login.token)
    try:
        assert held.wait(60)
        second = command(disturbed, "push", studio.url, studio.login.token)
        said = second.communicate(timeout=60)[1].decode()
        assert second.returncode == 3, said
        assert f"Another push, pull or restore of this corpus is at work: push (process {first.pid})." in said
        assert "Wait until it has finished, then run `corpus-kit push` again." in said
        assert "Traceback" not in said
        assert (first.poll(), disturbed.tasks()) == (None, []), "and it has written nothing"
    finally:
        release.set()
    assert first.wait(60) == 0
    assert sorted(t["data"]["source"] for t in disturbed.tasks()) == sorted(PAGES)
    assert disturbed.corpus.push()[0].writes == 0


def work_there(sample: Sample) -> tuple[list[str], dict[str, Any], list[Any]]:
    """What a restore leaves on the server: its texts, annotations by unique_id, drafts, without what it assigns."""
    tasks = sample.client.export_tasks(sample.project.id, [t["id"] for t in sample.tasks()])
    kept = ("result", "was_cancelled", "ground_truth", "lead_time", "completed_by")
    return (
        sorted(t["data"]["text"] for t in tasks),
        {a["unique_id"]: [a[k] for k in kept] for t in tasks for a in t["annotations"]},
        [d["result"] for t in tasks for d in t["drafts"]],
    )


@pytest.fixture
def lost(disturbed: Sample) -> Sample:
    """Work on four of seven pages and on an older text, pulled, and its project gone."""
    disturbed.corpus.push()
    for number, name in enumerate(list(PAGES)[:3]):
        own = str(uuid.UUID(int=number + 1, version=4))
        body = {"result": [span(8, 11)], "unique_id": own, "was_cancelled": number == 1, "lead_time": 2.5}
        disturbed.client.create_annotation(disturbed.task_of(name), body)
    disturbed.client.create_draft(disturbed.task_of("p3.txt"), {"result": [span(0, 4)], "lead_time": 1.0})
    disturbed.corpus.pull()
    disturbed.write({**PAGES, "p0.txt": "Now something else.\n"})
    disturbed.suggest([])
    disturbed.tables()
    disturbed.client.delete_project(disturbed.project.id)
    return disturbed


def test_a_restore_with_lost_answers_brings_everything_once(lost: Sample, faults: FaultProxy) -> None:
    faults.every(3, Fault.CUT_AFTER, method="POST")
    for _ in range(12):
        try:
            lost.corpus.restore()
            break
        except ServiceError:
            continue
    faults.choose = lambda _number, _method, _path: None
    texts, annotations, drafts = work_there(lost)
    assert (len(texts), len(set(texts)), len(annotations), len(drafts)) == (8, 8, 3, 1)
    assert lost.corpus.restore()[0].tasks == 0
    assert work_there(lost) == (texts, annotations, drafts)


@pytest.mark.slow
def test_a_restore_killed_at_any_request_and_run_again_ends_like_an_undisturbed_one(
    lost: Sample, faults: FaultProxy, studio: StudioServer
) -> None:
    lost.corpus.restore()
    undisturbed = work_there(lost)
    number = killed = 0
    while True:
        number += 1
        lost.client.delete_project(lost.project.id)
        running: list[subprocess.Popen[bytes]] = []
        kill_at(faults, number, running)
        running.append(command(lost, "restore", faults.url, studio.login.token))
        _, said = running[0].communicate()
        if running[0].returncode == 0:
            break
        assert running[0].returncode == -signal.SIGKILL, f"request {number}: {said.decode()}"
        killed += 1
        faults.choose = lambda _number, _method, _path: None
        lost.corpus.restore()
        assert work_there(lost) == undisturbed, f"killed at request {number}"
    assert killed >= 15


@pytest.mark.slow
def test_a_server_killed_in_mid_import_and_started_again_ends_like_an_undisturbed_push(
    studio_pins: StudioEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "server"
    monkeypatch.setattr(push_module, "WAITS", (0.0, 0.05))
    pages = {f"p{n:04}.txt": f"Page {n}. " + "Zoë met ACME again. " * 200 for n in range(1500)}
    server = start_server(data, print, environment=studio_pins)
    monkeypatch.setenv("LABEL_STUDIO_URL", server.url)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", server.login.token)
    proxy = FaultProxy(server.url)
    try:
        with LabelStudioClient(server.url, server.login.token) as client:
            sample = make_sample(tmp_path / "killed", client, pages, "[label_studio]\nbatch_tasks = 500\n")
            imports = 0

            def choose(_number: int, method: str, path: str) -> Fault | None:
                nonlocal imports
                imports += method == "POST" and "/import?" in path
                if imports == 2:
                    threading.Timer(0.15, os.killpg, (server.pid, signal.SIGKILL)).start()
                    imports += 1
                return None

            proxy.choose = choose
            monkeypatch.setenv("LABEL_STUDIO_URL", proxy.url)
            with pytest.raises(ServiceError):
                sample.corpus.push()
        server.stop()
        with (
            start_server(data, print, environment=studio_pins) as again,
            LabelStudioClient(again.url, again.login.token) as client,
        ):
            monkeypatch.setenv("LABEL_STUDIO_URL", again.url)
            sample.client = client
            before = len(sample.tasks())
            assert before in (500, 1000), "a batch is there whole or not at all"
            (pushed,) = sample.corpus.push()
            assert pushed.created == 1500 - before
            assert sorted(t["data"]["source"] for t in sample.tasks()) == sorted(pages)
            assert sample.corpus.push()[0].writes == 0
    finally:
        proxy.stop()
        server.stop()
