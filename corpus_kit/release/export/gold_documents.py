"""What every export for a library is made from: the documents of a release with all their gold, whatever a format can say.

It is read back from the Parquet release, so an export needs nothing but the release folder.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from corpus_kit.core.errors import UsageError
from corpus_kit.core.storage.tables import iter_batches
from corpus_kit.release.export.tokens import LabelledSpan, Loss
from corpus_kit.release.losses import LossRow

_ROWS = 256
_GOLD = "gold_"
RELATION = "relation"


@dataclass(frozen=True, slots=True)
class GoldDocument:
    """spans: layer → all its gold spans, nested ones too. answers: layer → (target, label, support). Without gold in a
    layer it is not a key; gold that says "nothing" is an empty list. open_places: layer → (start, end) of the
    disagreements about spans that are not settled."""

    doc_id: str
    text: str
    language: str
    spans: dict[str, list[LabelledSpan]]
    answers: dict[str, list[tuple[str, str, float]]]
    open_places: dict[str, list[tuple[int, int]]] = field(default_factory=dict)


def gold_layers(manifest: Mapping[str, Any]) -> list[str]:
    """Names of the layers with gold in a release. Raises UsageError when there are none."""
    columns = manifest["configs"]["documents"]["columns"]
    layers = [name.removeprefix(_GOLD) for name in columns if name.startswith(_GOLD)]
    if not layers:
        raise UsageError(
            "The release has no gold to export.", "Bring annotations with `corpus-kit pull` or `import`, then build."
        )
    return layers


def read_gold(release: Path, manifest: Mapping[str, Any], split: str) -> Iterator[GoldDocument]:
    """The documents of one split that have gold in any layer, in the release's order."""
    layers = gold_layers(manifest)
    having = manifest["configs"]["documents"]["columns"]
    columns = ["doc_id", "text", "language", *(["open_spans"] if "open_spans" in having else [])]
    columns += [_GOLD + layer for layer in layers]
    for file in manifest["configs"]["documents"]["splits"].get(split, ()):
        for batch in iter_batches(release / file["name"], columns, _ROWS):
            for row in batch.to_pylist():
                found = {layer: row[_GOLD + layer] for layer in layers if row[_GOLD + layer] is not None}
                if found:
                    yield _document(row, found, batch.schema)


def read_relations(release: Path, manifest: Mapping[str, Any]) -> Iterator[LossRow]:
    """The gold relations of a release as what an export of spans and answers cannot carry."""
    columns = ["doc_id", "layer", "head_start", "head_end"]
    for files in manifest["configs"].get("relations", {}).get("splits", {}).values():
        for file in files:
            for batch in iter_batches(release / file["name"], columns, _ROWS):
                for row in batch.to_pylist():
                    mark = LabelledSpan(row["head_start"], row["head_end"], "relation")
                    yield LossRow.of(row["layer"], row["doc_id"], Loss(mark, RELATION))


def _document(row: Mapping[str, Any], found: Mapping[str, list[dict[str, Any]]], schema: Any) -> GoldDocument:
    spans: dict[str, list[LabelledSpan]] = {}
    answers: dict[str, list[tuple[str, str, float]]] = {}
    for layer, rows in found.items():
        inner = schema.field(_GOLD + layer).type.value_type
        if inner.get_field_index("target") >= 0:
            answers[layer] = [(one["target"], one["label"], one["support"]) for one in rows]
        else:
            spans[layer] = [LabelledSpan(one["start"], one["end"], one["label"]) for one in rows]
    open_places: dict[str, list[tuple[int, int]]] = {}
    for one in row.get("open_spans") or ():
        open_places.setdefault(one["layer"], []).append((one["start"], one["end"]))
    return GoldDocument(row["doc_id"], row["text"], row["language"], spans, answers, open_places)
