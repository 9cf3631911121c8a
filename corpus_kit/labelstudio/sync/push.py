"""Push: documents become tasks, once. A plan is made first; then only what the plan names is written.

A request whose outcome is unknown is never repeated blindly: the server is asked what it has, for a while, because an
import that outlived its connection may still be under way there. What comes twice all the same is removed by the plan
of the next push.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from corpus_kit.core.config.layer_files import template_text
from corpus_kit.core.errors import ConfigError
from corpus_kit.core.layers import Layer
from corpus_kit.core.progress import Progress, Step, counted
from corpus_kit.core.records import Finding
from corpus_kit.labelstudio.api.batches import Json, pack
from corpus_kit.labelstudio.api.client import LabelStudioClient
from corpus_kit.labelstudio.api.problems import OutcomeUnknownError, RefusedError
from corpus_kit.labelstudio.sync.batch_log import PushBatch, append_batch, unfinished
from corpus_kit.labelstudio.sync.plan import EVERYBODY, Key, LayerPlan, Orphan, Pushed, compare, key_of, leave_copies
from corpus_kit.labelstudio.sync.projects import (
    check_config,
    create_project,
    differences,
    find_project,
    show_version,
)
from corpus_kit.labelstudio.sync.server_context import ServerContext, exclusive_lock
from corpus_kit.labelstudio.sync.tasks import PushInput, WantedTask, marks_in, meta_with, out_since
from corpus_kit.ledger.held_back import keep_held_back

WAITS = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds before each look at what became of an import no one answered."""
EVERYTHING = PushBatch()
WITHDRAWN = "withdrawn"
"""The version of a suggestion that is none any more; the server shows another one."""
ROUNDS = 3
REPLACED_AT_ONCE = 200
REMOVED_AT_ONCE = 200
MOST_REFUSED = 20
"""After so many tasks that the server refused one by one, something else is wrong."""


def push(
    site: ServerContext,
    client: LabelStudioClient,
    progress: Progress,
    *,
    layer: str | None = None,
    dry_run: bool = False,
    turn: PushBatch = EVERYTHING,
) -> list[Pushed]:
    """Bring every layer (or one) of a corpus to the server. A second push writes nothing.

    dry_run: only the plans. turn: the order of the tasks that are not there yet, and how many of them to bring.
    All layers are checked before the first one is written to.

    Raises
    ------
    UsageError: no documents yet, no such layer. ConfigError: a config that can't be used or would orphan work.
    ServiceError: the server; what was done stays done, and the next push goes on there.
    EnvironmentProblemError: another push is at work.
    """
    layers = site.chosen(layer)
    with exclusive_lock(site.data, "push"):
        return push_layers(site, client, progress, layers, dry_run=dry_run, turn=turn)


def push_layers(
    site: ServerContext,
    client: LabelStudioClient,
    progress: Progress,
    layers: Sequence[Layer],
    *,
    dry_run: bool = False,
    turn: PushBatch = EVERYTHING,
) -> list[Pushed]:
    """`push` for a caller that holds the lock."""
    prepared = [prepare(site, client, one, progress, turn) for one in layers]
    if dry_run:
        return [Pushed(plan) for plan, _ in prepared]
    return [
        Pushing(site, client, one, plan, source, progress, turn).run()
        for one, (plan, source) in zip(layers, prepared, strict=True)
    ]


def prepare(
    site: ServerContext,
    client: LabelStudioClient,
    layer: Layer,
    progress: Progress,
    turn: PushBatch,
    mine: Collection[str] | None = None,
) -> tuple[LayerPlan, PushInput]:
    """What a push would do to a layer's project, and the tasks it should have. mine: of these documents only."""
    if left := template_text(layer, site.name):
        raise ConfigError(
            f"The layer '{layer.name}' is not ready for people: {left}.",
            "Write it, or take the layer out of `layers` in corpus.toml; --layer pushes another one alone.",
        )
    source = PushInput(site.data, layer, site.settings.order, site.checks.get(layer.name, ()), turn, site.holdout)
    if mine is not None:
        source.keep(mine)
    if source.without_scores:
        progress.remark(f"{layer.name}: nothing is suggested, so no document is less certain; the order is random.")
    title = site.title(layer.name)
    project = find_project(client, title, progress)
    changes = differences(project, layer, site)
    if "config" in changes:
        check_config(client, project, layer)
    plan = LayerPlan(layer.name, title, project.id if project else None, person=site.person)
    plan.settings = list(changes) if project else ["create"]
    with counted(progress, f"compare {layer.name}", len(source)) as step:
        compare(plan, source, client, step, site.settings.overlap, site.settings.open_hours)
    if site.settings.copies == "one":
        leave_copies(plan, source.clusters())
    _limit(site, plan, turn)
    return plan, source


