"""Delimited values: .csv, .tsv and what spreadsheets and databases write under these names."""

from __future__ import annotations

import io
from collections.abc import Iterator

from corpus_kit.ingest.formats.base import RawRecord, ReadingNotes, ReadSettings, RejectedRecord, field_record, guarded
from corpus_kit.ingest.formats.dialects import FoundDialect, find_dialect
from corpus_kit.ingest.formats.lines import LineBlock, Lines, TooLong
from corpus_kit.ingest.formats.opened import OpenedFile
from corpus_kit.ingest.formats.rows import BadLine, BadRow, Dialect, read_rows
from corpus_kit.ingest.json_values import RejectedValue
from corpus_kit.ingest.known import COLUMNS

SUFFIXES = (".csv", ".tsv", ".tab", ".psv")
_PREFERRED = {".tsv": "\t", ".tab": "\t", ".psv": "|"}


def read(file: OpenedFile, reading: ReadSettings, notes: ReadingNotes) -> Iterator[RawRecord | RejectedRecord]:
    """Rows as records: fields named by the header, or by number from 1 where `header = false`."""
    table = CellTable(file, reading, notes)
    header = table.header
    text = reading.text
    _refuse_repeated(header, reading)
    number = 0
    for row in table.rows:
        number += 1
        if isinstance(row, BadRow):
            yield RejectedRecord(number, row.refusal, bytes=row.size)
            continue
        cells = row.cells
        if "" in cells:
            fields = {k: v for k, v in zip(header, cells, strict=True) if v != "" or k == text}
        else:
            fields = dict(zip(header, cells, strict=True))
        yield guarded(field_record, fields, number, reading, notes, table.encoding)
    notes.settle(encoding=table.encoding)  # which a row far down may have told


class CellTable:
    """A file of delimited values, its dialect found out.

    Attributes:
        header: The names of its columns.
        rows: The rows below the header.
    """

    def __init__(
        self, file: OpenedFile, reading: ReadSettings, notes: ReadingNotes, names: tuple[str, ...] = ()
    ) -> None:
        self._lines = Lines(file.chunks(), reading.limits, reading.encoding)
        self._blocks = self._lines.blocks()
        first = next((block for block in self._blocks), None)
        sample = first.text if isinstance(first, LineBlock) and first.text is not None else ""
        if isinstance(first, LineBlock) and first.text is None:
            sample = first.raw.decode("utf-8", "replace")
        names = names or tuple(reading.columns.values())
        # A block that is shorter than a chunk is the whole file, or its last line has no end.
        whole = isinstance(first, LineBlock) and not sample.endswith(("\n", "\r"))
        found = find_dialect(
            sample,
            prefer=_PREFERRED.get(file.suffix, ","),
            delimiter=reading.delimiter,
            quote=reading.quote,
            escape=reading.escape,
            whole=whole,
            names=names,
        )
        has_header = self._has_header(found, reading, names)
        d = found.dialect
        notes.settle(encoding=self._lines.encoding, delimiter=d.delimiter, quote=d.quote, escape=d.escape)
        notes.settle(header=has_header)
        if found.comments:
            notes.odd.append(f"{found.comments} lines above the header begin with '#' and are left out.")
        source = self._source(first, found.skip)
        columns = None if has_header else len(found.first)
        self.rows = read_rows(source, d, columns, reading.limits.max_record_bytes, self.encoding)
        if has_header:
            top = next(self.rows, None)
            if top is None:
                raise RejectedValue("empty_text", "no bytes")
            if isinstance(top, BadRow):
                raise top.refusal
            if len(top.cells) > reading.limits.max_columns:
                raise RejectedValue(
                    "too_many_columns", f"{len(top.cells)} columns, more than {reading.limits.max_columns}"
                )
            self.header = named(top.cells)
        elif not found.first:
            raise RejectedValue("empty_text", "no bytes")
        else:
            self.header = [str(number) for number in range(1, len(found.first) + 1)]
        notes.fields.update(dict.fromkeys(self.header))
        self.dialect: Dialect = d

    @property
    def encoding(self) -> str:
        return self._lines.encoding

    def _has_header(self, found: FoundDialect, reading: ReadSettings, names: tuple[str, ...]) -> bool:
        if reading.header is not None:
            return reading.header
        if found.header is False and not {cell.strip() for cell in found.first} & set(names):
            shown = " | ".join(cell if len(cell) <= 40 else cell[:40] + "…" for cell in found.first[:6])
            raise RejectedValue("no_header", f"the first row is: {shown}")
        return True

    def _source(self, first: LineBlock | TooLong | None, skip: int) -> Iterator[list[str] | str | BadLine]:
        blocks = iter([first] if first is not None else [])
        for source in (blocks, self._blocks):
            for block in source:
                if isinstance(block, TooLong):
                    yield BadLine(block.size, RejectedValue("record_too_large", f"a line of {block.size} bytes"))
                elif block.text is not None:
                    lines = list(io.StringIO(block.text, newline=""))
                    yield lines[skip:]
                    skip = max(skip - len(lines), 0)
                else:
                    yield from self._line_by_line(block.raw)

    def _line_by_line(self, raw: bytes) -> Iterator[str | BadLine]:
        for line in raw.splitlines(keepends=True):
            try:
                yield self._lines.decode(line)
            except RejectedValue as e:
                yield BadLine(len(line), e)


def named(cells: list[str]) -> list[str]:
    """Names of columns: without white space at their ends, every column with one of its own."""
    names: dict[str, None] = {}
    given = {cell.strip() for cell in cells}
    for number, cell in enumerate(cells, start=1):
        name = cell.strip() or f"column_{number}"
        count = 2
        unique = name
        while unique in names or (unique != name and unique in given):
            unique, count = f"{name}_{count}", count + 1
        names[unique] = None
    return list(names)


def _refuse_repeated(header: list[str], reading: ReadSettings) -> None:
    for column in COLUMNS:
        name = reading.columns.get(column, column)
        if f"{name}_2" in header and name in header:
            raise RejectedValue("malformed_csv", f"two columns have the same name, '{name}'")
