"""The only Parquet reader and writer.

Written with pyarrow: zstd level 3, content-defined chunking (so that a changed row changes few bytes of the file), a page
index, row groups of at most 100 MB. The same rows give the same bytes with the same pyarrow.
"""

from __future__ import annotations

import hashlib
import io
import os
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from corpus_kit.core.errors import EnvironmentProblemError
from corpus_kit.core.records import Rejected
from corpus_kit.core.schema.columns import columns_of
from corpus_kit.core.storage.disk import flush

COMPRESSION, COMPRESSION_LEVEL = "zstd", 3
MAX_ROW_GROUP_BYTES = 100 * 10**6
MAX_FILE_BYTES = 500 * 10**6
# Pages end where content-defined chunking says so (a megabyte and the value it falls in), never by a limit of their own:
# where a full disk meets a page that ended so, Arrow aborts the whole process instead of raising an error.
_NO_PAGE_LIMIT = 1 << 30

# Columns with few distinct values; for all others a dictionary costs time and gains nothing.
_DICTIONARY = frozenset(
    "encoding newline language split layer label control origin status reason stage outlet kind target verdict "
    "annotator model_version guidelines_sha256 config_sha256 model contract".split()
)


def arrow_schema(columns: Mapping[str, Any]) -> pa.Schema:
    """The Arrow schema of Polars dtypes, with plain `string` (what `datasets` reads and writes)."""
    return pa.schema([(name, _plain(dtype)) for name, dtype in columns.items()])


@lru_cache(maxsize=64)
def _plain(dtype: Any) -> pa.DataType:
    kind = pl.Series([], dtype=dtype).to_arrow().type
    return pa.string() if pa.types.is_large_string(kind) or kind == pa.string_view() else kind


class TableWriter:
    """One Parquet file, written batch by batch; nothing of it is visible under its name before `close`."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.path, self._aside = path, path.with_name(f"{path.name}.{uuid.uuid4().hex}.part")
        self.rows = 0
        names = [f.name for f in schema if f.name in _DICTIONARY]
        self._writer = pq.ParquetWriter(
            self._aside,
            schema,
            compression=COMPRESSION,
            compression_level=COMPRESSION_LEVEL,
            use_dictionary=names or False,
            write_page_index=True,
            use_content_defined_chunking=True,
            data_page_size=_NO_PAGE_LIMIT,
            max_rows_per_page=_NO_PAGE_LIMIT,
            # Statistics of a text are its first bytes: large and of no use.
            write_statistics=[f.name for f in schema if f.name not in ("text", "payload", "meta")],
        )

    def write(self, table: pa.Table) -> None:
        if table.num_rows == 0:
            return
        per_row = max(table.nbytes // table.num_rows, 1)
        self._writer.write_table(table, row_group_size=max(MAX_ROW_GROUP_BYTES // per_row, 1))
        self.rows += table.num_rows

    def close(self) -> None:
        """Finish and give the file its name. The folder it belongs to is flushed as a whole."""
        self._writer.close()
        self._aside.replace(self.path)

    def __enter__(self) -> TableWriter:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            self._writer.close()
            self._aside.unlink(missing_ok=True)


def write_table(path: Path, table: pa.Table) -> None:
    """Write one whole table."""
    with TableWriter(path, table.schema) as writer:
        writer.write(table)


def read_table(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Read one Parquet file. Raises EnvironmentProblemError when it is damaged or missing."""
    try:
        # Not `read_table`, which imports `pyarrow.dataset` and pandas: a third of a second in every process.
        with pq.ParquetFile(path) as file:
            return file.read(columns=list(columns) if columns is not None else None)
    except (pa.ArrowInvalid, OSError) as e:
        raise EnvironmentProblemError(
            f"{path} cannot be read as Parquet: {str(e).splitlines()[0].rstrip('.')}.",
            "Remove the folder it lies in and run `corpus-kit build` again; it is made from the raw files and the ledger.",
        ) from e


def iter_batches(path: Path, columns: Sequence[str] | None = None, rows: int = 4096) -> Iterator[pa.RecordBatch]:
    """Read one Parquet file in batches, so that memory does not grow with it."""
    with pq.ParquetFile(path) as file:
        yield from file.iter_batches(batch_size=rows, columns=list(columns) if columns is not None else None)


def count_rows(path: Path) -> int:
    """Number of rows, from the file's footer."""
    with pq.ParquetFile(path) as file:
        return int(file.metadata.num_rows)


def parts(folder: Path, table: str) -> list[Path]:
    """The files of one table, `<table>-NNNNN.parquet`, in order."""
    return sorted(folder.glob(f"{table}-[0-9][0-9][0-9][0-9][0-9]*.parquet"))


