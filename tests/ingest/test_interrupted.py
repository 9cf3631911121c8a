"""Ctrl-C and kill -9 in the middle of a build: nothing half-written, and the same command goes on to the same bytes."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from ingest_samples import environment, ingest, no_half_written_folder, page, processes_told, small_units_command, write

from corpus_kit.ingest.batch import ReadUnit, UnitTask, read_unit


def start(*args: str | Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        small_units_command(*args),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def units(out: Path) -> list[Path]:
    return [p.parent for p in (out / ".work" / "documents").glob("*/unit.json") if not p.parent.name.endswith(".part")]


def made_files(out: Path) -> dict[str, str]:
    """sha256 of every made file, `.work` aside."""
    return {
        p.relative_to(out).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(out.rglob("*"))
        if p.is_file() and ".work" not in p.parts
    }


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("raw"), {f"{i:04d}.txt": page(i, 12) for i in range(160)})


@pytest.fixture(scope="module")
def undisturbed(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    code, _, err = finish(start("build", raw, "--out", out))
    assert code == 0, err
    assert len(units(out)) >= 20, "the corpus is too small to be interrupted"
    return made_files(out)


def interrupted(raw: Path, out: Path, workers: int, end: Callable[[int], None]) -> tuple[int, str]:
    """Start a build, end it when the first units are done; returns its exit code and words."""
    process = start("build", raw, "--out", out, "--workers", str(workers))
    until = time.monotonic() + 60
    while len(units(out)) < 3 and time.monotonic() < until:
        time.sleep(0.002)
    end(process.pid)
    code, _, err = finish(process)
    assert not (out / "documents").exists() and not (out / "release").exists(), "the build was done before the signal"
    return code, err


def went_on(raw: Path, out: Path, workers: int, undisturbed: dict[str, str]) -> None:
    """The same command once more: finished units are taken over, and the end is that of an undisturbed build."""
    before = {u.name: (u / "unit.json").stat().st_ino for u in units(out)}
    assert before
    code, _, err = finish(start("build", raw, "--out", out, "--workers", str(workers)))
    assert code == 0, err
    assert made_files(out) == undisturbed
    after = {u.name: (u / "unit.json").stat().st_ino for u in units(out)}
    assert all(after[name] == inode for name, inode in before.items()), "a finished unit was made again"
    left = [p.name for p in (out / ".work" / "documents").iterdir() if p.name not in after]
    assert left == [], "what the interrupted build left behind is swept away"
    assert "Not redone" in err


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_leaves_nothing_half_written_and_the_same_command_goes_on(
    workers: int, raw: Path, undisturbed: dict[str, str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    # A terminal sends Ctrl-C to the whole group.
    code, err = interrupted(raw, out, workers, lambda pid: os.killpg(pid, signal.SIGINT))
    assert code == 130
    assert "Stopped. Nothing is half-written" in err and "Traceback" not in err
    assert processes_told(err) == workers
    assert no_half_written_folder(out)
    went_on(raw, out, workers, undisturbed)


@pytest.mark.parametrize("module", ["corpus_kit.cli.main", "click", "corpus_kit.cli.commands.validate"])
def test_ctrl_c_while_the_command_is_still_being_imported_is_one_sentence(module: str, tmp_path: Path) -> None:
    program = f"""
import os, runpy, signal, sys

class Impatient:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Impatient())
sys.argv[1:] = ["validate"]
runpy.run_module("corpus_kit", run_name="__main__", alter_sys=True)
"""
    line = [sys.executable, "-c", program]
    done = subprocess.run(
        line, env=environment(), cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr.strip() == "Stopped. Nothing is half-written; the same command goes on where it stopped."


@pytest.mark.slow
def test_kill_9_loses_only_the_units_under_way_and_ends_the_workers(
    raw: Path, undisturbed: dict[str, str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    children: list[int] = []

    def kill(pid: int) -> None:
        line = Path(f"/proc/{pid}/task/{pid}/children")
        if not line.exists():
            pytest.skip("the system does not list a process's children")
        children.extend(map(int, line.read_text(encoding="ascii").split()))
        os.kill(pid, signal.SIGKILL)

    code, _ = interrupted(raw, out, 2, kill)
    assert code == -signal.SIGKILL and len(children) >= 2
    assert no_half_written_folder(out)
    until = time.monotonic() + 20
    while any(map(_runs, children)) and time.monotonic() < until:
        time.sleep(0.05)
    assert [c for c in children if _runs(c)] == []
    went_on(raw, out, 2, undisturbed)


def test_what_a_killed_build_had_half_done_makes_room_before_the_next_one_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small, half = write(tmp_path / "raw", {"a.txt": page(1)}), tmp_path / "out" / ".work" / "documents" / "0a.1b.part"
    write(half, {"shard-00000.parquet.2c.part": b"half a shard"})
    seen: list[bool] = []

    def watched(task: UnitTask) -> ReadUnit:
        seen.append(half.exists())
        return read_unit(task)

    monkeypatch.setattr("corpus_kit.ingest.documents.read_unit", watched)
    ingest(small, tmp_path / "out")
    assert seen == [False]


def _runs(pid: int) -> bool:
    try:
        return (
            Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rsplit(")", 1)[1].split()[0] != "Z"
        )
    except OSError:
        return False
