"""Agreement of a whole corpus, from its made tables: all measures, where people differ most, and who did the work."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from corpus_kit.agreement.judgements import GROUP, Readers, latest_submissions
from corpus_kit.agreement.measures.bootstrap import DECIMALS, Resampling
from corpus_kit.agreement.measures.characters import character_agreement
from corpus_kit.agreement.measures.choices import choice_agreement
from corpus_kit.agreement.measures.figures import Maker, Scope, nothing_hard
from corpus_kit.agreement.measures.gamma import gamma_agreement
from corpus_kit.agreement.measures.records import AgreementFigure, Measured
from corpus_kit.agreement.measures.spans import relation_agreement, span_agreement
from corpus_kit.agreement.measures.unitizing import unitizing_agreement
from corpus_kit.core.config import AgreementSettings as Settings
from corpus_kit.core.identity import publisher_of
from corpus_kit.core.labels import read_labels, trimmed
from corpus_kit.core.layers import Layer
from corpus_kit.core.schema.columns import columns_of
from corpus_kit.core.storage.tables import scan


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

    Layers somebody worked on but no one marked or answered anything in have one row, `observed`, that says so.
    """
    parts = [
        choice_agreement(choices, annotations, spans, orders=orders, pairs=pairs, without=without, plan=plan),
        span_agreement(spans, annotations, pairs=pairs, without=without, plan=plan),
        character_agreement(spans, annotations, documents, pairs=pairs, without=without, plan=plan),
        relation_agreement(relations, spans, annotations, pairs=pairs, without=without, plan=plan),
    ]
    if plan is None or plan.units:
        parts.append(unitizing_agreement(spans, annotations, documents, pairs=pairs, without=without, plan=plan))
        parts.append(gamma_agreement(spans, annotations, documents, without=without, plan=plan))
    people = latest_submissions(annotations, without=without)
    measured = {result.layer for part in parts for result in part.results}
    for layer in people["layer"].unique().sort():
        if layer not in measured:
            readers = Readers.of(people.filter(pl.col("layer") == layer))
            why = readers.excuse() or "No one has marked or answered anything in this layer."
            row = Maker(Scope(layer), readers, False, plan or Resampling()).blank("observed", why)
            parts.append(Measured((row,), nothing_hard()))
    return Measured.joined(parts)


MOST_HURTING = 100


@dataclass(frozen=True, slots=True)
class LayerWork:
    """Who worked on a layer.

    by_people: how many documents had one annotator, two, and so on. guidelines: version and sha256 of the current text.
    older_guidelines: annotations made under another text of the guidelines than the current one.
    unknown: annotations of which a part could not be read; there they are no judgement. edited: those that somebody else
    changed later, which are left out.
    """

    layer: str
    annotators: tuple[str, ...]
    annotations: int
    documents: int
    by_people: dict[str, int]
    guidelines_version: str | None
    guidelines_sha256: str | None
    older_guidelines: int
    unknown: int = 0
    edited: int = 0


@dataclass(frozen=True, slots=True)
class HardDocument:
    """One document and what it adds to the disagreement of a measure; share: of all the disagreement there is."""

    layer: str
    control: str | None
    target: str | None
    measure: str
    doc_id: str
    source: str | None
    n_annotators: int
    disagreement: float
    share: float
    rank: int


@dataclass(frozen=True, slots=True)
class AnnotatorVsRest:
    """How far one person agrees with the others: the mean of a measure over the pairs they are in, by shared items.

    pairs: with how many others it is defined. n_items: compared in these pairs together.
    """

    layer: str
    annotator: str
    control: str | None
    target: str | None
    measure: str
    value: float
    pairs: int
    n_items: int


@dataclass(frozen=True, slots=True)
class AgreementReport:
    """figures: unrounded. hurting: the worst documents of each measure. people: everybody against the rest, where somebody
    who reads the guidelines otherwise stands out. left_out: reviewers, who saw others' answers."""

    figures: tuple[AgreementFigure, ...]
    hurting: tuple[HardDocument, ...]
    work: tuple[LayerWork, ...]
    people: tuple[AnnotatorVsRest, ...]
    left_out: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        return {
            "figures": [figure.as_dict() for figure in self.figures],
            "hurting": [asdict(one) for one in self.hurting],
            "work": [asdict(one) | {"annotators": list(one.annotators)} for one in self.work],
            "people": [asdict(one) for one in self.people],
            "left_out": list(self.left_out),
        }

    @classmethod
    def from_dict(cls, read: Mapping[str, Any]) -> AgreementReport:
        """What `as_dict` gave, as JSON has kept it."""

        def tuples(row: Mapping[str, Any]) -> dict[str, Any]:
            return {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}

        return cls(
            tuple(AgreementFigure(**tuples(row)) for row in read["figures"]),
            tuple(HardDocument(**row) for row in read["hurting"]),
            tuple(LayerWork(**tuples(row)) for row in read["work"]),
            tuple(AnnotatorVsRest(**row) for row in read["people"]),
            tuple(read["left_out"]),
        )

    def of_layers(self, names: Collection[str]) -> AgreementReport:
        """The same of some layers only."""
        return AgreementReport(
            tuple(one for one in self.figures if one.layer in names),
            tuple(one for one in self.hurting if one.layer in names),
            tuple(one for one in self.work if one.layer in names),
            tuple(one for one in self.people if one.layer in names),
            self.left_out,
        )


