"""Pull: what people did since the last pull goes to the ledger, as the server gave it.

A pull asks for the tasks that changed since the last one, and for their number: where it does not add up, some are gone,
and all are listed. What is new, changed, was changed shortly before the last pull, or has or had a draft is fetched;
what is the same as before is not written again. The first pull, `--full`, and one with much to fetch take the server's
snapshot of the whole project.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from corpus_kit.core.layers import Layer
from corpus_kit.core.progress import Progress, Step, counted
from corpus_kit.core.storage.folders import WORK
from corpus_kit.labelstudio.api.client import LabelStudioClient
from corpus_kit.labelstudio.api.shapes import EXPORTED_TASK, TOTAL, shaped
from corpus_kit.labelstudio.server.connect import private_identity
from corpus_kit.labelstudio.sync.assignments import Assignments
from corpus_kit.labelstudio.sync.projects import find_project
from corpus_kit.labelstudio.sync.pull_state import PullState, load_state, save_state
from corpus_kit.labelstudio.sync.review_tasks import KINDS
from corpus_kit.labelstudio.sync.server_context import ServerContext, exclusive_lock
from corpus_kit.ledger.export_json import Json, annotations_in, drafts_in, read_tasks
from corpus_kit.ledger.guidelines import keep_guidelines
from corpus_kit.ledger.ledger import Entry, Ledger

OVERLAP = timedelta(seconds=30)
"""A change may become visible a little later than the moment it carries."""
LISTED = ("id", "created_at", "updated_at", "total_annotations", "cancelled_annotations")
FETCHED_AT_ONCE = 300
WORTH_A_SNAPSHOT = 1500
"""Above so many tasks the snapshot of the whole project is the faster way."""


@dataclass(slots=True)
class Pulled:
    """What a pull brought for one layer.

    project: None when the server has none for it. full: it was a snapshot. entry: the ledger's new entry, None when
    there was nothing new. tasks, annotations, skipped, drafts: what the entry holds. deleted: annotation_ids that the
    last pull or a restore saw there and that are no more. kind: "" for labeling, else that of the review project.
    person: whose own project it is, "" for everybody's.
    """

    layer: str
    title: str
    project: int | None = None
    full: bool = False
    entry: str | None = None
    tasks: int = 0
    annotations: int = 0
    skipped: int = 0
    drafts: int = 0
    deleted: list[str] = field(default_factory=list)
    kind: str = ""
    person: str = ""


def pull(
    site: ServerContext, client: LabelStudioClient, progress: Progress, *, layer: str | None = None, full: bool = False
) -> list[Pulled]:
    """Bring the work of every layer (or one) into the ledger, that of its review projects too where there are any.

    A second pull without new work appends nothing.

    full: take everything again, whatever the last pull saw.

    Raises
    ------
    UsageError: no such layer. ServiceError: the server; a layer is appended whole or not at all.
    EnvironmentProblemError: another push or pull is at work, or the disk.
    """
    layers = site.chosen(layer)
    with exclusive_lock(site.data, "pull"):
        return [
            _Pulling(site.of(person) if person else site, client, one, progress, kind).run(full)
            for one in layers
            for kind, person in (("", ""), *_others(site, client, one))
        ]


def _others(site: ServerContext, client: LabelStudioClient, layer: Layer) -> list[tuple[str, str]]:
    """The review projects that a layer has on the server, by kind, and people's own, by person; by one request."""
    start = f"{site.title(layer.name)} "
    titles = client.titles_with(start)
    people = Assignments.read(site.data).everybody(site.assign.people)
    kinds = [(kind, "") for kind in KINDS if start + kind in titles]
    return kinds + [("", person) for person in people if start + person in titles]


