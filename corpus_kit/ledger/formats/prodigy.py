"""Prodigy: the JSONL of `db-out`, one record for each answer.

The annotator is `_annotator_id`, else the session without the name of the dataset. An ignored task is skipped. A rejected
one says that what was shown is wrong, and not what would be right: it is handed on as unread, but for a yes-or-no question.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from corpus_kit.core.exchange import Attribute, Draft, ExchangePage, Link, Note, Region, SourceFile
from corpus_kit.ledger.formats.texts import as_line, json_records, whole


def read(files: Sequence[SourceFile]) -> Iterator[ExchangePage]:
    """One page for each record. Raises UsageError for what is no JSONL."""
    for file in files:
        for number, record in enumerate(json_records(file), start=1):
            text, known = record.get("text"), record.get("id", record.get("doc_id"))
            meta = record.get("meta") if isinstance(record.get("meta"), dict) else {}
            doc_id = record.get("doc_id", (meta or {}).get("doc_id"))
            name = str(known) if isinstance(known, str | int) else f"{file.stem}-{number}"
            page = text if isinstance(text, str) else ""
            yield ExchangePage(name, page, (_work(record).done(),), doc_id if isinstance(doc_id, str) else "")


def _work(record: dict[str, Any]) -> Draft:
    draft = Draft(_annotator(record), created_at=_moment(record.get("_timestamp")))
    answer = record.get("answer", "accept")
    draft.skipped = answer == "ignore"
    label = record.get("label")
    if isinstance(label, str):
        draft.answers.append(Attribute(label, "no" if answer == "reject" else "yes"))
        return draft
    if answer == "reject":
        shown = {key: record[key] for key in ("spans", "relations", "accept") if record.get(key)}
        draft.unread.append(as_line({"answer": answer, **shown}))
        return draft
    spans = record.get("spans")
    ids: dict[tuple[int, int], str] = {}
    for index, span in enumerate(spans if isinstance(spans, list) else []):
        region = _region(span, f"span-{index}")
        if region is None:
            draft.unread.append(as_line(span))
        else:
            draft.regions.append(region)
            ids.setdefault((region.start, region.end), region.id)
    for relation in record.get("relations") or ():
        _relation(draft, relation, ids)
    for value in record.get("accept") or ():
        name, mark, answered = str(value).partition("=")
        draft.answers.append(Attribute(name, answered) if mark else Attribute("", name))
    for key, value in record.items():
        if key in ("user_input", "comment", "notes") and isinstance(value, str) and value:
            draft.notes.append(Note(value))
    return draft


def _annotator(record: dict[str, Any]) -> str:
    own = record.get("_annotator_id") or record.get("_session_id") or ""
    session = record.get("_session_id")
    if isinstance(session, str) and own == session and "-" in session:
        own = session.rpartition("-")[2]  # <dataset>-<name>
    return str(own)


def _moment(value: Any) -> str:
    try:
        return datetime.fromtimestamp(value, UTC).isoformat()
    except (TypeError, ValueError, OverflowError, OSError):
        return ""


def _region(span: Any, fallback: str) -> Region | None:
    if not isinstance(span, dict):
        return None
    start, end, label = whole(span.get("start")), whole(span.get("end")), span.get("label")
    if start is None or end is None or not isinstance(label, str):
        return None
    text = span.get("text")
    return Region(str(span.get("id", fallback)), start, end, label, text if isinstance(text, str) else "")


def _relation(draft: Draft, item: Any, ids: dict[tuple[int, int], str]) -> None:
    ends = []
    for key in ("head_span", "child_span"):
        span = item.get(key) if isinstance(item, dict) else None
        start, end = (whole(span.get("start")), whole(span.get("end"))) if isinstance(span, dict) else (None, None)
        if start is None or end is None:
            draft.unread.append(as_line(item))
            return
        if (start, end) not in ids:  # a token that is no entity is an end all the same
            own = ids.setdefault((start, end), f"{key}-{start}-{end}")
            label = span.get("label") if isinstance(span, dict) else None
            draft.regions.append(Region(own, start, end, label if isinstance(label, str) else ""))
        ends.append(ids[start, end])
    draft.links.append(Link(ends[0], ends[1], str(item.get("label") or "")))