def measure_corpus(
    out: Path, layers: Sequence[Layer], settings: Settings, *, without: Collection[str] = (), trim: bool = True
) -> AgreementReport:
    """Measure `out/annotations`, every annotation on the text it was made on.

    without: pseudonyms left out. trim: white space at the edges of spans does not count.
    """
    labels = read_labels(out / "annotations")
    documents = annotated_documents(out, labels.annotations)
    names = [layer.name for layer in layers]
    mine = pl.col("layer").is_in(names)
    annotations = labels.annotations.filter(mine)
    annotations = grouped(annotations, documents, settings.together)
    people = latest_submissions(annotations)
    measured = measure_agreement(
        annotations,
        trimmed(labels.spans.filter(mine)) if trim else labels.spans.filter(mine),
        labels.choices.filter(mine),
        labels.relations.filter(mine),
        documents,
        orders=settings.orders,
        without=without,
        plan=Resampling(settings.resamples, settings.seed),
    )
    place = {name: i for i, name in enumerate(names)}
    worst = measured.hardest.filter(pl.col("rank") <= MOST_HURTING).join(
        documents.select("doc_id", "source").unique("doc_id", keep="first", maintain_order=True),
        on="doc_id",
        how="left",
        maintain_order="left",
    )
    return AgreementReport(
        tuple(sorted(measured.results, key=lambda figure: place[figure.layer])),
        tuple(HardDocument(**row) for row in worst.iter_rows(named=True)),
        tuple(_work(layer, people.filter(pl.col("layer") == layer.name), annotations) for layer in layers),
        tuple(with_the_rest(measured.results)),
        tuple(sorted(set(without) & set(people["annotator"].to_list()))),
    )


def grouped(annotations: pl.DataFrame, documents: pl.DataFrame, together: str) -> pl.DataFrame:
    """`annotations` with `GROUP`: which documents are drawn together for intervals.

    Args:
        documents: doc_id, duplicate_cluster, outlet, url. together: `copies`, `publisher` or `nothing`. A document
            without a publisher stands with its near-copies.
    """
    if together == "nothing" or GROUP in annotations.columns:
        return annotations
    known = documents.filter(pl.col("duplicate_cluster").is_not_null()).unique(
        "doc_id", keep="first", maintain_order=True
    )
    group = known["duplicate_cluster"].to_list()
    if together == "publisher":
        named = known.select("outlet", "url").iter_rows()
        group = [publisher_of(*row) or own for row, own in zip(named, group, strict=True)]
    table = known.select("doc_id", pl.Series(GROUP, group, pl.String))
    joined = annotations.join(table, on="doc_id", how="left", maintain_order="left")
    return joined.with_columns(pl.col(GROUP).fill_null(pl.col("doc_id")))


def annotated_documents(out: Path, annotations: pl.DataFrame) -> pl.DataFrame:
    """doc_id, text_sha256, n_chars and source of every text that carries annotations, current or not."""
    annotated = annotations.select("doc_id").unique().lazy()
    dtypes = columns_of("documents")
    columns = ["doc_id", "text_sha256", "n_chars", "source", "duplicate_cluster", "outlet", "url", "language"]
    parts = [pl.DataFrame(schema={name: dtypes[name] for name in columns}).lazy()]
    current, older = scan(out / "documents", "documents"), scan(out / "annotations", "texts")
    if current is not None:
        parts.append(current.select(columns).join(annotated, on="doc_id", how="semi"))
    if older is not None:
        length = pl.col("text").str.len_chars().cast(pl.Int64).alias("n_chars")
        nothing = [pl.lit(None, dtype=dtypes[name]).alias(name) for name in columns[3:]]
        parts.append(older.select("doc_id", "text_sha256", length, *nothing))
    return pl.concat(parts).unique(["doc_id", "text_sha256"], keep="first", maintain_order=True).collect()


def _work(layer: Layer, people: pl.DataFrame, annotations: pl.DataFrame) -> LayerWork:
    each = people.group_by("doc_id").len()["len"].value_counts().sort("len") if people.height else None
    made = annotations.join(people.select("annotation_id"), on="annotation_id", how="semi")["guidelines_sha256"]
    return LayerWork(
        layer.name,
        tuple(people["annotator"].unique().sort().to_list()),
        people.height,
        people["doc_id"].n_unique(),
        {} if each is None else {str(n): documents for n, documents in each.iter_rows()},
        layer.guidelines_version,
        layer.guidelines_sha256,
        int((made.is_not_null() & (made != (layer.guidelines_sha256 or ""))).sum()),
        people["unread"].len() - people["unread"].null_count(),
        annotations.filter(
            (pl.col("layer") == layer.name) & (pl.col("status") == "submitted") & pl.col("edited_by").is_not_null()
        ).height,
    )


def with_the_rest(figures: Sequence[AgreementFigure]) -> Iterator[AnnotatorVsRest]:
    pairs: dict[tuple[str, str, str, str, str], list[tuple[float, int]]] = {}
    for f in figures:
        if f.pair and f.label is None and f.value is not None and f.n_items:
            for name in f.annotators:
                key = (f.layer, f.control or "", f.target or "", f.measure, name)
                pairs.setdefault(key, []).append((f.value, f.n_items))
    for (layer, control, target, measure, name), found in sorted(pairs.items()):
        items = sum(n for _, n in found)
        value = round(sum(value * n for value, n in found) / items, DECIMALS)
        yield AnnotatorVsRest(layer, name, control or None, target or None, measure, value, len(found), items)
