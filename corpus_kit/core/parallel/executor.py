"""Work over many documents: one seam, a bounded window of pure tasks submitted to a `concurrent.futures.Executor`.

A task is a picklable function of one picklable argument that names paths and returns small facts; tables go through
files. With one worker everything runs in this process; with more, in a spawned process pool (a forked one is unsafe
beside Polars' threads); with `--cluster` on the workers of a Dask scheduler (`core.parallel.dask`). `Executor.map` is
not used: it submits its whole input before the first result.
"""

from __future__ import annotations

import atexit
import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from corpus_kit.core.errors import EnvironmentProblemError, UsageError
from corpus_kit.core.parallel.process import safe_path

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor

    from corpus_kit.core.parallel.dask import Cluster

A = TypeVar("A")
B = TypeVar("B")
R = TypeVar("R")

# Below this many tasks, or seconds of work, the start of processes costs more than they save.
_WORTH_A_POOL = 4
SECONDS_WORTH_A_POOL = 2.0
# Who asks the environment how many threads to start. OpenBLAS starts its own with NumPy: 40 ms of spinning per process.
_THREADS = ("POLARS_MAX_THREADS", "RAYON_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")

_COLLECTED_AFTER = 50_000, 20, 20
"""How many new objects it takes until a worker looks for cycles; Python's own figures are 700, 10 and 10."""


class Workers:
    """Runs tasks and yields `(index of the task, result)` as they finish, a few in flight per worker.

    Processes are started on first need: a build in which nothing changed starts none. `start` is for those who know
    beforehand that there is much to do.
    """

    def __init__(self, count: int | None, cluster: Cluster | None = None) -> None:
        self._wanted = count
        self._cluster = cluster
        self._pool: ProcessPoolExecutor | None = None
        self._begun: list[Future[Any]] = []

    def run(
        self,
        function: Callable[[A], R],
        tasks: Sequence[A],
        seconds: float | None = None,
        begun: Mapping[int, Future[R]] = MappingProxyType({}),
    ) -> Iterator[tuple[int, R]]:
        """Apply `function` to every task. The order of results is not the order of tasks; the index says which.

        seconds: roughly what all tasks take on one core, where the caller can tell. However many processes are wanted,
        what is done sooner than they start is done here. begun: index → the future of a task that a process has already.
        """
        if not begun and not self._spreads(len(tasks), seconds):
            yield from enumerate(map(function, tasks))
            return
        if self._cluster is not None:
            yield from self._cluster.run(function, tasks)
            return
        waiting = {future: index for index, future in begun.items()}
        with _all_alive():
            for index, task in enumerate(tasks):
                if index in begun:
                    continue
                waiting[self._submit(function, task)] = index
                if len(waiting) >= 2 * self._count + 2:
                    yield from _finished(waiting)
            while waiting:
                yield from _finished(waiting)

    def start(self, *modules: str) -> None:
        """Start the processes now, while this one does something else; they load `modules` meanwhile.

        For those who know that there is work for all of them. Does nothing where one process is wanted, or a cluster.
        """
        if self._cluster is None and self._pool is None and self._count > 1:
            with suppress(BrokenExecutor):  # said as soon as results are asked for
                for _ in range(self._count):
                    self._submit(_load, modules)

    def begin(self, first: Callable[[A], B], then: Callable[[B], R], task: A) -> Future[R] | None:
        """Let a process do a task of `run_halves` now, while the caller still finds out which others there are.

        Returns what `run_halves` is to be told, None where all processes have enough to do or none was started.
        """
        self._begun = [future for future in self._begun if not future.done()]
        if self._pool is None or len(self._begun) > self._count:
            return None
        try:
            future = self._submit(_Both(first, then), task)
        except BrokenExecutor:
            return None  # said as soon as results are asked for
        self._begun.append(future)
        return future

    @property
    def on_this_machine(self) -> int:
        """How many processes of this machine may work beside this one."""
        return self._count if self._cluster is None and self._count > 1 else 0

    def while_making(self, function: Callable[[A], R], make: Callable[[Callable[[A], Future[R]]], B]) -> B:
        """What `make` makes, which finds out tasks of `function` as it goes and leaves them to other processes.

        make: gets what hands over a task and returns its future; it waits where all processes have enough to do.
        """
        waiting: set[Future[R]] = set()

        def hand_over(task: A) -> Future[R]:
            nonlocal waiting
            if len(waiting) >= 2 * self._count + 2:
                waiting = wait(waiting, return_when=FIRST_COMPLETED)[1]
            future = self._submit(function, task)
            waiting.add(future)
            return future

        with _all_alive():
            return make(hand_over)

    def _submit(self, function: Callable[[A], R], task: A) -> Future[R]:
        with _ctrl_c_is_for_the_parent(), _without_the_main_module(), safe_path():
            if self._pool is None:
                # Loaded by who starts processes: a small build starts none.
                import multiprocessing
                from concurrent.futures import ProcessPoolExecutor

                context = multiprocessing.get_context("spawn")
                self._pool = ProcessPoolExecutor(self._count, mp_context=context, initializer=_begin)
            return self._pool.submit(function, task)

    @property
    def _count(self) -> int:
        return self._wanted or available_cores()

    def run_halves(
        self,
        first: Callable[[A], B],
        then: Callable[[B], R],
        tasks: Sequence[A],
        seconds: float | None = None,
        begun: Mapping[int, Future[R]] = MappingProxyType({}),
    ) -> Iterator[tuple[int, R]]:
        """`run` with `then(first(task))`, where `then` compresses, hashes and waits for the disk more than it computes.

        In this process one thread does the second halves while the next task's first half is under way: a fifth of the time.
        begun: index → what `begin` gave for that task.
        """
        if begun or self._spreads(len(tasks), seconds):
            yield from self.run(_Both(first, then), tasks, seconds, begun)
            return
        with ThreadPoolExecutor(1) as beside:
            before: Future[R] | None = None
            for index, task in enumerate(tasks):
                halfway = first(task)
                if before is not None:
                    yield index - 1, before.result()
                before = beside.submit(then, halfway)
            if before is not None:
                yield len(tasks) - 1, before.result()

    def _spreads(self, tasks: int, seconds: float | None) -> bool:
        """Whether the work goes to other processes."""
        if tasks < 2 or self._cluster is not None:
            return tasks > 1
        if self._count == 1:
            return False
        worth = tasks >= _WORTH_A_POOL if seconds is None else seconds >= SECONDS_WORTH_A_POOL
        return worth or self._pool is not None

    def close(self, *, now: bool = False) -> None:
        """End the processes; with `now` without waiting for what they do."""
        if self._cluster is not None:
            self._cluster.close(now=now)
        if self._pool is None:
            return
        if now:
            processes: dict[int, Any] = getattr(self._pool, "_processes", None) or {}
            for process in list(processes.values()):
                process.terminate()
        # Futures are not cancelled: the pool's own thread, finding its processes gone, would stumble over cancelled ones.
        self._pool.shutdown(wait=not now)
        self._pool = None


