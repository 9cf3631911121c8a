"""Lines that a publisher repeats from page to page: menus, footers, teasers. They make no page a copy.

What matters is on how many *different* pages a line stands. Every page is marked by a line of its own, drawn with odds that
grow with the square of a line's length (a sample by minimum hash, as in Broder 1997). Pages that share a menu draw a
paragraph each; copies of one article mostly draw the same one, so a story that is printed forty times is not taken for a
menu. Counted are effective pages, 1 / Σ p² over the shares p of the marks (Simpson 1949, Hill 1973): forty copies of which
each third draws a paragraph that was edited are two pages, not fourteen. There are eight draws and the fourth largest count
holds, because a draw may fall on a footer that all pages have, or on the one paragraph that all copies changed. Of lines on
a third of a publisher's pages the largest count holds: short articles leave most draws to the menu around them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from corpus_kit.core.hashing import mixed
from corpus_kit.dedup.shingles import I64, U64, Tokens, line_hashes
from corpus_kit.dedup.state import load_listing, open_array, save_array

LINES, PAGES, PLACES = "lines.npy", "pages.npy", "places.npy"  # in a shard's folder
_MARKS = 8
LINE = np.dtype([("key", "<u8"), ("document", "<u4")])
"""A line of a document, once. key: of line and publisher. document: row in the shard."""
PLACE = np.dtype([("key", "<u8"), ("document", "<u4"), ("start", "<u4")])
"""A line of a document whose publisher is known, each time it stands there. start: code point of its first word."""
PAGE = np.dtype([("publisher", "<u4"), ("marks", "<u4", (_MARKS,))])
"""A document. marks: what tells different pages apart."""
PUBLISHER = np.dtype([("publisher", "<u4"), ("pages", "<u4")])
PagesOf: TypeAlias = Callable[[NDArray[np.uint32]], NDArray[np.void]]

ROWS_PER_TASK, LEAST_ROWS, HANDS = 1 << 22, 1 << 17, 16
# Shares of a publisher's pages on which a line must stand besides.
SHARE, LARGE_SHARE = 0.01, 1 / 3
_BEYOND = (1 << 64) - 1
_MOST_BUCKET_BITS = 22  # 32 MB of counts


@dataclass(frozen=True, slots=True)
class LineTask:
    """One call of `count_lines`. listing: file that names the folders of all shards, each with a `LINE` array sorted by
    key and a `PAGE` array. first, last: the keys that are this call's. publishers: a `PUBLISHER` array of the corpus."""

    listing: str
    first: int
    last: int
    publishers: str
    least: int
    target: str


def line_keys(tokens: Tokens, publishers: U64) -> tuple[U64, I64, I64]:
    """(key, document, number of tokens) of every line of `tokens.lines`."""
    hashes, sizes = line_hashes(tokens)
    documents = np.searchsorted(tokens.bounds, tokens.lines, side="right") - 1
    return mixed(hashes ^ publishers[documents]), documents, sizes


