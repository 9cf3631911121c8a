"""On which side of the split each document is. What belongs together is never on two sides.

Documents are put into groups first: a cluster of copies, or with `group_by = "publisher"` all that hangs together by
clusters and publishers. A group's side is what `splits.csv` says of any of its documents; else follows from its latest
date where the split is by time; else from a hash of the group's smallest doc_id. No other group matters to a hash, so new
documents move no one; only with `stratify_by` the shares are cut from the sorted hashes of all groups of a language.
`train` is never empty: where chance puts nothing there, as among a handful of documents, the group nearest to it goes there.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from corpus_kit.core.components import components
from corpus_kit.core.config import Split
from corpus_kit.core.errors import UsageError
from corpus_kit.core.hashing import mixed
from corpus_kit.core.identity import publisher_of
from corpus_kit.core.storage.tables import read_table
from corpus_kit.core.vocabulary import SPLITS

U64: TypeAlias = NDArray[np.uint64]
Codes: TypeAlias = NDArray[np.uint8]

NAMES: tuple[str | None, ...] = (None, *SPLITS)
"""Names of the codes 0, 1, 2, 3."""
TRAIN, VALIDATION, TEST = 1, 2, 3
_UNDATED = np.iinfo(np.int32).min


@dataclass(frozen=True, slots=True)
class ListedSplits:
    """`splits.csv`. ids: sorted doc_ids as numbers. codes: the side of each."""

    path: Path
    ids: U64
    codes: Codes

    def of(self, ids: U64) -> Codes:
        """The code of every document, 0 for those that are not listed."""
        if self.ids.size == 0:
            return np.zeros(len(ids), np.uint8)
        place = np.minimum(np.searchsorted(self.ids, ids), len(self.ids) - 1)
        return np.where(self.ids[place] == ids, self.codes[place], 0).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class Traits:
    """What a split may go by, per document: publisher (0: unknown), day since 1970, language."""

    publishers: U64
    days: NDArray[np.int32]
    languages: U64


def split_documents(
    ids: U64, clusters: U64, shards: Sequence[Path], rule: Split | None, frozen: ListedSplits | None
) -> Codes:
    """(documents,) the code of each one's split, 0 for none.

    clusters: the smallest doc_id of each one's cluster. shards: where the documents are, read only as the rule asks.
    Raises UsageError when `splits.csv` puts one group on two sides.
    """
    if ids.size == 0 or (rule is None and frozen is None):
        return np.zeros(len(ids), np.uint8)
    traits = read_traits(shards, rule) if rule else None
    groups = _groups(clusters, traits.publishers if rule and traits and rule.group_by == "publisher" else None)
    count = int(groups.max()) + 1
    sides = _frozen_sides(ids, clusters, groups, count, frozen) if frozen else np.zeros(count, np.uint8)
    if rule is not None and traits is not None:
        sides = _sides(ids, groups, sides, traits, rule)
    return sides[groups].astype(np.uint8)


def _groups(clusters: U64, publishers: U64 | None) -> NDArray[np.int64]:
    """(documents,) number of each one's group."""
    _, groups = np.unique(clusters, return_inverse=True)
    if publishers is not None:
        count = int(groups.max()) + 1
        known = publishers != 0
        _, named = np.unique(publishers[known], return_inverse=True)
        edges = np.stack((groups[known], named + count), axis=1)
        nodes = count + (int(named.max()) + 1 if named.size else 0)
        _, groups = np.unique(components(nodes, edges)[groups], return_inverse=True)
    return groups.astype(np.int64)


def _frozen_sides(ids: U64, clusters: U64, groups: NDArray[np.int64], count: int, frozen: ListedSplits) -> Codes:
    listed = frozen.of(ids)
    here = listed > 0
    least, most = np.full(count, 255, np.uint8), np.zeros(count, np.uint8)
    np.minimum.at(least, groups[here], listed[here])
    np.maximum.at(most, groups[here], listed[here])
    torn = np.flatnonzero(here & (least[groups] != most[groups]))
    if torn.size:
        members = np.flatnonzero(here & (groups == groups[torn[0]]))
        members = members[np.argsort(ids[members])]
        one = int(members[0])
        other = int(members[listed[members] != listed[one]][0])
        bond = (
            "they are copies of each other" if clusters[one] == clusters[other] else "their publishers belong together"
        )
        raise UsageError(
            f"{frozen.path}: {int(ids[one]):016x} is in '{NAMES[listed[one]]}' and {int(ids[other]):016x} is in "
            f"'{NAMES[listed[other]]}', but {bond}.",
            "Put both on one side, or the release leaks from one split into the other.",
        )
    return most


def _sides(ids: U64, groups: NDArray[np.int64], frozen: Codes, traits: Traits, rule: Split) -> Codes:
    """(groups,) the side that is frozen, else the one that the rule gives."""
    count = len(frozen)
    smallest = np.full(count, np.iinfo(np.uint64).max, np.uint64)
    np.minimum.at(smallest, groups, ids)
    hashes = mixed(smallest ^ np.uint64(_number(f"split {rule.seed}")))
    shares = np.array([rule.train, rule.validation, rule.test])
    by_time = bool(rule.validation_from or rule.test_from)
    if by_time:
        # A side that has its days takes nothing by chance; what is left is train, and validation where it has no days.
        shares = np.array([rule.train, 0.0 if rule.validation_from else rule.validation, 0.0])
        shares = shares / shares.sum() if shares.sum() > 0 else np.array([1.0, 0.0, 0.0])
    cuts = np.cumsum(shares)[:2]
    if rule.stratify_by == "language":
        position = _positions(groups, count, smallest, ids, traits.languages, hashes)
    else:
        position = (hashes >> np.uint64(11)).astype(np.float64) / (1 << 53)
    sides = (TRAIN + np.searchsorted(cuts, position, side="right")).astype(np.uint8)
    if by_time:
        latest = np.full(count, _UNDATED, np.int32)
        np.maximum.at(latest, groups, traits.days)
        for first, side in ((rule.validation_from, VALIDATION), (rule.test_from, TEST)):
            if first:
                sides[latest >= _day(first)] = side
    sides = np.where(frozen > 0, frozen, sides).astype(np.uint8)
    free = np.flatnonzero(frozen == 0)
    if rule.train > 0 and free.size and not by_time and not (sides == TRAIN).any():
        sides[free[np.argmin(position[free])]] = TRAIN
    return sides


