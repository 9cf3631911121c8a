"""After writing: the release is opened with `datasets`, as a stranger would, and compared with what went in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import datasets

from corpus_kit.release.recheck import same, verify_rows


def verify_release(folder: Path, manifest: Mapping[str, Any], new_files: Sequence[str], cache: Path) -> None:
    """Load every config and split of `folder` offline and compare counts, features and hashes with the manifest.

    new_files: names below `folder` whose rows are read in full; the others were, when they were new.
    cache: an empty folder for what `datasets` writes. Raises EnvironmentProblemError for any difference.
    """
    for config, facts in manifest["configs"].items():
        builder = datasets.load_dataset_builder(str(folder), config, cache_dir=str(cache))
        expected = {split: sum(f["rows"] for f in files) for split, files in facts["splits"].items()}
        declared = {name: info.num_examples for name, info in (builder.info.splits or {}).items()}
        same(f"{config}: rows that README.md declares", declared, expected)
        same(f"{config}: columns", list(builder.info.features or {}), facts["columns"])
        for split, files in facts["splits"].items():
            stream = datasets.load_dataset(str(folder), config, split=split, streaming=True, cache_dir=str(cache))
            same(f"{config}/{split}: columns of the first row", sorted(next(iter(stream))), sorted(facts["columns"]))
            _verify_files(folder, [f for f in files if f["name"] in new_files], cache)


def _verify_files(folder: Path, files: Sequence[Mapping[str, Any]], cache: Path) -> None:
    if files:
        # A split each: opening them together takes a fraction of the time.
        names = {f"f{number}": str(folder / facts["name"]) for number, facts in enumerate(files)}
        opened = datasets.load_dataset("parquet", data_files=names, streaming=True, cache_dir=str(cache))
        for split, facts in zip(names, files, strict=True):
            verify_rows(facts["name"], opened[split].with_format("arrow").iter(batch_size=1000), facts)
