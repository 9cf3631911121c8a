"""Figures of one layer: predictions against gold, parted; against each person; and what people reach themselves.

The human ceiling is measured on the same documents and against the same references as the predictions: each person against
each other person, and each person against what more than half of the others marked, which is gold without them. What
exactly half of them marked is in dispute there and not scored.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from corpus_kit.agreement.evaluation.counts import CountFrame, MarkCounts, compare, shares
from corpus_kit.agreement.measures import coefficients as formula
from corpus_kit.agreement.measures.bootstrap import Resampling, interval, resampled_together
from corpus_kit.core.scoring import ANSWERS, MARK, SPANS, AnswerSheet, Predictions

Mask = NDArray[np.bool_]

PREDICTIONS, PEOPLE = "predictions", "people"
GOLD, OTHERS, MAJORITY = "gold", "others", "majority of the others"
EXACT, PARTIAL, SOFT, MACRO = "f1_exact", "f1_partial", "f1_soft", "f1_macro"
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Score:
    """One F1 with its parts.

    Attributes:
        layer: Of the release.
        measure: `f1_exact`, `f1_partial`, `f1_soft` or `f1_macro` (the mean over labels that occur).
        who: `predictions`, a pseudonym, or `people` for all of them together.
        against: `gold`, `people` (the shares of their answers), a pseudonym, `others` (each of them), or `majority of the
            others`.
        person: Whose documents, where `against` is `others` or `majority of the others`; None for all.
        by: `language`, `publisher` or `label` where the figure is a part of the whole, with its `value_of`.
        value: F1, None where nothing is marked on either side.
        low, high: Its 95 % interval over groups of near-copies; None with a `reason`.
        precision, recall: None where there is nothing to divide by.
        documents, groups: Scored, and how many groups of near-copies they are.
        found, wanted: Marks of who is scored, and of the reference.
        masked: Marks left out because the place is in dispute.
    """

    layer: str
    measure: str
    who: str
    against: str
    person: str | None
    by: str | None
    value_of: str | None
    value: float | None
    low: float | None
    high: float | None
    precision: float | None
    recall: float | None
    documents: int
    groups: int
    found: float
    wanted: float
    masked: int
    reason: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class LayerScores:
    """The figures of a layer, and what a reader must know beside them.

    Attributes:
        layer, kind: As in the release.
        scores: The first is `f1_exact` of the predictions against gold.
        not_named: Documents with gold that the file does not name; nothing was found there.
        outside: Marks of the file that belong to nothing in the split.
        ambiguous: Works of people that could not be used.
    """

    layer: str
    kind: str
    scores: tuple[Score, ...]
    not_named: int
    outside: int
    ambiguous: int

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"scores": [score.as_dict() for score in self.scores]}


def score_layer(sheet: AnswerSheet, predictions: Predictions, plan: Resampling) -> LayerScores:
    """Every figure of a layer.

    Args:
        sheet: Gold and what people said.
        predictions: What is scored.
        plan: Of the intervals.
    """
    scorer = _Scorer(sheet, predictions.marks.unique().sort(list(MARK)), plan)
    scores = [*scorer.against_gold(), *scorer.against_people()]
    settled = set(sheet.settled["doc_id"].to_list())
    known = set(sheet.documents["doc_id"].to_list())
    outside = predictions.outside + predictions.marks.filter(~pl.col("doc_id").is_in(list(known))).height
    not_named = len(settled - predictions.doc_ids)
    return LayerScores(sheet.layer, sheet.kind, tuple(scores), not_named, outside, sheet.ambiguous)


@dataclass(frozen=True, slots=True)
class _Pair:
    """One comparison: what it is called, its counts, and the documents it is over, shape (documents,)."""

    who: str
    against: str
    person: str | None
    counts: MarkCounts
    over: Mask


class _Scorer:
    def __init__(self, sheet: AnswerSheet, predicted: pl.DataFrame, plan: Resampling) -> None:
        self._sheet, self._plan = sheet, plan
        doc_ids = tuple(sheet.documents["doc_id"].to_list())
        found = [*predicted["label"].unique(), *sheet.said["label"].unique(), *sheet.gold["label"].unique()]
        self._frame = CountFrame(doc_ids, tuple(dict.fromkeys([*sheet.labels, *sorted(found)])))
        self._groups = sheet.documents["group"].rank("dense").cast(pl.Int64).to_numpy()
        self._predicted = predicted.filter(pl.col("doc_id").is_in(list(doc_ids)))
        self._people = sorted(sheet.asked["annotator"].unique().to_list())

    def against_gold(self) -> Iterator[Score]:
        """Exact, partial, soft and macro over all; exact by label, language and publisher."""
        sheet = self._sheet
        own = self._within(self._predicted, sheet.settled)
        disputed = sheet.disputed if sheet.kind == SPANS else None
        counts = compare(self._frame, own, sheet.gold, disputed)
        if sheet.kind != SPANS:
            unsettled = self._predicted.join(sheet.settled.select(sheet.scope), on=sheet.scope, how="anti")
            counts = replace(counts, masked=self._frame.count(unsettled)[:, 0])
        pair = _Pair(PREDICTIONS, GOLD, None, counts, self._over(sheet.settled))
        yield self._score(pair, EXACT)
        if sheet.kind == SPANS:
            yield self._score(pair, PARTIAL)
        yield self._score(pair, MACRO)
        weighted = shares(sheet.said, sheet.asked, sheet.scope)
        everyone = self._within(self._predicted, sheet.asked)
        soft = compare(self._frame, everyone, weighted)
        if self._people:
            yield self._score(_Pair(PREDICTIONS, PEOPLE, None, soft, self._over(sheet.asked)), SOFT)
        for column, label in enumerate(self._frame.labels, start=1):
            if counts.found[:, column].any() or counts.wanted[:, column].any():
                yield self._score(pair, EXACT, ("label", label), column)
        for by in ("language", "publisher"):
            values = sheet.documents[by].fill_null(UNKNOWN)
            for value in values.unique().sort().to_list():
                over = pair.over & (values == value).to_numpy()
                if over.any():
                    yield self._score(_Pair(PREDICTIONS, GOLD, None, counts, over), EXACT, (by, value))

    def against_people(self) -> Iterator[Score]:
        """Predictions against each person, and both against the same others."""
        for name in self._people:
            asked = self._asked(name)
            counts = compare(self._frame, self._within(self._predicted, asked), self._said(name))
            yield self._score(_Pair(PREDICTIONS, name, None, counts, self._over(asked)), EXACT)
        pairs = [pair for name in self._people for pair in self._with_others(name)]
        yield from (self._score(pair, EXACT) for pair in pairs)
        for against in (OTHERS, MAJORITY):
            for who in (PREDICTIONS, PEOPLE):
                parts = [p for p in pairs if p.against == against and (p.who == PREDICTIONS) == (who == PREDICTIONS)]
                if parts:
                    counts, over = parts[0].counts, parts[0].over
                    for part in parts[1:]:
                        counts, over = counts + part.counts, over | part.over
                    yield self._score(_Pair(who, against, None, counts, over), EXACT)

    def _with_others(self, name: str) -> Iterator[_Pair]:
        """One person and the predictions, against each of the others, and against their majority."""
        for against, parts in ((OTHERS, list(self._others(name))), (MAJORITY, list(self._majority(name)))):
            if not parts:
                continue
            for who, marks in ((name, self._said(name)), (PREDICTIONS, self._predicted)):
                counts = [
                    compare(self._frame, self._within(marks, scope), wanted, disputed)
                    for scope, wanted, disputed in parts
                ]
                total = counts[0]
                for one in counts[1:]:
                    total = total + one
                over = np.logical_or.reduce([self._over(scope) for scope, _, _ in parts])
                yield _Pair(who, against, name, total, over)

    def _others(self, name: str) -> Iterator[tuple[pl.DataFrame, pl.DataFrame, None]]:
        """(what both answered, what the other marked there) for each of the others."""
        for other in self._people:
            both = self._within(self._asked(other), self._asked(name))
            if other != name and both.height:
                yield both, self._within(self._said(other), both), None

    def _majority(self, name: str) -> Iterator[tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame | None]]:
        """(what this person and two others or more answered, what most of the others marked, what half of them did)."""
        sheet, scope = self._sheet, self._sheet.scope
        asked = self._within(sheet.asked.filter(pl.col("annotator") != name), self._asked(name))
        enough = asked.group_by(scope).agg(pl.col("annotator").n_unique().alias("n")).filter(pl.col("n") >= 2)
        if enough.is_empty():
            return
        asked = self._within(asked, enough)
        said = self._within(sheet.said.filter(pl.col("annotator") != name), enough)
        weighted = shares(said, asked, scope)
        wanted = weighted.filter(pl.col("weight") > 0.5).select(list(MARK))
        half = weighted.filter(pl.col("weight") == 0.5).select("doc_id", "start", "end")
        if sheet.kind == SPANS:
            yield enough, wanted, half
            return
        settled = enough.select(scope)
        if sheet.kind == ANSWERS:  # a question without a majority is not settled; a line without one is no boilerplate
            settled = self._within(settled, wanted)
        yield settled.join(half, on=scope, how="anti"), wanted, None

    def _asked(self, name: str) -> pl.DataFrame:
        return self._sheet.asked.filter(pl.col("annotator") == name)

    def _said(self, name: str) -> pl.DataFrame:
        return self._sheet.said.filter(pl.col("annotator") == name).select(list(MARK)).unique()

    def _within(self, rows: pl.DataFrame, scope: pl.DataFrame) -> pl.DataFrame:
        return rows.join(scope.select(self._sheet.scope), on=self._sheet.scope, how="semi", maintain_order="left")

    def _over(self, scope: pl.DataFrame) -> Mask:
        return np.asarray(self._sheet.documents["doc_id"].is_in(scope["doc_id"].unique().implode()).to_numpy())

    def _score(self, pair: _Pair, measure: str, part: tuple[str, str] | None = None, column: int = 0) -> Score:
        counts, over = pair.counts, pair.over
        right = counts.partial if measure == PARTIAL else counts.matched
        blocks = {"right": right, "marked": counts.found + counts.wanted}
        (sums,) = resampled_together([(over, blocks)], self._plan, self._groups)
        each = formula.f1(sums["right"], sums["marked"])
        values = _mean_of_defined(each[:, 1:]) if measure == MACRO else each[:, column]
        told = interval(values, self._plan)
        matched, found, wanted = (float(b[over, column].sum()) for b in (right, counts.found, counts.wanted))
        plain = measure != MACRO
        by, value_of = part or (None, None)
        reason = "Nothing is marked on either side." if told.value is None else told.reason
        return Score(
            self._sheet.layer, measure, pair.who, pair.against, pair.person, by, value_of,
            told.value, told.low, told.high,
            matched / found if plain and found else None, matched / wanted if plain and wanted else None,
            int(over.sum()), len(np.unique(self._groups[over])), found, wanted, int(counts.masked[over].sum()), reason,
        )  # fmt: skip


def _mean_of_defined(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean of each row without NaN; NaN where there is nothing else."""
    defined = ~np.isnan(values)
    count = defined.sum(axis=1)
    sums = np.where(defined, values, 0.0).sum(axis=1)
    return np.where(count > 0, sums / np.maximum(count, 1), np.nan)
