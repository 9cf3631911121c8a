"""From sums to `AgreementFigure` rows: the scope, the interval, and the sentence that stands where a number cannot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from corpus_kit.agreement.judgements import Readers
from corpus_kit.agreement.measures.bootstrap import DECIMALS, Interval, Resampling, interval
from corpus_kit.agreement.measures.coefficients import Floats
from corpus_kit.agreement.measures.records import HARDEST_SCHEMA, AgreementFigure


@dataclass(frozen=True, slots=True)
class Scope:
    """What a figure is about; None means not restricted."""

    layer: str
    control: str | None = None
    target: str | None = None


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes the figures of one group of annotators in one scope.

    pair: whether this is one pair of them rather than everybody.
    """

    scope: Scope
    readers: Readers
    pair: bool
    plan: Resampling

    def figure(
        self, measure: str, values: Floats, n_items: int, undefined: str, label: str | None = None
    ) -> AgreementFigure:
        """values: the figure of the corpus and of each resample; undefined: the reason to give when it is NaN."""
        found = interval(values, self.plan)
        reason = undefined if found.value is None else found.reason
        return self._row(measure, label, found, n_items, reason)

    def blank(self, measure: str, reason: str) -> AgreementFigure:
        """No figure at all."""
        return self._row(measure, None, Interval(None, None, None), 0, reason)

    def _row(self, measure: str, label: str | None, found: Interval, n_items: int, reason: str) -> AgreementFigure:
        scope, readers = self.scope, self.readers
        return AgreementFigure(
            measure, scope.layer, scope.control, label, scope.target, readers.annotators, self.pair, found.value,
            found.low, found.high, int(np.count_nonzero(readers.shared)), n_items, reason, readers.n_groups,
        )  # fmt: skip


def hardest(scope: Scope, measure: str, readers: Readers, disagreement: Floats) -> pl.DataFrame:
    """Documents by what they add to the disagreement of `measure`, worst first; those that add nothing left out.

    disagreement: what each page adds, shape (pages,), in the measure's own unit (weighted answers, spans, characters).
    """
    apart = np.flatnonzero(disagreement.round(DECIMALS) > 0)
    ids = readers.doc_ids.gather(apart)
    document = ids.rle_id().to_numpy()  # Pages come sorted by document.
    sums = np.bincount(document, disagreement[apart]).round(DECIMALS)
    people = np.zeros(len(sums), dtype=np.int64)
    np.maximum.at(people, document, np.count_nonzero(readers.saw[apart], axis=1))
    worst = np.argsort(-sums, kind="stable")
    first = np.searchsorted(document, np.arange(len(sums)))
    return pl.DataFrame(
        {
            "layer": pl.repeat(scope.layer, len(sums), dtype=pl.String, eager=True),
            "control": pl.repeat(scope.control, len(sums), dtype=pl.String, eager=True),
            "target": pl.repeat(scope.target, len(sums), dtype=pl.String, eager=True),
            "measure": pl.repeat(measure, len(sums), dtype=pl.String, eager=True),
            "doc_id": ids.gather(first[worst]),
            "n_annotators": people[worst],
            "disagreement": sums[worst],
            "share": sums[worst] / sums.sum(),
            "rank": np.arange(1, len(sums) + 1),
        },
        schema=HARDEST_SCHEMA,
    )


def nothing_hard() -> pl.DataFrame:
    return pl.DataFrame(schema=HARDEST_SCHEMA)


def per_page(block: Floats, page: NDArray[np.int64], n_pages: int) -> Floats:
    """Rows of `block` (items, width) summed by `page` (items,), which is sorted: shape (pages, width)."""
    out = np.zeros((n_pages, *block.shape[1:]))
    if len(page):
        starts = np.concatenate([[0], np.nonzero(np.diff(page))[0] + 1])
        out[page[starts]] = np.add.reduceat(block, starts, axis=0)
    return out
