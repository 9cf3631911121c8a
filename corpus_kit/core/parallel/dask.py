"""Tasks on a Dask cluster: the other executor behind `core.parallel.executor.Workers`.

The only module that imports `distributed`.

A task goes out as the pickle of a function and its argument, names paths on a folder that all workers share, and returns
small facts. Workers may come, go and die: Dask gives a lost worker's task to another one, and tasks are written so that one
that runs twice, or twice at once, does no harm. When the scheduler is lost, what was under way is submitted to it again once
it is back. Every worker shows before its first task that it has the same libraries and sees the same folder.
"""

from __future__ import annotations

import logging
import os
import pickle
import platform
import socket
import sys
import time
import unicodedata
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any, TypeVar

from corpus_kit.core.errors import EnvironmentProblemError, ServiceError, UsageError
from corpus_kit.core.version import __version__

A = TypeVar("A")
R = TypeVar("R")

_CONNECT_S = 10  # for one try to reach the scheduler
_WORKERS_S = 30  # for the first worker to appear
_GONE_S = 120  # for a scheduler that was lost to come back, and for workers when none is left
_LOOK_S = 2  # between two looks at the cluster while nothing finishes
_LIBRARIES = "numpy polars pyarrow rensa chardet pycld2 distributed".split()
_SHARED = "Mount the folder of raw files and the out folder under the same path on every machine."


@dataclass(frozen=True, slots=True)
class WorkerRequirements:
    """What every worker must have and see. versions: name → version. note, word: a file in `.work` and what is in it.

    raw: (path, size) of a few raw files and folders; a folder's size is None.
    """

    versions: tuple[tuple[str, str], ...]
    note: str
    word: str
    raw: tuple[tuple[str, int | None], ...]


