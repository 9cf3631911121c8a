"""`validate`'s look at a release: every file is the one that its manifest names, and there is no other.

Files are hashed as a stream and only the footers of the tables are read, so memory does not grow with the release. What
stands in the rows follows from the tables that it was made from, and was compared with them when it was written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from corpus_kit.core.records import Finding
from corpus_kit.core.storage.folders import MANIFEST, read_manifest
from corpus_kit.core.storage.tables import count_rows, file_sha256

CHANGED = "The file is not the one that was written. Remove its folder and .work beside it, and build again."
"""Removed with what later builds keep: a made file and a kept one may be one file under two names."""


@dataclass(slots=True)
class ReleasePart:
    """One configuration of a release, or (`name` is "release") what lies beside them. rows: as the files themselves say."""

    name: str
    rows: int
    findings: list[Finding]


def check_release(folder: Path, documents: Mapping[str, Any]) -> Iterator[ReleasePart]:
    """Every configuration in the manifest's order, then the files beside them where something is wrong with those.

    documents: the manifest of the documents that it was made from.
    """
    manifest = read_manifest(folder)
    if manifest is None or "configs" not in manifest:
        hint = f"{folder.name}/{MANIFEST} is missing or damaged. Remove the folder and build again."
        yield ReleasePart("release", 0, [Finding("no_manifest", "release", hint=hint)])
        return
    listed: set[str] = set()
    for config, facts in manifest["configs"].items():
        part = ReleasePart(f"release/{config}", 0, [])
        for file in (file for files in facts["splits"].values() for file in files):
            listed.add(file["name"])
            part.findings += _data_file(part, folder, file)
        yield part
    beside = list(_beside(folder, manifest, listed, documents))
    if beside:
        yield ReleasePart("release", 0, beside)


def _data_file(part: ReleasePart, folder: Path, file: Mapping[str, Any]) -> Iterator[Finding]:
    path, row = folder / file["name"], file["name"]
    if not path.is_file():
        yield Finding("missing_file", part.name, row=row, hint="The manifest lists it. Build again.")
        return
    try:
        if file_sha256(path) != file["sha256"]:
            yield Finding("changed_file", part.name, row=row, hint=CHANGED)
        rows = count_rows(path)
    except (pa.ArrowException, OSError) as e:
        told = str(e).splitlines()[0].rstrip(".")
        hint = f"It cannot be read: {told}. Remove its folder and .work beside it, and build again."
        yield Finding("unreadable_file", part.name, row=row, hint=hint)
        return
    part.rows += rows
    if rows != file["rows"]:
        hint = f"It has {rows} rows, the manifest says {file['rows']}. Remove its folder and build again."
        yield Finding("wrong_count", part.name, row, "rows", hint)


def _beside(
    folder: Path, manifest: Mapping[str, Any], listed: set[str], documents: Mapping[str, Any]
) -> Iterator[Finding]:
    for name, sha256 in manifest.get("beside", {}).items():
        if not (folder / name).is_file():
            yield Finding("missing_file", "release", row=name, hint="The manifest lists it. Build again.")
        elif file_sha256(folder / name) != sha256:
            yield Finding("changed_file", "release", row=name, hint="It is not what was written. Build again.")
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = path.relative_to(folder).as_posix()
        hidden = "/." in f"/{name}"  # .git and the like, which no one loads
        if name not in listed and name not in manifest.get("beside", {}) and name != MANIFEST and not hidden:
            hint = "The manifest does not list it, and who loads the release may get its rows. Remove it."
            yield Finding("unlisted_file", "release", row=name, hint=hint)
    made_from = manifest.get("inputs", {}).get("documents")
    if made_from != documents.get("fingerprint"):
        hint = "It was made from other documents than those that lie beside it. Build again."
        yield Finding("stale_release", "release", hint=hint)
