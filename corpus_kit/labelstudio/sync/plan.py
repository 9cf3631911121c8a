"""What a push would do to one project: the tasks there compared with the tasks wanted. Nothing is written here."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NamedTuple

from corpus_kit.core.offsets import normalise_newlines
from corpus_kit.core.progress import Step
from corpus_kit.core.records import Finding
from corpus_kit.labelstudio.api.batches import Json
from corpus_kit.labelstudio.api.client import LabelStudioClient
from corpus_kit.labelstudio.sync.tasks import Source, fingerprint, marks_in

Key = tuple[str, str]
LISTED = ("id", "data", "meta", "total_annotations", "cancelled_annotations", "overlap")
EVERYBODY = 1_000_000
"""How many people a hidden check is for: it is offered to whoever has not done it."""


@dataclass(frozen=True, slots=True)
class There:
    """A task on the server. work: submitted and skipped annotations. Fingerprints: see `Wanted`. overlap: how many
    people it is for."""

    id: int
    work: int
    fingerprint: str
    marks: str
    overlap: int = 1


class _Print(NamedTuple):
    """A wanted task without its text."""

    key: Key
    fingerprint: str
    marks: str


@dataclass(frozen=True, slots=True)
class Orphan:
    """A task that no current document stands behind.

    reason: `text_changed` (the document has another text now), `document_gone`, `duplicate` (labelled all the same), or
    `foreign` (no doc_id at all).
    """

    task: int
    doc_id: str
    reason: str
    work: int


@dataclass(slots=True)
class LayerPlan:
    """What is to be done for one layer.

    settings: names of the project's settings that differ; `create` when there is no project yet. create: keys (doc_id,
    text_sha256) of tasks to come. update: task ids by doc_id where display fields changed. replace: likewise where the
    suggestions changed. remove: untouched tasks that another one stands for: duplicates, and older texts that nobody
    labelled. checks: task id → how many people it is to be for, where that differs. everybody: tasks that are for
    everybody now. later: how many more tasks there are to come than the limit. copies: how many documents get no task
    because a copy of theirs has one. suggested: how many wanted tasks have suggestions. orphaned: tasks that are reported
    and left alone.
    """

    layer: str
    title: str
    project: int | None = None
    settings: list[str] = field(default_factory=list)
    create: list[Key] = field(default_factory=list)
    update: dict[str, int] = field(default_factory=dict)
    replace: dict[str, int] = field(default_factory=dict)
    remove: list[Orphan] = field(default_factory=list)
    checks: dict[int, int] = field(default_factory=dict)
    everybody: list[int] = field(default_factory=list)
    later: int = 0
    copies: int = 0
    unchanged: int = 0
    suggested: int = 0
    orphaned: list[Orphan] = field(default_factory=list)
    refused: list[Finding] = field(default_factory=list)

    @property
    def writes(self) -> int:
        """How many things would be written."""
        parts = self.settings, self.create, self.update, self.replace, self.remove, self.checks
        return sum(len(part) for part in parts)


def compare(plan: LayerPlan, source: Source, client: LabelStudioClient, step: Step, overlap: int = 1) -> LayerPlan:
    """Fill a plan: list the project's tasks, if it exists, and hold the wanted ones against them.

    overlap: how many people a task is for that is no hidden check.

    Raises the client's errors.
    """
    # The server is slow at listing, and waiting for it costs nothing: the tables are read meanwhile.
    with ThreadPoolExecutor(1) as pool:
        listing = pool.submit(_listed, client, plan.project)
        wanted = []
        for window in source.windows():
            wanted += [_Print(w.key, w.fingerprint, w.marks) for w in window.wanted]
            plan.refused += window.refused
            step.advance(len(window.wanted))
        there = listing.result()
    plan.suggested = sum(bool(w.marks) for w in wanted)
    for one in wanted:
        standing = there.pop(one.key, None)
        if not standing:
            plan.create.append(one.key)
        else:
            kept, *others = sorted(standing, key=lambda t: (t.work == 0, t.id))
            _again(plan, kept, others, one)
            check = one.key[0] in source.checks
            plan.everybody += [kept.id] if kept.overlap == EVERYBODY else []
            if check != (kept.overlap == EVERYBODY):
                plan.checks[kept.id] = EVERYBODY if check else overlap
    _leftovers(plan, there, source.doc_ids())
    if plan.remove:
        assert plan.project is not None
        _spare_drafts(plan, {int(t["id"]) for t in client.tasks_with_drafts(plan.project)})
    plan.orphaned.sort(key=lambda o: o.task)
    return plan


def leave_copies(plan: LayerPlan, clusters: Mapping[str, str]) -> None:
    """Take documents out of the tasks to come whose copy has a task, or comes before them. Tasks that are there stay.

    clusters: doc_id → its cluster of copies, of every document that is in one.
    """
    missing = {doc_id for doc_id, _ in plan.create} | {f.row.removeprefix("doc_id=") for f in plan.refused}
    served = {cluster for doc_id, cluster in clusters.items() if doc_id not in missing}
    kept = []
    for key in plan.create:
        cluster = clusters.get(key[0])
        if cluster is None or cluster not in served:
            kept.append(key)
            served |= {cluster} if cluster is not None else set()
    plan.copies = len(plan.create) - len(kept)
    plan.create = kept


def _listed(client: LabelStudioClient, project: int | None) -> dict[Key, list[There]]:
    there: dict[Key, list[There]] = defaultdict(list)
    if project is not None:
        for task in client.tasks(project, LISTED):
            key, found = _read(task)
            there[key].append(found)
    return there


def _again(plan: LayerPlan, kept: There, others: list[There], wanted: _Print) -> None:
    """A task that is there already: what of it changed, and its duplicates."""
    doc_id = wanted.key[0]
    plan.orphaned += [Orphan(t.id, doc_id, "duplicate", t.work) for t in others if t.work]
    plan.remove += [Orphan(t.id, doc_id, "duplicate", 0) for t in others if not t.work]
    if kept.fingerprint != wanted.fingerprint:
        plan.update[doc_id] = kept.id
    # Names are not suggested any more once people have finished a document; what they saw stays beside their work.
    marks = wanted.marks or (kept.marks if kept.work else "")
    if kept.marks != marks:
        plan.replace[doc_id] = kept.id
    if kept.fingerprint == wanted.fingerprint and kept.marks == marks:
        plan.unchanged += 1


def _leftovers(plan: LayerPlan, there: dict[Key, list[There]], current: set[str]) -> None:
    """Tasks no wanted one matched. Only an untouched older text is removed, and only when the new one has its task."""
    refused = {f.row.removeprefix("doc_id=") for f in plan.refused if f.table == "documents"}
    for (doc_id, _), tasks in there.items():
        changed = doc_id in current
        reason = "text_changed" if changed else "document_gone" if doc_id else "foreign"
        for task in tasks:
            removable = changed and doc_id not in refused and not task.work
            (plan.remove if removable else plan.orphaned).append(Orphan(task.id, doc_id, reason, task.work))


def _spare_drafts(plan: LayerPlan, drafted: set[int]) -> None:
    """A task that somebody has begun to label is left alone."""
    plan.orphaned += [o for o in plan.remove if o.task in drafted]
    plan.remove = sorted((o for o in plan.remove if o.task not in drafted), key=lambda o: o.task)


def key_of(task: Json) -> Key:
    """Which document and text a listed task is: its doc_id ("" for none), and the hash of the text it really shows."""
    data = task.get("data")
    data = data if isinstance(data, dict) else {}
    text, doc_id = data.get("text"), data.get("doc_id")
    sha = ""
    if isinstance(text, str):  # an adopted task may show other line breaks than its document has
        sha = hashlib.sha256(normalise_newlines(text)[0].encode("utf-8", "surrogatepass")).hexdigest()
    return (doc_id if isinstance(doc_id, str) else ""), sha


def _read(task: Json) -> tuple[Key, There]:
    key = key_of(task)
    work = int(task.get("total_annotations") or 0) + int(task.get("cancelled_annotations") or 0)
    told, overlap = fingerprint(task.get("data") or {}, key[1]), int(task.get("overlap") or 1)
    return key, There(int(task["id"]), work, told, marks_in(task.get("meta")), overlap)
