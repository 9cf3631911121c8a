"""Records at the edges: what is passed between rooms one at a time. Everything in bulk is an Arrow table."""

from __future__ import annotations

from dataclasses import dataclass

from corpus_kit.core.reasons import REASONS


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
