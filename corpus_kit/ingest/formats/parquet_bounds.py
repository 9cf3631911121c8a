"""What a Parquet file would become in memory, read from its footer and the headers of its pages before anything is decoded.

A footer may say anything, and a page of a hundred bytes may hold a gigabyte. Headers of pages are what a decoder itself goes
by, so sizes are added up from these. The forms are those of https://parquet.apache.org/docs/file-format/ in Thrift's compact
protocol.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from corpus_kit.ingest.formats.base import Limits
from corpus_kit.ingest.json_values import RejectedValue

_DEEPEST = 64
_HEADER_BYTES = 1 << 16
_AT_ONCE = 128 << 20
"""What the values of one batch may take where small pages stand for large values."""
_SMALL = 1 << 16
BATCH = 256
_ROW = 64
"""Bytes that a row comes to at least, once it is a document."""
_DICTIONARY_PAGE = 2
_DELTA_BYTE_ARRAY = 7


class _NotThriftError(ValueError):
    """The bytes are no structure of the compact protocol."""


class _Compact:
    """Reads structures of Thrift's compact protocol as {field id: value}; binary values come as their bytes."""

    def __init__(self, content: bytes) -> None:
        self.content, self.at = content, 0

    def byte(self) -> int:
        if self.at >= len(self.content):
            raise _NotThriftError("it ends too early")
        self.at += 1
        return self.content[self.at - 1]

    def varint(self) -> int:
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7
            if shift > 63:
                raise _NotThriftError("a number has too many bytes")

    def number(self) -> int:
        value = self.varint()
        return (value >> 1) ^ -(value & 1)

    def binary(self) -> bytes:
        size = self.varint()
        if size > len(self.content) - self.at:
            raise _NotThriftError("a string ends too late")
        self.at += size
        return self.content[self.at - size : self.at]

    def fields(self, depth: int = 0) -> Iterator[tuple[int, Any]]:
        """(field id, value) of one structure, as they stand."""
        if depth > _DEEPEST:
            raise _NotThriftError("it is nested too deeply")
        name = 0
        while head := self.byte():
            name = name + (head >> 4) if head >> 4 else self.number()
            kind = head & 0x0F
            yield name, (kind == 1 if kind in (1, 2) else self.value(kind, depth))

    def value(self, kind: int, depth: int) -> Any:
        if kind in (1, 2, 3):
            return self.byte()
        if kind in (4, 5, 6):
            return self.number()
        if kind == 7:
            self.at += 8
            return None
        if kind == 8:
            return self.binary()
        if kind in (9, 10):
            head = self.byte()
            size = head >> 4 if head >> 4 != 15 else self.varint()
            return [self.value(head & 0x0F, depth + 1) for _ in range(self._sound(size))]
        if kind == 11:
            size = self.varint()
            kinds = self.byte() if size else 0
            both = (kinds >> 4, kinds & 0x0F)
            return [[self.value(one, depth + 1) for one in both] for _ in range(self._sound(size))]
        if kind == 12:
            return dict(self.fields(depth + 1))
        raise _NotThriftError(f"there is no kind {kind}")

    def _sound(self, size: int) -> int:
        """No value takes less than a byte, so a list is no longer than what is left."""
        if size > len(self.content) - self.at:
            raise _NotThriftError("a list ends too late")
        return size


def refuse_footer(handle: BinaryIO, limits: Limits) -> None:
    """Look at a file's footer before a library reads it: its size, the number of columns, how deep they are nested.

    Args:
        handle: The file; its place is moved.
        limits: The largest footer and the most columns.

    Raises:
        Refusal: metadata_too_large, too_many_columns, malformed_parquet.
    """
    size = handle.seek(0, io.SEEK_END)
    if size < 12:
        raise RejectedValue("malformed_parquet", f"the file has {size} bytes")
    handle.seek(size - 8)
    end = handle.read(8)
    length = int.from_bytes(end[:4], "little")
    if end[4:] != b"PAR1" or length > size - 12:
        raise RejectedValue("malformed_parquet", "the file has no footer")
    if length > limits.max_metadata_bytes:
        raise RejectedValue("metadata_too_large", f"a footer of {length} bytes, more than {limits.max_metadata_bytes}")
    handle.seek(size - 8 - length)
    reader = _Compact(handle.read(length))
    try:
        schema = next((value for name, value in reader.fields() if name == 2), None)
        children = [int(one.get(5) or 0) for one in schema] if isinstance(schema, list) else []
    except (_NotThriftError, AttributeError, TypeError) as e:
        raise RejectedValue("malformed_parquet", f"the footer cannot be read: {e}") from e
    columns = sum(1 for count in children if not count)
    if columns > limits.max_columns:
        raise RejectedValue("too_many_columns", f"{columns} columns, more than {limits.max_columns}")
    if _depth(children) > _DEEPEST:
        raise RejectedValue("malformed_parquet", f"columns are nested more than {_DEEPEST} deep")


