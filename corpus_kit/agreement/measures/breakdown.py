"""The same figures by the rules, the time and the kind of text they were made under; and how much work a width needs."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from corpus_kit.agreement.judgements import latest_submissions
from corpus_kit.agreement.measures.bootstrap import Resampling
from corpus_kit.agreement.measures.measured import (
    AnnotatorVsRest,
    annotated_documents,
    grouped,
    measure_agreement,
    with_the_rest,
)
from corpus_kit.agreement.measures.records import AgreementFigure
from corpus_kit.core.config import AgreementSettings as Settings
from corpus_kit.core.errors import UsageError, did_you_mean
from corpus_kit.core.identity import publisher_of
from corpus_kit.core.labels import Labels, read_labels
from corpus_kit.core.layers import Layer

VALUE = "value"
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class LayerPart:
    """One part of a layer's work: its figures, and how far each person agrees with the rest of them.

    value: of what was asked for, such as `2031-04` or a version of the guidelines. since: the first annotation in it.
    """

    by: str
    value: str
    layer: str
    since: str
    annotations: int
    documents: int
    figures: tuple[AgreementFigure, ...]
    people: tuple[AnnotatorVsRest, ...]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"figures": [figure.as_dict() for figure in self.figures]}


@dataclass(frozen=True, slots=True)
class Needed:
    """What an interval of a wanted width takes: `more` groups of documents labelled by several, besides those there are.

    more: None where there is no interval to start from.
    """

    layer: str
    control: str | None
    target: str | None
    measure: str
    value: float | None
    width: float | None
    groups: int
    more: int | None


def agreement_by(
    out: Path,
    layers: Sequence[Layer],
    settings: Settings,
    by: str,
    *,
    without: Collection[str] = (),
    units: bool = True,
) -> list[LayerPart]:
    """The figures of each part of the work, in the order of its first annotation.

    Rules (`guidelines`, `config`) part the annotations: people are compared where they worked under the same ones. All
    else parts the documents. `month` is that of a document's last annotation, when it could first be compared.

    Args:
        by: one of `BY`. without: pseudonyms left out. units: also measure whole units.

    Raises:
        UsageError: there is no such breakdown.
    """
    if by not in BY:
        raise UsageError(
            f"There is no breakdown by {by!r}.{did_you_mean(by, list(BY))}", f"Use one of {', '.join(BY)}."
        )
    labels = read_labels(out / "annotations")
    documents = annotated_documents(out, labels.annotations)
    names = [layer.name for layer in layers]
    labels = Labels(*(getattr(labels, name).filter(pl.col("layer").is_in(names)) for name in Labels.__slots__))
    people = latest_submissions(labels.annotations, without=without)
    counted = labels.annotations.join(people.select("annotation_id"), on="annotation_id", how="semi")
    valued = BY[by](counted, labels, documents, {layer.name: layer for layer in layers})
    valued = grouped(valued.with_columns(pl.col(VALUE).fill_null(UNKNOWN)), documents, settings.together)
    plan = Resampling(settings.resamples, settings.seed, units=units)
    parts = []
    for (layer, value), own in valued.sort("layer", VALUE).group_by("layer", VALUE, maintain_order=True):
        spans, choices, relations = _of(labels, own)
        measured = measure_agreement(
            own.drop(VALUE), spans, choices, relations, documents, orders=settings.orders, plan=plan
        )
        figures = measured.results
        parts.append(
            LayerPart(
                by,
                str(value),
                str(layer),
                own["created_at"].drop_nulls().cast(pl.String).min() or "",  # type: ignore[arg-type]  # of strings it is one
                own.height,
                own["doc_id"].n_unique(),
                tuple(figure for figure in figures if not figure.pair),
                tuple(with_the_rest(figures)),
            )
        )
    place = {name: i for i, name in enumerate(names)}
    return sorted(parts, key=lambda part: (place[part.layer], part.value if by == "month" else part.since, part.value))


def _of(labels: Labels, own: pl.DataFrame) -> list[pl.DataFrame]:
    """Spans, choices and relations of these annotations."""
    ids = own.select("annotation_id").unique()
    frames = (labels.spans, labels.choices, labels.relations)
    return [frame.join(ids, on="annotation_id", how="semi") for frame in frames]


def _by_rules(column: str) -> Callable[..., pl.DataFrame]:
    def valued(
        counted: pl.DataFrame, _labels: Labels, _documents: pl.DataFrame, layers: Mapping[str, Layer]
    ) -> pl.DataFrame:
        current = {getattr(layer, column): layer.guidelines_version for layer in layers.values()}

        def name(sha256: str) -> str:
            version = current.get(sha256) if column == "guidelines_sha256" else None
            return (
                f"{sha256[:8]} ({f'current, {version}' if version else 'current'})" if sha256 in current else sha256[:8]
            )

        names = {sha256: name(sha256) for sha256 in counted[column].drop_nulls().unique().to_list()}
        return counted.with_columns(
            pl.col(column).replace_strict(names, default=None, return_dtype=pl.String).alias(VALUE)
        )

    return valued


def _by_month(
    counted: pl.DataFrame, _labels: Labels, _documents: pl.DataFrame, _layers: Mapping[str, Layer]
) -> pl.DataFrame:
    last = pl.col("created_at").cast(pl.String).max().over("layer", "doc_id")
    return counted.with_columns(last.str.slice(0, 7).alias(VALUE))


def _by_document(value: Callable[[dict[str, Any]], str | None]) -> Callable[..., pl.DataFrame]:
    def valued(
        counted: pl.DataFrame, _labels: Labels, documents: pl.DataFrame, _layers: Mapping[str, Layer]
    ) -> pl.DataFrame:
        current = documents.unique("doc_id", keep="first", maintain_order=True)
        values = pl.Series(VALUE, [value(row) for row in current.iter_rows(named=True)], pl.String)
        return counted.join(current.select("doc_id", values), on="doc_id", how="left", maintain_order="left")

    return valued


def _by_suggestions(
    counted: pl.DataFrame, labels: Labels, _documents: pl.DataFrame, _layers: Mapping[str, Layer]
) -> pl.DataFrame:
    taken = labels.spans.filter(pl.col("origin").is_in(["accepted", "edited"])).select("layer", "doc_id").unique()
    taken = taken.with_columns(pl.lit("suggestions taken up").alias(VALUE))
    found = counted.join(taken, on=["layer", "doc_id"], how="left", maintain_order="left")
    return found.with_columns(pl.col(VALUE).fill_null("by hand"))


BY: dict[str, Callable[..., pl.DataFrame]] = {
    "guidelines": _by_rules("guidelines_sha256"),
    "config": _by_rules("config_sha256"),
    "month": _by_month,
    "language": _by_document(lambda row: row["language"]),
    "publisher": _by_document(lambda row: publisher_of(row["outlet"], row["url"])),
    "suggested": _by_suggestions,
}
"""What the work can be parted by."""


def needed_for(figures: Sequence[AgreementFigure], width: float) -> list[Needed]:
    """How many more groups of documents several people are to label for intervals of this width.

    An interval narrows with the root of the groups it draws; figures by label and of pairs are left out.

    Args:
        width: of the whole interval, such as 0.05 for [0.72, 0.77].
    """
    found = []
    for figure in figures:
        if figure.pair or figure.label is not None or figure.measure == "boundary_distance":
            continue
        own = None if figure.low is None or figure.high is None else figure.high - figure.low
        more = (
            None if own is None else max(0, math.ceil(round(figure.n_groups * (own / width) ** 2, 6)) - figure.n_groups)
        )
        found.append(
            Needed(
                figure.layer, figure.control, figure.target, figure.measure, figure.value, own, figure.n_groups, more
            )
        )
    return found


def drift(
    out: Path, layers: Sequence[Layer], settings: Settings, *, without: Collection[str] = ()
) -> list[dict[str, Any]]:
    """Each month of each layer: everybody's figures and each person's with the rest, without intervals; and the texts of the
    guidelines that were first used in it."""
    quick = settings.model_copy(update={"resamples": 0})
    revisions = {
        (part.layer, part.since[:7], part.value)
        for part in agreement_by(out, layers, quick, "guidelines", without=without, units=False)
    }
    months = []
    for part in agreement_by(out, layers, quick, "month", without=without, units=False):
        made = sorted(value for layer, month, value in revisions if (layer, month) == (part.layer, part.value))
        told = {key: value for key, value in part.as_dict().items() if key != "since"}  # a moment of somebody's work
        months.append(told | {"guidelines": made})
    return months
