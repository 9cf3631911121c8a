"""`OffsetMap`: how the offsets of one text stand in another, as a monotone piecewise map.

A map knows the *kept runs*: stretches that both texts have. A run is `count` indivisible units one after the other,
each `src_step` long in the source and `dst_step` long in the target: (1, 1) for equal text, (1, 2) for astral
characters in UTF-16, (1, 3) for three-byte characters, (2, 1) for CRLF against LF. What lies between runs was deleted
from the source or inserted into the target. All offsets are integers, spans are end-exclusive.

Nothing is ever rounded: an offset inside a unit (half a surrogate pair, the middle of a UTF-8 sequence) is an error.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Kind = Literal["equal", "recoded", "deleted", "inserted"]

NOWHERE = -1


class OffsetError(ValueError):
    """An offset without an exact counterpart: out of range, inside a character, or in what the other text lacks."""


class Span(NamedTuple):
    """Offsets `start` ≤ `end`, end-exclusive."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Segment:
    """One piece of a map. `deleted` has an empty target, `inserted` an empty source, `recoded` other units."""

    kind: Kind
    source: Span
    target: Span


@dataclass(frozen=True, slots=True, eq=False)
class OffsetMap:
    """A monotone map between a source of `source_length` and a target of `target_length` units. Immutable.

    Build it with `identity`, `from_runs` or `from_equal`; the arrays (int64, one element per kept run, read-only) are:
    `src`, `dst` (where the run starts), `count`, `src_step`, `dst_step`, the derived `src_end`, `dst_end`, and
    `chapter`, which is the same for two runs exactly when nothing is deleted or inserted between them.
    """

    source_length: int
    target_length: int
    src: Ints
    dst: Ints
    count: Ints
    src_step: Ints
    dst_step: Ints
    src_end: Ints
    dst_end: Ints
    chapter: Ints

    @classmethod
    def identity(cls, n: int) -> OffsetMap:
        """The map of a text of `n` units onto itself."""
        return cls.from_equal(n, n, [(0, 0, n)])

    @classmethod
    def from_equal(cls, source_length: int, target_length: int, pieces: Iterable[tuple[int, int, int]]) -> OffsetMap:
        """From pieces of equal text, each (source start, target start, length), in order."""
        table = np.array(list(pieces), dtype=np.int64).reshape(-1, 3)
        ones = np.ones(len(table), dtype=np.int64)
        return cls.from_runs(source_length, target_length, table[:, 0], table[:, 1], table[:, 2], ones, ones)

    @classmethod
    def from_runs(
        cls,
        source_length: int,
        target_length: int,
        src: ArrayLike,
        dst: ArrayLike,
        count: ArrayLike,
        src_step: ArrayLike,
        dst_step: ArrayLike,
    ) -> OffsetMap:
        """From kept runs (see the class), in order and disjoint on both sides; equal maps get equal arrays.

        Raises ValueError when the runs overlap, go backwards or leave the texts.
        """
        s, d, n, a, b = (_column(values) for values in (src, dst, count, src_step, dst_step))
        filled = n > 0
        s, d, n, a, b = s[filled], d[filled], n[filled], a[filled], b[filled]
        if len(s):
            # Runs that continue each other with the same steps are one run: this is what makes the form canonical.
            goes_on = (s[1:] == (s + n * a)[:-1]) & (d[1:] == (d + n * b)[:-1]) & (a[1:] == a[:-1]) & (b[1:] == b[:-1])
            heads = np.flatnonzero(np.concatenate(([True], ~goes_on)))
            s, d, a, b, n = s[heads], d[heads], a[heads], b[heads], np.add.reduceat(n, heads)
        s_end, d_end = s + n * a, d + n * b
        _check_runs(source_length, target_length, s, d, a, b, s_end, d_end)
        touches = (s[1:] == s_end[:-1]) & (d[1:] == d_end[:-1])
        chapter = np.concatenate(([0], np.cumsum(~touches)))[: len(s)].astype(np.int64)
        columns = (s, d, n, a, b, s_end, d_end, chapter)
        for column in columns:
            column.setflags(write=False)
        return cls(source_length, target_length, *columns)

    def invert(self) -> OffsetMap:
        """The map the other way round."""
        return OffsetMap(
            self.target_length,
            self.source_length,
            self.dst,
            self.src,
            self.count,
            self.dst_step,
            self.src_step,
            self.dst_end,
            self.src_end,
            self.chapter,
        )

    def compose(self, other: OffsetMap) -> OffsetMap:
        """First this map, then `other`, whose source is this map's target. Units that both cut differently merge."""
        return compose(self, other)

    def to_target(self, offset: int) -> int:
        """Where the gap at an offset stands: before the unit that begins there, else after the one that ends there.

        The edges of the texts correspond. Raises OffsetError for an offset outside the source, inside a unit, or
        between two deleted units.
        """
        targets, ok = self.to_targets([offset])
        if not ok[0]:
            raise OffsetError(self._complaint(offset))
        return int(targets[0])

    def to_source(self, offset: int) -> int:
        """`to_target` of the inverse: from a target offset to the source."""
        return self.invert().to_target(offset)

    def to_targets(self, offsets: ArrayLike) -> tuple[Ints, Bools]:
        """`to_target` for an array of n offsets: (targets, ok), each of shape (n,); targets are -1 where not ok."""
        x = _column(offsets)
        right, _ = self.after(x)
        left, _ = self.before(x)
        targets = np.where(right >= 0, right, left)
        targets = np.where(targets < 0, np.where(x == 0, 0, targets), targets)
        targets = np.where((targets < 0) & (x == self.source_length), self.target_length, targets)
        return targets, targets >= 0

    def to_sources(self, offsets: ArrayLike) -> tuple[Ints, Bools]:
        """`to_targets` of the inverse."""
        return self.invert().to_targets(offsets)

    def map_span(self, start: int, end: int) -> Span | None:
        """The target of a source span; None when any part of it was deleted, or anything inserted into it.

        An empty span maps only where the gap it stands in is still one gap. Raises OffsetError when an end lies outside
        the source or inside a unit, or when end < start.
        """
        if end < start:
            raise OffsetError(f"A span cannot end ({end}) before it starts ({start}).")
        for offset in (start, end):
            if not 0 <= offset <= self.source_length or self._cuts(offset) is not None:
                raise OffsetError(self._complaint(offset))
        starts, ends, ok = self.map_spans([start], [end])
        return Span(int(starts[0]), int(ends[0])) if ok[0] else None

    def map_spans(self, starts: ArrayLike, ends: ArrayLike) -> tuple[Ints, Ints, Bools]:
        """`map_span` for n spans: (starts, ends, ok), each of shape (n,); -1 where not ok, for whatever reason."""
        s = _column(starts)
        e = _column(ends)
        new_s, s_run = self.after(s)
        new_e, e_run = self.before(e)
        empty = s == e
        # Beside an empty span the edges of both texts count as neighbours.
        new_s = np.where(empty & (s == self.source_length), self.target_length, new_s)
        new_e = np.where(empty & (e == 0), 0, new_e)
        ok = (new_s >= 0) & (new_e >= 0) & (s <= e)
        if len(self.chapter):
            ok &= np.where(empty, new_s == new_e, self.chapter[s_run] == self.chapter[e_run])
        else:
            ok &= empty & (new_s == new_e)
        return np.where(ok, new_s, NOWHERE), np.where(ok, new_e, NOWHERE), ok

    def place_starts(self, offsets: ArrayLike) -> tuple[Ints, Ints]:
        """Targets of the units that begin at n offsets, and their chapters; -1 and -1 where no kept unit begins.

        With `place_ends`: a non-empty span maps exactly if both ends have a place and their chapters are equal.
        """
        return self._with_chapters(*self.after(_column(offsets)))

    def place_ends(self, offsets: ArrayLike) -> tuple[Ints, Ints]:
        """Targets of the ends of the units that end at n offsets, and their chapters; -1 and -1 where none ends."""
        return self._with_chapters(*self.before(_column(offsets)))

    def segments_between(self, start: int, end: int) -> list[Segment]:
        """The pieces strictly between source offsets `start` and `end`; equal text is cut off at them."""
        pieces: list[Segment] = []
        for segment in self.segments():
            source, target = segment.source, segment.target
            if source.end <= start or source.start >= end:
                continue
            if segment.kind == "equal":
                shift = target.start - source.start
                source = Span(max(source.start, start), min(source.end, end))
                target = Span(source.start + shift, source.end + shift)
            pieces.append(Segment(segment.kind, source, target))
        return pieces

    def segments(self) -> list[Segment]:
        """All pieces in order, deleted before inserted where both stand between two kept runs."""
        pieces: list[Segment] = []
        s = d = 0
        ends = (self.source_length, self.target_length, 0, 0, 1, 1)
        runs = zip(self.src, self.dst, self.src_end, self.dst_end, self.src_step, self.dst_step, strict=True)
        for run in [*runs, ends]:
            s0, d0, s1, d1, a, b = (int(number) for number in run)
            if s0 > s:
                pieces.append(Segment("deleted", Span(s, s0), Span(d, d)))
            if d0 > d:
                pieces.append(Segment("inserted", Span(s0, s0), Span(d, d0)))
            if s1 > s0:
                pieces.append(Segment("equal" if a == b == 1 else "recoded", Span(s0, s1), Span(d0, d1)))
            s, d = s1, d1
        return pieces

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, OffsetMap):
            return NotImplemented
        lengths = (self.source_length, self.target_length) == (other.source_length, other.target_length)
        columns = ("src", "dst", "count", "src_step", "dst_step")
        return lengths and all(np.array_equal(getattr(self, c), getattr(other, c)) for c in columns)

    __hash__ = None  # type: ignore[assignment]  # Python's own way to say: equal by value, so not hashable

    def __repr__(self) -> str:
        return f"OffsetMap({self.source_length} -> {self.target_length}, {len(self.src)} kept runs)"

    def after(self, x: Ints) -> tuple[Ints, Ints]:
        """Target of the unit that begins at x (-1: none does), and its run."""
        if not len(self.src):
            return np.full(x.shape, NOWHERE), np.zeros(x.shape, dtype=np.int64)
        run = np.maximum(np.searchsorted(self.src, x, side="right") - 1, 0)
        units, rest = np.divmod(x - self.src[run], self.src_step[run])
        begins = (x >= self.src[run]) & (x < self.src_end[run]) & (rest == 0)
        return np.where(begins, self.dst[run] + units * self.dst_step[run], NOWHERE), run

    def before(self, x: Ints) -> tuple[Ints, Ints]:
        """Target of the end of the unit that ends at x (-1: none does), and its run."""
        if not len(self.src):
            return np.full(x.shape, NOWHERE), np.zeros(x.shape, dtype=np.int64)
        run = np.maximum(np.searchsorted(self.src, x, side="left") - 1, 0)
        units, rest = np.divmod(x - self.src[run], self.src_step[run])
        stops = (x > self.src[run]) & (x <= self.src_end[run]) & (rest == 0)
        return np.where(stops, self.dst[run] + units * self.dst_step[run], NOWHERE), run

    def _with_chapters(self, targets: Ints, runs: Ints) -> tuple[Ints, Ints]:
        chapters = self.chapter[runs] if len(self.chapter) else runs
        return targets, np.where(targets >= 0, chapters, NOWHERE)

    def _cuts(self, offset: int) -> Span | None:
        """The source unit that `offset` cuts through, if it does."""
        run = int(np.searchsorted(self.src, offset, side="right")) - 1
        if run < 0 or offset >= self.src_end[run]:
            return None
        step = int(self.src_step[run])
        rest = (offset - int(self.src[run])) % step
        return Span(offset - rest, offset - rest + step) if rest else None

    def _complaint(self, offset: int) -> str:
        if not 0 <= offset <= self.source_length:
            return f"Offset {offset} lies outside the text, which is {self.source_length} long."
        if cut := self._cuts(offset):
            return f"Offset {offset} cuts through one character, which stands at {cut.start} to {cut.end}."
        return f"Offset {offset} lies in material that the other text does not have."


def _column(values: ArrayLike) -> Ints:
    return np.asarray(values, dtype=np.int64).reshape(-1)


def _check_runs(
    source_length: int, target_length: int, s: Ints, d: Ints, a: Ints, b: Ints, s_end: Ints, d_end: Ints
) -> None:
    if not len(s):
        return
    forward = bool(np.all(s[1:] >= s_end[:-1]) and np.all(d[1:] >= d_end[:-1]))
    inside = s[0] >= 0 and d[0] >= 0 and s_end[-1] <= source_length and d_end[-1] <= target_length
    if not (forward and inside and a.min() >= 1 and b.min() >= 1):
        raise ValueError("The runs of an offset map must be in order, disjoint, and inside both texts.")


def compose(first: OffsetMap, then: OffsetMap) -> OffsetMap:
    """A→B and B→C give A→C.

    B is cut at every edge of either map's units. Where an edge of one lies inside a unit of the other, the pieces on
    both sides of it belong together; each such group is one unit of the result if both maps keep it in one piece.

    The order of several compositions never changes a place. It can change whether there is one: what A→B→C loses
    because something was inserted into a unit stays lost where C→D deletes it again.
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
