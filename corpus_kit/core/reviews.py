"""What is handed to people to settle: documents with what each annotator answered, as plain data between the rooms."""

from __future__ import annotations

from dataclasses import dataclass

REVIEW = "review"
"""`origin` of an annotation whose author saw what others had answered: it settles, and agreement never counts it."""

REVIEW_FIELD = "corpus_kit_review"
"""Key of a review task's data that holds what is open; a task without it was labelled independently."""

DISAGREEMENTS, SECOND_LOOK = "review", "second look"
"""The kinds of review projects: what people disagree about, and labels that contradict the rest of the corpus."""

SETTLED = "settled"
"""Name of the version that holds what is gold already."""

SpanRow = tuple[str, str, int, int, str]
"""control, span_id, start, end, label"""
ChoiceRow = tuple[str, str | None, str, str]
"""control, span_id, kind, value"""
RelationRow = tuple[str, str, str, str | None]
"""from_span, to_span, direction, label"""


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """One thing to settle.

    of: the control, or what its answer is about. said: (answer in words, pseudonyms) each. why: one sentence.
    """

    of: str
    said: tuple[tuple[str, tuple[str, ...]], ...]
    why: str


@dataclass(frozen=True, slots=True)
class ReviewVersion:
    """All that one person answered in a document, or what is settled there. name: a pseudonym or `SETTLED`."""

    name: str
    spans: tuple[SpanRow, ...] = ()
    choices: tuple[ChoiceRow, ...] = ()
    relations: tuple[RelationRow, ...] = ()


@dataclass(frozen=True, slots=True)
class ReviewDocument:
    """One document of one layer that a reviewer is to look at. text_sha256: of the text that the offsets point into."""

    layer: str
    doc_id: str
    text_sha256: str
    items: tuple[ReviewItem, ...]
    versions: tuple[ReviewVersion, ...]
