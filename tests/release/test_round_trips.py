"""Generated gold on arbitrary Unicode, out through every format and back with a reader that is not ours: equal but for
what the loss report names, and nothing both lost and there."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import datasets
import nltk
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import spacy
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from nltk.corpus.reader import ConllCorpusReader
from spacy.tokens import DocBin

from corpus_kit.release.configs.training import ENTITIES, bio_names, entity_rows
from corpus_kit.release.export.conll import write_conll
from corpus_kit.release.export.spacy_docs import write_spacy
from corpus_kit.release.export.tokens import untag
from corpus_kit.release.features import features_of_schema
from corpus_kit.release.losses import LossRow

LABELS = ("ORG", "PERSON")
NLP = spacy.blank("xx")
Span = tuple[str, int, int, str]
Gold = list[tuple[str, list[tuple[int, int, str]]]]
"""text and spans of each document"""


@st.composite
def documents(draw: st.DrawFn) -> Gold:
    made: Gold = []
    for _ in range(draw(st.integers(1, 3))):
        text = draw(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40))
        place = st.integers(0, len(text))
        pairs = draw(st.lists(st.tuples(place, place, st.sampled_from(LABELS)), max_size=6, unique=True))
        made.append((text, sorted({(min(a, b), max(a, b), label) for a, b, label in pairs if a != b})))
    return made


WIDE: Gold = [
    (
        "Zoë 🧑‍🧑‍🧒 of 金山.\r\n\u2028No-one\u00a0else",
        [(0, 3, "PERSON"), (0, 9, "ORG"), (13, 14, "ORG"), (14, 15, "ORG")],
    )
]
# What wraps the most: names side by side, a span across lines, one inside another, blanks at the edges.
EDGES: Gold = [("ab cd\nef  gh", [(0, 2, "ORG"), (3, 5, "ORG"), (3, 8, "PERSON"), (8, 10, "ORG"), (9, 12, "PERSON")])]


def spans_of(gold: Gold) -> set[Span]:
    return {(f"{n:016x}", start, end, label) for n, (_, spans) in enumerate(gold) for start, end, label in spans}


def lost(losses: Iterable[LossRow]) -> set[Span]:
    return {(row.doc_id, row.start, row.end, row.label) for row in losses}


def assert_equal_but_for(losses: set[Span], found: set[Span], gold: Gold) -> None:
    assert found | losses == spans_of(gold)
    assert not found & losses


@contextmanager
def released(gold: Gold) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The one file of a release that exports read."""
    span = pa.struct([("start", pa.int64()), ("end", pa.int64()), ("label", pa.string())])
    schema = pa.schema(
        [("doc_id", pa.string()), ("text", pa.string()), ("language", pa.string()), ("gold_entities", pa.list_(span))]
    )
    rows = [
        {"doc_id": f"{n:016x}", "text": text, "language": "und"}
        | {"gold_entities": [{"start": a, "end": b, "label": label} for a, b, label in spans]}
        for n, (text, spans) in enumerate(gold)
    ]
    with tempfile.TemporaryDirectory() as folder:
        pq.write_table(pa.Table.from_pylist(rows, schema), Path(folder) / "documents.parquet")
        files = {"train": [{"name": "documents.parquet"}]}
        yield Path(folder), {"configs": {"documents": {"columns": schema.names, "splits": files}}}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(documents())