def _limit(site: ServerContext, plan: LayerPlan, turn: PushBatch) -> None:
    """Leave what the limit does not reach for another push; a batch that was interrupted is finished first."""
    if turn.limit is None:
        return
    by_document = {key[0]: key for key in plan.create}
    open_batch = unfinished(site.data, plan.title, turn, list(by_document))
    chosen = [by_document[doc_id] for doc_id in open_batch] or plan.create[: turn.limit]
    plan.later = len(plan.create) - len(chosen)
    plan.create = chosen


class Pushing:
    """One layer's plan under way."""

    def __init__(
        self,
        site: ServerContext,
        client: LabelStudioClient,
        layer: Layer,
        plan: LayerPlan,
        source: PushInput,
        progress: Progress,
        turn: PushBatch | None = None,
    ) -> None:
        self.site, self.client, self.layer, self.plan = site, client, layer, plan
        self.source, self.progress, self.turn = source, progress, turn
        self.done = Pushed(plan)
        self.project = plan.project or 0

    def run(self) -> Pushed:
        self._settings()
        if self.plan.create and self.turn is not None:
            append_batch(
                self.site.data, self.plan.title, self.layer.name, self.turn, [key[0] for key in self.plan.create]
            )
        if self.plan.create:
            with counted(self.progress, f"push {self.layer.name}", len(self.plan.create)) as step:
                self._create(step)
        if self.plan.update:
            with counted(self.progress, f"update {self.layer.name}", len(self.plan.update)) as step:
                self._update(step)
        if self.plan.replace:
            with counted(self.progress, f"suggest {self.layer.name}", len(self.plan.replace)) as step:
                self._replace(step)
        if self.plan.suggested:
            self.done.settings |= show_version(self.client, self.project, self.source.model_version)
        self._queue(self.plan.back, out="")
        self._give_to_everybody()
        if self.site.holdout:
            keep_held_back(self.site.data, self.layer.name, self.source.held_back())
        # A project's new overlap has put those back into the queue that had left it before.
        again = "overlap" in self.plan.settings
        out = self.plan.out + (self.plan.resting + self.plan.remove if again else [])
        self._queue(out, out=datetime.now(UTC).isoformat(timespec="seconds"))
        self._remove([] if again else self.plan.remove)
        self.done.address = f"{self.client.transport.url}/projects/{self.project}/data"
        return self.done

    def _settings(self) -> None:
        if self.plan.project is None:
            made = create_project(self.client, self.layer, self.site, self.progress)
            self.project = self.plan.project = made.id
            self.done.settings = True
            changes = differences(made, self.layer, self.site)
        else:
            changes = (
                differences(self.client.project(self.project), self.layer, self.site) if self.plan.settings else {}
            )
        if "overlap" in changes:
            # Where tasks of several people are among others, the server gives a new number to those alone.
            for task in self.plan.everybody:
                self.client.set_overlap(task, self.client.project(self.project).overlap)
        if changes:
            self.client.update_project(self.project, **changes)
            self.done.settings = True

    def _give_to_everybody(self) -> None:
        """Hidden checks differ from other tasks in one thing that no one sees: how many people they are for.

        The server sets that again for every task when the project's own number changes.
        """
        new = {key[0] for key in self.plan.create} if "overlap" not in self.plan.settings else self.source.everybody
        texts = self.source.current_texts(new & self.source.everybody)
        for task in self.client.tasks_of(self.project, texts, ("id", "data", "overlap")):
            doc_id, sha = key_of(task)
            if texts[doc_id] == sha and task["overlap"] != EVERYBODY:
                self.plan.checks[int(task["id"])] = EVERYBODY
        for task_id, people in sorted(self.plan.checks.items()):
            self.client.set_overlap(task_id, people)
            self.done.checks += 1

    # New tasks

    def _create(self, step: Step) -> None:
        wanted = {key[0] for key in self.plan.create}
        for window in self.source.windows(wanted):
            self._import([w for w in window.wanted if w.key[0] in wanted], step)

    def _import(self, wanted: list[WantedTask], step: Step) -> None:
        """Import tasks in batches; after an unknown outcome, those that are still missing."""
        limits = self.site.settings
        tasks: Iterable[Json] = (w.task() for w in wanted)
        for batch in pack(tasks, most_tasks=limits.batch_tasks, most_bytes=limits.batch_bytes):
            sent = wanted[batch.start : batch.start + batch.count]
            for attempt in range(ROUNDS):
                try:
                    (again,) = [batch] if attempt == 0 else list(pack(w.task() for w in sent))
                    self.client.import_batch(self.project, again)
                except OutcomeUnknownError:
                    there = self._arrived(sent)
                    self.done.created += len(there)
                    sent = [w for w in sent if w.key not in there]
                    if not sent:
                        break
                    if attempt == ROUNDS - 1:
                        raise
                except RefusedError as e:
                    self._one_by_one(sent, e)
                    break
                else:
                    self.done.created += len(sent)
                    break
            step.advance(batch.count)

    def _arrived(self, sent: Sequence[WantedTask]) -> set[Key]:
        """Which of these tasks the server has, asked until it has them all or does not get any more."""
        keys = {w.key for w in sent}
        there: set[Key] = set()
        for pause in WAITS:
            time.sleep(pause)
            found = self.client.tasks_of(self.project, [doc_id for doc_id, _ in keys])
            there = {(str(t["data"].get("doc_id")), str(t["data"].get("text_sha256"))) for t in found} & keys
            if there == keys:
                break
        return there

    def _one_by_one(self, sent: Sequence[WantedTask], refusal: RefusedError) -> None:
        """The server refuses a whole batch for one task: halve it until that task stands alone, and go on without it."""
        if refusal.status != 400:
            raise refusal
        if len(sent) == 1:
            hint = f"The server refuses this task: {refusal.detail}."
            self.plan.refused.append(Finding("server", "documents", f"doc_id={sent[0].key[0]}", "", hint))
            if sum(f.code == "server" for f in self.plan.refused) > MOST_REFUSED:
                raise refusal
            return
        middle = len(sent) // 2
        for half in (sent[:middle], sent[middle:]):
            (batch,) = pack(w.task() for w in half)
            try:
                self.client.import_batch(self.project, batch)
                self.done.created += len(half)
            except RefusedError as e:
                self._one_by_one(half, e)

    # Tasks that are there

    def _update(self, step: Step) -> None:
        for window in self.source.windows(self.plan.update):
            wanted = {self.plan.update[w.key[0]]: w for w in window.wanted if w.key[0] in self.plan.update}
            for task in self._listed(wanted.values()):
                if int(task["id"]) in wanted:
                    # What the user added to the task's data stays, and so does the text that offsets point into.
                    new = {**task["data"], **wanted[int(task["id"])].data}
                    self.client.update_task(int(task["id"]), new | {"text": task["data"]["text"]})
                    self.done.updated += 1
                    step.advance()

    def _replace(self, step: Step) -> None:
        for window in self.source.windows(self.plan.replace):
            wanted = {self.plan.replace[w.key[0]]: w for w in window.wanted if w.key[0] in self.plan.replace}
            ids = sorted(wanted)
            for at in range(0, len(ids), REPLACED_AT_ONCE):
                self._suggest({i: wanted[i] for i in ids[at : at + REPLACED_AT_ONCE]})
                step.advance(len(ids[at : at + REPLACED_AT_ONCE]))

    def _suggest(self, wanted: dict[int, WantedTask]) -> None:
        """Change the suggestions that are there, add what is missing, then note them: interrupted, it starts from the top.

        None is deleted: a page that was opened with a suggestion could not be submitted any more.
        """
        for attempt in range(ROUNDS):
            missing: list[Json] = []
            for found in self.client.export_tasks(self.project, list(wanted)):
                there = [p["id"] if isinstance(p, dict) else p for p in found.get("predictions") or ()]
                missing += self._changed(int(found["id"]), there, wanted[int(found["id"])])
            try:
                if missing:
                    self.client.create_predictions(self.project, missing)
                break
            except OutcomeUnknownError:
                if self._suggested(wanted):
                    break
                if attempt == ROUNDS - 1:
                    raise
        metas = {int(t["id"]): t.get("meta") for t in self._listed(wanted.values(), ("id", "meta"))}
        for number, w in wanted.items():
            meta = metas.get(number)
            noted = meta_with(meta if isinstance(meta, dict) else {}, w.marks, out_since(meta))
            self.client.transport.change("PATCH", f"/api/tasks/{number}/", {"meta": noted})
            self.done.replaced += 1

    def _changed(self, task: int, there: Sequence[int], wanted: WantedTask) -> list[Json]:
        """Give the newest predictions of a task the new content, in order, and empty the others; what is still missing."""
        new, old = wanted.predictions, sorted(there)
        kept = old[max(0, len(old) - len(new)) :]
        for number in old[: len(old) - len(kept)]:
            self.client.update_prediction(number, {"model_version": WITHDRAWN, "score": None, "result": []})
        for number, one in zip(kept, new, strict=False):
            self.client.update_prediction(number, {"score": None, **one})
        return [{"task": task, **one} for one in new[len(kept) :]]

    def _suggested(self, wanted: Mapping[int, WantedTask]) -> bool:
        """Whether each of these tasks has as many suggestions as it is to have, by now."""
        for pause in WAITS:
            time.sleep(pause)
            if all(len(self.client.predictions(task)) >= len(w.predictions) for task, w in wanted.items()):
                return True
        return False

    def _listed(self, wanted: Iterable[WantedTask], include: Sequence[str] = ("id", "data")) -> Iterator[Json]:
        return self.client.tasks_of(self.project, [w.key[0] for w in wanted], include)

    # Tasks that another one stands for

    def _queue(self, tasks: Sequence[Orphan], out: str) -> None:
        """Take tasks out of the queue, where they stay for whoever has them open; with "" put them back.

        A task that is out is for as many people as have done it.
        """
        wanted = {o.task: o.doc_id for o in tasks}
        listed = ("id", "meta", "total_annotations")
        for task in self.client.tasks_of(self.project, dict.fromkeys(wanted.values()), listed) if wanted else ():
            number, meta, done = int(task["id"]), task.get("meta"), int(task["total_annotations"] or 0)
            if number in wanted:
                noted = meta_with(meta if isinstance(meta, dict) else {}, marks_in(meta), out)
                self.client.queue_task(number, done if out else self.site.settings.overlap, done, noted)
                self.done.out += 1

    def _remove(self, tasks: Sequence[Orphan]) -> None:
        """Delete tasks that no one can have open any more, looking once more right before.

        The newer task of the document was made before, and has a higher id: so the server gives no deleted id away
        again, and a page that is still open on a deleted task gets an error, never another document.
        """
        for at in range(0, len(tasks), REMOVED_AT_ONCE):
            some = {o.task: o for o in tasks[at : at + REMOVED_AT_ONCE]}
            now = self.client.export_tasks(self.project, list(some))
            free = [int(t["id"]) for t in now if not t["annotations"] and not t["drafts"]]
            self.plan.orphaned += [some[int(t["id"])] for t in now if int(t["id"]) not in free]
            try:
                self.client.delete_tasks(self.project, free)
                self.done.removed += len(free)
            except OutcomeUnknownError:
                self.progress.remark("No answer came to a deletion of replaced tasks; the next push looks after it.")
            except RefusedError as e:
                if e.status != 403:
                    raise
                self.progress.remark("Replaced tasks stay: this account may not delete them.")
