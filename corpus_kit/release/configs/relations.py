"""Gold relations as a table: both ends with their offsets, words and labels, the label, and which way it points."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl
import pyarrow as pa

UNLABELLED = "unlabelled"
END_NOT_GOLD, LABEL_NOT_IN_CONFIG = "end_not_gold", "label_not_in_config"

_END = [("start", pa.int64()), ("end", pa.int64()), ("text", pa.string()), ("labels", pa.list_(pa.string()))]
RELATIONS = pa.schema(
    [
        ("doc_id", pa.string()),
        ("language", pa.string()),
        ("layer", pa.string()),
        *((f"head_{name}", dtype) for name, dtype in _END),
        *((f"tail_{name}", dtype) for name, dtype in _END),
        ("direction", pa.string()),
        ("label", pa.int64()),
    ]
)
DESCRIPTIONS = {
    "layer": "The kind of annotation.",
    "head_start": "First code point of the head in the document's text; the head is where the relation begins.",
    "head_end": "Code point after the last of the head.",
    "head_text": "The characters of the head.",
    "head_labels": "Labels of the head.",
    "tail_start": "First code point of the tail in the document's text.",
    "tail_end": "Code point after the last of the tail.",
    "tail_text": "The characters of the tail.",
    "tail_labels": "Labels of the tail.",
    "direction": "`right` from head to tail; `bi` without direction, the head is the end that comes first.",
    "label": f"The adjudicated label; `{UNLABELLED}` where the relation has none.",
}


def relation_rows(
    documents: Iterable[Mapping[str, Any]], relations: pl.DataFrame, spans: pl.DataFrame, labels: Sequence[str]
) -> tuple[pa.Table, list[dict[str, Any]]]:
    """One row per gold relation and label, in the order of documents and places; and what has no row.

    documents: rows with doc_id, language, text. relations, spans: gold rows of any layers. labels: names of the
    ClassLabel. Losses: doc_id, layer, span_id, start, end, label (of the head, as far as it is known), reason.
    """
    number = {label: i for i, label in enumerate(labels)}
    ends = _ends(spans)
    by_document: dict[str, list[tuple[Any, ...]]] = {}
    columns = ["doc_id", "layer", "from_span", "to_span", "direction", "label"]
    for doc_id, *relation in relations.select(columns).iter_rows():
        by_document.setdefault(doc_id, []).append(tuple(relation))
    rows: list[dict[str, Any]] = []
    losses: list[dict[str, Any]] = []
    for document in documents:
        doc_id, text = document["doc_id"], document["text"]
        own: list[dict[str, Any]] = []
        for layer, from_span, to_span, direction, label in by_document.get(doc_id, ()):
            head, tail = ends.get((doc_id, layer, from_span)), ends.get((doc_id, layer, to_span))
            name = label or UNLABELLED
            if head is None or tail is None or name not in number:
                start, end = (head[0], head[1]) if head else (None, None)
                reason = LABEL_NOT_IN_CONFIG if head and tail else END_NOT_GOLD
                place = {"span_id": from_span, "start": start, "end": end, "label": name}
                losses.append({"doc_id": doc_id, "layer": layer} | place | {"reason": reason})
                continue
            if direction == "left":
                head, tail, direction = tail, head, "right"
            elif direction == "bi":
                head, tail = sorted((head, tail))
            row = {"doc_id": doc_id, "language": document["language"], "layer": layer}
            row |= _end("head", text, head) | _end("tail", text, tail)
            own.append(row | {"direction": direction, "label": number[name]})
        rows += sorted(
            own,
            key=lambda r: tuple(r[n] for n in ("layer", "head_start", "head_end", "tail_start", "tail_end", "label")),
        )
    return pa.Table.from_pylist(rows, RELATIONS), losses


def _ends(spans: pl.DataFrame) -> dict[tuple[str, str, str], tuple[int, int, tuple[str, ...]]]:
    """Where each gold span lies, and its labels."""
    found: dict[tuple[str, str, str], tuple[int, int, tuple[str, ...]]] = {}
    rows = spans.select("doc_id", "layer", "span_id", "start", "end", "label").sort(pl.all())
    for doc_id, layer, span_id, start, end, label in rows.iter_rows():
        before = found.get((doc_id, layer, span_id), (start, end, ()))
        found[doc_id, layer, span_id] = (start, end, (*before[2], label))
    return found


def _end(name: str, text: str, place: tuple[int, int, tuple[str, ...]]) -> dict[str, Any]:
    start, end, labels = place
    return {
        f"{name}_start": start,
        f"{name}_end": end,
        f"{name}_text": text[start:end],
        f"{name}_labels": list(labels),
    }
