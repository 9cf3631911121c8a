"""Review projects: what is open goes to people, once; what a reviewer has begun is never touched again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from corpus_kit.core.progress import Progress
from corpus_kit.core.records import SECOND_LOOK, ReviewDocument
from corpus_kit.labelstudio.api.client import LabelStudioClient
from corpus_kit.labelstudio.sync.plan import LISTED, Key, LayerPlan, Orphan, Outdated, Pushed, ServerTasks, read_task
from corpus_kit.labelstudio.sync.projects import check_config, differences, find_project
from corpus_kit.labelstudio.sync.push import Pushing
from corpus_kit.labelstudio.sync.review_tasks import ReviewSource, review_layer, review_site
from corpus_kit.labelstudio.sync.server_context import ServerContext, exclusive_lock


@dataclass(slots=True)
class ReviewPlan(LayerPlan):
    """What is to be done for one layer's review project; see `LayerPlan`.

    kind: of the review. waiting: tasks that no one has begun, those to come included. begun: tasks with a draft.
    settled: tasks that a reviewer submitted; skipped: or skipped.
    """

    kind: str = ""
    begun: int = 0
    settled: int = 0
    skipped: int = 0

    @property
    def waiting(self) -> int:
        return len(self.create) + len(self.replace) + self.unchanged


@dataclass(frozen=True, slots=True)
class _ReviewThere:
    """A review task on the server."""

    task: ServerTasks
    drafted: bool

    @property
    def id(self) -> int:
        return self.task.id

    @property
    def submitted(self) -> int:
        return self.task.done

    @property
    def skipped(self) -> int:
        return self.task.work - self.task.done

    @property
    def touched(self) -> bool:
        return bool(self.submitted or self.skipped or self.drafted)


def push_reviews(
    site: ServerContext,
    client: LabelStudioClient,
    progress: Progress,
    kind: str,
    documents: Mapping[str, Sequence[ReviewDocument]],
    *,
    dry_run: bool = False,
) -> list[Pushed]:
    """Bring documents to the review project of their layer; a second push writes nothing.

    kind: of `core.records`. documents: by layer, all that are to be reviewed now. What a reviewer has begun stays as it is;
    untouched tasks that are not among the documents go (of a second look only where the text changed). A layer with
    nothing to review gets no project.

    Raises the errors of `push`.
    """
    with exclusive_lock(site.data, "push"):
        prepared = []
        for name, some in documents.items():
            found = _prepare(site, client, name, kind, some, progress)
            if found is not None:
                prepared.append(found)
        if dry_run:
            return [Pushed(pushing.plan) for pushing in prepared]
        return [pushing.run() for pushing in prepared]


def _prepare(
    site: ServerContext,
    client: LabelStudioClient,
    name: str,
    kind: str,
    documents: Sequence[ReviewDocument],
    progress: Progress,
) -> Pushing | None:
    layer, site = review_layer(site.layers[name], kind), review_site(site)
    title = site.title(layer.name)
    project = find_project(client, title, progress)
    if project is None and not documents:
        return None
    changes = differences(project, layer, site)
    if "config" in changes:
        check_config(client, project, layer)
    plan = ReviewPlan(name, title, project.id if project else None, kind=kind)
    plan.settings = list(changes) if project else ["create"]
    source = ReviewSource(site, layer, kind, documents)
    _compare(plan, source, client)
    return Pushing(site, client, layer, plan, source, progress)


def _compare(plan: ReviewPlan, source: ReviewSource, client: LabelStudioClient) -> None:
    there: dict[Key, list[_ReviewThere]] = defaultdict(list)
    if plan.project is not None:
        drafted = {int(t["id"]) for t in client.tasks_with_drafts(plan.project)}
        for listed in client.tasks(plan.project, LISTED):
            key, found = read_task(listed)
            there[key].append(_ReviewThere(found, found.id in drafted))
    newest = max((t.id for tasks in there.values() for t in tasks), default=0)
    outdated = Outdated(plan)
    current = dict.fromkeys(source.doc_ids(), True)
    for window in source.windows():
        plan.refused += window.refused
        for wanted in window.wanted:
            plan.suggested += 1
            standing = sorted(there.pop(wanted.key, ()), key=lambda t: (not t.touched, t.task.out != "", t.id))
            if not standing:
                plan.create.append(wanted.key)
                continue
            kept, *others = standing
            _again(plan, kept, wanted.marks, wanted.key[0])
            outdated.add((t.task for t in others), wanted.key[0], "duplicate")
    texts = source.current_texts({doc_id for doc_id, _ in there})
    for (doc_id, sha), tasks in there.items():
        for task in tasks:
            _unasked(outdated, task, doc_id, changed=texts.get(doc_id) != sha, known=doc_id in current)
    outdated.settle(client, source.open_hours, newest)


def _unasked(outdated: Outdated, task: _ReviewThere, doc_id: str, *, changed: bool, known: bool) -> None:
    """A task that no one asks for now. changed: its document has another text. known: there is such a document."""
    plan = outdated.plan
    assert isinstance(plan, ReviewPlan)
    if task.touched:
        _count(plan, task)
        if changed:
            reason = "text_changed" if known else "document_gone" if doc_id else "foreign"
            plan.orphaned.append(Orphan(task.id, doc_id, reason, task.submitted + task.skipped))
    elif not doc_id:
        plan.orphaned.append(Orphan(task.id, doc_id, "foreign", 0))
    elif changed or plan.kind != SECOND_LOOK:
        outdated.add([task.task], doc_id, "no_longer_open")
    else:
        plan.unchanged += 1


def _again(plan: ReviewPlan, kept: _ReviewThere, marks: str, doc_id: str) -> None:
    if kept.task.out:
        plan.back.append(Orphan(kept.id, doc_id, "wanted_again", kept.task.work))
    if kept.touched:
        _count(plan, kept)
    elif kept.task.marks != marks:
        plan.update[doc_id] = plan.replace[doc_id] = kept.id
    else:
        plan.unchanged += 1


def _count(plan: ReviewPlan, task: _ReviewThere) -> None:
    plan.settled += task.submitted > 0
    plan.skipped += task.skipped > 0 and not task.submitted
    plan.begun += task.drafted and not task.submitted and not task.skipped
