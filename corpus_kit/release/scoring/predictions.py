"""A file of predictions: JSON, JSON Lines or Parquet, one row for a document or for a mark.

What a row may hold beside `doc_id` (and `layer`, where the file is about several):

    spans: [{start, end, label}]         code points of the text, end-exclusive
    start, end, label                    one span a row
    choices: [{target, label}]           answers about the document
    target, label                        one answer a row
    line, label                          one line a row, as in the configuration of labelled lines
    tags, or ner_tags                    one BIO tag for each token of the release; `tokens` beside it are compared

A label is its name, or its number in the ClassLabel of the release.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from corpus_kit.core.errors import UsageError, did_you_mean
from corpus_kit.core.labels import trimmed
from corpus_kit.core.scoring import ANSWERS, LINES, MARK, SPANS, Predictions
from corpus_kit.core.storage.tables import iter_batches
from corpus_kit.release.configs.training import CONTENT, DISPUTED, line_label
from corpus_kit.release.export.tokens import LabelledSpan, untag
from corpus_kit.release.scoring.opened import OpenedRelease
from corpus_kit.release.scoring.sheet import targets_of

Row = Mapping[str, Any]
_TAGS = ("tags", "ner_tags", "predicted_tags", "predictions")
_FORMATS = 'See "Predictions" in the reference of formats.'


def read_predictions(file: Path, release: OpenedRelease, layer: str | None) -> dict[str, Predictions]:
    """The predictions of a file by layer.

    Args:
        file: `.parquet`, `.jsonl` or `.json`.
        release: What they are about.
        layer: Of all rows that do not name one; by default the only one that the rows fit.

    Raises:
        UsageError: Unreadable, a row that is no prediction, or a layer that cannot be told.
    """
    by_layer: dict[str, list[tuple[int, Row]]] = {}
    for number, row in enumerate(_rows(file), start=1):
        if not isinstance(row, Mapping) or not isinstance(row.get("doc_id"), str):
            raise UsageError(f"Row {number} of {file} has no doc_id.", _FORMATS)
        by_layer.setdefault(row.get("layer") or layer or _layer_of(row, release, file), []).append((number, row))
    if not by_layer:
        raise UsageError(f"{file} holds no predictions.", _FORMATS)
    for name in by_layer:
        if name not in release.layers:
            known = sorted(release.layers)
            hint = f"It has gold of {', '.join(known) or 'no layer'}."
            raise UsageError(f"The release has no layer '{name}'.{did_you_mean(name, known)}", hint)
    return {name: _LayerRows(release, name, file).read(rows) for name, rows in sorted(by_layer.items())}


def _rows(file: Path) -> Iterator[Any]:
    try:
        if file.suffix == ".parquet":
            with pq.ParquetFile(file) as opened:
                for batch in opened.iter_batches(batch_size=2000):
                    yield from batch.to_pylist()
            return
        with file.open(encoding="utf-8-sig") as lines:
            if file.suffix == ".json":
                whole = json.load(lines)
                yield from whole if isinstance(whole, list) else [whole]
            else:
                yield from (json.loads(line) for line in lines if line.strip())
    except FileNotFoundError as e:
        raise UsageError(f"There is no file {file}.", "Name a file of predictions.") from e
    except (OSError, ValueError, pa.ArrowException) as e:
        raise UsageError(f"{file} is neither JSON Lines, JSON nor Parquet.", _FORMATS) from e


def _layer_of(row: Row, release: OpenedRelease, file: Path) -> str:
    """The only layer that a row can be about."""
    kinds: tuple[str, ...] = (SPANS, LINES)
    if "target" in row or "choices" in row:
        kinds = (ANSWERS,)
    elif "line" in row:
        kinds = (LINES,)
    elif any(name in row for name in _TAGS):
        kinds = (SPANS,)
    fitting = [name for name, (_, kind) in release.layers.items() if kind in kinds]
    if len(fitting) > 1 and kinds == (SPANS, LINES):
        fitting = [name for name in fitting if release.layers[name][1] == SPANS]
    if len(fitting) != 1:
        told = ", ".join(sorted(fitting or release.layers)) or "none"
        raise UsageError(f"{file} does not say which layer it is about.", f"Add --layer; there are: {told}.")
    return fitting[0]


class _LayerRows:
    """Rows of one layer as marks."""

    def __init__(self, release: OpenedRelease, layer: str, file: Path) -> None:
        self._release, self._layer, self._file = release, layer, file
        self._config, self._kind = release.layers[layer]
        column = "ner_tags" if self._kind == SPANS else "label"
        self._names = release.names(self._config, column)
        self._targets = targets_of(release, layer) if self._kind == ANSWERS else {}
        self._tokens: dict[str, tuple[list[tuple[int, int]], list[str] | None]] | None = None
        self._lines: dict[str, dict[int, tuple[int, int]]] | None = None
        self._outside = 0

    def read(self, rows: Iterable[tuple[int, Row]]) -> Predictions:
        marks: list[tuple[str, int, int, str]] = []
        drawn: dict[str, list[LabelledSpan]] = {}
        doc_ids = set()
        for number, row in rows:
            doc_ids.add(row["doc_id"])
            try:
                for start, end, label in self._marks(row):
                    if self._kind == LINES and "line" not in row:
                        drawn.setdefault(row["doc_id"], []).append(LabelledSpan(start, end, label))
                    else:
                        marks.append((row["doc_id"], start, end, label))
            except (KeyError, TypeError, ValueError) as e:
                raise UsageError(f"Row {number} of {self._file} is no prediction: {_said(e)}.", _FORMATS) from e
        for doc_id, own in drawn.items():
            marks += [(doc_id, *mark) for mark in self._snapped(doc_id, own)]
        if self._kind == LINES:
            marks = [mark for mark in marks if mark[3] not in (CONTENT, DISPUTED)]
        frame = pl.DataFrame(marks, schema=MARK, orient="row")
        frame = (self._without_edges(frame) if self._kind == SPANS else frame).unique().sort(list(MARK))
        return Predictions(frame, frozenset(doc_ids), self._outside)

    def _without_edges(self, marks: pl.DataFrame) -> pl.DataFrame:
        """Spans without the white space at their edges, as gold has them, where the release holds the texts."""
        parts = []
        for file in self._release.files("documents"):
            if "text" not in self._release.manifest["configs"]["documents"]["columns"]:
                break
            for batch in iter_batches(file, ["doc_id", "text"], 500):
                own = marks.join(pl.DataFrame(batch), on="doc_id")
                parts.append(own.with_columns(pl.col("text").str.slice("start", pl.col("end") - pl.col("start"))))
        if not parts:
            return marks
        made = trimmed(pl.concat(parts).rename({"text": "surface"})).select(list(MARK))
        return pl.concat([made, marks.join(made, on="doc_id", how="anti")])

    def _marks(self, row: Row) -> Iterator[tuple[int, int, str]]:
        if self._kind == ANSWERS:
            for one in row.get("choices") or ([] if "choices" in row else [row]):
                answer = one.get("label", one.get("value"))
                number = self._targets.get(one["target"])
                if number is None:
                    self._outside += 1
                elif answer is not None:
                    yield number, number + 1, self._label(answer)
            return
        tags = next((row[name] for name in _TAGS if row.get(name) is not None), None)
        if tags is not None and self._kind == SPANS:
            yield from self._tagged(row, tags)
        elif self._kind == LINES and "line" in row:
            place = self._lines_of(row["doc_id"]).get(int(row["line"]))
            if place is None:
                self._outside += 1
            else:
                yield (*place, self._label(row["label"]))
        elif "spans" in row or "start" in row:
            for one in (row["spans"] or []) if "spans" in row else [row]:
                start, end = int(one["start"]), int(one["end"])
                if not 0 <= start < end:
                    raise ValueError(f"{start}-{end} is no place")
                yield start, end, str(one["label"])
        else:
            raise ValueError("it has neither spans, choices, lines nor tags")

    def _label(self, label: Any) -> str:
        if isinstance(label, int) and not isinstance(label, bool):
            if not 0 <= label < len(self._names):
                raise ValueError(f"there is no label number {label}")
            return self._names[label]
        return str(label)

    def _tagged(self, row: Row, tags: list[Any]) -> Iterator[tuple[int, int, str]]:
        found = self._tokens_of(row["doc_id"])
        if found is None:
            self._outside += 1
            return
        places, words = found
        if len(tags) != len(places):
            raise ValueError(f"{len(tags)} tags for the {len(places)} tokens of {row['doc_id']}")
        if words is not None and row.get("tokens") is not None and list(row["tokens"]) != words:
            raise ValueError(f"the tokens of {row['doc_id']} are not those of the release")
        for mark in untag(places, [self._label(tag) for tag in tags]):
            yield mark.start, mark.end, mark.label

    def _tokens_of(self, doc_id: str) -> tuple[list[tuple[int, int]], list[str] | None] | None:
        if self._tokens is None:
            self._tokens = {}
            for config in (self._release.soft(self._layer), self._config):
                if self._release.has(config):
                    rows = self._release.rows(config, ["doc_id", "token_starts", "token_ends", "tokens"])
                    for row in rows.iter_rows(named=True):
                        places = list(zip(row["token_starts"], row["token_ends"], strict=True))
                        self._tokens[row["doc_id"]] = places, row.get("tokens")
        return self._tokens.get(doc_id)

    def _lines_of(self, doc_id: str) -> dict[int, tuple[int, int]]:
        if self._lines is None:
            self._lines = {}
            for config in (self._release.soft(self._layer), self._config):
                if self._release.has(config):
                    for own, line, start, end in self._release.rows(
                        config, ["doc_id", "line", "start", "end"]
                    ).iter_rows():
                        self._lines.setdefault(own, {})[line] = (start, end)
        return self._lines.get(doc_id, {})

    def _snapped(self, doc_id: str, marks: list[LabelledSpan]) -> Iterator[tuple[int, int, str]]:
        """Lines that a span covers by more than half, as the release labels them."""
        lines = self._lines_of(doc_id)
        if not lines:
            self._outside += len(marks)
        for start, end in lines.values():
            best = line_label(start, end, marks)
            if best is not None:
                yield start, end, best.label


def _said(error: Exception) -> str:
    return f"{error.args[0]} is missing" if isinstance(error, KeyError) else str(error).rstrip(".")
