"""Gold as tables people train on: tokens with BIO tags, text–target–label rows, labelled lines, single judgements.

Each function takes the documents of one shard and the label tables restricted to them, and returns an Arrow table plus the
losses: what the shape of the table cannot carry is listed, never dropped silently.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import polars as pl
import pyarrow as pa

from corpus_kit.core.labels import UNREAD
from corpus_kit.core.offsets import line_starts
from corpus_kit.release.export.tokens import LabelledSpan, Loss, known_tokens, tag

OUTSIDE = "O"
CONTENT = "content"
DISPUTED = "disputed"
PART_OF_LINE = "part_of_line"
NO_ANSWER = "no_answer"

ENTITIES = pa.schema(
    [
        ("doc_id", pa.string()),
        ("language", pa.string()),
        ("tokens", pa.list_(pa.string())),
        ("ner_tags", pa.list_(pa.int64())),
        ("known", pa.list_(pa.bool_())),
        ("token_starts", pa.list_(pa.int64())),
        ("token_ends", pa.list_(pa.int64())),
        ("open_disagreements", pa.int64()),
    ]
)
STANCE = pa.schema(
    [
        ("doc_id", pa.string()),
        ("language", pa.string()),
        ("text", pa.string()),
        ("target", pa.string()),
        ("label", pa.int64()),
        ("support", pa.float64()),
        ("evidence", pa.list_(pa.struct([("start", pa.int64()), ("end", pa.int64())]))),
    ]
)
LINES = pa.schema(
    [
        ("doc_id", pa.string()),
        ("language", pa.string()),
        ("line", pa.int64()),
        ("start", pa.int64()),
        ("end", pa.int64()),
        ("text", pa.string()),
        ("label", pa.int64()),
        ("open_disagreements", pa.int64()),
    ]
)
JUDGEMENTS = pa.schema(
    [
        ("doc_id", pa.string()),
        ("layer", pa.string()),
        ("annotator", pa.string()),
        ("annotation_id", pa.string()),
        ("kind", pa.string()),
        ("control", pa.string()),
        ("span_id", pa.string()),
        ("start", pa.int64()),
        ("end", pa.int64()),
        ("surface", pa.string()),
        ("target", pa.string()),
        ("value", pa.string()),
        ("to_span", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class DocumentLoss:
    """A loss and the document it is in."""

    doc_id: str
    loss: Loss


def bio_names(labels: Sequence[str]) -> list[str]:
    """Names of the ClassLabel of `ner_tags`: O, then B and I of every label in the order of config.xml."""
    return [OUTSIDE, *(f"{prefix}-{label}" for label in labels for prefix in ("B", "I"))]


def line_names(labels: Sequence[str]) -> list[str]:
    """Names of the ClassLabel of a line: `content`, the labels in the order of config.xml, and `disputed`."""
    return [CONTENT, *labels, *([] if DISPUTED in labels else [DISPUTED])]


def entity_rows(
    documents: Iterable[Mapping[str, Any]],
    spans: pl.DataFrame,
    labels: Sequence[str],
    opened: Mapping[str, int] = MappingProxyType({}),
    open_places: Mapping[str, Sequence[tuple[int, int]]] = MappingProxyType({}),
) -> tuple[pa.Table, list[DocumentLoss]]:
    """One row per document that has gold in the layer: tokens, tags, whether each tag is known, the tokens' offsets.

    Args:
        documents: rows with doc_id, language, text.
        spans: gold rows of the layer (doc_id, span_id, start, end, label).
        labels: of the layer, in the order of config.xml.
        opened: doc_id → number of disagreements that are not settled.
        open_places: doc_id → (start, end) of those about spans.

    Returns:
        A table with the schema `ENTITIES`, and the spans that tags cannot carry.
    """
    number = {name: i for i, name in enumerate(bio_names(labels))}
    marks = marks_of(spans)
    rows, losses = [], []
    for document in documents:
        text, own = document["text"], marks.get(document["doc_id"], ())
        tagged = tag(text, own)
        losses += [DocumentLoss(document["doc_id"], loss) for loss in tagged.losses]
        rows.append(
            {
                "doc_id": document["doc_id"],
                "language": document["language"],
                "tokens": [text[a:b] for a, b in tagged.tokens],
                "ner_tags": [number[t] for t in tagged.tags],
                "known": known_tokens(tagged, own, open_places.get(document["doc_id"], ())),
                "token_starts": [a for a, _ in tagged.tokens],
                "token_ends": [b for _, b in tagged.tokens],
                "open_disagreements": opened.get(document["doc_id"], 0),
            }
        )
    return pa.Table.from_pylist(rows, ENTITIES), losses


def stance_rows(
    documents: Iterable[Mapping[str, Any]], choices: pl.DataFrame, spans: pl.DataFrame, labels: Sequence[str]
) -> tuple[pa.Table, list[DocumentLoss]]:
    """One row per document and target with a gold answer: text, target, label, support, evidence.

    choices: gold rows of the layer with a target and without a region (doc_id, target, value, score). spans: its gold
    spans; one whose label is the name of a target is evidence for it, any other has no row to stand in and is a loss.
    """
    number = {label: i for i, label in enumerate(labels)}
    answers: dict[str, list[tuple[str, str, float | None]]] = {}
    whole = choices.filter(pl.col("span_id").is_null() & pl.col("target").is_not_null())
    for doc_id, *answer in whole.select("doc_id", "target", "value", "score").sort(pl.all()).iter_rows():
        answers.setdefault(doc_id, []).append((answer[0], answer[1], answer[2]))
    marks = marks_of(spans)
    rows, losses = [], []
    for document in documents:
        doc_id, own = document["doc_id"], marks.get(document["doc_id"], ())
        answered = answers.get(doc_id, ())
        targets = {target for target, _, _ in answered}
        losses += [DocumentLoss(doc_id, Loss(mark, NO_ANSWER)) for mark in own if mark.label not in targets]
        for target, value, support in answered:
            evidence = [{"start": mark.start, "end": mark.end} for mark in own if mark.label == target]
            row = {"doc_id": doc_id, "language": document["language"], "text": document["text"], "target": target}
            rows.append(row | {"label": number[value], "support": support, "evidence": evidence})
    return pa.Table.from_pylist(rows, STANCE), losses


def line_rows(
    documents: Iterable[Mapping[str, Any]],
    spans: pl.DataFrame,
    labels: Sequence[str],
    opened: Mapping[str, int] = MappingProxyType({}),
    open_places: Mapping[str, Sequence[tuple[int, int]]] = MappingProxyType({}),
) -> tuple[pa.Table, list[DocumentLoss]]:
    """One row per non-blank line of every document with gold: its offsets, text and boilerplate label or `content`.

    A line takes the label of the span that covers most of it, if that is more than half of its characters. It is
    `disputed` where it would have such a label if the open disagreements were settled as boilerplate. A span that is
    not the label of any of its lines (it covers less than half of a line, or another covers more) is a loss.
    """
    number = {label: i for i, label in enumerate(line_names(labels))}
    marks = marks_of(spans)
    rows, losses = [], []
    for document in documents:
        text, doc_id = document["text"], document["doc_id"]
        used: set[str] = set()
        own = marks.get(doc_id, ())
        for line, start, end in lines_of(text):
            label, best = CONTENT, line_label(start, end, own)
            if best is not None:
                label = best.label
                used.add(best.span_id + best.label)
            elif _disputed(start, end, [(m.start, m.end) for m in own], open_places.get(doc_id, ())):
                label = DISPUTED
            rows.append(
                {"doc_id": doc_id, "language": document["language"], "line": line, "start": start, "end": end}
                | {"text": text[start:end], "label": number[label], "open_disagreements": opened.get(doc_id, 0)}
            )
        losses += [DocumentLoss(doc_id, Loss(m, PART_OF_LINE)) for m in own if m.span_id + m.label not in used]
    return pa.Table.from_pylist(rows, LINES), losses


def lines_of(text: str) -> Iterator[tuple[int, int, int]]:
    """(number, start, end) of every line that is not blank, without its line break."""
    starts = line_starts(text).tolist()
    ends = [*(s - 1 for s in starts[1:]), len(text)]
    for line, (start, end) in enumerate(zip(starts, ends, strict=True)):
        if text[start:end].strip():
            yield line, start, end


def line_label(start: int, end: int, marks: Sequence[LabelledSpan]) -> LabelledSpan | None:
    """The mark that covers most of a line, if that is more than half of its characters."""
    covers = [(min(m.end, end) - max(m.start, start), m) for m in marks if m.start < end and start < m.end]
    width, best = max(covers, key=lambda c: (c[0], -c[1].start, c[1].label), default=(0, None))
    return best if 2 * width > end - start else None


def _disputed(start: int, end: int, settled: Sequence[tuple[int, int]], open_places: Sequence[tuple[int, int]]) -> bool:
    """Whether settled and open spans together cover more than half of a line, and at least one is open."""
    here = [place for place in open_places if place[0] < end and start < place[1]]
    if not here:
        return False
    covered, at = 0, start
    for a, b in sorted([*settled, *here]):
        a, b = max(a, at), min(b, end)
        if a < b:
            covered += b - a
            at = b
    return 2 * covered > end - start


def judgement_rows(
    annotations: pl.DataFrame, spans: pl.DataFrame, choices: pl.DataFrame, relations: pl.DataFrame
) -> pa.Table:
    """Every single label by a person, with pseudonym: for people who study or train on disagreement.

    Only submitted work of people; an annotation without any label has one row of kind `none`, so that "saw it and marked
    nothing" is not mistaken for "did not see it"; where an answer could not be read, one of kind `unknown` for each control.
    No time stamps, notes or payloads.
    """
    people = annotations.filter((pl.col("origin") == "human") & (pl.col("status") == "submitted")).select(
        "annotation_id", "annotator", "doc_id", "layer", "unread"
    )

    def of(frame: pl.DataFrame, kind: str, **columns: str) -> pl.DataFrame:
        chosen = {name: pl.col(source) for name, source in columns.items()}
        rows = frame.drop("doc_id", "layer").join(people.drop("unread"), on="annotation_id")
        return rows.with_columns(pl.lit(kind).alias("kind"), **chosen)

    parts = [
        of(spans, "span", value="label"),
        of(choices, "choice"),
        of(relations, "relation", span_id="from_span", value="label"),
    ]
    labelled = pl.concat([p.select("annotation_id") for p in parts]).unique()
    torn = people.filter(pl.col("unread").is_not_null())
    unknown = torn.with_columns(pl.col("unread").str.split(UNREAD).alias("control")).explode("control")
    parts.append(unknown.with_columns(pl.lit("unknown").alias("kind")))
    empty = people.filter(pl.col("unread").is_null()).join(labelled, on="annotation_id", how="anti")
    parts.append(empty.with_columns(pl.lit("none").alias("kind")))
    names = JUDGEMENTS.names
    full = [
        part.select(
            [
                (pl.col(n) if n in part.columns else pl.lit(None))
                .cast(pl.Int64 if n in ("start", "end") else pl.String)
                .alias(n)
                for n in names
            ]
        )
        for part in parts
    ]
    table = pl.concat(full).sort(names, nulls_last=True)
    return table.to_arrow().cast(JUDGEMENTS)


def marks_of(spans: pl.DataFrame) -> dict[str, list[LabelledSpan]]:
    """doc_id → its marks in order."""
    made: dict[str, list[LabelledSpan]] = {}
    ordered = spans.select("doc_id", "start", "end", "label", "span_id").sort(
        "doc_id", "start", "end", "label", "span_id"
    )
    for doc_id, start, end, label, span_id in ordered.iter_rows():
        made.setdefault(doc_id, []).append(LabelledSpan(start, end, label, span_id))
    return made
