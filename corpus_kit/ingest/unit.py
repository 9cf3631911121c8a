"""The work of ingest as a pure function: a unit of raw files in, checked Parquet shards out.

A unit is a run of neighbouring files. Its folder in `.work/documents/` is keyed by what it reads and how, so a second
build finds it again; it is made aside and renamed when complete, so an interrupted build goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpus_kit.core.collector import without_collector
from corpus_kit.core.folders import aside_of, gone_on_failure, keep_json, kept_facts, note_of, put_in_place
from corpus_kit.core.tables import file_sha256
from corpus_kit.ingest.discover import RawFile
from corpus_kit.ingest.readers import Limits
from corpus_kit.ingest.unit_task import FILES_OF_MANY, UNIT_FILE, UnitTask
from corpus_kit.ingest.unit_writer import UnitWriter


def finished_unit(folder: Path, files: tuple[RawFile, ...]) -> dict[str, Any] | None:
    """What a finished unit's folder says, when nobody has touched its raw files since.

    A file that could not be read is tried again: who reads and what the disk answers are in no stamp.
    """
    facts = kept_facts(folder / UNIT_FILE)
    if facts is None or None in facts["sha256"] or facts["stamps"] != [list(f.stamp) for f in files]:
        return None
    return _told(facts)


@dataclass(frozen=True, slots=True)
class ReadUnit:
    """A unit between its halves. writer: its rows, not all written yet; None where the files are the bytes of last time."""

    folder: Path
    facts: dict[str, Any]
    writer: UnitWriter | None


def read_unit(task: UnitTask) -> ReadUnit:
    """The first half of making a unit: read its files."""
    folder, limits = Path(task.folder), task.recipe.limits
    known = kept_facts(folder / UNIT_FILE)
    stamps = [list(f.stamp) for f in task.unit.files]
    if known is not None and known["sha256"] == [_read(f, limits)[1] for f in task.unit.files]:
        known["stamps"] = stamps
        keep_json(folder / UNIT_FILE, known)
        return ReadUnit(folder, known, None)
    aside = aside_of(folder)
    aside.mkdir(parents=True)
    writer = UnitWriter(aside, task)
    digests = []
    with gone_on_failure(aside), without_collector():  # the rows of a shard wait for one another: a tenth of the time
        for file in task.unit.files:
            content, digest = _read(file, limits)
            writer.take_file(file, content, digest)
            digests.append(digest)
    # No hash for what was written to meanwhile, so that the next build reads it again.
    digests = [None if f.source in writer.changed else d for f, d in zip(task.unit.files, digests, strict=True)]
    return ReadUnit(folder, {"stamps": stamps, "sha256": digests}, writer)


def write_unit(read: ReadUnit) -> dict[str, Any]:
    """The second half: check the rows and write them. Returns what `unit.json` says, but for what only files tell.

    `reused` in it is True when the files turned out to be the same bytes as last time.
    """
    if read.writer is None:
        return _told(read.facts) | {"reused": True}
    aside, folder = read.writer.folder, read.folder
    with gone_on_failure(aside):
        facts = read.writer.finish() | read.facts
        known = {shard["name"]: shard["sha256"] for shard in facts["shards"]}
        facts["files"] = {path.name: note_of(path, known.get(path.name)) for path in sorted(aside.iterdir())}
        keep_json(aside / UNIT_FILE, facts)
    # Not flushed: what a power cut leaves half-written is noticed by its size, and `documents` is flushed as a whole.
    put_in_place(aside, folder, UNIT_FILE)
    return _told(facts) | {"reused": False}


def _told(facts: dict[str, Any]) -> dict[str, Any]:
    """Without the stamps of all files and the notes of those made: nobody asks for them, and there may be millions."""
    return {key: value for key, value in facts.items() if key not in ("stamps", "files")}


def _read(file: RawFile, limits: Limits) -> tuple[bytes | None, str | None]:
    """A file's bytes as they lie on the disk, where it is a small one of one record, and their sha256."""
    try:
        if file.format in FILES_OF_MANY or file.size > limits.max_record_bytes:
            return None, file_sha256(Path(file.location))
        # Plain descriptors: a file object costs as much as the reading of a small file.
        handle = os.open(file.location, os.O_RDONLY | os.O_CLOEXEC)
        try:
            content = os.read(handle, file.size + 1)
        finally:
            os.close(handle)
        if len(content) != file.size:  # it has changed since, or the disk gives it piece by piece
            with open(file.location, "rb") as stream:
                content = stream.read(limits.max_record_bytes + 1)
        return content, hashlib.sha256(content).hexdigest()
    except OSError:
        return None, None  # the reader says why