def _positions(
    groups: NDArray[np.int64], count: int, smallest: U64, ids: U64, languages: U64, hashes: U64
) -> NDArray[np.float64]:
    """(groups,) 0 to 1: the place of a group's middle document among all of its language, groups in order of hash.

    A group's language is that of its document with the smallest doc_id.
    """
    sizes = np.bincount(groups, minlength=count)
    language = np.empty(count, np.uint64)
    named = np.flatnonzero(ids == smallest[groups])
    language[groups[named]] = languages[named]
    order = np.lexsort((smallest, hashes, language))
    sorted_sizes, sorted_language = sizes[order], language[order]
    ends = np.cumsum(sorted_sizes)
    first = np.concatenate(([True], sorted_language[1:] != sorted_language[:-1]))
    stratum = np.cumsum(first) - 1
    before = (ends - sorted_sizes)[first]
    totals = np.diff(np.append(before, ends[-1]))
    position = np.empty(count, np.float64)
    position[order] = (ends - sorted_sizes / 2 - before[stratum]) / totals[stratum]
    return position


def read_traits(shards: Sequence[Path], rule: Split) -> Traits:
    """The columns that the rule asks for; the others stay 0."""
    columns = ["doc_id"]
    columns += ["outlet", "url"] if rule.group_by == "publisher" else []
    columns += ["published_on"] if rule.validation_from or rule.test_from else []
    columns += ["language"] if rule.stratify_by else []
    publishers, days, languages = [], [], []
    for shard in shards:
        table = read_table(shard, columns)
        rows = table.num_rows
        publishers.append(_column(table, "outlet", rows, _publishers))
        days.append(_column(table, "published_on", rows, _days))
        languages.append(_column(table, "language", rows, _languages))
    return Traits(
        np.concatenate(publishers).astype(np.uint64),
        np.concatenate(days).astype(np.int32),
        np.concatenate(languages).astype(np.uint64),
    )


def _column(table: pa.Table, name: str, rows: int, made: Any) -> Any:
    return made(table) if name in table.column_names else np.zeros(rows, np.uint64)


def _publishers(table: pa.Table) -> U64:
    names = map(publisher_of, table["outlet"].to_pylist(), table["url"].to_pylist())
    known: dict[str | None, int] = {None: 0}
    return np.array([known[n] if n in known else known.setdefault(n, _number(n or "")) for n in names], np.uint64)


def _languages(table: pa.Table) -> U64:
    encoded = table["language"].combine_chunks().dictionary_encode()
    numbers = np.array([_number(value) for value in encoded.dictionary.to_pylist()], np.uint64)
    result: U64 = numbers[pl.Series(encoded.indices).to_numpy()]
    return result


def _days(table: pa.Table) -> NDArray[np.int32]:
    result: NDArray[np.int32] = pl.Series(table["published_on"]).cast(pl.Int32).fill_null(_UNDATED).to_numpy()
    return result


def _day(text: str) -> int:
    return (date.fromisoformat(text) - date(1970, 1, 1)).days


def _number(text: str) -> int:
    """64 bits of a name, never 0."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little") or 1


def read_splits(path: Path) -> ListedSplits:
    """`splits.csv`: doc_id and split. Raises UsageError with the line that is wrong."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as e:
        raise UsageError(f"{path} is not UTF-8 (byte {e.start}).", "Save the file as UTF-8.") from e
    made: dict[str, int] = {}
    foreign = ""
    codes = {name: code for code, name in enumerate(NAMES)}
    with io.StringIO(text, newline="") as handle:
        rows = csv.DictReader(handle)
        if not {"doc_id", "split"} <= set(rows.fieldnames or ()):
            raise UsageError(f"{path} has no columns doc_id and split.", "Write it with `export --freeze-splits`.")
        for row in rows:
            doc_id, split = row["doc_id"] or "", row["split"] or ""
            if split not in SPLITS:
                raise UsageError(
                    f"{path}, line {rows.line_num}: '{split}' is no split.", f"Accepted: {', '.join(SPLITS)}."
                )
            if made.setdefault(doc_id, codes[split]) != codes[split]:
                raise UsageError(f"{path}, line {rows.line_num}: {doc_id} is named twice.", "Keep one of the lines.")
            if not foreign and (len(doc_id) != 16 or not set(doc_id) <= set("0123456789abcdef")):
                foreign = f"{path}, line {rows.line_num}: '{doc_id}' is no doc_id."
    if foreign:
        raise UsageError(foreign, "It has 16 digits, 0 to 9 and a to f.")
    ids = np.fromiter((int(i, 16) for i in made), np.uint64, len(made))
    sides = np.fromiter(made.values(), np.uint8, len(made))
    order = np.argsort(ids)
    return ListedSplits(path, ids[order], sides[order])
