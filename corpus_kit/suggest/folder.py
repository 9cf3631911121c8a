"""`data/suggestions`: the rows of every layer in files of their own, one for each file of documents, in one folder.

A layer is put in, replaced or taken out as a whole; what the others have stays, if it was made of the same documents.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa

from corpus_kit.core.records import Rejected
from corpus_kit.core.storage.folders import (
    drop_folder,
    kept_folder,
    link_or_copy,
    made_folder,
    read_manifest,
    write_manifest,
)
from corpus_kit.core.storage.tables import content_fingerprint, file_sha256, part_name, rejected_table, write_table
from corpus_kit.core.vocabulary import BOILERPLATE

TABLE = "suggestions"
ROWS = f"{TABLE}.parquet"
"""In the folder of a shard: its rows."""
CHOICE_TABLE = "suggested_choices"
CHOICE_ROWS = f"{CHOICE_TABLE}.parquet"
"""In the folder of a shard: its answers, in layers that have such."""
FIRST = BOILERPLATE
"""The layer whose files come first, one for each of the documents' and in their order."""
_LISTS = {"files": TABLE, "choice_files": CHOICE_TABLE}
"""Lists of the manifest, and the table whose files each names."""


def keep_shard(
    folder: Path,
    facts_file: str,
    table: pa.Table,
    rejected: Sequence[Rejected],
    arrays: Mapping[str, Any] = MappingProxyType({}),
    choices: pa.Table | None = None,
    **about: Any,
) -> dict[str, Any]:
    """Write the suggestions for one shard of documents and what broke the contract into a folder that later builds find
    again; returns what its `facts_file` says: counts, hashes and `about`. arrays: go into the folder too, by file name.
    choices: rows of `suggested_choices` for the same documents; None for a layer that has no answers.
    """
    with kept_folder(folder, facts_file) as (aside, facts):
        target = aside / ROWS
        write_table(target, table)
        write_table(aside / "rejected.parquet", rejected_table(rejected))
        for name, array in arrays.items():
            np.save(aside / name, array)
        facts |= {
            "rows": table.num_rows,
            "sha256": file_sha256(target),
            "fingerprint": content_fingerprint([table]),
            "marked": len(set(table["doc_id"].to_pylist())),
            "labels": dict(sorted(Counter(table["label"].to_pylist()).items())),
            "rejected": dict(sorted(Counter(r.reason for r in rejected).items())),
            **about,
        }
        if choices is not None:
            write_table(aside / CHOICE_ROWS, choices)
            _with_choices(facts, table, choices, aside / CHOICE_ROWS)
    return facts


def _with_choices(facts: dict[str, Any], spans: pa.Table, choices: pa.Table, file: Path) -> None:
    """Count answers in: a label of theirs is written `control: value`."""
    told = Counter(
        f"{c}: {v}" for c, v in zip(choices["control"].to_pylist(), choices["value"].to_pylist(), strict=True)
    )
    facts["labels"] = dict(sorted((Counter(facts["labels"]) + told).items()))
    facts["marked"] = len({*spans["doc_id"].to_pylist(), *choices["doc_id"].to_pylist()})
    fingerprint = content_fingerprint([choices])
    facts["choices"] = {"rows": choices.num_rows, "sha256": file_sha256(file), "fingerprint": fingerprint}


def put_layer(
    out: Path, work: Path, layer: str, files: Sequence[tuple[Path, Mapping[str, Any]]], about: Mapping[str, Any]
) -> None:
    """Make `out/suggestions` with these files as the layer's.

    files: path, and its facts `rows`, `sha256`, `fingerprint`, and `choices` where answers lie beside it. about:
    `by_label`, `left_out`, `config_sha256`, `models`, `contract`, `libraries`.
    """
    kept = _others(out, layer)
    kept[layer] = {"files": [{k: facts[k] for k in ("rows", "sha256", "fingerprint")} for _, facts in files], **about}
    answers = [(path.with_name(CHOICE_ROWS), facts["choices"]) for path, facts in files if "choices" in facts]
    if answers:
        kept[layer]["choice_files"] = [facts for _, facts in answers]
    _write(out, work, kept, {layer: ([path for path, _ in files], [path for path, _ in answers])})


def drop_layer(out: Path, work: Path, layer: str) -> None:
    """Make `out/suggestions` without a layer; the folder goes where no other one is left."""
    manifest = read_manifest(out / TABLE)
    if manifest is None or (layer not in manifest.get("parts", {}) and _documents(out) == _documents_of(manifest)):
        return
    kept = _others(out, layer)
    if kept:
        _write(out, work, kept, {})
        return
    drop_folder(out / TABLE, work)


def _others(out: Path, layer: str) -> dict[str, dict[str, Any]]:
    """What the manifest says of the other layers, if it is all there and of the current documents."""
    manifest = read_manifest(out / TABLE)
    if manifest is None or _documents_of(manifest) != _documents(out):
        return {}
    kept: dict[str, dict[str, Any]] = {}
    for name, part in manifest.get("parts", {}).items():
        each = [[out / TABLE / f["name"] for f in manifest.get(key, ()) if f["layer"] == name] for key in _LISTS]
        if name != layer and all(path.is_file() for paths in each for path in paths):
            kept[name] = {**part, "paths": each}
    return kept


def _documents(out: Path) -> dict[str, Any]:
    return {f["name"]: {"sha256": f["sha256"]} for f in (read_manifest(out / "documents") or {"files": []})["files"]}


def _documents_of(manifest: Mapping[str, Any]) -> Any:
    return manifest.get("inputs", {}).get("documents")


def _write(
    out: Path,
    work: Path,
    parts: dict[str, dict[str, Any]],
    paths: Mapping[str, tuple[Sequence[Path], Sequence[Path]]],
) -> None:
    order = sorted(parts, key=lambda name: (name != FIRST, name))
    with made_folder(out / TABLE, work) as folder:
        listed: dict[str, list[dict[str, Any]]] = {key: [] for key in _LISTS}
        for layer in order:
            each = paths.get(layer) or parts[layer].get("paths", ((), ()))
            for (key, table), sources in zip(_LISTS.items(), each, strict=True):
                for source, facts in zip(sources, parts[layer].get(key, ()), strict=True):
                    name = part_name(table, len(listed[key]))
                    link_or_copy(Path(source), folder / name)
                    listed[key].append({**facts, "name": name, "layer": layer})
        told = {name: {k: v for k, v in parts[name].items() if k != "paths"} for name in order}
        by_label: Counter[str] = Counter()
        left_out: Counter[str] = Counter()
        for part in told.values():
            by_label.update(part["by_label"])
            left_out.update(part["left_out"])
        every = [f for files in listed.values() for f in files]
        write_manifest(
            folder,
            table=TABLE,
            rows=sum(f["rows"] for f in every),
            parts=told,
            by_label=dict(sorted(by_label.items())),
            left_out=dict(sorted(left_out.items())),
            inputs={"documents": _documents(out), "layers": {name: told[name]["config_sha256"] for name in order}},
            models=[model for name in order for model in told[name]["models"]],
            fingerprint=hashlib.sha256("".join(f["fingerprint"] for f in every).encode()).hexdigest(),
            **{key: files for key, files in listed.items() if files or key == "files"},
        )


def summed(facts: Sequence[Mapping[str, Any]], name: str) -> dict[str, int]:
    """The counts that the facts of shards have under a name, added up and sorted."""
    total: Counter[str] = Counter()
    for one in facts:
        total.update(one[name])
    return dict(sorted(total.items()))
