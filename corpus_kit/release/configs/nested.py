"""The columns that labels add to `documents`: the main text, gold by layer, and what is still open."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
import pyarrow as pa

from corpus_kit.core.storage.tables import array_of
from corpus_kit.core.vocabulary import BOILERPLATE
from corpus_kit.release.configs.labels import LabelSlice

GOLD, SUGGESTED, WHOLE = "gold", "suggested", "whole"
"""Where the kept spans came from: settled by people, suggested by a model, or nothing is known and all is kept."""


def kept_spans(text: str, removed: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """What is left of `text` without the spans `removed` (start, end; they may overlap), in order.

    Blank pieces go too. White space between two pieces is kept before the gap; where there is none there, the next piece
    keeps its own, so that the words around a removed span do not run together. No white space at both ends of the whole.
    """
    kept: list[tuple[int, int]] = []
    at = 0
    for start, end in [*sorted(removed), (len(text), len(text))]:
        if start > at and text[at:start].strip():
            apart = not kept or text[kept[-1][1] - 1].isspace()
            begin = at + _leading(text[at:start]) if apart else at
            kept.append((begin, start))
        at = max(at, end)
    if kept:
        begin, end = kept[-1]
        kept[-1] = (begin, begin + len(text[begin:end].rstrip()))
    return kept


def joined(text: str, kept: Iterable[tuple[int, int]]) -> str:
    """The main text: the kept spans one after another, nothing between them."""
    return "".join(text[start:end] for start, end in kept)


def _leading(piece: str) -> int:
    return len(piece) - len(piece.lstrip())


SPANS, ANSWERS = "spans", "answers"
"""What the gold of a layer is: labelled spans, or an answer for each target."""

_PLACE = [("start", pa.int64()), ("end", pa.int64())]
_SPAN = pa.list_(pa.struct([*_PLACE, ("label", pa.string())]))
_ANSWER = pa.list_(pa.struct([("target", pa.string()), ("label", pa.string()), ("support", pa.float64())]))
_MAIN = {
    "main_text": pa.string(),
    "main_spans": pa.list_(pa.struct(_PLACE)),
    "main_from": pa.string(),
    "main_undecided": pa.list_(pa.struct(_PLACE)),
}
_OPEN = pa.list_(pa.struct([("layer", pa.string()), *_PLACE, ("label", pa.string())]))


@dataclass(frozen=True, slots=True)
class Nested:
    """main: whether something is known of boilerplate. layers: (layer, `spans` or `answers`) of those with gold."""

    main: bool = False
    layers: tuple[tuple[str, str], ...] = ()

    def fields(self) -> dict[str, pa.DataType]:
        """Name → type of the columns, in order."""
        made = dict(_MAIN) if self.main else {}
        made |= {f"gold_{layer}": _SPAN if shape == SPANS else _ANSWER for layer, shape in self.layers}
        return made | ({"open_disagreements": pa.int64(), "open_spans": _OPEN} if self.layers else {})

    def descriptions(self) -> dict[str, str]:
        made = _MAIN_DESCRIPTIONS if self.main else {}
        for layer, shape in self.layers:
            what = "spans: start, end, label" if shape == SPANS else "answers: target, label, support"
            made = made | {f"gold_{layer}": f"Adjudicated {what}. Null where the document has no gold in {layer}."}
        if self.layers:
            made = made | _OPEN_DESCRIPTIONS
        return made


_OPEN_KEY = ("doc_id", "layer", "start", "end", "label")
_MAIN_DESCRIPTIONS = {
    "main_text": "The text without boilerplate: `main_spans` one after another.",
    "main_spans": "The kept spans of `text`: start, end.",
    "main_from": "Source of the boilerplate: `gold` people, `suggested` a model, `whole` none, so the whole text is kept.",
    "main_undecided": "Spans of `text` on whose boilerplate people disagree; they are kept in `main_text`.",
}
_OPEN_DESCRIPTIONS = {
    "open_disagreements": "Disagreements that are not settled and not part of the gold.",
    "open_spans": "Places of the open disagreements about spans: layer, start, end, label. Neither marked nor unmarked.",
}


def with_nested(
    table: pa.Table, labels: LabelSlice, nested: Nested, suggestions: pl.DataFrame | None = None
) -> pa.Table:
    """A shard of documents with the columns of `nested`.

    labels: of these documents. suggestions: rows of that table for these documents; None where no model looked at them.
    """
    doc_ids = table["doc_id"].to_pylist()
    columns: dict[str, list[Any]] = {}
    if nested.main:
        columns |= _main_columns(table, labels, suggestions)
    for layer, shape in nested.layers:
        here = pl.col("layer") == layer
        having = set(labels.gold.filter(here)["doc_id"].to_list())
        rows = _spans_by_document(labels, here) if shape == SPANS else _answers_by_document(labels, here)
        columns[f"gold_{layer}"] = [rows.get(d, []) if d in having else None for d in doc_ids]
    if nested.layers:
        known = set(labels.gold["doc_id"].to_list())
        opened = dict(labels.open.group_by("doc_id").agg(pl.col("open").sum()).iter_rows())
        columns["open_disagreements"] = [opened.get(d, 0) if d in known or d in opened else None for d in doc_ids]
        places = _grouped(labels.open_spans.sort(*_OPEN_KEY), [*_OPEN_KEY[1:]], _shaped(*_OPEN_KEY[1:]))
        columns["open_spans"] = [places.get(d, []) if d in known or d in places else None for d in doc_ids]
    for name, dtype in nested.fields().items():
        table = table.append_column(pa.field(name, dtype), array_of(columns[name], dtype))
    return table


def _main_columns(table: pa.Table, labels: LabelSlice, suggestions: pl.DataFrame | None) -> dict[str, list[Any]]:
    here = pl.col("layer") == BOILERPLATE
    settled = set(labels.gold.filter(here)["doc_id"].to_list())
    gold = _places(labels.gold_spans.filter(here))
    undecided = _places(labels.open_spans.filter(here))
    suggested = {} if suggestions is None else _places(suggestions.filter(here), "text_sha256")
    made: dict[str, list[Any]] = {name: [] for name in _MAIN}
    for row in table.select(["doc_id", "text_sha256", "text"]).to_pylist():
        text, doc_id = row["text"], row["doc_id"]
        kept, origin = [(0, len(text))], WHOLE
        if doc_id in settled:
            kept, origin = kept_spans(text, gold.get((doc_id,), ())), GOLD
        elif suggestions is not None:
            kept, origin = kept_spans(text, suggested.get((doc_id, row["text_sha256"]), ())), SUGGESTED
        made["main_text"].append(joined(text, kept))
        made["main_spans"].append([{"start": start, "end": end} for start, end in kept])
        made["main_from"].append(origin)
        open_ = sorted(set(undecided.get((doc_id,), ()))) if origin == GOLD else []
        made["main_undecided"].append([{"start": start, "end": end} for start, end in open_])
    return made


def _places(spans: pl.DataFrame, *more: str) -> dict[tuple[str, ...], list[tuple[int, int]]]:
    made: dict[tuple[str, ...], list[tuple[int, int]]] = {}
    for start, end, *key in spans.select("start", "end", "doc_id", *more).iter_rows():
        made.setdefault(tuple(key), []).append((start, end))
    return made


def _spans_by_document(labels: LabelSlice, here: pl.Expr) -> Mapping[str, list[Any]]:
    rows = labels.gold_spans.filter(here).sort("doc_id", "start", "end", "label")
    return _grouped(rows, ["start", "end", "label"], _shaped("start", "end", "label"))


def _answers_by_document(labels: LabelSlice, here: pl.Expr) -> Mapping[str, list[Any]]:
    whole = here & pl.col("span_id").is_null() & pl.col("target").is_not_null()
    rows = labels.gold_choices.filter(whole).sort("doc_id", "target", "value")
    return _grouped(rows, ["target", "value", "score"], _shaped("target", "label", "support"))


def _shaped(*names: str) -> Callable[[tuple[Any, ...]], Any]:
    return lambda values: dict(zip(names, values, strict=True))


def _grouped(
    rows: pl.DataFrame, columns: Sequence[str], shaped: Callable[[tuple[Any, ...]], Any]
) -> Mapping[str, list[Any]]:
    made: dict[str, list[Any]] = {}
    for doc_id, *values in rows.select("doc_id", *columns).iter_rows():
        made.setdefault(doc_id, []).append(shaped(tuple(values)))
    return made
