"""One step: the made folders of a build change together, or not at all.

What a build replaces waits in `.work/before`, and a journal names it. While the journal is there, the older folders hold: an
error puts them back at once, and after a kill whoever comes next does. The journal's end is the moment from which the new
ones hold.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from corpus_kit.core.storage.tables import fsync_path

JOURNAL, BEFORE = "journal.json", "before"
MADE = frozenset("documents suggestions annotations gold rejected release report".split())
"""The folders of a build: what a journal names beside them is not touched."""
_OPEN: set[Path] = set()
"""The `.work` folders in which this process is in the middle of a step."""


@contextlib.contextmanager
def one_step(root: Path, work: Path) -> Iterator[None]:
    """What is made below `root` in this block holds from its end on; an error in it leaves what was there before.

    Args:
        root: The folder of the made folders.
        work: Its `.work`, held by this process.
    """
    _OPEN.add(work)
    try:
        yield
    except BaseException:
        _OPEN.discard(work)
        undo(root, work)
        raise
    _OPEN.discard(work)
    if (work / JOURNAL).exists():
        (work / JOURNAL).unlink()
        fsync_path(work)
    _remove(work / BEFORE)


def keep_for_step(target: Path, work: Path) -> bool:
    """Move a made folder to where its step can put it back from; False where there is no step, or it has one already.

    The journal is written first: it says whether there was such a folder.
    """
    if work not in _OPEN or target.parent != work.parent or target.name not in MADE:
        return False
    names = _read(work / JOURNAL)
    if target.name in names:
        return False
    there = target.exists()
    _write(work / JOURNAL, {**names, target.name: there})
    if there:
        (work / BEFORE).mkdir(exist_ok=True)
        target.rename(work / BEFORE / target.name)
    return True


def undo(root: Path, work: Path) -> None:
    """Put back what an unfinished step replaced, and take away what it made. It may be interrupted, and done again."""
    journal = work / JOURNAL
    if journal.exists():
        for name, was_there in sorted(_read(journal).items()):
            target, before, gone = root / name, work / BEFORE / name, work / f"{name}.undone"
            _remove(gone)
            if (before.exists() or not was_there) and target.exists():
                target.rename(gone)
            if before.exists():
                before.rename(target)
            _remove(gone)
        fsync_path(root)
        journal.unlink()
        fsync_path(work)
    _remove(work / BEFORE)


def _read(journal: Path) -> dict[str, bool]:
    """What a step has replaced so far: name → whether there was such a folder before it."""
    try:
        found = json.loads(journal.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {name: bool(was) for name, was in found.items() if name in MADE} if isinstance(found, dict) else {}


def _write(journal: Path, names: dict[str, bool]) -> None:
    aside = journal.with_name(f"{journal.name}.new")
    aside.unlink(missing_ok=True)
    with aside.open("x", encoding="utf-8") as f:
        json.dump(names, f, sort_keys=True)
    fsync_path(aside)
    aside.replace(journal)
    fsync_path(journal.parent)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
