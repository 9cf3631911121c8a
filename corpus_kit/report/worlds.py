"""What holds under other rules: `data/multiverse`, as `corpus-kit multiverse` wrote it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpus_kit.core.storage.folders import read_manifest
from corpus_kit.core.vocabulary import MULTIVERSE_FILE
from corpus_kit.report.agreement import MEASURES

SHOWN = 25
"""Labels that turn, the most fragile first."""
_AXES = {
    "as_of": "the day",
    "without": "who is left out",
    "guidelines": "guidelines",
    "policy": "policy",
    "boundary": "boundary",
}


@dataclass(frozen=True, slots=True)
class WorldsShown:
    """worlds: how many. choices: of what, and which. layers, moved, turning: rows of the three tables. older: labels or
    documents have changed since."""

    worlds: int
    choices: tuple[tuple[str, str], ...]
    tolerance: float
    layers: tuple[Mapping[str, Any], ...]
    steady: int
    moved: tuple[Mapping[str, Any], ...]
    turning: tuple[Mapping[str, Any], ...]
    older: bool


def read_worlds(folder: Path, manifests: Mapping[str, Mapping[str, Any]]) -> WorldsShown | None:
    """None where no one has asked for them.

    Args:
        folder: `data/multiverse`.
        manifests: Of the made folders.
    """
    manifest = read_manifest(folder)
    if manifest is None:
        return None
    try:
        found = json.loads((folder / MULTIVERSE_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    made_from = manifest.get("inputs", {})
    older = any(made_from.get(name) != manifests[name].get("fingerprint") for name in ("annotations", "documents"))
    figures = [*found["shares"], *found["figures"]]
    moved = [_figure(one) for one in figures if not one["holds"]]
    turning = [one | {"on": _on(one)} for one in found["turning"] if one["in_base"]]
    return WorldsShown(
        len(found["worlds"]),
        tuple((_AXES[axis], ", ".join(filter(None, names))) for axis, names in found["choices"].items() if any(names)),
        found["tolerance"],
        tuple(found["layers"]),
        len(figures) - len(moved),
        tuple(moved),
        tuple(turning[:SHOWN]),
        older,
    )


def _figure(one: Mapping[str, Any]) -> dict[str, Any]:
    name = f"share of {one['label']}" if one["what"] == "share" else MEASURES.get(one["what"], one["what"])
    return {**one, "name": name, "of": one["target"] or one["control"] or "", "on": _on(one)}


def _on(one: Mapping[str, Any]) -> str:
    return ", ".join(_AXES[axis] for axis in one["turns_on"]) or "several choices together"
