"""How disagreements are settled, and the record of every decision.

A decision is data: what was voted on, by which annotations, under which policy, with what outcome and why. The same
annotations give the same decisions in whatever order they come, so gold can be made again from the ledger at any time.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import polars as pl

from corpus_kit.core.errors import UsageError, did_you_mean
from corpus_kit.core.vocabulary import BOUNDARIES, POLICIES

Count = Any
"""A number of votes: one number, or a column of them."""


@dataclass(frozen=True, slots=True)
class Rule:
    """When votes settle something. Both functions take numbers or columns: votes for it, and all votes.

    Attributes:
        passed: Whether it is settled.
        contested: Whether what did not pass is for people to settle; without it, it is voted down.
        missed: Why something did not pass, as the beginning of a sentence.
    """

    passed: Callable[[Count, Count], Any]
    contested: Callable[[Count, Count], Any]
    missed: str


_MAJORITY = Rule(lambda n, votes: n * 2 > votes, lambda n, votes: n * 2 >= votes, "None has more than half")
RULES: dict[str, Rule] = {
    "majority": _MAJORITY,
    "unanimous": Rule(lambda n, votes: n == votes, lambda n, votes: n <= votes, "Not all agree"),
    "dawid-skene": _MAJORITY,  # where its model has nothing to say
    "reviewer": Rule(lambda n, votes: n > votes, lambda n, votes: n <= votes, "No reviewer has settled this yet"),
}
"""Policy → when its votes settle something."""

GOLD, OPEN, NONE = "gold", "open", "none"
"""Outcomes: an answer; a disagreement for people to settle; voted down, so no part of gold."""

DECISION_SCHEMA: dict[str, Any] = {
    "layer": pl.String,
    "control": pl.String,
    "doc_id": pl.String,
    "table": pl.String,
    "item": pl.String,
    "policy": pl.String,
    "inputs": pl.List(pl.String),
    "outcome": pl.String,
    "value": pl.String,
    "votes_for": pl.Int64,
    "votes": pl.Int64,
    "unknown": pl.Int64,
    "support": pl.Float64,
    "why": pl.String,
    "who": pl.List(pl.String),
}

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:corpus-kit:gold")


@dataclass(frozen=True, slots=True)
class Policy:
    """How to settle.

    name: `majority`, more than half of those who answered (spans: who worked on the document); `unanimous`, all;
        `dawid-skene`, the label more probable than not, given how each annotator errs (choices, ratings and
        taxonomies; the rest goes by majority); `reviewer`, only what a reviewer settled, and nothing without one.
    boundary: where people mark the same thing but not the same characters: `exact`, open; `union`, all characters of
        the spans that touch what enough people share; `intersection`, the characters all of those spans share;
        `characters`, the characters enough people marked. Where enough people drew exactly the same span it is gold
        under each of them.
    reviewers: pseudonyms whose answers win under every policy, the first named first; after those who settled a
        document in a review project.
    min_votes: what fewer people answered stays open. stars: an answer marked as ground truth settles its document, after
        all other reviewers.

    Raises `UsageError` for names that do not exist.
    """

    name: str = "majority"
    boundary: str = "exact"
    reviewers: tuple[str, ...] = ()
    min_votes: int = 1
    stars: bool = True

    def __post_init__(self) -> None:
        for what, word, accepted in (("policy", self.name, POLICIES), ("boundary", self.boundary, BOUNDARIES)):
            if word not in accepted:
                hint = f"Use one of {', '.join(accepted)}.{did_you_mean(word, list(accepted))}"
                raise UsageError(f"There is no {what} {word!r}.", hint)

    @property
    def rule(self) -> Rule:
        """When its votes settle something."""
        return RULES[self.name]

    @property
    def voting(self) -> str:
        """The name that a decision by votes has: what the model of Dawid and Skene leaves goes by majority."""
        return "majority" if self.name == "dawid-skene" else self.name

    def passes(self, votes_for: int, votes: int) -> bool:
        """Whether so many of so many votes settle it."""
        return bool(self.rule.passed(votes_for, votes))

    def contested(self, votes_for: int, votes: int) -> bool:
        """Whether what did not pass is a disagreement for people, not simply voted down. A tie always is."""
        return bool(self.rule.contested(votes_for, votes))


@dataclass(frozen=True, slots=True)
class Decision:
    """One row of the decisions table.

    table: `spans`, `choices` or `relations`. item: what was voted on within the document: `start-end:label` for a span,
    target, region and label for a choice ("" for the document as a whole), both ends for a relation.
    policy: the one that decided, which is `reviewer` wherever a reviewer did and `majority` where Dawid-Skene cannot.
    inputs: annotation_ids that voted for something here, sorted. outcome: `gold`, `open` or `none`.
    value: the answer or label, None where open. votes_for: for it (or for the strongest, where open), of `votes`.
    unknown: people whose answer here could not be read.
    support: votes_for / votes, or the posterior probability under Dawid-Skene. why: one sentence. who: pseudonyms of
    the reviewer who decided, else of those who made `inputs`.
    """

    layer: str
    control: str
    doc_id: str
    table: str
    item: str
    policy: str
    inputs: tuple[str, ...]
    outcome: str
    value: str | None
    votes_for: int
    votes: int
    unknown: int
    support: float
    why: str
    who: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AdjudicatedTables:
    """decisions: `DECISION_SCHEMA`, sorted. spans, choices, relations: gold rows with the columns of those tables."""

    decisions: pl.DataFrame
    spans: pl.DataFrame
    choices: pl.DataFrame
    relations: pl.DataFrame

    def log(self) -> list[Decision]:
        """The decisions as records."""
        return [
            Decision(**row | {"inputs": tuple(row["inputs"]), "who": tuple(row["who"])})
            for row in self.decisions.iter_rows(named=True)
        ]

    def open(self) -> pl.DataFrame:
        """What people still have to settle."""
        return self.decisions.filter(pl.col("outcome") == OPEN)


def gold_annotation_id(layer: str, doc_id: str) -> str:
    """The id of a document's gold annotation in a layer: the same under every policy."""
    return _uuid("annotation", layer, doc_id)


def gold_span_id(layer: str, control: str, doc_id: str, start: int, end: int) -> str:
    """The id of a gold region; its labels are rows that share it, as in `spans`."""
    return _uuid("span", layer, control, doc_id, start, end)


def _uuid(*parts: str | int) -> str:
    return str(uuid.uuid5(_NAMESPACE, "\x1f".join(str(part) for part in parts)))
