"""From what people said to gold: every answer, span and relation voted on, every decision a row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import polars as pl

from corpus_kit.agreement.gold.choice_votes import settle_choices
from corpus_kit.agreement.gold.policy import (
    DECISION_SCHEMA,
    GOLD,
    OPEN,
    AdjudicatedTables,
    Policy,
    gold_annotation_id,
    gold_span_id,
)
from corpus_kit.agreement.gold.relation_votes import settle_relations
from corpus_kit.agreement.gold.span_votes import DrawnSpan, ResolvedSpan, settle
from corpus_kit.agreement.judgements import (
    SEPARATOR,
    known_people,
    latest_submissions,
    need,
    of_people,
    plain_name,
    reviewers_in,
    starred_in,
)
from corpus_kit.core.labels import RELATIONS, UNREAD, current_spans
from corpus_kit.core.layers import Layer

__all__ = ["adjudicate", "current_spans"]

GOLD_SPANS: dict[str, Any] = {
    "annotation_id": pl.String,
    "doc_id": pl.String,
    "layer": pl.String,
    "control": pl.String,
    "span_id": pl.String,
    "start": pl.Int64,
    "end": pl.Int64,
    "label": pl.String,
    "surface": pl.String,
    "score": pl.Float64,
    "origin": pl.String,
}


MEMBERS: dict[str, Any] = {
    "annotation_id": pl.String,
    "start": pl.Int64,
    "end": pl.Int64,
    "gold_start": pl.Int64,
    "gold_end": pl.Int64,
}


def adjudicate(
    annotations: pl.DataFrame,
    spans: pl.DataFrame,
    choices: pl.DataFrame,
    relations: pl.DataFrame,
    policy: Policy | None = None,
    layer: Layer | None = None,
) -> AdjudicatedTables:
    """Gold and the decisions behind it, from the tables of those names.

    Who worked on a document votes in it, with their latest submitted annotation; a span somebody did not mark is a vote
    against it, a choice somebody did not make is no vote. An answer of which a part could not be read takes no part in the
    vote of that control: it is not known. What was settled in a review project wins. Offsets of `spans` must point into
    one text per document: `current_spans` puts spans made on an older text where they stand in the current one.

    Gold spans keep an id made of layer, control, document and place, gold annotations one of layer and document: the
    same gold has the same ids whatever policy gave it. `score` is the support.
    """
    need(spans, "spans")
    policy = policy or Policy()
    people = latest_submissions(annotations, reviews=True, stars=policy.stars)
    policy = with_reviewers(policy, people)
    decisions, gold, members = _settle_spans(spans, people, policy)
    choice_decisions, gold_choices = settle_choices(choices, spans, people, gold, policy)
    drawn = known_people(people, RELATIONS)
    relation_decisions, gold_relations = settle_relations(relations, spans, drawn, members, gold, policy)
    decided = pl.concat([decisions, choice_decisions, relation_decisions])
    every = _with_who(pl.concat([decided, unknown_answers(people, decided, policy, layer)]), people)
    every = _with_unknown(every, people)
    return AdjudicatedTables(
        every.sort("layer", "doc_id", "control", "table", "item", "outcome", "value"),
        gold,
        gold_choices,
        gold_relations,
    )


def _settle_spans(
    spans: pl.DataFrame, people: pl.DataFrame, policy: Policy
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Decisions, gold spans, and which spans each gold stands for (annotation_id, start, end, gold_start, gold_end)."""
    decided: list[tuple[Any, ...]] = []
    gold: list[tuple[Any, ...]] = []
    members: list[tuple[Any, ...]] = []
    for (layer, doc_id, control), marks, voters in _documents(spans, people):
        annotation_id = gold_annotation_id(layer, doc_id)
        for one in settle(marks, voters, policy):
            decided.append(_decision(layer, control, doc_id, one, voters))
            if one.outcome == GOLD:
                place = (one.start, one.end)
                support = one.votes_for / len(voters)
                span_id = gold_span_id(layer, control, doc_id, *place)
                row = (
                    annotation_id,
                    doc_id,
                    layer,
                    control,
                    span_id,
                    *place,
                    one.label,
                    _surface(one),
                    support,
                    "gold",
                )
                gold.append(row)
                members.extend((mark.annotation_id, mark.start, mark.end, *place) for mark in one.members)
    return (
        # Polars builds a column of lists slowly from Python lists, quickly from one string each.
        _frame(decided, DECISION_SCHEMA | {"inputs": pl.String, "who": pl.String}).with_columns(
            pl.col("inputs").str.split(SEPARATOR), pl.concat_list("who").list.drop_nulls()
        ),
        _frame(gold, GOLD_SPANS),
        _frame(members, MEMBERS).unique().sort(pl.all()),
    )


def _frame(rows: list[tuple[Any, ...]], schema: dict[str, Any]) -> pl.DataFrame:
    """Rows as a table, column by column: several times as fast as row by row."""
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    return pl.DataFrame(
        [pl.Series(name, list(column), dtype) for (name, dtype), column in zip(schema.items(), columns, strict=True)]
    )