def scan(folder: Path, table: str) -> pl.LazyFrame | None:
    """One table as a lazy frame, None when it has no files."""
    files = parts(folder, table)
    return pl.scan_parquet(files, hive_partitioning=False) if files else None


def part_name(table: str, number: int) -> str:
    return f"{table}-{number:05d}.parquet"


class Fingerprint:
    """sha256 of rows as data, independent of how Parquet encoded them and how they came in batches: columns, then values as
    JSON lines.

    Where a row carries `text_sha256` its `text` is left out; the hash stands for it.
    """

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._first = True

    def add(self, batch: pa.RecordBatch | pa.Table) -> None:
        table = batch if isinstance(batch, pa.Table) else pa.Table.from_batches([batch])
        if "text_sha256" in table.column_names and "text" in table.column_names:
            table = table.drop_columns(["text"])
        if self._first:
            # Parquet names the values of a list "element", whatever Arrow calls them.
            types = [f"{f.name}:{f.type}".replace("list<item: ", "list<element: ") for f in table.schema]
            self._digest.update("\t".join(types).encode() + b"\n")
            self._first = False
        frame = pl.from_arrow(table)
        assert isinstance(frame, pl.DataFrame)
        lines = io.BytesIO()
        frame.write_ndjson(lines)
        self._digest.update(lines.getbuffer())

    def hexdigest(self) -> str:
        return self._digest.hexdigest()


def content_fingerprint(batches: Iterable[pa.RecordBatch | pa.Table]) -> str:
    """The `Fingerprint` of all batches."""
    fingerprint = Fingerprint()
    for batch in batches:
        fingerprint.add(batch)
    return fingerprint.hexdigest()


def file_sha256(path: Path) -> str:
    with path.open("rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def rejected_table(rejected: Sequence[Rejected]) -> pa.Table:
    """Rows of `rejected` as a table."""
    dtypes = columns_of("rejected")
    return table_of({name: [getattr(r, name) for r in rejected] for name in dtypes}, dtypes)


def table_of(columns: Mapping[str, Sequence[Any]], dtypes: Mapping[str, Any]) -> pa.Table:
    """A table of Python values by column. Through Polars: `pyarrow.array` would import pandas, in every process."""
    frame = pl.DataFrame({name: columns[name] for name in dtypes}, schema=dict(dtypes))
    made, schema = frame.to_arrow(compat_level=pl.CompatLevel.oldest()), arrow_schema(dtypes)
    arrays = [
        pa.chunked_array([_plain_array(chunk, field.type) for chunk in column.chunks], field.type)
        for column, field in zip(made.columns, schema, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def array_of(values: Sequence[Any] | NDArray[Any], dtype: pa.DataType) -> pa.Array:
    """Python values (None, numbers, strings, lists, structs as dicts) as `pyarrow.array` makes them, but without pandas."""
    kind = pl.Series(pa.chunked_array([], dtype)).dtype
    return _plain_array(pl.Series(values, dtype=kind).to_arrow(compat_level=pl.CompatLevel.oldest()), dtype)


def _plain_array(array: pa.Array, dtype: pa.DataType) -> pa.Array:
    """`array.cast(dtype)`, which loads `pyarrow.compute`: 45 ms in every process, where most columns are strings."""
    if array.type == dtype:
        return array
    if array.type == pa.large_string() and dtype == pa.string():
        valid, offsets, data = array.buffers()
        wide = np.frombuffer(offsets, np.int64, array.offset + len(array) + 1)
        if wide[-1] <= np.iinfo(np.int32).max:
            short = pa.py_buffer(wide.astype(np.int32))
            return pa.StringArray.from_buffers(len(array), short, data, valid, array.null_count, array.offset)
    return array.cast(dtype)


def text_array(values: Sequence[str | bytes]) -> pa.Array:
    """A `string` column without nulls; bytes must be valid UTF-8. Many times as fast as `pyarrow.array` for long texts."""
    encoded = [v if isinstance(v, bytes) else v.encode() for v in values]
    offsets = np.zeros(len(encoded) + 1, np.int64)
    np.cumsum([len(v) for v in encoded], out=offsets[1:])
    if offsets[-1] > np.iinfo(np.int32).max:
        return pa.array(encoded, pa.string())
    buffers = [pa.py_buffer(offsets.astype(np.int32)), pa.py_buffer(b"".join(encoded))]
    return pa.StringArray.from_buffers(len(encoded), *buffers)


def fsync_path(path: Path) -> None:
    """Flush a file or a folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        flush(descriptor)
    finally:
        os.close(descriptor)
