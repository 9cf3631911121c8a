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

    def log_odds(self, columns: dict[str, F64]) -> F64:
        """The sum of leaves for each row.

        Raises KeyError when a column the trees ask about is missing.
        """
        trees, depth = self.column.shape
        n = len(columns[self.names[0]])
        table = np.empty((len(self.names), n), np.float32)
        for at, name in enumerate(self.names):
            table[at] = columns[name]
        asked = [np.ascontiguousarray(self.column[:, k], np.intp) for k in range(depth)]
        border = [np.ascontiguousarray(self.border[:, k, None]) for k in range(depth)]
        # Leaves are multiples of 2**-20 (see `training/fit.py`): whole numbers add up fast, and the same in any order.
        flat = np.round(self.leaves.astype(np.float64) * _LEAF_UNIT).astype(np.int32).reshape(-1)
        base = (np.arange(trees, dtype=np.intp) << depth)[:, None]
        total = np.empty(n)
        # Everything is written into the same few arrays: fresh ones this large cost more than the arithmetic.
        width = min(_BLOCK, n)
        value, worth = np.empty((trees, width), np.float32), np.empty((trees, width), np.int32)
        answer, bit = np.empty((trees, width), bool), np.empty((trees, width), np.uint8)
        number, leaf = np.empty((trees, width), np.uint8), np.empty((trees, width), np.intp)
        for low in range(0, n, _BLOCK):
            block = np.ascontiguousarray(table[:, low : low + width])
            if block.shape[1] < width:
                value, worth, answer, bit, number, leaf = (
                    np.empty((trees, block.shape[1]), one.dtype) for one in (value, worth, answer, bit, number, leaf)
                )
            number.fill(0)
            for k in range(depth):
                np.take(block, asked[k], axis=0, out=value, mode="clip")
                np.greater(value, border[k], out=answer)
                np.left_shift(answer.view(np.uint8), np.uint8(k), out=bit)
                np.bitwise_or(number, bit, out=number)
            np.add(base, number, out=leaf)
            np.take(flat, leaf, out=worth, mode="clip")
            total[low : low + width] = worth.sum(axis=0, dtype=np.int32)
        return total / _LEAF_UNIT + self.bias
