"""Hashes of 64-bit numbers, whole arrays at once."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray


def mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """A bijection of 64 bits in which every output bit depends on every input bit.

    The finaliser of SplitMix64 (Steele, Lea and Flood 2014).
    """
    with np.errstate(over="ignore"):
        x = values + np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        result: NDArray[np.uint64] = x ^ (x >> np.uint64(31))
    return result


def is_held_out(doc_id: str, share: float) -> bool:
    """Whether a document is among the share that is shown no suggestions: by its hash, so that no other document and no
    order changes it, and a larger share holds the smaller one."""
    digest = hashlib.sha256(f"holdout {doc_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64
