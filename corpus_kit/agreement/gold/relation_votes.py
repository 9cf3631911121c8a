"""Settling relations by vote: between gold spans, whichever boundaries each annotator drew for them."""

from __future__ import annotations

from typing import Any

import polars as pl

from corpus_kit.agreement.gold.choice_votes import settled_by
from corpus_kit.agreement.gold.policy import DECISION_SCHEMA, GOLD, NONE, OPEN, Policy, gold_annotation_id
from corpus_kit.agreement.judgements import directed, need, of_people, span_bounds

GOLD_RELATIONS: dict[str, Any] = {
    "annotation_id": pl.String,
    "doc_id": pl.String,
    "layer": pl.String,
    "from_span": pl.String,
    "to_span": pl.String,
    "direction": pl.String,
    "label": pl.String,
}


def settle_relations(
    relations: pl.DataFrame,
    spans: pl.DataFrame,
    people: pl.DataFrame,
    members: pl.DataFrame,
    gold_spans: pl.DataFrame,
    policy: Policy,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Decisions and gold rows of `relations`. Everybody who worked on the document votes.

    members: annotation_id, start, end, gold_start, gold_end of every span that a gold span stands for: an end drawn
    differently is still the same end. A relation that has the votes but not both ends in gold stays open.
    """
    need(relations, "relations")
    rows = directed(of_people(relations, people), _gold_places(spans, members)).with_columns(
        pl.col("label").fill_null("")
    )
    if rows.is_empty():
        return pl.DataFrame(schema=DECISION_SCHEMA), pl.DataFrame(schema=GOLD_RELATIONS)
    item = ["layer", "doc_id", "one", "two", "way", "label"]
    voters = people.group_by("layer", "doc_id").agg(
        pl.len().alias("votes"), pl.col("annotator").unique().alias("voters")
    )
    made = pl.col("annotator").unique()
    table = (
        rows.group_by(item)
        .agg(made.alias("made"), pl.col("annotation_id").unique().sort().alias("inputs"))
        .join(voters, on=["layer", "doc_id"])
        .with_columns(pl.col("made").list.len().alias("votes_for"))
        .with_columns(_outcome(policy), _reviewer(policy, "voters").alias("reviewer"))
    )
    kept = pl.col("made").list.contains(pl.col("reviewer"), nulls_equal=True)
    table = table.with_columns(
        pl.when(pl.col("reviewer").is_null())
        .then("outcome")
        .when(kept)
        .then(pl.lit(GOLD))
        .otherwise(pl.lit(NONE))
        .alias("outcome")
    )
    place = gold_spans.group_by("layer", "doc_id", pl.format("{}-{}", "start", "end").alias("at")).agg(
        pl.col("span_id").min()
    )
    for end, span in (("one", "from_span"), ("two", "to_span")):
        table = table.join(place.rename({"at": end, "span_id": span}), on=["layer", "doc_id", end], how="left")
    homeless = (pl.col("outcome") == GOLD) & (pl.col("from_span").is_null() | pl.col("to_span").is_null())
    reviewed = pl.col("reviewer").is_not_null()
    counted = pl.format("{} of {} drew it.", "votes_for", "votes")
    table = table.with_columns(
        pl.when(homeless).then(pl.lit(OPEN)).otherwise("outcome").alias("outcome"),
        pl.when(homeless)
        .then(pl.format("{} of {} drew it, but an end is not gold.", "votes_for", "votes"))
        .when(reviewed)
        .then(settled_by(pl.col("reviewer"), counted))
        .otherwise(counted)
        .alias("why"),
        pl.when(reviewed).then(pl.lit("reviewer")).otherwise(pl.lit(policy.voting)).alias("policy"),
    ).sort(item)
    return _decisions(table), _gold(table)


def _gold_places(spans: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """annotation_id, span_id and the place of the gold span it became; its own place where it became none."""
    became = members.group_by("annotation_id", "start", "end").agg(pl.col("gold_start", "gold_end").first())
    found = span_bounds(spans).join(became, on=["annotation_id", "start", "end"], how="left")
    start, end = pl.coalesce("gold_start", "start"), pl.coalesce("gold_end", "end")
    return found.select("annotation_id", "span_id", pl.format("{}-{}", start, end).alias("at"))


def _outcome(policy: Policy) -> pl.Expr:
    enough = pl.col("votes") >= policy.min_votes
    passed = policy.rule.passed(pl.col("votes_for"), pl.col("votes"))
    contested = policy.rule.contested(pl.col("votes_for"), pl.col("votes"))
    return (
        pl.when(~enough | (contested & ~passed))
        .then(pl.lit(OPEN))
        .when(passed)
        .then(pl.lit(GOLD))
        .otherwise(pl.lit(NONE))
        .alias("outcome")
    )


def _reviewer(policy: Policy, voters: str) -> pl.Expr:
    """The first reviewer among the voters of a document, null where there is none."""
    found = [pl.when(pl.col(voters).list.contains(name)).then(pl.lit(name)) for name in policy.reviewers]
    return pl.coalesce(*found, pl.lit(None, dtype=pl.String))


def _decisions(table: pl.DataFrame) -> pl.DataFrame:
    shown = table.with_columns(
        pl.lit("").alias("control"),
        pl.lit("relations").alias("table"),
        pl.format("{} {} {}:{}", "one", "way", "two", "label").alias("item"),
        pl.when(pl.col("outcome") != OPEN).then("label").alias("value"),
        pl.lit(0).alias("unknown"),
        (pl.col("votes_for") / pl.col("votes")).alias("support"),
        pl.concat_list("reviewer").list.drop_nulls().alias("who"),
    )
    return shown.select(pl.col(name).cast(dtype) for name, dtype in DECISION_SCHEMA.items())


def _gold(table: pl.DataFrame) -> pl.DataFrame:
    won = table.filter(pl.col("outcome") == GOLD)
    ids = [gold_annotation_id(*row) for row in won.select("layer", "doc_id").iter_rows()]
    return won.with_columns(
        pl.Series("annotation_id", ids, pl.String),
        pl.col("way").alias("direction"),
        pl.when(pl.col("label") != "").then("label").alias("label"),
    ).select(pl.col(name).cast(dtype) for name, dtype in GOLD_RELATIONS.items())
