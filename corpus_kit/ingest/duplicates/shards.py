"""A shard of documents, as the search for copies takes it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Shard:
    """A Parquet file of documents and the sha256 of its bytes. rows: 0 where nobody counted.

    masked: a Parquet file with doc_id, start, end (code points) of spans of these documents that do not count, such as
    suggested boilerplate, and its sha256; None where all counts.
    """

    path: Path
    sha256: str
    masked: Path | None = None
    masked_sha256: str = ""
    rows: int = 0

    @property
    def key(self) -> str:
        """32 hex digits that stand for all of it."""
        if self.masked is None:
            return self.sha256[:32]
        return hashlib.sha256(f"{self.sha256} {self.masked_sha256}".encode()).hexdigest()[:32]
