"""Evaluation of boosted oblivious trees: every level of a tree asks one question, so a leaf is a number in binary.

Prokhorenkova et al., "CatBoost: unbiased boosting with categorical features", NeurIPS 2018, describe the trees; CatBoost
trains them (see `training/`). Reading the answer needs a comparison and a table look-up, done here for all rows at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from corpus_kit.suggest.boilerplate.pages import F64

F32 = npt.NDArray[np.float32]
I16 = npt.NDArray[np.int16]

_LEAF_UNIT = 2.0**20
_BLOCK = 256  # rows whose answers to all questions fit the processor's cache
_TABLE = 1 << 16  # rows copied together: only a text of many megabytes has more


@dataclass(frozen=True, slots=True)
class EarlyExit:
    """When a row needs no more trees (a cascade, Viola & Jones 2001): most lines of a page are plainly menu or story.

    A row whose log-odds after `trees` trees are `limit` or more from 0 gets `stretch` times those, which is where the
    other trees would have taken it on average. trees: 0 asks all trees about all rows.
    """

    trees: int = 0
    limit: float = 0.0
    stretch: float = 1.0


@dataclass(frozen=True, slots=True)
class Forest:
    """A sum of trees of one depth.

    names: the columns the trees ask about, in the order of `column`'s numbers.
    column, border: (trees, depth), question k of tree t is "is columns[column[t, k]] > border[t, k]?".
    leaves: (trees, 2**depth), the answer to question k being bit k of the leaf's number.
    bias: added to the sum of leaves.
    """

    names: tuple[str, ...]
    column: I16
    border: F32
    leaves: F32
    bias: float
    early: EarlyExit = EarlyExit()

    def log_odds(self, columns: dict[str, F64]) -> F64:
        """The sum of leaves for each row, or what it is after the first trees where that settles it.

        Raises KeyError when a column the trees ask about is missing.
        """
        odds = np.empty(len(columns[self.names[0]]))
        for low in range(0, len(odds), _TABLE):
            part = [columns[name][low : low + _TABLE] for name in self.names]
            odds[low : low + _TABLE] = self._told(np.stack(part, dtype=np.float32, casting="same_kind"))
        return odds

    def _told(self, table: F32) -> F64:
        first = self.early.trees
        if not first:
            return self._sums(table, 0, len(self.column)) + self.bias
        told = self._sums(table, 0, first) + self.bias
        unsure = np.flatnonzero(np.abs(told) < self.early.limit)
        odds: F64 = told * self.early.stretch
        odds[unsure] = told[unsure] + self._sums(table[:, unsure], first, len(self.column))
        return odds

    def _sums(self, table: F32, low: int, high: int) -> F64:
        """What trees low … high-1 say together of each column of `table`."""
        column, border = self.column[low:high], self.border[low:high]
        trees, depth = column.shape
        n = table.shape[1]
        # Trees ask many questions again: each is answered once.
        pairs = column.astype(np.int64) << 32 | border.view(np.uint32).astype(np.int64)
        asked, number_of = np.unique(pairs.ravel(), return_inverse=True)
        at = (asked >> 32).astype(np.intp)
        edge = (asked & 0xFFFFFFFF).astype(np.uint32).view(np.float32)[:, None]
        bits = [np.ascontiguousarray(row) for row in number_of.reshape(trees, depth).T.astype(np.intp)]
        # Leaves are multiples of 2**-20 (see `training/fit.py`): whole numbers add up fast, and the same in any order.
        flat = np.round(self.leaves[low:high].astype(np.float64) * _LEAF_UNIT).astype(np.int32).reshape(-1)
        base = (np.arange(trees, dtype=np.intp) << depth)[:, None]
        total = np.empty(n)
        for start in range(0, n, _BLOCK):
            width = min(_BLOCK, n - start)
            if start == 0 or width < _BLOCK:
                # Everything is written into the same few arrays: fresh ones this large cost more than the arithmetic.
                value, answer = np.empty((len(at), width), np.float32), np.empty((len(at), width), bool)
                number, bit = np.empty((trees, width), np.uint8), np.empty((trees, width), np.uint8)
                leaf, worth = np.empty((trees, width), np.intp), np.empty((trees, width), np.int32)
            block = np.ascontiguousarray(table[:, start : start + width])
            np.take(block, at, axis=0, out=value, mode="clip")
            np.greater(value, edge, out=answer)
            number.fill(0)
            for rows in reversed(bits):
                np.take(answer.view(np.uint8), rows, axis=0, out=bit, mode="clip")
                np.add(number, number, out=number)
                np.add(number, bit, out=number)
            np.add(base, number, out=leaf)
            np.take(flat, leaf, out=worth, mode="clip")
            total[start : start + width] = worth.sum(axis=0, dtype=np.int32)
        return total / _LEAF_UNIT
