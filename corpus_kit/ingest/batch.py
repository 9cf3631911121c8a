"""The work of ingest as a pure function: a unit of raw files in, checked Parquet shards out.

A unit is a run of neighbouring files. Its folder in `.work/documents/` is keyed by what it reads and how, so a second
build finds it again; it is made aside and renamed when complete, so an interrupted build goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from corpus_kit.core.errors import IdentityCollisionError
from corpus_kit.core.identity import HEX_DIGITS, Identity, ends_shard
from corpus_kit.core.parallel.process import without_collector
from corpus_kit.core.records import Rejected
from corpus_kit.core.schema.spec import ContractFile
from corpus_kit.core.storage.folders import (
    aside_of,
    cleanup_on_error,
    kept_facts,
    move_into_place,
    note_of,
    write_checked_json,
)
from corpus_kit.core.storage.tables import file_sha256, part_name, rejected_table, write_table
from corpus_kit.ingest.discover import RawFile, stamp_of
from corpus_kit.ingest.formats import ONE_RECORD
from corpus_kit.ingest.formats.base import Limits, RawRecord, ReadingNotes
from corpus_kit.ingest.json_values import RejectedValue, canonical_json
from corpus_kit.ingest.naming import RecordNames, explicit_id
from corpus_kit.ingest.notes import UnitNotes
from corpus_kit.ingest.readers import read_file
from corpus_kit.ingest.rows import Fields, KnownFields, make_row, text_hash
from corpus_kit.ingest.rules import Rules
from corpus_kit.ingest.shard import ShardRows, WrittenShard, write_shard

SHARD_BYTES = 2 << 20
"""Small enough that a new file costs little, at every stage; large enough that Parquet's own bytes do not count."""
SECONDS_PER_BYTE, SECONDS_PER_RECORD_BYTE = 1 / 40e6, 1 / 8e6
"""What reading and writing a unit takes, roughly, languages included: of files of one record, and of many."""
LEAST_SIZE = 512
"""An empty file counts for something too, or a million of them would be one unit."""
UNIT_FILE = "unit.json"
IDS_FILE = "ids.npy"
"""doc_id, check and the beginning of text_sha256 of every document, as three columns of uint64."""
REJECTED_FILE = "rejected.parquet"
"""The unit's refusals; there is none where nothing was refused."""
_FORMAT = 5
"""Of a unit's folder. Counted up when what lies in there changes, so that no build takes over what it cannot read."""

ShardMaker = Callable[[ShardRows], "WrittenShard | Future[WrittenShard]"]


