"""The second look over a corpus: `review` on the labels of `data/gold` or `data/annotations`, with the words around them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from corpus_kit.agreement.judgements import judged
from corpus_kit.agreement.review import review
from corpus_kit.core.errors import UsageError
from corpus_kit.core.folders import read_manifest
from corpus_kit.core.labels import read_label_table
from corpus_kit.core.layers import Layer


@dataclass(frozen=True, slots=True)
class Suspect:
    """One label to look at again.

    annotator: None for gold. expected: the likeliest other label. suspicion: log odds of it against the one given.
    elsewhere, alike: labels at other places with this surface, and how many of them are the label given.
    """

    rank: int
    layer: str
    control: str
    doc_id: str
    annotation_id: str
    annotator: str | None
    start: int
    end: int
    surface: str
    label: str
    expected: str
    suspicion: float
    probability: float
    expected_probability: float
    elsewhere: int
    alike: int


def second_look(out: Path, layers: Mapping[str, Layer], *, gold: bool = True) -> list[Suspect]:
    """Labels of these layers for which another label is likelier, most suspicious first.

    gold: of `out/gold`, else of `out/annotations` (the submitted work of people). Raises UsageError where the folder is
    not made.
    """
    folder = out / ("gold" if gold else "annotations")
    if read_manifest(folder) is None:
        raise UsageError(f"There is no {folder.name} yet.", "Run `corpus-kit build` once there are annotations.")
    annotations = read_label_table(folder, "annotations")
    spans = read_label_table(folder, "spans").filter(pl.col("layer").is_in(list(layers)))
    if not gold:
        spans = spans.join(judged(annotations), on="annotation_id", how="semi")
    ranked = review(spans).filter(pl.col("suspicion") > 0)
    named = ranked.join(
        annotations.select("annotation_id", "annotator"), on="annotation_id", how="left", maintain_order="left"
    )
    return [Suspect(**row) for row in named.select(Suspect.__slots__).iter_rows(named=True)]
