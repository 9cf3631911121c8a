"""Of everything the ledger says about an annotation, its latest state, and whether it still exists."""

from __future__ import annotations

import hashlib
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from corpus_kit.ledger.export_json import Json
from corpus_kit.ledger.ledger import Entry
from corpus_kit.ledger.partitions import LedgerRecord
from corpus_kit.ledger.people import names_somebody

Kind = Literal["annotation", "draft", "prediction"]

_NAMESPACE = uuid.UUID("5f2c8f5e-2c5e-5d0e-9a4b-7d1f7a0c9a11")
_SERVER_NAMESPACE = uuid.UUID("0d9a7b1e-6f0c-5b52-9a55-3a8f3f2c7f10")
_SEPARATOR = "\x1f"
_SOURCES = ("parent_prediction", "parent_annotation")
NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class State:
    """One annotation as one entry brought it. at: when it was last changed, as far as the JSON tells."""

    annotation_id: str
    kind: Kind
    json: Json
    record: LedgerRecord
    at: datetime


@dataclass(slots=True)
class LatestVersion:
    """The state that counts. deleted: it is gone from its server. older: the states that do not count.

    first: the one that tells who made it and when: after a restore, later ones name the restorer. made_from: the one
    that tells which suggestion or annotation it was made from, which a restore cannot keep.
    """

    state: State
    deleted: bool
    older: list[State]
    first: State
    made_from: State


def server_id(annotation_id: str) -> str:
    """The `unique_id` an annotation has on a server, which takes UUIDs only: another id is hashed into one."""
    try:
        return str(uuid.UUID(annotation_id))
    except ValueError:
        return str(uuid.uuid5(_SERVER_NAMESPACE, annotation_id.encode("utf-8", "backslashreplace").decode()))


_ONE_SAVE = timedelta(seconds=1)
"""A server sets the two moments of a new annotation one after the other."""


def author_of(annotation: Json) -> Any:
    """Who made it, as the JSON says: `completed_by`, in old exports `created_username`, in drafts `user`."""
    for key in ("completed_by", "created_username", "user"):
        if (value := annotation.get(key)) not in (None, "", [], {}):
            return value
    return None


def editor_of(annotation: Json) -> Any:
    """Who changed it last, as the JSON says (the last of a list); None where it does not say or nothing was changed.

    Who imports or restores an answer in another's name is its `updated_by` from the first moment on, and no editor.
    """
    created, updated = moment(annotation.get("created_at")), moment(annotation.get("updated_at"))
    if created is not None and updated is not None and updated - created < _ONE_SAVE:
        return None
    value = annotation.get("updated_by")
    while isinstance(value, list) and value:
        value = value[-1]
    return value if names_somebody(value) else None


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


def states_of(records: Sequence[LedgerRecord], layers: Sequence[str]) -> list[State]:
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
                if "@" in own:  # an address must not become the key of a row
                    own = server_id(own)
                at = moment(annotation.get("updated_at")) or moment(annotation.get("created_at")) or NEVER
                states.append(State(own, kind, annotation, record, at))
    return _named_as_before(states)


def _named_as_before(states: list[State]) -> list[State]:
    """What a restore had to give a UUID keeps the id it had before."""
    odd = {state.annotation_id for state in states if not _is_uuid(state.annotation_id)}
    before = {server_id(annotation_id): annotation_id for annotation_id in sorted(odd)}
    for state in states if before else ():
        state.annotation_id = before.get(state.annotation_id, state.annotation_id)
    return states


def _is_uuid(own: str) -> bool:
    """Whether it is a UUID as servers write it; a plain look, since nearly all are."""
    return len(own) == 36 and own[8] == own[13] == own[18] == own[23] == "-" and server_id(own) == own


def _derived_id(annotation: Json, kind: Kind, record: LedgerRecord, layer: str) -> str:
    origin = {"annotation": "human", "draft": "draft", "prediction": "model"}[kind]
    author = annotation.get("model_version") if kind == "prediction" else _author_key(author_of(annotation))
    parts = (layer, record.own_id or record.doc_id, record.text_sha256, origin, author, annotation.get("created_at"))
    own = _SEPARATOR.join("" if p is None else str(p) for p in parts)
    # Half a surrogate pair may be in any of them; `uuid5` takes UTF-8 only.
    return str(uuid.uuid5(_NAMESPACE, own.encode("utf-8", "backslashreplace").decode()))


def _author_key(author: Any) -> str:
    if isinstance(author, dict):
        return str(author.get("email") or author.get("id") or author.get("username") or "").lower()
    return str(author or "").lower()


