"""Evaluation of boosted oblivious trees: every level of a tree asks one question, so a leaf is a number in binary.

Prokhorenkova et al., "CatBoost: unbiased boosting with categorical features", NeurIPS 2018, describe the trees; CatBoost
trains them (see `training/`). Reading the answer needs a comparison and a table look-up, done here for all rows at once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from corpus_kit.core.lines.pages import F64, I64

F32 = npt.NDArray[np.float32]
I16 = npt.NDArray[np.int16]

_LEAF_UNIT = 2.0**20
_BLOCK = 256  # rows whose answers to all questions fit the processor's cache
TABLE_ROWS = 1 << 16
"""Rows that are copied together: only a text of many megabytes has more."""


@dataclass(frozen=True, slots=True)
class EarlyExit:
    """When a row needs no more trees (a cascade, Viola & Jones 2001): most lines of a page are plainly menu or story.

    A row whose log-odds after `trees` trees are `limit` or more from 0 gets `stretch` times those, which is where the
    other trees would have taken it on average. trees: 0 asks all trees about all rows.
    """

    trees: int = 0
    limit: float = 0.0
    stretch: float = 1.0


class Table:
    """Columns as the trees read them: single precision, and block by block of rows.

    blocks: (blocks, names, rows of a block); what stands behind row `n` of the last block means nothing.
    """

    def __init__(self, names: Collection[str], n: int) -> None:
        self.n, self.row = n, {name: number for number, name in enumerate(names)}
        self._width = max(min(_BLOCK, n), 1)
        self.blocks = np.zeros((-(-n // self._width), len(names), self._width), np.float32)

    def put(self, columns: Mapping[str, F64], low: int = 0) -> None:
        """Take over rows low … low+n-1 of those columns that have a name here."""
        whole = self.n // self._width
        cut = whole * self._width
        for name, number in self.row.items():
            if (column := columns.get(name)) is not None:
                self.blocks[:whole, number] = column[low : low + cut].reshape(whole, self._width)
                if cut < self.n:
                    self.blocks[whole, number, : self.n - cut] = column[low + cut : low + self.n]

    def rows_of(self, names: Sequence[str]) -> I64:
        """Raises KeyError when a column the trees ask about is missing."""
        return np.array([self.row[name] for name in names], np.int64)

    def some(self, which: I64, rows: I64) -> Iterator[F32]:
        """(rows, up to a block) of these rows of the columns and these lines of the table, block by block."""
        count, width = self.blocks.shape[1:]
        flat, of_row = self.blocks.reshape(-1), rows[:, None] * width
        at = which // width * (count * width) + which % width
        for low in range(0, len(at), _BLOCK):
            yield flat.take(of_row + at[low : low + _BLOCK])


class Questions:
    """What some trees of a forest ask, and the leaves that answer. Trees ask many questions again: each is answered once.

    column: (asked,) number of the forest's column; edge: (asked, 1) its border. bits: per level of the trees, (trees,)
    which question each asks. leaves: all trees' leaves in a row, in units of 2**-20; base: (trees, 1) each one's first.
    """

    def __init__(self, column: I16, border: F32, leaves: F32) -> None:
        self.trees, depth = column.shape
        pairs = column.astype(np.int64) << 32 | border.view(np.uint32).astype(np.int64)
        asked, number_of = np.unique(pairs.ravel(), return_inverse=True)
        self.column = (asked >> 32).astype(np.intp)
        self.edge = (asked & 0xFFFFFFFF).astype(np.uint32).view(np.float32)[:, None]
        self.bits = [np.ascontiguousarray(row) for row in number_of.reshape(self.trees, depth).T.astype(np.intp)]
        # Leaves are multiples of 2**-20 (see `training/fit.py`): whole numbers add up fast, and the same in any order.
        self.leaves = np.round(leaves.astype(np.float64) * _LEAF_UNIT).astype(np.int32).reshape(-1)
        self.base = (np.arange(self.trees, dtype=np.intp) << depth)[:, None]

    def sums(self, blocks: Iterable[F32], rows: I64, n: int) -> F64:
        """(n,) what the trees say together of each row. blocks: (names, rows of a block) each; rows: the number in them
        of each of the forest's columns."""
        at = rows[self.column]
        total = np.empty(n)
        start, room = 0, 0
        for block in blocks:
            width = block.shape[1]
            if width != room:
                # Everything is written into the same few arrays: fresh ones this large cost more than the arithmetic.
                value, answer = np.empty((len(at), width), np.float32), np.empty((len(at), width), bool)
                number, bit = np.empty((self.trees, width), np.uint8), np.empty((self.trees, width), np.uint8)
                leaf, worth = np.empty((self.trees, width), np.intp), np.empty((self.trees, width), np.int32)
                room, told = width, answer.view(np.uint8)
            block.take(at, 0, value, "clip")
            np.greater(value, self.edge, out=answer)
            told.take(self.bits[-1], 0, number, "clip")
            for questions in self.bits[-2::-1]:
                told.take(questions, 0, bit, "clip")
                np.add(number, number, out=number)
                np.add(number, bit, out=number)
            np.add(self.base, number, out=leaf)
            self.leaves.take(leaf, out=worth, mode="clip")
            sums = np.add.reduce(worth, 0, np.int32)
            total[start : start + width] = sums[: n - start]
            start += width
        return total / _LEAF_UNIT


