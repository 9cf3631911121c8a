"""What the measures give back: one `AgreementFigure` per figure, and the documents that cost most of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from corpus_kit.core.measures import BY_NAME

HARDEST_SCHEMA: dict[str, Any] = {
    "layer": pl.String,
    "control": pl.String,
    "target": pl.String,
    "measure": pl.String,
    "doc_id": pl.String,
    "n_annotators": pl.Int64,
    "disagreement": pl.Float64,
    "share": pl.Float64,
    "rank": pl.Int64,
}


@dataclass(frozen=True, slots=True)
class AgreementFigure:
    """One figure: how far these annotators agree on this part of a layer.

    measure: a name of `core.measures.BY_NAME`, which says what each compares.
    control, target, label: what the figure is restricted to; None means all of them together.
    annotators: the pseudonyms compared, sorted: two for a pair, all of the layer otherwise (`pair` tells which).
    value: the figure, or None where it is not defined; `reason` then says why in one sentence.
    low, high: bootstrap interval over groups of documents that are no copies of each other; None where there is none,
        again with a `reason`.
    n_documents: documents that at least two of the annotators worked on.
    n_groups: how many groups these documents are, which the interval draws.
    n_items: what was compared: items with two answers or more, distinct spans, characters, distinct relations.
    """

    measure: str
    layer: str
    control: str | None
    label: str | None
    target: str | None
    annotators: tuple[str, ...]
    pair: bool
    value: float | None
    low: float | None
    high: float | None
    n_documents: int
    n_items: int
    reason: str = ""
    n_groups: int = 0

    def __post_init__(self) -> None:
        if self.measure not in BY_NAME:
            raise ValueError(f"'{self.measure}' is no measure of core/measures.py")

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"annotators": list(self.annotators)}


@dataclass(frozen=True, slots=True)
class Measured:
    """The figures of one kind, and the documents ranked by their share of the disagreement (`HARDEST_SCHEMA`)."""

    results: tuple[AgreementFigure, ...]
    hardest: pl.DataFrame

    @classmethod
    def joined(cls, parts: list[Measured]) -> Measured:
        """Several kinds as one; the order of `parts` is kept."""
        frames = [part.hardest for part in parts if part.hardest.height]
        return cls(
            tuple(result for part in parts for result in part.results),
            pl.concat(frames) if frames else pl.DataFrame(schema=HARDEST_SCHEMA),
        )
