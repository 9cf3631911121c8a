"""What comes to light while files are read, added up: per unit in its facts, per build for the console and the manifest.

Everything is a sum or the first of something in source order, so that it depends on neither processes nor their number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from corpus_kit.ingest.discover import RawFile
from corpus_kit.ingest.formats.base import FileFacts, ReadingNotes, RejectedRecord

_SENTENCES = 20
"""Of odd files, in a unit's facts and in a build's."""
_NOT_READ = (
    "malformed",
    "undecodable",
    "truncated",
    "decompression",
    "unreadable",
    "record_too",
    "file_too",
    "no_header",
)
_PLAIN = (FileFacts(), FileFacts(named="text", format="text"))


@dataclass(slots=True)
class ReadAs:
    """Files that were read alike. files: how many. first: the source of the first. fields: of its first record."""

    settled: dict[str, Any]
    files: int
    first: str
    fields: list[str]


@dataclass(slots=True)
class FieldNote:
    """Values of a column or field. count: how many. example: the first."""

    column: str
    what: str
    count: int
    example: str = ""


@dataclass(slots=True)
class UnreadPart:
    """What could not be read: in how many places, rows where their number is known, bytes."""

    places: int = 0
    rows: int = 0
    bytes: int = 0


@dataclass(slots=True)
class BuildNotes:
    """What came to light in a build.

    Attributes:
        read: Groups of files that were read alike, pages of plain text left out.
        values: Values that became null or were changed.
        unused: Fields that look like a column which nothing filled; `what` is the field.
        odd: (source, sentence) of files that look strange.
        odd_files: How many there are.
        records: In how many records fields could be used.
        lost: What could not be read.
    """

    read: list[ReadAs] = field(default_factory=list)
    values: list[FieldNote] = field(default_factory=list)
    unused: list[FieldNote] = field(default_factory=list)
    odd: list[tuple[str, str]] = field(default_factory=list)
    odd_files: int = 0
    lost: UnreadPart = field(default_factory=UnreadPart)


class UnitNotes:
    """Adds up the notes of the files of a unit."""

    def __init__(self) -> None:
        self._read: dict[tuple[FileFacts, tuple[str, ...]], list[Any]] = {}
        self._values: Counter[tuple[str, str]] = Counter()
        self._unused: Counter[tuple[str, str]] = Counter()
        self._examples: dict[tuple[str, str], str] = {}
        self._odd: list[tuple[str, str]] = []
        self._odd_files = 0
        self._lost = UnreadPart()

    def lose(self, item: RejectedRecord) -> None:
        """Count what a refused record stands for, that could not be read."""
        if not item.refusal.reason.startswith(_NOT_READ):
            return  # it was read, and is no document
        self._lost.places += 1
        self._lost.rows += item.rows or 0
        self._lost.bytes += item.bytes

    def add(self, file: RawFile, notes: ReadingNotes) -> None:
        """Add one file's notes."""
        if notes.settled not in _PLAIN or notes.fields:
            key = (notes.settled, tuple(list(notes.fields)[:40]))
            seen = self._read.get(key)
            if seen is None:
                self._read[key] = [1, file.source]
            else:
                seen[0] += 1
        if notes.values or notes.unused:
            self._values.update(notes.values)
            self._unused.update(notes.unused)
            for key2, example in notes.examples.items():
                self._examples.setdefault(key2, example)
        if notes.odd:
            self._odd_files += 1
            if len(self._odd) < _SENTENCES:
                self._odd += [(file.source, sentence) for sentence in notes.odd]

    def facts(self) -> dict[str, Any]:
        """For `unit.json`; only what there is."""
        made: dict[str, Any] = {
            "read": [[list(s), list(fields), n, first] for (s, fields), (n, first) in self._read.items()],
            "values": [[*key, n, self._examples.get(key, "")] for key, n in sorted(self._values.items())],
            "unused": [[*key, n] for key, n in sorted(self._unused.items())],
            "odd": [list(one) for one in self._odd],
            "odd_files": self._odd_files,
            "lost": [self._lost.places, self._lost.rows, self._lost.bytes] if self._lost.places else [],
        }
        return {name: value for name, value in made.items() if value}


def add_up(units: Iterable[dict[str, Any]]) -> BuildNotes:
    """The notes of a build from the facts of its units, in source order."""
    made = BuildNotes()
    read: dict[tuple[Any, ...], ReadAs] = {}
    values: dict[tuple[str, str], FieldNote] = {}
    unused: dict[tuple[str, str], FieldNote] = {}
    for facts in units:
        for settled, fields, files, first in facts.get("read", ()):
            key = (tuple(settled), tuple(fields))
            if key in read:
                read[key].files += files
            else:
                kept = {k: v for k, v in FileFacts(*settled)._asdict().items() if v not in ("", None)}
                if "quote" in kept or settled[4] is not None:
                    kept |= {"quote": settled[5], "escape": settled[6]}
                read[key] = ReadAs(kept, files, first, fields)
        for column, what, count, example in facts.get("values", ()):
            _add(values, column, what, count, example)
        for column, name, count in facts.get("unused", ()):
            _add(unused, column, name, count, "")
        made.odd += [(source, sentence) for source, sentence in facts.get("odd", ())]
        made.odd_files += facts.get("odd_files", 0)
        places, rows, size = facts.get("lost") or (0, 0, 0)
        made.lost = UnreadPart(made.lost.places + places, made.lost.rows + rows, made.lost.bytes + size)
    made.odd = made.odd[:_SENTENCES]
    made.read, made.values, made.unused = list(read.values()), list(values.values()), list(unused.values())
    return made


def _add(notes: dict[tuple[str, str], FieldNote], column: str, what: str, count: int, example: str) -> None:
    if (column, what) in notes:
        notes[column, what].count += count
    else:
        notes[column, what] = FieldNote(column, what, count, example)


def for_manifest(notes: BuildNotes) -> dict[str, Any]:
    """What a build settled about its files, for `documents/manifest.json`."""
    return {
        "read": [{**one.settled, "files": one.files, "first": one.first, "fields": one.fields} for one in notes.read],
        "values": [asdict(one) for one in notes.values],
    }
