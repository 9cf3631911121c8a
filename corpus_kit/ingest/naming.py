"""What a record is called: its own id where it has one, its identity, and the `source` that names it and no other."""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

from corpus_kit.core.identity import ExplicitIds, Identity, by_id, by_path, by_text
from corpus_kit.ingest.discover import RawFile
from corpus_kit.ingest.fields import choose, drop, is_null_word, lookup
from corpus_kit.ingest.formats import split_compression
from corpus_kit.ingest.formats.base import RawRecord, RejectedRecord
from corpus_kit.ingest.json_values import RejectedValue


class RecordNames:
    """Names the records of one file, in their order."""

    def __init__(self, file: RawFile, id_scope: str) -> None:
        self._file, self._scope = file, id_scope
        self._explicit = ExplicitIds(file.root, file.plain_path, id_scope)
        self._texts: Counter[tuple[str, str]] = Counter()
        self._ids: set[int] = set()
        self._runs: list[list[int]] = []  # of the numbers that were given, first and last: most files are one run

    def path(self, item: RawRecord | RejectedRecord) -> str:
        """Path below the raw root without compression suffix, which settings are looked up by."""
        return f"{self._file.plain_path}/{item.member}" if item.member else self._file.path

    def place(self, item: RawRecord | RejectedRecord) -> str:
        """Where a record was read, for `rejected`."""
        source = f"{self._file.source}/{item.member}" if item.member else self._file.source
        return source if item.number is None else f"{source}#{item.number}"

    def name(self, record: RawRecord, text_sha256: str, explicit: str | None) -> tuple[Identity, str]:
        """A record's identity and source.

        Args:
            record: The record.
            text_sha256: Of its text.
            explicit: Its own id, None where it has none.
        """
        file, path, source = self._file, self._file.plain_path, self._file.source
        if explicit is not None and record.number is not None and not record.member:  # as nearly always in a table
            return self._explicit.of(explicit), f"{source}#{self._of_id(explicit)}"
        if record.member:  # an archive is a folder, whatever it is packed with
            path = f"{os.path.splitext(path)[0]}/{split_compression(record.member)[0]}"
            source = f"{source}/{record.member}"
        if explicit is not None:
            name = source if record.number is None else f"{source}#{self._of_id(explicit)}"
            return by_id(file.root, path, explicit, self._scope), name
        if record.number is None:
            return by_path(file.root, path), source
        identity = by_text(file.root, path, text_sha256, self._texts[path, text_sha256])
        self._texts[path, text_sha256] += 1
        return identity, f"{source}#{self._of_number(record.number)}"

    def _of_id(self, explicit: str) -> str:
        """An id that is the place of another record, too, is written out."""
        if not (explicit.isascii() and explicit.isdigit() and len(explicit) < 16 and explicit == str(int(explicit))):
            return explicit
        number = int(explicit)
        self._ids.add(number)
        return f"id={explicit}" if any(first <= number <= last for first, last in self._runs) else explicit

    def _of_number(self, number: int) -> str:
        if self._runs and self._runs[-1][1] == number - 1:
            self._runs[-1][1] = number
        else:
            self._runs.append([number, number])
        return f"record={number}" if number in self._ids else str(number)


def explicit_id(record: RawRecord, sidecar: dict[str, Any], name: str) -> str | None:
    """A record's own id, taken out of its fields, or that of its file in the metadata.

    Raises Refusal(bad_id) for one that is neither a string nor a whole number, or is empty.
    """
    if record.number is None:
        value = sidecar.get(name) if sidecar else None
    elif name in record.fields:
        value = record.fields.pop(name)
    else:
        name = choose(record.fields, name)
        value = lookup(record.fields, name)
        if value is not None:
            drop(record.fields, name)
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():  # pandas makes floats of ids where one is missing
        value = int(value)
    if isinstance(value, str) and len(value) < 10 and is_null_word(value):
        return None
    if isinstance(value, bool) or not isinstance(value, str | int) or not str(value).strip():
        raise RejectedValue("bad_id", f"field '{name}' holds {value!r}"[:120])
    return str(value)
