"""How people do on documents with a known answer, as plain data between the rooms."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CheckScore:
    """One person on the documents of a layer whose answer is known.

    documents: that they labelled of these. spans_f1: exact F1 of their spans against the known ones, of which there are
    `spans`; None where neither has any. answers_equal: share of the known `answers` that they gave too; None without any.
    """

    layer: str
    annotator: str
    documents: int
    spans: int
    spans_f1: float | None
    answers: int
    answers_equal: float | None
