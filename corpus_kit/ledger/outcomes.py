"""What became of suggestions: how many people left as they were, edited or deleted, by layer, model and version.

Computed from the ledger's payloads alone. Only submitted work on tasks that were filled with a suggestion counts; the server
keeps a snapshot of it with the annotation, so a suggestion that is gone from a result was deleted by hand.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from corpus_kit.core.records import SuggesterOutcomes
from corpus_kit.core.storage.folders import read_manifest
from corpus_kit.core.storage.tables import iter_batches, parts
from corpus_kit.ledger.export_json import Json, results_of

_READ = ("layer", "origin", "status", "payload")
_ORIGINS = {"prediction": "accepted", "prediction-changed": "edited"}


def effects(data: Path) -> list[SuggesterOutcomes]:
    """Sorted by layer, model and version. Memory: one batch of payloads."""
    counts: dict[tuple[str, str], Counter[str]] = {}
    for path in parts(data / "annotations", "annotations"):
        for batch in iter_batches(path, _READ, 256):
            for row in batch.to_pylist():
                if (row["origin"], row["status"]) == ("human", "submitted"):
                    told = outcome(json.loads(row["payload"]))
                    if told is not None:
                        version, found = told
                        counts.setdefault((row["layer"], version), Counter()).update(found)
    models = _models(data)
    names = ("annotations", "suggested", "accepted", "edited", "deleted", "added")
    made = [
        SuggesterOutcomes(
            layer, models.get((layer, version)) or _told_by(version), version, *(found[name] for name in names)
        )
        for (layer, version), found in counts.items()
    ]
    return sorted(made, key=lambda e: (e.layer, e.model, e.version))


def outcome(annotation: Json) -> tuple[str, Counter[str]] | None:
    """The version of the suggestion that an annotation began with, and what became of it; None where it began empty."""
    snapshot = annotation.get("prediction")
    if not isinstance(snapshot, dict):
        return None
    results = [r for r in results_of(annotation) if isinstance(r, dict) and r.get("type") != "relation"]
    if annotation.get("parent_prediction") is None and not any(str(r.get("origin")) in _ORIGINS for r in results):
        return None
    offered = {_key(r): r for r in results_of(snapshot) if isinstance(r, dict) and r.get("type") != "relation"}
    found: Counter[str] = Counter(annotations=1, suggested=len(offered))
    rest = []
    for result in results:
        before = offered.pop(_key(result), None)
        if before is None:
            rest.append(result)
        else:
            # Results made through the API do not tell their origin: what is as it was offered was accepted.
            same = "accepted" if _said(before) == _said(result) else "edited"
            found[_ORIGINS.get(str(result.get("origin")), same)] += 1
    for result in rest:
        fate = _ORIGINS.get(str(result.get("origin")))
        taken = next(
            (key for key, before in offered.items() if _said(before) == _said(result)), next(iter(offered), None)
        )
        if fate is None or taken is None:
            found["added"] += 1
        else:  # under another id, but by its own word from a suggestion
            del offered[taken]
            found[fate] += 1
    found["deleted"] = len(offered)
    return str(snapshot.get("model_version") or ""), found


def _key(result: Mapping[str, Any]) -> tuple[Any, Any]:
    return _hashable(result.get("id")), _hashable(result.get("from_name"))


def _hashable(value: Any) -> Any:
    """A value as a key: what no server writes there as its text."""
    return value if isinstance(value, str | int | None) else str(value)


def _said(result: Mapping[str, Any]) -> dict[str, Any]:
    """What a result says, but for the text, which servers and pages rewrite."""
    value = result.get("value")
    return {k: v for k, v in value.items() if k != "text"} if isinstance(value, dict) else {}


def _models(data: Path) -> dict[tuple[str, str], str]:
    """(layer, version) → model, of the present suggestions."""
    told: Iterable[Mapping[str, Any]] = (read_manifest(data / "suggestions") or {}).get("models", ())
    return {(m["layer"], m["version"]): m["model"] for m in told}


def _told_by(version: str) -> str:
    """A version of the form model@revision tells its model."""
    return version.partition("@")[0] if "@" in version and " + " not in version else ""
