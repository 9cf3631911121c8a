"""A release like the one that `datasets` opened last is checked without it: importing it costs more than a rebuild.

What `datasets` makes of a release depends on the front matter of README.md and on the schema in each Parquet file. Where
both are, counts aside, those that it has opened, only the data can be wrong, and that is read here: every new file whole.
Where anything else differs, `datasets` is asked. See `docs/decisions/023-reading-a-rebuilt-release.md`.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from corpus_kit.core.errors import EnvironmentProblemError
from corpus_kit.core.parallel.executor import Workers
from corpus_kit.core.storage.folders import is_intact, note_of, read_checked_json, write_checked_json
from corpus_kit.core.storage.tables import Fingerprint

_SECONDS_PER_BYTE = 1 / 50e6  # what `recheck_file` takes, roughly, per byte of a file
_LAYOUT = "1"
KEPT = "release-opened.json"
_COUNTS = frozenset({"version", "num_bytes", "num_examples", "download_size", "dataset_size", "size_categories"})


@dataclass(frozen=True, slots=True)
class FileTask:
    """One call of `recheck_file`. facts: of the file, as the manifest has them. schema: serialised."""

    folder: str
    facts: dict[str, Any]
    schema: bytes


class Opened:
    """What was found right, as `data/.work/release-opened.json` keeps it.

    shape: of the release that `datasets` opened last. release: that release itself. read: sha256 of every data file of the
    last release, all of which were read in full, then or earlier. stamps: size and mtime of its files.
    """

    def __init__(self, work: Path) -> None:
        self._path = work / KEPT
        self._known = read_checked_json(self._path)

    def __bool__(self) -> bool:
        return "shape" in self._known

    def holds_shape(self, folder: Path, schemas: Mapping[str, pa.Schema]) -> bool:
        """Whether a release of this shape was opened."""
        return self._known.get("shape") == _shape(folder, schemas)

    def holds_release(self, folder: Path) -> bool:
        """Whether it is this very release that was opened."""
        return self._known.get("release") == _digest(folder)

    def holds_files(self, folder: Path, manifest: Mapping[str, Any]) -> bool:
        """Whether every file of a release is the one that its manifest names: untouched since it was noted, or hashed."""
        expected = {file["name"]: file["sha256"] for file in files_of(manifest)} | manifest.get("beside", {})
        if "README.md" not in expected:  # a manifest of an older version
            return False
        stamps = self._known.get("stamps", {})
        if not all(is_intact(folder / name, [*stamps.get(name, (-1, -1)), sha]) for name, sha in expected.items()):
            return False
        found = _stamps(folder, manifest)
        if found != stamps:  # copied or moved since; not to be hashed every time
            self._known["stamps"] = found
            write_checked_json(self._path, self._known)
        return True

    def unread(self, manifest: Mapping[str, Any]) -> list[str]:
        """Names of the data files that no one has read since they were written: a build may have ended before it did."""
        read = set(self._known.get("read", ()))
        return [file["name"] for file in files_of(manifest) if file["sha256"] not in read]

    def keep(self, folder: Path, manifest: Mapping[str, Any], schemas: Mapping[str, pa.Schema] | None) -> None:
        """Note a release without fault. schemas: where `datasets` has opened it, None where it was read without."""
        if schemas is not None:
            self._known = {"shape": _shape(folder, schemas), "release": _digest(folder)}
        self._known["read"] = sorted({file["sha256"] for file in files_of(manifest)})
        self._known["stamps"] = _stamps(folder, manifest)
        write_checked_json(self._path, self._known)


def files_of(manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The facts of all data files."""
    return [file for c in manifest["configs"].values() for files in c["splits"].values() for file in files]


def _stamps(folder: Path, manifest: Mapping[str, Any]) -> dict[str, list[int]]:
    names = [*(file["name"] for file in files_of(manifest)), *manifest.get("beside", {})]
    return {name: note_of(folder / name, "known")[:2] for name in names}


