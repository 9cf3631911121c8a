"""From a span of a document to the bytes of the raw file. `Corpus.locate` is the way in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpus_kit.core.errors import UsageError
from corpus_kit.core.storage.tables import file_sha256
from corpus_kit.core.workspace import Workspace
from corpus_kit.ingest.discover import Discovered, RawFile, list_files
from corpus_kit.ingest.expand import read_all
from corpus_kit.ingest.json_values import RejectedValue
from corpus_kit.ingest.locate import locate_span

_COLUMNS = ("doc_id", "source", "text", "raw_sha256", "encoding")


@dataclass(frozen=True, slots=True)
class Location:
    """Where a span of a document stands in its raw file.

    Attributes:
        doc_id, source: The document.
        start, end: The span, in code points of the document's text.
        surface: The text of the span.
        file: Path of the raw file.
        compression: What was taken off the file before bytes were counted; None for none.
        byte_start, byte_end: The bytes that hold the span, end-exclusive; None where they are not known.
        paths: For HTML the XPath of every block that the span touches.
        reason: Why the bytes are not known; None where they are.
    """

    doc_id: str
    source: str
    start: int
    end: int
    surface: str
    file: str | None = None
    compression: str | None = None
    byte_start: int | None = None
    byte_end: int | None = None
    paths: tuple[str, ...] = ()
    reason: str | None = None


def locate(workspace: Workspace, document: str, start: int, end: int, raw: Sequence[str | Path]) -> Location:
    """See `Corpus.locate`."""
    row = _row(workspace.data, document)
    text = row["text"]
    if not 0 <= start <= end <= len(text):
        raise UsageError(
            f"There is no span {start} to {end}: the text of {row['doc_id']} has {len(text)} characters.",
            "Give start and end in code points, end-exclusive.",
        )
    told = {"doc_id": row["doc_id"], "source": row["source"], "start": start, "end": end, "surface": text[start:end]}
    file = _file(raw, row["source"])
    if file is None:
        name = row["source"].partition("#")[0]
        return Location(**told, reason=f"the raw file '{name}' is not there any more")
    told |= {"file": file.location, "compression": file.compression}
    with open(file.location, "rb", buffering=0) as handle:
        try:
            content = read_all(handle, file.compression, workspace.config.input.max_file_bytes, "file_too_large")
        except RejectedValue as refusal:
            return Location(**told, reason=f"the raw file cannot be read: {refusal.detail}")
    found = locate_span(content, text, row["encoding"], start, end)
    if found is not None:
        return Location(**told, byte_start=found.start, byte_end=found.end, paths=found.paths)
    return Location(**told, reason=_why_not(row, file, start, end))


def _why_not(row: dict[str, Any], file: RawFile, start: int, end: int) -> str:
    if "#" in row["source"]:
        return "the record is one of many in its file, where values are written in another form than they have"
    if file.compression is None and file_sha256(Path(file.location)) != row["raw_sha256"]:
        return "the raw file has changed since the build"
    if start == end or row["text"][start:end].isspace():
        return "the layout put these characters between two texts: they are not in the file"
    return "the text is not read from the file as a whole"


def _row(data: Path, document: str) -> dict[str, Any]:
    """The document's row, by its doc_id or its source."""
    import polars as pl

    folder = data / "documents"
    parts = sorted(folder.glob("documents-*.parquet"))
    if not parts:
        raise UsageError(f"There are no documents in {data}.", "Run `corpus-kit build` first.")
    found = pl.scan_parquet(parts).filter((pl.col("doc_id") == document) | (pl.col("source") == document))
    rows = found.select(_COLUMNS).head(1).collect().to_dicts()
    if not rows:
        raise UsageError(f"There is no document '{document}'.", "Name it by its doc_id, or by its source.")
    return dict(rows[0])


def _file(raw: Sequence[str | Path], source: str) -> RawFile | None:
    """The raw file that a document's source names."""
    names = {source, source.partition("#")[0]}
    try:
        return next((f for f in list_files(raw, Discovered()) if f.source in names), None)
    except UsageError:
        return None
