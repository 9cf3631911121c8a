"""Tasks run in this process or in a spawned pool, a bounded window at a time, with the same results."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from executor_tasks import die, fail, loaded, square, threads, who

from corpus_kit.core.errors import ConfigError, EnvironmentProblemError, UsageError
from corpus_kit.core.parallel.executor import Workers, available_cores, open_workers


@pytest.fixture(scope="module")
def two() -> Iterator[Workers]:
    with open_workers(2) as workers:
        yield workers


def test_one_worker_runs_in_this_process_and_in_order() -> None:
    with open_workers(1) as workers:
        assert list(workers.run(square, range(4))) == [(0, 0), (1, 1), (2, 4), (3, 9)]
        assert dict(workers.run(who, range(1))) == {0: os.getpid()}


def test_two_workers_give_the_same_results_from_other_processes(two: Workers) -> None:
    assert dict(two.run(square, range(40))) == {i: i * i for i in range(40)}
    pids = set(dict(two.run(who, range(6))).values())
    assert os.getpid() not in pids and 1 <= len(pids) <= 2


def test_workers_do_not_start_a_thread_per_core(two: Workers) -> None:
    assert set(dict(two.run(threads, range(4))).values()) == {("1", 1, "1")}


def test_only_a_window_of_tasks_is_taken_at_a_time(two: Workers) -> None:
    taken = 0

    class Counted(list[int]):
        def __iter__(self) -> Iterator[int]:
            nonlocal taken
            for item in super().__iter__():
                taken += 1
                yield item

    results = two.run(square, Counted(range(1000)))
    next(results)
    assert taken <= 2 * 2 + 2
    assert len(list(results)) == 999


def test_an_error_of_a_worker_keeps_its_kind_and_hint(two: Workers) -> None:
    with pytest.raises(ConfigError) as caught:
        list(two.run(fail, range(20)))
    assert (caught.value.message, caught.value.hint) == ("three is wrong", "take four")
    assert len(list(two.run(square, range(3)))) == 3, "the pool goes on"


def test_a_worker_that_is_ended_by_the_system_is_an_error_of_the_environment() -> None:
    with pytest.raises(EnvironmentProblemError, match="worker process was ended") as caught, open_workers(2) as workers:
        list(workers.run(die, range(8)))
    assert "--workers" in caught.value.hint


def test_without_a_number_few_tasks_need_no_processes() -> None:
    with open_workers(None) as workers:
        assert dict(workers.run(who, range(3))) == dict.fromkeys(range(3), os.getpid())
        assert list(workers.run(who, [])) == []


@pytest.mark.slow
def test_work_that_is_done_sooner_than_processes_start_needs_none_however_many_are_wanted() -> None:
    with open_workers(2) as workers:
        assert set(dict(workers.run(who, range(50), seconds=0.1)).values()) == {os.getpid()}
        assert os.getpid() not in dict(workers.run(who, range(50), seconds=60.0)).values()
        assert os.getpid() not in dict(workers.run(who, range(50), seconds=0.1)).values(), "they run already"


def test_processes_that_are_started_beforehand_load_what_they_are_told_to() -> None:
    with open_workers(2) as workers:
        workers.start("colorsys")
        started = list(getattr(workers._pool, "_processes"))  # noqa: B009 - not public
        assert len(started) == 2
        assert set(dict(workers.run(loaded, ["colorsys"] * 4)).values()) == {True}
        assert set(dict(workers.run(who, range(6))).values()) <= set(started)


def test_nothing_is_started_beforehand_where_one_process_does_it_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("corpus_kit.core.parallel.executor.available_cores", lambda: 1)
    for count in (1, None):
        with open_workers(count) as workers:
            workers.start("colorsys")
            assert workers._pool is None


def test_a_script_needs_no_guard_and_runs_once(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "print('run', flush=True)\n"
        "from executor_tasks import square\n"
        "from corpus_kit.core.parallel.executor import open_workers\n"
        "with open_workers(2) as workers:\n"
        "    print(sorted(dict(workers.run(square, range(5))).values()))\n",
        encoding="utf-8",
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines() == ["run", "[0, 1, 4, 9, 16]"]


def test_workers_below_one_are_a_usage_error() -> None:
    with pytest.raises(UsageError, match="0 workers are not possible"), open_workers(0):
        raise AssertionError("never reached")


def test_the_cores_of_this_process_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert 1 <= available_cores() <= (os.cpu_count() or 1)
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert available_cores() == (os.cpu_count() or 1)


def plus_one(number: int) -> int:
    return number + 1


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("count", [0, 1, 7])
def test_two_halves_give_every_result_under_the_index_of_its_task(workers: int, count: int) -> None:
    with open_workers(workers) as opened:
        found = dict(opened.run_halves(square, plus_one, range(10, 10 + count), seconds=60.0))
    assert found == {index: (10 + index) ** 2 + 1 for index in range(count)}


def test_what_was_begun_is_not_done_twice_and_comes_with_the_rest() -> None:
    with open_workers(2) as opened:
        assert opened.begin(square, plus_one, 3) is None, "no process runs yet"
        opened.start()
        begun = {0: opened.begin(square, plus_one, 10), 4: opened.begin(square, plus_one, 14)}
        known = {index: future for index, future in begun.items() if future is not None}
        assert len(known) == 2
        # Were a task that is begun handed in again, this one would fail.
        tasks: list[Any] = ["begun", 11, 12, 13, "begun"]
        found = dict(opened.run_halves(square, plus_one, tasks, 0.1, known))
    assert found == {index: (10 + index) ** 2 + 1 for index in range(5)}


def test_no_more_is_begun_than_the_processes_have_time_for() -> None:
    with open_workers(2) as opened:
        opened.start()
        begun = [opened.begin(who, plus_one, number) for number in range(20)]
        assert 1 <= sum(future is not None for future in begun) <= 6, "twenty take half a second"


def test_a_process_that_ends_on_what_was_begun_is_an_error_of_the_environment() -> None:
    with pytest.raises(EnvironmentProblemError, match="worker process was ended"), open_workers(2) as opened:
        opened.start()
        begun = opened.begin(die, plus_one, 2)
        assert begun is not None
        list(opened.run_halves(die, plus_one, [2, 3, 4], 60.0, {0: begun}))


def test_one_process_begins_the_next_task_while_the_last_one_is_finished() -> None:
    begun = threading.Event()

    def first(task: int) -> int:
        if task == 1:
            begun.set()
        return task

    def then(task: int) -> bool:
        return task == 1 or begun.wait(30)  # of task 0: only true when task 1 has begun meanwhile

    with open_workers(1) as opened:
        assert dict(opened.run_halves(first, then, [0, 1])) == {0: True, 1: True}


def test_an_error_of_a_second_half_is_not_lost() -> None:
    with open_workers(1) as opened, pytest.raises(ConfigError):
        list(opened.run_halves(plus_one, fail, [1, 2]))
