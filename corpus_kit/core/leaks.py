"""Whether the split leaks: copies, and where it was asked for publishers and periods, on two sides.

What was asked for stands in the manifest of `documents`. A document without a side counts as `train`, where the release
puts it. The shards are read one at a time, so memory does not follow the documents: of a group that could leak a hash and
a byte are kept, and names only of those that do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from corpus_kit.core.errors import CorpusKitError
from corpus_kit.core.identity import publisher_of
from corpus_kit.core.records import Finding
from corpus_kit.core.storage.tables import parts, read_table
from corpus_kit.core.vocabulary import SPLITS

_TABLE = "documents/documents"
_CLUSTERED = ("doc_id", "duplicate_cluster", "split")
_BITS = {name: 1 << number for number, name in enumerate(SPLITS)}
_BIT_OF_OTHERS = 1 << len(SPLITS)
_MOST_WAITING = 100_000

Keys = NDArray[np.uint64]
"""Hashes of names: eight bytes whatever the name is, and two names that share one cost a second look, no wrong finding."""


def find_leaks(documents: Path, manifest: Mapping[str, Any]) -> Iterator[Finding]:
    """Findings `leak_cluster`, `leak_publisher` and `leak_period`; each names a document on either side.

    documents: the made folder. Reads small columns only, shard by shard.
    """
    rule: Mapping[str, Any] = manifest.get("split") or {}
    starts = [(rule[k], s) for k, s in (("validation_from", "validation"), ("test_from", "test")) if rule.get(k)]
    if starts:
        for frame in _shards(documents, ["doc_id", "split", "published_on"]):
            yield from _periods(frame, starts)
    shared = _clusters_of_several(documents)
    sides = _Sides()
    for frame in _shards(documents, _CLUSTERED) if len(shared) else ():
        sides.add(frame.filter(_among(_hashes(frame["duplicate_cluster"]), shared)), "duplicate_cluster")
    if len(apart := sides.apart()):
        copies = _members(_shards(documents, _CLUSTERED), "duplicate_cluster", apart)
        yield from _groups(copies, "duplicate_cluster", "leak_cluster", "They are copies of each other.")
    if rule.get("group_by") == "publisher":
        sides = _Sides()
        for frame in _published(documents):
            sides.add(frame, "publisher")
        if len(apart := sides.apart()):
            yield from _groups(
                _members(_published(documents), "publisher", apart),
                "publisher",
                "leak_publisher",
                "They have one publisher.",
            )


def _shards(documents: Path, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
    """One shard after the other; none that is damaged or has not the columns, which are findings of their own."""
    for path in parts(documents, "documents"):
        try:
            frame = pl.from_arrow(read_table(path, columns))
        except CorpusKitError:
            continue
        assert isinstance(frame, pl.DataFrame)
        if set(columns) <= set(frame.columns):
            yield frame.with_columns(pl.col("split").fill_null(SPLITS[0])) if "split" in columns else frame


def _published(documents: Path) -> Iterator[pl.DataFrame]:
    for frame in _shards(documents, ["doc_id", "split", "outlet", "url"]):
        names = map(publisher_of, frame["outlet"].to_list(), frame["url"].to_list())
        yield frame.select("doc_id", "split", pl.Series("publisher", list(names), pl.String)).drop_nulls("publisher")


class _Sides:
    """On which sides the documents of each group are: a hash of its name and a bit for each side."""

    def __init__(self) -> None:
        self._keys, self._bits = np.empty(0, np.uint64), np.empty(0, np.uint8)
        self._waiting: list[tuple[Keys, NDArray[np.uint8]]] = []

    def add(self, frame: pl.DataFrame, key: str) -> None:
        """The documents of one shard: columns `key` and `split`."""
        bit = pl.col("split").replace_strict(_BITS, default=_BIT_OF_OTHERS, return_dtype=pl.UInt8)
        pairs = frame.select(pl.col(key).hash(), bit).unique()
        self._waiting.append((pairs[key].to_numpy(), pairs["split"].to_numpy()))
        if sum(len(keys) for keys, _ in self._waiting) > len(self._keys) + _MOST_WAITING:
            self._settle()

    def _settle(self) -> None:
        keys = np.concatenate([self._keys, *(keys for keys, _ in self._waiting)])
        bits = np.concatenate([self._bits, *(bits for _, bits in self._waiting)])
        self._keys, places = np.unique(keys, return_inverse=True)
        self._bits = np.zeros(len(self._keys), np.uint8)
        np.bitwise_or.at(self._bits, places, bits)
        self._waiting = []

    def apart(self) -> Keys:
        """The hashes of groups on more than one side."""
        self._settle()
        several: Keys = self._keys[(self._bits & (self._bits - 1)) != 0]
        return several


def _clusters_of_several(documents: Path) -> Keys:
    """Hashes of the clusters that hold more than the document they are named after, in their order. Only these can leak."""
    found: list[Keys] = [np.empty(0, np.uint64)]
    for frame in _shards(documents, ["doc_id", "duplicate_cluster"]):
        copies = frame.filter(pl.col("doc_id") != pl.col("duplicate_cluster"))
        found.append(np.unique(_hashes(copies["duplicate_cluster"])))
    return np.unique(np.concatenate(found))


def _hashes(names: pl.Series) -> Keys:
    hashed: Keys = names.hash().to_numpy()
    return hashed


def _among(some: Keys, known: Keys) -> pl.Series:
    """Which are in `known`, which is in order and not empty."""
    places = np.searchsorted(known, some).clip(max=len(known) - 1)
    return pl.Series(known[places] == some)


def _members(shards: Iterator[pl.DataFrame], key: str, groups: Keys) -> pl.DataFrame:
    """doc_id, split and the key of all documents of some groups."""
    return pl.concat(
        frame.select("doc_id", key, "split").filter(_among(_hashes(frame[key]), groups)) for frame in shards
    )


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
        hint = f"{ids[0]} is in '{splits[0]}', {ids[1]} in '{splits[1]}'. {bond} Build again, or fix splits.csv."
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
            hint = f"It is of {row['published_on']}, in '{row['split']}'; '{side}' begins on {first}. Fix splits.csv."
            yield Finding("leak_period", _TABLE, f"doc_id={row['doc_id']}", "split", hint)
