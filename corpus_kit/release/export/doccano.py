"""doccano JSONL, a file for each person: entities, relations, and answers about the document as `cats`."""

from __future__ import annotations

import json
from typing import Any

from corpus_kit.core.exchange import ExchangePage, Work
from corpus_kit.release.export.interchange import END_MISSING, REGION_ANSWER, UNDIRECTED, FormatLoss, ToolFiles


def write(page: ExchangePage, work: Work) -> ToolFiles:
    """One line; doccano has no answers about a span and only directed relations."""
    ids = {region.id: number for number, region in enumerate(work.regions, start=1)}
    lost, relations = [], []
    for number, link in enumerate(work.links, start=1):
        if link.head not in ids or link.tail not in ids:
            lost.append(FormatLoss(None, None, link.label, END_MISSING))
            continue
        relations.append({"id": number, "from_id": ids[link.head], "to_id": ids[link.tail], "type": link.label})
        if not link.directed:
            lost.append(FormatLoss(None, None, link.label, UNDIRECTED))
    lost += [FormatLoss(None, None, f"{a.name}={a.value}", REGION_ANSWER) for a in work.answers if a.of is not None]
    record: dict[str, Any] = {
        "id": page.name,
        "text": page.text,
        "entities": [
            {"id": ids[r.id], "label": r.label, "start_offset": r.start, "end_offset": r.end} for r in work.regions
        ],
        "relations": relations,
        "cats": [f"{a.name}={a.value}" if a.name else a.value for a in work.answers if a.of is None],
        "comments": [note.text for note in work.notes],
        "doc_id": page.doc_id,
    }
    return ToolFiles({"all.jsonl": f"{json.dumps(record, ensure_ascii=False)}\n".encode()}, tuple(lost))
