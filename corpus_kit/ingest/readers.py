"""From one file to its records, whatever it is: opened, recognised by its bytes, read by its format's reader.

A record that cannot be taken is yielded as a Refused; the others go on.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, BinaryIO

from corpus_kit.core.errors import CorpusKitError
from corpus_kit.ingest.decode import codec_without_bom
from corpus_kit.ingest.discover import RawFile
from corpus_kit.ingest.expand import compression_of
from corpus_kit.ingest.formats import (
    FORMATS,
    JUNK,
    JUNK_FOLDERS,
    ONE_RECORD,
    SUFFIXES,
    conversion,
    split_compression,
    suffix_of,
)
from corpus_kit.ingest.formats.base import Limits, RawRecord, ReadingNotes, ReadSettings, RejectedRecord
from corpus_kit.ingest.formats.opened import DecodedBytes, OpenedFile
from corpus_kit.ingest.formats.text import page
from corpus_kit.ingest.json_values import RejectedValue
from corpus_kit.ingest.recognise import OTHER, UNUSUAL, recognise
from corpus_kit.ingest.rules import Rules

if TYPE_CHECKING:
    from corpus_kit.ingest.formats.archive import Member

__all__ = ["Limits", "RawRecord", "ReadSettings", "ReadingNotes", "RejectedRecord", "read_file"]


def read_file(
    file: RawFile, rules: Rules, notes: ReadingNotes, content: bytes | None = None, digest: str | None = None
) -> Iterable[RawRecord | RejectedRecord]:
    """All records of one file in their order.

    Args:
        file: The file.
        rules: How files are read.
        notes: Filled with what comes to light.
        content, digest: Its bytes as they lie on the disk and their sha256, where the caller has read them already.
    """
    reading = rules.of(file.path)
    if content is not None and _is_plain(file, reading, content):
        return (_page(content, digest, reading, notes),)
    return _read(file, content, reading, rules, notes)


def _is_plain(file: RawFile, reading: ReadSettings, content: bytes) -> bool:
    """A page of text, as nearly all files are where there are many: one look at its first bytes."""
    return (
        file.format == "text"
        and file.compression is None
        and not reading.records
        and reading.format in ("", "text")
        and len(content) <= min(reading.limits.max_record_bytes, reading.limits.max_file_bytes)
        and (reading.format == "text" or UNUSUAL.match(content) is None)
    )


def _page(content: bytes, digest: str | None, reading: ReadSettings, notes: ReadingNotes) -> RawRecord | RejectedRecord:
    try:
        return page(content, digest, reading, notes)
    except RejectedValue as e:
        return RejectedRecord(None, e, bytes=len(content))


def _read(
    file: RawFile, content: bytes | None, reading: ReadSettings, rules: Rules, notes: ReadingNotes
) -> Iterator[RawRecord | RejectedRecord]:
    begun = False
    try:
        # The content of a file that is too large for a record is read from the disk, where it need not be whole.
        with open(file.location, "rb", buffering=0) if content is None else io.BytesIO(content) as handle:
            opened = _opened(file, handle, notes, reading.limits)
            most = reading.limits.max_file_records
            for count, item in enumerate(_records(opened, file.format, reading, rules, notes)):
                if count >= most:
                    raise RejectedValue("too_many_records", f"more than {most} records; those before are taken")
                begun = True
                yield item
    except RejectedValue as e:
        # What was read before is counted; how much of the rest is not known but for a file that gave nothing.
        yield RejectedRecord(None, e, rows=1 if file.format in ONE_RECORD else None, bytes=0 if begun else file.size)
    except OSError as e:
        yield RejectedRecord(None, RejectedValue("unreadable", e.strerror or "cannot be read"), rows=None)
    except Exception as e:  # noqa: BLE001 - a file that we read wrongly costs itself, and no other
        yield RejectedRecord(None, _failed(e), rows=None, bytes=0 if begun else file.size)


def _failed(error: Exception) -> RejectedValue:
    """The refusal of what a reader stumbled over, which is a fault of ours; with CORPUS_KIT_DEBUG=1 the error itself."""
    if isinstance(error, CorpusKitError | MemoryError) or os.environ.get("CORPUS_KIT_DEBUG") == "1":
        raise error
    detail = f"{type(error).__name__}: {error}"[:200]
    return RejectedValue("reader_failed", detail.encode("utf-8", "backslashreplace").decode())


def _opened(file: RawFile, handle: BinaryIO | io.RawIOBase, notes: ReadingNotes, limits: Limits) -> OpenedFile:
    """The file with the compression that its bytes speak of."""
    start = handle.read(16) or b""
    handle.seek(0)
    compression = compression_of(start)
    if compression is None and file.compression and not _may_be_text(start):
        compression = file.compression  # damaged, or empty: expanding says so
    name = file.plain_path if file.compression else split_compression(file.path)[0]
    if compression and file.format == "parquet" and start.startswith(b"PAR1"):
        compression = None
    notes.settle(compression=compression or "")
    return OpenedFile(name, handle, compression, file.location, file.size, limits.max_expansion)


def _may_be_text(start: bytes) -> bool:
    """Whether a file that is not compressed, whatever its name says, begins like one that is read."""
    if not start or start.startswith((b"PAR1", b"PK")):
        return bool(start)
    return not start.translate(None, _NO_CONTROLS) and codec_without_bom(start) is None


_NO_CONTROLS = bytes(set(range(256)) - (set(range(32)) - {9, 10, 12, 13}) - {0x7F})


def _records(
    opened: OpenedFile, named: str, reading: ReadSettings, rules: Rules, notes: ReadingNotes, depth: int = 0
) -> Iterator[RawRecord | RejectedRecord]:
    """Records of an opened file: those of its format, or of the files of an archive."""
    named_by_path = SUFFIXES.get(suffix_of(opened.name), "")
    kind = reading.format or _kind(opened, named, reading)
    notes.settle(named=named_by_path, format=kind)
    if kind in ("zip", "tar"):
        if depth:
            raise RejectedValue("unsupported_format", "an archive in an archive; unpack it")
        yield from _of_archive(opened, kind, reading, rules, notes)
    elif kind in FORMATS:
        yield from FORMATS[kind].read(opened, reading, notes)
    else:
        suffix = kind.removeprefix(OTHER) if kind.startswith(OTHER) else suffix_of(opened.name)
        raise RejectedValue("unsupported_format", unsupported(opened.name, suffix))


def _kind(opened: OpenedFile, named: str, reading: ReadSettings) -> str:
    head = opened.peek()
    # A page that begins as pages do; anything else is looked at.
    if named == "text" and not UNUSUAL.match(head) and head[257:262] != b"ustar":
        return "text"
    return recognise(
        head, named, whole=len(head) >= opened.size > 0 and not opened.compression, text_field=reading.text
    )


def unsupported(name: str, suffix: str) -> str:
    """Why a file is not read and what makes a readable one of it, for `rejected`."""
    kind = f"suffix '{suffix}'" if suffix else "no suffix"
    command = conversion(name, suffix)
    return f"{kind}; convert it: {command}" if command else kind


def _of_archive(
    opened: OpenedFile, kind: str, reading: ReadSettings, rules: Rules, notes: ReadingNotes
) -> Iterator[RawRecord | RejectedRecord]:
    from corpus_kit.ingest.formats.archive import members  # with what only archives need

    hidden = total = 0
    spent = DecodedBytes(opened.size, reading.limits)
    for number, member in enumerate(members(opened, kind, reading.limits), start=1):
        if number > reading.limits.max_archive_members:
            raise RejectedValue("too_many_members", f"more than {reading.limits.max_archive_members} files")
        parts = member.name.split("/")
        junk = parts[-1].lower() in JUNK or any(p.startswith(".") or p in JUNK_FOLDERS for p in parts)
        if junk and member.refusal is None:
            hidden += 1
            continue
        total += member.size
        if member.refusal is not None or member.stream is None:
            refusal = member.refusal or RejectedValue("malformed_archive", "the member cannot be read")
            yield RejectedRecord(None, refusal, bytes=member.size, member=member.name)
            continue
        if total > reading.limits.max_file_bytes:
            raise RejectedValue(
                "file_too_large", f"more than {reading.limits.max_file_bytes} bytes after decompression"
            )
        yield from _of_member(member, member.stream, rules, opened, spent)
    if hidden:
        notes.odd.append(f"{hidden:,} hidden files in the archive are left out")


def _of_member(
    member: Member, stream: io.RawIOBase, rules: Rules, archive: OpenedFile, spent: DecodedBytes
) -> Iterator[RawRecord | RejectedRecord]:
    name, size = member.name, member.size
    plain, compression = split_compression(name)
    reading = rules.of(f"{archive.name}/{name}")
    named = reading.format or SUFFIXES.get(suffix_of(plain), "")
    inner = OpenedFile(plain, stream, compression, "", size, reading.limits.max_expansion, spent)
    notes = ReadingNotes()
    try:
        for item in _records(inner, named, reading, rules, notes, depth=1):
            item.member = name
            yield item
    except RejectedValue as e:
        yield RejectedRecord(None, e, rows=1, bytes=size, member=name)
    except OSError:
        raise
    except Exception as e:  # noqa: BLE001 - so does a member of an archive
        yield RejectedRecord(None, _failed(e), rows=1, bytes=size, member=name)
