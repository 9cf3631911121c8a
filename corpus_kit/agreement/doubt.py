"""Answers about documents that a model which had not seen the document would not give: confident learning.

For each answer the out-of-sample probability is compared with how sure the model is, on average, of documents that people
gave the other answer to; only where it is at least that sure of another one is an answer in doubt. Source: C. G. Northcutt,
L. Jiang, I. L. Chuang (2021), Confident learning: estimating uncertainty in dataset labels, JAIR 70, 1373-1411.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from corpus_kit.agreement.judgements import latest_submissions
from corpus_kit.agreement.measures.bootstrap import DECIMALS
from corpus_kit.agreement.review import Suspect
from corpus_kit.core.labels import read_label_table


@dataclass(frozen=True, slots=True)
class OutOfSample:
    """What a model says of documents it had not seen. doc_ids, given: of each, and its answer; labels: in order; chances:
    shape (documents, labels). accuracy: of its likeliest answers."""

    doc_ids: Sequence[str]
    given: Sequence[str]
    labels: Sequence[str]
    chances: NDArray[np.float64]
    accuracy: float


def doubtful(found: OutOfSample) -> dict[str, dict[str, tuple[str, float, float]]]:
    """doc_id → answer → (the likelier one, its probability, that of the answer), for every answer that is in doubt."""
    given = np.array([found.labels.index(one) for one in found.given])
    usual = np.array(
        [
            found.chances[given == label, label].mean() if (given == label).any() else 1.0
            for label in range(len(found.labels))
        ]
    )
    made: dict[str, dict[str, tuple[str, float, float]]] = {}
    for doc_id, chances in zip(found.doc_ids, found.chances, strict=True):
        sure = np.where(chances >= usual, chances, 0.0)
        best = int(sure.argmax())
        for label, name in enumerate(found.labels):
            if label != best and sure[best] > chances[label]:
                told = (found.labels[best], float(chances[best]), float(chances[label]))
                made.setdefault(doc_id, {})[name] = told
    return made


def answer_suspects(out: Path, trials: Mapping[tuple[str, str], OutOfSample], *, gold: bool) -> list[Suspect]:
    """Answers in doubt, most suspicious first, unranked (rank 0). trials: by layer and control. gold: of `out/gold`, else
    every person's."""
    folder = out / ("gold" if gold else "annotations")
    annotations = read_label_table(folder, "annotations")
    choices = read_label_table(folder, "choices").filter(pl.col("span_id").is_null())
    if not gold:
        choices = choices.join(latest_submissions(annotations), on="annotation_id", how="semi")
    choices = choices.join(annotations.select("annotation_id", "annotator"), on="annotation_id", how="left")
    made = []
    for (layer, control), found in trials.items():
        doubts = doubtful(found)
        mine = choices.filter(pl.col("layer") == layer, pl.col("control") == control)
        for row in mine.select("doc_id", "annotation_id", "annotator", "value").iter_rows(named=True):
            told = doubts.get(row["doc_id"], {}).get(row["value"])
            if told is not None:
                made.append(_suspect(layer, control, row, told, found.accuracy))
    return sorted(made, key=lambda one: (-one.suspicion, one.layer, one.control, one.doc_id, one.annotation_id))


def joined(*ranked: Sequence[Suspect]) -> list[Suspect]:
    """Several lists as one, by suspicion, ranked from 1."""
    every = sorted((one for each in ranked for one in each), key=lambda one: -one.suspicion)
    return [replace(one, rank=rank) for rank, one in enumerate(every, start=1)]


def _suspect(
    layer: str, control: str, row: Mapping[str, str], told: tuple[str, float, float], accuracy: float
) -> Suspect:
    expected, theirs, given = told
    evidence = (
        f"a model that had not seen this document gives {expected} {theirs:.2f} and {row['value']} {given:.2f}; "
        f"it is right in {accuracy:.2f} of the documents"
    )
    suspicion = round(math.log(max(theirs, 1e-9)) - math.log(max(given, 1e-9)), DECIMALS)
    return Suspect(
        rank=0,
        layer=layer,
        control=control,
        doc_id=row["doc_id"],
        annotation_id=row["annotation_id"],
        annotator=row["annotator"],
        start=None,
        end=None,
        surface="",
        label=row["value"],
        expected=expected,
        suspicion=suspicion,
        probability=round(given, DECIMALS),
        expected_probability=round(theirs, DECIMALS),
        elsewhere=0,
        alike=0,
        evidence=evidence,
    )
