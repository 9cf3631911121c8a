"""Following one map by another. Split from `maps` for length; use `OffsetMap.compose`."""

from __future__ import annotations

import numpy as np

from corpus_kit.core.offsets.maps import NOWHERE, Bools, Ints, OffsetMap


def compose(first: OffsetMap, then: OffsetMap) -> OffsetMap:
    """A→B and B→C give A→C.

    B is cut at every edge of either map's units. Where an edge of one lies inside a unit of the other, the pieces on
    both sides of it belong together; each such group is one unit of the result if both maps keep it in one piece.
    """
    if first.target_length != then.source_length:
        lengths = f"the first map leads to {first.target_length} units, the second starts from {then.source_length}"
        raise ValueError(f"These maps do not follow each other: {lengths}.")
    back = first.invert()
    edges = np.union1d(_edges(back), _edges(then))
    lower, upper = edges[:-1], edges[1:]
    run_1, run_2 = _covering(back, lower), _covering(then, lower)
    covered = (run_1 >= 0) & (run_2 >= 0)
    opens = ~(_inside_unit(back, lower) | _inside_unit(then, lower))
    # An inner edge of a group must be no gap: both maps carry on there.
    joined = ~opens[1:]
    for m, run in ((back, run_1), (then, run_2)):
        carries_on = (run[1:] >= 0) & (run[:-1] >= 0)
        if len(m.chapter):
            carries_on &= m.chapter[run[1:]] == m.chapter[run[:-1]]
        covered[1:] &= ~joined | carries_on
    heads = np.flatnonzero(opens)
    if not len(heads):
        return OffsetMap.from_equal(first.source_length, then.target_length, [])
    whole = np.logical_and.reduceat(covered, heads)
    tails = np.concatenate((heads[1:], [len(lower)])) - 1
    heads, tails = heads[whole], tails[whole]
    begin, end = lower[heads], upper[tails]
    a_start, _ = back.after(begin)
    a_end, _ = back.before(end)
    c_start, _ = then.after(begin)
    c_end, _ = then.before(end)
    # A lone piece whose B units are single ones on both sides is a run of them; everything else is one unit.
    fine = (heads == tails) & (back.src_step[run_1[heads]] == 1) & (then.src_step[run_2[heads]] == 1)
    count = np.where(fine, end - begin, 1)
    return OffsetMap.from_runs(
        first.source_length,
        then.target_length,
        a_start,
        c_start,
        count,
        (a_end - a_start) // np.maximum(count, 1),
        (c_end - c_start) // np.maximum(count, 1),
    )


def _edges(m: OffsetMap) -> Ints:
    """Source offsets where a map's behaviour may change: ends of runs, and every unit's edge where units are longer."""
    wide = m.src_step > 1
    inner = np.repeat(m.src[wide], m.count[wide])
    nth = np.arange(len(inner)) - np.repeat(np.cumsum(m.count[wide]) - m.count[wide], m.count[wide])
    return np.concatenate(
        ([0, m.source_length], m.src, m.src_end, inner + nth * np.repeat(m.src_step[wide], m.count[wide]))
    ).astype(np.int64)


def _covering(m: OffsetMap, x: Ints) -> Ints:
    """The run that holds the unit at x, -1 where it is deleted."""
    if not len(m.src):
        return np.full(x.shape, NOWHERE)
    run = np.searchsorted(m.src, x, side="right") - 1
    return np.where((run >= 0) & (x < m.src_end[run]), run, NOWHERE)


def _inside_unit(m: OffsetMap, x: Ints) -> Bools:
    run = _covering(m, x)
    if not len(m.src):
        return np.zeros(x.shape, dtype=np.bool_)
    inside: Bools = (run >= 0) & ((x - m.src[run]) % m.src_step[run] != 0)
    return inside
