"""The best alignment of several people's spans on one text: who meant the same thing, at the least disorder.

A unitary alignment takes at most one unit of each person; its disorder is the mean dissimilarity over all pairs of people,
and 1 (Δ∅) where one of the two has no unit in it. An alignment holds every unit once; the best has the least disorder in
sum. Finding it is a weighted set packing, solved exactly: only unitary alignments that are cheaper than any way to split
them can be part of it, those touch few others, and a sweep over the text keeps every set of units that may still be
needed. `exact` says so; where a sweep would grow without bound, the best states are kept and `gap` bounds what may be lost.

Source: Y. Mathet, A. Widlöcher, J.-P. Métivier (2015), The unified and holistic method gamma (γ) for inter-annotator
agreement measure and alignment, Comput. Linguist. 41(3), 437-479, sections 4 and 5.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

MOST_STATES = 4000
MOST_STEPS = 4_000_000
"""Of one sweep: about two seconds. Crowded texts keep fewer states."""

MOST_CANDIDATES = 200_000


@dataclass(frozen=True, slots=True)
class Dissimilarity:
    """How far two units are apart: positions × the paper's positional sporadic dissimilarity + categories × (1 where the
    labels differ). 1 is the dissimilarity to no unit at all."""

    positions: float = 1.0
    categories: float = 1.0

    def between(self, one: Ints, other: Ints) -> Floats:
        """one, other: rows of start, end, category. Returns shape (len(one), len(other))."""
        apart = np.abs(one[:, None, 0] - other[None, :, 0]) + np.abs(one[:, None, 1] - other[None, :, 1])
        long = np.maximum((one[:, 1] - one[:, 0])[:, None] + (other[:, 1] - other[:, 0])[None, :], 1)
        position = (apart / long) ** 2
        unlike = one[:, None, 2] != other[None, :, 2]
        return np.asarray(self.positions * position + self.categories * unlike)


@dataclass(frozen=True, slots=True)
class Alignment:
    """disorder: of the best alignment, the sum over unitary alignments. gap: how much lower it might be; 0 is exact."""

    disorder: float
    gap: float = 0.0

    @property
    def exact(self) -> bool:
        return self.gap <= 1e-12


def align(units: Sequence[Ints], dissimilarity: Dissimilarity) -> Alignment:
    """The best alignment of one text.

    Args:
        units: for each person, rows of start, end, category; empty for those who marked nothing. At least two people.

    Raises:
        OverflowError: there are too many possible unitary alignments.
    """
    count = sum(len(one) for one in units)
    members, gains = candidates(units, dissimilarity)
    if not len(gains):
        return Alignment(float(count))
    saved, gap = _pack(members, gains, np.concatenate([one[:, 0] for one in units]))
    return Alignment(count - saved, gap)


def candidates(units: Sequence[Ints], dissimilarity: Dissimilarity) -> tuple[Ints, Floats]:
    """Unitary alignments of two units or more that may be part of the best alignment.

    Returns:
        Numbers of their units in the units of all, -1 for none, shape (candidates, people); and what each saves against
        leaving its units alone, which costs 1 for each.
    """
    people = len(units)
    pairs = people * (people - 1) / 2
    offset = np.cumsum([0, *(len(one) for one in units)])
    table = dissimilarity.between(np.concatenate(units), np.concatenate(units))
    found = np.full((1, 0), -1, dtype=np.int64)
    apart: Floats = np.zeros(1)
    most = pairs + people - 1  # What one unit may be apart from all others it is aligned with.
    for person in range(people):
        own = np.arange(offset[person], offset[person + 1])
        extra = np.zeros((len(found), len(own)))
        for other in range(person):
            there = found[:, other] >= 0
            extra[there] += table[found[there, other]][:, own]
        row, column = np.nonzero(extra < most)
        if len(row) + len(found) > MOST_CANDIDATES:
            raise OverflowError
        with_own = np.column_stack([found[row], own[column]])
        without = np.column_stack([found, np.full(len(found), -1)])
        found = np.concatenate([without, with_own])
        apart = np.concatenate([apart, apart[row] + extra[row, column]])
    size = np.count_nonzero(found >= 0, axis=1)
    together = size * (size - 1) / 2
    gain = size - (apart + pairs - together) / pairs
    kept = (size > 1) & (gain > 1e-12)
    return found[kept], gain[kept]


def _pack(members: Ints, gains: Floats, starts: Ints) -> tuple[float, float]:
    """The most that disjoint candidates save together, and by how much the true maximum may exceed it."""
    place = np.empty(len(starts), dtype=np.int64)
    place[np.argsort(starts, kind="stable")] = np.arange(len(starts))
    at: list[list[tuple[int, float]]] = [[] for _ in starts]
    share = [0.0] * len(starts)
    for row, gain in zip(members.tolist(), gains.tolist(), strict=True):
        bits = [int(place[unit]) for unit in row if unit >= 0]
        first = min(bits)
        at[first].append((sum(1 << (bit - first) for bit in bits), gain))
        for bit in bits:
            share[bit] = max(share[bit], gain / len(bits))
    most = min(MOST_STATES, max(40, MOST_STEPS // (len(gains) + len(starts))))
    best, reachable = _sweep(at, share, most // 4, -1.0)
    if reachable > best:  # What the first sweep found lets the second drop what cannot be better.
        again, reachable = _sweep(at, share, most, best)
        best = max(best, again)
    return best, max(0.0, reachable - best)


def _sweep(
    at: Sequence[Sequence[tuple[int, float]]], share: Sequence[float], most: int, floor: float
) -> tuple[float, float]:
    """Over the units in the order of the text: the best saving, and the most that a dropped state could have reached.

    A state is what is taken of the units from here on, as bits; its value is what has been saved so far.

    Args:
        at: by their first unit, candidates (units as bits from it on, saving). share: the most that each unit may save.
        most: states kept. floor: a saving known to be possible; states that cannot exceed it are dropped.
    """
    states: dict[int, float] = {0: 0.0}
    lost = 0.0
    for bit, options in enumerate(at):
        following: dict[int, float] = {}
        for taken, saved in states.items():
            rest = taken >> 1
            if saved > following.get(rest, -1.0):
                following[rest] = saved
            if options and not taken & 1:
                for mask, gain in options:
                    if not taken & mask:
                        both = (taken | mask) >> 1
                        if saved + gain > following.get(both, -1.0):
                            following[both] = saved + gain
        if len(following) > most // 10:
            following, dropped = _promising(following, share[bit + 1 :], most, floor)
            lost = max(lost, dropped)
        states = following
    return max(states.values(), default=floor), lost


def _promising(
    states: dict[int, float], share: Sequence[float], most: int, floor: float
) -> tuple[dict[int, float], float]:
    """The states that may still exceed `floor`, at most `most // 2`; and the most that one of the others could reach."""
    rest = sum(share)
    kept = []
    for taken, saved in states.items():
        reach, left, at = saved + rest, taken, 0
        while left:
            if left & 1:
                reach -= share[at]
            left >>= 1
            at += 1
        if reach > floor + 1e-12:
            kept.append((-reach, taken, saved))
    if len(kept) <= most:
        return {taken: saved for _, taken, saved in kept}, 0.0
    kept.sort()
    half = most // 2
    return {taken: saved for _, taken, saved in kept[:half]}, -kept[half][0]
