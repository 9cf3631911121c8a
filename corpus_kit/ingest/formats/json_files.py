"""JSON values: an array of records, records one after another, an object that wraps a list of them, or one record.

An array is read record by record. A record that is not JSON costs itself: reading goes on at the next object that begins
as the records before did.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any

from corpus_kit.ingest.decode import bom_of, codec_without_bom
from corpus_kit.ingest.fields import FieldPath, is_studio_task
from corpus_kit.ingest.formats.base import (
    Limits,
    RawRecord,
    ReadingNotes,
    ReadSettings,
    RejectedRecord,
    field_record,
    guarded,
)
from corpus_kit.ingest.formats.json_shapes import records_in
from corpus_kit.ingest.formats.opened import OpenedFile
from corpus_kit.ingest.json_values import Constants, RejectedValue, json_decoder, parse_json

SUFFIXES = (".json",)
_SPACE = re.compile(r"[ \t\n\r]*")
_FIRST_KEY = re.compile(r'\{\s*("(?:[^"\\]|\\.)*")\s*:')
_STEP = 1 << 18


def read(file: OpenedFile, reading: ReadSettings, notes: ReadingNotes) -> Iterator[RawRecord | RejectedRecord]:
    """The records of a JSON file."""
    stream = JsonStream(file.chunks(), reading.limits, reading.encoding)
    notes.settle(encoding=stream.encoding)
    first = stream.peek()
    if first == "[" and not reading.records:
        yield from _array(stream, reading, notes)
    elif first == "{" and reading.records and stream.enter(FieldPath.of(reading.records).steps):
        notes.settle(records=reading.records)
        yield from _array(stream, reading, notes)
    elif first == "{":
        yield from _objects(stream, reading, notes)
    elif first == "[":
        yield from _listed(records_in(stream.whole(), reading, notes), reading, notes)
    else:
        stream.whole()  # which says what is wrong with it
        raise RejectedValue("malformed_json", "neither an array nor an object")


def _array(stream: JsonStream, reading: ReadSettings, notes: ReadingNotes) -> Iterator[RawRecord | RejectedRecord]:
    number, strings = 0, False
    for item in stream.elements():
        number += 1
        if isinstance(item, RejectedRecord):
            item.number = number if item.rows == 1 else None
            yield item
            continue
        if number == 1:
            if is_studio_task(item) and "." not in reading.text:
                raise RejectedValue("label_studio_export", "the first record has a task's data and annotations")
            if isinstance(item, list):
                raise RejectedValue(
                    "malformed_json", "a list of lists: the columns have no names; write records with names"
                )
            strings = isinstance(item, str) and "." not in reading.text
            if strings:
                notes.settle(records="texts without names")
        yield _checked(
            {reading.text: item} if strings and isinstance(item, str) else item, number, stream, reading, notes
        )


def _objects(stream: JsonStream, reading: ReadSettings, notes: ReadingNotes) -> Iterator[RawRecord | RejectedRecord]:
    """One object, which may wrap the records, or several one after another."""
    limit = reading.limits.max_record_bytes
    try:
        value = stream.value(limit, "record_too_large")
    except RejectedValue as e:
        if e.reason == "record_too_large":
            e.detail += '; where a list of records is in it, name it: records = "articles"'
        raise
    if not stream.peek():
        yield from _listed(records_in(value, reading, notes), reading, notes, stream)
        return
    notes.settle(records="one after another")
    yield _checked(value, 1, stream, reading, notes)
    for number, item in enumerate(stream.following(), start=2):
        if isinstance(item, RejectedRecord):
            item.number = number
            yield item
        else:
            yield _checked(item, number, stream, reading, notes)


def _listed(
    records: list[Any], reading: ReadSettings, notes: ReadingNotes, stream: JsonStream | None = None
) -> Iterator[RawRecord | RejectedRecord]:
    for number, fields in enumerate(records, start=1):
        yield _checked(fields, number, stream, reading, notes)


def _checked(
    fields: Any, number: int, stream: JsonStream | None, reading: ReadSettings, notes: ReadingNotes
) -> RawRecord | RejectedRecord:
    if stream is not None and stream.constants.seen:
        notes.value("other fields", "null", "NaN", stream.constants.seen)
        stream.constants.seen = 0
    return guarded(field_record, fields, number, reading, notes, stream.encoding if stream else "utf-8")


class JsonStream:
    """JSON text that is decoded as it is needed, and its values one by one."""

    def __init__(self, chunks: Iterator[bytes], limits: Limits, encoding: str) -> None:
        self._limits, self._total = limits, 0
        self._chunks = chunks
        first = next(chunks, b"")
        while 0 < len(first) < 4 and (more := next(chunks, b"")):
            first += more
        bom, codec = bom_of(first)
        self.encoding = codecs.lookup(encoding).name if encoding else codec or codec_without_bom(first) or "utf-8"
        if not encoding and not codec and self.encoding == "utf-8":
            self.encoding = _codec_of(first)
        self._decoder: Any = codecs.getincrementaldecoder(self.encoding)("strict")
        self.constants = Constants()
        self._json, self._plain = json_decoder(self.constants), json.JSONDecoder()
        self._text, self._at, self._ended = "", 0, False
        self._first_key = ""
        self._entered = False  # an array within an object
        self._take(first[len(bom) :])

    def _take(self, chunk: bytes, *, final: bool = False) -> None:
        self._total += len(chunk)
        if self._total > self._limits.max_file_bytes:
            raise RejectedValue("file_too_large", f"more than {self._limits.max_file_bytes} bytes after decompression")
        try:
            text = self._decoder.decode(chunk, final)
        except UnicodeDecodeError as e:
            raise RejectedValue("undecodable", f"byte {e.start} of a part of the file is not {self.encoding}") from e
        self._text = self._text[self._at :] + text
        self._at = 0

    def _fill(self, size: int) -> bool:
        """Have `size` characters of text ahead; False where the file has ended."""
        while not self._ended and len(self._text) - self._at < size:
            chunk = next(self._chunks, None)
            if chunk is None:
                self._ended = True
                self._take(b"", final=True)
            else:
                self._take(chunk)
        return not self._ended

    def peek(self) -> str:
        """The next character that is no white space, "" at the end."""
        while True:
            self._at = _SPACE.match(self._text, self._at).end()  # type: ignore[union-attr]
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._fill(1) and self._at >= len(self._text):
                return ""

    def enter(self, steps: tuple[str, ...]) -> bool:
        """Go into an object, up to the array at a path. False, at the beginning again, where it is in the first part of the
        text and is none; a larger text is read on and the path must be there.
        """
        self.peek()
        begin, before = self._at, self._total
        for step in steps:
            if not self._enter_field(step):
                if self._total == before or self._total <= _STEP:
                    self._at = begin
                    return False
                raise RejectedValue("malformed_json", f"records leads to no list: there is no '{step}'")
        if self.peek() == "[":
            self._entered = True
            return True
        self._at = begin
        return False

    def _enter_field(self, name: str) -> bool:
        if name == "[]" or self.peek() != "{":
            return False
        self._at += 1
        while self.peek() == '"':
            key = self.value(1 << 16, "malformed_json")
            if self.peek() != ":":
                return False
            self._at += 1
            if key == name:
                return True
            self.value(self._limits.whole_file, "record_too_large")
            if self.peek() != ",":
                return False
            self._at += 1
        return False

    def whole(self) -> Any:
        """All of the text as one value."""
        return self.value(self._limits.whole_file, "file_too_large", to_the_end=True)

    def value(self, limit: int, reason: str, *, to_the_end: bool = False) -> Any:
        """The next value.

        Raises Refusal: malformed_json, and `reason` where it has more than `limit` characters.
        """
        self.peek()
        size = _STEP
        while True:
            more = self._fill(size)
            if to_the_end and more:
                if size > limit:
                    raise RejectedValue(reason, f"more than {limit} bytes in one JSON value")
                size *= 2
                continue
            if to_the_end:
                return parse_json(self._text[self._at :], self.constants)
            try:
                found, end = self._json.raw_decode(self._text, self._at)
            except RecursionError as e:
                raise RejectedValue("malformed_json", "objects or lists are nested too deeply") from e
            except json.JSONDecodeError as e:
                cut = e.msg.startswith(("Unterminated", "Invalid \\")) or e.pos >= len(self._text) - 8
                if not more or not cut:
                    raise RejectedValue(
                        "malformed_json", f"not valid JSON: {e.msg} at character {e.pos - self._at}"
                    ) from e
                if len(self._text) - self._at > limit:
                    raise RejectedValue(reason, f"more than {limit} bytes in one JSON value") from e
                size *= 2
                continue
            except ValueError as e:  # a key that is there twice, a number that is too large
                what = "a number has too many digits" if "digits" in str(e) else e
                raise RejectedValue("malformed_json", f"not valid JSON: {what}") from e
            if end - self._at > limit:
                raise RejectedValue(reason, f"more than {limit} bytes in one JSON value")
            self._at = end
            return found

    def elements(self) -> Iterator[Any]:
        """The elements of an array, a `RejectedRecord` for each that is none."""
        limit = self._limits.max_record_bytes
        self._at += 1  # [
        while True:
            if self.peek() == "]":  # of an empty array, or behind a comma too many
                self._at += 1
                self._refuse_rest()
                return
            begin = self._at
            if self._first_key == "" and self._fill(4096) in (True, False):
                match = _FIRST_KEY.match(self._text, self._at)
                self._first_key = match[1] if match else "-"
            try:
                found = self.value(limit, "record_too_large")
                after = self.peek()
                if after not in ",]":
                    raise RejectedValue("malformed_json", "not valid JSON: no comma between two records")
                if after == "" and self._ended:
                    yield found
                    raise _End
            except RejectedValue as e:
                passed = self._skip_to_next(begin if begin <= self._at else self._at)
                yield RejectedRecord(None, e, bytes=passed)
                if not self.peek():
                    return
                continue
            except _End:
                yield RejectedRecord(None, RejectedValue("truncated", "the array has no end"), rows=None)
                return
            self._at += 1
            yield found
            if after == "]":
                self._refuse_rest()
                return

    def following(self) -> Iterator[Any]:
        """The values that follow a first one, with or without commas between, a `RejectedRecord` for each that is none."""
        self._first_key = "-"
        while after := self.peek():
            if after == ",":
                self._at += 1
                continue
            begin = self._at
            if self._first_key == "-" and (match := _FIRST_KEY.match(self._text, begin)):
                self._first_key = match[1]
            try:
                yield self.value(self._limits.max_record_bytes, "record_too_large")
            except RejectedValue as e:
                yield RejectedRecord(None, e, bytes=self._skip_to_next(begin if begin <= self._at else self._at))

    def _refuse_rest(self) -> None:
        if not self._entered and self.peek():
            raise RejectedValue("malformed_json", "something follows the array")

    def _skip_to_next(self, begin: int) -> int:
        """Go to where the next record begins: at an object whose first key is that of the others. Returns bytes passed."""
        pattern = re.compile(r"\{\s*" + re.escape(self._first_key) + r"\s*:") if self._first_key != "-" else None
        passed = 0
        self._at = min(begin + 1, len(self._text))
        passed += self._bytes(self._text[begin : self._at])
        while pattern is not None:
            self._fill(_STEP)
            match = pattern.search(self._text, self._at)
            if match is not None:
                passed += self._bytes(self._text[self._at : match.start()])
                self._at = match.start()
                return passed
            if self._ended:
                break
            keep = max(self._at, len(self._text) - len(self._first_key) - 64)
            passed += self._bytes(self._text[self._at : keep])
            self._at = keep
            self._fill(len(self._text) - self._at + _STEP)
        while True:
            passed += self._bytes(self._text[self._at :])
            self._at = len(self._text)
            if not self._fill(1) and self._at >= len(self._text):
                return passed

    def _bytes(self, text: str) -> int:
        return len(text.encode(self.encoding, "replace"))


class _End(Exception):
    """The text ends within an array."""


def _codec_of(head: bytes) -> str:
    """UTF-8, or the codec that the first bytes that are no UTF-8 speak of."""
    try:
        codecs.getincrementaldecoder("utf-8")("strict").decode(head)
    except UnicodeDecodeError as e:
        from corpus_kit.ingest.formats.lines import legacy_codec

        return legacy_codec(head, e.start) or "utf-8"
    return "utf-8"
