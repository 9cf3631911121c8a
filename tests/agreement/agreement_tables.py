"""Small tables for the tests of agreement: what the tables of those names hold, and no more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import polars as pl

ANNOTATIONS = {
    "annotation_id": pl.String, "doc_id": pl.String, "layer": pl.String, "origin": pl.String, "annotator": pl.String,
    "status": pl.String, "created_at": pl.String, "updated_at": pl.String, "text_sha256": pl.String,
}  # fmt: skip
SPANS = {
    "annotation_id": pl.String, "doc_id": pl.String, "layer": pl.String, "control": pl.String, "span_id": pl.String,
    "start": pl.Int64, "end": pl.Int64, "label": pl.String, "surface": pl.String, "score": pl.Float64,
    "origin": pl.String,
}  # fmt: skip
CHOICES = {
    "annotation_id": pl.String, "doc_id": pl.String, "layer": pl.String, "control": pl.String, "span_id": pl.String,
    "target": pl.String, "kind": pl.String, "value": pl.String, "score": pl.Float64,
}  # fmt: skip
RELATIONS = {
    "annotation_id": pl.String, "doc_id": pl.String, "layer": pl.String, "from_span": pl.String, "to_span": pl.String,
    "direction": pl.String, "label": pl.String,
}  # fmt: skip
DOCUMENTS = {"doc_id": pl.String, "text_sha256": pl.String, "n_chars": pl.Int64}


def annotation(doc_id: str, annotator: str, *, layer: str = "stance", **other: Any) -> dict[str, Any]:
    return {
        "annotation_id": f"{layer}/{doc_id}/{annotator}", "doc_id": doc_id, "layer": layer, "origin": "human",
        "annotator": annotator, "status": "submitted", "created_at": "2024-01-01T00:00:00Z",
        "updated_at": "2024-01-01T00:00:00Z", "text_sha256": f"text of {doc_id}",
    } | other  # fmt: skip


def choice(made: dict[str, Any], value: str, **other: Any) -> dict[str, Any]:
    return {
        "annotation_id": made["annotation_id"], "doc_id": made["doc_id"], "layer": made["layer"], "control": "stance",
        "span_id": None, "target": None, "kind": "choice", "value": value, "score": None,
    } | other  # fmt: skip


def span(made: dict[str, Any], start: int, end: int, label: str = "PER", **other: Any) -> dict[str, Any]:
    return {
        "annotation_id": made["annotation_id"], "doc_id": made["doc_id"], "layer": made["layer"], "control": "label",
        "span_id": f"{made['annotator']}:{start}-{end}", "start": start, "end": end, "label": label,
        "surface": "".join(chr(97 + i % 26) for i in range(start, end)), "score": None, "origin": "manual",
    } | other  # fmt: skip


def table(rows: Iterable[dict[str, Any]], schema: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=schema, orient="row")


def answered(
    matrix: Sequence[Sequence[str | None]], kind: str = "choice"
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """choices, annotations and (empty) spans from a row for each document and a column for each annotator.

    None is an annotator who did not work on the document.
    """
    made, chosen = [], []
    for d, row in enumerate(matrix):
        for a, value in enumerate(row):
            if value is not None:
                made.append(annotation(f"{d:016x}", f"a{a:02d}"))
                chosen.append(choice(made[-1], value, kind=kind))
    return table(chosen, CHOICES), table(made, ANNOTATIONS), table([], SPANS)
