"""Soft labels: what every person answered, as a distribution for each question that was asked, settled or not.

A release of gold alone hides that careful people differ. Here each question is one row: an answer about a target, a line, or
a document whose tokens were tagged. Open and tied questions are included. See Uma et al., "Learning from Disagreement: A
Survey" (JAIR 72, 2021), for what to do with them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl
import pyarrow as pa

from corpus_kit.release.configs.training import bio_names, line_label, lines_of, marks_of
from corpus_kit.release.export.tokens import LabelledSpan, tag, tokenize

_ANSWERS = pa.list_(pa.struct([("annotator", pa.string()), ("label", pa.int64())]))
_SUMMARY = [("majority", pa.int64()), ("distribution", pa.list_(pa.float64())), ("n", pa.int64())]

SOFT_TARGETS = pa.schema(
    [
        ("doc_id", pa.string()),
        ("language", pa.string()),
        ("text", pa.string()),
        ("target", pa.string()),
        *_SUMMARY,
        ("entropy", pa.float64()),
        ("answers", _ANSWERS),
    ]
)
SOFT_LINES = pa.schema(
    [
        ("doc_id", pa.string()),
        ("language", pa.string()),
        ("line", pa.int64()),
        ("start", pa.int64()),
        ("end", pa.int64()),
        ("text", pa.string()),
        *_SUMMARY,
        ("entropy", pa.float64()),
        ("answers", _ANSWERS),
    ]
)
SOFT_TOKENS = pa.schema(
    [
        ("doc_id", pa.string()),
        ("language", pa.string()),
        ("tokens", pa.list_(pa.string())),
        ("token_starts", pa.list_(pa.int64())),
        ("token_ends", pa.list_(pa.int64())),
        ("majority", pa.list_(pa.int64())),
        ("distributions", pa.list_(pa.list_(pa.float64()))),
        ("n", pa.int64()),
        ("entropy", pa.list_(pa.float64())),
        ("answers", pa.list_(pa.struct([("annotator", pa.string()), ("ner_tags", pa.list_(pa.int64()))]))),
    ]
)
DESCRIPTIONS = {
    "majority": "The most frequent answer; -1 where several are equally frequent or no one answered.",
    "distribution": "Share of each label among the answers, in the order of the ClassLabel of `majority`.",
    "distributions": "For every token, the share of each tag, in the order of the ClassLabel of `majority`.",
    "n": "How many people answered.",
    "entropy": "Of the distribution, in nats: 0 where all agree.",
    "answers": "What each person answered, by pseudonym.",
}
NO_MAJORITY = -1


def soft_target_rows(
    documents: Iterable[Mapping[str, Any]],
    people: pl.DataFrame,
    choices: pl.DataFrame,
    labels: Sequence[str],
    targets: Sequence[str],
) -> pa.Table:
    """One row per document that someone worked on and target of the layer.

    Args:
        documents: rows with doc_id, language, text.
        people: one row per person and document: annotation_id, doc_id, annotator.
        choices: their answers: annotation_id, target, value. A person with several values gives each an equal part.
        labels: of the layer, in the order of config.xml.
        targets: what the layer asks about.

    Returns:
        A table with the schema `SOFT_TARGETS`.
    """
    number = {label: i for i, label in enumerate(labels)}
    said: dict[tuple[str, str], list[int]] = {}
    for annotation_id, target, value in choices.select("annotation_id", "target", "value").sort(pl.all()).iter_rows():
        if value in number:
            said.setdefault((annotation_id, target), []).append(number[value])
    workers = _by_document(people)
    rows = []
    for document in documents:
        for target in targets:
            answers = [
                (who, values)
                for who, made in workers.get(document["doc_id"], ())
                if (values := said.get((made, target)))
            ]
            row = {"doc_id": document["doc_id"], "language": document["language"], "text": document["text"]}
            rows.append(row | {"target": target} | _summary(answers, len(labels)))
    return pa.Table.from_pylist(rows, SOFT_TARGETS)


def soft_line_rows(
    documents: Iterable[Mapping[str, Any]], people: pl.DataFrame, spans: pl.DataFrame, names: Sequence[str]
) -> pa.Table:
    """One row per non-blank line of every document that someone worked on.

    Args:
        documents: rows with doc_id, language, text.
        people: one row per person and document: annotation_id, doc_id, annotator.
        spans: their spans: annotation_id, doc_id, start, end, label, span_id.
        names: `content` and the labels of the layer.

    Returns:
        A table with the schema `SOFT_LINES`.
    """
    number = {name: i for i, name in enumerate(names)}
    marks, workers = _marks_of_people(spans), _by_document(people)
    rows = []
    for document in documents:
        for line, start, end in lines_of(document["text"]):
            answers = []
            for who, made in workers.get(document["doc_id"], ()):
                best = line_label(start, end, marks.get(made, ()))
                answers.append((who, [number[best.label] if best else 0]))
            row = {"doc_id": document["doc_id"], "language": document["language"], "line": line}
            row |= {"start": start, "end": end, "text": document["text"][start:end]}
            rows.append(row | _summary(answers, len(names)))
    return pa.Table.from_pylist(rows, SOFT_LINES)


def soft_token_rows(
    documents: Iterable[Mapping[str, Any]], people: pl.DataFrame, spans: pl.DataFrame, labels: Sequence[str]
) -> pa.Table:
    """One row per document that someone worked on, with a distribution over BIO tags for every token.

    Args:
        documents: rows with doc_id, language, text.
        people: one row per person and document: annotation_id, doc_id, annotator.
        spans: their spans: annotation_id, doc_id, start, end, label, span_id.
        labels: of the layer, in the order of config.xml.

    Returns:
        A table with the schema `SOFT_TOKENS`.
    """
    names = bio_names(labels)
    number = {name: i for i, name in enumerate(names)}
    marks, workers = _marks_of_people(spans), _by_document(people)
    rows = []
    for document in documents:
        text, tokens = document["text"], tokenize(document["text"])
        answers = [
            (who, [number[word] for word in tag(text, marks.get(made, ()), tokens).tags])
            for who, made in workers.get(document["doc_id"], ())
        ]
        by_token = [[tags[i] for _, tags in answers] for i in range(len(tokens))]
        shares = [_shares([[value] for value in values], len(names)) for values in by_token]
        rows.append(
            {
                "doc_id": document["doc_id"],
                "language": document["language"],
                "tokens": [text[a:b] for a, b in tokens],
                "token_starts": [a for a, _ in tokens],
                "token_ends": [b for _, b in tokens],
                "majority": [_majority(share) for share in shares],
                "distributions": shares,
                "n": len(answers),
                "entropy": [_entropy(share) for share in shares],
                "answers": [{"annotator": who, "ner_tags": tags} for who, tags in answers],
            }
        )
    return pa.Table.from_pylist(rows, SOFT_TOKENS)


def _by_document(people: pl.DataFrame) -> dict[str, list[tuple[str, str]]]:
    """doc_id → (annotator, annotation_id), by pseudonym."""
    made: dict[str, list[tuple[str, str]]] = {}
    for doc_id, who, annotation_id in people.select("doc_id", "annotator", "annotation_id").sort(pl.all()).iter_rows():
        made.setdefault(doc_id, []).append((who, annotation_id))
    return made


def _marks_of_people(spans: pl.DataFrame) -> dict[str, list[LabelledSpan]]:
    """annotation_id → its marks."""
    return marks_of(spans.with_columns(pl.col("annotation_id").alias("doc_id")))


def _summary(answers: Sequence[tuple[str, list[int]]], labels: int) -> dict[str, Any]:
    share = _shares([values for _, values in answers], labels)
    given = [{"annotator": who, "label": value} for who, values in answers for value in values]
    summary = {"majority": _majority(share), "distribution": share, "n": len(answers)}
    return summary | {"entropy": _entropy(share), "answers": given}


def _shares(answers: Sequence[Sequence[int]], labels: int) -> list[float]:
    """Share of every label; all 0 where no one answered. A person's values share one vote."""
    votes = [0.0] * labels
    for values in answers:
        for value in values:
            votes[value] += 1 / len(values)
    return [vote / len(answers) if answers else 0.0 for vote in votes]


def _majority(share: Sequence[float]) -> int:
    best = max(share, default=0.0)
    top = [i for i, value in enumerate(share) if value == best]
    return top[0] if best > 0 and len(top) == 1 else NO_MAJORITY


def _entropy(share: Sequence[float]) -> float:
    return max(0.0, -sum(p * math.log(p) for p in share if p > 0))
