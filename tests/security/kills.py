"""Commands that are killed, or meet a full disk, at a random moment: the corpus stays sound, the next run makes up for it.

`python tests/security/long.py kills --count 500 --seed 1 [--command build]`

A command runs in a child of this process, which has imported everything and done nothing. A file operation of it, drawn at
random, is its last (SIGKILL), or the disk is full from there on (ENOSPC). Then, before anything else, `validate` looks at
the corpus and finds nothing; then the command runs again, and what is made is the same, byte for byte, as undisturbed.
A build with worker processes, or on a cluster, ends at a moment of time instead: it alone, or with all its processes.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import hashlib
import http.server
import json
import os
import pickle
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # a child that is forked finds no threads of its parent

import datasets  # noqa: F401
import numpy as np  # noqa: F401
import polars as pl  # noqa: F401
import pyarrow.parquet as pq  # noqa: F401
from dask_cluster import DaskCluster
from fuzz_server import KEY, Truthful
from ingest_samples import page
from strangers import PAGES, made_corpus

import corpus_kit.agreement.gold.build
import corpus_kit.ledger.annotations
import corpus_kit.pipeline.build
import corpus_kit.release.export.formats
import corpus_kit.report.build  # noqa: F401
from corpus_kit.core.errors import CorpusKitError
from corpus_kit.core.storage.step import MADE
from corpus_kit.corpus import Corpus

_SECONDS = 120
_EVENTS = frozenset(
    "open os.rename os.remove os.mkdir os.rmdir os.link os.symlink os.truncate shutil.rmtree shutil.copyfile".split()
)
_GROWS = frozenset("os.mkdir os.link os.symlink shutil.copyfile".split())
_KILLED = -signal.SIGKILL

Act = Callable[[Path], Any]


def _build(root: Path) -> None:
    Corpus.open(root).build()


def _export_of(number: int) -> list[dict[str, Any]]:
    """An export with the work of one person."""
    tasks: list[dict[str, Any]] = []
    for name, text in sorted(PAGES.items()):
        start = text.index(" ", 20 + number) + 1
        end = text.index(" ", start)
        value = {"start": start, "end": end, "text": text[start:end], "labels": [("ORG", "PERSON", "GPE")[number % 3]]}
        result = {"id": f"r{number}", "from_name": "entities", "to_name": "text", "type": "labels", "value": value}
        own = hashlib.sha256(f"{name} {number}".encode()).hexdigest()
        moment = f"2031-01-0{number + 1}T10:00:00Z"
        annotation = {
            "id": number * 10 + len(tasks), "unique_id": f"{own[:8]}-{own[8:12]}-4{own[13:16]}-8{own[17:20]}-{own[20:32]}",
            "completed_by": {"id": number, "email": f"p{number}@people.example"}, "result": [result], "created_at": moment,
            "updated_at": moment, "lead_time": 5.0,
        }  # fmt: skip
        tasks.append({"id": len(tasks) + 1, "data": {"text": text}, "annotations": [annotation], "predictions": []})
    return tasks


def _import(root: Path) -> None:
    Corpus.open(root).import_([root / "c.json"], layer="entities")


def _adjudicate(root: Path) -> None:
    Corpus.open(root).adjudicate(policy="unanimous")


def _suggest(root: Path) -> None:
    Corpus.open(root).suggest("entities")


def _export_hf(root: Path) -> None:
    Corpus.open(root).export("hf")


def _export_conll(root: Path) -> None:
    Corpus.open(root).export("conll")


def _push(root: Path) -> None:
    Corpus.open(root).push("entities")


def _pull(root: Path) -> None:
    Corpus.open(root).pull("entities", full=True)


def _report(root: Path) -> None:
    Corpus.open(root).report()


def _prepare(root: Path) -> None:
    """A corpus with documents, work of two people, gold and a release; and a file of a third that waits."""
    corpus = Corpus.open(made_corpus(root))
    for number, name in enumerate("abc"):
        (root / f"{name}.json").write_text(json.dumps(_export_of(number)), encoding="utf-8")
    corpus.import_([root / "a.json"], layer="entities")
    corpus.import_([root / "b.json"], layer="entities")
    corpus.build()


def _more_pages(root: Path) -> None:
    for number in range(6):
        (root / "data" / "raw" / f"more{number}.txt").write_text(page(number, 3), encoding="utf-8")
    (root / "data" / "raw" / "bridge.txt").write_text(PAGES["bridge.txt"] + "It is open now.\n", encoding="utf-8")
    Corpus.open(root).import_([root / "c.json"], layer="entities")


def _brought(root: Path) -> None:
    Corpus.open(root).import_([root / "c.json"], layer="entities")


def _nothing(root: Path) -> None: ...


def _without_release(root: Path) -> None:
    _brought(root)
    Corpus.open(root).adjudicate()
    shutil.rmtree(root / "data" / "report")


def _many_pages(root: Path) -> None:
    _more_pages(root)
    for number in range(10, 70):
        (root / "data" / "raw" / f"page{number}.txt").write_text(page(number, 5), encoding="utf-8")


def _small_units() -> None:
    """So that a small corpus has work for several processes."""
    import corpus_kit.core.parallel.executor as executor
    import corpus_kit.ingest.documents as documents

    documents.SHARD_BYTES = 9_000
    executor.SECONDS_WORTH_A_POOL = 0


def _build_with_pool(root: Path) -> None:
    _small_units()
    Corpus.open(root).build(workers=2)


def _build_on_cluster(root: Path) -> None:
    _small_units()
    Corpus.open(root).build(cluster=os.environ["KILLS_CLUSTER"])


@dataclass(frozen=True, slots=True)
class Scene:
    """One command. before: what is done to the prepared corpus first. act: the command. after: what follows it.

    timed: it has other processes, and is killed at a moment of time.
    """

    before: Act
    act: Act
    after: Act = _nothing
    timed: bool = False


SCENES: dict[str, Scene] = {
    "build": Scene(_more_pages, _build),
    "first-build": Scene(lambda root: shutil.rmtree(root / "data" / ".work"), _build),
    "import": Scene(_nothing, _import, _build),
    "adjudicate": Scene(_brought, _adjudicate),
    "suggest": Scene(_brought, _suggest),
    "export-hf": Scene(_without_release, _export_hf),
    "export-conll": Scene(_without_release, _export_conll),
    "report": Scene(_without_release, _report),
    "push": Scene(_nothing, _push, _build),
    "pull": Scene(_nothing, _pull, _build),
    "build-pool": Scene(_many_pages, _build_with_pool, timed=True),
    "build-cluster": Scene(_many_pages, _build_on_cluster, timed=True),
}


@dataclass
class Told:
    """What a run of the harness came to."""

    kills: Counter[str] = field(default_factory=Counter)
    full: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


def in_child(work: Callable[[], Any], seconds: float = _SECONDS, *, alone: bool = False) -> tuple[int, Any]:
    """Run in a child: (exit status, what came back or was raised); -SIGKILL for one that was killed, or took too long.

    alone: where it takes too long it is killed without the processes that it started.
    """
    reading, writing = os.pipe()
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        os.close(reading)
        os.setsid()
        status, found = 1, None
        try:
            found, status = work(), 0
        except CorpusKitError as e:
            found, status = f"{type(e).__name__}: {e}", 3
        except OSError as e:
            found, status = f"{type(e).__name__}: {e}", 4
        except BaseException:  # noqa: BLE001 - told by the parent
            found = traceback.format_exc()
        finally:
            sys.setprofile(None)
            with os.fdopen(writing, "wb") as pipe:
                pickle.dump(found, pipe)
            os._exit(status)
    os.close(writing)
    end = time.monotonic() + seconds
    while os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        if time.monotonic() > end:
            os.kill(child, signal.SIGKILL) if alone else os.killpg(child, signal.SIGKILL)
            break
        time.sleep(0.002)
    _, status = os.waitpid(child, 0)
    with os.fdopen(reading, "rb") as pipe:
        content = pipe.read()
    code = os.waitstatus_to_exitcode(status)
    return code, pickle.loads(content) if content else None


def disturbed(work: Callable[[], Any], last: int, root: Path, *, full: bool) -> Any:
    """Run until the file operation of this number, which kills, or from which on the disk is full; how many there were."""
    count = 0
    below = str(root)

    def look(event: str, given: tuple[Any, ...]) -> None:
        nonlocal count
        if event not in _EVENTS or not given or not str(given[0]).startswith(below):
            return
        count += 1
        if count < last or last < 0:
            return
        if not full:
            os.kill(os.getpid(), signal.SIGKILL)
        writes = event in _GROWS or (
            event == "open" and isinstance(given[2], int) and given[2] & (os.O_WRONLY | os.O_RDWR)
        )
        if writes:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(given[0]))

    sys.addaudithook(look)
    work()
    return count


def digest(root: Path) -> dict[str, str]:
    """sha256 of every made file, the ledger, the pseudonyms and the card. The ledger names entries by moment."""
    made: dict[str, str] = {}
    for path in sorted((root / "data").rglob("*")):
        parts = path.relative_to(root / "data").parts
        if path.is_file() and (parts[0] in MADE or parts[0].startswith("release") or parts[0] == "pseudonyms.json"):
            made["/".join(parts)] = hashlib.sha256(path.read_bytes()).hexdigest()
    ledger = sorted(
        hashlib.sha256(p.read_bytes()).hexdigest()
        for p in (root / "data" / "imports").glob("[!.]*.json")
        if p.is_file()
    )
    return made | {
        "ledger": " ".join(ledger),
        "card": hashlib.sha256((root / "DATASET_CARD.md").read_bytes()).hexdigest(),
    }


def difference(one: dict[str, str], other: dict[str, str]) -> list[str]:
    return sorted(name for name in {*one, *other} if one.get(name) != other.get(name))


def findings(root: Path) -> list[str]:
    return [str(finding) for finding in Corpus.open(root).validate().findings]


@contextlib.contextmanager
def a_server() -> Iterator[None]:
    """Nearly Label Studio, in a process of its own: this one has no threads."""
    listening = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Truthful)
    child = os.fork()
    if child == 0:
        listening.serve_forever()
    os.environ |= {"LABEL_STUDIO_URL": f"http://127.0.0.1:{listening.server_address[1]}", "LABEL_STUDIO_API_KEY": KEY}
    try:
        yield
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        listening.server_close()


def run_scene(name: str, folder: Path, count: int, seed: int, told: Told, disk: Path | None = None) -> None:
    """Kill or fill so many runs of one command. disk: a small file system that is really full each time."""
    scene, chance = SCENES[name], Random(f"{name} {seed}")
    start = folder / "prepared" / "corpus"
    if not start.exists():
        _sure(in_child(lambda: _prepare(start)), "prepare")
    before = folder / f"{name}-before" / "corpus"
    _copy(start, before)
    _sure(in_child(lambda: scene.before(before)), name)
    whole = folder / f"{name}-whole" / "corpus"
    _copy(before, whole)
    begun = time.monotonic()
    operations = int(_sure(in_child(lambda: disturbed(lambda: scene.act(whole), -1, whole, full=False)), name))
    took = time.monotonic() - begun
    _sure(in_child(lambda: scene.after(whole)), name)
    wanted, needed = digest(whole), int(1.5 * (_size(whole) - _size(before))) + (1 << 16)
    assert _sure(in_child(lambda: findings(whole)), name) == []
    for number in range(count):
        root = (disk or folder) / "run" / "corpus"
        _copy(before, root)
        full = disk is not None or (chance.random() < 0.25 and not scene.timed)
        last, moment, alone = chance.randrange(1, operations + 1), chance.random() * took, chance.random() < 0.5
        place = f"after {moment:.2f} s{', alone' * alone}" if scene.timed else f"at operation {last} of {operations}"
        case = f"{name}, seed {seed}, run {number}, {'full disk' if full else 'kill'} {place}"
        if disk is None:
            code, said = _disturb(scene, root, moment, last, full=full, alone=alone)
        else:
            free = chance.randrange(8192, max(needed, 8193))
            case = f"{name}, seed {seed}, run {number}, {free} bytes left on the disk"
            with _ballast(disk, free):
                code, said = in_child(partial(scene.act, root))
        (told.full if full else told.kills)[name] += 1
        told.ended[f"{name}: {'full' if full else 'kill'}: exit {code}"] += 1
        if code == 1:
            told.failures.append(f"{case}: a bug\n{said}")
        elif full and code == _KILLED:
            told.failures.append(f"{case}: it hangs")
        code, found = in_child(partial(findings, root))
        if code or found:
            told.failures.append(f"{case}: validate finds {code} {found}")
        for act in (scene.act, scene.after):
            code, said = in_child(partial(act, root))
            if code:
                told.failures.append(f"{case}: the next run ends with {code}: {said}")
        if other := difference(digest(root), wanted):
            told.failures.append(f"{case}: other bytes than undisturbed: {other[:6]}")


def _disturb(scene: Scene, root: Path, moment: float, last: int, *, full: bool, alone: bool) -> tuple[int, Any]:
    if scene.timed:
        return in_child(lambda: scene.act(root), moment, alone=alone)
    return in_child(lambda: disturbed(lambda: scene.act(root), last, root, full=full))


@contextlib.contextmanager
def _ballast(disk: Path, free: int) -> Iterator[None]:
    """Leave so many bytes on a file system."""
    facts = os.statvfs(disk)
    ballast = disk / "ballast"
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(facts.f_bavail * facts.f_frsize - free, 1))
    try:
        yield
    finally:
        ballast.unlink()


def _size(root: Path) -> int:
    return sum(path.stat().st_size // 4096 * 4096 + 4096 for path in root.rglob("*"))


def _copy(source: Path, target: Path) -> None:
    shutil.rmtree(target.parent, ignore_errors=True)
    shutil.copytree(source, target, symlinks=True)


def _sure(done: tuple[int, Any], what: str) -> Any:
    code, found = done
    assert code == 0, f"{what} ends with {code}: {found}"
    return found


def main() -> None:
    """Run scenes from the command line; exit 1 where something was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=500, help="how many disturbed runs, over all commands")
    parser.add_argument("--seed", type=int, default=1, help="another seed draws other moments")
    parser.add_argument("--command", choices=list(SCENES), action="append", help="only this one; may be repeated")
    parser.add_argument(
        "--disk", type=Path, help="a small file system (a tmpfs of 64 MB) that is really full each time"
    )
    given = parser.parse_args()
    names = given.command or list(SCENES)
    told = Told()
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        os.environ["XDG_CACHE_HOME"] = folder
        with contextlib.ExitStack() as stack:
            if "build-cluster" in names:
                cluster = DaskCluster(Path(folder) / "dask")
                cluster.folder.mkdir()
                stack.callback(cluster.stop)
                os.environ["KILLS_CLUSTER"] = cluster.start(PYTHONSAFEPATH="1").address
            if {"push", "pull"} & set(names):
                stack.enter_context(a_server())
            for name in names:
                run_scene(name, Path(folder), -(-given.count // len(names)), given.seed, told, given.disk)
    for failure in told.failures:
        print(failure, "\n")
    print(
        f"{sum(told.kills.values())} kills {dict(told.kills)}, {sum(told.full.values())} full disks {dict(told.full)}"
    )
    for outcome, number in sorted(told.ended.items()):
        print(f"{number:6} {outcome}")
    print(f"{len(told.failures)} failures")
    sys.exit(bool(told.failures))


if __name__ == "__main__":
    main()