@dataclass(frozen=True, slots=True)
class _Both(Generic[A, B, R]):
    """Two halves as one function that can be pickled."""

    first: Callable[[A], B]
    then: Callable[[B], R]

    def __call__(self, task: A) -> R:
        return self.then(self.first(task))


@contextmanager
def _all_alive() -> Iterator[None]:
    """Say in plain words that a process is gone."""
    try:
        yield
    except BrokenExecutor as e:
        raise EnvironmentProblemError(
            "A worker process was ended by the system, most often because it ran out of memory.",
            "Run the command again: finished shards are kept. Fewer --workers need less memory.",
        ) from e


def _finished(waiting: dict[Future[R], int]) -> Iterator[tuple[int, R]]:
    done, _ = wait(waiting, return_when=FIRST_COMPLETED)
    for future in done:
        yield waiting.pop(future), future.result()


@contextmanager
def open_workers(
    count: int | None = 1, cluster: str | None = None, work: Path | None = None, raw: Sequence[Path] = ()
) -> Iterator[Workers]:
    """Workers for one command.

    count: number of processes; 1 runs in this process, None takes one per core where there is much to do. cluster: the
    address of a Dask scheduler, whose workers are used instead; they must see `work` (the `.work` folder) and `raw`.
    """
    if count is not None and count < 1:
        raise UsageError(f"{count} workers are not possible.", "Give a number of processes, 1 or more.")
    connected = None
    if cluster is not None and work is not None:
        from corpus_kit.core.parallel.dask import Cluster

        connected = Cluster(cluster, work, raw)
    workers = Workers(count, connected)
    try:
        yield workers
    except BaseException:
        # Ctrl-C or an error: no one waits for a long shard whose result is not wanted any more.
        workers.close(now=True)
        raise
    workers.close()


def available_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def _ctrl_c_is_for_the_parent() -> Iterator[None]:
    """Processes started here do not hear Ctrl-C, not even while they import; this one hears it right afterwards."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _without_the_main_module() -> Iterator[None]:
    """Processes started here do not run this program's main module again, as spawned ones do.

    Tasks are functions of corpus_kit. So no one waits for what else a script imports, and a script that calls `build` needs
    no `if __name__ == "__main__"`.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _load(modules: tuple[str, ...]) -> None:
    """In a worker: what its tasks will ask for anyway."""
    for module in modules:
        import_module(module)


def _begin() -> None:
    """In a worker, first of all. Processes are the parallelism: libraries do not start a thread per core in each of them."""
    import threading

    threading.Thread(target=_end_with_parent, daemon=True).start()
    # Imports make a hundred thousand objects that stay: going through them for cycles over and over, and once more at the
    # end, when all memory goes back anyway, took a worker longer than a unit does.
    gc.set_threshold(*_COLLECTED_AFTER)
    atexit.register(gc.freeze)
    for variable in _THREADS:
        os.environ.setdefault(variable, "1")
    import pyarrow

    pyarrow.set_cpu_count(1)


def _end_with_parent() -> None:
    """A pool's worker waits for work for ever when its parent was killed; and what it still does would be in the way."""
    from multiprocessing import parent_process

    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