@dataclass(frozen=True, slots=True)
class ReadRecipe:
    """How files are read. Everything that can change a byte of the result is in here, and in `key`."""

    rules: Rules
    id_scope: str
    fields: Fields
    contract: ContractFile
    gate: bytes
    versions: str
    shard_bytes: int = SHARD_BYTES

    @property
    def limits(self) -> Limits:
        """The largest record and file."""
        return self.rules.default.limits

    @property
    def key(self) -> str:
        parts: list[Any] = [asdict(self.rules), self.id_scope, asdict(self.fields)]
        parts += [self.contract.sha256, self.versions, self.shard_bytes, _FORMAT]
        return hashlib.sha256(canonical_json(parts).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Unit:
    """files: neighbours in source order. sidecar: their fields by source. repeated: ids that an earlier unit has
    already, doc_id → source of the one that is kept."""

    files: tuple[RawFile, ...]
    sidecar: dict[str, dict[str, Any]] = field(default_factory=dict)
    repeated: dict[str, str] = field(default_factory=dict)

    def key(self, recipe_key: str) -> str:
        """Name of the unit's folder: the recipe, the files' places and their metadata, but not their content."""
        places = [[f.root, f.path, f.format, f.compression] for f in self.files]
        text = canonical_json([recipe_key, places, self.sidecar, self.repeated])
        return hashlib.sha256(text.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class UnitTask:
    """One call of `read_unit`: paths and settings, no texts."""

    unit: Unit
    recipe: ReadRecipe
    folder: str

    @property
    def seconds(self) -> float:
        """What it takes, roughly."""
        return sum(
            max(f.size, LEAST_SIZE) * (SECONDS_PER_BYTE if f.format in ONE_RECORD else SECONDS_PER_RECORD_BYTE)
            for f in self.unit.files
        )


class UnitWriter:
    """Collects rows and refusals of one unit and writes them as shards."""

    def __init__(self, folder: Path, task: UnitTask, write: ShardMaker = write_shard) -> None:
        """write: makes a shard, now or in another process."""
        self.folder, self.unit, self.recipe, self.write = folder, task.unit, task.recipe, write
        self.rows: list[dict[str, Any]] = []
        self.identities: list[Identity] = []
        self.is_record: list[bool | None] = []
        self.rejected: list[Rejected] = []
        self.shards: list[tuple[int, WrittenShard | Future[WrittenShard]]] = []
        self.seen: dict[str, tuple[str, str]] = {}
        self.changed: set[str] = set()
        self.notes = UnitNotes()
        self.records = 0

    def take_file(self, file: RawFile, content: bytes | None, digest: str | None) -> None:
        sidecar = self.unit.sidecar.get(file.source, {}) if self.unit.sidecar else {}
        if sidecar and (wrong := _broken_promise(sidecar, file, digest)):
            self.records += 1
            self.rejected.append(Rejected("read", file.source, "hash_mismatch", wrong, raw_sha256=digest))
            return
        many = file.format not in ONE_RECORD
        notes, names = ReadingNotes(), RecordNames(file, self.recipe.id_scope)
        readings: dict[str, tuple[str, KnownFields]] = {}
        shard_bytes = self.recipe.shard_bytes
        before = len(self.rejected), self.records
        for item in read_file(file, self.recipe.rules, notes, content, digest):
            self.records += 1
            if isinstance(item, RawRecord):
                # Of a page that lies on the disk as it is read, the bytes are the text.
                raw = content if content is not None and item.raw_sha256 == digest else None
                if item.member not in readings:
                    reading = self.recipe.rules.of(names.path(item))
                    readings[item.member] = reading.columns["id"], KnownFields(reading, notes)
                self._take_record(item, raw, sidecar, names, *readings[item.member])
                if (
                    (item.number is not None or item.member)
                    and self.rows
                    and ends_shard(self.rows[-1]["doc_id"], self.rows[-1]["raw_bytes"], shard_bytes)
                ):
                    self._write_shard()
            else:
                place, refusal = names.place(item), item.refusal
                sha = refusal.raw_sha256 or (None if many or item.member else digest)
                self.rejected.append(Rejected("read", place, refusal.reason, refusal.detail, raw_sha256=sha))
                self.notes.lose(item)
        if many and _was_written_to(file):
            self.records += 1
            self.changed.add(file.source)
            self.rejected.append(Rejected("read", file.source, "changed_while_read", "what was read of it is taken"))
        if (len(self.rejected), self.records) == before:
            # A file of many records that holds none is a refusal too: nothing vanishes without a word.
            self.records += 1
            self.rejected.append(Rejected("read", file.source, "empty_text", "no records", raw_sha256=digest))
        self.notes.add(file, notes)

    def _take_record(
        self,
        record: RawRecord,
        raw: bytes | None,
        sidecar: dict[str, Any],
        names: RecordNames,
        id_field: str,
        known: KnownFields,
    ) -> None:
        """raw: the bytes of the text where they are at hand."""
        try:
            text_sha256 = text_hash(record)
            explicit = explicit_id(record, sidecar, id_field)
            identity, source = names.name(record, text_sha256, explicit)
            self._refuse_repeated(identity, source)
            row = make_row(record, identity.doc_id, source, text_sha256, sidecar, known, self.recipe.fields)
            if raw is not None and record.decoded.same_bytes:
                row["text"] = raw  # what the table holds in the end: the text is not encoded again
            self.rows.append(row)
            self.is_record.append(None if record.page is not None else record.number is not None)
            self.identities.append(identity)
            self.seen[identity.doc_id] = (identity.check, source)
        except RejectedValue as e:
            stage = "validate" if e.reason == "contract" else "read"
            self.rejected.append(Rejected(stage, names.place(record), e.reason, e.detail, raw_sha256=record.raw_sha256))

    def _refuse_repeated(self, identity: Identity, source: str) -> None:
        """The first record of an identity wins, in this unit and (`repeated`) in those before it."""
        earlier = self.unit.repeated.get(identity.doc_id)
        first = self.seen.get(identity.doc_id)
        if first is not None and first[0] != identity.check:
            raise collision(identity.doc_id, first[1], source)
        if first is not None or earlier is not None:
            raise RejectedValue("duplicate_id", f"first seen as {first[1] if first else earlier}")

    def _write_shard(self) -> None:
        """Have the collected rows checked and written."""
        rows, self.rows = self.rows, []
        identities, self.identities = self.identities, []
        is_record, self.is_record = self.is_record, []
        if not rows:
            return
        # All rows have the same keys in the same order.
        columns = dict(zip(rows[0], map(list, zip(*map(dict.values, rows), strict=True)), strict=True))
        recipe, path = self.recipe, str(self.folder / part_name("shard", len(self.shards)))
        language = recipe.fields.identify_language
        task = ShardRows(path, columns, identities, is_record, recipe.contract, recipe.gate, language)
        self.shards.append((len(self.rejected), self.write(task)))

    def finish(self) -> dict[str, Any]:
        self._write_shard()
        written = [(at, shard.result() if isinstance(shard, Future) else shard) for at, shard in self.shards]
        rejected = self._in_order(written)
        if rejected:
            write_table(self.folder / REJECTED_FILE, rejected_table(rejected))
        kept = [one for _, shard in written for one in shard.kept]
        digits = b"".join([f"{i}{check}{text[:HEX_DIGITS]}".encode() for i, check, text in kept])
        ids = np.frombuffer(bytes.fromhex(digits.decode()), ">u8").astype(np.uint64).reshape(-1, 3)
        np.save(self.folder / IDS_FILE, ids)
        return {
            "records": self.records,
            "documents": len(kept),
            "rejected": dict(sorted(Counter(r.reason for r in rejected).items())),
            "notes": self.notes.facts(),
            "shards": [shard.facts for _, shard in written if shard.facts is not None],
        }

    def _in_order(self, written: Sequence[tuple[int, WrittenShard]]) -> list[Rejected]:
        """What was refused: what the contract refused of a shard comes where the shard ends."""
        rejected: list[Rejected] = []
        taken = 0
        for before, shard in written:
            rejected += self.rejected[taken:before] + shard.rejected
            taken = before
        return rejected + self.rejected[taken:]


def collision(doc_id: str, one: str, other: str) -> IdentityCollisionError:
    """The error that stops a build in which two different records got one doc_id."""
    return IdentityCollisionError(
        f"'{one}' and '{other}' both get the doc_id {doc_id}; their labels would be mixed up.",
        "Give one of the two records an id of its own, or rename its file.",
    )


def _was_written_to(file: RawFile) -> bool:
    try:
        return stamp_of(os.stat(file.location)) != file.stamp
    except OSError:
        return False  # unreadable, which its reader has said


def _broken_promise(sidecar: dict[str, Any], file: RawFile, digest: str | None) -> str:
    """What the metadata promised of the file's bytes and does not hold, else an empty string."""
    promised = str(sidecar.get("sha256", "")).lower()
    if promised and digest and promised != digest:
        return f"sha256 is {digest}, the metadata says {promised[:80]}"
    size = str(sidecar.get("bytes", ""))
    if size and size != str(file.size):
        return f"the file has {file.size} bytes, the metadata says {size[:80]}"
    return ""


def finished_unit(folder: Path, files: tuple[RawFile, ...]) -> dict[str, Any] | None:
    """What a finished unit's folder says, when no one has touched its raw files since.

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


def read_unit(task: UnitTask, write: ShardMaker = write_shard) -> ReadUnit:
    """The first half of making a unit: read its files. write: makes a shard, now or in another process."""
    folder, limits = Path(task.folder), task.recipe.limits
    known = kept_facts(folder / UNIT_FILE)
    stamps = [list(f.stamp) for f in task.unit.files]
    if known is not None and known["sha256"] == [_read(f, limits)[1] for f in task.unit.files]:
        known["stamps"] = stamps
        write_checked_json(folder / UNIT_FILE, known)
        return ReadUnit(folder, known, None)
    aside = aside_of(folder)
    aside.mkdir(parents=True)
    writer = UnitWriter(aside, task, write)
    digests = []
    with cleanup_on_error(aside), without_collector():  # the rows of a shard wait for one another: a tenth of the time
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
    with cleanup_on_error(aside):
        facts = read.writer.finish() | read.facts
        known = {shard["name"]: shard["sha256"] for shard in facts["shards"]}
        facts["files"] = {path.name: note_of(path, known.get(path.name)) for path in sorted(aside.iterdir())}
        write_checked_json(aside / UNIT_FILE, facts)
    # Not flushed: what a power cut leaves half-written is noticed by its size, and `documents` is flushed as a whole.
    move_into_place(aside, folder, UNIT_FILE)
    return _told(facts) | {"reused": False}


def make_unit(task: UnitTask, write: ShardMaker) -> dict[str, Any]:
    """Both halves, in this process; `write` makes the shards."""
    return write_unit(read_unit(task, write))


def _told(facts: dict[str, Any]) -> dict[str, Any]:
    """Without the stamps of all files and the notes of those made: no one asks for them, and there may be millions."""
    return {key: value for key, value in facts.items() if key not in ("stamps", "files")}


def _read(file: RawFile, limits: Limits) -> tuple[bytes | None, str | None]:
    """A file's bytes as they lie on the disk, where it is a small one of one record, and their sha256."""
    try:
        if file.format not in ONE_RECORD or file.size > limits.max_record_bytes:
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
