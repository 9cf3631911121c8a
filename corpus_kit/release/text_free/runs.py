"""Whether strings repeat a long run of any text: hashes of all windows of one length, compared.

The hash of a window is a polynomial in its code points modulo 2⁶⁴ (Karp and Rabin 1987), so the windows of a whole text are
hashed at once.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]

_BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, so it has an inverse modulo 2⁶⁴
_INVERSE = np.uint64(pow(0x9E3779B97F4A7C15, -1, 1 << 64))
_BLOCK = 1 << 20


def windows(text: str, width: int) -> Hashes:
    """A hash for every window of `width` code points, shape (len(text) - width + 1,), empty for a shorter text."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    if len(codes) < width:
        return np.zeros(0, np.uint64)
    made = [_windows(codes[at : at + _BLOCK + width - 1], width) for at in range(0, len(codes) - width + 1, _BLOCK)]
    return np.concatenate(made)


def _windows(codes: NDArray[np.uint32], width: int) -> Hashes:
    powers = np.full(len(codes), _BASE, np.uint64)
    powers[0] = 1
    np.multiply.accumulate(powers, out=powers)
    inverse = np.full(len(codes) - width + 1, _INVERSE, np.uint64)
    inverse[0] = 1
    np.multiply.accumulate(inverse, out=inverse)
    sums = np.zeros(len(codes) + 1, np.uint64)
    np.cumsum((codes.astype(np.uint64) + np.uint64(1)) * powers, out=sums[1:])
    return np.asarray((sums[width:] - sums[:-width]) * inverse)


def _among(some: Hashes, known: Hashes) -> Hashes:
    """Those of `some` that are in `known`, which is sorted and not empty, by a search for each."""
    places = np.searchsorted(known, some).clip(max=len(known) - 1)
    found: Hashes = some[known[places] == some]
    return found


class Repeated:
    """Windows of strings that are to be published, and which of them some text holds.

    width: one more than the longest run that may be published.
    """

    def __init__(self, limit: int) -> None:
        self.width = limit + 1
        self._found: list[Hashes] = []
        self._known: Hashes = np.zeros(0, np.uint64)
        self._bad: Hashes = np.zeros(0, np.uint64)

    def publish(self, strings: Iterable[str]) -> None:
        """Add strings that will be published."""
        waiting: list[Hashes] = []
        for one in strings:
            if len(one) >= self.width:
                waiting.append(windows(one, self.width))
            if sum(map(len, waiting[-1:])) > _BLOCK or len(waiting) > 10_000:
                self._found.append(np.unique(np.concatenate(waiting)))
                waiting = []
        if waiting:
            self._found.append(np.unique(np.concatenate(waiting)))

    def compare(self, texts: Iterable[str]) -> None:
        """Look for the windows in texts that must not be published."""
        self._known = np.unique(np.concatenate(self._found)) if self._found else self._known
        if not len(self._known):
            return
        hits = (_among(windows(text, self.width), self._known) for text in texts)
        self._bad = np.unique(np.concatenate([self._bad, *(hit for hit in hits if len(hit))]))

    def repeats(self, string: str) -> bool:
        """Whether a string holds a run of a text that was compared."""
        return bool(len(self._bad) and np.isin(windows(string, self.width), self._bad).any())
