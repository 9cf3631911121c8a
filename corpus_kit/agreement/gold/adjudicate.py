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
    Adjudication,
    Policy,
    gold_annotation_id,
    gold_span_id,
)
from corpus_kit.agreement.gold.relation_votes import settle_relations
from corpus_kit.agreement.gold.span_votes import Mark, Settled, settle
from corpus_kit.agreement.judgements import REVIEWED, SEPARATOR, judged, need, of_people, reviewers_in
from corpus_kit.core.labels import standing

__all__ = ["adjudicate", "standing"]

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
) -> Adjudication:
    """Gold and the decisions behind it, from the tables of those names.

    Who worked on a document votes in it, with their latest submitted annotation; a span somebody did not mark is a vote
    against it, a choice somebody did not make is no vote. What was settled in a review project
    wins. Offsets of `spans` must point into one text per document:
    `standing` puts spans made on an older text where they stand in the current one.

    Gold spans keep an id made of layer, control, document and place, gold annotations one of layer and document: the
    same gold has the same ids whatever policy gave it. `score` is the support.
    """
    need(spans, "spans")
    people = judged(annotations, reviews=True)
    policy = with_reviewers(policy or Policy(), people)
    decisions, gold, members = _settle_spans(spans, people, policy)
    choice_decisions, gold_choices = settle_choices(choices, spans, people, gold, policy)
    relation_decisions, gold_relations = settle_relations(relations, spans, people, members, gold, policy)
    every = _with_who(pl.concat([decisions, choice_decisions, relation_decisions]), people)
    return Adjudication(
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
) -> Iterator[tuple[tuple[str, str, str], list[Mark], dict[str, str]]]:
    """((layer, doc_id, control), spans, annotation_id of each voter), sorted."""
    voters: dict[tuple[str, str], dict[str, str]] = {}
    for layer, doc_id, name, annotation_id in people.select(
        "layer", "doc_id", "annotator", "annotation_id"
    ).iter_rows():
        voters.setdefault((layer, doc_id), {})[name] = annotation_id
    surface = "surface" if "surface" in spans.columns else pl.lit(None, dtype=pl.String).alias("surface")
    rows = (
        of_people(spans, people)
        .select("layer", "doc_id", "control", "start", "end", "label", "annotator", "annotation_id", surface)
        .sort("layer", "doc_id", "control", "start", "end", "label", "annotator")
    )
    key: tuple[str, str, str] | None = None
    marks: list[Mark] = []
    for layer, doc_id, control, *mark in rows.iter_rows():
        if key != (layer, doc_id, control):
            if key is not None:
                yield key, marks, voters[key[:2]]
            key, marks = (layer, doc_id, control), []
        marks.append(Mark(*mark))
    if key is not None:
        yield key, marks, voters[key[:2]]


def with_reviewers(policy: Policy, people: pl.DataFrame) -> Policy:
    """The policy with those of `people` who settled documents in a review project before all other reviewers."""
    return replace(policy, reviewers=(*reviewers_in(people), *policy.reviewers))


def _with_who(decisions: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """Decisions with `who`: the reviewer where one decided, else the authors of the inputs."""
    names = dict(people.select("annotation_id", "annotator").iter_rows())
    rows = decisions.select("inputs", "who").iter_rows()
    who = [sorted({name.removesuffix(REVIEWED) for name in own or map(names.__getitem__, ids)}) for ids, own in rows]
    return decisions.with_columns(pl.Series("who", who, pl.List(pl.String)))


def _decision(layer: str, control: str, doc_id: str, one: Settled, voters: Mapping[str, str]) -> tuple[Any, ...]:
    ids, votes = {mark.annotation_id for mark in one.members}, len(voters)
    inputs = SEPARATOR.join(sorted(ids | ({voters[one.reviewer]} if one.reviewer else set())))
    value = None if one.outcome == OPEN else one.label
    item = f"{one.start}-{one.end}:{one.label}"
    return (
        layer, control, doc_id, "spans", item, one.policy, inputs, one.outcome, value, one.votes_for, votes,
        one.votes_for / votes, one.why, one.reviewer,
    )  # fmt: skip


def _surface(one: Settled) -> str | None:
    """The text of a gold span, put together from the surfaces of the spans it came from, which cover all of it."""
    at, parts = one.start, []
    for mark in sorted(one.members):
        if mark.surface is None or len(mark.surface) != mark.end - mark.start:
            return None
        if mark.start <= at < mark.end:
            parts.append(mark.surface[at - mark.start : one.end - mark.start])
            at += len(parts[-1])
    return "".join(parts) if at == one.end else None
