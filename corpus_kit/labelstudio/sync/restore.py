"""Restore: what the ledger holds goes back into a server that lost it. A second restore writes nothing.

Projects, tasks and suggestions come back by a push; tasks of older texts from the ledger; annotations one by one, by the
only request that keeps a `unique_id`. What the server assigns again, and why: docs/decisions/017-push-pull.md.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from corpus_kit.core.errors import UsageError
from corpus_kit.core.layers import Layer
from corpus_kit.core.progress import Progress, counted
from corpus_kit.core.records import REVIEW, Finding
from corpus_kit.core.storage.folders import WORK, read_manifest
from corpus_kit.core.storage.tables import iter_batches, parts, scan
from corpus_kit.labelstudio.api.batches import pack
from corpus_kit.labelstudio.api.client import LabelStudioClient
from corpus_kit.labelstudio.api.problems import OutcomeUnknownError, RefusedError
from corpus_kit.labelstudio.sync.plan import LISTED, Key, key_of
from corpus_kit.labelstudio.sync.pull import server_identity
from corpus_kit.labelstudio.sync.pull_state import PullState, last_pull, save_state
from corpus_kit.labelstudio.sync.push import push_layers
from corpus_kit.labelstudio.sync.server_context import ServerContext, exclusive_lock
from corpus_kit.ledger.export_json import Json, annotations_in, drafts_in, read_tasks
from corpus_kit.ledger.ledger import Entry, Ledger
from corpus_kit.ledger.people import FILE, People
from corpus_kit.ledger.states import author_of, moment, server_id

KEPT = (
    "result", "was_cancelled", "ground_truth", "lead_time", "import_id", "last_action", "bulk_created", "draft_created_at"
)  # fmt: skip
"""What of an annotation goes back as it was, besides `unique_id` and, where the account exists, `completed_by`."""


@dataclass(slots=True)
class Restored:
    """What came back for one layer.

    tasks: all that were made. there: annotations and drafts that the server had already. refused: annotations that it
    did not take. remarks: what could not come back as it was.
    """

    layer: str
    title: str
    project: int = 0
    tasks: int = 0
    annotations: int = 0
    drafts: int = 0
    there: int = 0
    refused: list[Finding] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Row:
    """One annotation of the tables that is to be on the server."""

    annotation_id: str
    doc_id: str
    text_sha256: str
    status: str
    annotator: str
    updated_at: datetime | None


def restore(
    site: ServerContext, client: LabelStudioClient, progress: Progress, *, layer: str | None = None
) -> list[Restored]:
    """Bring the ledger's annotations back for every layer (or one).

    Raises
    ------
    UsageError: the tables of the ledger are not made, or older than it. ServiceError: the server; run again.
    """
    layers = site.chosen(layer)
    with exclusive_lock(site.data, "restore"):
        entries = Ledger(site.data / "imports").entries()
        _require_current_tables(site.data, entries)
        return [_Restoring(site, client, one, entries, progress).run() for one in layers]


class _Restoring:
    """One layer's way back."""

    def __init__(
        self, site: ServerContext, client: LabelStudioClient, layer: Layer, entries: Sequence[Entry], progress: Progress
    ) -> None:
        self.site, self.client, self.layer, self.progress = site, client, layer, progress
        self.entries = [e for e in entries if e.layer in (layer.name, None)]
        self.done = Restored(layer.name, site.title(layer.name))
        self.tasks: dict[Key, int] = {}
        self.there: set[str] = set()
        self.drafted: dict[int, list[Any]] = {}
        self.strangers = 0

    def run(self) -> Restored:
        (pushed,) = push_layers(self.site, self.client, self.progress, [self.layer])
        self.done.project, self.done.tasks = pushed.plan.project or 0, pushed.created
        wanted = {row.annotation_id: row for row in self._rows()}
        self._look()
        self.people = {str(u["email"]).lower(): int(u["id"]) for u in self.client.users()}
        self.me = int(self.client.account()["id"])
        self.addresses = self._addresses()
        missing = {i for i in wanted if server_id(i) not in self.there}
        self.done.there = len(wanted) - len(missing)
        with counted(self.progress, f"restore {self.layer.name}", len(missing)) as step:
            for row, annotation, shown in self._found(wanted, missing):
                self._bring(row, annotation, self._task(row, shown))
                step.advance()
        if self.done.annotations or self.done.drafts:
            self._remember(set(map(server_id, wanted)))
        self._tell()
        return self.done

    def _rows(self) -> Iterator[_Row]:
        columns = ["annotation_id", "doc_id", "text_sha256", "status", "annotator", "updated_at", "layer", "origin"]
        for path in parts(self.site.data / "annotations", "annotations"):
            for batch in iter_batches(path, columns):
                for row in batch.to_pylist():
                    if (row.pop("layer"), row.pop("origin")) == (self.layer.name, "human") and row[
                        "status"
                    ] != "deleted":
                        yield _Row(**row)

    def _addresses(self) -> dict[str, list[str]]:
        """The addresses behind each pseudonym."""
        addresses: dict[str, list[str]] = {}
        for identity, pseudonym in sorted(People(self.site.data / FILE).known.items()):
            if "#" not in identity:
                addresses.setdefault(pseudonym, []).append(identity)
        return addresses

    def _look(self) -> None:
        """What the server has now."""
        self.tasks = {}
        for task in self.client.tasks(self.done.project, LISTED):
            self.tasks.setdefault(key_of(task), int(task["id"]))
        for task in self._labelled():
            self.there.update(str(a["unique_id"]) for a in annotations_in(task))
            self.drafted[int(task["id"])] = [d.get("result") for d in drafts_in(task)]

    def _labelled(self) -> Iterator[Json]:
        """Every task of the project with work on it."""
        work = self.site.data / WORK
        with tempfile.TemporaryDirectory(dir=work, prefix="restore-") as made:
            file = Path(made) / "snapshot.json"
            self.client.snapshot(self.done.project, file, annotated_only=True)
            seen = set()
            for task in read_tasks(file):
                seen.add(int(task["id"]))
                yield task
        drafts = sorted({int(t["id"]) for t in self.client.tasks_with_drafts(self.done.project)} - seen)
        yield from self.client.export_tasks(self.done.project, drafts)

    # Where the annotations come from

    def _found(self, wanted: Mapping[str, _Row], missing: set[str]) -> Iterator[tuple[_Row, Json, Json | None]]:
        """Each missing annotation as the ledger has it, with its task's data; those without an id of their own (drafts,
        old exports) as the tables have them."""
        left = set(missing)
        ids = {server_id(one): one for one in left}
        for entry in reversed(self.entries):
            if not left:
                return
            for task in entry.tasks(layer=self.layer):
                for annotation in annotations_in(task):
                    given = annotation.get("unique_id") if isinstance(annotation, dict) else None
                    own = ids.get(server_id(given)) if isinstance(given, str) else None
                    if own in left and moment(annotation.get("updated_at")) == wanted[own].updated_at:
                        left.discard(own)
                        yield wanted[own], annotation, task["data"]
        for path in parts(self.site.data / "annotations", "annotations") if left else ():
            frame = pl.scan_parquet(path).filter(pl.col("annotation_id").is_in(sorted(left)))
            for one, payload in frame.select("annotation_id", "payload").collect().iter_rows():
                yield wanted[one], json.loads(payload), None

    def _task(self, row: _Row, shown: Json | None) -> int | None:
        """The task that shows what this annotation was made on; made from the ledger when no document has that text."""
        text = None if shown is None else shown.get("text")
        sha = _sha256(text) if isinstance(text, str) else row.text_sha256
        key = (row.doc_id, sha)
        if key not in self.tasks:
            data = self._old(row) if shown is None or not isinstance(text, str) else shown
            if data is None:
                return None
            self.tasks[key] = self._make({**data, "doc_id": row.doc_id, "text_sha256": sha})
        return self.tasks[key]

    def _old(self, row: _Row) -> Json | None:
        for path in parts(self.site.data / "annotations", "texts"):
            frame = pl.scan_parquet(path).filter(
                pl.col("text_sha256") == row.text_sha256, pl.col("doc_id") == row.doc_id
            )
            for (text,) in frame.select("text").collect().iter_rows():
                return dict.fromkeys(("title", "outlet", "published_on", "language", "source", "url"), "") | {
                    "text": text
                }
        return None

    def _make(self, data: Json) -> int:
        (batch,) = pack([{"data": data}])
        try:
            (made,) = self.client.import_batch(self.done.project, batch)
        except OutcomeUnknownError:
            found = [
                t
                for t in self.client.tasks_of(self.done.project, [data["doc_id"]])
                if key_of(t)[1] == _sha256(data["text"])
            ]
            if not found:
                raise
            made = int(found[0]["id"])
        self.done.tasks += 1
        return made

    # Where they go

    def _bring(self, row: _Row, annotation: Json, task: int | None) -> None:
        if task is None:
            self._refuse(row, "no_task", "No document and no kept text is what it was made on.")
            return
        if row.status == "draft":
            result = annotation.get("result") or []
            if result in self.drafted.get(task, ()):
                self.done.there += 1
                return
            self.client.create_draft(task, {"result": result, "lead_time": annotation.get("lead_time") or 0.0})
            self.drafted.setdefault(task, []).append(result)
            self.done.drafts += 1
            return
        body = {key: annotation[key] for key in KEPT if annotation.get(key) is not None}
        body |= {"unique_id": server_id(row.annotation_id), "completed_by": self._author(row, annotation)}
        body.setdefault("result", [])
        try:
            if self.client.create_annotation(task, body):
                self.done.annotations += 1
            else:
                self.done.there += 1
        except RefusedError as e:
            if e.status not in (400, 404):
                raise
            self._refuse(row, "server", f"Label Studio refuses it: {e.detail}.")

    def _author(self, row: _Row, annotation: Json) -> int:
        """The account of whoever made it; the JSON of an earlier restore may name the restorer instead."""
        author = author_of(annotation)
        email = str(author.get("email") if isinstance(author, dict) else author).lower()
        addresses = self.addresses.get(row.annotator, [])
        for address in (email, *addresses) if email in addresses else addresses:
            if address in self.people:
                return self.people[address]
        self.strangers += 1
        return self.me

    def _refuse(self, row: _Row, code: str, hint: str) -> None:
        self.done.refused.append(Finding(code, "annotations", f"annotation_id={row.annotation_id}", "", hint))

    def _remember(self, ours: set[str]) -> None:
        """What came from the ledger need not go there again, where it would seem to be the restorer's work of today."""
        memory = PullState(server_identity(self.site.data, self.client, self.done.project), self.done.project)
        pulled = last_pull(self.site.data / "imports", self.layer.name)
        memory.pulled_at = pulled.isoformat() if pulled else ""
        for task in self._labelled():
            annotations = annotations_in(task)
            mine = all(a.get("unique_id") in ours and a.get("updated_by") in (self.me, None) for a in annotations)
            if mine and all(d.get("result") in self.drafted.get(int(task["id"]), ()) for d in drafts_in(task)):
                memory.saw(task)
                memory.latest = max(memory.latest, str(task["updated_at"]))
        save_state(self.site.data / "imports", self.layer.name, memory)

    def _tell(self) -> None:
        annotations = scan(self.site.data / "annotations", "annotations")
        mine = (pl.col("layer") == self.layer.name) & (pl.col("origin") == REVIEW)
        if reviews := 0 if annotations is None else annotations.filter(mine).select(pl.len()).collect().item():
            self.done.remarks.append(
                f"{reviews} reviews count as before, but their review project is not restored; "
                "`corpus-kit adjudicate --push` makes one of what is open."
            )
        if self.strangers:
            self.done.remarks.append(
                f"{self.strangers} annotations are by people who have no account there; the server shows them as yours. "
                "The ledger keeps their authors."
            )
        if self.done.drafts:
            self.done.remarks.append(
                f"{self.done.drafts} drafts are yours now: the server makes no one else their owner."
            )


def _require_current_tables(data: Path, entries: Sequence[Entry]) -> None:
    manifest = read_manifest(data / "annotations")
    made = {i["sha256"] for i in manifest["inputs"]["imports"]} if manifest else None
    if made != {e.sha256 for e in entries}:
        what = "have not been made" if made is None else "are older than it"
        raise UsageError(f"The tables of the ledger {what}.", "Run `corpus-kit build`, then restore again.")


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
