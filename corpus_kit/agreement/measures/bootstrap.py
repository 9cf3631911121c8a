"""Intervals: groups of documents drawn with replacement, a thousand times, without a loop over documents or items.

Every measure is a function of sums over documents: a resample is a row of weights times a table of sums. What is drawn is
what is independent: near-copies are one draw together (or all of a publisher, by setting), never one by one. Groups known
to have equal sums can be drawn as one cell of a multinomial, which has exactly the same distribution: a hundred thousand
documents with one choice each become a few dozen cells. Rows come sorted, by document or by answers, so the order of the
input does not show in the interval.

Up to `MOST_JACKKNIFED` groups the interval is studentised: the jackknife's standard error over groups and a t quantile, on
Fisher's z, since figures lean against 1 (`benchmarks/interval_coverage.py` holds it against the truth). Figures that leave
[-1, 1], such as distances, have the bias-corrected and accelerated one (BCa) with a t quantile. With more groups it is the
plain percentiles, which are the same by then. With fewer than `FEWEST_GROUPS`, and where all resamples give one figure,
there is too little to tell.

Sources: B. Efron (1982), The Jackknife, the Bootstrap and Other Resampling Plans, SIAM, section 3 (standard error over
groups); R. A. Fisher (1921), On the probable error of a coefficient of correlation, Metron 1, 3-32 (z); B. Efron (1987),
Better bootstrap confidence intervals, J. Am. Stat. Assoc. 82, 171-185 (BCa); T. C. Hesterberg (2015), What teachers should
know about the bootstrap, Am. Stat. 69(4), 371-386, section 4.2 (t quantile); A. C. Davison, D. V. Hinkley (1997), Bootstrap
Methods and their Application, section 3.8 (groups).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from corpus_kit.agreement.measures.coefficients import Floats

Ints = NDArray[np.int64]

MOST_JACKKNIFED = 400
"""Groups up to which bias and acceleration are worth estimating."""

FEWEST_GROUPS = 8
"""With fewer, no method known holds what it promises: `benchmarks/interval_coverage.py`."""

CELLS_AT_ONCE = 1 << 21
"""Weights held at one time: 16 MB."""

DECIMALS = 12
"""Sums of fractions differ in their last bits with the order a processor adds them in; figures must not."""


@dataclass(frozen=True, slots=True)
class Resampling:
    """How intervals are made. `resamples=0` leaves them out. units: also measure whole units (alpha for unitizing, gamma),
    which takes longer than all else."""

    resamples: int = 1000
    seed: int = 20240229
    confidence: float = 0.95
    units: bool = True


Blocks = Mapping[str, Floats]
"""Sums per document by name, each of shape (documents, ...)."""


@dataclass(frozen=True, slots=True)
class Interval:
    """low, high: None where there is none, and `reason` says why."""

    value: float | None
    low: float | None
    high: float | None
    reason: str = ""


def resampled(
    blocks: Blocks, plan: Resampling, sizes: Floats | None = None, groups: Ints | None = None
) -> dict[str, Floats]:
    """Sums over documents: row 0 for the corpus as it is, one row for each resample, then one without each group.

    Args:
        sizes: how many documents each row of `blocks` stands for, where equal ones have been put together.
        groups: rows of equal number are drawn together; without it each by itself. Not with `sizes`.

    Returns:
        the same names with shape (1 + resamples + groups, ...); the last part is left out where there are many groups.
    """
    table = _table(blocks)
    if groups is not None:
        table = sums_by(table, groups)
    sizes = np.ones(len(table)) if sizes is None else sizes
    total = (sizes @ table)[None]
    parts = [total, *(w @ table for w in _weights(sizes, plan))]
    if 2 <= sizes.sum() <= MOST_JACKKNIFED and plan.resamples:
        parts.append(total - np.repeat(table, sizes.astype(np.int64), axis=0))
    return _named(np.concatenate(parts), blocks)


def sums_by(block: Floats, groups: Ints) -> Floats:
    """Rows of one group added up, shape (groups, ...), in the order of their numbers."""
    found, of_row = np.unique(groups, return_inverse=True)
    order = np.argsort(of_row, kind="stable")
    starts = np.searchsorted(of_row[order], np.arange(len(found)))
    return np.add.reduceat(block[order], starts, axis=0) if len(found) else block[:0]


def resampled_together(
    parts: Sequence[tuple[NDArray[np.bool_], Blocks]], plan: Resampling, groups: Ints
) -> list[dict[str, Floats]]:
    """`resampled` for several tables of sums, each over the documents its mask chooses; equal masks are drawn once.

    Args:
        groups: the group of each document; those of a group are drawn together.
    """
    alike: dict[bytes, list[int]] = {}
    for index, (mask, _) in enumerate(parts):
        alike.setdefault(mask.tobytes(), []).append(index)
    out: list[dict[str, Floats]] = [{} for _ in parts]
    for members in alike.values():
        mask = parts[members[0]][0]
        every = {f"{m}/{name}": block[mask] for m in members for name, block in parts[m][1].items()}
        for key, sums in resampled(every, plan, groups=groups[mask]).items():
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
    step = max(1, CELLS_AT_ONCE // (rows if rows * 4 < documents else documents))
    for first in range(0, plan.resamples, step):
        count = min(step, plan.resamples - first)
        if rows * 4 < documents:
            yield rng.multinomial(documents, sizes / documents, size=count).astype(np.float64)
        else:
            row_of = np.repeat(np.arange(rows), sizes.astype(np.int64))
            drawn = row_of[rng.integers(0, documents, size=(count, documents))] + np.arange(count)[:, None] * rows
            yield np.bincount(drawn.ravel(), minlength=count * rows).reshape(count, rows).astype(np.float64)


def interval(values: Floats, plan: Resampling) -> Interval:
    """The figure of the corpus (row 0), and its interval from the resamples and from the corpus without each group.

    Args:
        values: what a measure makes of the rows of `resampled`; NaN where it is not defined.

    Resamples in which the figure is not defined (all answers alike by the luck of the draw) are left out; when they
    are half of all or more, there is no interval.
    """
    value = None if np.isnan(values[0]) else round(float(values[0]), DECIMALS)
    if value is None or not plan.resamples:
        return Interval(value, None, None)
    drawn, without = values[1 : 1 + plan.resamples], values[1 + plan.resamples :]
    if len(drawn) == 0:
        return Interval(value, None, None, "One document only, or copies of one: no interval.")
    usable = np.sort(drawn[~np.isnan(drawn)])
    if len(usable) * 2 <= plan.resamples:
        return Interval(value, None, None, "In half of the resamples the figure is not defined: no interval.")
    if 0 < len(without) < FEWEST_GROUPS:
        why = f"Too few to tell: {len(without)} documents that are no copies of each other; {FEWEST_GROUPS} are needed."
        return Interval(value, None, None, why)
    if usable[-1] - usable[0] < 10.0**-DECIMALS:
        return Interval(value, None, None, "Too few to tell: every resample gives the same figure.")
    tail = (1.0 - plan.confidence) / 2.0
    bounded = max(abs(usable[0]), abs(usable[-1])) <= 1.0 and abs(values[0]) < 1.0
    ends = _studentised(float(values[0]), without, tail) if len(without) and bounded else None
    if ends is None:
        tails = _corrected_tails(values[0], usable, without, tail) if len(without) else (tail, 1.0 - tail)
        low, high = np.quantile(usable, tails)
    else:
        low, high = ends
    return Interval(value, round(float(low), DECIMALS), round(float(high), DECIMALS))


def _studentised(value: float, without: Floats, tail: float) -> tuple[float, float] | None:
    """The ends of the interval on Fisher's z, put back; None where the figure is the same without any group.

    Args:
        value: between -1 and 1. without: figures without each group. tail: the share outside on each side.
    """
    known = without[~np.isnan(without)]
    groups = len(known)
    if groups < FEWEST_GROUPS:
        return None
    error = math.sqrt((groups - 1) / groups * float(((known - known.mean()) ** 2).sum())) / (1.0 - value**2)
    if error < 10.0**-DECIMALS:
        return None
    room = t_quantile(1.0 - tail, groups - 1) * error
    return math.tanh(math.atanh(value) - room), math.tanh(math.atanh(value) + room)


def _corrected_tails(value: float, usable: Floats, without: Floats, tail: float) -> tuple[float, float]:
    """Which quantiles of the resamples to take: BCa (Efron 1987, equation 3.9) with a t quantile.

    Args:
        usable: figures of the resamples. without: the figure without each group. tail: the share outside on each side.
    """
    normal = NormalDist()
    groups = len(without)
    below = (np.count_nonzero(usable < value) + 0.5 * np.count_nonzero(usable == value)) / len(usable)
    bias = normal.inv_cdf(min(max(float(below), 0.001), 0.999))
    jackknife = without[~np.isnan(without)]
    apart = jackknife.mean() - jackknife if len(jackknife) else np.zeros(1)
    spread = float((apart**2).sum())
    acceleration = float((apart**3).sum()) / (6.0 * spread**1.5) if spread > 1e-30 else 0.0
    quantile = math.sqrt(groups / (groups - 1)) * t_quantile(1.0 - tail, groups - 1)
    ends = []
    for side in (-1.0, 1.0):
        z = bias + side * quantile
        room = 1.0 - acceleration * z
        ends.append(normal.cdf(bias + z / room) if room > 0 else (0.0 if side < 0 else 1.0))
    return ends[0], ends[1]


def t_quantile(probability: float, freedom: int) -> float:
    """The quantile of Student's t distribution, by its expansion around the normal one.

    Source: M. Abramowitz, I. A. Stegun (1964), Handbook of Mathematical Functions, 26.7.5; right to 1e-3 from 7 degrees
    of freedom on.
    """
    z, n = NormalDist().inv_cdf(probability), float(freedom)
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return sum(term / n**power for power, term in enumerate(terms))
