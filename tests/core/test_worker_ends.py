"""A worker process that the system ends is a sentence and a next step, whenever it happens."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time

import pytest

from corpus_kit.core.errors import EnvironmentProblemError
from corpus_kit.core.parallel.executor import open_workers


def end_yourself(task: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return task


def use_all_memory(task: int) -> int:
    raise MemoryError


def test_a_worker_that_is_ended_is_a_sentence_and_the_next_step() -> None:
    with pytest.raises(EnvironmentProblemError, match="ended by the system") as caught, open_workers(2) as workers:
        list(workers.run(end_yourself, range(8), 1e9))
    assert "Fewer --workers" in caught.value.hint


def test_a_worker_that_is_ended_while_others_start_is_the_same_sentence() -> None:
    with pytest.raises(EnvironmentProblemError, match="ended by the system"), open_workers(2) as workers:
        workers.start()
        for process in multiprocessing.active_children():
            process.kill()
            process.join()
        until = time.monotonic() + 30
        while (begun := workers.begin(end_yourself, end_yourself, 1)) is not None and time.monotonic() < until:
            assert begun.exception() is not None
        list(workers.run(end_yourself, range(8), 1e9))


def test_memory_that_is_used_up_in_a_worker_is_that_error_here() -> None:
    with pytest.raises(MemoryError), open_workers(2) as workers:
        list(workers.run(use_all_memory, range(4), 1e9))
