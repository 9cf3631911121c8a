"""All measures at once, for `corpus-kit agreement`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import polars as pl

from corpus_kit.agreement.bootstrap import Resampling
from corpus_kit.agreement.characters import character_agreement
from corpus_kit.agreement.choices import choice_agreement
from corpus_kit.agreement.figures import Maker, Scope, nothing_hard
from corpus_kit.agreement.judgements import Readers, judged
from corpus_kit.agreement.records import Measured
from corpus_kit.agreement.spans import relation_agreement, span_agreement


def measure_agreement(
    annotations: pl.DataFrame,
    spans: pl.DataFrame,
    choices: pl.DataFrame,
    relations: pl.DataFrame,
    documents: pl.DataFrame,
    *,
    orders: Mapping[str, Sequence[str]] | None = None,
    pairs: bool = True,
    without: Collection[str] = (),
    plan: Resampling | None = None,
) -> Measured:
    """Every figure of every layer, from the tables of those names; the parameters are those of the single measures.

    Layers somebody worked on but nobody marked or answered anything in have one row, `observed`, that says so.
    """
    parts = [
        choice_agreement(choices, annotations, spans, orders=orders, pairs=pairs, without=without, plan=plan),
        span_agreement(spans, annotations, pairs=pairs, without=without, plan=plan),
        character_agreement(spans, annotations, documents, pairs=pairs, without=without, plan=plan),
        relation_agreement(relations, spans, annotations, pairs=pairs, without=without, plan=plan),
    ]
    people = judged(annotations, without=without)
    measured = {result.layer for part in parts for result in part.results}
    for layer in people["layer"].unique().sort():
        if layer not in measured:
            readers = Readers.of(people.filter(pl.col("layer") == layer))
            why = readers.excuse() or "Nobody has marked or answered anything in this layer."
            row = Maker(Scope(layer), readers, False, plan or Resampling()).blank("observed", why)
            parts.append(Measured((row,), nothing_hard()))
    return Measured.joined(parts)
