"""One document's annotations as rows: what the latest states say, what is skipped, and what cannot be taken.

And where spans that were made on an older text are in the current one: rows of `carried`.
"""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from corpus_kit.core.labels import UNREAD
from corpus_kit.core.offsets import project_spans
from corpus_kit.core.records import REVIEW, Rejected
from corpus_kit.ledger.export_json import results_of
from corpus_kit.ledger.ledger import Entry
from corpus_kit.ledger.partitions import LedgerRecord
from corpus_kit.ledger.people import People
from corpus_kit.ledger.readings import POINTS, Reading
from corpus_kit.ledger.replay import Replay
from corpus_kit.ledger.results import AnnotationRows, LayerReader, RejectedResult, count_answers
from corpus_kit.ledger.shards import TABLES, Row
from corpus_kit.ledger.states import Deletions, LatestVersion, State, author_of, editor_of, key_hash, moment, states_of

CarriedRow = tuple[Any, ...]


def carried_rows(
    spans: Sequence[tuple[Any, ...]], old: str, new: str, old_sha256: str, new_sha256: str
) -> list[CarriedRow]:
    """One row of `carried` per row of `spans`, all of one document and made on `old`.

    A span whose place in `new` is not certain is stale: its offsets and surface are null, nothing is guessed.
    """
    # Rows of `spans`: annotation_id, doc_id, layer, control, span_id, start, end, label, …
    found = project_spans(old, new, [(row[5], row[6]) for row in spans])
    return [
        (
            *row[:5],
            row[7],
            old_sha256,
            place.from_start,
            place.from_end,
            new_sha256,
            place.start,
            place.end,
            None if place.start is None else place.surface,
            place.verdict,
        )
        for row, place in zip(spans, found, strict=True)
    ]


STAGE = "pull"
_TEXT = 15  # of a row of `annotations`: text_sha256
_ROW_BYTES = 200  # of a row beside its payload or text, roughly: for the size of shards


@dataclass(slots=True)
class Counts:
    """Answers by what became of them (see `results`), annotations by status, spans by verdict, annotations by the unit
    their offsets counted in,
    people's annotations with an answer that could not be read."""

    answers: Counter[str] = field(default_factory=Counter)
    annotations: Counter[str] = field(default_factory=Counter)
    carried: Counter[str] = field(default_factory=Counter)
    units: Counter[str] = field(default_factory=Counter)
    incomplete: int = 0
    edited: int = 0


@dataclass(frozen=True, slots=True)
class Texts:
    """What is known of one document: its current hash and the texts at hand, by hash."""

    doc_id: str
    current: str
    known: Mapping[str, str]