@example(WIDE)
@example(EDGES)
def test_conll_by_nltk(monkeypatch: pytest.MonkeyPatch, gold: Gold) -> None:
    with released(gold) as (release, manifest):
        losses = lost(write_conll(release, manifest, ["entities"], release))
        path = release / "entities" / "train.conll"
        monkeypatch.setattr(nltk.data, "path", [str(release)])  # NLTK reads only where it was told to
        reader = ConllCorpusReader(str(path.parent), [path.name], ("words", "ignore", "pos", "chunk"), encoding="utf-8")
        tagged = list(reader.iob_words())
        lines = [line.split(" ") for line in path.read_bytes().decode().split("\n") if line]
    assert [(line[0], line[3]) for line in lines if line[0] != "-DOCSTART-"] == [
        (word, chunk) for word, _, chunk in tagged
    ]
    found: set[Span] = set()
    for (doc_id, tokens, tags), (text, _) in zip(_cut(lines), gold, strict=True):
        assert [text[a:b] for a, b in tokens] == [word for word, *_ in _words(lines, doc_id)]
        found |= {(doc_id, mark.start, mark.end, mark.label) for mark in untag(tokens, tags)}
    assert_equal_but_for(losses, found, gold)


def _cut(lines: Sequence[list[str]]) -> list[tuple[str, list[tuple[int, int]], list[str]]]:
    made: list[tuple[str, list[tuple[int, int]], list[str]]] = []
    for line in lines:
        if line[0] == "-DOCSTART-":
            made.append((line[1], [], []))
        else:
            made[-1][1].append((int(line[1]), int(line[2])))
            made[-1][2].append(line[3])
    return made


def _words(lines: Sequence[list[str]], doc_id: str) -> Iterator[list[str]]:
    ours = False
    for line in lines:
        if line[0] == "-DOCSTART-":
            ours = line[1] == doc_id
        elif ours:
            yield line


@settings(max_examples=40, deadline=None)
@given(documents())
@example(WIDE)
@example(EDGES)
def test_docbin_by_spacy(gold: Gold) -> None:
    with released(gold) as (release, manifest):
        losses = lost(write_spacy(release, manifest, ["entities"], "entities", release))
        docs = list(DocBin().from_disk(release / "train.spacy").get_docs(NLP.vocab))
    assert [doc.text for doc in docs] == [text for text, _ in gold]
    found = {
        (doc.user_data["doc_id"], span.start_char, span.end_char, span.label_)
        for doc in docs
        for span in doc.spans["entities"]
    }
    assert_equal_but_for(losses, found, gold)
    assert all(
        {(e.start, e.end) for e in doc.ents} <= {(s.start, s.end) for s in doc.spans["entities"]} for doc in docs
    )


@settings(max_examples=25, deadline=None)
@given(documents())
@example(WIDE)
@example(EDGES)
def test_tokens_with_class_labels_by_datasets(gold: Gold) -> None:
    rows = [{"doc_id": f"{n:016x}", "language": "und", "text": text} for n, (text, _) in enumerate(gold)]
    schema = ["doc_id", "start", "end", "label", "span_id"]
    marks = [(d, a, b, label, f"{a}-{b}") for d, a, b, label in spans_of(gold)]
    types = dict(zip(schema, (pl.String, pl.Int64, pl.Int64, pl.String, pl.String), strict=True))
    table, losses = entity_rows(rows, pl.DataFrame(marks, schema=types, orient="row"), LABELS)
    features = features_of_schema(ENTITIES, {"ner_tags": bio_names(LABELS)})
    with tempfile.TemporaryDirectory() as folder:
        file = f"{folder}/train.parquet"
        pq.write_table(table.cast(features.arrow_schema), file)
        loaded = datasets.Dataset.from_parquet(file, cache_dir=f"{folder}/cache", keep_in_memory=True)
        names = loaded.features["ner_tags"].feature.names
        back = [dict(row) for row in loaded]
    found: set[Span] = set()
    for row, (text, _) in zip(back, gold, strict=True):
        tokens = list(zip(row["token_starts"], row["token_ends"], strict=True))
        assert [text[a:b] for a, b in tokens] == row["tokens"]
        found |= {(row["doc_id"], m.start, m.end, m.label) for m in untag(tokens, [names[t] for t in row["ner_tags"]])}
    assert_equal_but_for(
        {(d.doc_id, d.loss.mark.start, d.loss.mark.end, d.loss.mark.label) for d in losses}, found, gold
    )
