"""Whether the split leaks: copies, and where it was asked for publishers and periods, on two sides.

What was asked for stands in the manifest of `documents`. A document without a side counts as `train`, where the release
puts it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from corpus_kit.core.columns import SPLITS
from corpus_kit.core.errors import CorpusKitError
from corpus_kit.core.findings import Finding
from corpus_kit.core.publisher import publisher_of
from corpus_kit.core.tables import parts, read_table

_TABLE = "documents/documents"


def find_leaks(documents: Path, manifest: Mapping[str, Any]) -> Iterator[Finding]:
    """Findings `leak_cluster`, `leak_publisher` and `leak_period`; each names a document on either side.

    documents: the made folder. Reads small columns only, shard by shard.
    """
    rule: Mapping[str, Any] = manifest.get("split") or {}
    by_publisher = rule.get("group_by") == "publisher"
    starts = [(rule[k], s) for k, s in (("validation_from", "validation"), ("test_from", "test")) if rule.get(k)]
    columns = ["doc_id", "duplicate_cluster", "split"]
    columns += ["outlet", "url"] if by_publisher else []
    columns += ["published_on"] if starts else []
    shared = _clusters_of_several(documents)
    clusters, publishers = [], []
    for path in parts(documents, "documents"):
        try:
            frame = pl.from_arrow(read_table(path, columns))
        except CorpusKitError:
            continue  # a damaged file has its own finding
        assert isinstance(frame, pl.DataFrame)
        if not set(columns) <= set(frame.columns):
            continue
        frame = frame.with_columns(pl.col("split").fill_null(SPLITS[0]))
        if starts:
            yield from _periods(frame, starts)
        clusters.append(frame.select("doc_id", "duplicate_cluster", "split").filter(_among(shared)))
        if by_publisher:
            names = map(publisher_of, frame["outlet"].to_list(), frame["url"].to_list())
            named = frame.select("doc_id", "split", pl.Series("publisher", list(names), pl.String)).drop_nulls(
                "publisher"
            )
            publishers.append(named.group_by("publisher", "split").agg(pl.col("doc_id").min()))
    if clusters:
        yield from _groups(pl.concat(clusters), "duplicate_cluster", "leak_cluster", "They are copies of each other.")
    if publishers:
        yield from _groups(pl.concat(publishers), "publisher", "leak_publisher", "They have one publisher.")


def _clusters_of_several(documents: Path) -> pl.Series:
    """The clusters that hold more than the document they are named after. Only these can leak, and they are few: the
    others need not be held in memory all at once."""
    found = [pl.Series("duplicate_cluster", [], pl.String)]
    for path in parts(documents, "documents"):
        try:
            frame = pl.from_arrow(read_table(path, ["doc_id", "duplicate_cluster"]))
        except CorpusKitError:
            continue
        assert isinstance(frame, pl.DataFrame)
        if {"doc_id", "duplicate_cluster"} <= set(frame.columns):
            found.append(frame.filter(pl.col("doc_id") != pl.col("duplicate_cluster"))["duplicate_cluster"].unique())
    return pl.concat(found).unique()


def _among(clusters: pl.Series) -> pl.Expr:
    return pl.col("duplicate_cluster").is_in(clusters.implode())


def _groups(frame: pl.DataFrame, key: str, code: str, bond: str) -> Iterator[Finding]:
    if frame["split"].n_unique() < 2:
        return
    sides = (
        frame.group_by(key, "split")
        .agg(pl.col("doc_id").min())
        .filter(pl.len().over(key) > 1)
        .sort(key, "doc_id")
        .group_by(key, maintain_order=True)
        .agg("doc_id", "split")
    )
    for value, ids, splits in sides.iter_rows():
        hint = f"{ids[0]} is in '{splits[0]}', {ids[1]} in '{splits[1]}'. {bond} Build again, or mend splits.csv."
        yield Finding(code, _TABLE, f"{key}={value}", "split", hint)


def _periods(frame: pl.DataFrame, starts: list[tuple[str, str]]) -> Iterator[Finding]:
    order = {name: number for number, name in enumerate(SPLITS)}
    frame = frame.with_columns(pl.col("split").replace_strict(order, default=0, return_dtype=pl.Int8).alias("side"))
    for first, side in starts:
        late = (pl.col("published_on") >= date.fromisoformat(first)) & (pl.col("side") < order[side])
        # One row tells of one cut: a late test document in train is not also a late validation document.
        if side == "validation" and len(starts) == 2:
            late &= pl.col("published_on") < date.fromisoformat(starts[1][0])
        for row in frame.filter(late).iter_rows(named=True):
            hint = f"It is of {row['published_on']}, in '{row['split']}'; '{side}' begins on {first}. Mend splits.csv."
            yield Finding("leak_period", _TABLE, f"doc_id={row['doc_id']}", "split", hint)