class _Pulling:
    """One layer's pull from its labeling project, or from the review project of a kind."""

    def __init__(
        self, site: ServerContext, client: LabelStudioClient, layer: Layer, progress: Progress, kind: str = ""
    ) -> None:
        self.site, self.client, self.layer, self.progress = site, client, layer, progress
        self.imports = site.data / "imports"
        self.name = f"{layer.name} {kind or site.person}".strip()  # no layer's name has a space
        self.done = Pulled(layer.name, replace(site, person="").title(self.name), kind=kind, person=site.person)
        self.gone: set[int] = set()

    def run(self, full: bool) -> Pulled:
        project = find_project(self.client, self.done.title, self.progress)
        if project is None:
            return self.done
        self.done.project = project.id
        server = server_identity(self.site.data, self.client, project.id)
        memory = load_state(self.imports, self.name, server, project.id)
        before = {number: seen.updated_at for number, seen in memory.tasks.items()} if memory else {}
        known = memory.annotation_ids() if memory else set()
        memory = None if full else memory
        wanted = None if memory is None else self._changed(memory, project.id)
        if memory is None or wanted is None:
            memory = PullState(server, project.id, total=self._total(project.id))
            self._snapshot(memory, known)
        elif wanted or self.done.deleted:
            self._fetch(memory, wanted)
        floor = _before(memory.latest, OVERLAP)
        changed = {number: seen.updated_at for number, seen in memory.tasks.items() if seen.updated_at > floor}
        memory.fresh = {number for number, at in changed.items() if before.get(number) != at}
        memory.pulled_at = datetime.now(UTC).isoformat()
        save_state(self.imports, self.name, memory)
        return self.done

    def _changed(self, memory: PullState, project: int) -> list[int] | None:
        """The tasks to fetch, with what is gone noted in `done.deleted`; None where the snapshot is the faster way."""
        wanted: set[int] = set(memory.fresh)
        new, latest = 0, memory.latest
        for task in self.client.tasks_changed_since(project, _before(latest, OVERLAP), LISTED) if latest else ():
            new += str(task["created_at"]) > latest
            _note(task, memory, wanted)
        total = memory.total + new
        if not latest or memory.total < 0 or total != self._total(project):
            self._look_for_gone(memory, project, wanted)
        else:
            memory.total = total
        wanted |= {number for number, seen in memory.tasks.items() if seen.drafted}
        wanted |= {int(t["id"]) for t in self.client.tasks_with_drafts(project)}
        wanted -= self.gone
        return None if len(wanted) > WORTH_A_SNAPSHOT else sorted(wanted)

    def _look_for_gone(self, memory: PullState, project: int, wanted: set[int]) -> None:
        """The count of tasks does not add up: list them all."""
        present = set()
        for task in self.client.tasks(project, LISTED):
            present.add(int(task["id"]))
            _note(task, memory, wanted)
        self.gone = {number for number in memory.tasks if number not in present}
        lost = {a for number in self.gone for a in memory.tasks.pop(number).annotations}
        self.done.deleted = sorted(lost - memory.annotation_ids())
        memory.total = len(present)

    def _total(self, project: int) -> int:
        """How many tasks the project has."""
        one: dict[str, str | int | list[int]] = {
            "project": project,
            "fields": "task_only",
            "include": "id",
            "page_size": 1,
        }
        return int(self.client.transport.read("/api/tasks/", TOTAL, one)["total"])

    def _fetch(self, memory: PullState, wanted: list[int]) -> None:
        with counted(self.progress, f"pull {self.name}", len(wanted)) as step:
            tasks = list(self._exported(wanted, step))
        before = {a for t in tasks if (seen := memory.tasks.get(int(t["id"]))) for a in seen.annotations}
        now = {str(a.get("unique_id")) for t in tasks for a in annotations_in(t)}
        self.done.deleted = sorted({*self.done.deleted, *before} - now)
        self._append(memory, tasks, complete=False)

    def _exported(self, wanted: list[int], step: Step) -> Iterator[Json]:
        """Tasks one request at a time, authors as the snapshot gives them: with their address, not as a number."""
        if not wanted:
            return
        assert self.done.project is not None
        people = {int(u["id"]): u for u in self.client.users()}
        for at in range(0, len(wanted), FETCHED_AT_ONCE):
            some = wanted[at : at + FETCHED_AT_ONCE]
            for task in self.client.export_tasks(self.done.project, some):
                for annotation in annotations_in(task):
                    author = annotation.get("completed_by")
                    person = people.get(author) if isinstance(author, int) else None
                    if person:
                        annotation["completed_by"] = {k: person[k] for k in ("id", "email", "first_name", "last_name")}
                yield task
            step.advance(len(some))

    def _snapshot(self, memory: PullState, known: set[str]) -> None:
        """known: annotation_ids the last pull or a restore saw; what is missing now is named, for the ledger need not
        have it from this server."""
        assert self.done.project is not None
        self.done.full, self.done.deleted = True, []
        work = self.site.data / WORK
        work.mkdir(parents=True, exist_ok=True)
        with (
            counted(self.progress, f"pull {self.name}", 1) as step,
            tempfile.TemporaryDirectory(dir=work, prefix="pull-") as made,
        ):
            file = Path(made) / "snapshot.json"
            self.client.snapshot(self.done.project, file, annotated_only=True)
            self._append(memory, self._whole(file, memory, known), complete=True)
            step.advance()

    def _whole(self, file: Path, memory: PullState, known: set[str]) -> Iterator[Json]:
        """The snapshot's tasks, then those that have drafts only, which it leaves out."""
        assert self.done.project is not None
        drafted = {int(t["id"]) for t in self.client.tasks_with_drafts(self.done.project)}
        for task in read_tasks(file):
            shaped(task, EXPORTED_TASK, self.client.transport.url)
            drafted.discard(int(task["id"]))
            memory.latest = max(memory.latest, str(task["updated_at"]))
            # As the other export gives them: suggestions are ours already, and no one's work.
            task["predictions"] = [p["id"] if isinstance(p, dict) else p for p in task.get("predictions") or ()]
            yield task
        with counted(self.progress, "drafts", len(drafted)) as step:
            yield from self._exported(sorted(drafted), step)
        self.done.deleted += sorted(known - memory.annotation_ids())

    def _append(self, memory: PullState, tasks: Iterable[Json], *, complete: bool) -> None:
        entry = Ledger(self.imports).append(
            self.layer.name,
            self._noted(memory, tasks, complete),
            kind="pull",
            server=memory.server,
            project=memory.project,
            config_sha256=self.layer.config_sha256,
            guidelines_sha256=self.layer.guidelines_sha256,
            complete=complete,
            deleted=self.done.deleted,
            purpose=self.done.kind,
        )
        self.done.entry = _name(entry)
        if entry is not None:
            keep_guidelines(self.imports, self.layer)
        if entry is None:
            self.done.tasks = self.done.annotations = self.done.skipped = self.done.drafts = 0

    def _noted(self, memory: PullState, tasks: Iterable[Json], complete: bool) -> Iterator[Json]:
        for task in tasks:
            if memory.saw(task) or complete:
                annotations = annotations_in(task)
                skipped = sum(bool(a.get("was_cancelled")) for a in annotations)
                self.done.tasks += 1
                self.done.annotations += len(annotations) - skipped
                self.done.skipped += skipped
                self.done.drafts += len(drafts_in(task))
                yield task


def _note(task: Json, memory: PullState, wanted: set[int]) -> None:
    """Hold a listed task against the memory."""
    number, at = int(task["id"]), str(task["updated_at"])
    memory.latest = max(memory.latest, at)
    seen = memory.tasks.get(number)
    work = int(task["total_annotations"] or 0) + int(task["cancelled_annotations"] or 0)
    if seen.updated_at != at if seen else work:
        wanted.add(number)


def server_identity(data: Path, client: LabelStudioClient, project: int) -> str:
    """What tells this project from every other, also from one of the same number on a new server.

    A private server has another port at every start and is named by its folder's account, hashed.
    """
    found = client.counts(project)
    return f"{private_identity(data, client) or client.transport.url} {found['created_at']}"


def _before(instant: str, span: timedelta) -> str:
    if not instant:
        return ""
    at = datetime.fromisoformat(instant) - span
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _name(entry: Entry | None) -> str | None:
    return entry.path.name if entry else None
