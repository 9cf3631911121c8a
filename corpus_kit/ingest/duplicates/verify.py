"""Candidate pairs checked by the real Jaccard similarity of their shingles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corpus_kit.ingest.duplicates.lines import contains
from corpus_kit.ingest.duplicates.scan import ShardTask, shingles_of
from corpus_kit.ingest.duplicates.shingles import I64, U64
from corpus_kit.ingest.duplicates.state import open_array, save_array

PAIRS_PER_TASK = 1 << 12
_ELEMENTS = 1 << 20  # shingles that are compared at once


@dataclass(frozen=True, slots=True)
class ShingleTask:
    """One call of `write_shingles`. rows: path of the wanted rows. target: path without ending."""

    shard: ShardTask
    rows: str
    target: str


@dataclass(frozen=True, slots=True)
class VerifyTask:
    """One call of `verify_pairs`.

    pairs: (n, 4) shard and place in it of both sides, of which first to last are this call's. shingles: per shard what
    `write_shingles` was given as target; empty where no document of it is wanted.
    """

    pairs: str
    first: int
    last: int
    shingles: tuple[str, ...]
    target: str


def write_shingles(task: ShingleTask) -> int:
    """Write the sets of shingles of the wanted documents one behind the other, and their bounds."""
    values, bounds = shingles_of(task.shard, np.array(open_array(task.rows)))
    save_array(f"{task.target}-bounds.npy", bounds)
    save_array(f"{task.target}-values.npy", values)
    return len(bounds) - 1


def verify_pairs(task: VerifyTask) -> int:
    """Write the similarity of every pair, float64; returns how many there are."""
    pairs = np.array(open_array(task.pairs)[task.first : task.last])
    used = np.unique(pairs[:, [0, 2]])
    bounds = {int(s): open_array(f"{task.shingles[s]}-bounds.npy") for s in used}
    values = {int(s): open_array(f"{task.shingles[s]}-values.npy") for s in used}

    def one(shard: int, place: int) -> U64:
        row: U64 = values[shard][bounds[shard][place] : bounds[shard][place + 1]]
        return row

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


def places_of(wanted: I64, rows: I64) -> I64:
    """Where each of `rows` stands among the sorted `wanted`."""
    return np.searchsorted(wanted, rows)