def pages_of(keys: U64, documents: I64, sizes: I64, publishers: U64) -> NDArray[np.void]:
    """(documents,) `PAGE`s. A mark is the least of hash / squared length among a page's lines."""
    made = np.zeros(len(publishers), PAGE)
    made["publisher"] = publishers >> np.uint64(32)
    if keys.size:
        weights = np.minimum(sizes, 1 << 15).astype(np.uint64) ** np.uint64(2)
        having, firsts = np.unique(documents, return_index=True)
        for draw in range(_MARKS):
            drawn = np.minimum.reduceat(mixed(keys + np.uint64(draw)) // weights, firsts)
            made["marks"][having, draw] = mixed(drawn) >> np.uint64(32)
    return made


def lines_of(keys: U64, documents: I64) -> NDArray[np.void]:
    """`LINE`s sorted by key and document."""
    order = np.lexsort((documents, keys))
    keys, documents = keys[order], documents[order]
    first = np.ones(len(keys), np.bool_)
    first[1:] = (keys[1:] != keys[:-1]) | (documents[1:] != documents[:-1])
    made = np.empty(int(first.sum()), LINE)
    made["key"], made["document"] = keys[first], documents[first]
    return made


def count_lines(task: LineTask) -> int:
    """Write the sorted keys of the repeated lines between `first` and `last`; returns how many there are."""
    shards = []
    for folder in load_listing(task.listing):
        lines = open_array(f"{folder}/{LINES}")
        # Step by step: `searchsorted` copies the whole column to align it, and so reads the whole file for every range.
        keys = lines["key"]
        begin = bisect_left(keys, task.first)
        end = len(lines) if task.last == _BEYOND else bisect_left(keys, task.last, begin)
        # Pages are opened when they are asked for: not all files of all shards at once.
        shards.append((np.array(lines[begin:end]), partial(_pages, f"{folder}/{PAGES}")))
    found = repeated_lines(shards, open_array(task.publishers), task.least)
    save_array(task.target, found)
    return len(found)


def _pages(path: str, rows: NDArray[np.uint32]) -> NDArray[np.void]:
    made: NDArray[np.void] = open_array(path)[rows]
    return made


def ranges(rows: int) -> list[tuple[int, int]]:
    """Ranges of keys, so many that each has some half a million to four million rows: work for several hands, in little
    memory. The result does not depend on how many."""
    count = max(-(-rows // ROWS_PER_TASK), min(-(-rows // LEAST_ROWS), HANDS)) or 1
    cuts = [(part << 64) // count for part in range(count)]
    return list(zip(cuts, [*cuts[1:], _BEYOND], strict=True))


def count_publishers(pages: Iterable[NDArray[np.void]]) -> NDArray[np.void]:
    """Pages per publisher, sorted by publisher."""
    together = np.concatenate([np.empty(0, np.uint32), *(np.array(shard["publisher"]) for shard in pages)])
    names, counts = np.unique(together, return_counts=True)
    made = np.empty(len(names), PUBLISHER)
    made["publisher"], made["pages"] = names, counts
    return made


def repeated_lines(shards: Sequence[tuple[NDArray[np.void], PagesOf]], publishers: NDArray[np.void], least: int) -> U64:
    """The sorted keys of the lines that stand on enough different pages of their publisher.

    shards: `LINE`s of each, and what gives the `PAGE`s of some rows. least: pages that every publisher asks for, 0 where no
    line is to be found.
    """
    keys = np.concatenate([np.empty(0, np.uint64), *(lines["key"] for lines, _ in shards)])
    if keys.size == 0 or least == 0:
        return np.empty(0, np.uint64)
    # Most lines stand on one page only: what follows sees few rows.
    rows = np.flatnonzero(_crowded(keys, least))
    keys = keys[rows]
    names, everywhere = np.unique(keys, return_counts=True)
    often = everywhere >= least
    candidates, everywhere = names[often], everywhere[often]
    hit = contains(candidates, keys)
    place = np.searchsorted(candidates, keys[hit]).astype(np.uint64)
    page = _pages_of(rows[hit], shards)
    publisher = np.zeros(len(candidates), np.uint32)
    publisher[place.astype(np.int64)] = page["publisher"]
    pages = publishers["pages"][np.searchsorted(publishers["publisher"], publisher)]
    # The fourth largest count is `least` or more where four counts are, and the largest where one is. So a line that has
    # as many, or cannot have them any more, is done with: a menu after the first draw, and menus are most of the rows.
    asked = np.where(everywhere >= pages * LARGE_SHARE, 1, _MARKS // 2)
    reached = np.where(everywhere >= pages * SHARE, 0, -_MARKS)
    for draw in range(_MARKS):
        unsure = (reached < asked) & (reached + _MARKS - draw >= asked)
        rows = np.flatnonzero(unsure[place.astype(np.int64)])
        if rows.size == 0:
            break
        distinct, counts = np.unique(place[rows] << np.uint64(32) | page["marks"][rows, draw], return_counts=True)
        line = (distinct >> np.uint64(32)).astype(np.int64)
        squares = np.bincount(line, counts.astype(np.float64) ** 2, len(candidates))
        different = everywhere[unsure].astype(np.float64) ** 2 / squares[unsure]
        reached[unsure] += different >= least
    found: U64 = candidates[reached >= asked]
    return found


def _crowded(keys: U64, least: int) -> NDArray[np.bool_]:
    """Whether each key is in a bucket with `least` and more, as all that stand so often are: the others need no sorting."""
    bits = min(len(keys).bit_length(), _MOST_BUCKET_BITS)
    buckets = (keys & np.uint64((1 << bits) - 1)).astype(np.int64)
    result: NDArray[np.bool_] = np.bincount(buckets)[buckets] >= least
    return result


def _pages_of(rows: I64, shards: Sequence[tuple[NDArray[np.void], PagesOf]]) -> NDArray[np.void]:
    """The page of each row of all shards' lines; rows: sorted."""
    pages: list[NDArray[np.void]] = [np.empty(0, PAGE)]
    firsts = np.cumsum([0, *(len(lines) for lines, _ in shards)])
    bounds = np.searchsorted(rows, firsts).tolist()
    for number, (lines, page) in enumerate(shards):
        mine = rows[bounds[number] : bounds[number + 1]] - firsts[number]
        if mine.size:
            pages.append(page(lines["document"][mine]))
    return np.concatenate(pages)


def contains(sorted_keys: U64, keys: U64) -> NDArray[np.bool_]:
    """Whether each key is among the sorted ones."""
    if sorted_keys.size == 0:
        return np.zeros(len(keys), np.bool_)
    place = np.minimum(np.searchsorted(sorted_keys, keys), len(sorted_keys) - 1)
    result: NDArray[np.bool_] = sorted_keys[place] == keys
    return result


def mask_keys(keys: U64, documents: NDArray[np.integer], count: int) -> U64:
    """(count,) one number for the set of repeated lines that each document has; keys: each once per document."""
    made = np.zeros(count, np.uint64)
    np.add.at(made, documents, mixed(keys))
    return made


def load_repeated(path: str) -> U64:
    return np.array(open_array(path)) if path and Path(path).is_file() else np.empty(0, np.uint64)
