"""A build is one step: a kill or an error at any moment leaves the old set of folders or the new one."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from strangers import PAGES, digest, made_corpus

from corpus_kit.core.storage import step
from corpus_kit.core.storage.folders import drop_folder, made_folder, settle, work_folder, write_manifest
from corpus_kit.core.storage.step import MADE, one_step
from corpus_kit.corpus import Corpus


class Killed(BaseException):
    """Stands for SIGKILL: nothing after it is done by the process that it hits."""


def make(data: Path, content: str, names: tuple[str, ...], dropped: tuple[str, ...] = ()) -> None:
    """What a build does with its folders, in small; one of them is made twice, as suggestions are."""
    with work_folder(data) as work, one_step(data, work):
        for name in (*names, names[0]):
            with made_folder(data / name, work) as folder:
                (folder / "rows.txt").write_text(f"{name} {content}")
                write_manifest(folder)
        for name in dropped:
            drop_folder(data / name, work)


def state(data: Path) -> dict[str, str]:
    return {
        path.name: (path / "rows.txt").read_text() for path in sorted(data.iterdir()) if not path.name.startswith(".")
    }


def killed_at(number: int, monkeypatch: pytest.MonkeyPatch, run: Callable[[], None]) -> bool:
    """Run until so many changes of the disk were made; True when the process was killed before its end."""
    made = 0

    def counted(real: Any) -> Any:
        def one(*args: Any, **options: Any) -> Any:
            nonlocal made
            made += 1
            if made > number:
                raise Killed
            return real(*args, **options)

        return one

    with monkeypatch.context() as patched:
        for name in ("rename", "replace", "unlink", "mkdir"):
            patched.setattr(Path, name, counted(getattr(Path, name)))
        patched.setattr(shutil, "rmtree", counted(shutil.rmtree))
        try:
            run()
        except Killed:
            return True
        finally:
            step._OPEN.clear()
    return False


def test_a_kill_at_any_moment_leaves_the_old_set_or_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, after = ("documents", "suggestions", "report"), ("documents", "suggestions", "release")
    seen = set()
    for number in range(200):
        data = tmp_path / str(number)
        make(data, "old", before)
        old = state(data)
        killed = killed_at(number, monkeypatch, lambda data=data: make(data, "new", after, ("report",)))  # type: ignore[misc]
        settle(data)
        assert state(data) in (old, {name: f"{name} new" for name in sorted(after)}), number
        seen.add(state(data) == old)
        make(data, "new", after, ("report",))
        assert state(data) == {name: f"{name} new" for name in sorted(after)}
        assert {p.name for p in (data / ".work").iterdir()} == {"lock"}
        if not killed:
            break
    else:
        raise AssertionError("it never came to its end")
    assert seen == {True, False}
    assert number > 15


@pytest.mark.slow
def test_a_kill_while_it_is_undone_is_undone_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("documents", "suggestions", "release")
    for first in range(8, 30, 3):
        for second in range(12):
            data = tmp_path / f"{first}-{second}"
            make(data, "old", names[:2])
            old = state(data)
            killed_at(first, monkeypatch, lambda data=data: make(data, "new", names))  # type: ignore[misc]
            killed_at(second, monkeypatch, lambda data=data: settle(data))  # type: ignore[misc]
            settle(data)
            assert state(data) in (old, {name: f"{name} new" for name in sorted(names)}), (first, second)


def test_an_error_puts_the_old_set_back_at_once(tmp_path: Path) -> None:
    data = tmp_path / "data"
    make(data, "old", ("documents", "release"))
    old = state(data)
    with pytest.raises(OSError, match="full"), work_folder(data) as work, one_step(data, work):
        with made_folder(data / "documents", work) as folder:
            (folder / "rows.txt").write_text("new")
            write_manifest(folder)
        raise OSError("the disk is full")
    assert state(data) == old


def test_an_error_in_the_last_stage_of_a_build_leaves_the_old_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from corpus_kit.pipeline import build

    root = made_corpus(tmp_path / "corpus", pages={"ferry.txt": PAGES["ferry.txt"]})
    Corpus.open(root).build(report=False)
    made = [root / "data" / name for name in sorted(MADE)]
    before = {folder.name: digest(folder) for folder in made if folder.exists()}
    (root / "data" / "raw" / "bridge.txt").write_text(PAGES["bridge.txt"])

    def full(*_: object, **__: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(build, "_report", full)
    with pytest.raises(OSError, match=os.strerror(28)):
        Corpus.open(root).build()
    assert {folder.name: digest(folder) for folder in made if folder.exists()} == before
    assert Corpus.open(root).validate().findings == []
    monkeypatch.undo()
    assert Corpus.open(root).build(report=False).documents == 2


@pytest.mark.parametrize("name", ["../home", "raw", "imports", "studio", ".", "/"])
def test_a_strangers_journal_takes_nothing_away(name: str, tmp_path: Path) -> None:
    data, home = tmp_path / "data", tmp_path / "home"
    for folder in (home, data / "raw", data / "imports", data / "studio"):
        folder.mkdir(parents=True)
        (folder / "precious.txt").write_text("precious")
    make(data, "old", ("documents",))
    (data / ".work" / "journal.json").write_text(json.dumps({name: False, "documents": True}))
    before = digest(home), digest(data / "raw"), digest(data / "imports"), digest(data / "studio")
    settle(data)
    assert (digest(home), digest(data / "raw"), digest(data / "imports"), digest(data / "studio")) == before
