"""What a model in a folder is: a hash of its files, whatever the folder is called and wherever it lies."""

from __future__ import annotations

import hashlib
from pathlib import Path

from corpus_kit.core.storage.tables import file_sha256


def folder_revision(folder: Path) -> str:
    """Twelve hex digits of the names and contents of all files below a folder, hidden ones left out."""
    files = sorted(p for p in folder.rglob("*") if p.is_file() and not any(x.startswith(".") for x in p.parts[-2:]))
    told = "\n".join(f"{p.relative_to(folder).as_posix()} {file_sha256(p)}" for p in files)
    return hashlib.sha256(told.encode()).hexdigest()[:12]
