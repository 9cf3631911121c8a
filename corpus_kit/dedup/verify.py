"""Candidate pairs checked by the real Jaccard similarity of their shingles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corpus_kit.dedup.lines import contains
from corpus_kit.dedup.scan import ScanTask, shingles_of
from corpus_kit.dedup.shingles import U64
from corpus_kit.dedup.state import open_array, save_array

PAIRS_PER_TASK = 1 << 12
_ELEMENTS = 1 << 20  # shingles that are compared at once


@dataclass(frozen=True, slots=True)
class ShingleTask:
    """One call of `write_shingles`. wanted: file with the wanted documents of the corpus, sorted, of which first to last are
    this shard's. begin: the shard's first document."""

    shard: ScanTask
    wanted: str
    first: int
    last: int
    begin: int
    target: str


@dataclass(frozen=True, slots=True)
class VerifyTask:
    """One call of `verify_pairs`.

    pairs: (n, 4) shard and place in it of both sides, of which first to last are this call's. folder: where the sets of
    shingles of every shard are, see `shingles_file`.
    """

    pairs: str
    first: int
    last: int
    folder: str
    target: str


def shingles_file(folder: str, shard: int) -> str:
    """Where `write_shingles` puts those of one shard: the number of documents n, n + 1 bounds, then the sets."""
    return f"{folder}/shingles-{shard:06d}.npy"


def write_shingles(task: ShingleTask) -> int:
    """Write the sets of shingles of the wanted documents one behind the other, with their bounds in front."""
    rows = open_array(task.wanted)[task.first : task.last] - task.begin
    values, bounds = shingles_of(task.shard, rows)
    save_array(task.target, np.concatenate(([len(rows)], bounds, values)).astype(np.uint64))
    return len(rows)


def verify_pairs(task: VerifyTask) -> int:
    """Write the similarity of every pair, float64; returns how many there are."""
    pairs = np.array(open_array(task.pairs)[task.first : task.last])
    used = np.unique(pairs[:, [0, 2]])
    sets = {s: _sets(shingles_file(task.folder, s)) for s in used.tolist()}

    def one(shard: int, place: int) -> U64:
        values, bounds = sets[shard]
        return values[bounds[place] : bounds[place + 1]]

    made = np.empty(len(pairs), np.float64)
    left: list[U64] = []
    right: list[U64] = []
    size = done = 0
    for number, (a, i, b, j) in enumerate(pairs.tolist()):
        left.append(one(a, i))
        right.append(one(b, j))
        size += len(left[-1]) + len(right[-1])
        if size >= _ELEMENTS or number == len(pairs) - 1:
            made[done : number + 1] = jaccard(left, right)
            left, right, size, done = [], [], 0, number + 1
    save_array(task.target, made)
    return len(made)


def _sets(path: str) -> tuple[U64, list[int]]:
    """(values, bounds) of one shard's sets."""
    both = open_array(path)
    count = int(both[0])
    return both[count + 2 :], both[1 : count + 2].tolist()


def jaccard(left: list[U64], right: list[U64]) -> NDArray[np.float64]:
    """(n,) |a ∩ b| / |a ∪ b| of n pairs of sorted sets of 40-bit numbers; 0 for two empty ones."""
    a, b = (np.fromiter(map(len, side), np.int64, len(side)) for side in (left, right))
    # With the pair's number in front, both sides are sorted as they stand.
    ours, theirs = (
        (np.repeat(np.arange(len(side), dtype=np.uint64), sizes) << np.uint64(40)) | np.concatenate(side)
        for side, sizes in ((left, a), (right, b))
    )
    both = np.bincount((theirs[contains(ours, theirs)] >> np.uint64(40)).astype(np.int64), minlength=len(a))
    union = a + b - both
    made: NDArray[np.float64] = np.divide(both, union, out=np.zeros(len(a)), where=union > 0)
    return made
