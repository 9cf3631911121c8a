"""W3C Web Annotations: an AnnotationPage for each document and person, with positions and quotes as selectors."""

from __future__ import annotations

import json
from typing import Any

from corpus_kit.core.exchange import ExchangePage, Work
from corpus_kit.release.export.interchange import END_MISSING, FormatLoss, ToolFiles

CONTEXT = "http://www.w3.org/ns/anno.jsonld"
NAME, DIRECTED, SOURCE = "corpus-kit:name", "corpus-kit:directed", "corpus-kit:source"


def write(page: ExchangePage, work: Work) -> ToolFiles:
    """One AnnotationPage; offsets are code points, as the recommendation says."""
    source = f"urn:corpus-kit:document:{page.doc_id or page.name}"
    prefix = f"urn:corpus-kit:annotation:{page.doc_id or page.name}:{work.annotator}:"
    names = {region.id: f"{prefix}{number}" for number, region in enumerate(work.regions, start=1)}
    lost, items = [], []

    def item(own: str, **more: Any) -> None:
        creator = {"creator": {"type": "Person", "nickname": work.annotator}} if work.annotator else {}
        items.append({"id": own, "type": "Annotation", **creator, **more})

    for region in work.regions:
        about = [a for a in work.answers if a.of == region.id]
        bodies: list[Any] = [_body(region.label, "tagging")]
        bodies += [_body(a.value, "describing") | {NAME: a.name} for a in about]
        bodies += [_body(n.text, "commenting") for n in work.notes if n.of == region.id]
        quote = page.text[region.start : region.end]
        selector = [
            {"type": "TextPositionSelector", "start": region.start, "end": region.end},
            {"type": "TextQuoteSelector", "exact": quote},
        ]
        item(names[region.id], motivation="tagging", body=bodies, target={"source": source, "selector": selector})
    for number, link in enumerate(work.links, start=1):
        if link.head not in names or link.tail not in names:
            lost.append(FormatLoss(None, None, link.label, END_MISSING))
            continue
        ends = [names[link.head], names[link.tail]]
        more = {} if link.directed else {DIRECTED: False}
        body = [_body(link.label, "tagging")] if link.label else []
        item(f"{prefix}r{number}", motivation="linking", body=body, target=[*_sourced(ends, source)], **more)
    for number, answer in enumerate((a for a in work.answers if a.of is None), start=1):
        named = {NAME: answer.name} if answer.name else {}
        body = [_body(answer.value, "classifying") | named]
        item(f"{prefix}a{number}", motivation="classifying", body=body, target={"source": source})
    for number, note in enumerate((n for n in work.notes if n.of is None), start=1):
        body = [_body(note.text, "commenting")]
        item(f"{prefix}n{number}", motivation="commenting", body=body, target={"source": source})
    made: dict[str, Any] = {"@context": CONTEXT, "id": prefix.rstrip(":"), "type": "AnnotationPage"}
    made |= {SOURCE: source, "creator": {"type": "Person", "nickname": work.annotator}, "items": items}
    content = json.dumps(made, ensure_ascii=False, indent=1) + "\n"
    return ToolFiles({f"{page.name}.jsonld": content.encode()}, tuple(lost))


def _body(value: str, purpose: str) -> dict[str, Any]:
    return {"type": "TextualBody", "value": value, "purpose": purpose}


def _sourced(ids: list[str], source: str) -> list[dict[str, str]]:
    """Two annotations as targets, with the document that they are about."""
    return [{"id": own, "source": source} for own in ids]
