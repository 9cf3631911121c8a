"""What is compared when predictions are scored: marks, the places that may be scored, and who said what.

Everything is a mark: a label at a place of a document. A span is at its characters, a line at those of the line, an answer
at the number of its target (start = number, end = number + 1).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

SPANS, LINES, ANSWERS = "spans", "lines", "answers"

MARK = {"doc_id": pl.String, "start": pl.Int64, "end": pl.Int64, "label": pl.String}
"""Columns of marks."""
PLACE = {"doc_id": pl.String, "start": pl.Int64, "end": pl.Int64}
SAID = {"annotator": pl.String, **MARK}
DOCUMENT = {"doc_id": pl.String, "language": pl.String, "publisher": pl.String, "group": pl.String}


@dataclass(frozen=True, slots=True)
class AnswerSheet:
    """One layer of a release, as far as predictions are compared with it.

    Attributes:
        layer: Its name.
        kind: `spans`, `lines` or `answers`.
        labels: In the order of the layer.
        documents: Every document of the split that has gold or that someone worked on (`DOCUMENT`), sorted by doc_id.
        settled: The places that gold settles: documents for spans (`doc_id`), lines or questions else (`PLACE`).
        gold: Settled marks (`MARK`).
        disputed: Places of spans in dispute (`PLACE`).
        asked: What each person answered: their documents for spans (`annotator`, `doc_id`), their lines or questions else.
        said: What each person marked there (`SAID`).
        ambiguous: Works left out because the same person has several on one document and the release does not say which
            is the last.
    """

    layer: str
    kind: str
    labels: tuple[str, ...]
    documents: pl.DataFrame
    settled: pl.DataFrame
    gold: pl.DataFrame
    disputed: pl.DataFrame
    asked: pl.DataFrame
    said: pl.DataFrame
    ambiguous: int = 0

    @property
    def scope(self) -> list[str]:
        """The columns that say what may be scored."""
        return ["doc_id"] if self.kind == SPANS else ["doc_id", "start", "end"]


@dataclass(frozen=True, slots=True)
class Predictions:
    """What a model says about one layer.

    Attributes:
        marks: Distinct marks (`MARK`).
        doc_ids: The documents that the file names.
        outside: Marks left out because they belong to no document, line or question of the release.
    """

    marks: pl.DataFrame
    doc_ids: frozenset[str] = field(default_factory=frozenset)
    outside: int = 0
