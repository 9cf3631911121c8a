"""Intervals: documents drawn anew with replacement, a thousand times, without a loop over documents or items.

Every measure is a function of sums over documents: a resample is a row of weights times a table of per-document sums.
Documents known to have equal sums can be drawn as one cell of a multinomial, which has exactly the same distribution: a
hundred thousand documents with one choice each become a few dozen cells. Rows come sorted, by document or by answers, so
the order of the input does not show in the interval.

Source: B. Efron, R. J. Tibshirani (1993), An Introduction to the Bootstrap, ch. 13 (percentile interval). Documents,
not items, are drawn, because items of one document are not independent.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corpus_kit.agreement.measures.coefficients import Floats

CELLS_AT_ONCE = 1 << 21
"""Weights held at one time: 16 MB."""

DECIMALS = 12
"""Sums of fractions differ in their last bits with the order a processor adds them in; figures must not."""


@dataclass(frozen=True, slots=True)
class Resampling:
    """How intervals are made. `resamples=0` leaves them out."""

    resamples: int = 1000
    seed: int = 20240229
    confidence: float = 0.95


Blocks = Mapping[str, Floats]
"""Sums per document by name, each of shape (documents, ...)."""


def resampled(blocks: Blocks, plan: Resampling, sizes: Floats | None = None) -> dict[str, Floats]:
    """Sums over documents: row 0 for the corpus as it is, then one row for each resample.

    sizes: how many documents each row of `blocks` stands for, where equal ones have been put together.
    Returns the same names with shape (1 + resamples, ...).
    """
    table = _table(blocks)
    sizes = np.ones(len(table)) if sizes is None else sizes
    return _named(np.concatenate([(sizes @ table)[None], *(w @ table for w in _weights(sizes, plan))]), blocks)


def resampled_together(groups: Sequence[tuple[NDArray[np.bool_], Blocks]], plan: Resampling) -> list[dict[str, Floats]]:
    """`resampled` for several groups of sums, each over the documents its mask chooses; equal masks are drawn once."""
    alike: dict[bytes, list[int]] = {}
    for index, (mask, _) in enumerate(groups):
        alike.setdefault(mask.tobytes(), []).append(index)
    out: list[dict[str, Floats]] = [{} for _ in groups]
    for members in alike.values():
        mask = groups[members[0]][0]
        every = {f"{m}/{name}": block[mask] for m in members for name, block in groups[m][1].items()}
        for key, sums in resampled(every, plan).items():
            member, name = key.split("/", 1)
            out[int(member)][name] = sums
    return out


def _table(blocks: Blocks) -> Floats:
    """All blocks side by side: (documents, columns)."""
    return np.concatenate([block.reshape(len(block), _width(block)) for block in blocks.values()], axis=1)


def _width(block: Floats) -> int:
    return math.prod(block.shape[1:])


def _named(sums: Floats, blocks: Blocks) -> dict[str, Floats]:
    """The columns of `_table` as blocks again."""
    out: dict[str, Floats] = {}
    at = 0
    for name, block in blocks.items():
        width = _width(block)
        out[name] = sums[:, at : at + width].reshape(len(sums), *block.shape[1:])
        at += width
    return out


def _weights(sizes: Floats, plan: Resampling) -> Iterator[Floats]:
    """Parts of the (resamples, rows) table of how often each row is drawn, as many documents a resample as there are.

    Rows that stand for many documents are drawn as cells of a multinomial, single documents one by one.
    """
    documents, rows = int(sizes.sum()), len(sizes)
    if documents < 2:
        return
    rng = np.random.default_rng(plan.seed)
    step = max(1, CELLS_AT_ONCE // rows)
    for first in range(0, plan.resamples, step):
        count = min(step, plan.resamples - first)
        if rows < documents:
            yield rng.multinomial(documents, sizes / documents, size=count).astype(np.float64)
        else:
            drawn = rng.integers(0, rows, size=(count, rows)) + np.arange(count)[:, None] * rows
            yield np.bincount(drawn.ravel(), minlength=count * rows).reshape(count, rows).astype(np.float64)


def interval(values: NDArray[np.float64], plan: Resampling) -> tuple[float | None, float | None, float | None]:
    """(value, low, high) from the figure of the corpus (row 0) and of its resamples; None for what is not defined.

    Resamples in which the figure is not defined (all answers alike by the luck of the draw) are left out; when they
    are half of all or more, there is no interval.
    """
    value = None if np.isnan(values[0]) else round(float(values[0]), DECIMALS)
    usable = values[1:][~np.isnan(values[1:])]
    if value is None or len(usable) * 2 <= plan.resamples or len(usable) == 0:
        return value, None, None
    tail = (1.0 - plan.confidence) / 2.0
    low, high = np.quantile(usable, [tail, 1.0 - tail])
    return value, round(float(low), DECIMALS), round(float(high), DECIMALS)
