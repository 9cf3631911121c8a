"""Web archives: WARC and the WET files of plain text that are made of them.

A record begins with a line `WARC/1.x`. Its length is in its head; where that is missing or wrong (a file that was opened in
an editor), the record ends where the next one begins. HTTP is read by `warcio`.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from corpus_kit.ingest.decode import Decoded, decode
from corpus_kit.ingest.formats.base import RawRecord, ReadingNotes, ReadSettings, RejectedRecord
from corpus_kit.ingest.formats.opened import OpenedFile
from corpus_kit.ingest.json_values import RejectedValue
from corpus_kit.ingest.recognise import recognise

SUFFIXES = (".warc", ".wet")
_BEGIN = re.compile(rb"(?:^|(?<=\n))WARC/\d\.\d[ \t]*\r?\n")
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_STEP = 1 << 18
_HEAD_BYTES = 1 << 16
_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+\s*(?:;|$)")
_TEXT = ("conversion",)
_NO_PAGE = ("warcinfo", "request", "metadata", "revisit", "continuation")
_PAGE = ("response", "resource")
_NAMES = {"url": "WARC-Target-URI", "language": "WARC-Identified-Content-Language"}
HTML_TYPES = ("text/html", "application/xhtml+xml")


class WarcRecord(NamedTuple):
    """One record of the archive. size: bytes from its first line to the next record's."""

    fields: dict[str, str]
    block: bytes
    size: int
    refusal: RejectedValue | None = None


def read(file: OpenedFile, reading: ReadSettings, notes: ReadingNotes) -> Iterator[RawRecord | RejectedRecord]:
    """Texts (`conversion`) and pages (`response`, `resource`) as records; requests and metadata are none."""
    number = left_out = 0
    for part in parts(file.chunks(), reading):
        kind = part.fields.get("WARC-Type", "").casefold()
        if part.refusal is None and kind in _NO_PAGE:
            left_out += 1
            continue
        number += 1
        try:
            if part.refusal is not None:
                raise part.refusal
            if kind and kind not in _TEXT + _PAGE:
                raise RejectedValue("malformed_warc", f"there is no type of record {kind[:40]!r}")
            record = _record(part, kind, number, reading, notes)
        except RejectedValue as e:
            e.raw_sha256 = e.raw_sha256 or hashlib.sha256(part.block).hexdigest()
            yield RejectedRecord(number, e, bytes=part.size)
        else:
            if record is None:
                number, left_out = number - 1, left_out + 1
            else:
                yield record
    if left_out:
        notes.odd.append(f"{left_out:,} records of the archive are no pages (requests, metadata, pictures)")


def _record(part: WarcRecord, kind: str, number: int, reading: ReadSettings, notes: ReadingNotes) -> RawRecord | None:
    fields: dict[str, Any] = dict(part.fields)
    for column, name in _NAMES.items():
        wanted = reading.columns.get(column, column)
        if name in fields and wanted not in fields:
            fields[wanted] = fields.pop(name).partition(",")[0] if column == "language" else fields.pop(name)
    for name in ("Content-Length", "WARC-Block-Digest", "WARC-Payload-Digest"):
        fields.pop(name, None)
    notes.fields.update(dict.fromkeys(fields))
    block, content_type = part.block, fields.get("Content-Type", "")
    if kind in _PAGE:
        block, content_type = _payload(part, reading)
        if not _TYPE.match(content_type):
            content_type = "text/html" if recognise(block, "", whole=True) == "html" else "text/plain"
        if not content_type.casefold().startswith(("text/", "application/xhtml")):
            return None
    digest = hashlib.sha256(part.block).hexdigest()
    if content_type.partition(";")[0].strip().casefold() in HTML_TYPES:
        from corpus_kit.ingest.formats.html import page_record

        return page_record(block, fields, number, digest, content_type)
    decoded = decode(block)
    return RawRecord(number, Decoded(*decoded[:3], False), fields, digest, len(part.block))


def _payload(part: WarcRecord, reading: ReadSettings) -> tuple[bytes, str]:
    """What an HTTP answer brings, its transfer and content encodings taken off, and its type."""
    from warcio.archiveiterator import ArchiveIterator
    from warcio.exceptions import ArchiveLoadFailed

    content_type = part.fields.get("Content-Type", "")
    if "application/http" not in content_type:
        return part.block, content_type
    limit = reading.limits.max_record_bytes
    head = f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: {part.fields.get('WARC-Target-URI', 'x:')}\r\n"
    head += f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(part.block)}\r\n\r\n"
    try:
        for record in ArchiveIterator(io.BytesIO(head.encode() + part.block + b"\r\n\r\n")):
            body = record.content_stream().read(limit + 1)
            if len(body) > limit:
                raise RejectedValue("record_too_large", f"more than {limit} bytes")
            headers = record.http_headers
            return body, (headers.get_header("Content-Type") or "") if headers else ""
    except (ArchiveLoadFailed, ValueError, OSError) as e:
        raise RejectedValue("malformed_warc", f"no HTTP answer: {str(e)[:120]}") from e
    raise RejectedValue("malformed_warc", "no HTTP answer")


