"""Plain text: a page a file, or, where the settings say so, a record a line or wherever a pattern matches."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from time import perf_counter
from typing import Any

import regex

from corpus_kit.ingest.decode import Decoded, decode
from corpus_kit.ingest.formats.base import RawRecord, ReadingNotes, ReadSettings, RejectedRecord, guarded
from corpus_kit.ingest.formats.header_block import as_columns, read_head
from corpus_kit.ingest.formats.lines import Lines, TooLong
from corpus_kit.ingest.formats.opened import OpenedFile
from corpus_kit.ingest.json_values import RejectedValue

SUFFIXES = (".txt", ".md", ".text", ".markdown")
LINES = "lines"
_SHAPE_LINES = 50
_SECONDS = 2.0
_SECONDS_OF_FILE, _SECONDS_OF_LINE = 30.0, 1e-3
_SHAPES = ("\t", ";", "|", ",")


def read(file: OpenedFile, reading: ReadSettings, notes: ReadingNotes) -> Iterator[RawRecord | RejectedRecord]:
    """One record, or many where `records` is set."""
    if reading.records:
        yield from _many(file, reading, notes)
        return
    limits = reading.limits
    bound, reason = limits.max_record_bytes, "record_too_large"
    if limits.max_file_bytes < bound:
        bound, reason = limits.max_file_bytes, "file_too_large"
    pieces, total = [], 0
    for chunk in file.chunks():
        pieces.append(chunk)
        total += len(chunk)
        if total > bound:
            raise RejectedValue(reason, f"more than {bound} bytes")
    yield page(b"".join(pieces), None, reading, notes)


def page(content: bytes, digest: str | None, reading: ReadSettings, notes: ReadingNotes) -> RawRecord:
    """The record of a whole text.

    Args:
        content: Its bytes.
        digest: Their sha256, where it is known.
        reading: How the file is read.
        notes: What comes to light.

    Raises:
        Refusal: empty_text, binary, nul_character, undecodable.
    """
    digest = digest or hashlib.sha256(content).hexdigest()
    try:
        decoded = decode(content) if not reading.encoding else decode_as(content, reading.encoding)
        fields: dict[str, Any] = {}
        if reading.header_block or decoded.text.startswith("---"):
            decoded, fields = _without_head(decoded, reading, notes)
        elif len(decoded.text) > 500:
            _note_shape(decoded.text, notes)
        return RawRecord(None, decoded, fields, digest, len(content))
    except RejectedValue as e:
        e.raw_sha256 = digest
        raise


def decode_as(content: bytes, encoding: str) -> Decoded:
    """Bytes in the codec that the settings name.

    Raises Refusal(undecodable) and what `from_string` raises.
    """
    from corpus_kit.ingest.decode import from_string

    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as e:
        raise RejectedValue("undecodable", f"byte {e.start} is not {encoding}, which the settings name") from e
    decoded = from_string(text)
    return Decoded(decoded.text, encoding, decoded.newline, same_bytes=decoded.text.encode() == content)


def _without_head(decoded: Decoded, reading: ReadSettings, notes: ReadingNotes) -> tuple[Decoded, dict[str, Any]]:
    head = read_head(decoded.text, reading.header_block)
    if head is None:
        return decoded, {}
    text = decoded.text[head.end :]
    if not text.strip():
        raise RejectedValue("empty_text", "nothing follows the facts at the beginning")
    notes.fields.update(dict.fromkeys(head.fields))
    notes.settle(records=f"facts before the text: {reading.header_block or 'front-matter'}")
    return decoded._replace(text=text, same_bytes=False), as_columns(head.fields, reading.columns)


def _many(file: OpenedFile, reading: ReadSettings, notes: ReadingNotes) -> Iterator[RawRecord | RejectedRecord]:
    lines = Lines(file.chunks(), reading.limits, reading.encoding)
    limit = reading.limits.max_record_bytes
    for number, raw in _parts(lines, reading.records, limit):
        if isinstance(raw, TooLong):
            refusal = RejectedValue("record_too_large", f"more than {limit} bytes", raw_sha256=raw.sha256)
            yield RejectedRecord(number, refusal, bytes=raw.size)
        elif raw.strip():
            record = guarded(_part, raw, number, lines, reading, notes)
            if isinstance(record, RejectedRecord):
                record.bytes = len(raw)
            yield record
    notes.settle(encoding=lines.encoding, records=reading.records)


def _parts(lines: Lines, records: str, limit: int) -> Iterator[tuple[int, bytes | TooLong]]:
    """The bytes of the records with their numbers: a line each, or from one line that matches to the next."""
    begins = None if records == LINES else _Beginnings(records)
    number, pieces = 0, list[bytes]()
    for at, line in enumerate(_each_line(lines), start=1):
        if isinstance(line, TooLong):
            yield at if begins is None else number + 1, line
        elif begins is None:
            yield at, line
        else:
            if begins.match(_shown(line, lines)) or not number:
                if pieces:
                    yield number, _joined(pieces, limit)
                number, pieces = number + 1, []
            pieces.append(line)
    if pieces:
        yield number, _joined(pieces, limit)


def _each_line(lines: Lines) -> Iterator[bytes | TooLong]:
    for block in lines.blocks():
        if isinstance(block, TooLong):
            yield block
        elif lines.newline == b"\n":
            yield from block.raw.splitlines(keepends=True)
        else:
            yield from block.raw.split(b"\r")


def _joined(pieces: list[bytes], limit: int) -> bytes | TooLong:
    raw = b"".join(pieces)
    return raw if len(raw) <= limit else TooLong(len(raw), hashlib.sha256(raw).hexdigest())


class _Beginnings:
    """The pattern of the lines that begin a record. It may come from a stranger, so its time is bounded: for a line, and for
    all lines of a file together."""

    def __init__(self, pattern: str) -> None:
        self._pattern: Any = regex.compile(pattern)
        self._lines, self._spent = 0, 0.0

    def match(self, line: str) -> bool:
        """Raises Refusal(malformed_text) when it takes too long."""
        begun = perf_counter()
        try:
            found = self._pattern.search(line, timeout=_SECONDS) is not None
        except TimeoutError as e:
            raise RejectedValue(
                "malformed_text", "the pattern of `records` takes too long on a line; make it simpler"
            ) from e
        self._lines += 1
        self._spent += perf_counter() - begun
        if self._spent > _SECONDS_OF_FILE + _SECONDS_OF_LINE * self._lines:
            raise RejectedValue(
                "malformed_text", "the pattern of `records` takes too long on most lines; make it simpler"
            )
        return found


def _shown(line: bytes, lines: Lines) -> str:
    try:
        return lines.decode(line).rstrip("\r\n")
    except RejectedValue:
        return ""


def _part(raw: bytes, number: int, lines: Lines, reading: ReadSettings, notes: ReadingNotes) -> RawRecord:
    from corpus_kit.ingest.decode import from_string

    body = raw.rstrip(b"\r\n") if reading.records == LINES else raw
    digest = hashlib.sha256(body).hexdigest()
    try:
        text = lines.decode(body)
        decoded = from_string(text)._replace(encoding=lines.encoding, same_bytes=False)
        fields: dict[str, Any] = {}
        if reading.header_block or text.startswith("---"):
            decoded, fields = _without_head(decoded, reading, notes)
    except RejectedValue as e:
        e.raw_sha256 = digest
        raise
    return RawRecord(number, decoded, fields, digest, len(body))


def _note_shape(text: str, notes: ReadingNotes) -> None:
    """Say so where a page is rather a table: many lines, each with the same number of the same sign."""
    count = text.count("\n")
    if count < _SHAPE_LINES:
        return
    for sign in _SHAPES:
        if text.count(sign) >= 0.95 * count:
            lines = [line for line in text.split("\n", 1001)[:1000] if line]
            counts = [line.count(sign) for line in lines]
            usual = max(set(counts), key=counts.count)
            if usual and counts.count(usual) >= 0.95 * len(counts) and (sign == "\t" or usual > 1):
                parts = f"{usual + 1} parts with {sign!r} between them"
                notes.odd.append(
                    f"{count:,} lines of one shape ({parts}): one document each? "
                    f'format = "csv", header = false reads its columns, records = "lines" each line as a text'
                )
                return