def recheck_release(
    folder: Path,
    manifest: Mapping[str, Any],
    schemas: Mapping[str, pa.Schema],
    new_files: Sequence[str],
    workers: Workers,
) -> None:
    """Compare a release with its manifest: names, sizes, declared counts of all files; schema, rows, hashes of the new.

    schemas: of each configuration, with the `huggingface` key. new_files: names below `folder`, read by the workers.
    Raises EnvironmentProblemError for any difference.
    """
    new, tasks = frozenset(new_files), []
    infos = {info["config_name"]: info for info in _front(folder)["dataset_info"]}
    same("configurations that README.md declares", list(infos), list(manifest["configs"]))
    for config, facts in manifest["configs"].items():
        expected = {split: sum(f["rows"] for f in files) for split, files in facts["splits"].items()}
        declared = {split["name"]: split["num_examples"] for split in infos[config]["splits"]}
        same(f"{config}: rows that README.md declares", declared, expected)
        for split, files in facts["splits"].items():
            found = sorted(path.relative_to(folder).as_posix() for path in folder.glob(f"{config}/{split}-*.parquet"))
            same(f"{config}/{split}: files", found, sorted(f["name"] for f in files))
            for file in files:
                same(f"{file['name']}: bytes", (folder / file["name"]).stat().st_size, file["bytes"])
                if file["name"] in new:
                    tasks.append(FileTask(str(folder), file, schemas[config].serialize().to_pybytes()))
    seconds = sum(task.facts["bytes"] for task in tasks) * _SECONDS_PER_BYTE
    for _ in workers.run(recheck_file, tasks, seconds):
        pass


def recheck_file(task: FileTask) -> None:
    """Read one file whole. Raises EnvironmentProblemError where it is not what its facts and its schema say."""
    facts, name = task.facts, task.facts["name"]
    schema = pa.ipc.read_schema(pa.py_buffer(task.schema))
    try:
        with pq.ParquetFile(Path(task.folder) / name) as file:
            # Metadata apart: Parquet names the values of a list otherwise, and then they would never be equal.
            found = file.schema_arrow
            if not found.equals(schema) or found.metadata != schema.metadata:
                raise broken(f"{name}: another schema than that of its configuration")
            verify_rows(name, file.iter_batches(batch_size=1000), facts)
    except (pa.ArrowInvalid, OSError) as e:
        raise broken(f"{name}: {str(e).splitlines()[0]}") from e


def verify_rows(name: str, batches: Any, facts: Mapping[str, Any]) -> None:
    """Read the rows of one file and compare their number and hashes with the manifest's. batches: Arrow tables."""
    fingerprint = Fingerprint()
    rows = 0
    for batch in batches:
        rows += batch.num_rows
        table = batch if isinstance(batch, pa.Table) else pa.Table.from_batches([batch])
        if {"text", "text_sha256"} <= set(table.column_names):
            texts = (
                table["text"].cast(pa.binary()).to_pylist()
            )  # bytes as they stand: decoding takes as long as hashing
            for text, sha in zip(texts, table["text_sha256"].to_pylist(), strict=True):
                if hashlib.sha256(text).hexdigest() != sha:
                    raise broken(f"{name}: a text does not have its text_sha256 {sha}")
            table = table.drop_columns(["text"])
        fingerprint.add(table)
    same(f"{name}: rows", rows, facts["rows"])
    same(f"{name}: content", fingerprint.hexdigest(), facts["fingerprint"])


def same(what: str, found: object, expected: object) -> None:
    """Raise where they are not."""
    if found != expected:
        raise broken(f"{what}: {found} instead of {expected}")


def broken(detail: str) -> EnvironmentProblemError:
    """The error for a release that is not what was written."""
    return EnvironmentProblemError(
        f"The release reads back differently from what was written ({detail}).",
        "Check the disk, remove data/.work and build again; if it stays, please report it as a bug.",
    )


def _shape(folder: Path, schemas: Mapping[str, pa.Schema]) -> str:
    """All that decides how `datasets` reads a release, the number of rows aside."""
    versions = [platform.python_version(), *(metadata.version(n) for n in ("corpus-kit", "datasets", "pyarrow"))]
    parts = [_LAYOUT, *versions, json.dumps(_without_counts(_front(folder)), default=str)]
    parts += [f"{name} {schema.serialize().to_pybytes().hex()}" for name, schema in schemas.items()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _digest(folder: Path) -> str:
    """Of one release: its front matter and its manifest, which has the hash of every file."""
    return hashlib.sha256((folder / "README.md").read_bytes() + (folder / "manifest.json").read_bytes()).hexdigest()


def _front(folder: Path) -> dict[str, Any]:
    text = (folder / "README.md").read_text(encoding="utf-8")
    front: dict[str, Any] = yaml.safe_load(text.split("---\n", 2)[1])
    return front


def _without_counts(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_counts(v) for k, v in value.items() if k not in _COUNTS}
    return [_without_counts(v) for v in value] if isinstance(value, list) else value
