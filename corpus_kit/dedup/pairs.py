"""Candidate pairs: documents that share a band."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from corpus_kit.dedup.shingles import I64, U64
from corpus_kit.dedup.signatures import NONE
from corpus_kit.dedup.state import load_listing, open_array, readable, save_array

ROWS_PER_TASK, LEAST_ROWS, HANDS = 1 << 23, 1 << 17, 16
_CROWD = 256  # in larger buckets not all pairs are made, but each document's next neighbours
_NEIGHBOURS = 16


@dataclass(frozen=True, slots=True)
class BandTask:
    """One call of `pair_bands`.

    listing: file that names the folders of all shards in order. signed: name of the file of signatures in each. first,
    last: the bands that are this call's. part, parts: of those only the hashes in this part of the range. labels: the
    components found so far, empty in the first round.
    """

    listing: str
    signed: str
    first: int
    last: int
    part: int
    parts: int
    labels: str
    target: str


def band_tasks(listing: str, signed: str, documents: int, bands: int, labels: str, folder: str) -> list[BandTask]:
    """Calls that hold some eight million rows each: several bands, or a part of one."""
    # A small corpus's bands are shared out too: so many tasks that several hands have work, and no task is a trifle.
    shares = min(max(documents * bands // LEAST_ROWS, 1), HANDS)
    per_task = min(max(ROWS_PER_TASK // max(documents, 1), 1), -(-bands // shares))
    parts = -(-documents // ROWS_PER_TASK) or 1
    return [
        BandTask(listing, signed, b, min(b + per_task, bands), p, parts, labels, f"{folder}/pairs-{b:04d}-{p:04d}.npy")
        for b in range(0, bands, per_task)
        for p in range(parts)
    ]


def pair_bands(task: BandTask) -> int:
    """Write the pairs of some bands, (n, 2) positions with the smaller one first; returns how many.

    In the first round every document of a bucket is paired with the bucket's first. In the second round, with `labels`,
    all documents of a bucket that are not yet known to belong together are.
    """
    places, heads = _buckets(task)
    pairs: I64 = np.empty((0, 2), np.int64)
    if places.size and task.labels:
        pairs = distinct_pairs(_crossings(places, heads, open_array(task.labels)))
    elif places.size:
        pairs = distinct_pairs(_stars(places, heads))
    save_array(task.target, pairs)
    return len(pairs)


def _buckets(task: BandTask) -> tuple[I64, I64]:
    """(documents of buckets of two and more, bucket after bucket; index of each bucket's first) of all bands of a call.

    The first round keeps them for the second, where sorting the hashes again would be most of the work.
    """
    kept = f"{task.target}.buckets"
    if task.labels and readable(kept):
        places, heads = open_array(kept)
        return np.array(places), np.flatnonzero(heads)
    buckets: list[I64] = [np.empty((2, 0), np.int64)]
    for band in _bands(task):
        hashes, found = _part_of(band, task.part, task.parts)
        order = np.argsort(hashes, kind="stable")
        hashes, found = hashes[order], found[order]
        same = np.zeros(len(hashes) + 1, np.bool_)
        same[1:-1] = hashes[1:] == hashes[:-1]
        member = same[:-1] | same[1:]
        buckets.append(np.stack((found[member], ~same[:-1][member])))
    together = np.concatenate(buckets, axis=1)
    if not task.labels:
        save_array(kept, together)
    return together[0], np.flatnonzero(together[1])


def distinct_pairs(pairs: I64) -> I64:
    """Each pair once, sorted. One number a pair: many times as fast as `unique` over rows."""
    packed = np.unique(pairs[:, 0].astype(np.uint64) << np.uint64(32) | pairs[:, 1].astype(np.uint64))
    return np.stack((packed >> np.uint64(32), packed & np.uint64(0xFFFFFFFF)), axis=1).astype(np.int64)


def _bands(task: BandTask) -> U64:
    """(last - first, documents) hashes. Each shard's file is opened once, and one is open at a time."""
    rows = slice(1 + task.first, 1 + task.last)
    parts = [np.array(open_array(f"{folder}/{task.signed}")[rows]) for folder in load_listing(task.listing)]
    return np.concatenate(parts, axis=1)


def _part_of(hashes: U64, part: int, parts: int) -> tuple[U64, I64]:
    """(hash, position of the document in the corpus) of one band, documents without shingles left out."""
    chosen = hashes != NONE
    if parts > 1:
        low, high = (part << 64) // parts, ((part + 1) << 64) // parts - 1
        chosen &= (hashes >= np.uint64(low)) & (hashes <= np.uint64(high))
    return hashes[chosen], np.flatnonzero(chosen)


def _stars(places: I64, heads: I64) -> I64:
    sizes = np.diff(np.append(heads, len(places)))
    hubs = np.repeat(places[heads], sizes)
    pairs = np.stack((hubs, places), axis=1)
    made: I64 = pairs[hubs != places]
    return made


def _crossings(places: I64, heads: I64, labels: I64) -> I64:
    ends = np.append(heads[1:], len(places))
    components = labels[places]
    # Buckets of one component have nothing to tell any more, and there are few others.
    mixed_ones = np.minimum.reduceat(components, heads) != np.maximum.reduceat(components, heads)
    made = [np.empty((0, 2), np.int64)]
    for begin, end in zip(heads[mixed_ones].tolist(), ends[mixed_ones].tolist(), strict=True):
        bucket, own = places[begin:end], components[begin:end]
        reach = len(bucket) if len(bucket) <= _CROWD else _NEIGHBOURS + 1
        for step in range(1, reach):
            apart = own[step:] != own[:-step]
            made.append(np.stack((bucket[:-step][apart], bucket[step:][apart]), axis=1))
    return np.concatenate(made)
