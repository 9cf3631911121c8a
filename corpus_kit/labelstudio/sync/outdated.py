"""Labels that people made under an older text of the guidelines, of which something has changed that concerns them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from corpus_kit.core.codebook import changed_sections, labels_named
from corpus_kit.core.layers import Layer
from corpus_kit.core.schema.columns import columns_of
from corpus_kit.core.storage.tables import scan
from corpus_kit.ledger.guidelines import known_guidelines
from corpus_kit.ledger.ledger import Entry

NOT_KEPT = "(the older text is not kept)"


@dataclass(frozen=True, slots=True)
class OutdatedLabels:
    """Work under one older text of one layer's guidelines.

    made_under: its version, else the first digits of its hash. sections: that changed since. labels: the labels, targets
    and controls that these name; empty where all are concerned, for a section that names none is about all. annotations:
    of people, submitted, that hold such a label, on `documents`. hours: what they took together, by Label Studio's lead
    times (where one is missing, the median of the layer); None without any.
    """

    layer: str
    made_under: str
    sections: tuple[str, ...]
    labels: tuple[str, ...]
    annotations: int
    documents: int
    hours: float | None


def outdated_labels(data: Path, layers: Mapping[str, Layer], entries: list[Entry]) -> list[OutdatedLabels]:
    """What is to be looked at again after the guidelines changed, by layer and older text."""
    made = _made(data)
    if made.is_empty():
        return []
    known = known_guidelines(data / "imports", entries, layers)
    found = []
    for name, layer in layers.items():
        own = made.filter(pl.col("layer") == name)
        older = own.filter(pl.col("guidelines_sha256") != (layer.guidelines_sha256 or ""))
        median = own["lead_time_s"].median()
        for sha in older["guidelines_sha256"].unique().sort():
            text = known[name].get(sha)
            sections, labels = _concern(layer, text.text if text else None)
            concerned = older.filter(pl.col("guidelines_sha256") == sha)
            if labels:
                concerned = concerned.join(_holding(data, labels), on="annotation_id", how="semi")
            if not sections or concerned.is_empty():
                continue
            seconds = concerned["lead_time_s"].fill_null(median).sum() if isinstance(median, int | float) else None
            version = (text.version if text else None) or sha[:12]
            if version == layer.guidelines_version:
                version = f"{version} ({sha[:12]})"  # changed without another version
            found.append(
                OutdatedLabels(
                    name, version, sections, tuple(sorted(labels)), concerned.height,
                    concerned["doc_id"].n_unique(), None if seconds is None else float(seconds) / 3600,
                )
            )  # fmt: skip
    return found


def _concern(layer: Layer, older: str | None) -> tuple[tuple[str, ...], set[str]]:
    """The sections that changed, and what they name; nothing named is all."""
    if older is None:
        return (NOT_KEPT,), set()
    changed = changed_sections(older, layer.guidelines or "")
    return tuple(heading or "(before the first heading)" for heading, _ in changed), _labels(layer, changed)


def _labels(layer: Layer, changed: list[tuple[str, str]]) -> set[str]:
    """What the changed sections name; empty where one of them names nothing, and so is about all."""
    told = {name for c in layer.controls for name in (*c.labels, c.target, c.name) if name}
    named = [labels_named(heading, text, told) for heading, text in changed]
    return set().union(*named) if all(named) else set()


def _made(data: Path) -> pl.DataFrame:
    """Submitted answers of people whose guidelines are known."""
    columns = ["annotation_id", "doc_id", "layer", "guidelines_sha256", "lead_time_s"]
    found = scan(data / "annotations", "annotations")
    if found is None:
        return pl.DataFrame(schema={name: columns_of("annotations")[name] for name in columns})
    answers = (pl.col("origin") == "human") & (pl.col("status") == "submitted")
    return found.filter(answers & pl.col("guidelines_sha256").is_not_null()).select(columns).collect()


def _holding(data: Path, labels: set[str]) -> pl.DataFrame:
    """The annotations with one of these labels, or an answer about one of these targets."""
    named = sorted(labels)
    parts = [pl.LazyFrame(schema={"annotation_id": pl.String})]
    wanted = {"spans": ("label", "control"), "choices": ("value", "target", "control"), "relations": ("label",)}
    for table, columns in wanted.items():
        found = scan(data / "annotations", table)
        if found is not None:
            hit = pl.any_horizontal(pl.col(column).is_in(named).fill_null(False) for column in columns)
            parts.append(found.filter(hit).select("annotation_id"))
    return pl.concat(parts).unique().collect()
