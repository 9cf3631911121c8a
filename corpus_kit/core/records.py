"""Records at the edges: what is passed between rooms one at a time. Everything in bulk is an Arrow table.

Findings are data: what a check found, where, and what to do about it. They are collected and reported, never raised.
Rejected is what was not taken. Check scores and reviews are what agreement hands to the rooms that show or send them.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path

from corpus_kit.core.findings import FINDINGS
from corpus_kit.core.reasons import REASONS


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with one place.

    code: a code of `core.findings.FINDINGS`.
    table: the table or file it was found in.
    row: the row's key ("doc_id=…"), "" for the table as a whole.
    column: the column or key, "" where it concerns the row.
    hint: what is wrong and the next step, one or two sentences, without document text.
    """

    code: str
    table: str
    row: str = ""
    column: str = ""
    hint: str = ""

    def __post_init__(self) -> None:
        if self.code not in FINDINGS:
            raise ValueError(f"'{self.code}' is no finding code of core/findings.py")

    def as_dict(self) -> dict[str, str]:
        return asdict(self)

    def __str__(self) -> str:
        place = ".".join(p for p in (self.table, self.column) if p)
        return f"{self.code}: {place}{f' [{self.row}]' if self.row else ''}: {self.hint}"


@dataclass(frozen=True, slots=True)
class Rejected:
    """One row of `rejected`: what was not taken, and why.

    stage: the step that refused it (read, metadata, validate …).
    source: POSIX path below the raw root, with `#id` for a record in a file of many.
    reason: a code of `core.reasons.REASONS`.
    detail: where and what exactly, without whole texts.
    raw_sha256: sha256 of the refused bytes where they were read.
    payload: what was refused where it cannot be looked up at `source`.
    """

    stage: str
    source: str | None
    reason: str
    detail: str
    doc_id: str | None = None
    annotation_id: str | None = None
    raw_sha256: str | None = None
    payload: str | None = None

    def __post_init__(self) -> None:
        if self.reason not in REASONS:
            raise ValueError(f"'{self.reason}' is no reason code of core/reasons.py")


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


@dataclass(frozen=True, slots=True)
class Shard:
    """A Parquet file of documents and the sha256 of its bytes. rows: 0 where they were not counted.

    masked: a Parquet file with doc_id, start, end (code points) of spans of these documents that do not count, such as
    suggested boilerplate, and its sha256; None where all counts.
    """

    path: Path
    sha256: str
    masked: Path | None = None
    masked_sha256: str = ""
    rows: int = 0

    @property
    def key(self) -> str:
        """32 hex digits that stand for all of it."""
        if self.masked is None:
            return self.sha256[:32]
        return hashlib.sha256(f"{self.sha256} {self.masked_sha256}".encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Budget:
    """The most that one command may ask of servers. max_calls: 0 asks nothing; max_cost: in the unit of the prices in
    corpus.toml. None is no limit."""

    max_calls: int | None = None
    max_cost: float | None = None


@dataclass(frozen=True, slots=True)
class SuggesterOutcomes:
    """One version of a suggester in one layer. model: empty where it is not known.

    annotations: submitted on tasks it had filled. suggested = accepted + edited + deleted: regions and answers; added: what
    people made by hand beside them.
    """

    layer: str
    model: str
    version: str
    annotations: int
    suggested: int
    accepted: int
    edited: int
    deleted: int
    added: int
