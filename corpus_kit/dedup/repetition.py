"""What publishers repeat, known before anything is signed: suggestions of boilerplate go by it, and copies by those.

    lines (every new shard)  →  repeated lines (ranges of keys)  →  where they stand (every shard)

The search for copies takes over what is counted here (`find_copies`), so nothing is counted twice.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from corpus_kit.core.parallel.executor import Workers
from corpus_kit.core.progress import Progress, counted
from corpus_kit.core.records import Shard
from corpus_kit.core.storage.folders import read_checked_json, remove, write_checked_json
from corpus_kit.dedup.counting import CountTask, count_shard, is_counted
from corpus_kit.dedup.lines import (
    LINES,
    PAGES,
    PLACES,
    LineTask,
    contains,
    count_lines,
    count_publishers,
    ranges,
)
from corpus_kit.dedup.settings import DedupRecipe
from corpus_kit.dedup.shingles import U64
from corpus_kit.dedup.state import (
    drop_corrupt,
    note_arrays,
    open_array,
    readable,
    save_array,
    save_listing,
)

Run = Callable[[str, Callable[[Any], int], Sequence[Any]], int]
"""Runs a step: label, function, tasks; returns the sum of the results."""

REPEATED_PLACE = np.dtype([("document", "<u4"), ("start", "<u4")])
"""Where a repeated line stands. document: row in the shard. start: code point of the line's first word in the text."""
LINES_FOLDER = "lines"
"""The folder in `.work` where the shards' lines are counted."""
_REPEATED, _RESULT = "repeated.npy", "result.json"
# What a document takes, roughly: to be counted, to have its places found, and in between.
_SECONDS_PER_COUNTED, _SECONDS_PER_PLACED, _SECONDS_PER_DOCUMENT = 1.5e-4, 1e-5, 1e-5


@dataclass(frozen=True, slots=True)
class RepeatedPlaces:
    """Where repeated lines stand in one shard. path: a file of `REPEATED_PLACE`s, sorted; None where there are none.
    sha256: of these, empty where there are none."""

    path: Path | None = None
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Repetition:
    """folders: of each shard, with its lines and pages. repeated: file of the sorted keys of all repeated lines.
    places: of each shard."""

    folders: tuple[Path, ...]
    repeated: Path
    places: tuple[RepeatedPlaces, ...]


@dataclass(frozen=True, slots=True)
class PlaceTask:
    """One call of `place_lines`. folder: that `count_shard` filled. target: the file to make."""

    folder: str
    repeated: str
    target: str


def find_repetition(
    shards: Sequence[Shard], work: Path, recipe: DedupRecipe, workers: Workers, progress: Progress
) -> Repetition:
    """Count the lines of all shards that are new, and find the repeated ones in all.

    work: a folder that is kept between builds. Only documents with a publisher have repeated lines in `places`.
    """
    folder = work / recipe.key
    folder.mkdir(parents=True, exist_ok=True)
    prune(work, {folder.name})
    drop_corrupt(folder)
    folders = tuple(folder / s.sha256[:32] for s in shards)
    documents = sum(s.rows for s in shards)

    def run(label: str, function: Callable[[Any], int], tasks: Sequence[Any]) -> int:
        return run_counted(label, function, tasks, workers, progress, documents * _SECONDS_PER_DOCUMENT)

    _count(shards, folders, workers, progress)
    of = hashlib.sha256(repr([recipe.settings.repeated_lines, *(f.name for f in folders)]).encode()).hexdigest()
    if read_checked_json(folder / _RESULT) != {"of": of} or not readable(folder / _REPEATED):
        (folder / _RESULT).unlink(missing_ok=True)
        # Not the folder that a straggler of a killed run may still write to.
        scratch = folder / f"scratch-{uuid.uuid4().hex}"
        scratch.mkdir()
        listing = save_listing(scratch / "shards.txt", [str(path) for path in folders])
        save_array(folder / _REPEATED, repeated_keys(folders, listing, scratch, recipe.settings.repeated_lines, run))
        write_checked_json(folder / _RESULT, {"of": of})
    name = f"repeated-{hashlib.sha256(open_array(folder / _REPEATED).tobytes()).hexdigest()[:16]}.npy"
    tasks = [PlaceTask(str(path), str(folder / _REPEATED), str(path / name)) for path in folders]
    found = [RepeatedPlaces()] * len(tasks)
    with counted(progress, "placing repeated lines", len(tasks)) as step:
        for index, sha256 in workers.run(place_lines, tasks, documents * _SECONDS_PER_PLACED):
            found[index] = RepeatedPlaces(Path(tasks[index].target), sha256) if sha256 else RepeatedPlaces()
            step.advance()
    prune(folder, {path.name for path in folders} | {_REPEATED, _RESULT})
    for path in folders:
        prune(path, {LINES, PAGES, PLACES, name})
    note_arrays(folder)
    return Repetition(folders, folder / _REPEATED, tuple(found))


def _count(shards: Sequence[Shard], folders: Sequence[Path], workers: Workers, progress: Progress) -> None:
    new = {}
    for shard, folder in zip(shards, folders, strict=True):
        task = CountTask(str(shard.path), str(folder))
        if not is_counted(task):
            new[folder] = task, shard.rows
    rows = sum(rows for _, rows in new.values())
    tasks = [task for task, _ in new.values()]
    run_counted("reading lines", count_shard, tasks, workers, progress, rows * _SECONDS_PER_COUNTED)


def repeated_keys(folders: Sequence[Path], listing: str, scratch: Path, least: int, run: Run) -> U64:
    """The sorted keys of the lines that publishers repeat (`lines.repeated_lines`).

    folders: with `LINES` and `PAGES`; listing: file that names them. scratch: a folder of this run's own.
    """
    if not folders:
        return np.empty(0, np.uint64)
    counts = str(scratch / "publishers.npy")
    save_array(counts, count_publishers(open_array(folder / PAGES) for folder in folders))
    rows = sum(len(open_array(folder / LINES)) for folder in folders)
    tasks = [
        LineTask(listing, first, last, counts, least, str(scratch / f"lines-{number:05d}.npy"))
        for number, (first, last) in enumerate(ranges(rows))
    ]
    run("counting lines", count_lines, tasks)
    keys: U64 = np.concatenate([open_array(t.target) for t in tasks])
    return keys


def place_lines(task: PlaceTask) -> str:
    """Write `task.target`; returns the sha256 of its rows, empty where no line of the shard is repeated."""
    if not readable(task.target):
        places = open_array(Path(task.folder, PLACES))
        hit = places[contains(np.array(open_array(task.repeated)), np.array(places["key"]))]
        made = np.empty(len(hit), REPEATED_PLACE)
        made["document"], made["start"] = hit["document"], hit["start"]
        save_array(task.target, made)
    found = np.array(open_array(task.target))
    return hashlib.sha256(found.tobytes()).hexdigest() if len(found) else ""


def run_counted(
    label: str,
    function: Callable[[Any], int],
    tasks: Sequence[Any],
    workers: Workers,
    progress: Progress,
    seconds: float,
) -> int:
    """Run a step with its progress; returns the sum of the results. seconds: what it takes on one core, roughly."""
    total = 0
    with counted(progress, label, len(tasks)) as step:
        for _, result in workers.run(function, tasks, seconds):
            total += result
            step.advance()
    return total


def prune(folder: Path, used: set[str]) -> None:
    """Remove what no one asks for any more."""
    for path in folder.iterdir():
        if path.name not in used:
            remove(path)
