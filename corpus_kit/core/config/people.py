"""`[label_studio]`, `[agreement]`, `[adjudication]`: the work of people."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator

from corpus_kit.core.config.base import Names, Section, Share, Size, as_tuple
from corpus_kit.core.vocabulary import BOUNDARY_HELP, POLICY_HELP, BoundaryName, PolicyName, one_of


class LabelStudio(Section):
    """The annotation server. The key comes from the environment (LABEL_STUDIO_API_KEY), never from here."""

    url: str = Field(default="", description="address of the server; LABEL_STUDIO_URL overrides it")
    overlap: int = Field(default=1, ge=1, le=1000, description="how many people are to label each document")
    sampling: Literal["sequential", "uniform", "uncertainty"] = Field(
        default="sequential", description="how the server picks the next task: in order, at random, least certain first"
    )
    order: Literal["doc_id", "source", "newest"] = Field(
        default="doc_id",
        description="the order of the tasks: shuffled but always the same (doc_id), by file, newest page first",
    )
    copies: Literal["each", "one"] = Field(
        default="each",
        description="of documents that are copies of each other: each gets a task, or one does and the others wait",
    )
    checks: Share = Field(
        default=0.0,
        description="hidden checks: share of a layer's tasks that are given to everybody because their answer is known",
    )
    open_hours: float = Field(
        default=24.0,
        ge=0,
        strict=False,
        description="how long a page may be open in somebody's browser: a task that is out of date leaves the queue at "
        "once, and the server that many hours later",
    )
    batch_tasks: int = Field(default=1000, ge=1, le=10000, description="the most tasks in one request")
    batch_bytes: Size = Field(default=16 * 2**20, description="the most bytes in one request, or with a unit: 16 MiB")
    max_answer_bytes: Size = Field(
        default=256 * 2**20, description="the largest answer of the server that is read, after decompression"
    )
    max_export_bytes: Size = Field(
        default=64 * 2**30, description="the largest export of the server that is downloaded, after decompression"
    )
    max_answer_seconds: float = Field(
        default=900.0, gt=0, strict=False, description="how long an answer may take until it is whole"
    )
    max_export_seconds: float = Field(
        default=3600.0, gt=0, strict=False, description="how long the server may take to make an export, and to send it"
    )

    @field_validator("batch_bytes")
    @classmethod
    def _sendable(cls, value: int) -> int:
        if not 2**16 <= value <= 200 * 2**20:
            raise ValueError("a request has 64 KiB to 200 MiB")
        return value


class Assign(Section):
    """Who labels which pages, each in a project of their own; without `people` everybody labels in one project."""

    people: Names = Field(
        default=(), description="a short name for each person, as their project is called; no e-mail addresses"
    )
    overlap: int = Field(default=2, ge=1, le=100, description="how many people a shared page is for")
    share: Share = Field(default=1.0, description="which part of the pages is shared; the rest is for one person each")
    design: Literal["balanced"] = Field(
        default="balanced", description="who shares with whom: every pair of people equally many pages"
    )
    first: int = Field(
        default=0,
        ge=0,
        le=1000,
        description="so many pages with a known answer come first; the rest comes with a push after who did them has passed",
    )
    pass_mark: Share = Field(
        default=0.7,
        description="who agrees with the known answers so far (F1 of spans, share of equal answers) has passed",
    )
    idle_days: int = Field(
        default=7,
        ge=0,
        le=3650,
        description="who has submitted nothing for so many days is idle: see `push --reassign`",
    )

    @field_validator("people")
    @classmethod
    def _short(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if not re.fullmatch(r"[^\W_][\w.-]{0,23}", name) or name.casefold() in ("review", "second"):
                raise ValueError(f"'{name}' is no short name: 1 to 24 letters, digits, '-', '_' or '.'")
        if len({name.casefold() for name in value}) < len(value):
            raise ValueError("a name stands there twice")
        return value


Groups = Annotated[tuple[Names, ...], BeforeValidator(as_tuple)]


class PeopleSection(Section):
    """Who is who, where the exports cannot tell. Names are pseudonyms, or identities of `data/pseudonyms.json`."""

    same: Groups = Field(default=(), description="groups of names that are one person")
    apart: Groups = Field(default=(), description="pairs of identities that are two people, whatever the exports say")


class AgreementSettings(Section):
    """How agreement is measured."""

    resamples: int = Field(
        default=1000, ge=0, le=100000, description="bootstrap resamples behind every interval; 0: no intervals"
    )
    seed: int = Field(default=20240229, ge=0, description="another seed draws other resamples")
    together: Literal["copies", "publisher", "nothing"] = Field(
        default="copies",
        description="documents that intervals draw together, as they are not independent: near-copies of each other, all of "
        "a publisher, or each by itself",
    )
    orders: dict[str, Names] = Field(
        default={}, description="control → its labels from low to high, for controls whose labels have an order"
    )


class LayerAdjudication(Section):
    """What one layer does otherwise; what is not named here is as in `adjudication`."""

    policy: PolicyName | None = Field(default=None, description="how answers become gold")
    boundary: BoundaryName | None = Field(default=None, description="which characters become gold")
    min_votes: int | None = Field(default=None, ge=1, le=1000, description="what fewer people answered stays open")


class AdjudicationSettings(Section):
    """How disagreements become gold."""

    policy: PolicyName = Field(default="majority", description=f"how answers become gold; {one_of(POLICY_HELP)}")
    boundary: BoundaryName = Field(
        default="exact",
        description="what to do where people mark the same thing but not the same characters; " + one_of(BOUNDARY_HELP),
    )
    reviewers: Names = Field(
        default=(),
        description="pseudonyms whose answers win under every policy, the first named first; where there are some, no one "
        "else settles anything in a review project",
    )
    allow_parties: bool = Field(
        default=False,
        description="who answered a document may settle it in the review project, too: for teams that are too small",
    )
    min_votes: int = Field(default=1, ge=1, le=1000, description="what fewer people answered stays open")
    stars: Literal["settle", "vote"] = Field(
        default="settle",
        description="an answer marked as ground truth settles its document like a reviewer's, or is a vote",
    )
    edge_white_space: Literal["ignored", "kept"] = Field(
        default="ignored", description="white space at the edges of spans: no difference, or a difference"
    )
    layers: dict[str, LayerAdjudication] = Field(default={}, description="layer → what it does otherwise")
