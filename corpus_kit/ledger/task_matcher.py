"""First pass over the ledger: match every task to its document, note all people, spread the rest over the spool."""

from __future__ import annotations

import hashlib
import marshal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from corpus_kit.core.errors import EnvironmentProblemError
from corpus_kit.core.layers import Layer
from corpus_kit.core.progress import Progress, counted
from corpus_kit.core.records import REVIEW_FIELD
from corpus_kit.core.storage.tables import read_table
from corpus_kit.ledger.export_json import Json, annotations_in, drafts_in, predictions_in
from corpus_kit.ledger.ledger import Entry
from corpus_kit.ledger.matching import OWN_ID, SAME_TEXT, Documents, Match, Matcher
from corpus_kit.ledger.partitions import LedgerRecord, Partitions, Text
from corpus_kit.ledger.people import People, names_somebody
from corpus_kit.ledger.states import author_of, key_hash, moment

MOST_TOLD = 20
"""Tasks with nearly the text of their document that are told one by one."""


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A task that belongs to no document, or an item in the place of an annotation that is none."""

    entry: int
    number: int
    doc_id: str | None
    reason: str
    detail: str
    annotations: list[Any]


@dataclass(slots=True)
class MatchedTasks:
    """tasks: read. moved: vanished doc_id → new one. unmatched: tasks that belong nowhere.

    same_text: tasks whose text several documents have. near: (place, doc_id, difference) of the first tasks whose text is
    nearly that of their document, of `nearly` in all. latest: by entry, the latest moment of anything in it.
    """

    tasks: int = 0
    unmatched: int = 0
    moved: dict[str, str] = field(default_factory=dict)
    same_text: int = 0
    nearly: int = 0
    near: list[tuple[str, str, str]] = field(default_factory=list)
    latest: dict[int, datetime] = field(default_factory=dict)

    def told(self, match: Match, place: str, number: int) -> None:
        """Note how a task found its document, where neither its doc_id nor its text alone told."""
        if match.how == SAME_TEXT:
            self.same_text += 1
        elif match.how != OWN_ID:
            self.nearly += 1
            if len(self.near) < MOST_TOLD:
                self.near.append((f"{place}#{number}", match.doc_id or "", match.how))


class TaskMatcher:
    """Carries one pass. Use as a context: what could not be matched waits in a file of its own.

    dated: whether `Gathered.latest` is wanted, which reads every date once more.
    """

    dated = False

    def __init__(
        self,
        entries: Sequence[Entry],
        documents: Documents,
        spool: Partitions,
        people: People,
        aside: Path,
        layers: Sequence[Layer | None],
    ) -> None:
        self.layers = layers
        self._several = len({entry.origin for entry in entries}) > 1
        self.entries, self.documents, self.spool, self.people = entries, documents, spool, people
        self.matcher = Matcher(documents)
        self.result = MatchedTasks()
        self._pending, self._refused = aside / "pending", aside / "unmatched"
        self._texts: set[int] = set()  # hashes of (doc_id, text_sha256) whose text is in the spool
        self._wanted: set[str] = set()  # documents whose current text is needed

    def run(self, progress: Progress) -> MatchedTasks:
        """Fill the spool, settle the pseudonyms. Raises UsageError, EnvironmentProblemError for a changed entry."""
        with (
            self._pending.open("wb") as pending,
            self._refused.open("wb") as refused,
            counted(progress, "ledger", len(self.entries)) as step,
        ):
            for index, entry in enumerate(self.entries):
                digest = hashlib.sha256()
                for number, task in enumerate(entry.tasks(digest, self.layers[index]), 1):
                    self._take(index, number, task, pending, refused)
                if digest.hexdigest() != entry.sha256:
                    raise EnvironmentProblemError(
                        f"{entry.path.name} in the ledger is not the file that was brought.",
                        "The ledger is never edited: take the file from a backup, or remove it and bring it again.",
                    )
                step.advance()
        self._settle_pending()
        self._fetch_texts()
        self.people.settle()
        self.result.moved = self.matcher.moved
        return self.result

    def unmatched(self) -> Iterator[Unmatched]:
        """What belongs nowhere, in the order of the ledger; once, after `run`."""
        with self._refused.open("rb") as file:
            while head := file.read(8):
                yield Unmatched(*marshal.loads(file.read(int.from_bytes(head, "little"))))
        self._refused.unlink()
        self._pending.unlink()

    def _take(self, index: int, number: int, task: Json, pending: Any, refused: Any) -> None:
        self.result.tasks += 1
        entry = self.entries[index]
        given = annotations_in(task)
        annotations = [a for a in given if isinstance(a, dict)]
        review = bool(entry.purpose) or REVIEW_FIELD in task["data"]
        # The suggestions of a review task are copies of what people answered, and stand in the ledger as theirs.
        drafts, predictions = drafts_in(task), [] if review else predictions_in(task)
        self._observe(index, annotations, drafts, predictions)
        if self._several:
            self._witness(entry, task, annotations)
        match = self.matcher.match(task, self.layers[index])
        odd = [a for a in given if not isinstance(a, dict)]
        if odd:
            detail = "in the place of an annotation stands something else"
            _put(refused, (index, number, match.doc_id, "malformed_annotation", detail, odd))
        task_id = task.get("id")
        record = LedgerRecord(
            entry=index,
            number=number,
            task_id=task_id if isinstance(task_id, int) else None,
            doc_id=match.doc_id or "",
            own_id=match.own_id,
            text_sha256=match.text_sha256 or "",
            text=match.text,
            shown=match.shown,
            annotations=annotations,
            drafts=drafts,
            predictions=predictions,
            whole_drafts=len(drafts) == _count(task.get("drafts")),
            whole_predictions=review or len(predictions) == _count(task.get("predictions")),
            review=review,
        )
        if match.doc_id is not None:
            if match.how:
                self.result.told(match, entry.place, number)
            self._spool(record)
        else:
            self._refuse(record, match, pending, refused)

    def _observe(self, index: int, annotations: list[Json], drafts: list[Json], predictions: list[Json]) -> None:
        entry = self.entries[index]
        for annotation in [*annotations, *drafts]:
            created_at, author = moment(annotation.get("created_at")), author_of(annotation)
            if not names_somebody(author):
                self.people.observe_unnamed(entry.origin, created_at)
            self.people.observe(entry.origin, annotation, created_at, author)
        for prediction in predictions:
            self.people.observe(entry.origin, prediction, None)
        for state in (*annotations, *drafts, *predictions) if self.dated else ():
            at = moment(state.get("updated_at")) or moment(state.get("created_at"))
            if at is not None:
                self.result.latest[index] = max(at, self.result.latest.get(index, at))

    def _witness(self, entry: Entry, task: Json, annotations: list[Json]) -> None:
        """Note what tells that two exports come from one server."""
        project, made = task.get("project"), task.get("created_at")
        if isinstance(task.get("id"), int) and isinstance(made, str) and len(made) > len("2031-01-01T00:00:00Z"):
            self.people.witness(entry.origin, "task", f"{project} {task['id']} {made}")
        for annotation in annotations:
            author = author_of(annotation)
            if not names_somebody(author):
                continue
            own, made = annotation.get("unique_id"), annotation.get("created_at")
            if isinstance(own, str) and own:
                self.people.witness(entry.origin, "annotation", own, author)
            elif isinstance(annotation.get("id"), int) and isinstance(made, str | int):
                place = project if project is not None else annotation.get("project")
                self.people.witness(entry.origin, "annotation", f"{place} {annotation['id']} {made}", author)

    def _refuse(self, record: LedgerRecord, match: Match, pending: Any, refused: Any) -> None:
        if match.reason == "unmatched_task" and match.own_id and match.text is not None:
            _put(pending, (tuple(getattr(record, name) for name in LedgerRecord.__slots__), match.reason, match.detail))
        else:
            self._reject(refused, record, match.reason, match.detail)

    def _reject(self, refused: Any, record: LedgerRecord, reason: str, detail: str) -> None:
        self.result.unmatched += 1
        whole: list[Any] = [*record.annotations, *record.drafts, *record.predictions]
        _put(refused, (record.entry, record.number, record.own_id, reason, detail, whole))

    def _settle_pending(self) -> None:
        """Old texts of a document that moved: another task told where it is now."""
        with self._pending.open("rb") as file, self._refused.open("ab") as refused:
            while head := file.read(8):
                fields, reason, detail = marshal.loads(file.read(int.from_bytes(head, "little")))
                record = LedgerRecord(*fields)
                found = self.matcher.again(record.own_id)
                if found is None:
                    self._reject(refused, record, reason, detail)
                else:
                    record.doc_id = found
                    self._spool(record)

    def _spool(self, record: LedgerRecord) -> None:
        current = self.documents.sha256_of(record.doc_id)
        key = key_hash(record.doc_id + record.text_sha256)
        if record.text is not None:
            if key in self._texts:
                record.text = None
            self._texts.add(key)
        if current != record.text_sha256 or key not in self._texts:
            self._wanted.add(record.doc_id)
        self.spool.put(record)

    def _fetch_texts(self) -> None:
        """The current texts that the ledger does not hold, one pass over the shards that have any."""
        wanted: dict[int, list[str]] = {}
        for doc_id in self._wanted:
            if key_hash(doc_id + (self.documents.sha256_of(doc_id) or "")) not in self._texts:
                wanted.setdefault(self.documents.shard_of(doc_id), []).append(doc_id)
        for shard in sorted(wanted):
            table = read_table(self.documents.shards[shard], ["doc_id", "text_sha256", "text"])
            found = table.filter(pc.is_in(table["doc_id"], value_set=pa.array(wanted[shard], pa.string())))
            for row in found.to_pylist():
                self.spool.put(Text(row["doc_id"], row["text_sha256"], row["text"]))


def _count(value: Any) -> int:
    """How many are in a list; anything else holds none."""
    return len(value) if isinstance(value, list) else 0


def _put(file: Any, item: tuple[Any, ...]) -> None:
    content = marshal.dumps(item)
    file.write(len(content).to_bytes(8, "little"))
    file.write(content)
