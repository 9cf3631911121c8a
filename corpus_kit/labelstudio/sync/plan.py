"""What a push would do to one project: the tasks there compared with the tasks wanted. Nothing is written here."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from corpus_kit.core.offsets import normalise_newlines
from corpus_kit.core.progress import Step
from corpus_kit.core.records import Finding
from corpus_kit.labelstudio.api.batches import Json
from corpus_kit.labelstudio.api.client import LabelStudioClient
from corpus_kit.labelstudio.sync.tasks import PushInput, fingerprint, marks_in, out_since

Key = tuple[str, str]
LISTED = ("id", "data", "meta", "total_annotations", "cancelled_annotations", "overlap")
EVERYBODY = 1_000_000
"""How many people a hidden check is for: it is offered to whoever has not done it."""
OPEN_HOURS = 24.0
"""How long the server keeps a task for whom it gave it to, by default."""


@dataclass(frozen=True, slots=True)
class ServerTasks:
    """A task on the server. work: submitted and skipped annotations. Fingerprints: see `Wanted`. overlap: how many
    people it is for. done: submitted annotations. out: since when it is out of the queue, "" where it is not."""

    id: int
    work: int
    fingerprint: str
    marks: str
    overlap: int = 1
    done: int = 0
    out: str = ""

    @property
    def queued(self) -> bool:
        """Whether the server may still give it to somebody."""
        return self.done < self.overlap


class _Print(NamedTuple):
    """A wanted task without its text."""

    key: Key
    fingerprint: str
    marks: str


@dataclass(frozen=True, slots=True)
class Orphan:
    """A task that no current document stands behind.

    reason: `text_changed` (the document has another text now), `document_gone`, `duplicate` (labelled all the same),
    `moved` (somebody else is to label it), or `foreign` (no doc_id at all).
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
    suggestions changed. out: tasks that another one stands for (duplicates, older texts), which leave the queue now, as
    somebody may have them open. remove: those of them that no one has touched and that no one can have open any more.
    resting: those that left the queue before and stay for now. back: tasks out of the queue that are wanted again.
    checks: task id → how many people it is to be for, where that differs. everybody: tasks that are for everybody now.
    later: how many more tasks there are to come than the limit. copies: how many documents get no task because a copy of
    theirs has one. suggested: how many wanted tasks have suggestions.
    orphaned: tasks that are reported and left alone.
    """

    layer: str
    title: str
    project: int | None = None
    settings: list[str] = field(default_factory=list)
    create: list[Key] = field(default_factory=list)
    update: dict[str, int] = field(default_factory=dict)
    replace: dict[str, int] = field(default_factory=dict)
    out: list[Orphan] = field(default_factory=list)
    remove: list[Orphan] = field(default_factory=list)
    resting: list[Orphan] = field(default_factory=list)
    back: list[Orphan] = field(default_factory=list)
    checks: dict[int, int] = field(default_factory=dict)
    everybody: list[int] = field(default_factory=list)
    later: int = 0
    copies: int = 0
    unchanged: int = 0
    suggested: int = 0
    orphaned: list[Orphan] = field(default_factory=list)
    refused: list[Finding] = field(default_factory=list)
    person: str = ""

    @property
    def writes(self) -> int:
        """How many things would be written."""
        parts = self.settings, self.create, self.update, self.replace, self.out, self.remove, self.back, self.checks
        return sum(len(part) for part in parts)


@dataclass(slots=True)
class Outdated:
    """Tasks that another one stands for, each with the reason, until it is known what becomes of them."""

    plan: LayerPlan
    found: list[tuple[ServerTasks, Orphan]] = field(default_factory=list)

    def add(self, tasks: Iterable[ServerTasks], doc_id: str, reason: str) -> None:
        self.found += [(task, Orphan(task.id, doc_id, reason, task.work)) for task in tasks]

    def settle(self, client: LabelStudioClient, open_hours: float, newest: int) -> None:
        """What somebody has begun is left alone; the rest leaves the queue, and goes when no one can have it open.

        open_hours: how long that is. newest: the highest id of a task: its number would be given to the next one.
        """
        plan = self.plan
        if not self.found:
            return
        assert plan.project is not None
        drafted = {int(t["id"]) for t in client.tasks_with_drafts(plan.project)}
        until = (datetime.now(UTC) - timedelta(hours=open_hours)).isoformat(timespec="seconds")
        for task, orphan in sorted(self.found, key=lambda one: one[0].id):
            begun = task.work or task.id in drafted
            if begun:
                plan.orphaned.append(orphan)
            if task.id not in drafted and (task.queued or not (task.out or begun)):
                plan.out.append(orphan)
            elif not begun:
                kept = task.out > until or (task.id == newest and not plan.create)
                (plan.resting if kept else plan.remove).append(orphan)


@dataclass(slots=True)
class Pushed:
    """What a push did to one layer; all zero where `plan.writes` is, and after a dry run.

    settings: whether the project was made or changed. The numbers count tasks; out: those that left the queue or are in it
    again; checks: those that are given to everybody now, or no longer. address: where people find them.
    """

    plan: LayerPlan
    settings: bool = False
    created: int = 0
    updated: int = 0
    replaced: int = 0
    out: int = 0
    removed: int = 0
    checks: int = 0
    address: str = ""

    @property
    def writes(self) -> int:
        return self.settings + self.created + self.updated + self.replaced + self.out + self.removed + self.checks


def compare(
    plan: LayerPlan,
    source: PushInput,
    client: LabelStudioClient,
    step: Step,
    overlap: int = 1,
    open_hours: float = OPEN_HOURS,
) -> LayerPlan:
    """Fill a plan: list the project's tasks, if it exists, and hold the wanted ones against them.

    overlap: how many people a task is for that is no hidden check. open_hours: how long a task that is out of the queue
    may still be open in somebody's browser.

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
    newest = max((task.id for tasks in there.values() for task in tasks), default=0)
    outdated = Outdated(plan)
    for one in wanted:
        standing = there.pop(one.key, None)
        if not standing:
            plan.create.append(one.key)
        else:
            kept, *others = sorted(standing, key=lambda t: (t.work == 0, t.out != "", t.id))
            outdated.add(others, one.key[0], "duplicate")
            _again(plan, kept, one)
            check = one.key[0] in source.everybody
            plan.everybody += [kept.id] if kept.overlap == EVERYBODY else []
            if check != (kept.overlap == EVERYBODY):
                plan.checks[kept.id] = EVERYBODY if check else overlap
    _leftovers(plan, outdated, there, source)
    outdated.settle(client, open_hours, newest)
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


