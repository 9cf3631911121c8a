"""Settling choices, ratings and numbers by vote or by Dawid and Skene's model."""

from __future__ import annotations

from typing import Any

import polars as pl

from corpus_kit.agreement.gold import dawid_skene
from corpus_kit.agreement.gold.policy import DECISION_SCHEMA, GOLD, NONE, OPEN, Policy, gold_annotation_id
from corpus_kit.agreement.judgements import REVIEWED, SEPARATOR, STARRED, answers, codes_of
from corpus_kit.core.labels import UNREAD

QUESTION = ["layer", "control", "doc_id", "target", "region"]
"""What an answer is an answer to."""

MODELLED_KINDS = ["choice", "rating", "taxonomy"]
"""Kinds whose labels are few and repeat, so that an annotator's errors on them can be estimated."""

EVEN = 1e-6
"""Posteriors closer than this are a tie."""

GOLD_CHOICES: dict[str, Any] = {
    "annotation_id": pl.String,
    "doc_id": pl.String,
    "layer": pl.String,
    "control": pl.String,
    "span_id": pl.String,
    "target": pl.String,
    "kind": pl.String,
    "value": pl.String,
    "score": pl.Float64,
}

TICKED, UNTICKED = "yes", "no"


def settle_choices(
    choices: pl.DataFrame, spans: pl.DataFrame, people: pl.DataFrame, gold_spans: pl.DataFrame, policy: Policy
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Decisions and gold rows of `choices`.

    Where anybody ticked several labels of a control, each label is a vote of its own, ticked or not by those who
    answered; an answer of which one label stays open is open as a whole. A choice on a region counts for the region as
    drawn, and is gold only if the region is.
    """
    votes = _votes(known_answers(answers(choices, spans, people), people))
    if votes.is_empty():
        return pl.DataFrame(schema=DECISION_SCHEMA), pl.DataFrame(schema=GOLD_CHOICES)
    decided = _with_regions(_decided(votes, policy), gold_spans)
    # One label in dispute keeps the whole answer back: gold must not look complete where it is not.
    disputed = (pl.col("outcome") == OPEN).any().over(QUESTION) & (pl.col("outcome") != OPEN)
    decided = decided.with_columns(
        pl.when(disputed).then(pl.lit(OPEN)).otherwise("outcome").alias("outcome"),
        pl.when(disputed).then(pl.col("why") + " Another label of this answer is open.").otherwise("why").alias("why"),
    ).sort(*QUESTION, "label")
    return _decisions(decided), _gold(decided)


def known_answers(given: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """Answers of people whose answer in that control could be read whole: the part of one is not the answer."""
    torn = people.filter(pl.col("unread").is_not_null())
    if torn.is_empty():
        return given
    lost = torn.select("annotation_id", control=pl.col("unread").str.split(UNREAD)).explode("control")
    return given.join(lost, on=["annotation_id", "control"], how="anti")


def _votes(given: pl.DataFrame) -> pl.DataFrame:
    """One row per question (of checkboxes: per question and label), annotator and answer; label is null elsewhere."""
    several = pl.col("value").str.contains(SEPARATOR, literal=True).any().over("layer", "control")
    given = given.with_columns(several.alias("several"), pl.lit(None, dtype=pl.String).alias("label"))
    columns = [*QUESTION, "label", "kind", "annotation_id", "annotator", "value"]
    boxes = given.filter("several").with_columns(pl.col("value").str.split(SEPARATOR).alias("ticked"))
    ticked_by_anybody = boxes.select(*QUESTION, pl.col("ticked").alias("label")).explode("label").unique()
    labelled = boxes.drop("label").join(ticked_by_anybody, on=QUESTION, nulls_equal=True)
    ticked = pl.when(pl.col("label").is_in(pl.col("ticked"))).then(pl.lit(TICKED)).otherwise(pl.lit(UNTICKED))
    return pl.concat(
        [given.filter(~pl.col("several")).select(columns), labelled.with_columns(ticked.alias("value")).select(columns)]
    )


def _decided(votes: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """One row per question and label: policy, inputs, outcome, value, votes_for, votes, support, why."""
    item = [*QUESTION, "label"]
    counted = (
        votes.group_by(*item, "value")
        .agg(pl.len().alias("votes_for"))
        .sort(*item, "votes_for", "value", descending=[False] * len(item) + [True, False], nulls_last=False)
    )
    tally = pl.format("{} {}", pl.col("value").str.replace_all(SEPARATOR, "+", literal=True), "votes_for")
    table = counted.group_by(item, maintain_order=True).agg(
        pl.col("value").first(),
        pl.col("votes_for").first(),
        pl.col("votes_for").sum().alias("votes"),
        tally.str.join(", ").alias("tally"),
    )
    who = votes.group_by(item).agg(pl.col("annotation_id").unique().sort().alias("inputs"), pl.col("kind").min())
    table = table.join(who, on=item, nulls_equal=True)
    table = table.with_columns(
        (pl.col("votes_for") / pl.col("votes")).alias("support"),
        pl.lit(policy.voting).alias("policy"),
        pl.lit(None, dtype=pl.String).alias("who"),
    )
    table = _by_vote(table, policy)
    if policy.name == "dawid-skene":
        table = _by_model(table, votes, policy)
    return _by_reviewers(table, votes, policy)


def _by_vote(table: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    few = pl.col("votes") < policy.min_votes
    passed = policy.rule.passed(pl.col("votes_for"), pl.col("votes"))
    missed = pl.format("{}: {}.", pl.lit(policy.rule.missed), "tally")
    return table.with_columns(
        pl.when(passed & ~few).then(pl.lit(GOLD)).otherwise(pl.lit(OPEN)).alias("outcome"),
        pl.when(few)
        .then(pl.format("{} answered, {} are needed.", "votes", pl.lit(policy.min_votes)))
        .when(passed)
        .then(pl.format("{} of {} agree: {}.", "votes_for", "votes", "tally"))
        .otherwise(missed)
        .alias("why"),
    )


def _by_model(table: pl.DataFrame, votes: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """The rows of modelled kinds with the outcome of Dawid and Skene; one model a control (of checkboxes: a label)."""
    item = [*QUESTION, "label"]
    parts = [table.filter(~pl.col("kind").is_in(MODELLED_KINDS))]
    # Who settles in a review project has seen the others' answers: nothing follows for how anybody errs.
    modelled = votes.filter(pl.col("kind").is_in(MODELLED_KINDS), ~pl.col("annotator").str.ends_with(REVIEWED))
    asked = modelled.select(*item).unique()
    theirs = table.filter(pl.col("kind").is_in(MODELLED_KINDS))
    parts.append(theirs.join(asked, on=item, how="anti", nulls_equal=True))
    table = theirs.join(asked, on=item, how="semi", nulls_equal=True)
    for model in modelled.select("layer", "control", "label").unique().sort(pl.all()).iter_rows():
        same = [pl.col(n).eq_missing(v) for n, v in zip(("layer", "control", "label"), model, strict=True)]
        rows = table.filter(*same).sort(item).with_row_index("at")
        given = modelled.filter(*same).join(rows.select(*item, "at"), on=item, nulls_equal=True)
        values, names = given["value"].unique().sort().to_list(), given["annotator"].unique().sort().to_list()
        fitted = dawid_skene.fit(
            given["at"].cast(pl.Int64).to_numpy(),
            codes_of(given["annotator"], names),
            codes_of(given["value"], values),
            shape=(rows.height, len(names), len(values)),
        )
        best = fitted.posterior.argmax(axis=1)
        rows = rows.with_columns(
            pl.Series("value", [values[b] for b in best]), pl.Series("support", fitted.posterior.max(axis=1).round(9))
        )
        own = given.group_by("at", "value").agg(pl.len().alias("n"))
        rows = rows.join(own, on=["at", "value"], how="left").with_columns(
            pl.col("n").fill_null(0).cast(pl.UInt32).alias("votes_for"), pl.lit("dawid-skene").alias("policy")
        )
        sure, few = pl.col("support") > 0.5 + EVEN, pl.col("votes") < policy.min_votes
        told = pl.format("has probability {}; votes: {}.", pl.col("support").round(3), "tally")
        parts.append(
            rows.with_columns(
                pl.when(sure & ~few).then(pl.lit(GOLD)).otherwise(pl.lit(OPEN)).alias("outcome"),
                pl.when(few)
                .then("why")
                .when(sure)
                .then(pl.format("{} {}", pl.col("value").str.replace_all(SEPARATOR, "+", literal=True), told))
                .otherwise(pl.format("No answer is more probable than not: the best {}", told))
                .alias("why"),
            ).select(table.columns)
        )
    return pl.concat(parts)


def _by_reviewers(table: pl.DataFrame, votes: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """The rows a reviewer answered, settled by the first of them."""
    item = [*QUESTION, "label"]
    rank = {name: place for place, name in enumerate(reversed(policy.reviewers))}
    if not rank:
        return table
    theirs = (
        votes.filter(pl.col("annotator").is_in(list(rank)))
        .sort(pl.col("annotator").replace_strict(rank, return_dtype=pl.Int64), descending=True)
        .unique(item, keep="first", maintain_order=True)
        .select(*item, pl.col("annotator").alias("reviewer"), pl.col("value").alias("said"))
    )
    found = table.join(theirs, on=item, how="left", nulls_equal=True)
    with_them = votes.join(theirs, on=item, nulls_equal=True).filter(pl.col("value") == pl.col("said"))
    agreeing = with_them.group_by(item).agg(pl.len().alias("agreeing"))
    found = found.join(agreeing, on=item, how="left", nulls_equal=True)
    settled = pl.col("reviewer").is_not_null()

    def instead(name: str, expression: pl.Expr) -> pl.Expr:
        return pl.when(settled).then(expression).otherwise(name).alias(name)

    return found.with_columns(
        instead("value", pl.col("said")),
        instead("votes_for", pl.col("agreeing")),
        instead("support", pl.col("agreeing") / pl.col("votes")),
        instead("policy", pl.lit("reviewer")),
        instead("outcome", pl.lit(GOLD)),
        instead("why", settled_by(pl.col("reviewer"), pl.format("votes: {}.", "tally"))),
        instead("who", pl.col("reviewer")),
    ).select(table.columns)


def settled_by(reviewer: pl.Expr, told: pl.Expr) -> pl.Expr:
    """The sentence for what a reviewer decided."""
    in_project = pl.format("Settled in the review project by {}; {}", reviewer.str.strip_suffix(REVIEWED), told)
    by_star = pl.format(
        "Settled by the answer of {} that is marked as ground truth; {}", reviewer.str.strip_suffix(STARRED), told
    )
    by_name = pl.format("Settled by the reviewer {}; {}", reviewer, told)
    starred = pl.when(reviewer.str.ends_with(STARRED)).then(by_star).otherwise(by_name)
    return pl.when(reviewer.str.ends_with(REVIEWED)).then(in_project).otherwise(starred)


def _with_regions(decided: pl.DataFrame, gold_spans: pl.DataFrame) -> pl.DataFrame:
    """With span_id, the gold region a choice belongs to; what belongs to none stays open."""
    place = (
        gold_spans.select("layer", "doc_id", pl.format("{}-{}", "start", "end").alias("region"), "span_id")
        .group_by("layer", "doc_id", "region")
        .agg(pl.col("span_id").min())
    )
    found = decided.join(place, on=["layer", "doc_id", "region"], how="left")
    homeless = (pl.col("region") != "") & pl.col("span_id").is_null()
    return found.with_columns(
        pl.when(homeless).then(pl.lit(OPEN)).otherwise("outcome").alias("outcome"),
        pl.when(homeless).then(pl.lit("The region itself is not gold.")).otherwise("why").alias("why"),
    )


def _decisions(decided: pl.DataFrame) -> pl.DataFrame:
    item = pl.concat_str(
        [pl.col("target").fill_null(""), pl.col("region"), pl.col("label").fill_null("")], separator=" "
    ).str.strip_chars(" ")
    outcome = pl.when((pl.col("outcome") == GOLD) & pl.col("label").is_not_null() & (pl.col("value") == UNTICKED))
    shown = pl.when(pl.col("outcome") != OPEN).then(pl.col("value"))
    table = decided.with_columns(
        pl.lit("choices").alias("table"),
        pl.lit(0).alias("unknown"),
        item.alias("item"),
        outcome.then(pl.lit(NONE)).otherwise("outcome").alias("outcome"),
        shown.alias("value"),
        pl.concat_list("who").list.drop_nulls().alias("who"),
    )
    return table.select(pl.col(name).cast(dtype) for name, dtype in DECISION_SCHEMA.items())


def _gold(decided: pl.DataFrame) -> pl.DataFrame:
    won = decided.filter((pl.col("outcome") == GOLD) & ~(pl.col("label").is_not_null() & (pl.col("value") == UNTICKED)))
    ids = won.select("layer", "doc_id").unique().sort("layer", "doc_id")
    ids = ids.with_columns(pl.Series("annotation_id", [gold_annotation_id(*row) for row in ids.iter_rows()], pl.String))
    return (
        won.join(ids, on=["layer", "doc_id"])
        .with_columns(pl.coalesce("label", "value").alias("value"), pl.col("support").alias("score"))
        .select(pl.col(name).cast(dtype) for name, dtype in GOLD_CHOICES.items())
        .sort("layer", "doc_id", "control", "target", "span_id", "value")
    )
