"""After writing: the release is opened with `datasets`, as a stranger would, and compared with what went in."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import datasets

from corpus_kit.core.errors import EnvironmentProblemError
from corpus_kit.core.tables import Fingerprint


def verify_release(folder: Path, manifest: Mapping[str, Any], new_files: Sequence[str], cache: Path) -> None:
    """Load every config and split of `folder` offline and compare counts, features and hashes with the manifest.

    new_files: names below `folder` whose rows are read in full; the others were, when they were made.
    cache: an empty folder for what `datasets` writes. Raises EnvironmentProblemError for any difference.
    """
    for config, facts in manifest["configs"].items():
        builder = datasets.load_dataset_builder(str(folder), config, cache_dir=str(cache))
        expected = {split: sum(f["rows"] for f in files) for split, files in facts["splits"].items()}
        declared = {name: info.num_examples for name, info in (builder.info.splits or {}).items()}
        _same(f"{config}: rows that README.md declares", declared, expected)
        _same(f"{config}: columns", list(builder.info.features or {}), facts["columns"])
        for split, files in facts["splits"].items():
            stream = datasets.load_dataset(str(folder), config, split=split, streaming=True, cache_dir=str(cache))
            _same(f"{config}/{split}: columns of the first row", sorted(next(iter(stream))), sorted(facts["columns"]))
            _verify_files(folder, [f for f in files if f["name"] in new_files], cache)


def _verify_files(folder: Path, files: Sequence[Mapping[str, Any]], cache: Path) -> None:
    if files:
        # A split each: opening them together takes a fraction of the time.
        names = {f"f{number}": str(folder / facts["name"]) for number, facts in enumerate(files)}
        opened = datasets.load_dataset("parquet", data_files=names, streaming=True, cache_dir=str(cache))
        for split, facts in zip(names, files, strict=True):
            _verify_file(opened[split], facts)


def _verify_file(stream: Any, facts: Mapping[str, Any]) -> None:
    name = facts["name"]
    fingerprint = Fingerprint()
    rows = 0
    for batch in stream.with_format("arrow").iter(batch_size=1000):
        rows += batch.num_rows
        if {"text", "text_sha256"} <= set(batch.column_names):
            for text, sha in zip(batch["text"].to_pylist(), batch["text_sha256"].to_pylist(), strict=True):
                if hashlib.sha256(text.encode()).hexdigest() != sha:
                    raise _broken(f"{name}: a text does not have its text_sha256 {sha}")
            batch = batch.drop_columns(["text"])
        fingerprint.add(batch)
    _same(f"{name}: rows", rows, facts["rows"])
    _same(f"{name}: content", fingerprint.hexdigest(), facts["fingerprint"])


def _same(what: str, found: object, expected: object) -> None:
    if found != expected:
        raise _broken(f"{what}: {found} instead of {expected}")


def _broken(detail: str) -> EnvironmentProblemError:
    return EnvironmentProblemError(
        f"The release reads back differently from what was written ({detail}).",
        "Check the disk, remove data/.work and build again; if it stays, please report it as a bug.",
    )
