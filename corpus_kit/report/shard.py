"""What the report counts in one shard of documents, without its texts, and which of them a sample may take.

A pure function of a shard of documents and the suggestions for it; its result is kept under the key of both, so an
unchanged shard is counted once.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from corpus_kit.core.identity import publisher_of
from corpus_kit.core.storage.folders import read_checked_json, write_checked_json
from corpus_kit.core.storage.tables import read_table
from corpus_kit.core.vocabulary import BOILERPLATE

FORMAT = 2
"""Part of the key of what is kept; raised when the facts change their shape."""

LENGTHS = tuple(base * 10**power for power in range(2, 7) for base in (1, 2, 5))
"""Lower bounds, in characters, of the bins of lengths but the first, which begins at 0."""

SHARES = 10
"""Bins of the share of boilerplate; documents without any are counted apart."""

_COLUMNS = "doc_id n_chars encoding newline language published_on outlet url split duplicate_cluster".split()
EXTREMES = 3
_OF_LANGUAGE, _OF_SPLIT, _COPIES, _ANY = 6, 8, 6, 300


@dataclass(frozen=True, slots=True)
class ReportTask:
    """documents, suggestions: Parquet files, those of suggestions one for each layer. kept: where the facts go."""

    documents: str
    suggestions: tuple[str, ...]
    kept: str


def shard_facts(task: ReportTask) -> None:
    """Count one shard and keep the facts at `task.kept`; `kept_facts` reads them.

    documents, characters: totals. languages, encodings, newlines, months, lengths, splits: value → count. publishers:
    name → [documents, characters, characters of boilerplate, a doc_id for the sample]. copies: cluster → documents but its
    first. boilerplate: see `_boilerplate`. covered: language → [characters, of which boilerplate]. strata: name → doc_ids a
    sample takes first; extremes: the shortest and longest.
    """
    frame = pl.from_arrow(read_table(Path(task.documents), _COLUMNS))
    assert isinstance(frame, pl.DataFrame)
    names = list(map(publisher_of, frame["outlet"].to_list(), frame["url"].to_list()))
    frame = frame.with_columns(
        pl.Series("publisher", names, pl.String),
        # The last digits of a doc_id, which is a hash, are as good as a second hash and sort no shard before another.
        pl.col("doc_id").str.reverse().alias("order"),
        pl.col("split").fill_null(""),
        pl.col("published_on").dt.strftime("%Y-%m").fill_null("").alias("month"),
    ).sort("order")
    spans = _suggested(task.suggestions) if task.suggestions else None
    frame, boilerplate = _boilerplate(frame, spans)
    copies = frame.filter(pl.col("duplicate_cluster") != pl.col("doc_id"))
    facts: dict[str, Any] = {
        "documents": frame.height,
        "characters": int(frame["n_chars"].sum()),
        "languages": _counts(frame, "language"),
        "encodings": _counts(frame, "encoding"),
        "newlines": _counts(frame, "newline"),
        "months": _counts(frame, "month"),
        "lengths": _lengths(frame["n_chars"]),
        "splits": _splits(frame),
        "publishers": _publishers(frame),
        "copies": _counts(copies, "duplicate_cluster"),
        "boilerplate": boilerplate,
        "covered": _covered(frame),
        "suggested": {} if spans is None else _labels(spans),
        "strata": _strata(frame, copies),
        "extremes": _extremes(frame),
    }
    write_checked_json(Path(task.kept), facts)


def kept_facts(task: ReportTask) -> dict[str, Any] | None:
    """The facts of an earlier run; None where there are none or the file is damaged."""
    return read_checked_json(Path(task.kept)) or None


def _suggested(paths: Sequence[str]) -> pl.DataFrame:
    columns = ["doc_id", "layer", "start", "end", "label"]
    frame = pl.from_arrow(pa.concat_tables(read_table(Path(path), columns) for path in paths))
    assert isinstance(frame, pl.DataFrame)
    return frame


def _boilerplate(frame: pl.DataFrame, spans: pl.DataFrame | None) -> tuple[pl.DataFrame, dict[str, Any]]:
    """The frame with a column `covered`, and: marked documents, characters covered, by label, by share.

    Where spans overlap, a character counts once. Empty where nothing is suggested.
    """
    mine = None if spans is None else spans.filter(pl.col("layer") == BOILERPLATE)
    if mine is None or mine.is_empty():
        return frame.with_columns(pl.lit(0, pl.Int64).alias("covered")), {}
    length = pl.col("end") - pl.col("start")
    before = pl.col("end").cum_max().shift(1).over("doc_id").fill_null(0)
    each = (
        mine.sort("doc_id", "start", "end")
        .with_columns((pl.col("end") - pl.max_horizontal("start", before)).clip(0).alias("covered"))
        .group_by("doc_id")
        .agg(pl.col("covered").sum())
    )
    frame = frame.join(each, on="doc_id", how="left", maintain_order="left").with_columns(
        pl.col("covered").fill_null(0)
    )
    share = (pl.col("covered") * SHARES / pl.col("n_chars")).ceil().cast(pl.Int64).clip(0, SHARES)
    return frame, {
        "marked": int((frame["covered"] > 0).sum()),
        "covered": int(frame["covered"].sum()),
        "labels": dict(mine.group_by("label").agg(length.sum()).sort("label").iter_rows()),
        "shares": _counts(frame.select(share.cast(pl.String).alias("share")), "share"),
    }


def _covered(frame: pl.DataFrame) -> dict[str, list[int]]:
    """language → characters, of which boilerplate: of every document, as a share of all of a language is wanted."""
    found = frame.group_by("language").agg(pl.col("n_chars").sum(), pl.col("covered").sum()).sort("language")
    return {row[0]: list(row[1:]) for row in found.iter_rows()}


def _labels(spans: pl.DataFrame) -> dict[str, dict[str, int]]:
    """layer → label → spans."""
    made: dict[str, dict[str, int]] = {}
    for layer, label, n in spans.group_by("layer", "label").len().sort("layer", "label").iter_rows():
        made.setdefault(layer, {})[label] = n
    return made


def _counts(frame: pl.DataFrame, column: str) -> dict[str, int]:
    return dict(frame.group_by(column).len().sort(column).iter_rows())


def _lengths(characters: pl.Series) -> dict[str, int]:
    """bin → documents; bin 0 is below `LENGTHS[0]`."""
    made = [0] * (len(LENGTHS) + 1)
    for n in characters.to_list():
        made[bisect_right(LENGTHS, n)] += 1
    return {str(number): n for number, n in enumerate(made) if n}


def _splits(frame: pl.DataFrame) -> dict[str, dict[str, int]]:
    """split ("" for none) → language → documents."""
    made: dict[str, dict[str, int]] = {}
    for split, language, n in frame.group_by("split", "language").len().sort("split", "language").iter_rows():
        made.setdefault(split, {})[language] = n
    return made


def _publishers(frame: pl.DataFrame) -> dict[str, list[Any]]:
    """name ("" for none) → documents, characters, characters of boilerplate, the first doc_id in the sample's order."""
    found = frame.group_by(pl.col("publisher").fill_null("")).agg(
        pl.len(), pl.col("n_chars").sum(), pl.col("covered").sum(), pl.col("order").min().str.reverse()
    )
    return {row[0]: list(row[1:]) for row in found.sort("publisher").iter_rows()}


def _strata(frame: pl.DataFrame, copies: pl.DataFrame) -> dict[str, list[str]]:
    """The documents a sample takes first, in its order: of every language and split, copies, any."""
    made: dict[str, list[str]] = {}
    for column, most in (("language", _OF_LANGUAGE), ("split", _OF_SPLIT)):
        for value, ids in frame.group_by(column, maintain_order=True).agg(pl.col("doc_id").head(most)).iter_rows():
            if value:
                made[f"{column} {value}"] = ids
    made["copies"] = copies["doc_id"].head(_COPIES).to_list()
    made["any"] = frame["doc_id"].head(_ANY).to_list()
    return made


def _extremes(frame: pl.DataFrame) -> dict[str, list[list[Any]]]:
    """The shortest and the longest documents: n_chars and doc_id."""
    by_length = frame.sort("n_chars", "doc_id").select("n_chars", "doc_id")
    ends = {"shortest": by_length.head(EXTREMES), "longest": by_length.tail(EXTREMES)}
    return {name: [list(row) for row in some.iter_rows()] for name, some in ends.items()}