def _listed(client: LabelStudioClient, project: int | None) -> dict[Key, list[ServerTasks]]:
    there: dict[Key, list[ServerTasks]] = defaultdict(list)
    if project is not None:
        for task in client.tasks(project, LISTED):
            key, found = read_task(task)
            there[key].append(found)
    return there


def _again(plan: LayerPlan, kept: ServerTasks, wanted: _Print) -> None:
    """A task that is there already: what of it changed."""
    doc_id = wanted.key[0]
    if kept.out:
        plan.back.append(Orphan(kept.id, doc_id, "wanted_again", kept.work))
    if kept.fingerprint != wanted.fingerprint:
        plan.update[doc_id] = kept.id
    # Names are not suggested any more once people have finished a document; what they saw stays beside their work.
    marks = wanted.marks or (kept.marks if kept.work else "")
    if kept.marks != marks:
        plan.replace[doc_id] = kept.id
    if kept.fingerprint == wanted.fingerprint and kept.marks == marks:
        plan.unchanged += 1


def _leftovers(plan: LayerPlan, outdated: Outdated, there: dict[Key, list[ServerTasks]], source: PushInput) -> None:
    """Tasks no wanted one matched. An older text is outdated only when the new one has its task."""
    current = source.doc_ids()
    refused = {f.row.removeprefix("doc_id=") for f in plan.refused if f.table == "documents"}
    for (doc_id, _), tasks in there.items():
        changed = doc_id in current
        reason = "text_changed" if changed else "document_gone" if doc_id else "foreign"
        if doc_id in source.others:
            outdated.add(tasks, doc_id, "moved")
        elif changed and doc_id not in refused:
            outdated.add(tasks, doc_id, reason)
        else:
            plan.orphaned += [Orphan(task.id, doc_id, reason, task.work) for task in tasks]


def key_of(task: Json) -> Key:
    """Which document and text a listed task is: its doc_id ("" for none), and the hash of the text it really shows."""
    data = task.get("data")
    data = data if isinstance(data, dict) else {}
    text, doc_id = data.get("text"), data.get("doc_id")
    sha = ""
    if isinstance(text, str):  # an adopted task may show other line breaks than its document has
        sha = hashlib.sha256(normalise_newlines(text)[0].encode("utf-8", "surrogatepass")).hexdigest()
    return (doc_id if isinstance(doc_id, str) else ""), sha


def read_task(task: Json) -> tuple[Key, ServerTasks]:
    """A listed task by its key."""
    key = key_of(task)
    done, overlap, meta = int(task.get("total_annotations") or 0), task.get("overlap"), task.get("meta")
    work = done + int(task.get("cancelled_annotations") or 0)
    told, people = fingerprint(task.get("data") or {}, key[1]), 1 if overlap is None else int(overlap)
    return key, ServerTasks(int(task["id"]), work, told, marks_in(meta), people, done, out_since(meta))
