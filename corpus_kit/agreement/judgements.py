"""From the tables to who said what: the one place that decides which annotations are compared and what an item is.

A person counts once per document and layer: the latest annotation they submitted. An annotation without a single row in
`spans`, `choices` or `relations` counts: its author looked and found nothing. Two people are compared only where they
read the same text, so the unit is the page: a doc_id with the text_sha256 it was annotated on.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from corpus_kit.core.errors import UsageError
from corpus_kit.core.labels import known_in
from corpus_kit.core.records import REVIEW

SEPARATOR = "\x1f"
"""Between the values of one answer with several; no label of a labeling config can hold a control character."""

REVIEWED = " (review)"
"""After the pseudonym of somebody who settled a document in a review project: no independent voter."""

GROUP = "group"
"""A column of `annotations` that may say which documents are not independent; by default each is by itself."""

STARRED = " (star)"
"""After the pseudonym of somebody whose answer is marked as ground truth, where stars settle."""

COLUMNS = {
    "annotations": ("annotation_id", "doc_id", "layer", "origin", "annotator", "status", "text_sha256"),
    "spans": ("annotation_id", "doc_id", "layer", "control", "span_id", "start", "end", "label"),
    "choices": ("annotation_id", "doc_id", "layer", "control", "span_id", "target", "kind", "value"),
    "relations": ("annotation_id", "doc_id", "layer", "from_span", "to_span", "direction", "label"),
    "documents": ("doc_id", "text_sha256", "n_chars"),
}


@dataclass(frozen=True, slots=True)
class Readers:
    """Who worked on which page of a layer.

    annotators: sorted pseudonyms. doc_ids: one for each page. saw: shape (pages, annotators).
    shared: pages at least two of them worked on, shape (pages,).
    first_page: the number of the first of these pages in the rows of `latest_submissions`.
    group: pages of equal number are not independent (the same document, or near-copies), shape (pages,).
    """

    annotators: tuple[str, ...]
    doc_ids: pl.Series
    saw: NDArray[np.bool_]
    shared: NDArray[np.bool_]
    first_page: int
    group: NDArray[np.int64]

    @classmethod
    def of(cls, people: pl.DataFrame) -> Readers:
        """From the rows of `latest_submissions` that belong to one layer."""
        pages = people.filter(pl.col("page") != pl.col("page").shift(1, fill_value=-1))
        doc_ids = pages["doc_id"]
        group = pages[GROUP if GROUP in pages.columns else "doc_id"].rank("dense").cast(pl.Int64).to_numpy()
        annotators = tuple(people["annotator"].unique().sort().to_list())
        first_page = int(people["page"][0]) if people.height else 0
        saw = np.zeros((len(doc_ids), len(annotators)), dtype=np.bool_)
        saw[people["page"].to_numpy() - first_page, codes_of(people["annotator"], annotators)] = True
        return cls(annotators, doc_ids, saw, _twice(saw), first_page, group)

    def page_of(self, rows: pl.DataFrame) -> NDArray[np.int64]:
        """Index among these pages for rows of `of_people`, shape (rows,)."""
        return np.asarray(rows["page"].to_numpy() - self.first_page)

    def only(self, columns: Sequence[int]) -> Readers:
        chosen = list(columns)
        names, saw = tuple(self.annotators[c] for c in chosen), self.saw[:, chosen]
        return Readers(names, self.doc_ids, saw, _twice(saw), self.first_page, self.group)

    @property
    def n_groups(self) -> int:
        """Groups of documents that at least two of these people worked on."""
        return len(np.unique(self.group[self.shared]))

    def excuse(self) -> str:
        """Why these people cannot be compared at all; "" when they can."""
        if len(self.annotators) < 2:
            who = self.annotators[0] if self.annotators else "nobody"
            return f"Only {who} has worked on this layer; agreement needs two people."
        if not self.shared.any():
            return f"No two of {', '.join(self.annotators)} have worked on the same document."
        return ""


def _twice(saw: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return np.asarray(np.count_nonzero(saw, axis=1) >= 2)


def need(frame: pl.DataFrame, table: str) -> None:
    """Raise `UsageError` when `frame` lacks a column of `table` that agreement reads."""
    missing = [column for column in COLUMNS[table] if column not in frame.columns]
    if missing:
        raise UsageError(
            f"The {table} table has no column {', '.join(missing)}.",
            "Rebuild it with `corpus-kit build`, then measure.",
        )


def latest_submissions(
    annotations: pl.DataFrame,
    *,
    without: Collection[str] = (),
    reviews: bool = False,
    stars: bool = False,
    edited: bool = False,
) -> pl.DataFrame:
    """One row per layer, document and person: annotation_id, layer, doc_id, annotator, unread, page; sorted.

    Only submitted human annotations. without: pseudonyms left out, such as a reviewer who saw the others' answers.
    reviews: the latest answer of a review project for each document too, under its author's name and `REVIEWED`, in
    the place of what they had answered before. edited: also what somebody else changed later, which is no longer one
    person's own; with `reviews` always. stars: with `reviews`, the latest answer marked as ground truth settles its
    document likewise, under its author's name and `STARRED`. page: a running number of (layer, doc_id, text_sha256). A
    column `GROUP` is kept.
    """
    need(annotations, "annotations")
    submitted = annotations.filter((pl.col("status") == "submitted") & pl.col("annotator").is_not_null())
    people = submitted.filter((pl.col("origin") == "human") & ~pl.col("annotator").is_in(list(without)))
    people = _latest(people, ["layer", "doc_id", "annotator"])
    if reviews:
        people = _with_settled(people, submitted.filter(pl.col("origin") == REVIEW), REVIEWED)
        if stars and "ground_truth" in people.columns:
            human = (pl.col("origin") == "human") & ~pl.col("annotator").is_in(list(without))
            people = _with_settled(people, submitted.filter(human & pl.col("ground_truth")), STARRED)
    elif not edited and "edited_by" in people.columns:
        people = people.filter(pl.col("edited_by").is_null())  # it is no longer what one person said by themselves
    unread = "unread" if "unread" in people.columns else pl.lit(None, dtype=pl.String).alias("unread")
    group = [GROUP] if GROUP in people.columns else []
    return (
        people.select(
            "annotation_id", "layer", "doc_id", "annotator", pl.col("text_sha256").fill_null(""), unread, *group
        )
        .sort("layer", "doc_id", "text_sha256", "annotator")
        .select(
            "annotation_id",
            "layer",
            "doc_id",
            "annotator",
            "unread",
            pl.struct("layer", "doc_id", "text_sha256").rle_id().cast(pl.Int64).alias("page"),
            *group,
        )
    )


def _with_settled(people: pl.DataFrame, settling: pl.DataFrame, mark: str) -> pl.DataFrame:
    """`people` with the latest answer of `settling` for each document, under its author's name and `mark`."""
    settled = _latest(settling, ["layer", "doc_id"])
    if settled.is_empty():
        return people
    people = people.join(settled, on=["layer", "doc_id", "annotator"], how="anti")
    named = settled.with_columns(pl.col("annotator") + mark)
    return pl.concat([people, named.select(people.columns)])


