"""Sound rows for the contract tests."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime
from typing import Any


def document(number: int) -> dict[str, Any]:
    """One sound row of `documents`; every number gives another."""
    text = f"Headline {number}\nPublished on 1 March 2031. Ünïcödé 🙂 follows."
    digest = hashlib.sha256(text.encode()).hexdigest()
    return {
        "doc_id": digest[:16], "source": f"pages/{number}.txt", "text": text, "text_sha256": digest,
        "raw_sha256": digest, "raw_bytes": len(text.encode()), "encoding": "utf-8", "newline": "lf",
        "title": text.split("\n")[0], "title_start": 0, "title_end": text.index("\n"),
        "published_on": date(2031, 3, 1), "published_start": 25, "published_end": 37,
        "outlet": "The Invented Post", "url": None, "language": "en", "language_score": 0.9, "n_chars": len(text),
        "n_lines": 2, "duplicate_cluster": None, "split": None, "meta": None,
    }  # fmt: skip


def span(number: int) -> dict[str, Any]:
    return {
        "annotation_id": f"a{number}", "doc_id": "0" * 16, "layer": "entities", "control": "label",
        "span_id": f"s{number}", "start": 3, "end": 7, "label": "PERSON", "surface": "Ανна", "score": None,
        "origin": "manual",
    }  # fmt: skip


_COMMON = {"annotation_id": "a1", "doc_id": "0" * 16, "layer": "stance", "control": "stance"}
_MOMENT = datetime(2031, 3, 1, tzinfo=UTC)

SOUND: dict[str, dict[str, Any]] = {
    "documents": document(1),
    "texts": {"doc_id": "0" * 16, "text_sha256": "1" * 64, "text": "An older text."},
    "annotations": {
        "annotation_id": "a1", "doc_id": "0" * 16, "layer": "stance", "origin": "human", "annotator": "annotator-1",
        "model_version": None, "status": "submitted", "ground_truth": False, "created_at": _MOMENT, "updated_at": None,
        "lead_time_s": 12.5, "parent_annotation": None, "text_sha256": "1" * 64, "config_sha256": "2" * 64,
        "guidelines_sha256": None, "edited_by": None, "complete": True, "unread": None, "payload": "{}",
    },
    "spans": span(1),
    "choices": {**_COMMON, "span_id": None, "target": "text", "kind": "choice", "value": "against", "score": None},
    "relations": {
        "annotation_id": "a1", "doc_id": "0" * 16, "layer": "entities", "from_span": "s1", "to_span": "s2",
        "direction": "right", "label": None,
    },
    "suggestions": {
        "suggestion_id": "x1", "doc_id": "0" * 16, "layer": "boilerplate", "control": "label", "start": 0, "end": 4,
        "label": "MENU", "surface": "Home", "score": 0.8, "model": "rules", "model_version": "1",
        "text_sha256": "1" * 64,
    },
    "suggested_choices": {
        "suggestion_id": "x2", "doc_id": "0" * 16, "layer": "stance", "control": "stance_ferry", "start": None,
        "end": None, "surface": None, "target": "ferry", "kind": "choice", "value": "against", "score": 0.8,
        "model": "rules", "model_version": "1", "text_sha256": "1" * 64,
    },
    "carried": {
        **_COMMON, "span_id": "s1", "label": "PERSON", "from_text_sha256": "1" * 64, "from_start": 3, "from_end": 7,
        "text_sha256": "2" * 64, "start": None, "end": None, "surface": None, "verdict": "stale",
    },
    "decisions": {
        "layer": "stance", "control": "stance", "doc_id": "0" * 16, "table": "choices", "item": "ferry",
        "policy": "majority", "inputs": '["a1", "a2"]', "outcome": "open", "value": None, "votes_for": 1, "votes": 2,
        "unknown": 0, "support": 0.5, "why": "None has more than half: against 1, favour 1.",
        "who": '["annotator-01", "annotator-02"]',
    },
    "rejected": {
        "stage": "read", "source": "pages/1.txt", "doc_id": None, "annotation_id": None, "reason": "empty_text",
        "detail": None, "raw_sha256": None, "payload": None,
    },
}  # fmt: skip
"""One sound row per table."""