@dataclass(frozen=True)
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

    @classmethod
    def of_parts(cls, part: Mapping[str, npt.NDArray[np.generic]], name: str) -> Forest:
        """The forest that `parts` took apart."""
        trees, limit, stretch = part[f"{name}_early"].astype(np.float64)
        return cls(
            tuple(str(part[f"{name}_names"]).split("\n")),
            part[f"{name}_column"].astype(np.int16),
            part[f"{name}_border"].astype(np.float32),
            part[f"{name}_leaves"].astype(np.float32),
            float(part[f"{name}_bias"].astype(np.float64)),
            EarlyExit(int(trees), float(limit), float(stretch)),
        )

    def parts(self, name: str) -> dict[str, npt.NDArray[np.generic]]:
        """The forest as arrays to be stored, each under a key that begins with `name`."""
        return {
            f"{name}_names": np.array("\n".join(self.names)),
            f"{name}_column": self.column,
            f"{name}_border": self.border,
            f"{name}_leaves": self.leaves,
            f"{name}_bias": np.array(self.bias),
            f"{name}_early": np.array([self.early.trees, self.early.limit, self.early.stretch]),
        }

    def log_odds(self, columns: Mapping[str, F64]) -> F64:
        """The sum of leaves for each row, or what it is after the first trees where that settles it.

        Raises KeyError when a column the trees ask about is missing.
        """
        odds = np.empty(len(columns[self.names[0]]))
        for low in range(0, len(odds), TABLE_ROWS):
            part = odds[low : low + TABLE_ROWS]
            table = Table(self.names, len(part))
            table.put({name: columns[name] for name in self.names}, low)
            part[:] = self.read(table)
        return odds

    def read(self, table: Table) -> F64:
        """`log_odds` of all rows of a table."""
        rows = table.rows_of(self.names)
        told = self._first.sums(table.blocks, rows, table.n) + self.bias
        if not self.early.trees:
            return told
        unsure = np.flatnonzero(np.abs(told) < self.early.limit)
        odds: F64 = told * self.early.stretch
        asked, mine = self._of_the_others
        odds[unsure] = told[unsure] + asked.sums(table.some(unsure, rows[mine]), self._places, len(unsure))
        return odds

    @cached_property
    def _first(self) -> Questions:
        trees = self.early.trees or len(self.column)
        return Questions(self.column[:trees], self.border[:trees], self.leaves[:trees])

    @cached_property
    def _of_the_others(self) -> tuple[Questions, I64]:
        """The questions of the trees after the first, and the columns that they ask about."""
        trees = self.early.trees
        asked = Questions(self.column[trees:], self.border[trees:], self.leaves[trees:])
        return asked, np.unique(asked.column)

    @cached_property
    def _places(self) -> I64:
        """Where each column stands among those that the trees after the first ask about."""
        places = np.zeros(len(self.names), np.int64)
        mine = self._of_the_others[1]
        places[mine] = np.arange(len(mine))
        return places