class DocumentRows:
    """Makes the rows of one document after another."""

    def __init__(
        self,
        entries: Sequence[Entry],
        layers: Sequence[str],
        readers: Mapping[str, LayerReader],
        people: People,
        refuse: Callable[[Rejected], None],
        replay: Replay | None = None,
    ) -> None:
        self.entries, self.layers, self.readers, self.people = entries, layers, readers, people
        self.replay, self.deletions = replay or Replay(), Deletions(entries)
        self.counts = Counts()
        self._refuse = refuse
        self._ids: set[int] = set()

    def rows(self, texts: Texts, records: Sequence[LedgerRecord]) -> tuple[dict[str, list[Row]], int]:
        """Rows by table, and how many bytes they take, roughly."""
        rows: dict[str, list[Row]] = {name: [] for name in TABLES}
        chosen = self._in_the_world(records, states_of(records, self.layers))
        named = self._named(chosen)
        readings: dict[tuple[str, str | None], Reading] = {}
        size = 0
        for one in sorted(chosen, key=lambda c: (self.layers[c.state.record.entry], c.state.annotation_id)):
            self.counts.answers["superseded"] += sum(count_answers(s.json) for s in one.older)
            if one.deleted and one.state.kind != "annotation":
                self.counts.answers["superseded"] += count_answers(one.state.json)
                continue
            size += self._annotation(one, texts, rows, readings, named)
        size += self._older_texts(texts, rows)
        size += _ROW_BYTES * sum(map(len, rows.values()))
        return rows, size

    def date(self, latest: Mapping[int, datetime]) -> None:
        """Tell when the entries came, as far as the latest moment of what each holds shows; before the first row."""
        self.deletions = Deletions(self.entries, self.replay.late(latest, len(self.entries)))

    def _in_the_world(self, records: Sequence[LedgerRecord], states: Sequence[State]) -> list[LatestVersion]:
        """One state of each annotation that is in the world that is asked about."""
        if not self.replay.world.filters:
            return self.deletions.choose(records, states)
        there = self.replay.states(states)
        chosen = [one for one in self.deletions.choose(records, there) if self._has(one)]
        kept = sum(count_answers(state.json) for one in chosen for state in (*one.older, one.state))
        self.counts.answers["left_out"] += sum(count_answers(state.json) for state in states) - kept
        return chosen

    def _has(self, one: LatestVersion) -> bool:
        annotator = None if one.state.kind == "prediction" else self._annotator(one.first)
        return self.replay.has(self.layers[one.state.record.entry], annotator, self._rules(one).guidelines_sha256)

    def _rules(self, one: LatestVersion) -> Entry:
        """The entry that first brought the state that counts: a later pull brings it again, under newer guidelines."""
        same = [s for s in one.older if s.at == one.state.at and s.json.get("result") == one.state.json.get("result")]
        entries = sorted(s.record.entry for s in (*same, one.state))
        known = (self.entries[index] for index in entries if self.entries[index].guidelines_sha256)
        return next(known, self.entries[one.state.record.entry])

    def refuse(
        self, entry: int, number: int, doc_id: str | None, reason: str, detail: str, json_: Any, **more: Any
    ) -> None:
        """One row of `rejected`; people in what is refused become pseudonyms."""
        origin = self.entries[entry].origin
        payload, _ = self._payload(origin, json_)
        sha, source = self.entries[entry].sha256, f"{self.entries[entry].place}#{number}"
        detail = self.people.without_any_address(detail).encode("utf-8", "backslashreplace").decode()
        annotation_id = more.get("annotation_id")
        self._refuse(Rejected(STAGE, source, reason, detail, doc_id, annotation_id, sha, payload))

    def _annotation(
        self,
        one: LatestVersion,
        texts: Texts,
        rows: dict[str, list[Row]],
        readings: dict[tuple[str, str | None], Reading],
        named: Mapping[tuple[str, Any], str],
    ) -> int:
        """Add the rows of one annotation; the size of its payload in bytes."""
        state, record = one.state, one.state.record
        entry, rules, answers = self.entries[record.entry], self._rules(one), count_answers(one.state.json)
        layer, text = self.layers[record.entry], texts.known.get(record.text_sha256)
        fault = self._fault(state, layer, text)
        if fault:
            self.counts.answers["rejected"] += answers
            self._reject(state, texts.doc_id, *fault, state.json)
            return 0
        assert text is not None
        payload, storable = self._payload(entry.origin, state.json)
        status = "deleted" if one.deleted else _status(state)
        model = state.kind == "prediction"
        self.counts.annotations["model" if model and status == "submitted" else status] += 1
        key = (state.annotation_id, texts.doc_id, layer)
        read = None
        if status == "submitted":
            place = (record.text_sha256, record.shown)
            reading = readings.get(place)
            if reading is None:
                reading = readings[place] = Reading(text, record.shown)
            read = self._read(one, layer, reading, storable)
        unread = UNREAD.join(sorted(read.unread)) if read else ""
        editor = None if model else self._editor(one)
        self.counts.incomplete += bool(unread) and not model
        self.counts.edited += editor is not None
        rows["annotations"].append(
            (
                *key,
                "model" if model else REVIEW if record.review else "human",
                None if model else self._annotator(one.first),
                editor,
                not unread,
                unread or None,
                _model_version(one.made_from),
                status,
                bool(state.json.get("ground_truth") or state.json.get("honeypot")),
                moment(one.first.json.get("created_at")),
                moment(state.json.get("updated_at")),
                _seconds(state.json.get("lead_time")),
                self._parent(one.made_from, named),
                record.text_sha256,
                rules.config_sha256,
                rules.guidelines_sha256,
                payload,
            )
        )
        if read is None:
            self.counts.answers[status] += answers
        else:
            self._take(read, state, texts, key, rows)
        return len(payload)

    def _fault(self, state: State, layer: str, text: str | None) -> tuple[str, str] | None:
        """Why an annotation as a whole cannot be taken."""
        if layer not in self.readers:
            return "unknown_layer", f"layer '{layer}'"
        if text is None:
            return "unknown_text", f"text_sha256 {state.record.text_sha256}"
        if not _encodable(state.annotation_id):
            return "lone_surrogate", "in its unique_id"
        number = key_hash(state.annotation_id)
        if number in self._ids:
            return "repeated_annotation", f"unique_id {state.annotation_id}"
        self._ids.add(number)
        return None

    def _read(self, one: LatestVersion, layer: str, reading: Reading, storable: bool) -> AnnotationRows:
        state, annotation, torn = one.state, one.state.json, []
        if one.made_from is not state:
            source = one.made_from.json
            annotation = annotation | {k: source.get(k) for k in ("parent_prediction", "prediction")}
        if not storable:  # half a surrogate pair somewhere: the results that hold one are refused, the others taken
            whole = [r for r in results_of(annotation) if _encodable(json.dumps(r, ensure_ascii=False))]
            torn = [r for r in results_of(annotation) if not any(r is w for w in whole)]
            annotation = annotation | {"result": whole}
        read = self.readers[layer].read(annotation, reading, model=state.kind == "prediction")
        for result in torn:
            controls = self.readers[layer].perhaps(result)
            lost = count_answers({"result": [result]})
            read.refused.append(RejectedResult("lone_surrogate", "in a result", result, lost, controls))
            read.unread |= controls
        return read

    def _take(
        self, read: AnnotationRows, state: State, texts: Texts, key: tuple[str, str, str], rows: dict[str, list[Row]]
    ) -> None:
        counts = self.counts
        spans = [(*key, *span) for span in read.spans]
        rows["spans"] += spans
        rows["choices"] += [(*key, *self._private(choice)) for choice in read.choices]
        rows["relations"] += [(*key, *relation) for relation in read.relations]
        for refusal in read.refused:
            self._reject(state, texts.doc_id, refusal.reason, refusal.detail, refusal.result)
            counts.answers["rejected"] += refusal.answers
        counts.answers["payload_only"] += read.payload_only
        if read.unit != POINTS and spans:
            counts.units[read.unit] += 1
        old = state.record.text_sha256
        if spans and old != texts.current and texts.current in texts.known:
            carried = carried_rows(spans, texts.known[old], texts.known[texts.current], old, texts.current)
            rows["carried"] += carried
            counts.carried.update(row[-1] for row in carried)

    def _private(self, choice: tuple[Any, ...]) -> tuple[Any, ...]:
        """Free text may hold an annotator's address."""
        *rest, value, score = choice
        return (*rest, self.people.without_addresses(value), score)

    def _older_texts(self, texts: Texts, rows: dict[str, list[Row]]) -> int:
        """Rows of `texts` for what is annotated and no longer current."""
        used = sorted({row[_TEXT] for row in rows["annotations"]} - {texts.current})
        rows["texts"] += [(texts.doc_id, sha, texts.known[sha]) for sha in used]
        return sum(len(texts.known[sha]) for sha in used)

    def _named(self, chosen: Sequence[LatestVersion]) -> dict[tuple[str, Any], str]:
        """annotation_id by what a server or file calls it."""
        names: dict[tuple[str, Any], str] = {}
        for state in (state for one in chosen for state in (*one.older, one.state)):
            if state.kind == "annotation" and isinstance(state.json.get("id"), int):
                names[self._origin(state), state.json["id"]] = state.annotation_id
        return names

    def _parent(self, state: State, named: Mapping[tuple[str, Any], str]) -> str | None:
        """The annotation that this one was made from, where it is known; a draft's is the one it changes."""
        number = state.json.get("parent_annotation", state.json.get("annotation"))
        return named.get((self._origin(state), number)) if isinstance(number, int) else None

    def _annotator(self, state: State) -> str:
        author, origin = author_of(state.json), self._origin(state)
        return self.people.unnamed(origin) if author is None else self.people.pseudonym(origin, author)

    def _editor(self, one: LatestVersion) -> str | None:
        """Somebody else who changed it last; None where its author did, or a restore that left it as it was."""
        state, origin = one.state, self._origin(one.state)
        editor, author = editor_of(state.json), author_of(state.json)
        if editor is None or author is None:
            return None
        name = self.people.pseudonym(origin, editor)
        same = any(s.json.get("result") == state.json.get("result") and editor_of(s.json) != editor for s in one.older)
        return None if same or name in (self.people.pseudonym(origin, author), self._annotator(one.first)) else name

    def _origin(self, state: State) -> str:
        return self.entries[state.record.entry].origin

    def _reject(self, state: State, doc_id: str, reason: str, detail: str, json_: Any) -> None:
        record = state.record
        annotation_id = state.annotation_id if _encodable(state.annotation_id) else None
        self.refuse(record.entry, record.number, doc_id, reason, detail, json_, annotation_id=annotation_id)

    def _payload(self, origin: str, value: Any) -> tuple[str, bool]:
        """JSON without people, and whether it can be written as it is (else half surrogate pairs are escaped)."""
        clean = self.people.without_people(origin, value)
        text = json.dumps(clean, ensure_ascii=False, separators=(",", ":"))
        if "@" in text:
            clean = self.people.without_strangers(clean)
            text = self.people.without_addresses(json.dumps(clean, ensure_ascii=False, separators=(",", ":")))
        if _encodable(text):
            return text, True
        return self.people.without_addresses(json.dumps(clean, separators=(",", ":"))), False


def group_by_document(items: Sequence[LedgerRecord | Any]) -> dict[str, list[Any]]:
    """The items of one bucket by doc_id, sorted."""
    groups: dict[str, list[Any]] = defaultdict(list)
    for item in items:
        groups[item.doc_id].append(item)
    return dict(sorted(groups.items()))


def _status(state: State) -> str:
    if state.kind == "draft":
        return "draft"
    skipped = any(state.json.get(key) is True for key in ("was_cancelled", "skipped", "cancelled"))
    return "skipped" if skipped else "submitted"


def _model_version(state: State) -> str | None:
    """A prediction's own, or that of the suggestion an annotation was made from."""
    source = state.json
    if state.kind != "prediction":
        snapshot = state.json.get("prediction")
        source = snapshot if state.json.get("parent_prediction") is not None and isinstance(snapshot, dict) else {}
    version = source.get("model_version")
    return str(version) if version not in (None, "", []) and _encodable(str(version)) else None


def _seconds(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        return None
    return float(value)


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
