"""Many texts as one array of code points, and their lines as rows of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from corpus_kit.core.lines.chars import U8, U32, Kind, classify, is_word

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]
Columns = dict[str, F64]


@dataclass(frozen=True, slots=True)
class Pages:
    """The lines that hold anything, of all texts of a batch, in order.

    codes, kinds, lower: one entry per code point of the joined texts, each text followed by a newline.
    start, end: first and past-the-end non-space position of each row in the joined texts.
    line_start, line_end: the whole line, without its newline.
    doc: number of the text of each row; first: row range of text d is first[d]:first[d + 1].
    gap: blank lines before the row; number: the line's number in its text, from 0.
    offset: where each text begins in the joined texts.
    word_start, word_end, word_row: place and row of every word (a run of letters, digits and marks).
    """

    codes: U32
    kinds: U8
    lower: U32
    start: I64
    end: I64
    line_start: I64
    line_end: I64
    doc: I64
    first: I64
    gap: I64
    number: I64
    offset: I64
    word_start: I64
    word_end: I64
    word_row: I64

    @property
    def n_rows(self) -> int:
        return len(self.start)


def read_pages(texts: Sequence[str]) -> Pages:
    """Split `texts` into lines at newlines and classify every character once."""
    joined = "\n".join([*texts, ""])
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.uint32, copy=False)
    kinds, lower = classify(codes)
    breaks = np.flatnonzero(codes == 10).astype(np.int64)
    starts = np.concatenate([np.zeros(1, np.int64), breaks + 1])[: len(breaks)]
    lengths = np.fromiter((len(text) + 1 for text in texts), dtype=np.int64, count=len(texts))
    offset = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])

    solid_start, solid_end = _stretches(kinds > Kind.SPACE)
    low, high = np.searchsorted(solid_start, starts), np.searchsorted(solid_start, breaks)
    filled = np.flatnonzero(high > low)
    start, end = solid_start[low[filled]], solid_end[high[filled] - 1]
    doc = np.searchsorted(offset, starts[filled], side="right") - 1
    first = np.searchsorted(doc, np.arange(len(texts) + 1))
    first_line = np.searchsorted(starts, offset[:-1])
    gap = np.diff(filled, prepend=-1) - 1
    opens = first[:-1][first[:-1] < first[1:]]
    gap[opens] = filled[opens] - first_line[doc[opens]]

    word_start, word_end = _stretches(is_word(kinds))
    word_row = np.searchsorted(start, word_start, side="right") - 1
    return Pages(
        codes, kinds, lower, start, end, starts[filled], breaks[filled], doc, first.astype(np.int64), gap,
        filled - first_line[doc], offset, word_start, word_end, word_row,
    )  # fmt: skip


def _stretches(belongs: Bool) -> tuple[I64, I64]:
    """Start and end of every longest run of characters that belong."""
    inside = np.zeros(len(belongs) + 2, bool)
    inside[1:-1] = belongs
    edges = np.flatnonzero(inside[1:] != inside[:-1]).astype(np.int64)
    return edges[0::2], edges[1::2]


class LineRows:
    """Shifts, sums and runs over rows that never look across the edge of a text."""

    def __init__(self, pages: Pages) -> None:
        self.n = pages.n_rows
        self.doc = pages.doc
        self.n_docs = len(pages.first) - 1
        self.low = pages.first[:-1][pages.doc]
        self.high = pages.first[1:][pages.doc]
        self.row = np.arange(self.n, dtype=np.int64)
        self.filled_docs = np.flatnonzero(pages.first[1:] > pages.first[:-1])
        self._first = pages.first
        self._edges: dict[tuple[int, int], tuple[I64, I64]] = {}
        self._shifts: dict[int, tuple[I64, I64]] = {}

    def shift(self, values: F64, by: int, fill: float = -1.0) -> F64:
        """The value `by` rows further down (up when negative) in the same text, `fill` beyond its edge."""
        if by not in self._shifts:
            at: I64 = self.row + by
            beyond = np.flatnonzero((at < self.low) | (at >= self.high))
            self._shifts[by] = np.minimum(np.maximum(at, 0), max(0, self.n - 1)), beyond
        at, beyond = self._shifts[by]
        shifted = values.take(at)
        shifted[beyond] = fill
        return shifted

    def sums(self, values: F64) -> F64:
        """Sum of all values before each row, and of all at the end: what `between` needs, once for many windows."""
        sums = np.zeros(self.n + 1)
        np.cumsum(values, out=sums[1:])
        return sums

    def window(self, values: F64, back: int, ahead: int) -> F64:
        """Sum over rows i-back … i+ahead of the same text."""
        return self.between(self.sums(values), back, ahead)

    def between(self, total: F64, back: int, ahead: int) -> F64:
        """The same from the values' `sums`."""
        if (back, ahead) not in self._edges:
            low, high = np.maximum(self.row - back, self.low), np.minimum(self.row + ahead + 1, self.high)
            self._edges[back, ahead] = low, high
        low, high = self._edges[back, ahead]
        sums = total.take(high)
        sums -= total.take(low)
        return sums

    def before(self, values: F64) -> F64:
        """Sum over all earlier rows of the same text."""
        total = self.sums(values)
        sums: F64 = total[self.row] - total[self.low]
        return sums

    def total(self, values: F64) -> F64:
        """Sum over the whole text, repeated for each of its rows."""
        total = self.sums(values)
        sums: F64 = total[self.high] - total[self.low]
        return sums

    def peak(self, values: F64) -> F64:
        """Largest value of the text, repeated for each of its rows."""
        most = np.zeros(self.n_docs)
        if self.n:
            most[self.filled_docs] = np.maximum.reduceat(values, self._first[self.filled_docs])
        return most[self.doc]

    def best_run(self, gain: F64) -> tuple[I64, I64]:
        """Rows [low, high) of the contiguous run with the largest sum of `gain` in each text, repeated per row.

        The maximum-sum segment (Kadane), for all texts at once: prefix sums are pushed down by a step per text so that
        one running minimum serves all of them.
        """
        if not self.n:
            return self.row, self.row
        step = 2.0 * np.abs(gain).sum() + 1.0
        ends = np.cumsum(gain) - step * self.doc
        begins = np.concatenate([np.zeros(1), np.cumsum(gain)[:-1]]) - step * self.doc
        floor = np.minimum.accumulate(begins)
        best = ends - floor
        top = np.maximum.reduceat(best, self._first[self.filled_docs])
        rank = np.zeros(self.n_docs, np.int64)
        rank[self.filled_docs] = np.arange(len(self.filled_docs))
        is_top = np.flatnonzero(best >= top[rank[self.doc]])
        last = np.zeros(self.n_docs, np.int64)
        last[self.doc[is_top[::-1]]] = is_top[::-1]
        anchor = np.where(begins <= floor, self.row, 0)
        open_at = np.maximum.accumulate(anchor)
        return open_at[last][self.doc], (last + 1)[self.doc]
