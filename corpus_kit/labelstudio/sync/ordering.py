"""Which document comes first: as configured, at random, least certain first, or a few of everything first.

Every order is of all documents and a pure function of the tables and the seed, so it can be made again.
"""

from __future__ import annotations

import hashlib
import heapq
import math
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl
import regex
from numpy.typing import NDArray

from corpus_kit.core.identity import publisher_of
from corpus_kit.core.storage.tables import iter_batches, parts, scan

READ_CHARACTERS = 3000
"""How much of a text stands for it: the head of a page names its subject."""
WORDS = 48
"""Words by which a text is known: those of its distinct ones whose hash is smallest, an even sample."""
BUCKETS = 1 << 20
GROUP_WEIGHT, WORD_WEIGHT = 3.0, 0.25
Counts = NDArray[np.float64]
Features = tuple[NDArray[np.int32], NDArray[np.float32]]
"""Buckets and their weights."""
_WORD = regex.compile(r"\w{3,}")


def random_order(doc_ids: Sequence[str], seed: int) -> list[str]:
    """Shuffled: by a hash of seed and doc_id, so that a new document does not move the others."""
    return sorted(doc_ids, key=lambda d: _hash(seed, d))


def uncertain_order(data: Path, layer: str, doc_ids: Sequence[str], seed: int) -> list[str] | None:
    """Least certain first: by the mean entropy of a document's suggestions (Settles, Active Learning Literature Survey,
    2009, 3.1). A document without suggestions counts as certain as the mean one: nothing is known of it. None where the
    layer has no suggestions at all."""
    frames = [scan(data / "suggestions", table) for table in ("suggestions", "suggested_choices")]
    mine = [frame.filter(pl.col("layer") == layer).select("doc_id", "score") for frame in frames if frame is not None]
    if not mine:
        return None
    scores = pl.concat(mine).collect()
    told: dict[str, list[float]] = {}
    for doc_id, score in scores.sort("doc_id", "score").iter_rows():
        told.setdefault(doc_id, []).append(_entropy(score))
    means = {doc_id: math.fsum(found) / len(found) for doc_id, found in told.items()}
    if not means:
        return None
    usual = math.fsum(means.values()) / len(means)
    return sorted(doc_ids, key=lambda d: (-round(means.get(d, usual), 9), _hash(seed, d)))


def diverse_order(data: Path, doc_ids: Sequence[str], seed: int) -> list[str]:
    """Each next document is the one that adds most to what is covered: publishers, languages and words. Copies of a
    document come after the first of every cluster.

    Greedy maximisation of a sum of concave functions of counts, by which every prefix is near the best of its length
    (Nemhauser, Wolsey and Fisher, Mathematical Programming 14, 1978), with lazy evaluation (Minoux, 1978).
    """
    features, clusters = _features(data, seed)
    wanted = set(doc_ids)
    ids = [d for d in sorted(features, key=lambda d: _hash(seed, d)) if d in wanted]
    leading = list({clusters[d]: d for d in reversed(ids)}.values())[::-1]  # the first of every cluster
    leaders = set(leading)
    counts = np.zeros(BUCKETS)
    made = list(_greedy(leading, features, counts))
    return made + list(_greedy([d for d in ids if d not in leaders], features, counts))


def _greedy(ids: Sequence[str], features: Mapping[str, Features], counts: Counts) -> Iterator[str]:
    """The documents by what each adds; `counts` of the features' buckets goes on from what is there."""
    heap = [(-_gain(features[d], counts), number, -1) for number, d in enumerate(ids)]
    heapq.heapify(heap)
    chosen = 0
    while heap:
        _, number, seen = heapq.heappop(heap)
        buckets, weights = features[ids[number]]
        if seen != chosen:  # what it adds has become less, perhaps: look again, and take it if it is still the best
            heapq.heappush(heap, (-_gain((buckets, weights), counts), number, chosen))
            continue
        counts[buckets] += 1
        chosen += 1
        yield ids[number]


def _gain(features: Features, counts: Counts) -> float:
    buckets, weights = features
    return float((weights / (counts[buckets] + 1)).sum())


def _features(data: Path, seed: int) -> tuple[dict[str, Features], dict[str, str]]:
    """doc_id → buckets and weights; doc_id → its cluster. Memory: about 700 bytes a document."""
    features: dict[str, Features] = {}
    clusters: dict[str, str] = {}
    columns = ["doc_id", "text", "outlet", "url", "language", "duplicate_cluster"]
    for path in parts(data / "documents", "documents"):
        for batch in iter_batches(path, columns, 512):
            for row in batch.to_pylist():
                doc_id = row["doc_id"]
                clusters[doc_id] = row["duplicate_cluster"] or doc_id
                groups = [f"language {row['language']}", f"publisher {publisher_of(row['outlet'], row['url'])}"]
                words = sorted({_bucket(seed, w) for w in _WORD.findall(row["text"][:READ_CHARACTERS].lower())})[:WORDS]
                told = dict.fromkeys(words, WORD_WEIGHT) | {_bucket(seed, g): GROUP_WEIGHT for g in groups}
                features[doc_id] = np.array(list(told), np.int32), np.array(list(told.values()), np.float32)
    return features, clusters


def _bucket(seed: int, word: str) -> int:
    return zlib.crc32(word.encode("utf-8", "surrogatepass"), seed & 0xFFFFFFFF) % BUCKETS


def _hash(seed: int, doc_id: str) -> bytes:
    return hashlib.blake2b(f"{seed} {doc_id}".encode(), digest_size=16).digest()


def _entropy(p: float) -> float:
    return 0.0 if p <= 0 or p >= 1 else -(p * math.log2(p) + (1 - p) * math.log2(1 - p))
