"""`publish folder`: the release copied to a folder in one step, for a share or a web server."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from corpus_kit.core.errors import UsageError
from corpus_kit.core.storage.folders import read_manifest, remove


@dataclass(frozen=True, slots=True)
class Copied:
    """files: copied. replaced: whether an older release was there."""

    folder: Path
    files: int
    replaced: bool


def copy_release(release: Path, target: Path) -> Copied:
    """Replace `target` by a copy of the release; what an older one left is gone.

    Raises:
        UsageError: `target` exists and is no release, so that it is not for this command to replace.
    """
    replaced = target.exists()
    if replaced and (not target.is_dir() or target.is_symlink() or (any(target.iterdir()) and not _is_release(target))):
        raise UsageError(f"{target} exists and is not a release.", "Name a new folder.")
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh, old = (target.with_name(f".{target.name}.{word}") for word in ("new", "old"))
    for path in (fresh, old):
        remove(path)
    shutil.copytree(release, fresh)
    if replaced:
        target.rename(old)
    try:
        fresh.rename(target)
    except OSError:
        if replaced:
            old.rename(target)
        raise
    remove(old)
    return Copied(target, sum(1 for path in target.rglob("*") if path.is_file()), replaced)


def _is_release(folder: Path) -> bool:
    manifest = read_manifest(folder)
    return manifest is not None and "configs" in manifest
