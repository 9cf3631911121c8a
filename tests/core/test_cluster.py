"""A Dask cluster makes the same bytes as one process, through the loss of a worker, of the scheduler and of the driver; and
what is wrong with it is said in a sentence."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dask_cluster import REPOSITORY, DaskCluster, free_port

from corpus_kit.cli.errors import run
from corpus_kit.cli.main import cli
from corpus_kit.core.errors import CorpusKitError, EnvironmentProblemError, ServiceError, UsageError
from corpus_kit.core.parallel import dask as engine
from corpus_kit.core.progress import Silent
from corpus_kit.corpus import Corpus
from corpus_kit.ingest import documents

_WORDS = [a + b for a in "har por fer min tea str bri lak vil mar".split() for b in "bour ten lin dor sto ret".split()]


_SMALL = 60_000  # bytes of a shard here, so that few pages are many shards


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "SHARD_BYTES", _SMALL)


def raw(folder: Path) -> Path:
    """Pages of forty papers with copies among them."""
    folder.mkdir(parents=True)
    rng = random.Random(5)
    stories = [" ".join(rng.choices(_WORDS, k=400)) for _ in range(800)]
    for paper in range(40):
        with (folder / f"paper-{paper:02d}.jsonl").open("w", encoding="utf-8") as file:
            for number in range(paper, len(stories), 40):
                text = stories[number - number % 5] + f" {number}" if number % 20 == 3 else stories[number]
                page = {"id": f"{number:05d}", "text": f"Home\nNews\n\n{text}\n", "outlet": f"Paper {paper}"}
                file.write(json.dumps(page) + "\n")
    return folder


def made(out: Path) -> dict[str, str]:
    """Every made file but what is under way."""
    files = [p for p in sorted(out.rglob("*")) if p.is_file() and ".work" not in p.parts]
    return {p.relative_to(out).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return raw(tmp_path_factory.mktemp("cluster") / "pages")


@pytest.fixture(scope="module")
def one(pages: Path) -> dict[str, str]:
    """What one process makes."""
    out = pages.parent / "one"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(documents, "SHARD_BYTES", _SMALL)
        result = Corpus.without(out).build([pages], workers=1)
    assert result.ingested.units >= 8 and result.ingested.clusters > 20
    return made(out)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[DaskCluster]:
    running = DaskCluster(tmp_path / "dask")
    try:
        yield running
    finally:
        running.stop()


class When(Silent):
    """Does something once, as soon as a step has advanced."""

    def __init__(self, label: str, act: Any) -> None:
        self.label, self.act, self.done = label, act, False

    def step(self, label: str, total: int) -> Any:
        return self if label == self.label and not self.done else Silent()

    def advance(self, n: int = 1) -> None:
        if not self.done:
            self.done = True
            self.act()


@pytest.mark.slow
def test_a_worker_killed_in_mid_run_leaves_the_same_bytes(
    pages: Path, one: dict[str, str], cluster: DaskCluster, tmp_path: Path
) -> None:
    cluster.start(2)
    kill = When("reading", lambda: os.kill(cluster.workers[0].pid, signal.SIGKILL))
    Corpus.without(tmp_path / "out").build([pages], cluster=cluster.address, progress=kill)
    assert kill.done and cluster.workers[0].wait() == -signal.SIGKILL and cluster.workers[1].poll() is None
    assert made(tmp_path / "out") == one
    assert not list((tmp_path / "out").rglob("*.part")) and not list((tmp_path / "out").rglob("cluster-*"))


@pytest.mark.slow
def test_a_scheduler_that_is_started_again_gets_what_was_under_way(
    pages: Path, one: dict[str, str], cluster: DaskCluster, tmp_path: Path
) -> None:
    cluster.start(2)

    def again() -> None:
        assert cluster.scheduler is not None
        cluster.scheduler.kill()
        cluster.scheduler.wait()
        for worker in cluster.workers:
            worker.kill()

        def later() -> None:
            cluster.start_scheduler()
            cluster.start_worker()

        threading.Thread(target=later).start()

    loss = When("scanning", again)
    Corpus.without(tmp_path / "out").build([pages], cluster=cluster.address, progress=loss)
    assert loss.done and made(tmp_path / "out") == one


@pytest.mark.slow
def test_a_killed_build_goes_on_where_it_stopped(
    pages: Path, one: dict[str, str], cluster: DaskCluster, tmp_path: Path
) -> None:
    cluster.start(1)
    out = tmp_path / "out"
    script = (
        "import sys; from corpus_kit.ingest import documents; from corpus_kit.corpus import Corpus; "
        f"documents.SHARD_BYTES = {_SMALL}; Corpus.without(sys.argv[1]).build([sys.argv[2]], cluster=sys.argv[3])"
    )
    command = [sys.executable, "-c", script, str(out), str(pages), cluster.address]
    child = subprocess.Popen(command, cwd=REPOSITORY, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    units = out / ".work" / "documents"
    for _ in range(1200):
        if units.is_dir() and any(not p.name.endswith(".part") for p in units.iterdir()):
            break
        time.sleep(0.05)
    child.kill()
    child.wait()
    assert not (out / "documents").exists(), "it was killed too late to show anything"
    result = Corpus.without(out).build([pages], cluster=cluster.address)
    assert result.ingested.unchanged_units >= 1 and made(out) == one


@pytest.mark.slow
def test_what_is_wrong_with_an_address_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "a.txt").write_text("A page about a harbour.\n", encoding="utf-8")
    command = ["build", str(tmp_path / "raw"), "--out", str(tmp_path / "out"), "--cluster"]
    for wrong in ("scheduler", "http://scheduler:8786", "tcp://scheduler", "tcp://:8786", "tcp://scheduler:99999"):
        assert run(cli, [*command, wrong]) == 2
        assert "is no address of a Dask scheduler" in capsys.readouterr().err
    assert run(cli, [*command, "tcp://127.0.0.1:8786", "--workers", "2"]) == 2
    assert "--workers counts processes of this machine" in capsys.readouterr().err
    address = f"tcp://127.0.0.1:{free_port()}"
    began = time.monotonic()
    assert run(cli, [*command, address]) == 3
    said = capsys.readouterr().err
    assert f"No Dask scheduler answers at {address}" in said and "dask scheduler" in said and "Traceback" not in said
    assert time.monotonic() - began < 30
    assert not (tmp_path / "out" / "documents").exists() and not list((tmp_path / "out").rglob("cluster-*"))


def test_a_cluster_without_workers_is_said(
    cluster: DaskCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_WORKERS_S", 1)
    cluster.start_scheduler()
    with pytest.raises(ServiceError, match="has no workers") as told:
        engine.Cluster(cluster.address, tmp_path)
    assert f"PYTHONSAFEPATH=1 dask worker {cluster.address}" in told.value.hint


@pytest.mark.slow
def test_workers_that_all_leave_are_said(cluster: DaskCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_GONE_S", 3)
    cluster.start(1)
    running = engine.Cluster(cluster.address, tmp_path)
    results = running.run(time.sleep, [0, 0, 60, 60])
    next(results)
    cluster.workers[0].kill()
    with pytest.raises(ServiceError, match="has no workers any more"):
        list(results)
    running.close(now=True)


def test_a_worker_that_differs_or_does_not_see_the_folders_is_said(
    cluster: DaskCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.start(1)
    (tmp_path / "raw").mkdir()
    page = tmp_path / "raw" / "a.txt"
    page.write_text("A page about a harbour.\n", encoding="utf-8")

    def told(raw: Path = tmp_path / "raw") -> CorpusKitError:
        with pytest.raises(CorpusKitError) as error:
            engine.Cluster(cluster.address, tmp_path, [raw])
        assert not list(tmp_path.glob("cluster-*"))
        return error.value

    with monkeypatch.context() as patch:
        patch.setattr(engine, "__version__", "9.9.9")
        error = told()
        assert isinstance(error, EnvironmentProblemError) and "corpus-kit" in error.message
        assert "and not 9.9.9" in error.message and "same versions" in error.hint
    with monkeypatch.context() as patch:
        # What the worker finds in the note is another word than the one that is told: another folder of the same name.
        real = Path.write_text
        patch.setattr(Path, "write_text", lambda self, data, **more: real(self, "another", **more))
        error = told()
        assert "does not see the folder" in error.message and "same path on every machine" in error.hint
    with monkeypatch.context() as patch:
        patch.setattr(engine, "_samples", lambda raw: iter([(str(page), 7)]))
        error = told()
        assert "does not see the raw files" in error.message
    running = engine.Cluster(cluster.address, tmp_path, [tmp_path / "raw"])
    assert sorted(running.run(len, ["a", "bc", "def"])) == [(0, 1), (1, 2), (2, 3)]
    running.close()


def test_what_a_task_raises_comes_back_as_it_is(cluster: DaskCluster, tmp_path: Path) -> None:
    cluster.start(1)
    running = engine.Cluster(cluster.address, tmp_path)
    with pytest.raises(UsageError) as error:
        list(running.run(engine.checked_address, ["tcp://a:1", "nonsense"]))
    assert "nonsense" in error.value.message and "--cluster" in error.value.hint
    with pytest.raises(ValueError, match="invalid literal"):
        list(running.run(int, ["1", "two"]))
    running.close()


def test_only_a_bounded_window_is_under_way(cluster: DaskCluster, tmp_path: Path) -> None:
    cluster.start(1)
    running = engine.Cluster(cluster.address, tmp_path)
    taken = []

    class Tasks(list[int]):
        def __getitem__(self, index: Any) -> Any:
            taken.append(index)
            return super().__getitem__(index)

    for done, _ in enumerate(running.run(abs, Tasks(range(200)))):
        assert len(taken) <= done + 1 + 8
    assert len(set(taken)) == 200
    running.close()