class Cluster:
    """A connection to a Dask scheduler for the length of one command."""

    def __init__(self, address: str, work: Path, raw: Sequence[Path] = ()) -> None:
        """work: the shared `.work` folder. raw: what is read. Raises UsageError, ServiceError, EnvironmentProblemError."""
        self.address = checked_address(address)
        try:
            import distributed  # noqa: F401
        except ImportError as e:
            raise EnvironmentProblemError(
                "--cluster needs Dask, which is not installed.", "Install it: `pip install 'corpus-kit[cluster]'`."
            ) from e
        for left in work.glob("cluster-*.note*"):  # of a command that was killed
            left.unlink(missing_ok=True)
        self._note = work / f"cluster-{uuid.uuid4().hex}.note"
        self._same = WorkerRequirements(versions(), str(self._note), uuid.uuid4().hex, tuple(_samples(raw)))
        self._note.write_text(self._same.word, encoding="ascii")
        self._client: Any = None
        try:
            self._connect(time.monotonic() + _CONNECT_S)
            self._check_workers(_WORKERS_S)
        except BaseException:
            self.close(now=True)
            raise

    def run(self, function: Callable[[A], R], tasks: Sequence[A]) -> Iterator[tuple[int, R]]:
        """As `Workers.run`: (index of the task, result) as they finish, two in flight for each of the workers' threads."""
        waiting: dict[Future[R], int] = {}
        todo = list(range(len(tasks) - 1, -1, -1))  # popped from the end
        window = 2 * self._threads() + 2
        idle_since: float | None = None
        while todo or waiting:
            while todo and len(waiting) < window:
                sent = pickle.dumps((self._same, function, tasks[todo[-1]]))
                try:
                    waiting[self._executor.submit(_perform, sent)] = todo[-1]
                except Exception as e:  # whatever Dask raises when the scheduler is gone; all else goes on up
                    if self._alive():
                        raise
                    todo += self._again(waiting, e)
                    continue
                todo.pop()
            done, _ = wait(waiting, _LOOK_S, return_when=FIRST_COMPLETED)
            if not done:
                if not self._alive():
                    todo += self._again(waiting, None)
                    continue
                threads = self._threads()
                window = max(window, 2 * threads + 2)
                idle_since = None if threads else idle_since or time.monotonic()
                if idle_since is not None and time.monotonic() - idle_since > _GONE_S:
                    raise self._no_workers("has no workers any more")
            for future in done:
                index = waiting.pop(future)
                try:
                    result = future.result()
                except CancelledError as e:
                    todo += [index, *self._again(waiting, e)]
                    break
                except (
                    Exception
                ) as e:  # a task may raise anything; it goes on up, in a sentence where it is the cluster's
                    raise self._told(e) from e
                yield index, result

    def close(self, *, now: bool = False) -> None:
        """Part from the scheduler; with `now` without waiting for what runs there. The cluster itself goes on."""
        client, self._client = self._client, None
        if client is not None:
            with suppress(Exception):
                client.close(timeout=2 if now else 10)
        self._note.unlink(missing_ok=True)

    def _connect(self, until: float) -> None:
        """Raises ServiceError when the scheduler has not answered by then."""
        import distributed

        # What it says of lost connections is said here, in a sentence.
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        while True:
            left = max(until - time.monotonic(), 1)
            try:
                self._client = distributed.Client(self.address, timeout=left, set_as_default=False)
                break
            except (OSError, TimeoutError, ValueError, RuntimeError) as e:
                if time.monotonic() >= until:
                    raise ServiceError(
                        f"No Dask scheduler answers at {self.address}.",
                        "Start one with `dask scheduler`, or give the address that it prints to --cluster.",
                    ) from e
                time.sleep(1)
        # Not "pure": Dask would take two tasks of the same name for one.
        self._executor = self._client.get_executor(pure=False)

    def _check_workers(self, seconds: float) -> None:
        try:
            self._client.wait_for_workers(1, timeout=seconds)
        except TimeoutError as e:
            raise self._no_workers("has no workers") from e
        try:
            answers = self._client.run(_faults, self._same, on_error="return")
        except Exception as e:  # what a worker raises on reading the question, before `_faults` can answer
            raise self._told(e) from e
        for worker, answer in sorted(answers.items()):
            if isinstance(answer, BaseException):
                raise self._told(answer, worker)
            if answer:
                raise EnvironmentProblemError(*answer)

    def _threads(self) -> int:
        """Tasks that the cluster runs at once."""
        try:
            return sum(self._client.nthreads().values())
        except Exception:  # noqa: BLE001 - the connection may just be lost; `_alive` tells
            return 0

    def _alive(self) -> bool:
        return self._client is not None and self._client.status == "running"

    def _again(self, waiting: dict[Future[R], int], cause: BaseException | None) -> list[int]:
        """After the scheduler was lost: a new connection, and the tasks that were under way."""
        lost = list(waiting.values())
        waiting.clear()
        old, self._client = self._client, None
        if old is not None:
            with suppress(Exception):
                old.close(timeout=2)
        try:
            self._connect(time.monotonic() + _GONE_S)
            self._check_workers(_GONE_S)
        except ServiceError as e:
            raise ServiceError(
                f"The connection to the Dask scheduler at {self.address} was lost.",
                "Start the scheduler and its workers again, then run the same command: finished shards are kept.",
            ) from cause or e
        return lost

    def _no_workers(self, what: str) -> ServiceError:
        return ServiceError(
            f"The Dask scheduler at {self.address} {what}.",
            f"Start some with `PYTHONSAFEPATH=1 dask worker {self.address} --nworkers auto --nthreads 1`, then run again.",
        )

    def _told(self, error: BaseException, worker: str = "") -> BaseException:
        """What a task raised, in a sentence where it is the cluster's and not the task's."""
        name = type(error).__name__
        if name == "KilledWorker":
            return EnvironmentProblemError(
                "One task ended several workers one after the other, most often because it ran out of memory.",
                "Give the workers more memory (`--memory-limit`), or lower input.max_record_bytes in corpus.toml.",
            )
        if isinstance(error, ImportError) or ("corpus_kit" in str(error) and isinstance(error, AttributeError)):
            place = f"The worker {worker}" if worker else "A worker"
            return EnvironmentProblemError(
                f"{place} cannot import corpus-kit: {error}.",
                f"Install corpus-kit {__version__} there: `pip install 'corpus-kit[cluster]=={__version__}'`.",
            )
        return error