class Deletions:
    """What the pulls of a ledger say about things that are no more."""

    def __init__(self, entries: Sequence[Entry], late: frozenset[int] = frozenset()) -> None:
        """late: entries that say nothing here, for they came after the moment that is asked about."""
        self.entries, self.late = entries, late
        self._named: dict[str, list[int]] = defaultdict(list)
        self._complete: dict[tuple[str | None, int | None, str | None], list[int]] = defaultdict(list)
        for index, entry in enumerate(entries):
            if index in late:
                continue
            for annotation_id in entry.deleted:
                self._named[annotation_id].append(index)
            if entry.kind == "pull" and entry.complete:
                self._complete[_project(entry)].append(index)

    def choose(self, records: Sequence[LedgerRecord], states: Iterable[State]) -> list[LatestVersion]:
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
            living = self._living(annotation_id, group, tasks)
            latest = living[-1] if living else group[-1]
            older = [s for s in group if s is not latest]
            first, made_from = (latest, latest) if not older else (_first(group), _made_from(group, latest))
            chosen.append(LatestVersion(latest, not living, older, first, made_from))
        return chosen

    def _living(
        self, annotation_id: str, group: Sequence[State], tasks: Mapping[tuple[Any, ...], list[LedgerRecord]]
    ) -> list[State]:
        """The states of one annotation that no later entry says are gone.

        What is gone in one project is gone in files and in those it had come from, over a restore; another project that
        was seen to have it after this one keeps it.
        """
        gone = self._gone(annotation_id, group, tasks)
        if not gone:
            return list(group)
        sights: dict[Any, int] = {}
        for state in group:
            place = self._place(state)
            sights[place] = min(state.record.entry, sights.get(place, state.record.entry))

        def is_dead(state: State) -> bool:
            index, place = state.record.entry, self._place(state)
            return any(
                index < at and (place in (None, project) or index < sights.get(project, at)) for at, project in gone
            )

        dead = [s for s in group if is_dead(s)]
        # An old file that comes after the deletion does not bring back what was deleted; newer work does.
        last = max((s.at for s in dead), default=NEVER)
        return [s for s in group if not is_dead(s) and (self._place(s) is not None or s.at > last)]

    def _gone(
        self, annotation_id: str, group: Sequence[State], tasks: Mapping[tuple[Any, ...], list[LedgerRecord]]
    ) -> list[tuple[int, Any]]:
        """(entry, project) of everything that says it is gone: its name, a whole project or its task without it."""
        named = {*self._named.get(annotation_id, ()), *self._named.get(server_id(annotation_id), ())}
        gone = [(index, _project(self.entries[index])) for index in named]
        there = {(s.record.entry, s.record.number) for s in group}
        present = {entry for entry, _ in there}
        for state in group:
            index, place = state.record.entry, self._place(state)
            if place is None:
                continue
            if state.kind != "prediction":
                gone += [(c, place) for c in self._complete.get(place, ()) if c > index and c not in present]
            for later in tasks.get(_task(self.entries[index], state.record), ()):
                if later.entry > index and (later.entry, later.number) not in there and _tells_of(later, state.kind):
                    gone.append((later.entry, place))
        return gone

    def _place(self, state: State) -> Any:
        """The project on a server that a state was pulled from; None for a file."""
        entry = self.entries[state.record.entry]
        return _project(entry) if entry.kind == "pull" else None

    def _later_records(self, records: Sequence[LedgerRecord]) -> dict[tuple[Any, ...], list[LedgerRecord]]:
        """What the pulls brought about each task; each record is the whole truth about its task at that time."""
        tasks: dict[tuple[Any, ...], list[LedgerRecord]] = defaultdict(list)
        for record in records:
            entry = self.entries[record.entry]
            if entry.kind == "pull" and record.task_id is not None and record.entry not in self.late:
                tasks[_task(entry, record)].append(record)
        return tasks


def _first(group: Sequence[State]) -> State:
    """The oldest state by its creation; among those that name somebody, where any does."""
    named = [s for s in group if names_somebody(author_of(s.json))] or group
    return min(named, key=lambda s: (moment(s.json.get("created_at")) or s.at, s.record.entry, s.record.number))


def _made_from(group: Sequence[State], latest: State) -> State:
    """The latest state that names what it was made from; a state the server was given in a restore names nothing."""
    if any(latest.json.get(key) is not None for key in _SOURCES):
        return latest
    return next((s for s in reversed(group) if any(s.json.get(k) is not None for k in _SOURCES)), latest)


def _tells_of(record: LedgerRecord, kind: Kind) -> bool:
    """Whether what is missing in a task is no more, rather than not exported."""
    if kind == "draft":
        return record.whole_drafts
    return record.whole_predictions if kind == "prediction" else True


def _project(entry: Entry) -> tuple[str | None, int | None, str | None]:
    return entry.server, entry.project, entry.layer


def _task(entry: Entry, record: LedgerRecord) -> tuple[Any, ...]:
    return (*_project(entry), record.task_id)


def key_hash(annotation_id: str) -> int:
    """64 bits of an annotation_id, to find repeated ones among millions."""
    return int.from_bytes(hashlib.blake2b(annotation_id.encode("utf-8", "surrogatepass"), digest_size=8).digest())
