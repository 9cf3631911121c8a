"""Hashes of runs of values: equal content, equal hash, wherever it stands, from run to run and machine to machine."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from corpus_kit.core.lines.chars import U32
from corpus_kit.core.lines.pages import I64

U64 = npt.NDArray[np.uint64]

_PRIME = np.uint64(0x9E3779B97F4A7C15)
_BASE = 0xD6E8FEB86659FD93
_STRETCH = 1 << 19  # as many weights as a batch has characters, and some
_FEW = 1 << 15  # enough for a few pages: making the others takes as long as judging two


class Hashes:
    """Order-sensitive hashes of runs of some values: equal content, equal hash, wherever it stands.

    A position-weighted prefix sum modulo 2**64, divided by the weight at the start; weights are odd, so they have inverses.
    Long texts are gone through in stretches, so that the weights need no more room than for a short one.
    """

    def __init__(self, values: U64 | U32) -> None:
        weight, self._inverse = _powers(_FEW if len(values) < _FEW else _STRETCH)
        self._total = np.zeros(len(values) + 1, np.uint64)
        for low in range(0, len(values), _STRETCH):
            sums = self._total[low + 1 : low + 1 + _STRETCH]
            np.multiply(values[low : low + _STRETCH], weight[: len(sums)], out=sums, dtype=np.uint64)
            np.cumsum(sums, out=sums)
            if low:
                sums *= np.uint64(pow(_BASE, low, 1 << 64))
                sums += self._total[low]

    def of(self, start: I64, end: I64) -> U64:
        """Hash of values[start:end] for each pair."""
        mixed = self._inverse[start % _STRETCH]
        for low in range(_STRETCH, len(self._total) - 1, _STRETCH):
            mixed[start >= low] *= np.uint64(pow(_BASE, -_STRETCH, 1 << 64))
        mixed *= self._total[end] - self._total[start]
        mixed ^= mixed >> np.uint64(29)
        return mixed * _PRIME


def hashes(values: U64 | U32, start: I64, end: I64) -> U64:
    """Hash of values[start:end] for each pair, see `Hashes`."""
    return Hashes(values).of(start, end)


def numbered(key: U64) -> tuple[I64, int]:
    """Equal keys get equal numbers from 0, in no order that means anything; and how many numbers there are.

    The keys are sorted with their places in the low bits, which is several times as fast as `np.unique`; of a key as many
    bits are left as places need none: 46 of 200,000 keys.
    """
    n = len(key)
    if not n:
        return np.zeros(0, np.int64), 0
    bits = np.uint64(n.bit_length())
    packed: U64 = key >> bits << bits
    packed |= np.arange(n, dtype=np.uint64)
    packed.sort()
    place = (packed & ((np.uint64(1) << bits) - np.uint64(1))).astype(np.int64)
    packed >>= bits
    number = np.zeros(n, np.int64)
    np.cumsum(packed[1:] != packed[:-1], out=number[1:])
    which = np.empty(n, np.int64)
    which[place] = number
    return which, int(number[-1]) + 1


@lru_cache(maxsize=2)
def _powers(size: int) -> tuple[U64, U64]:
    """base**i and base**-i modulo 2**64 for i < size."""
    pair = []
    for factor in (_BASE, pow(_BASE, -1, 1 << 64)):
        powers = np.full(size, factor, np.uint64)
        powers[0] = 1
        pair.append(np.multiply.accumulate(powers, dtype=np.uint64))
    return pair[0], pair[1]
