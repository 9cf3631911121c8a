"""doccano: JSONL of any version, one file for all or one for each user (`<user>.jsonl`).

Sequence labels are `label`, `labels`, `entities` or the older `annotations`; relations come with `entities`; classes are
`label` as a list of strings; `comments` become notes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from corpus_kit.core.exchange import Attribute, Draft, ExchangePage, Link, Note, Region, SourceFile
from corpus_kit.ledger.formats.texts import as_line, json_records, whole

_NOT_USERS = ("all", "admin", "file", "dataset", "export", "train", "test", "dev", "data")


def read(files: Sequence[SourceFile]) -> Iterator[ExchangePage]:
    """One page for each record. Raises UsageError for what is no JSONL."""
    named = len({file.stem for file in files}) > 1
    for file in files:
        user = file.stem if named else file.folder if len(files) > 1 else ""
        user = "" if user in _NOT_USERS else user
        for number, record in enumerate(json_records(file), start=1):
            yield _page(record, user, f"{file.stem}-{number}")


def _page(record: dict[str, Any], user: str, name: str) -> ExchangePage:
    text = record.get("text", record.get("data"))
    known = record.get("id")
    works: dict[str, Draft] = {}

    def draft(item: Any = None) -> Draft:
        own = item.get("user") if isinstance(item, dict) else None
        who = user or ("" if own is None else str(own))
        return works.setdefault(who, Draft(who))

    for key in ("entities", "label", "labels", "annotations", "spans"):
        items = record.get(key)
        for index, item in enumerate(items if isinstance(items, list) else [] if items is None else [items]):
            _label(draft(item), item, f"{key}-{index}")
    for item in record.get("relations") or ():
        _relation(draft(), item)
    cats = record.get("cats")
    for item in cats if isinstance(cats, list) else []:
        name, mark, value = str(item).partition("=")
        draft().answers.append(Attribute(name, value) if mark else Attribute("", name))
    for key in ("comments", "Comments"):
        for note in record.get(key) or ():
            draft(note).notes.append(Note(str(note.get("text", as_line(note)) if isinstance(note, dict) else note)))
    draft()
    if user or len(works) > 1:
        works = {who: work for who, work in works.items() if who or any(_filled(work))}
    made = tuple(work.done() for work in works.values())
    own_id = str(known) if isinstance(known, str | int) and not isinstance(known, bool) else name
    doc_id = record.get("doc_id")
    return ExchangePage(own_id, text if isinstance(text, str) else "", made, doc_id if isinstance(doc_id, str) else "")


def _filled(work: Draft) -> tuple[Any, ...]:
    return (work.regions, work.links, work.answers, work.notes, work.unread)


def _label(draft: Draft, item: Any, fallback: str) -> None:
    if isinstance(item, str):
        draft.answers.append(Attribute("", item))
        return
    found = _span(item, fallback)
    if found is None:
        draft.unread.append(as_line(item))
    else:
        draft.regions.append(found)


def _span(item: Any, fallback: str) -> Region | None:
    if isinstance(item, list | tuple) and len(item) == 3 and isinstance(item[2], str):
        start, end, label, own = whole(item[0]), whole(item[1]), item[2], fallback
    elif isinstance(item, dict):
        start = whole(item.get("start_offset", item.get("start")))
        end = whole(item.get("end_offset", item.get("end")))
        given = item.get("label")
        label, own = ("" if given is None else str(given)), str(item.get("id", fallback))
    else:
        return None
    return None if start is None or end is None or not label else Region(own, start, end, label)


def _relation(draft: Draft, item: Any) -> None:
    ends = (item.get("from_id"), item.get("to_id")) if isinstance(item, dict) else (None, None)
    if None in ends:
        draft.unread.append(as_line(item))
    else:
        draft.links.append(Link(str(ends[0]), str(ends[1]), str(item.get("type") or "")))
