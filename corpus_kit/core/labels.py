"""The label tables of `data/annotations` and `data/gold`, read together and without payloads: memory follows the labels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from corpus_kit.core.schema.columns import columns_of
from corpus_kit.core.storage.tables import scan

UNREAD = "; "
"""Between the names of controls in `annotations.unread`."""

RELATIONS = "relations"
"""What relations are called in `annotations.unread`, whatever their control is called."""

LABEL_TABLES = ("annotations", "spans", "choices", "relations")
# What only the annotation server and the statistics of its use ask for.
_LEFT_OUT = ("payload", "lead_time_s")


@dataclass(frozen=True, slots=True)
class Labels:
    """annotations (without payload and times), spans, choices, relations: the tables of those names."""

    annotations: pl.DataFrame
    spans: pl.DataFrame
    choices: pl.DataFrame
    relations: pl.DataFrame

    def of_layer(self, layer: str) -> Labels:
        mine = pl.col("layer") == layer
        return Labels(*(getattr(self, name).filter(mine) for name in LABEL_TABLES))


def read_labels(folder: Path) -> Labels:
    """All rows of the label tables in a made folder; tables without files are empty."""
    return Labels(*(read_label_table(folder, name) for name in LABEL_TABLES))


def read_label_table(folder: Path, table: str) -> pl.DataFrame:
    columns = {name: dtype for name, dtype in columns_of(table).items() if name not in _LEFT_OUT}
    found = scan(folder, table)
    return pl.DataFrame(schema=columns) if found is None else found.select(list(columns)).collect()


def known_in(control: str) -> pl.Expr:
    """Of rows with `unread`: whether everything that was said in a control could be read."""
    return ~pl.col("unread").fill_null("").str.split(UNREAD).list.contains(control)


def trimmed(spans: pl.DataFrame) -> pl.DataFrame:
    """`spans` without the white space at their edges; a span of white space alone stays as it is."""
    if spans.is_empty() or "surface" not in spans.columns:
        return spans
    bare = pl.col("surface").str.strip_chars()
    before = pl.col("surface").str.len_chars() - pl.col("surface").str.strip_chars_start().str.len_chars()
    edged = (bare != pl.col("surface")) & (bare != "")
    start = pl.when(edged).then(pl.col("start") + before.cast(pl.Int64)).otherwise("start")
    end = pl.when(edged).then(start + bare.str.len_chars().cast(pl.Int64)).otherwise("end")
    return spans.with_columns(
        start.alias("start"), end.alias("end"), pl.when(edged).then(bare).otherwise("surface").alias("surface")
    )


def current_spans(spans: pl.DataFrame, carried: pl.DataFrame) -> pl.DataFrame:
    """`spans` where they stand in the current text, by the table `carried`; stale ones left out."""
    key = ["annotation_id", "control", "span_id", "label"]
    moved = carried.select(
        *key, "verdict", *(pl.col(name).alias(f"now_{name}") for name in ("start", "end", "surface"))
    )
    found = spans.join(moved, on=key, how="left", nulls_equal=True, maintain_order="left")
    here = pl.col("verdict").is_null()
    return (
        found.filter(here | (pl.col("verdict") != "stale"))
        .with_columns(pl.when(here).then(n).otherwise(f"now_{n}").alias(n) for n in ("start", "end", "surface"))
        .select(spans.columns)
    )
