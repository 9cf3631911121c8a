"""Fields by file name: `metadata.csv` or `metadata.jsonl` in the raw folder or below, or a file that corpus.toml names.

A row names its file in a column `file` (or `file_name`, `path`), as a path below the raw folder or, where only one file
is called so, by its name alone. Columns `sha256` and `bytes` are promises about the file and are verified.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from corpus_kit.core.errors import UsageError
from corpus_kit.core.records import Rejected
from corpus_kit.ingest.discover import RawFile, Sidecar
from corpus_kit.ingest.json_values import Refusal, parse_json, refuse_surrogates

FILE_COLUMNS = ("file", "file_name", "filename", "path")


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
            if isinstance(row, Refusal):
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


def _rows(path: Path) -> Iterator[dict[str, Any] | Refusal]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as e:
        raise UsageError(f"The metadata file {path} cannot be read: {e.strerror}.", "Check its path.") from e
    except UnicodeDecodeError as e:
        raise UsageError(f"{path} is not UTF-8 (byte {e.start}).", "Save the metadata file as UTF-8.") from e
    if path.suffix.lower() in (".jsonl", ".ndjson"):
        for line in text.split("\n"):
            if line.strip():
                try:
                    row = parse_json(line)
                    refuse_surrogates(row)
                    yield row if isinstance(row, dict) else Refusal("malformed_metadata", "not an object")
                except Refusal as e:
                    yield e
        return
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, [])
        for row in reader:
            if len(row) == len(header):
                yield dict(zip(header, row, strict=True))
            elif row:
                yield Refusal("malformed_metadata", f"{len(row)} fields where the header has {len(header)}")
    except csv.Error as e:
        yield Refusal("malformed_metadata", f"line {reader.line_num}: {e}")
