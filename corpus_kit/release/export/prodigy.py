"""Prodigy JSONL, a file for each person, as `db-in` takes it: spans with their tokens, relations, accepted options."""

from __future__ import annotations

import json
from typing import Any

from corpus_kit.core.exchange import ExchangePage, Region, Work
from corpus_kit.release.export.interchange import END_MISSING, REGION_ANSWER, UNDIRECTED, FormatLoss, ToolFiles
from corpus_kit.release.export.tokens import tokenize


def write(page: ExchangePage, work: Work) -> ToolFiles:
    """One line. A span that cuts through a token has no `token_start`; it stands all the same."""
    tokens = tokenize(page.text)
    starts = {start: number for number, (start, _) in enumerate(tokens)}
    ends = {end: number for number, (_, end) in enumerate(tokens)}
    spans = {region.id: _span(region, starts, ends) for region in work.regions}
    lost, relations = [], []
    for link in work.links:
        if link.head not in spans or link.tail not in spans:
            lost.append(FormatLoss(None, None, link.label, END_MISSING))
            continue
        head, child = spans[link.head], spans[link.tail]
        places = {"head": head.get("token_end"), "child": child.get("token_end")}
        relations.append({**places, "head_span": head, "child_span": child, "label": link.label})
        if not link.directed:
            lost.append(FormatLoss(None, None, link.label, UNDIRECTED))
    lost += [FormatLoss(None, None, f"{a.name}={a.value}", REGION_ANSWER) for a in work.answers if a.of is not None]
    record: dict[str, Any] = {
        "text": page.text,
        "tokens": [
            {"text": page.text[a:b], "start": a, "end": b, "id": i, "ws": page.text[b : b + 1] == " "}
            for i, (a, b) in enumerate(tokens)
        ],
        "spans": list(spans.values()),
        "relations": relations,
        "accept": [f"{a.name}={a.value}" if a.name else a.value for a in work.answers if a.of is None],
        "answer": "ignore" if work.skipped else "accept",
        "meta": {"doc_id": page.doc_id},
    }
    if work.annotator:
        record["_annotator_id"] = work.annotator
    if work.notes:
        record["comment"] = "\n".join(note.text for note in work.notes)
    return ToolFiles({"all.jsonl": f"{json.dumps(record, ensure_ascii=False)}\n".encode()}, tuple(lost))


def _span(region: Region, starts: dict[int, int], ends: dict[int, int]) -> dict[str, Any]:
    made: dict[str, Any] = {"id": region.id, "start": region.start, "end": region.end, "label": region.label}
    if region.start in starts and region.end in ends:
        made |= {"token_start": starts[region.start], "token_end": ends[region.end]}
    return made
