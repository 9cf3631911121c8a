"""HTML pages: one record a file, or a page of a web archive."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from corpus_kit.ingest.decode import Decoded
from corpus_kit.ingest.expand import read_all
from corpus_kit.ingest.formats.base import RawRecord, ReadingNotes, ReadSettings, RejectedRecord
from corpus_kit.ingest.formats.opened import ChunkStream, OpenedFile
from corpus_kit.ingest.json_values import RejectedValue

SUFFIXES = (".html", ".htm", ".xhtml")


def read(file: OpenedFile, reading: ReadSettings, notes: ReadingNotes) -> Iterator[RawRecord | RejectedRecord]:
    """The page's record."""
    limit = min(reading.limits.max_record_bytes, reading.limits.max_file_bytes)
    raw = read_all(ChunkStream(file.chunks()), None, limit)
    header = f"text/html; charset={reading.encoding}" if reading.encoding else None
    record = page_record(raw, {}, None, hashlib.sha256(raw).hexdigest(), header)
    notes.settle(encoding=record.decoded.encoding)
    yield record


def page_record(raw: bytes, fields: dict[str, Any], number: int | None, digest: str, header: str | None) -> RawRecord:
    """The record of one page: its text as a browser shows it, and what it says of itself.

    Args:
        raw: The page's bytes.
        fields: What is known beside it; `url` is its address.
        number: Its place in a file of many, None for a file of its own.
        digest: sha256 of the bytes that the record stands for.
        header: The `Content-Type` that it came with.

    Raises:
        Refusal: empty_text, binary, undecodable.
    """
    from corpus_kit.ingest.html import html_facts, read_html  # with what only HTML needs

    try:
        page = read_html(raw, header)
        if "\x00" in page.text:
            raise RejectedValue("nul_character", f"at character {page.text.index(chr(0))}")
    except RejectedValue as e:
        e.raw_sha256 = digest
        raise
    facts = html_facts(page, str(fields.get("url", "")))
    if facts.author and "author" not in fields:
        fields = fields | {"author": facts.author}
    decoded = Decoded(page.text, page.encoding, page.newline, same_bytes=False)
    return RawRecord(number, decoded, fields, digest, len(raw), page=facts)
