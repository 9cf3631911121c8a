"""Fields by file name: `metadata.csv` or `metadata.jsonl` in the raw folder or below, or a file that corpus.toml names.

A row names its file in a column `file` (or `file_name`, `path`), as a path below the raw folder or, where only one file
is called so, by its name alone. Columns `sha256` and `bytes` are promises about the file and are verified.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from corpus_kit.core.errors import UsageError
from corpus_kit.core.records import Rejected
from corpus_kit.ingest.discover import RawFile, Sidecar
from corpus_kit.ingest.expand import compression_of
from corpus_kit.ingest.formats import json_lines, split_compression, suffix_of
from corpus_kit.ingest.formats.base import Limits, ReadingNotes, ReadSettings
from corpus_kit.ingest.formats.delimited import CellTable
from corpus_kit.ingest.formats.lines import Lines, TooLong
from corpus_kit.ingest.formats.opened import OpenedFile
from corpus_kit.ingest.formats.rows import BadRow
from corpus_kit.ingest.json_values import Constants, RejectedValue, parse_json, refuse_surrogates
from corpus_kit.ingest.known import COLUMNS

FILE_COLUMNS = ("file", "file_name", "filename", "path")
_LIMITS = Limits(16 << 20, 8 << 30)


@dataclass(slots=True)
class Metadata:
    """fields: source of a raw file → its fields. rejected: rows that name no file or cannot be used."""

    fields: dict[str, dict[str, Any]] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)


def read_metadata(sidecars: Sequence[Sidecar], files: Sequence[RawFile]) -> Metadata:
    """Read all sidecars and match their rows to the files; paths are below the sidecar's own folder, or below the root."""
    made = Metadata()
    by_path: dict[tuple[str, str], str] = {}
    by_name: dict[str, list[str]] = defaultdict(list)
    for f in files if sidecars else ():
        by_path[f.root, f.path] = by_path["", f.source] = f.source
        by_name[f.path.rsplit("/", 1)[-1]].append(f.source)
    for f in files if sidecars else ():
        # The name without compression suffix will do, unless a file of that very name is there too.
        by_path.setdefault((f.root, f.plain_path), f.source)
    for sidecar in sidecars:
        for number, row in enumerate(_rows(sidecar.path), start=1):
            place = f"{sidecar.source}#{number}"
            if isinstance(row, RejectedValue):
                made.rejected.append(Rejected("metadata", place, "malformed_metadata", row.detail))
                continue
            column = next((c for c in FILE_COLUMNS if isinstance(row.get(c), str)), None)
            if column is None:
                detail = f"no column {' or '.join(FILE_COLUMNS)}"
                made.rejected.append(Rejected("metadata", place, "malformed_metadata", detail))
                continue
            name = row.pop(column).replace("\\", "/").removeprefix("./")
            below = by_path.get((sidecar.root, sidecar.folder + name))
            source = below or by_path.get((sidecar.root, name)) or by_path.get(("", name))
            if source is None and len(by_name.get(name, ())) == 1:
                source = by_name[name][0]
            if source is None:
                made.rejected.append(Rejected("metadata", place, "metadata_unmatched", f"file '{name}'"))
            elif source in made.fields:
                made.rejected.append(Rejected("metadata", place, "malformed_metadata", f"'{name}' is named twice"))
            else:
                made.fields[source] = {k: v for k, v in row.items() if v is not None and v != ""}
    return made


def _rows(path: Path) -> Iterator[dict[str, Any] | RejectedValue]:
    """The rows of a metadata file, read as any file of data is: dialect and encoding are found out."""
    if not os.access(path, os.R_OK) or path.is_dir():
        raise UsageError(f"The metadata file {path} cannot be read.", "Check its path and permissions.")
    reading = ReadSettings({"text": ""} | dict.fromkeys(COLUMNS, ""), _LIMITS)
    try:
        with path.open("rb", buffering=0) as handle:
            compression = compression_of(handle.read(16))
            handle.seek(0)
            plain = split_compression(path.name)[0]
            opened = OpenedFile(plain, handle, compression, str(path), path.stat().st_size)
            if suffix_of(plain) in json_lines.SUFFIXES:
                yield from _objects(opened, reading)
            else:
                yield from _cells(opened, reading)
    except RejectedValue as e:
        yield RejectedValue("malformed_metadata", e.detail)
    except OSError as e:
        raise UsageError(f"The metadata file {path} cannot be read: {e.strerror}.", "Check the disk.") from e


def _cells(opened: OpenedFile, reading: ReadSettings) -> Iterator[dict[str, Any] | RejectedValue]:
    table = CellTable(opened, reading, ReadingNotes(), names=FILE_COLUMNS)
    for row in table.rows:
        if isinstance(row, BadRow):
            yield RejectedValue("malformed_metadata", row.refusal.detail)
        else:
            yield {name: cell for name, cell in zip(table.header, row.cells, strict=True) if cell != ""}


def _objects(opened: OpenedFile, reading: ReadSettings) -> Iterator[dict[str, Any] | RejectedValue]:
    lines = Lines(opened.chunks(), reading.limits)
    for block in lines.blocks():
        if isinstance(block, TooLong):
            yield RejectedValue("malformed_metadata", f"a line of {block.size} bytes")
            continue
        for line in block.raw.split(b"\n"):
            if line.strip():
                try:
                    row = parse_json(lines.decode(line), Constants())
                    refuse_surrogates(row)
                    yield row if isinstance(row, dict) else RejectedValue("malformed_metadata", "not an object")
                except RejectedValue as e:
                    yield e
