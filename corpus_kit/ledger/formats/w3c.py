"""W3C Web Annotations (JSON-LD): a list, a page or a collection, or one annotation a line.

A tagging or classifying body is a label, a linking one with two targets a relation, any other text a note. A place is a
TextPositionSelector; a TextQuoteSelector is the evidence for it. The page is the target's `source`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from corpus_kit.core.errors import UsageError
from corpus_kit.core.exchange import Attribute, Draft, ExchangePage, Link, Note, Region, SourceFile
from corpus_kit.ledger.formats.texts import as_line, json_of, json_records, whole

_DOC_ID = re.compile(r"(?:^|[:/#])([0-9a-f]{16})$")
SOURCE = "corpus-kit:source"
_TAGS = ("tagging", "classifying", "identifying", "describing")


def read(files: Sequence[SourceFile]) -> Iterator[ExchangePage]:
    """One page for each source and creator. Raises UsageError for JSON that holds no annotation."""
    works: dict[tuple[str, str], Draft] = {}
    for file in files:
        found = [a for a in _annotations(file) if isinstance(a, dict)]
        about = _page_of(file)
        if about:  # someone looked, and perhaps marked nothing
            works.setdefault(about, Draft(about[1]))
        elif not any("target" in a for a in found):
            raise UsageError(f"{file.path} holds no Web Annotation.", "An annotation has a `target` and a `body`.")
        for number, annotation in enumerate(found, start=1):
            source = _source(annotation.get("target"))
            who = _creator(annotation.get("creator"))
            draft = works.setdefault((source, who), Draft(who, created_at=str(annotation.get("created") or "")))
            _take(draft, annotation, str(annotation.get("id") or f"{file.stem}-{number}"))
    for (source, _), draft in works.items():
        known = _DOC_ID.search(source)
        yield ExchangePage(source, "", (draft.done(),), known[1] if known else "")


def _annotations(file: SourceFile) -> list[Any]:
    if file.path.endswith(".jsonl"):
        return list(json_records(file))
    value = json_of(file)
    while isinstance(value, dict):
        inner = value.get("items", value.get("first", value.get("@graph")))
        if inner is None:
            return [value]
        value = inner
    return value if isinstance(value, list) else []


def _page_of(file: SourceFile) -> tuple[str, str] | None:
    """Document and person of a page that `export --w3c` made."""
    value = None if file.path.endswith(".jsonl") else json_of(file)
    if not isinstance(value, dict):
        return None
    source = value.get(SOURCE)
    if not isinstance(source, str):
        return None
    return source, _creator(value.get("creator"))


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _source(target: Any) -> str:
    for one in _many(target):
        if isinstance(one, str):
            return one.partition("#")[0]
        if isinstance(one, dict):
            source = one.get("source", one.get("id", ""))
            return str(source.get("id", "") if isinstance(source, dict) else source)
    return ""


def _creator(value: Any) -> str:
    first = next(iter(_many(value)), "")
    if isinstance(first, dict):
        first = first.get("nickname") or first.get("name") or first.get("id") or ""
    return str(first)


def _take(draft: Draft, annotation: dict[str, Any], own: str) -> None:
    targets = [t for t in _many(annotation.get("target")) if t is not None]
    bodies = _many(annotation.get("body", annotation.get("bodyValue")))
    if annotation.get("motivation") == "linking":
        ids = [t if isinstance(t, str) else str(t.get("id", "")) for t in targets if isinstance(t, str | dict)]
        if len(ids) == 2:
            label = next((v for b in bodies if (v := _value(b))), "")
            directed = annotation.get("corpus-kit:directed", True) is not False
            draft.links.append(Link(ids[0], ids[1], label, directed))
        else:
            draft.unread.append(as_line(annotation))
        return
    start, end, exact, placed = _place(targets)
    if placed and (start is None or end is None):
        draft.unread.append(as_line(annotation))
        return
    of = own if placed else None
    labelled = 0
    for body in bodies:
        value, purpose = _value(body), body.get("purpose") if isinstance(body, dict) else None
        purpose = purpose or annotation.get("motivation") or ("tagging" if placed else "classifying")
        name = str(body.get("corpus-kit:name") or "") if isinstance(body, dict) else ""
        if not value:
            draft.unread.append(as_line(body))
        elif purpose not in _TAGS:
            draft.notes.append(Note(value, of))
        elif placed and not name and not labelled:
            assert start is not None and end is not None
            draft.regions.append(Region(own, start, end, value, exact))
            labelled += 1
        else:
            draft.answers.append(Attribute(name, value, of))
    if placed and not labelled:
        draft.unread.append(as_line(annotation))


def _place(targets: list[Any]) -> tuple[int | None, int | None, str, bool]:
    """start, end, the words, and whether there is a selector at all."""
    start: int | None = None
    end: int | None = None
    exact, placed = "", False
    for target in targets:
        for selector in _many(target.get("selector")) if isinstance(target, dict) else []:
            while isinstance(selector, dict):
                placed = True
                if selector.get("type") == "TextPositionSelector":
                    start, end = whole(selector.get("start")), whole(selector.get("end"))
                elif selector.get("type") == "TextQuoteSelector":
                    exact = str(selector.get("exact") or "")
                selector = selector.get("refinedBy")
    return start, end, exact, placed


def _value(body: Any) -> str:
    if isinstance(body, str):
        return body
    if not isinstance(body, dict):
        return ""
    value = body.get("value", body.get("label", body.get("source", body.get("id", ""))))
    return str(value) if isinstance(value, str | int | float) else ""
