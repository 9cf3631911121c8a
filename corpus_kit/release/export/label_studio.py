"""Tasks of Label Studio, a JSON Lines file for each person: what `corpus-kit import` reads and servers import.

The controls are those of the layer's config.xml, whose name each region and answer carries.
"""

from __future__ import annotations

import json
from typing import Any

from corpus_kit.core.exchange import ExchangePage, Work
from corpus_kit.release.export.interchange import DOCUMENT_ANSWER, END_MISSING, FormatLoss, ToolFiles


def write(page: ExchangePage, work: Work) -> ToolFiles:
    """One task with one annotation."""
    places = {region.id: region for region in work.regions}
    results: list[dict[str, Any]] = []
    lost = []
    for region in work.regions:
        value = {"start": region.start, "end": region.end, "text": page.text[region.start : region.end]}
        value["labels"] = [region.label]
        results.append(_result(region.id, region.control or "label", "labels", value))
    for number, answer in enumerate(work.answers):
        place = places.get(answer.of or "")
        at = {} if place is None else {"start": place.start, "end": place.end}
        value = at | {"choices": [answer.value]}
        results.append(_result(answer.of or f"a{number}", answer.name or "choice", "choices", value))
    for link in work.links:
        if link.head not in places or link.tail not in places:
            lost.append(FormatLoss(None, None, link.label, END_MISSING))
            continue
        direction = "right" if link.directed else "bi"
        ends = {"from_id": link.head, "to_id": link.tail, "type": "relation", "direction": direction}
        results.append(ends | {"labels": [link.label] if link.label else []})
    lost += [FormatLoss(None, None, "note", DOCUMENT_ANSWER) for _ in work.notes]
    annotation = {"id": 1, "completed_by": {"username": work.annotator}, "result": results}
    annotation |= {"was_cancelled": work.skipped, "ground_truth": work.settled}
    task = {"data": {"doc_id": page.doc_id, "text": page.text}, "annotations": [annotation]}
    return ToolFiles({"tasks.jsonl": f"{json.dumps(task, ensure_ascii=False)}\n".encode()}, tuple(lost))


def _result(own: str, control: str, kind: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"id": own, "from_name": control, "to_name": "text", "type": kind, "value": value}
