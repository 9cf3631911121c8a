"""What models propose for one shard of documents, as rows of `suggestions` and `suggested_choices`."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from corpus_kit.core.labelconfig import Control
from corpus_kit.core.layers import Layer
from corpus_kit.core.records import Rejected
from corpus_kit.core.schema.contracts import Contract
from corpus_kit.core.schema.spec import ContractFile
from corpus_kit.core.storage.tables import table_of
from corpus_kit.suggest.build import checked_rows
from corpus_kit.suggest.entities.records import Occupied, Place
from corpus_kit.suggest.folder import keep_shard
from corpus_kit.suggest.models.interface import ANSWERED, Proposal

FACTS = "facts.json"


@dataclass(frozen=True, slots=True)
class Voice:
    """A model as its rows carry it. labels: what it says → what the layer says, "" for what is left out."""

    name: str
    version: str
    labels: Mapping[str, str]
    threshold: float


@dataclass(slots=True)
class SuggestedRows:
    """Rows of both tables, their sources, and what was left out because the layer has no such label."""

    spans: list[dict[str, Any]] = field(default_factory=list)
    choices: list[dict[str, Any]] = field(default_factory=list)
    sources: tuple[list[str], list[str]] = field(default_factory=lambda: ([], []))
    left_out: Counter[str] = field(default_factory=Counter)


def shard_rows(
    layer: Layer,
    documents: Sequence[Mapping[str, Any]],
    said: Sequence[tuple[Voice, Mapping[str, Sequence[Proposal]]]],
    finished: Collection[str],
) -> SuggestedRows:
    """The rows in the documents' order. said: by doc_id, of every model. finished: documents that people are done with.

    Of spans of one control that overlap, and of answers to one question, those of the model that is named first stand; of
    one model the longer and the surer ones. An answer about a span stands only where the span is suggested.
    """
    made = SuggestedRows()
    for document in documents:
        if document["doc_id"] in finished:
            continue
        for voice, one in _standing(layer, document["doc_id"], said, made.left_out):
            control = layer.control(one.control)
            assert control is not None
            marks = control.kind == "labels"
            row = _row(layer, control, document, one, voice)
            (made.spans if marks else made.choices).append(row)
            made.sources[0 if marks else 1].append(document["source"])
    return made


def keep_rows(
    folder: Path,
    made: SuggestedRows,
    documents: int,
    contracts: tuple[ContractFile, ContractFile],
    unplaced: Sequence[Rejected] = (),
) -> dict[str, Any]:
    """Check the rows against their contracts and write them; returns the shard's facts. unplaced: what a model said
    that has no place in its text."""
    tables, rejected = [], list(unplaced)
    for rows, sources, file in zip((made.spans, made.choices), made.sources, contracts, strict=True):
        contract = Contract(file)
        table = table_of({name: [row.get(name) for row in rows] for name in contract.columns}, contract.columns)
        table, refused = checked_rows(table, sources, contract)
        tables.append(table)
        rejected += refused
    versions = Counter(version for table in tables for version in table["model_version"].to_pylist())
    about: dict[str, Any] = {
        "documents": documents,
        "by_model": dict(sorted(versions.items())),
        "left_out": dict(sorted(made.left_out.items())),
    }
    return keep_shard(folder, FACTS, tables[0], rejected, choices=tables[1], **about)


def _standing(
    layer: Layer,
    doc_id: str,
    said: Sequence[tuple[Voice, Mapping[str, Sequence[Proposal]]]],
    left_out: Counter[str],
) -> list[tuple[Voice, Proposal]]:
    """What of all that was said of a document becomes a row, spans first, in order."""
    occupied: dict[str, Occupied] = {}
    spans: list[tuple[Voice, Proposal]] = []
    answers: dict[tuple[str, Place | None], list[tuple[Voice, Proposal]]] = {}
    for voice, by_document in said:
        own = [fit for one in by_document.get(doc_id, ()) if (fit := _fitted(layer, voice, one, left_out)) is not None]
        own.sort(key=lambda p: ((p.start or 0) - (p.end or 0), -p.score, p.start or 0, p.value))
        for one in own:
            control = layer.control(one.control)
            assert control is not None
            place = None if one.start is None or one.end is None else (one.start, one.end)
            if control.kind == "labels":
                assert place is not None
                if occupied.setdefault(control.name, Occupied()).take(*place):
                    spans.append((voice, one))
                continue
            given = answers.setdefault((control.name, place), [])
            several = control.multiple and all(v is voice for v, _ in given)
            if (not given or several) and all(p.value != one.value for _, p in given):
                given.append((voice, one))
    marked = {(one.start, one.end) for _, one in spans}
    kept = [pair for (_, place), pairs in answers.items() if place is None or place in marked for pair in pairs]
    return sorted(spans, key=_place_of) + sorted(kept, key=_place_of)


def _place_of(pair: tuple[Voice, Proposal]) -> tuple[Any, ...]:
    one = pair[1]
    return (-1 if one.start is None else one.start, one.end or 0, one.control, one.value)


def _fitted(layer: Layer, voice: Voice, one: Proposal, left_out: Counter[str]) -> Proposal | None:
    """The proposal in the layer's words; None below the threshold, and where the layer has no such label."""
    control = layer.control(one.control)
    assert control is not None
    value = voice.labels.get(one.value, one.value)
    if control.kind != "labels" and control.kind not in ANSWERED:
        left_out[f"{control.name}: {one.value}"] += 1
        return None
    closed = control.kind in ("labels", "choices", "taxonomy") and not control.dynamic
    if value and closed and value not in control.labels:
        left_out[one.value] += 1
        return None
    return one._replace(value=value) if value and one.score >= voice.threshold else None


def _row(layer: Layer, control: Control, document: Mapping[str, Any], one: Proposal, voice: Voice) -> dict[str, Any]:
    doc_id, text_sha256 = document["doc_id"], document["text_sha256"]
    told = (doc_id, text_sha256, layer.name, control.name, one.start, one.end, one.value, voice.version)
    row = {
        "suggestion_id": hashlib.sha256(json.dumps(told).encode()).hexdigest()[:32],
        "doc_id": doc_id,
        "layer": layer.name,
        "control": control.name,
        "start": one.start,
        "end": one.end,
        "surface": None if one.start is None else document["text"][one.start : one.end],
        "score": one.score,
        "model": voice.name,
        "model_version": voice.version,
        "text_sha256": text_sha256,
    }
    if control.kind == "labels":
        return row | {"label": one.value}
    return row | {"target": control.target, "kind": ANSWERED[control.kind], "value": one.value}