def _depth(children: list[int]) -> int:
    """How deep the elements of a schema are nested; they stand in the order of a walk through the tree."""
    open_, deepest = list[int](), 0
    for count in children:
        while open_ and open_[-1] == 0:
            open_.pop()
        if open_:
            open_[-1] -= 1
        if count > 0:
            open_.append(count)
            deepest = max(deepest, len(open_))
            if deepest > _DEEPEST:
                break
    return deepest


@dataclass(slots=True)
class _Chunk:
    """The pages of one column of one row group.

    whole, largest: bytes of all of them, and of the largest. values: how many they hold. repeated: bytes that stand in
    the file once and that every value may come to."""

    whole: int = 0
    largest: int = 0
    values: int = 0
    repeated: int = 0


def batches_of(metadata: Any, handle: BinaryIO, file_bytes: int, limits: Limits) -> list[int]:
    """For every row group how many rows to decode at once, so that memory stays within bounds.

    Args:
        metadata: `pyarrow.parquet.FileMetaData`.
        handle: The same file; its place is moved.
        file_bytes: Its size.
        limits: What a file may come to.

    Raises:
        Refusal: too_many_records, file_too_large, decompression_bomb, record_too_large.
    """
    if metadata.num_rows > limits.max_file_records:
        raise RejectedValue("too_many_records", f"{metadata.num_rows} rows, more than {limits.max_file_records}")
    rows = _ROW * metadata.num_rows
    if limits.is_bomb(rows, file_bytes):
        raise RejectedValue("decompression_bomb", f"{file_bytes} bytes hold {metadata.num_rows} rows")
    total, batches = 0, []
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        chunks = [_chunk(group.column(i), handle) for i in range(group.num_columns)]
        total += sum(max(chunk.whole, chunk.values) for chunk in chunks)
        limits.refuse_size(total, file_bytes)
        at_once = sum(chunk.largest for chunk in chunks)
        if at_once > limits.whole_file:
            raise RejectedValue("record_too_large", f"pages of {at_once} bytes in row group {number + 1}")
        repeated = sum(chunk.repeated for chunk in chunks)
        batches.append(max(1, min(BATCH, _AT_ONCE // max(repeated, 1))))
    return batches


def _chunk(column: Any, handle: BinaryIO) -> _Chunk:
    """Add up the pages of a column chunk. Where a header cannot be read, the decoder gets no further either."""
    found = _Chunk()
    starts = [at for at in (column.dictionary_page_offset, column.data_page_offset) if at is not None and at > 0]
    if not starts:
        return found
    at, end = min(starts), min(starts) + max(column.total_compressed_size, 0)
    strings = column.physical_type == "BYTE_ARRAY"
    while at < end:
        handle.seek(at)
        reader = _Compact(handle.read(_HEADER_BYTES))
        try:
            page = dict(reader.fields())
        except _NotThriftError:
            break
        size, packed = page.get(2), page.get(3)
        if not isinstance(size, int) or not isinstance(packed, int) or size < 0 or packed < 0:
            break
        found.whole += size
        found.largest = max(found.largest, size)
        facts = page.get(5) or page.get(8) or {}
        if isinstance(facts, dict):
            values = facts.get(1)
            found.values += values if isinstance(values, int) and values > 0 else 0
            encoding = facts.get(2 if 5 in page else 4)
            if strings and size > _SMALL and (page.get(1) == _DICTIONARY_PAGE or encoding == _DELTA_BYTE_ARRAY):
                found.repeated = max(found.repeated, size)
        at += reader.at + packed
    return found
