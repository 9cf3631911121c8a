"""Of everything the ledger says about an annotation, its latest state, and whether it still exists."""

from __future__ import annotations

import hashlib
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from corpus_kit.labelstudio.export_json import Json
from corpus_kit.labelstudio.ledger import Entry
from corpus_kit.labelstudio.spool import Record

Kind = Literal["annotation", "draft", "prediction"]

_NAMESPACE = uuid.UUID("5f2c8f5e-2c5e-5d0e-9a4b-7d1f7a0c9a11")
_SEPARATOR = "\x1f"
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class State:
    """One annotation as one entry brought it. at: when it was last changed, as far as the JSON tells."""

    annotation_id: str
    kind: Kind
    json: Json
    record: Record
    at: datetime


@dataclass(slots=True)
class Chosen:
    """The state that counts. deleted: it is gone from its server. older: the states that do not count."""

    state: State
    deleted: bool
    older: list[State]


def author_of(annotation: Json) -> Any:
    """Who made it, as the JSON says: `completed_by`, in old exports `created_username`, in drafts `user`."""
    for key in ("completed_by", "created_username", "user"):
        if (value := annotation.get(key)) not in (None, "", [], {}):
            return value
    return None


def moment(value: Any) -> datetime | None:
    """A moment as exports write it: ISO 8601 (UTC where it names no zone), or seconds since 1970 in old ones."""
    try:
        if isinstance(value, str):
            at = datetime.fromisoformat(value)
            return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def states_of(records: Sequence[Record], layers: Sequence[str]) -> list[State]:
    """Every state in the records of one document; `layers` by entry."""
    seen: Counter[tuple[int, str]] = Counter()
    states = []
    for record in records:
        groups: tuple[tuple[Kind, list[Json]], ...] = (
            ("annotation", record.annotations),
            ("draft", record.drafts),
            ("prediction", record.predictions),
        )
        for kind, group in groups:
            for annotation in group:
                own = annotation.get("unique_id")
                if not isinstance(own, str) or not own or kind == "prediction":
                    derived = _derived_id(annotation, kind, record, layers[record.entry])
                    seen[record.entry, derived] += 1
                    # Made by the same hand at the same moment: told apart by their order.
                    nth = seen[record.entry, derived]
                    own = derived if nth == 1 else str(uuid.uuid5(_NAMESPACE, f"{derived}{_SEPARATOR}{nth}"))
                at = moment(annotation.get("updated_at")) or moment(annotation.get("created_at")) or _NEVER
                states.append(State(own, kind, annotation, record, at))
    return states


def _derived_id(annotation: Json, kind: Kind, record: Record, layer: str) -> str:
    origin = {"annotation": "human", "draft": "draft", "prediction": "model"}[kind]
    author = annotation.get("model_version") if kind == "prediction" else _author_key(author_of(annotation))
    parts = (layer, record.own_id or record.doc_id, record.text_sha256, origin, author, annotation.get("created_at"))
    return str(uuid.uuid5(_NAMESPACE, _SEPARATOR.join("" if p is None else str(p) for p in parts)))


def _author_key(author: Any) -> str:
    if isinstance(author, dict):
        return str(author.get("email") or author.get("id") or author.get("username") or "").lower()
    return str(author or "").lower()


class Deletions:
    """What the pulls of a ledger say about things that are no more."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = entries
        self._named: dict[str, list[int]] = defaultdict(list)
        self._complete: dict[tuple[str | None, int | None, str | None], list[int]] = defaultdict(list)
        for index, entry in enumerate(entries):
            for annotation_id in entry.deleted:
                self._named[annotation_id].append(index)
            if entry.kind == "pull" and entry.complete:
                self._complete[_project(entry)].append(index)

    def choose(self, records: Sequence[Record], states: Iterable[State]) -> list[Chosen]:
        """One state per annotation of one document, by annotation_id.

        What is gone comes back as `deleted`, in its last state.
        """
        by_id: dict[str, list[State]] = defaultdict(list)
        for state in states:
            by_id[state.annotation_id].append(state)
        tasks = self._later_records(records)
        chosen = []
        for annotation_id in sorted(by_id):
            group = sorted(by_id[annotation_id], key=lambda s: (s.at, s.record.entry, s.record.number))
            there = {(s.record.entry, s.record.number) for s in group}
            living = self._living(annotation_id, group, there, tasks)
            latest = living[-1] if living else group[-1]
            older = [s for s in group if s is not latest]
            chosen.append(Chosen(latest, not living, older))
        return chosen

    def _living(
        self,
        annotation_id: str,
        group: Sequence[State],
        there: set[tuple[int, int]],
        tasks: Mapping[tuple[Any, ...], list[Record]],
    ) -> list[State]:
        named = self._named.get(annotation_id, [])
        dead: list[State] = []
        living: list[State] = []
        for state in group:
            entry = self.entries[state.record.entry]
            (dead if self._is_gone(state, entry, named, there, tasks) else living).append(state)
        if not dead:
            return living
        # An old file that comes after the deletion does not bring back what was deleted; newer work does.
        last = max(s.at for s in dead)
        return [s for s in living if self.entries[s.record.entry].kind == "pull" or s.at > last]

    def _is_gone(
        self,
        state: State,
        entry: Entry,
        named: Sequence[int],
        there: set[tuple[int, int]],
        tasks: Mapping[tuple[Any, ...], list[Record]],
    ) -> bool:
        index = state.record.entry
        if any(d > index and entry.server in (None, self.entries[d].server) for d in named):
            return True
        if entry.kind != "pull":
            return False
        present = {e for e, _ in there}
        if state.kind != "prediction" and any(
            c > index and c not in present for c in self._complete.get(_project(entry), ())
        ):
            return True
        for later in tasks.get(_task(entry, state.record), ()):
            if later.entry <= index or (later.entry, later.number) in there:
                continue
            if state.kind == "draft" and not later.whole_drafts:
                continue
            if state.kind == "prediction" and not later.whole_predictions:
                continue
            return True
        return False

    def _later_records(self, records: Sequence[Record]) -> dict[tuple[Any, ...], list[Record]]:
        """What the pulls brought about each task; each record is the whole truth about its task at that time."""
        tasks: dict[tuple[Any, ...], list[Record]] = defaultdict(list)
        for record in records:
            entry = self.entries[record.entry]
            if entry.kind == "pull" and record.task_id is not None:
                tasks[_task(entry, record)].append(record)
        return tasks


def _project(entry: Entry) -> tuple[str | None, int | None, str | None]:
    return entry.server, entry.project, entry.layer


def _task(entry: Entry, record: Record) -> tuple[Any, ...]:
    return (*_project(entry), record.task_id)


def key_hash(annotation_id: str) -> int:
    """64 bits of an annotation_id, to find repeated ones among millions."""
    return int.from_bytes(hashlib.blake2b(annotation_id.encode("utf-8", "surrogatepass"), digest_size=8).digest())