def checked_address(address: str) -> str:
    """`tcp://host:port` or `tls://host:port`. Raises UsageError for anything else."""
    scheme, _, place = address.rpartition("://")
    host, _, port = place.rpartition(":")
    if scheme not in ("", "tcp", "tls") or not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise UsageError(
            f"'{address}' is no address of a Dask scheduler.", "It looks like this: --cluster tcp://scheduler:8786."
        )
    return f"{scheme or 'tcp'}://{place}"


def versions() -> tuple[tuple[str, str], ...]:
    """What can change a byte of what is made: workers must have the same as the one who asks."""
    python = ".".join(platform.python_version_tuple()[:2])
    found = {"corpus-kit": __version__, "Python": python, "Unicode": unicodedata.unidata_version}
    return tuple((found | {name: metadata.version(name) for name in _LIBRARIES}).items())


def _samples(raw: Sequence[Path]) -> Iterator[tuple[str, int | None]]:
    """For each of the raw paths what a worker must see there: the path, and a file in it where there is one."""
    for path in raw:
        if path.is_dir():
            yield str(path), None
            with os.scandir(path) as entries:
                first = next((e for e in entries if e.is_file()), None)
            if first is not None:
                yield first.path, first.stat().st_size
        elif path.is_file():
            yield str(path), path.stat().st_size


# --- on a worker -------------------------------------------------------------------------------------------------------


def _perform(sent: bytes) -> Any:
    """Run one task, on a worker that is fit for it."""
    same, function, task = pickle.loads(sent)
    fault = _faults(same)
    if fault:
        raise EnvironmentProblemError(*fault)
    return function(task)


def _is_among(folder: Path, same: WorkerRequirements) -> bool:
    """Whether a folder is the corpus, or one with raw or made files."""
    data = Path(same.note).parent.parent
    corpus = data.parent if (data.parent / "corpus.toml").is_file() else data
    return any(
        folder.is_relative_to(place) for place in (corpus, *(Path(path) for path, size in same.raw if size is None))
    )


@lru_cache(maxsize=4)
def _faults(same: WorkerRequirements) -> tuple[str, str] | None:
    """Why this worker must not take part, as a sentence and the next step; None when it may. Looked at once per run."""
    here = f"The worker on {socket.gethostname()} (process {os.getpid()})"
    own = dict(versions())
    other = [f"{name} {own.get(name)} and not {version}" for name, version in same.versions if own.get(name) != version]
    if other:
        return f"{here} has {', '.join(other)}.", "Install the same versions on every machine; see constraints.txt."
    note = Path(same.note)
    if not sys.flags.safe_path and _is_among(Path.cwd(), same):
        return (
            f"{here} was started in {Path.cwd()}, where its Python looks for modules among the files of the corpus.",
            "Start the workers in another folder, or with PYTHONSAFEPATH=1.",
        )
    try:
        seen = note.read_text(encoding="ascii") == same.word
    except OSError:
        seen = False
    if not seen:
        return f"{here} does not see the folder {note.parent}, or sees another one.", _SHARED
    try:
        trial = note.with_name(f"{note.name}.{uuid.uuid4().hex}")
        trial.touch()
        trial.unlink()
    except OSError as e:
        return f"{here} cannot write to {note.parent}: {e.strerror}.", "Let the workers' user write to the out folder."
    for path, size in same.raw:
        try:
            found = size is None or Path(path).stat().st_size == size
        except OSError:
            found = False
        if not found or not Path(path).exists():
            return f"{here} does not see the raw files: {path} is not there, or is another one.", _SHARED
    return None
