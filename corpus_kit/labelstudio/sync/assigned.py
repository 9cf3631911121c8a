"""Push with `[assign]`: each person has a project of their own in every layer, in which no one else's work is.

What is dealt is written down before the first task is made, so that a push that is killed, or run again, deals nothing
again. A page that goes to somebody else leaves the first one's queue; what they submit all the same is taken and counts.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from corpus_kit.core.assignment import pair_counts, reassigned
from corpus_kit.core.layers import Layer
from corpus_kit.core.progress import Progress
from corpus_kit.labelstudio.api.client import LabelStudioClient, Project
from corpus_kit.labelstudio.sync.assignments import Assignments, Holders
from corpus_kit.labelstudio.sync.batch_log import PushBatch
from corpus_kit.labelstudio.sync.own_work import own_work, passed
from corpus_kit.labelstudio.sync.plan import LISTED, Pushed, read_task
from corpus_kit.labelstudio.sync.projects import find_project
from corpus_kit.labelstudio.sync.push import Pushing, prepare
from corpus_kit.labelstudio.sync.server_context import ServerContext, exclusive_lock
from corpus_kit.labelstudio.sync.tasks import PushInput


@dataclass(frozen=True, slots=True)
class AssignedPush:
    """What is asked for; see `push`. reassign: move what lies idle, or belongs to who left."""

    layer: str | None = None
    turn: PushBatch = PushBatch()  # noqa: RUF009 - frozen
    dry_run: bool = False
    reassign: bool = False


def push_assigned(
    site: ServerContext, client: LabelStudioClient, progress: Progress, order: AssignedPush = AssignedPush()
) -> list[Pushed]:
    """Bring every layer (or one) to the projects of its people. A second push writes nothing.

    Raises the errors of `push`.
    """
    layers = site.chosen(order.layer)
    with exclusive_lock(site.data, "push"):
        assignments = Assignments.read(site.data)
        before = Assignments.read(site.data).layers
        prepared: list[Pushing] = []
        for layer in layers:
            prepared += _prepared(site, client, layer, progress, assignments, order)
        if order.dry_run:
            return [Pushed(one.plan) for one in prepared]
        if assignments.layers != before:
            assignments.write()
        return [one.run() for one in prepared]


def _prepared(
    site: ServerContext,
    client: LabelStudioClient,
    layer: Layer,
    progress: Progress,
    assignments: Assignments,
    order: AssignedPush,
) -> list[Pushing]:
    """What is to be done in each person's project, dealt before."""
    source = PushInput(site.data, layer, site.settings.order, (), order.turn)
    later = assignments.deal(layer.name, source.ordered_ids(), site.assign, order.turn.limit)
    if order.reassign:
        _reassign(site, client, layer, progress, assignments)
    every = replace(order.turn, limit=None)
    first = site.first.pages.get(layer.name, frozenset())
    known = first | site.checks.get(layer.name, frozenset())
    if find_project(client, site.title(layer.name), progress) is not None:
        told = f"{layer.name}: the project for everybody, '{site.title(layer.name)}', stays as it is and is pulled"
        progress.remark(f"{told}; its pages are given out there, too, until you delete or hide it.")
    found = []
    for person in assignments.everybody(site.assign.people):
        own = replace(site.of(person), checks={layer.name: known})
        here = person in site.assign.people
        mine = set(assignments.of(layer.name, person)) | (known if here else set())
        if here and not passed(site, layer.name, own_work(site, layer.name, person)):
            mine = set(first)
        project = find_project(client, own.title(layer.name), progress)
        if not mine and project is None:
            continue
        plan, wanted = prepare(own, client, layer, progress, every, mine)
        plan.later = later
        found.append(Pushing(own, client, layer, plan, wanted, progress, every))
    return found


def _reassign(
    site: ServerContext, client: LabelStudioClient, layer: Layer, progress: Progress, assignments: Assignments
) -> None:
    """Give what is untouched and belongs to who left, or is idle, to those who are at work."""
    dealt = assignments.layers.get(layer.name, {})
    idle = _idle(site, layer.name)
    working = [name for name in site.assign.people if name not in idle]
    if not working:
        progress.remark(f"{layer.name}: everybody is idle, so no page goes to somebody else.")
        return
    counts = pair_counts(one.people for one in dealt.values())
    todo: dict[str, list[str]] = {}
    for name in assignments.everybody(site.assign.people):
        touched = _touched(client, find_project(client, site.of(name).title(layer.name), progress))
        todo[name] = [d for d in assignments.of(layer.name, name) if d not in touched]
    load = Counter({name: len(todo[name]) for name in working})
    moved = 0
    for name, documents in todo.items():
        for doc_id in documents if name not in working else ():
            kept = tuple(other for other in dealt[doc_id].people if other != name)
            gone = (*dealt[doc_id].before, name)
            taker = reassigned(doc_id, (*kept, *gone), working, counts, load)
            if taker:
                dealt[doc_id] = Holders(tuple(sorted((*kept, taker))), gone)
                moved += 1
    progress.remark(f"{layer.name}: {moved:,} pages go to somebody else.")


def _idle(site: ServerContext, layer: str) -> set[str]:
    """Who of the people has submitted nothing for so many days, though others have: at the start no one is idle."""
    since = datetime.now(UTC) - timedelta(days=site.assign.idle_days)
    last = {name: own_work(site, layer, name).latest for name in site.assign.people}
    if not any(last.values()):
        return set()
    return {name for name, at in last.items() if at is None or at < since}


def _touched(client: LabelStudioClient, project: Project | None) -> set[str]:
    """Documents of a project on which there is work or a draft."""
    if project is None:
        return set()
    drafted = {int(t["id"]) for t in client.tasks_with_drafts(project.id)}
    listed = [read_task(t) for t in client.tasks(project.id, LISTED)]
    return {doc_id for (doc_id, _), task in listed if task.work or task.id in drafted}
