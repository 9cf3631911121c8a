"""The requests that push, pull and restore make, each a method; what comes back is the server's JSON, unchanged.

Tasks and annotations stay plain dictionaries on purpose: a model of them would lose the keys it doesn't know. Tasks on
their way in are packed into request bodies by count and by bytes, encoded once.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from pydantic import TypeAdapter

from corpus_kit.core.errors import ServiceError
from corpus_kit.labelstudio.api.batches import Batch, Json
from corpus_kit.labelstudio.api.problems import RefusedError
from corpus_kit.labelstudio.api.shapes import (
    ACCOUNT,
    COUNTS,
    CREATED,
    EXPORTED,
    IMPORTED,
    OBJECT,
    PREDICTIONS,
    PROJECT,
    PROJECT_PAGE,
    SNAPSHOT,
    TASK,
    TASK_PAGE,
    TITLE_PAGE,
    USERS,
    not_label_studio,
    shaped,
)
from corpus_kit.labelstudio.api.transport import READ_SECONDS, AnswerLimits, Transport

PAGE_TASKS = 1000
QUERY_CHARACTERS = 3000
"""How much of doc_ids goes into one query: proxies commonly refuse addresses beyond 8 kB, and quoting doubles it."""
MOST_PAGES = 1000
"""Of projects with one title, a hundred on each."""
FULL = {"only_id": False}
"""Ask for the object where an export has only its id otherwise."""


@dataclass(frozen=True, slots=True)
class Project:
    """A project's settings. `overlap`: annotations wanted per task. `sampling`: the server's name for the order."""

    id: int
    title: str
    config: str
    instruction: str
    overlap: int
    sampling: str


class LabelStudioClient:
    """A server and an account on it. Parameters and errors: `Transport`. Every method may raise `ServiceError`."""

    def __init__(
        self,
        url: str,
        token: str,
        *,
        timeout: float = READ_SECONDS,
        first_wait: float = 0.5,
        limits: AnswerLimits | None = None,
    ) -> None:
        self.transport = Transport(url, token, timeout=timeout, first_wait=first_wait, limits=limits)

    def __repr__(self) -> str:
        return f"LabelStudioClient({self.transport.url!r})"

    def __enter__(self) -> LabelStudioClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.transport.close()

    def version(self) -> str:
        """The server's release, for instance "1.23.2"."""
        return str(self.transport.read("/api/version", OBJECT).get("release", ""))

    def account(self) -> Json:
        """Who the token belongs to: `id`, `email` and more. The quickest check of address and token."""
        return dict(self.transport.read("/api/current-user/whoami", ACCOUNT))

    def users(self) -> list[Json]:
        """The people of the account's organization: `id`, `email`, names."""
        return list(self.transport.read("/api/users/", USERS))

    # Projects

    def find_projects(self, title: str) -> list[Project]:
        """The projects of exactly this title, the oldest first: the server does not keep titles unique."""
        found = self._pages({"title": title, "page_size": 100}, PROJECT_PAGE)
        return sorted((_project(p) for p in found if p["title"] == title), key=lambda p: p.id)

    def titles_with(self, words: str) -> set[str]:
        """The titles of projects in which these words stand, whatever their case."""
        found = self._pages({"title": words, "include": "id,title", "page_size": 100}, TITLE_PAGE)
        return {p["title"] for p in found}

    def project(self, project: int) -> Project:
        return _project(self.transport.read(f"/api/projects/{project}/", PROJECT))

    def counts(self, project: int) -> Json:
        """A project as the server tells it: `created_at`, `task_number` and more."""
        return dict(self.transport.read(f"/api/projects/{project}/", COUNTS))

    def create_project(
        self, title: str, config: str, *, instruction: str = "", overlap: int = 1, sampling: str = "Sequential sampling"
    ) -> Project:
        """A new project. instruction: HTML shown before labeling. Titles have 3 to 50 characters."""
        settings = _settings(title, config, instruction, overlap, sampling)
        return _project(self._shaped(self.transport.post("/api/projects/", settings), PROJECT))

    def update_project(
        self,
        project: int,
        *,
        config: str | None = None,
        instruction: str | None = None,
        overlap: int | None = None,
        sampling: str | None = None,
    ) -> Project:
        """Change the given settings; the server accepts a config that loses labels in use: guard it before."""
        changes = _settings(None, config, instruction, overlap, sampling)
        return _project(self._shaped(self.transport.change("PATCH", f"/api/projects/{project}/", changes), PROJECT))

    def delete_project(self, project: int) -> None:
        self.transport.change("DELETE", f"/api/projects/{project}/")

    def config_problem(self, config: str, project: int | None = None) -> str:
        """What the server has against a labeling config, "" for nothing; with `project`, also against its tasks."""
        path = f"/api/projects/{project}/validate/" if project else "/api/projects/validate/"
        try:
            self.transport.post(path, {"label_config": config}, repeatable=True, read=False)
        except RefusedError as e:
            if e.status == 400:
                return e.detail or "it is not accepted"
            raise
        return ""

    # Tasks

    def import_batch(self, project: int, batch: Batch) -> list[int]:
        """Create a batch's tasks, with the predictions and annotations in them; their ids, in the batch's order.

        All of them or, if one is refused, none. Twice makes them twice: after `OutcomeUnknownError`, look first.
        """
        answer = self.transport.post(f"/api/projects/{project}/import", batch.body, {"return_task_ids": "true"})
        ids = list(self._shaped(answer, IMPORTED)["task_ids"])
        if len(ids) != batch.count:
            raise ServiceError(
                f"Label Studio took {len(ids)} of {batch.count} tasks.",
                "Run the command again: it adds what is missing.",
            )
        return ids

    def tasks(
        self, project: int, include: Sequence[str] = ("id", "data"), *, filters: Sequence[Json] = ()
    ) -> Iterator[Json]:
        """The project's tasks by rising id, page after page; `include`: the keys wanted.

        Pages go on from the last id rather than by number, so tasks that come or go meanwhile shift nothing.
        """
        last = 0
        while True:
            after = _filter("id", "greater", last, "Number")
            page = self._query(project, include, [*filters, after])
            ids = [int(task["id"]) for task in page]
            if any(one <= before for before, one in zip([last, *ids], ids, strict=False)):
                # A page that was asked for already would be asked for without end.
                raise not_label_studio(self.transport.url, "tasks that were not asked for, or not in their order")
            yield from page
            if len(page) < PAGE_TASKS:
                return
            last = ids[-1]

    def tasks_of(self, project: int, doc_ids: Iterable[str], include: Sequence[str] = ("id", "data")) -> Iterator[Json]:
        """The tasks whose `data.doc_id` is one of these; several for a doc_id where a text changed."""
        for some in _bundles(doc_ids, QUERY_CHARACTERS):
            yield from self.tasks(project, include, filters=[_filter("data.doc_id", "in_list", some, "List")])

    def tasks_changed_since(
        self, project: int, instant: str, include: Sequence[str] = ("id", "updated_at")
    ) -> Iterator[Json]:
        """The tasks with `updated_at` after an instant, written as the server does: `2026-01-31T12:00:00.000000Z`."""
        return self.tasks(project, include, filters=[_filter("updated_at", "greater", instant, "Datetime")])

    def tasks_with_drafts(self, project: int, include: Sequence[str] = ("id",)) -> Iterator[Json]:
        """The tasks on which somebody has unsubmitted work: a draft does not move a task's `updated_at`."""
        return self.tasks(project, include, filters=[_filter("draft_exists", "equal", True, "Boolean")])

    def update_task(self, task: int, data: Mapping[str, Any]) -> None:
        """Replace a task's whole `data`; its annotations stay, so the text must stay too."""
        self.transport.change("PATCH", f"/api/tasks/{task}/", {"data": data})

    def set_overlap(self, task: int, people: int) -> None:
        """For how many people one task is. The server does not count again whether it is done, so that is told too."""
        found = self.transport.read(f"/api/tasks/{task}/", TASK, {"fields": "task_only"})
        done = int(found.get("total_annotations") or 0) >= people
        self.transport.change("PATCH", f"/api/tasks/{task}/", {"overlap": people, "is_labeled": done})

    def queue_task(self, task: int, people: int, done: int, meta: Json) -> None:
        """For how many people one task is, given how many have done it, and its `meta`, in one change."""
        change = {"overlap": people, "is_labeled": done >= people, "meta": meta}
        self.transport.change("PATCH", f"/api/tasks/{task}/", change)

    def delete_task(self, task: int) -> None:
        """Delete a task with all that belongs to it; done when it was gone already.

        Never sent again blindly: the server may have given the id to a new task meanwhile.
        """
        self.transport.change("DELETE", f"/api/tasks/{task}/", repeatable=False)

    def delete_tasks(self, project: int, tasks: Sequence[int]) -> None:
        """Delete many tasks at once; as careful as `delete_task`."""
        self._act(project, "delete_tasks", tasks)

    # Predictions

    def predictions(self, task: int) -> list[Json]:
        return list(self.transport.read("/api/predictions/", PREDICTIONS, {"task": task}))

    def create_predictions(self, project: int, predictions: Sequence[Json]) -> None:
        """Add predictions (`task`, `model_version`, `result`, `score`) to tasks that exist.

        The server skips what it doesn't like without a word, so the count is compared.
        """
        answer = self.transport.post(f"/api/projects/{project}/import/predictions", list(predictions))
        created = self._shaped(answer, CREATED)["created"]
        if created != len(predictions):
            raise ServiceError(
                f"Label Studio took {created} of {len(predictions)} suggestions.",
                "A suggestion names a label or control that the project's config doesn't have; push the config first.",
            )

    def update_prediction(self, prediction: int, changes: Json) -> None:
        """Change a prediction where it is: a page that was opened with it can still be submitted.

        The server refuses an annotation whose `parent_prediction` was deleted meanwhile.
        """
        self.transport.change("PATCH", f"/api/predictions/{prediction}/", changes)

    # Annotations

    def create_annotation(self, task: int, annotation: Json) -> bool:
        """Add an annotation, keeping its `unique_id`; False when the server has one of that `unique_id` already.

        With a `unique_id` a second attempt cannot make a second annotation, so a lost answer is simply asked for again;
        then False may also mean that the first attempt did it.
        """
        repeatable = bool(annotation.get("unique_id"))
        try:
            self.transport.post(f"/api/tasks/{task}/annotations/", annotation, repeatable=repeatable)
        except RefusedError as e:
            if repeatable and e.status == 409:
                return False
            raise
        return True

    def create_draft(self, task: int, draft: Json) -> None:
        """Add a draft to a task; the server makes the token's owner its author."""
        self.transport.post(f"/api/tasks/{task}/drafts", draft)

    def export_tasks(self, project: int, tasks: Sequence[int]) -> list[Json]:
        """These tasks as an export has them, with `unique_id` and drafts; a task that is gone is absent."""
        found: list[Json] = []
        for at in range(0, len(tasks), 300):
            some = list(tasks[at : at + 300])
            params: dict[str, str | int | list[int]] = {
                "exportType": "JSON",
                "download_all_tasks": "true",
                "ids[]": some,
            }
            found.extend(self.transport.read(f"/api/projects/{project}/export", EXPORTED, params))
        return found

    def snapshot(self, project: int, target: Path, *, annotated_only: bool = False) -> None:
        """Stream the export of the whole project to a file: tasks, annotations, drafts, predictions; emails included.

        The snapshot is deleted on the server afterwards; `target` appears complete or not at all.
        """
        wanted = {
            "task_filter_options": {"only_with_annotations": annotated_only},
            "serialization_options": {"drafts": FULL, "predictions": FULL, "annotations__completed_by": FULL},
        }
        path = f"/api/projects/{project}/exports"
        # A second snapshot changes no work of anybody's: a lost answer costs the server a file at most.
        made = self._shaped(self.transport.post(f"{path}/", wanted, repeatable=True), SNAPSHOT)
        end = time.monotonic() + self.transport.limits.export_seconds
        pause = 0.1
        while made["status"] in ("created", "in_progress") and time.monotonic() < end:
            time.sleep(pause)
            pause = min(pause * 1.5, 5.0)
            made = self.transport.read(f"{path}/{made['id']}", SNAPSHOT)
        if made["status"] in ("created", "in_progress"):
            raise ServiceError(
                f"Label Studio has not finished its export after {self.transport.limits.export_seconds:.0f} s.",
                "Look at the server's log; `max_export_seconds` below [label_studio] in corpus.toml is the limit.",
            )
        if made["status"] != "completed" or not made.get("md5"):
            raise ServiceError(
                f"Label Studio couldn't make its export ({made['status']}).", "Look at the server's log."
            )
        try:
            self.transport.download(f"{path}/{made['id']}/download", target, made["md5"], {"exportType": "JSON"})
        finally:
            with suppress(ServiceError):  # a file left on the server is no reason to fail
                self.transport.change("DELETE", f"{path}/{made['id']}")

    # What the methods share

    def _query(self, project: int, include: Sequence[str], filters: Sequence[Json]) -> list[Json]:
        query = {"filters": {"conjunction": "and", "items": list(filters)}, "ordering": ["tasks:id"]}
        params: dict[str, str | int | list[int]] = {
            "project": project,
            "fields": "task_only",
            "include": ",".join(include),
            "query": json.dumps(query, separators=(",", ":")),
            "page_size": PAGE_TASKS,
        }
        page = list(self.transport.read("/api/tasks/", TASK_PAGE, params)["tasks"])
        if any(name not in task for task in page for name in include):
            raise not_label_studio(self.transport.url, "tasks without a key that was asked for")
        return page

    def _pages(self, params: dict[str, str | int | list[int]], shape: TypeAdapter[Any]) -> Iterator[Json]:
        """Projects, page after page, to the end or the most pages there can be."""
        for page in range(1, MOST_PAGES + 1):
            answer = self.transport.read("/api/projects/", shape, {**params, "page": page})
            yield from answer["results"]
            if not answer.get("next"):
                return
            if not answer["results"]:
                raise not_label_studio(self.transport.url, "an empty page that says another one follows")
        raise not_label_studio(self.transport.url, f"more than {MOST_PAGES:,} pages")

    def _shaped(self, value: Any, shape: TypeAdapter[Any]) -> Any:
        return shaped(value, shape, self.transport.url)

    def _act(self, project: int, action: str, tasks: Sequence[int], *, repeatable: bool = False) -> None:
        """A Data Manager action on some tasks; on none, nothing is done."""
        if tasks:
            selected = {"selectedItems": {"all": False, "included": list(tasks)}}
            self.transport.post("/api/dm/actions/", selected, {"id": action, "project": project}, repeatable=repeatable)


def _settings(
    title: str | None, config: str | None, instruction: str | None, overlap: int | None, sampling: str | None
) -> Json:
    named = {
        "title": title,
        "label_config": config,
        "expert_instruction": instruction,
        "show_instruction": None if instruction is None else bool(instruction),
        "maximum_annotations": overlap,
        "sampling": sampling,
    }
    return {key: value for key, value in named.items() if value is not None}


def _project(found: Json) -> Project:
    return Project(
        id=int(found["id"]),
        title=found["title"],
        config=found["label_config"],
        instruction=found["expert_instruction"] or "",
        overlap=int(found["maximum_annotations"]),
        sampling=found["sampling"] or "",
    )


def _filter(column: str, operator: str, value: Any, kind: str) -> Json:
    return {"filter": f"filter:tasks:{column}", "operator": operator, "type": kind, "value": value}


def _bundles(words: Iterable[str], most_characters: int) -> Iterator[list[str]]:
    bundle: list[str] = []
    size = 0
    for word in words:
        if bundle and size + len(word) + 3 > most_characters:
            yield bundle
            bundle, size = [], 0
        bundle.append(word)
        size += len(word) + 3
    if bundle:
        yield bundle