def parts(chunks: Iterator[bytes], reading: ReadSettings) -> Iterator[WarcRecord]:
    """The records of an archive in their order, framed."""
    window = _Window(chunks, reading.limits.max_file_bytes)
    skipped = window.pass_over(_BEGIN, 0)
    if skipped:
        yield WarcRecord({}, b"", skipped, RejectedValue("malformed_warc", "the file does not begin with a record"))
    while window.fill(1):
        yield _next_part(window, reading.limits.max_record_bytes)


def _next_part(window: _Window, limit: int) -> WarcRecord:
    window.fill(_HEAD_BYTES)
    match = _HEAD_END.search(window.data, 0, _HEAD_BYTES)
    if match is None:
        size = window.pass_over(_BEGIN, 1)
        return WarcRecord({}, b"", size, RejectedValue("malformed_warc", "the record's head has no end"))
    fields = _fields(bytes(window.data[: match.start()]))
    length = fields.get("Content-Length", "")
    begin = match.end()
    if length.isdecimal() and len(length) < 16:
        end = begin + int(length)
        if int(length) > limit:
            size = window.pass_over(_BEGIN, end)
            return WarcRecord(fields, b"", size, RejectedValue("record_too_large", f"{length} bytes"))
        window.fill(end + 64)
        tail = window.data[end : end + 64].lstrip(b"\r\n")
        if len(window.data) >= end and (not tail or tail.startswith(b"WARC/")):
            block = bytes(window.data[begin:end])
            return WarcRecord(fields, block, window.pass_over(_BEGIN, end))
    # No length, or a wrong one: up to the next record.
    window.fill(begin + limit + 1)
    following = _BEGIN.search(window.data, begin)
    end = following.start() if following else len(window.data)
    if end - begin > limit:
        size = window.pass_over(_BEGIN, begin)
        return WarcRecord(fields, b"", size, RejectedValue("record_too_large", f"more than {limit} bytes"))
    block = bytes(window.data[begin:end]).rstrip(b"\r\n")
    return WarcRecord(fields, block, window.pass_over(_BEGIN, end))


def _fields(head: bytes) -> dict[str, str]:
    fields: dict[str, str] = {}
    for line in head.decode("utf-8", "replace").splitlines()[1:]:
        name, colon, value = line.partition(":")
        if colon:
            fields[_canonical(name.strip())] = value.strip()
    return fields


def _canonical(name: str) -> str:
    known = {n.casefold(): n for n in ("WARC-Type", "WARC-Target-URI", "Content-Length", "Content-Type", "WARC-Date")}
    return known.get(name.casefold(), name)


class _Window:
    """A stretch of a stream, from the place that has been reached."""

    def __init__(self, chunks: Iterator[bytes], limit: int) -> None:
        self._chunks, self._limit, self._total = chunks, limit, 0
        self.data = bytearray()

    def fill(self, size: int) -> bool:
        """Have `size` bytes; False where there is nothing left at all."""
        while len(self.data) < size and (chunk := next(self._chunks, None)) is not None:
            self._total += len(chunk)
            if self._total > self._limit:
                raise RejectedValue("file_too_large", f"more than {self._limit} bytes after decompression")
            self.data += chunk
        return bool(self.data)

    def pass_over(self, pattern: re.Pattern[bytes], begin: int) -> int:
        """Go to the next match from `begin` on, or to the end. Returns the bytes that were passed."""
        passed = 0
        while begin > 0 and self.fill(1):
            step = min(begin, len(self.data))
            del self.data[:step]
            passed, begin = passed + step, begin - step
        while self.fill(_STEP):
            match = pattern.search(self.data)
            # What may be the beginning of a match is kept: the last line.
            step = match.start() if match else self.data.rfind(b"\n") + 1 or max(len(self.data) - 32, 0)
            del self.data[:step]
            passed += step
            if match is not None:
                break
            rest = len(self.data)
            if not self._more(rest):
                passed += rest
                self.data.clear()
        return passed

    def _more(self, size: int) -> bool:
        self.fill(size + 1)
        return len(self.data) > size
