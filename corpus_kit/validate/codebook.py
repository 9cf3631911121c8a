"""The examples of the guidelines, held against the corpus and its gold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from corpus_kit.core.codebook import CodebookExample, read_examples
from corpus_kit.core.labels import Labels, read_label_table, read_labels
from corpus_kit.core.layers import Layer
from corpus_kit.core.records import Finding
from corpus_kit.core.storage.tables import scan

CODES = {
    "example_unreadable": "A line begins like an example and cannot be read as one.",
    "example_document_missing": "The example names a document that the corpus has not.",
    "example_words_differ": "The example's words, or its place, are not in the document.",
    "example_label_missing": "The layer has no such label, or no such question.",
    "example_contradicts_gold": "People settled the place otherwise than the guidelines say.",
}
"""Codes of findings, and what each means."""


def check_codebooks(data: Path, layers: Mapping[str, Layer]) -> Iterator[tuple[str, int, list[Finding]]]:
    """(file, examples, findings) of each layer whose guidelines have examples."""
    read = {name: read_examples(layer.guidelines or "") for name, layer in layers.items()}
    wanted = sorted({example.document for examples, _ in read.values() for example in examples})
    documents = _documents(data, wanted) if wanted else {}
    gold = read_labels(data / "gold") if wanted else None
    decisions = read_label_table(data / "gold", "decisions") if wanted else None
    for name, (examples, odd) in read.items():
        if not examples and not odd:
            continue
        file = f"annotation/{name}/guidelines.md"
        hint = "Write it as: - `SOURCE 33-43` is `LABEL`: “words”, or - `SOURCE` `TARGET` is `LABEL`."
        findings = [Finding("example_unreadable", file, f"line={line}", hint=hint) for line in odd]
        for example in examples:
            document = documents.get(example.document)
            fault = _fault(example, document, layers[name])
            if fault is None and document is not None and gold is not None and decisions is not None:
                fault = _contradiction(example, document["doc_id"], gold.of_layer(name), decisions, name)
            if fault:
                findings.append(Finding(fault[0], file, f"line={example.line}", example.label, fault[1]))
        yield file, len(examples), findings


def _documents(data: Path, wanted: list[str]) -> dict[str, dict[str, Any]]:
    """By both of their names."""
    found = scan(data / "documents", "documents")
    if found is None:
        return {}
    named = pl.col("doc_id").is_in(wanted) | pl.col("source").is_in(wanted)
    rows = found.filter(named).select("doc_id", "source", "text").collect().to_dicts()
    return {row[key]: row for row in rows for key in ("source", "doc_id")}


def _fault(example: CodebookExample, document: dict[str, Any] | None, layer: Layer) -> tuple[str, str] | None:
    """What is wrong with the example itself."""
    questions = {name for c in layer.controls if c.kind != "labels" for name in (c.name, c.target) if name}
    if example.asked and example.asked not in questions:
        return "example_label_missing", f"The layer asks nothing called '{example.asked}'."
    asked = [c for c in layer.controls if not example.asked or example.asked in (c.name, c.target)]
    labels = {label for c in asked for label in c.labels}
    if example.label not in labels and not any(c.dynamic for c in asked):
        return "example_label_missing", f"The layer has no label '{example.label}'. See its config.xml."
    if document is None:
        return "example_document_missing", "Name a document by its source or doc_id, as the tables have them."
    if example.start is None or example.end is None:
        return None
    there = document["text"][example.start : example.end]
    if len(there) != example.end - example.start or not there:
        return "example_words_differ", f"The document ends before {example.end}."
    if example.words and " ".join(there.split()) != " ".join(example.words.split()):
        return "example_words_differ", "Other words are there now. Move the example, or take its words from the text."
    return None


def _contradiction(
    example: CodebookExample, doc_id: str, gold: Labels, decisions: pl.DataFrame, layer: str
) -> tuple[str, str] | None:
    """Where people settled otherwise. What no one labelled, or is still open, contradicts nothing."""
    settled = gold.annotations.filter(pl.col("doc_id") == doc_id)
    if settled.is_empty():
        return None
    open_ = decisions.filter((pl.col("layer") == layer) & (pl.col("doc_id") == doc_id) & (pl.col("outcome") == "open"))
    if example.start is None:
        given = gold.choices.filter(
            (pl.col("doc_id") == doc_id)
            & ((pl.col("target") == example.asked) | (pl.col("control") == example.asked))
            & pl.col("span_id").is_null()
        )["value"].to_list()
        if not given or (example.label in given) != example.denied:
            return None
        return "example_contradicts_gold", f"Gold there is {', '.join(sorted(given))}."
    start, end = example.start, example.end or example.start
    spans = gold.spans.filter(pl.col("doc_id") == doc_id)
    same = spans.filter((pl.col("start") == start) & (pl.col("end") == end))["label"].to_list()
    if example.denied:
        return None if example.label not in same else ("example_contradicts_gold", "It is gold there.")
    if example.label in same or _met(open_.filter(pl.col("table") == "spans")["item"].to_list(), start, end):
        return None
    over = spans.filter((pl.col("start") < end) & (pl.col("end") > start))
    told = ", ".join(f"{s}-{e} {label}" for s, e, label in over.select("start", "end", "label").iter_rows())
    return "example_contradicts_gold", f"Gold there is {told or 'nothing'}."


def _met(items: list[str], start: int, end: int) -> bool:
    """Whether an open decision (`start-end:label`) shares a character with a place."""
    for item in items:
        first, _, behind = item.partition(":")[0].partition("-")
        if first.isdecimal() and behind.isdecimal() and int(first) < end and start < int(behind):
            return True
    return False
