"""JSON Lines: an object a line, under any name."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from corpus_kit.ingest.formats.base import RawRecord, ReadingNotes, ReadSettings, RejectedRecord, guarded, split_text
from corpus_kit.ingest.formats.lines import Lines, TooLong
from corpus_kit.ingest.formats.opened import OpenedFile
from corpus_kit.ingest.json_values import Constants, RejectedValue, parse_json, refuse_surrogates

SUFFIXES = (".jsonl", ".ndjson", ".jsonlines", ".jl", ".ldjson", ".geojsonl")


def read(file: OpenedFile, reading: ReadSettings, notes: ReadingNotes) -> Iterator[RawRecord | RejectedRecord]:
    """A record a line; empty lines are none."""
    lines = Lines(file.chunks(), reading.limits, reading.encoding)
    number, limit = 0, reading.limits.max_record_bytes
    constants = Constants()
    for block in lines.blocks():
        if isinstance(block, TooLong):
            number += 1
            yield _too_large(number, block.sha256, block.size, limit)
            continue
        for line in block.raw.split(lines.newline) if block.raw else ():
            number += 1
            line = line.removesuffix(b"\r")
            if not line.strip():
                continue
            if len(line) > limit:
                yield _too_large(number, hashlib.sha256(line).hexdigest(), len(line), limit)
                continue
            made = guarded(_record, line, number, lines, constants, reading, notes)
            if isinstance(made, RejectedRecord):
                made.bytes = len(line)
            yield made
        if block.raw.endswith(lines.newline):
            number -= 1  # what comes behind the last newline is no line
    notes.settle(encoding=lines.encoding)


def _too_large(number: int, sha256: str, size: int, limit: int) -> RejectedRecord:
    return RejectedRecord(
        number, RejectedValue("record_too_large", f"more than {limit} bytes", raw_sha256=sha256), bytes=size
    )


def _record(
    line: bytes, number: int, lines: Lines, constants: Constants, reading: ReadSettings, notes: ReadingNotes
) -> RawRecord:
    digest = hashlib.sha256(line).hexdigest()
    constants.seen = 0
    try:
        source = lines.decode(line)
        found = constants.refuse_in(parse_json(source, constants), reading.text)
        decoded, fields = split_text(found, reading, notes, lines.encoding)
        if "\\u" in source:
            refuse_surrogates(fields)
    except RejectedValue as e:
        e.raw_sha256 = digest
        raise
    if constants.seen:
        notes.value("other fields", "null", "NaN", constants.seen)
    return RawRecord(number, decoded, fields, digest, len(line))