def known_people(people: pl.DataFrame, control: str) -> pl.DataFrame:
    """Those of `latest_submissions` whose answer in a control could be read whole; the others' is neither yes nor no."""
    return people.filter(known_in(control)) if people["unread"].null_count() < people.height else people


def in_scope(people: pl.DataFrame, rows: pl.DataFrame, control: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """`people` and their `rows` (of `of_people` or `answers`) in one control, without those whose answer is not known."""
    known = known_people(people, control)
    if known.height == people.height:
        return people, rows
    known = known.with_columns(pl.col("page").rle_id().cast(pl.Int64).alias("page"))
    own = rows.drop("page").join(known.select("annotation_id", "page"), on="annotation_id", maintain_order="left")
    return known, own


def _latest(people: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """One row for each `key`: what was changed last."""
    again = people.select(key).is_duplicated()
    if not again.any():  # Sorting everything by time would cost more than all the rest.
        return people
    times = [c for c in ("updated_at", "created_at", "annotation_id") if c in people.columns]
    latest = people.filter(again).sort(times, nulls_last=False).unique(key, keep="last", maintain_order=True)
    return pl.concat([people.filter(~again), latest])


def reviewers_in(people: pl.DataFrame) -> tuple[str, ...]:
    """Those of `latest_submissions` who settled documents in a review project; at most one a document."""
    return _marked(people, REVIEWED)


def starred_in(people: pl.DataFrame) -> tuple[str, ...]:
    """Those of `latest_submissions` whose starred answers settle documents; at most one a document."""
    return _marked(people, STARRED)


def _marked(people: pl.DataFrame, mark: str) -> tuple[str, ...]:
    return tuple(name for name in people["annotator"].unique().sort().to_list() if name.endswith(mark))


def plain_name(name: str) -> str:
    """The pseudonym alone."""
    return name.removesuffix(REVIEWED).removesuffix(STARRED)


def of_people(rows: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """Rows of `spans`, `choices` or `relations` with page and annotator, of the annotations in `people` only."""
    return rows.join(people.select("annotation_id", "page", "annotator"), on="annotation_id", how="inner")


def span_bounds(spans: pl.DataFrame) -> pl.DataFrame:
    """Where each region lies: annotation_id, span_id, start, end, once however many labels it carries."""
    need(spans, "spans")
    return spans.select("annotation_id", "span_id", "start", "end").unique(["annotation_id", "span_id"], keep="any")


def span_keys(spans: pl.DataFrame) -> pl.DataFrame:
    """The same as `annotation_id`, `span_id`, `at`, with the place as `start-end`."""
    return span_bounds(spans).select("annotation_id", "span_id", pl.format("{}-{}", "start", "end").alias("at"))


def directed(relations: pl.DataFrame, place: pl.DataFrame) -> pl.DataFrame:
    """`relations` with `one`, `two` and `way`, equal for equal relations however they were drawn.

    place: `at` for each annotation_id and span_id; an end that has none is known by its span_id. What points left is
    turned round, and `one` is the smaller of the two where there is no direction.
    """
    for end in ("from", "to"):
        own = place.select("annotation_id", pl.col("span_id").alias(f"{end}_span"), pl.col("at").alias(end))
        relations = relations.join(own, on=["annotation_id", f"{end}_span"], how="left").with_columns(
            pl.col(end).fill_null(pl.concat_str(pl.lit("?"), f"{end}_span"))
        )
    one_way = pl.col("direction").is_in(["left", "right"]).fill_null(False)
    turned = pl.when(one_way).then(pl.col("direction") == "left").otherwise(pl.col("from") > pl.col("to"))
    return relations.with_columns(
        pl.when(turned).then("to").otherwise("from").alias("one"),
        pl.when(turned).then("from").otherwise("to").alias("two"),
        pl.when(one_way).then(pl.lit("right")).otherwise(pl.lit("bi")).alias("way"),
    )


def answers(choices: pl.DataFrame, spans: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """One row per answer: annotation_id, doc_id, layer, control, target, region, kind, value, page, annotator.

    region: "" for the whole document, else `start-end`: two people answer for the same region when they drew it alike.
    value: the chosen value; several, as from checkboxes, are sorted and joined by `SEPARATOR`. In no special order.
    """
    need(choices, "choices")
    rows = of_people(choices.filter(pl.col("value").is_not_null()), people)
    if rows["span_id"].null_count() < rows.height:
        region = pl.format("{}-{}", pl.col("start"), pl.col("end"))
        rows = (
            rows.join(span_bounds(spans), on=["annotation_id", "span_id"], how="left")
            .with_columns(pl.when(pl.col("span_id").is_null()).then(pl.lit("")).otherwise(region).alias("region"))
            .filter(pl.col("region").is_not_null())
        )
    else:
        rows = rows.with_columns(pl.lit("").alias("region"))
    question = ["page", "annotator", "control", "target", "region"]
    rows = rows.select(
        "annotation_id", "doc_id", "layer", "control", "target", "region", "kind", pl.col("value").cast(pl.String),
        "page", "annotator",
    )  # fmt: skip
    several = rows.select(question).is_duplicated()
    if not several.any():
        return rows
    joined = (
        rows.filter(several)
        .group_by(question)
        .agg(
            pl.col("annotation_id", "doc_id", "layer", "kind").min(),
            pl.col("value").unique().sort().str.join(SEPARATOR),
        )
    )
    return pl.concat([rows.filter(~several), joined.select(rows.columns)])


def readable(value: str) -> str:
    """An answer as people and JSON readers see it: the value itself, or a JSON list of several."""
    return json.dumps(value.split(SEPARATOR), ensure_ascii=False) if SEPARATOR in value else value


def codes_of(column: pl.Series, values: Iterable[str]) -> NDArray[np.int64]:
    """Positions of `column` in `values`, which are distinct and hold every entry."""
    return np.asarray(column.cast(pl.Enum(list(values))).to_physical().to_numpy(), dtype=np.int64)
