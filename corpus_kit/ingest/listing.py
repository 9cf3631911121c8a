"""`inputs.sha256`: every raw file with its hash, in the format of `sha256sum -c`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from corpus_kit.ingest.discover import RawFile


def write_listing(path: Path, units: Iterable[tuple[Sequence[RawFile], Sequence[str | None]]]) -> dict[str, Any]:
    """Write it, and return its own facts for the manifest.

    units: files and their sha256, None for what could not be read, which is left out.
    """
    digest = hashlib.sha256()
    count = size = 0
    with path.open("wb") as listing:
        for files, hashes in units:
            read = [(file, sha256) for file, sha256 in zip(files, hashes, strict=True) if sha256 is not None]
            lines = "".join([f"{sha256}  {file.source}\n" for file, sha256 in read]).encode()
            if b"\\" in lines or b"\r" in lines or lines.count(b"\n") != len(read):  # as good as never
                lines = "".join([_line(sha256, file.source) for file, sha256 in read]).encode()
            listing.write(lines)
            digest.update(lines)
            count, size = count + len(read), size + sum(file.size for file, _ in read)
    return {"files": count, "bytes": size, "listing": path.name, "sha256": digest.hexdigest()}


def _line(sha256: str, source: str) -> str:
    if "\\" not in source and "\n" not in source and "\r" not in source:
        return f"{sha256}  {source}\n"
    plain = source.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    return f"\\{sha256}  {plain}\n"
