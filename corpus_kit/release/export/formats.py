"""The release in other shapes, each made from the Parquet release alone.

`arrow` (`save_to_disk`) and `jsonl` hold all of it and are compared with it; `conll`, `spacy` and `pieces` hold the gold,
and `losses.csv` beside them names what they cannot. Those of annotation tools hold what each person said, and the gold.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from corpus_kit.core.errors import EnvironmentProblemError, UsageError
from corpus_kit.core.storage.folders import made_folder, read_manifest, remove, write_manifest
from corpus_kit.release.export.gold_documents import gold_layers, read_relations
from corpus_kit.release.export.interchange import NO_LABELS, write_tool
from corpus_kit.release.losses import LOSSES_CSV, counted_rows, refuse_losses, write_loss_rows


def write_gold_format(
    format: str, release: Path, target: Path, work: Path, *, tokenizer: str = "", strict: bool = False
) -> dict[str, dict[str, int]]:
    """Write `conll`, `spacy` or `pieces` (which needs `tokenizer`) to `target`; config → reason → what they cannot carry.

    strict: losses are an error, and nothing is written. Raises UsageError (no gold), EnvironmentProblemError (a library
    is not installed), FindingsError with `strict`.
    """
    from corpus_kit.release.export.conll import write_conll
    from corpus_kit.release.export.pieces import write_pieces
    from corpus_kit.release.export.spacy_docs import write_spacy

    manifest = read_manifest(release)
    assert manifest is not None
    layers = gold_layers(manifest)
    tagged = [layer for layer in layers if "ner_tags" in manifest["configs"].get(layer, {}).get("columns", ())]
    if format != "spacy" and not tagged:
        raise UsageError("No layer of the release marks spans as entities are marked.", "Export --hf or --spacy.")
    with made_folder(target, work) as folder:
        if format == "conll":
            losses = write_conll(release, manifest, tagged, folder)
        elif format == "spacy":
            losses = write_spacy(release, manifest, layers, tagged[0] if tagged else None, folder)
        else:
            names = {layer: _tags_of(release, manifest, layer) for layer in tagged}
            losses = write_pieces(release, manifest, names, tokenizer, folder)
        exported = layers if format == "spacy" else tagged
        losses += [loss for loss in read_relations(release, manifest) if loss.layer in exported]
        lost = counted_rows(losses)
        refuse_losses(lost, strict)
        write_loss_rows(folder / LOSSES_CSV, losses)
        inputs = {"release": manifest["fingerprint"]}
        write_manifest(folder, format=format, inputs=inputs, fingerprint=manifest["fingerprint"], losses=lost)
    return lost


def write_tool_format(
    format: str, release: Path, target: Path, work: Path, *, strict: bool = False
) -> dict[str, dict[str, int]]:
    """Write a format of another annotation tool, of the kind `tool`; config → reason → what it cannot carry.

    strict: losses are an error, and nothing is written. Raises UsageError (no labels), EnvironmentProblemError (a library
    is not installed), FindingsError with `strict`.
    """
    manifest = read_manifest(release)
    assert manifest is not None
    with made_folder(target, work) as folder:
        losses = write_tool(format, release, manifest, folder)
        lost = counted_rows(losses)
        labels = counted_rows([one for one in losses if one.reason not in NO_LABELS])
        refuse_losses(labels, strict)
        write_loss_rows(folder / LOSSES_CSV, losses)
        inputs = {"release": manifest["fingerprint"]}
        write_manifest(folder, format=format, inputs=inputs, fingerprint=manifest["fingerprint"], losses=lost)
    return lost


def _tags_of(release: Path, manifest: dict[str, Any], layer: str) -> list[str]:
    """The tags of a configuration in the order of its ClassLabel, from the first of its files."""
    first = next(file for files in manifest["configs"][layer]["splits"].values() for file in files)
    told = pq.read_schema(release / first["name"]).metadata[b"huggingface"]
    tags: list[str] = json.loads(told)["info"]["features"]["ner_tags"]["feature"]["names"]
    return tags


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
    with _without_bars():
        loaded = datasets.load_dataset(str(release), config, cache_dir=str(cache))
        loaded.save_to_disk(str(folder))
    found = {split: rows.num_rows for split, rows in datasets.load_from_disk(str(folder)).items()}
    remove(cache)
    return found


@contextmanager
def _without_bars() -> Iterator[None]:
    """`datasets` draws bars of its own into logs and pipes, too."""
    from datasets.utils import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    before = are_progress_bars_disabled()
    disable_progress_bars()
    try:
        yield
    finally:
        if not before:
            enable_progress_bars()


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
