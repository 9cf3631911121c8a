"""Shingles as band hashes: MinHash (Broder 1997) by rensa, cut into bands (Indyk and Motwani 1998)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from rensa import RMinHash

from corpus_kit.core.hashing import mixed
from corpus_kit.dedup.settings import SEED, DedupRecipe
from corpus_kit.dedup.shingles import I64, U64, Tokens, shingle

NONE = np.uint64(0)  # the band hash of a document without shingles; it is no one's candidate
BATCH_CHARACTERS = 1 << 20


def batches(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Runs of texts that are worked on at once: first and end index, some million characters each."""
    begin = size = 0
    for index, text in enumerate(texts):
        size += len(text)
        if size >= BATCH_CHARACTERS:
            yield begin, index + 1
            begin, size = index + 1, 0
    if begin < len(texts):
        yield begin, len(texts)


def counted_shingles(tokens: Tokens, recipe: DedupRecipe, left_out: NDArray[np.bool_] | None) -> tuple[U64, I64]:
    """(shingle hashes, bounds) of the documents.

    A document of which nothing would be left is taken whole: pages that hold nothing but a site's menu are copies.
    """
    if left_out is not None and left_out.any():
        kept = np.concatenate(([0], np.cumsum(~left_out)))[tokens.bounds]
        empty = np.diff(kept) == 0
        if empty.any():
            left_out = left_out & ~np.repeat(empty, np.diff(tokens.bounds))
    return shingle(tokens, recipe.settings.words, recipe.settings.characters, left_out)


def band_hashes(shingles: U64, bounds: I64, recipe: DedupRecipe) -> U64:
    """(bands, documents) hashes; two documents are candidates where one of them is equal."""
    documents = len(bounds) - 1
    settings, rows = recipe.settings, recipe.rows
    matrix = RMinHash.digest_matrix_from_flat_token_hashes(
        np.ascontiguousarray(shingles), bounds.astype(np.uint64), settings.permutations, SEED
    )
    flat = np.fromiter(chain.from_iterable(matrix.to_rows()), np.uint64, documents * settings.permutations)
    minima = flat.reshape(documents, settings.permutations)[:, : settings.bands * rows]
    factors = mixed(np.arange(1, rows + 1, dtype=np.uint64)) | np.uint64(1)
    made = mixed((minima.reshape(documents, settings.bands, rows) * factors).sum(axis=2, dtype=np.uint64))
    made[made == NONE] = 1
    made[np.diff(bounds) == 0] = NONE
    return np.ascontiguousarray(made.T)
