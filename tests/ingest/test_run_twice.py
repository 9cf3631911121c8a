"""A task that runs twice, also at once and on another machine of the same folder, does no harm: a cluster does that."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from ingest_samples import ingest, write

from corpus_kit.core.parallel.executor import Workers
from corpus_kit.core.storage.folders import aside_of, move_into_place, note_of, write_checked_json


def _twice(self: Workers, function: Any, tasks: Any, *_: Any, **__: Any) -> Any:
    """Every task by four threads at once, in the place of `Workers.run`."""
    with ThreadPoolExecutor(4) as threads:
        for index, task in enumerate(tasks):
            answers = [f.result() for f in [threads.submit(function, task) for _ in range(4)]]
            yield index, answers[0]


def _made(out: Path) -> dict[str, str]:
    files = [p for p in sorted(out.rglob("*")) if p.is_file() and ".work" not in p.parts]
    return {p.relative_to(out).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_every_task_run_four_times_at_once_makes_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = " ".join(f"word{i}" for i in range(200))
    texts = {f"{n}.txt": f"{story} {n}" if n < 3 else f"page {n} " + story[n * 40 :][: 300 + n] for n in range(12)}
    raw = write(tmp_path / "raw", texts)
    once = ingest(raw, tmp_path / "once")
    assert once.result.clusters >= 1
    monkeypatch.setattr(Workers, "run", _twice)
    ingest(raw, tmp_path / "out")
    assert _made(tmp_path / "out") == _made(tmp_path / "once")
    write(tmp_path / "raw", {"zz.txt": f"{story} again"})
    ingest(raw, tmp_path / "out")
    assert not list((tmp_path / "out").rglob("*.part"))
    monkeypatch.undo()
    ingest(raw, tmp_path / "again")
    assert _made(tmp_path / "out") == _made(tmp_path / "again")


def test_a_finished_folder_is_replaced_only_by_another_result(tmp_path: Path) -> None:
    def make(content: str) -> None:
        aside = aside_of(tmp_path / "made")
        aside.mkdir()
        (aside / "data.txt").write_text(content, encoding="ascii")
        write_checked_json(
            aside / "facts.json", {"content": content, "files": {"data.txt": note_of(aside / "data.txt")}}
        )
        move_into_place(aside, tmp_path / "made", "facts.json")

    def place() -> int:
        return (tmp_path / "made").stat().st_ino

    make("one")
    first = place()
    make("one")
    assert place() == first
    (tmp_path / "made" / "data.txt").write_text("torn", encoding="ascii")
    make("one")
    assert place() != first and (tmp_path / "made" / "data.txt").read_text("ascii") == "one"
    with ThreadPoolExecutor(8) as threads:
        for _ in range(50):
            [f.result() for f in [threads.submit(make, c) for c in ("two", "three") * 4]]
            assert (tmp_path / "made" / "data.txt").read_text("ascii") in ("two", "three")
    assert [p.name for p in tmp_path.iterdir()] == ["made"]
