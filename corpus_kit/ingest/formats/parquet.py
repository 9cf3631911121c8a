"""Parquet: a row group that is damaged costs its rows only, a value that JSON cannot hold costs itself only."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, BinaryIO

from corpus_kit.ingest.expand import read_all
from corpus_kit.ingest.fields import FieldPath
from corpus_kit.ingest.formats.base import (
    NotText,
    RawRecord,
    ReadingNotes,
    ReadSettings,
    RejectedRecord,
    field_record,
    guarded,
)
from corpus_kit.ingest.formats.opened import ChunkStream, OpenedFile
from corpus_kit.ingest.formats.parquet_bounds import batches_of, refuse_footer
from corpus_kit.ingest.json_values import RejectedValue, plain

SUFFIXES = (".parquet", ".pq")
_LARGE = 4  # a row of numbers takes more bytes in Arrow than as JSON, where records are measured


def read(file: OpenedFile, reading: ReadSettings, notes: ReadingNotes) -> Iterator[RawRecord | RejectedRecord]:
    """Rows as records."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    limits = reading.limits
    source, size = _source(file, reading)
    with source as handle:
        refuse_footer(handle, limits)
        try:
            table = pq.ParquetFile(file.location if not file.compression and file.location else handle)
            names = table.schema_arrow.names
        except (pa.ArrowException, OSError, UnicodeDecodeError) as e:
            raise _malformed(e) from e
        notes.fields.update(dict.fromkeys(names))
        batches = batches_of(table.metadata, handle, size, limits)
        number = given = made = 0
        for group, rows_at_once in enumerate(batches):
            facts = table.metadata.row_group(group)
            first = number
            try:
                for batch in table.iter_batches(batch_size=rows_at_once, row_groups=[group]):
                    given += batch.nbytes  # a value that stands in the file once may be in every row
                    limits.refuse_size(given, size)
                    for fields in _records(batch, reading, notes):
                        number += 1
                        if isinstance(fields, RejectedValue):
                            yield RejectedRecord(number, fields)
                            continue
                        record = guarded(field_record, fields, number, reading, notes)
                        made += record.raw_bytes if isinstance(record, RawRecord) else 0
                        limits.refuse_size(made, size)
                        yield record
            except (pa.ArrowException, OSError, UnicodeDecodeError) as e:
                lost = max(first + facts.num_rows - number, 0)
                packed = sum(facts.column(i).total_compressed_size for i in range(facts.num_columns))
                e2 = _malformed(e)
                e2.detail = f"row group {group + 1}, rows {number + 1} to {number + lost}: {e2.detail}"
                yield RejectedRecord(None, e2, rows=lost, bytes=packed * lost // max(facts.num_rows, 1))
                number = first + facts.num_rows


def _source(file: OpenedFile, reading: ReadSettings) -> tuple[BinaryIO, int]:
    """The file's bytes to go about in, and how many they are."""
    if file.compression or not file.location:
        whole = read_all(ChunkStream(file.chunks()), None, reading.limits.whole_file, "file_too_large")
        return io.BytesIO(whole), len(whole)
    if file.size > reading.limits.max_file_bytes:
        raise RejectedValue("file_too_large", f"more than {reading.limits.max_file_bytes} bytes")
    return open(file.location, "rb"), file.size  # the caller closes it


def _malformed(error: BaseException) -> RejectedValue:
    """What is wrong with the file; what is wrong with the disk stays an OSError."""
    if isinstance(error, OSError) and error.errno is not None:
        raise error
    lines = str(error).splitlines()
    return RejectedValue("malformed_parquet", (lines[0] if lines else type(error).__name__)[:200])


def _records(batch: Any, reading: ReadSettings, notes: ReadingNotes) -> Iterator[dict[str, Any] | RejectedValue]:
    """The fields of each row. A row that is far too large is refused before Python makes values of it."""
    most = _LARGE * reading.limits.max_record_bytes
    if batch.nbytes > most:
        for at in range(batch.num_rows):
            row = batch.slice(at, 1)
            if row.nbytes > most:
                yield RejectedValue("record_too_large", f"more than {reading.limits.max_record_bytes} bytes")
            else:
                yield from _fields(row, reading, notes)
    else:
        yield from _fields(batch, reading, notes)


def _fields(batch: Any, reading: ReadSettings, notes: ReadingNotes) -> Iterator[dict[str, Any]]:
    names = batch.schema.names
    columns = [_values(batch.column(i), name, reading, notes) for i, name in enumerate(names)]
    for values in zip(*columns, strict=True):
        yield dict(zip(names, values, strict=True))


def _values(column: Any, name: str, reading: ReadSettings, notes: ReadingNotes) -> list[Any]:
    """A column's values as JSON can hold them; what Python cannot hold is null, and counted."""
    try:
        values = column.to_pylist()
    except (ValueError, OverflowError, ArithmeticError, TypeError):
        values = [_value(cell, name, notes) for cell in column]
    if FieldPath.of(reading.text).steps[:1] == (name,) and any(isinstance(value, bytes) for value in values):
        return [_as_text(value) for value in values]
    return [plain(value) for value in values]


def _value(cell: Any, name: str, notes: ReadingNotes) -> Any:
    try:
        return cell.as_py()
    except (ValueError, OverflowError, ArithmeticError, TypeError):
        notes.value(name, "null", str(cell.type))
        return None


def _as_text(value: Any) -> Any:
    """Bytes in the text's column: what is no UTF-8 stays bytes, and so is no text."""
    if not isinstance(value, bytes):
        return plain(value)
    try:
        return value.decode()
    except UnicodeDecodeError:
        return NotText(len(value))