def _documents(
    spans: pl.DataFrame, people: pl.DataFrame
) -> Iterator[tuple[tuple[str, str, str], list[DrawnSpan], dict[str, str]]]:
    """((layer, doc_id, control), spans, annotation_id of each voter), sorted."""
    columns = ("layer", "doc_id", "annotator", "annotation_id", "unread")
    everybody: dict[tuple[str, str], dict[str, str]] = {}
    torn: dict[str, set[str]] = {}
    for layer, doc_id, name, annotation_id, unread in people.select(columns).iter_rows():
        everybody.setdefault((layer, doc_id), {})[name] = annotation_id
        if unread:
            torn[annotation_id] = set(unread.split(UNREAD))

    def voters(layer: str, doc_id: str, control: str) -> dict[str, str]:
        of = everybody[layer, doc_id]
        return {name: own for name, own in of.items() if control not in torn.get(own, ())} if torn else of

    surface = "surface" if "surface" in spans.columns else pl.lit(None, dtype=pl.String).alias("surface")
    rows = (
        of_people(spans, people)
        .select("layer", "doc_id", "control", "start", "end", "label", "annotator", "annotation_id", surface)
        .sort("layer", "doc_id", "control", "start", "end", "label", "annotator")
    )
    key: tuple[str, str, str] | None = None
    marks: list[DrawnSpan] = []
    for layer, doc_id, control, *mark in rows.iter_rows():
        if key != (layer, doc_id, control):
            if key is not None:
                yield key, marks, voters(*key)
            key, marks = (layer, doc_id, control), []
        if control not in torn.get(mark[4], ()):
            marks.append(DrawnSpan(*mark))
    if key is not None:
        yield key, marks, voters(*key)


def with_reviewers(policy: Policy, people: pl.DataFrame) -> Policy:
    """The policy with those of `people` who settled documents in a review project before all other reviewers, and those
    whose answers are marked as ground truth after them."""
    return replace(policy, reviewers=(*reviewers_in(people), *policy.reviewers, *starred_in(people)))


def _with_who(decisions: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """Decisions with `who`: the reviewer where one decided, else the authors of the inputs."""
    names = dict(people.select("annotation_id", "annotator").iter_rows())
    rows = decisions.select("inputs", "who").iter_rows()
    who = [sorted({plain_name(name) for name in own or map(names.__getitem__, ids)}) for ids, own in rows]
    return decisions.with_columns(pl.Series("who", who, pl.List(pl.String)))


def unknown_answers(people: pl.DataFrame, decided: pl.DataFrame, policy: Policy, layer: Layer | None) -> pl.DataFrame:
    """An open decision for each document and control that people answered only in ways that could not be read."""
    torn = people.filter(pl.col("unread").is_not_null())
    if torn.is_empty():
        return pl.DataFrame(schema=DECISION_SCHEMA)
    kinds = {control.name: control.kind for control in layer.controls} if layer else {}
    asked = torn.select("layer", "doc_id", control=pl.col("unread").str.split(UNREAD)).explode("control").unique()
    rows: list[tuple[Any, ...]] = []
    for (name,), of_control in asked.group_by("control", maintain_order=False):
        control = str(name)
        known = known_people(people, control).select("layer", "doc_id").unique()
        left = of_control.join(known, on=["layer", "doc_id"], how="anti")
        table = (
            "relations" if control == RELATIONS else "choices" if kinds.get(control, "labels") != "labels" else "spans"
        )
        if table == "choices":  # whoever did not answer is no vote: an answer of anybody else would be one
            left = of_control.join(decided.filter(pl.col("control") == control), on=["layer", "doc_id"], how="anti")
        why = "No answer could be read whole; look at the rejected results of this document."
        for layer_name, doc_id in left.select("layer", "doc_id").iter_rows():
            told = control if table != "relations" else ""
            rows.append((layer_name, told, doc_id, table, "", policy.name, [], OPEN, None, 0, 0, 0, 0.0, why, []))
    return pl.DataFrame(rows, schema=DECISION_SCHEMA, orient="row")


def _with_unknown(decisions: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """Decisions with `unknown`: how many people answered in that control in a way that could not be read."""
    torn = people.filter(pl.col("unread").is_not_null())
    if torn.is_empty():
        return decisions
    key = ["layer", "doc_id", "asked"]
    counted = torn.select("layer", "doc_id", asked=pl.col("unread").str.split(UNREAD)).explode("asked")
    counted = counted.group_by(key).agg(pl.len().cast(pl.Int64).alias("torn"))
    asked = pl.when(pl.col("table") == "relations").then(pl.lit(RELATIONS)).otherwise("control").alias("asked")
    found = decisions.with_columns(asked).join(counted, on=key, how="left", maintain_order="left")
    return found.with_columns(pl.col("torn").fill_null(0).alias("unknown")).select(decisions.columns)


def _decision(layer: str, control: str, doc_id: str, one: ResolvedSpan, voters: Mapping[str, str]) -> tuple[Any, ...]:
    ids, votes = {mark.annotation_id for mark in one.members}, len(voters)
    inputs = SEPARATOR.join(sorted(ids | ({voters[one.reviewer]} if one.reviewer else set())))
    value = None if one.outcome == OPEN else one.label
    item = f"{one.start}-{one.end}:{one.label}"
    return (
        layer, control, doc_id, "spans", item, one.policy, inputs, one.outcome, value, one.votes_for, votes, 0,
        one.votes_for / votes, one.why, one.reviewer,
    )  # fmt: skip


def _surface(one: ResolvedSpan) -> str | None:
    """The text of a gold span, put together from the surfaces of the spans it came from, which cover all of it."""
    at, parts = one.start, []
    for mark in sorted(one.members):
        if mark.surface is None or len(mark.surface) != mark.end - mark.start:
            return None
        if mark.start <= at < mark.end:
            parts.append(mark.surface[at - mark.start : one.end - mark.start])
            at += len(parts[-1])
    return "".join(parts) if at == one.end else None
