"""What each person did in their own project, and who shares how much with whom."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import combinations

import polars as pl

from corpus_kit.core.schema.columns import columns_of
from corpus_kit.core.storage.tables import scan
from corpus_kit.labelstudio.sync.assignments import Assignments
from corpus_kit.labelstudio.sync.pull_state import known_annotations
from corpus_kit.labelstudio.sync.server_context import ServerContext

PACE_DAYS = 14
"""The pace is that of the last so many days, as far as there was work in them."""


@dataclass(frozen=True, slots=True)
class OwnWork:
    """documents: done. skipped: skipped. latest: when the last one was submitted. per_day: by day of UTC. annotator: whose
    work most of it is; "" where there is none."""

    documents: frozenset[str]
    skipped: frozenset[str]
    latest: datetime | None
    per_day: Mapping[str, int]
    annotator: str = ""


@dataclass(frozen=True, slots=True)
class PersonStatus:
    """One person in one layer.

    assigned, done, skipped: documents. per_day: documents a day, over the last two weeks from the first day of work in
    them; None without work. ends: the day on which the rest is done at that pace; "" where it cannot be told. first:
    `passed`, or how many of the first pages are done; "" where there are none.
    """

    layer: str
    person: str
    assigned: int
    done: int
    skipped: int
    per_day: float | None
    ends: str
    first: str = ""


@dataclass(frozen=True, slots=True)
class SharedPages:
    """Two people in one layer. assigned: documents that both are to label. done: that both have labelled."""

    layer: str
    one: str
    two: str
    assigned: int
    done: int


def own_work(site: ServerContext, layer: str, person: str) -> OwnWork:
    """What the tables have of a person's own project: the annotations that the last pull saw there."""
    seen = known_annotations(site.data / "imports", f"{layer} {person}")
    table = scan(site.data / "annotations", "annotations")
    frame = pl.LazyFrame(schema=dict(columns_of("annotations"))) if table is None else table
    rows = (
        frame.filter(pl.col("layer") == layer, pl.col("annotation_id").is_in(list(seen)))
        .select("doc_id", "status", "created_at", "annotator")
        .collect()
    )
    done = rows.filter(pl.col("status") == "submitted")
    days = done.group_by(pl.col("created_at").dt.strftime("%Y-%m-%d").alias("day")).len()
    latest = done["created_at"].max()
    whose = rows["annotator"].drop_nulls().mode().sort()
    return OwnWork(
        documents=frozenset(done["doc_id"]),
        skipped=frozenset(rows.filter(pl.col("status") == "skipped")["doc_id"]),
        latest=latest.replace(tzinfo=UTC) if isinstance(latest, datetime) else None,
        per_day=dict(days.iter_rows()),
        annotator=whose[0] if len(whose) else "",
    )


def passed(site: ServerContext, layer: str, own: OwnWork) -> bool:
    """Whether somebody may have their own pages: nothing is to be done first, they have begun, or they have passed."""
    first = site.first.pages.get(layer, frozenset())
    if not first or own.documents - first:
        return True
    if not first <= own.documents:
        return False
    score = next((s for s in site.first.scores if (s.layer, s.annotator) == (layer, own.annotator)), None)
    figures = [f for f in (score.spans_f1, score.answers_equal) if f is not None] if score else []
    return bool(figures) and min(figures) >= site.assign.pass_mark


def people_status(site: ServerContext, today: datetime | None = None) -> tuple[list[PersonStatus], list[SharedPages]]:
    """How far everybody is, and what pairs share; empty where nothing is assigned."""
    assignments = Assignments.read(site.data)
    now = today or datetime.now(UTC)
    people, pairs = [], []
    for layer, dealt in assignments.layers.items():
        work = {name: own_work(site, layer, name) for name in assignments.everybody()}
        for name, own in work.items():
            mine = set(assignments.of(layer, name))
            left = len(mine - own.documents - own.skipped)
            pace = _pace(own, now)
            ends = (now + timedelta(days=math.ceil(left / pace))).date().isoformat() if pace and left else ""
            known = site.first.pages.get(layer, frozenset())
            told = f"{len(own.documents & known)} of {len(known)}" if not passed(site, layer, own) else "passed"
            counts = len(mine), len(own.documents), len(own.skipped)
            people.append(PersonStatus(layer, name, *counts, pace, ends, told if known else ""))
        for one, two in combinations(sorted(work), 2):
            both = sum(one in holders.people and two in holders.people for holders in dealt.values())
            done = len(work[one].documents & work[two].documents)
            if both or done:
                pairs.append(SharedPages(layer, one, two, both, done))
    return people, pairs


def _pace(own: OwnWork, now: datetime) -> float | None:
    first = (now - timedelta(days=PACE_DAYS - 1)).date().isoformat()
    recent = {day: n for day, n in own.per_day.items() if day >= first}
    if not recent:
        return None
    begun = datetime.fromisoformat(min(recent)).date()
    return sum(recent.values()) / ((now.date() - begun).days + 1)
