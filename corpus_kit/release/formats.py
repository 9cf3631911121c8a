"""The release in other shapes, each made from the Parquet release and compared with it: `save_to_disk` and JSON lines."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from corpus_kit.core.errors import EnvironmentProblemError
from corpus_kit.core.folders import made_folder, read_manifest, remove, write_manifest

FORMATS = ("hf", "arrow", "jsonl")


def write_format(format: str, release: Path, target: Path, work: Path) -> None:
    """Write `arrow` or `jsonl` from the release folder to `target`: one folder per configuration.

    Raises EnvironmentProblemError when what was written reads back with other counts.
    """
    manifest = read_manifest(release)
    assert manifest is not None
    with made_folder(target, work) as folder:
        for config, facts in manifest["configs"].items():
            expected = {split: sum(f["rows"] for f in files) for split, files in facts["splits"].items()}
            if format == "arrow":
                found = _write_arrow(release, config, folder / config, work / "datasets-cache")
            else:
                files = {s: [release / f["name"] for f in fs] for s, fs in facts["splits"].items()}
                found = _write_jsonl(files, folder / config)
            if found != expected:
                raise EnvironmentProblemError(
                    f"The {format} export of '{config}' has {found} rows instead of {expected}.", "Check the disk."
                )
        write_manifest(
            folder, format=format, inputs={"release": manifest["fingerprint"]}, fingerprint=manifest["fingerprint"]
        )


def _write_arrow(release: Path, config: str, folder: Path, cache: Path) -> dict[str, int]:
    import datasets

    remove(cache)
    loaded = datasets.load_dataset(str(release), config, cache_dir=str(cache))
    loaded.save_to_disk(str(folder))
    found = {split: rows.num_rows for split, rows in datasets.load_from_disk(str(folder)).items()}
    remove(cache)
    return found


def _write_jsonl(files: dict[str, list[Path]], folder: Path) -> dict[str, int]:
    """One line per row, every column present, dates as ISO strings; read back line by line."""
    folder.mkdir(parents=True)
    found = {}
    for split, parts in files.items():
        path = folder / f"{split}.jsonl"
        with path.open("wb") as out:
            for part in parts:
                pl.read_parquet(part).write_ndjson(out)
        with path.open("rb") as back:
            found[split] = sum(1 for _ in back)
    return found
